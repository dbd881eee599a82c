"""What do the kernels of a layer look like?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import keras
import numpy as np

from keras_vis.engine import layers
from keras_vis.measure.drift import Drift, by_cosine
from keras_vis.picture import Images, about


@dataclass(frozen=True, eq=False, repr=False)
class Kernels(Images):
    """Kernels of a layer as images; those of another time are compared with them by the angle between them."""

    def _drift(self, earlier: Self) -> Drift | None:
        return by_cosine(self._filters(), earlier._filters())

    def _filters(self) -> np.ndarray:
        """All that each output channel weighs, ``(units, ...)``."""
        if self.axes is None or self.columns is None:
            return self.values
        return self.values.reshape(-1, self.columns, *self.values.shape[1:]).swapaxes(0, 1)


def filters(
    model: keras.Model,
    layer: str | keras.layers.Layer | None = None,
    *,
    units: int | Sequence[int] | None = None,
) -> Images:
    """Take the kernels of a layer as images, as they are.

    Args:
        model: any Keras model that is built.
        layer: a convolution (plain, depthwise, separable: its depthwise part, or transposed), or a dense layer on the
            pixels of the image; a name, a path or the layer. By default the first convolution, or where there is none
            the first dense layer on the image.
        units: which of its output channels; by default all.

    Returns:
        `Images`. Kernels of one input channel (grey), of three (RGB, one scale for the three, so that a kernel that is
        grey looks grey) and of a dense layer: `values` ``(units, h, w, c)``. Kernels of more: a matrix of input by
        output channels, row by row, `values` ``(inputs · units, h, w, 1)``. The range is (−m, m) with m the largest
        absolute weight: zero is mid-grey, and all kernels share one scale.

    Raises:
        TypeError: `model` is no Keras model, `units` no whole numbers.
        ValueError: no such layer, one without kernels that are images, a unit it does not have, a model that is not
            built.

    Source:
        Krizhevsky, Sutskever & Hinton 2012, figure 3.

    Example:
        >>> kv.filters(model, "conv_1", units=0)
    """
    layers.check_model(model)
    path, found = _first(model) if layer is None else layers.find(model, layer)
    kernels = _kernels(model, path, found)
    height, width, inputs, outputs = kernels.shape
    picked = layers.check_units(units, outputs)
    kernels = kernels[..., picked]
    limit = float(np.abs(kernels).max()) or 1.0
    title = f"Kernels of {path} ({height}\u00d7{width})"
    facts = about("filters", layer=path, units="all" if units is None else picked, scale=limit)
    if inputs in (1, 3):
        values = np.moveaxis(kernels, -1, 0)
        # A bare number for one channel after the other; no more is known of it.
        note = "one scale for all: zero is mid-grey"
        note += "; red, green and blue are the weights of the three channels" if inputs == 3 else ""
        names = [str(unit) for unit in picked]
        return Kernels(values, captions=names, value_range=(-limit, limit), title=title, note=note, about=facts)
    values = kernels.transpose(2, 3, 0, 1).reshape(-1, height, width, 1)
    axes = ("input channel", "output channel")
    return Kernels(values, columns=len(picked), axes=axes, value_range=(-limit, limit), title=title, about=facts)


def _first(model: keras.Model) -> tuple[str, keras.layers.Layer]:
    """The first convolution, else the first dense layer on the image."""
    found = layers.flatten(model)
    for path, layer in found.items():
        if layers.is_convolution(layer):
            return path, layer
    for path, layer in found.items():
        if isinstance(layer, keras.layers.Dense) and _image_shape(model, layer) is not None:
            return path, layer
    raise ValueError(f"model {model.name!r} has no convolution, and no dense layer on the pixels of an image.")


def _kernels(model: keras.Model, path: str, layer: keras.layers.Layer) -> np.ndarray:
    """The kernels of a layer as ``(h, w, inputs, outputs)``."""
    if not layer.built:
        raise layers.NotBuiltError(
            f"`layer={path!r}` has no weights yet: model {model.name!r} is not built. Give it a keras.Input, or "
            "call it on data first."
        )
    if isinstance(layer, keras.layers.Dense):
        shape = _image_shape(model, layer)
        if shape is None:
            raise ValueError(
                f"`layer={path!r}` is a dense layer of {layer.kernel.shape[0]} inputs, which are not the pixels of the "
                f"image.{_convolutions(model)}"
            )
        return np.asarray(layer.kernel).reshape(*shape, -1)
    if isinstance(layer, keras.layers.SeparableConv2D):
        kernels = np.asarray(layer.depthwise_kernel)
    elif layers.is_convolution(layer):
        kernels = np.asarray(layer.kernel)
    else:
        raise ValueError(f"`layer={path!r}` is a {type(layer).__name__}, which has no kernels.{_convolutions(model)}")
    if isinstance(layer, keras.layers.Conv2DTranspose):
        return kernels.swapaxes(2, 3)
    if isinstance(layer, keras.layers.DepthwiseConv2D | keras.layers.SeparableConv2D):
        # Each channel has kernels of its own, which see nothing but it.
        return kernels.reshape(*kernels.shape[:2], 1, -1)
    return kernels


def _image_shape(model: keras.Model, layer: keras.layers.Layer) -> tuple[int, int, int] | None:
    """The shape of the image whose pixels a dense layer weighs one by one, if it does."""
    shape = getattr(model, "input_shape", None) if model.built else None
    fits = isinstance(shape, tuple) and len(shape) == 4 and None not in shape[1:] and layer.built
    return shape[1:] if fits and int(np.prod(shape[1:])) == layer.kernel.shape[0] else None  # type: ignore[index]


def _convolutions(model: keras.Model) -> str:
    names = [path for path, layer in layers.flatten(model).items() if layers.is_convolution(layer)]
    return f" Convolutions of the model: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}." if names else ""
