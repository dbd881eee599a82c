"""Which pixels, and which places, speak for a class?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_vis.compat.absent import in_their_words
from keras_vis.compat.ask import layer_at, layer_before, layer_target
from keras_vis.compat.calls import old_call
from keras_vis.compat.vis.grad_modifiers import get
from keras_vis.compat.vis.utils.utils import normalize
from keras_vis.draw.sheet import resize
from keras_vis.engine.batch import Batch, take
from keras_vis.engine.layers import nearest
from keras_vis.engine.probe import probe
from keras_vis.engine.sight import looked_at
from keras_vis.engine.target import Target
from keras_vis.methods.backprop import deconvnet, guided_backprop
from keras_vis.methods.cam import grad_cam
from keras_vis.methods.gradients import saliency
from keras_vis.picture import HeatMaps

_METHODS: dict[str | None, Callable[..., HeatMaps]] = {
    None: saliency,
    "guided": guided_backprop,
    **dict.fromkeys(("relu", "rectified", "deconv"), deconvnet),
}

_INSTEAD = {
    "seed_img": "It is called `seed_input`.",
    "alpha": "Call overlay(map, image, alpha=0.5) on what comes back.",
}


def _shifted(by_place: Mapping[str, Any]) -> bool:
    """Tell whether what changes the way back stands where `grad_modifier` does, or a tensor where the former does."""
    modifier, after = by_place.get("backprop_modifier"), by_place.get("grad_modifier")
    tensor = modifier is not None and not isinstance(modifier, str) and not callable(modifier)
    word = isinstance(after, str) and after in _METHODS and after != "relu"
    return tensor or word


@old_call(_INSTEAD, _shifted)
def visualize_saliency(
    model: keras.Model,
    layer_idx: int,
    filter_indices: int | Sequence[int] | None,
    seed_input: object,
    backprop_modifier: str | None = None,
    grad_modifier: str | Callable[[np.ndarray], Any] | None = "absolute",
    *,
    keepdims: bool = False,
    wrt_tensor: None = None,
) -> np.ndarray:
    """Differentiate filters, or classes, with respect to every pixel; bring the map to [0, 1].

    The numbers are those of `keras_vis.saliency`, `keras_vis.guided_backprop` (``"guided"``) or `keras_vis.deconvnet`
    (``"relu"``), of the logits, whether the softmax was taken off or not. They come as floats, as in keras-vis 0.5, and
    not in colours, as in 0.4: ``plt.imshow(grads, cmap="jet")`` draws the one, and colours could not be undone. A map
    that is the same everywhere is 0.

    Args:
        model: any Keras model of images; it is left as it is.
        layer_idx: a place in ``model.layers``: an output, or a hidden layer, of whose filters the mean activation is
            asked about.
        filter_indices: which, one or several, which are summed; None for all.
        seed_input: the image, ``(h, w, c)`` or ``(1, h, w, c)``; of one channel also ``(h, w)``.
        backprop_modifier: None, ``"guided"`` or ``"relu"`` (also called ``"rectified"`` and ``"deconv"``).
        grad_modifier: what is made of the gradient first: ``"absolute"``; None for nothing; ``"relu"`` keeps what is
            positive, ``"negate"`` turns the sign, ``"invert"`` and ``"small_values"`` show what is small; or a
            function of an array.
        keepdims: keep the channels; else the largest value of them is taken.
        wrt_tensor: None.

    Returns:
        float32 ``(h, w)`` in [0, 1]; ``(h, w, c)`` with `keepdims`.

    Raises:
        TypeError: an argument of another kind, or one that is not here; arguments by place in the order of 0.5.
        ValueError: no such layer, filter or word; more than one image; `wrt_tensor` is given.

    Warns:
        UserWarning: with a `backprop_modifier`, layers that it does not reach.

    Example:
        >>> visualize_saliency(model, layer_idx, filter_indices=3, seed_input=image, backprop_modifier="guided")
    """
    if wrt_tensor is not None:
        raise ValueError(
            "`wrt_tensor` is not known here: the gradient is that of the pixels. Where a hidden layer sees what speaks "
            "for a class, visualize_cam(penultimate_layer_idx=...) and keras_vis.grad_cam(layer=...) tell."
        )
    method, modify = _method(backprop_modifier), get(grad_modifier)
    data, image = _one_image(model, seed_input)
    with in_their_words(images="seed_input", target="filter_indices"):
        target = layer_target(model, data, layer_idx, filter_indices)
        picture = method(model, image, target, progress=False)
    grads = _modified(modify, picture.values)
    return normalize(grads if keepdims else grads.max(axis=-1))[0]


@old_call(_INSTEAD)
def visualize_cam(
    model: keras.Model,
    layer_idx: int,
    filter_indices: int | Sequence[int] | None,
    seed_input: object,
    penultimate_layer_idx: int | None = None,
    backprop_modifier: str | None = None,
    grad_modifier: str | Callable[[np.ndarray], Any] | None = None,
    *,
    wrt_tensor: None = None,
) -> np.ndarray:
    """Show where a layer sees what speaks for filters, or classes: Grad-CAM, enlarged to the image, in [0, 1].

    The numbers are those of `keras_vis.grad_cam`, enlarged bilinearly. With a `grad_modifier` a channel's weight is the
    mean over positions of what it makes of the gradients at the layer, as it was there: ``"relu"`` weighs by the mean
    of what is positive, which is neither `keras_vis.layer_cam` nor `keras_vis.grad_cam_plus_plus`.

    With the `backprop_modifier` ``"guided"`` they are those of `keras_vis.guided_grad_cam`, and with ``"relu"`` the map
    times the pixels of `keras_vis.deconvnet`, of both the largest size over the channels. (There it changed the
    gradients at the layer alone; and the gradients were divided by their largest, which turns the sign of the map where
    all of them are negative.)

    Args:
        model: any Keras model of images with a convolution; it is left as it is.
        layer_idx: a place in ``model.layers``: an output, or a hidden layer.
        filter_indices: which, one or several, which are summed; None for all.
        seed_input: the image, ``(h, w, c)`` or ``(1, h, w, c)``; of one channel also ``(h, w)``.
        penultimate_layer_idx: the place of the layer whose maps are weighed. By default the last one below that gives
            maps and is no pooling, whose maps would be coarser.
        backprop_modifier: None, ``"guided"`` or ``"relu"`` (also called ``"rectified"`` and ``"deconv"``).
        grad_modifier: None; ``"negate"``: what speaks against; or another word, or function of an array, of those that
            `visualize_saliency` takes.
        wrt_tensor: None.

    Returns:
        float32 ``(h, w)`` in [0, 1]; zeros where nothing speaks for it.

    Raises:
        TypeError: an argument of another kind, or one that is not here.
        ValueError: no such layer, filter or word; a layer without maps, or above the one that is asked about; more than
            one image; `wrt_tensor` is given.

    Example:
        >>> visualize_cam(model, layer_idx, filter_indices=3, seed_input=image, penultimate_layer_idx=1)
    """
    if wrt_tensor is not None:
        raise ValueError("`wrt_tensor` is not known here. Name the layer with `penultimate_layer_idx`.")
    method, modify = _method(backprop_modifier), get(grad_modifier)
    data, image = _one_image(model, seed_input)
    with in_their_words(images="seed_input", layer="penultimate_layer_idx", target="filter_indices"):
        target = layer_target(model, data, layer_idx, filter_indices)
        layer = _penultimate(model, data, layer_idx, penultimate_layer_idx)
        if grad_modifier in (None, "negate"):
            target = target if grad_modifier is None else -target
            cam = grad_cam(model, image, target, layer=layer, progress=False).values[0]
        else:
            cam = _weighed(model, data, target, layer, modify)
        height, width = data.arrays[data.pick_input(None)].shape[1:3]
        large = resize(cam, (height, width), squares=False)
        if method is saliency:
            return normalize(large)
        values = method(model, image, target, progress=False).values[0]
    return normalize(np.abs(values * large[..., None]).max(axis=-1))


def _weighed(
    model: keras.Model, data: Batch, target: Target, layer: str | None, modify: Callable[..., Any]
) -> np.ndarray:
    """Return Grad-CAM ``(h', w')`` whose weights are the means of modified gradients."""
    room = probe(model)
    (path,) = looked_at(model, room.outline(data), target, layer, data.pick_input(None))
    seen = room.run(data, target, wrt=(path,), progress=False)
    grads, maps = np.asarray(seen.grads[0]), np.asarray(seen.acts[path])
    changed = _modified(modify, grads)
    return np.maximum(np.einsum("k,ijk->ij", changed.mean(axis=(0, 1, 2)), maps[0]), 0)


def _modified(modify: Callable[..., Any], grads: np.ndarray) -> np.ndarray:
    changed = np.asarray(modify(np.array(grads)))
    if changed.shape != grads.shape:
        raise ValueError(f"`grad_modifier` must keep the shape {grads.shape}; it returned {changed.shape}.")
    return changed


def _penultimate(model: keras.Model, data: Batch, layer_idx: object, index: int | None) -> str | None:
    """Return the path of the layer whose maps are weighed; None for the default."""
    if index is None:
        return layer_before(model, data, layer_idx)
    (path, place), (_, above) = layer_at(model, index, "penultimate_layer_idx"), layer_at(model, layer_idx)
    if place > above:
        raise ValueError(f"`penultimate_layer_idx={index}` must come before `layer_idx={layer_idx}`.")
    return path


def _method(backprop_modifier: object) -> Callable[..., HeatMaps]:
    if not isinstance(backprop_modifier, str | None):
        raise TypeError(f"`backprop_modifier` must be a word or None; received {type(backprop_modifier).__name__}.")
    if backprop_modifier not in _METHODS:
        words = [word for word in _METHODS if word]
        raise ValueError(
            f"`backprop_modifier={backprop_modifier!r}` is unknown.{nearest(str(backprop_modifier), words)} "
            "Give None, 'guided' or 'relu'."
        )
    return _METHODS[backprop_modifier]


def _one_image(model: keras.Model, seed_input: object) -> tuple[Batch, object]:
    data = take(model, seed_input, "seed_input")
    if len(data) != 1:
        raise ValueError(
            f"`seed_input` must be one image (h, w, c) or (1, h, w, c); received {len(data)}. "
            "keras_vis.saliency and keras_vis.grad_cam take many at once."
        )
    return data, seed_input
