"""Which layers does a model have, and what are they called?

A layer is addressed by its *path*: its name, and before it the names of the models and layers that hold it,
``"backbone/conv_1"``. Keras forbids ``/`` in names, so a path is never ambiguous.
"""

from __future__ import annotations

import difflib

import keras
import numpy as np
from keras import layers as kl
from keras.layers import Layer


class NotBuiltError(ValueError):
    """A model has no weights before its first batch: what is asked of it can be told later."""


# Layers that move, thin out or repeat a map without computing a new one: a class activation map looks past them.
_PASSIVE = (
    *(
        kl.Dropout,
        kl.SpatialDropout2D,
        kl.GaussianDropout,
        kl.GaussianNoise,
        kl.AlphaDropout,
        kl.ActivityRegularization,
    ),
    *(kl.MaxPooling2D, kl.AveragePooling2D, kl.GlobalMaxPooling2D, kl.GlobalAveragePooling2D),
    *(kl.ZeroPadding2D, kl.Cropping2D, kl.UpSampling2D, kl.Reshape, kl.Flatten, kl.Permute, kl.Identity),
    *(kl.Rescaling, kl.Normalization, kl.Resizing, kl.CenterCrop),
)


def check_model(model: object) -> keras.Model:
    """Return the model, or say what came instead.

    Raises:
        TypeError: `model` is no `keras.Model`.
    """
    if isinstance(model, keras.Model):
        return model
    hint = " Load it first: keras.models.load_model(path)." if isinstance(model, str) else ""
    raise TypeError(f"`model` must be a keras.Model; received {type(model).__name__}.{hint}")


def flatten(model: Layer) -> dict[str, Layer]:
    """Return every layer of a model by its path, nested ones included, in the model's own order.

    A layer that is held in two places stands under the first. Two different layers of one name in one place (legal in
    subclassed models only) are told apart by ``#2``.
    """
    found: dict[str, Layer] = {}
    seen: set[int] = {id(model)}

    def walk(holder: Layer, prefix: str) -> None:
        # `layers` where there is one: of a Sequential it leaves out the InputLayer that `_flatten_layers` shows.
        children = holder.layers if isinstance(holder, keras.Model) else holder._flatten_layers(False, False)
        for child in children:
            if id(child) in seen:
                continue
            seen.add(id(child))
            path = f"{prefix}{child.name}"
            copies = 1
            while path in found:
                copies += 1
                path = f"{prefix}{child.name}#{copies}"
            found[path] = child
            walk(child, f"{path}/")

    walk(model, "")
    return found


def find(model: keras.Model, layer: str | Layer, argument: str = "layer") -> tuple[str, Layer]:
    """Return the path and the layer that a name, a path or a layer object stands for.

    A bare name is enough where only one layer of the model, nested ones included, bears it.

    Raises:
        TypeError: `layer` is neither a string nor a layer.
        ValueError: no such layer, or several.
    """
    found = flatten(model)
    if isinstance(layer, Layer):
        for path, candidate in found.items():
            if candidate is layer:
                return path, candidate
        raise ValueError(
            f"`{argument}` is a layer named {layer.name!r} that is not in model {model.name!r}.{_has(found)}"
        )
    if not isinstance(layer, str):
        raise TypeError(f"`{argument}` must be a layer's name, its path or the layer; received {type(layer).__name__}.")
    if layer in found:
        return layer, found[layer]
    ending = [path for path in found if path.endswith(f"/{layer}")]
    if len(ending) == 1:
        return ending[0], found[ending[0]]
    if ending:
        raise ValueError(f"`{argument}={layer!r}` could be any of {', '.join(map(repr, ending))}. Give the whole path.")
    raise ValueError(f"`{argument}={layer!r}` is not in model {model.name!r}.{nearest(layer, found)}{_has(found)}")


def check_units(units: object, size: int, argument: str = "units") -> list[int]:
    """Return the units to look at: those given, else all.

    Raises:
        TypeError: not whole numbers.
        ValueError: none, or one that the layer has not.
    """
    if units is None:
        return list(range(size))
    array = np.atleast_1d(np.asarray(units))
    if array.size == 0:
        raise ValueError(f"`{argument}` is empty; give at least one of 0 to {size - 1}, or None for all.")
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise TypeError(f"`{argument}` must be a whole number or a list of them; received {units!r}.")
    wrong = array[(array < 0) | (array >= size)]
    if wrong.size:
        raise ValueError(f"`{argument}`: {wrong[0]} is no unit of the layer, which has {size}: 0 to {size - 1}.")
    return [int(unit) for unit in array]


def is_passive(layer: Layer) -> bool:
    """Tell whether a layer only moves, thins out or repeats what it gets."""
    return isinstance(layer, _PASSIVE)


def is_kerass_own(layer: Layer) -> bool:
    """Tell whether a layer comes with Keras, and is no model: what is inside it is no layer of the user's net."""
    return type(layer).__module__.partition(".")[0] == "keras" and not isinstance(layer, keras.Model)


def is_convolution(layer: Layer) -> bool:
    """Tell whether a layer convolves over images (plain, depthwise, separable or transposed)."""
    return isinstance(layer, kl.Conv2D | kl.DepthwiseConv2D | kl.SeparableConv2D | kl.Conv2DTranspose)


def nearest(word: str, words: object) -> str:
    """Return `` Did you mean 'x'?`` for the word that is nearest, or nothing."""
    close = difflib.get_close_matches(word, [str(w) for w in words], n=1, cutoff=0.5)  # type: ignore[attr-defined]
    return f" Did you mean {close[0]!r}?" if close else ""


def _has(found: dict[str, Layer], most: int = 12) -> str:
    names = list(found)
    shown = names if len(names) <= most else [*names[: most - 4], "...", *names[-3:]]
    return f" It has: {', '.join(shown)}."
