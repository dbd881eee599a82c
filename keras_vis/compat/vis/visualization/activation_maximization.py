"""Which image does a filter, or a class, want to see?"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_vis.compat.absent import in_their_words
from keras_vis.compat.ask import layer_target
from keras_vis.compat.calls import old_call
from keras_vis.compat.vis.input_modifiers import moves
from keras_vis.engine.batch import take
from keras_vis.engine.blank import blank
from keras_vis.engine.bounds import ends, inside
from keras_vis.engine.penalties import Norm, TotalVariation
from keras_vis.engine.target import Target
from keras_vis.methods.synthesis import activation_maximization

# There a penalty was divided by the number of the image's values, and so was small beside a logit's gradient; here it
# is taken off a gradient of RMS 1. Chosen by looking, at digits: the old default of 10 gives clear ones, and the old
# range of 1e-3 to 10 goes from no effect to that.
_NORM, _VARIATION = 0.01, 0.05

_STEPS = "Steps are of one size here; keras_vis.activation_maximization(model, target, step_size=...) takes another."
_INSTEAD = {
    **dict.fromkeys(("lr", "learning_rate", "step_size"), _STEPS),
    "image_modifiers": "It is called `input_modifiers`.",
    "jitter": "Give input_modifiers=[Jitter(16)].",
    "norm_grads": "A gradient that is climbed is always divided by its RMS; keras_vis.saliency gives it as it is.",
    "seed_img": "It is called `seed_input`.",
}


def _shifted(by_place: Mapping[str, Any]) -> bool:
    """Tell whether the range stands where `backprop_modifier` does, or something else where the range does."""
    modifier = by_place.get("backprop_modifier")
    return isinstance(modifier, list | tuple) or not _is_pair(by_place.get("input_range", (0, 255)))


def _is_pair(value: object) -> bool:
    return isinstance(value, list | tuple | np.ndarray) and np.ndim(value) == 1 and len(value) == 2


@old_call(_INSTEAD, _shifted)
def visualize_activation(
    model: keras.Model,
    layer_idx: int,
    filter_indices: int | Sequence[int] | None = None,
    seed_input: object = None,
    input_range: tuple[float, float] = (0, 255),
    backprop_modifier: None = None,
    grad_modifier: None = None,
    act_max_weight: float = 1,
    lp_norm_weight: float = 10,
    tv_weight: float = 10,
    *,
    max_iter: int = 200,
    input_modifiers: Sequence[object] | None = None,
    verbose: bool = False,
    callbacks: None = None,
    wrt_tensor: None = None,
) -> np.ndarray:
    """Climb from noise to an image that excites filters, or classes: `keras_vis.activation_maximization`.

    What differs from the old library: of the model's output the logit is climbed, also where its softmax is left on
    (that it fails then, `keras_vis.Probability` shows); the image stays within `input_range` all the way, where it left
    it there and was squeezed into it at the end; steps go in Fourier coordinates, from large forms to small ones; noise
    and jitter are the same at each call.

    Args:
        model: any Keras model of images. It need not be changed, see `utils.apply_modifications`.
        layer_idx: a place in ``model.layers``: an output, whose logits are climbed, or a hidden layer, of whose filters
            the mean activation is.
        filter_indices: which, one or several at once; None for all.
        seed_input: the image to start from, ``(h, w, c)`` or ``(1, h, w, c)``, of one channel also ``(h, w)``; None for
            noise.
        input_range: the lowest and the highest value of a pixel, as the net was trained on.
        backprop_modifier: None.
        grad_modifier: None.
        act_max_weight: of the filters, against the penalties; above 0.
        lp_norm_weight: of the mean of pixel⁶, which keeps pixels small; 0 for none. 10 is ``0.1 * keras_vis.Norm(6)``.
        tv_weight: of what keeps the image smooth; 0 for none. 10 is ``0.5 * keras_vis.TotalVariation()``.
        max_iter: how many steps.
        input_modifiers: how the image is moved before each step, such as ``[Jitter(16)]``; None for not at all.
        verbose: write the filters' number at each step.
        callbacks: None.
        wrt_tensor: None.

    Returns:
        The image ``(h, w, c)`` in `input_range`: uint8 where both its ends are whole numbers (not of 0 and 1, between
        which there is none), else float32.

    Raises:
        TypeError: an argument of another kind, or one that is not here; arguments by place in the order of 0.5.
        ValueError: no such layer or filter; a start outside the range; an option that is always None here and is given.

    Example:
        >>> visualize_activation(model, utils.find_layer_idx(model, "preds"), filter_indices=3, input_range=(0.0, 1.0))
    """
    _none_of("backprop_modifier", backprop_modifier, "Gradients are taken as they are while an image is climbed to.")
    _none_of(
        "grad_modifier",
        grad_modifier,
        "Turn the target instead: keras_vis.activation_maximization(model, -keras_vis.Logit(3)).",
    )
    _none_of("callbacks", callbacks, "verbose=True tells each step; keras_vis.activation_maximization(frames=) films.")
    _none_of("wrt_tensor", wrt_tensor, "The image alone is changed.")
    with in_their_words(value_range="input_range", initial="seed_input", steps="max_iter"):
        low, high = ends(input_range)
        if seed_input is None:
            start, which = blank(model, None, (low, high), 0)
        else:
            start = take(model, seed_input, "seed_input")
            which = start.pick_input(None)
            inside(start, which, (low, high), "seed_input")
        if len(start) != 1:
            raise ValueError(f"`seed_input` must be one image; received {len(start)}.")
        picture = activation_maximization(
            model,
            layer_target(model, start, layer_idx, filter_indices),
            penalty=_penalty(act_max_weight, lp_norm_weight, tv_weight),
            steps=max_iter,
            transforms=moves(input_modifiers or [], start.arrays[which].shape),
            value_range=(low, high),
            initial=seed_input if seed_input is None else start.arrays[which],
            progress=False,
        )
    if verbose:
        told = (f"Iteration {step}: {score:g}\n" for step, score in enumerate(picture.scores[:, 0], 1))
        sys.stdout.writelines(told)
    whole = all(isinstance(end, int | np.integer) for end in input_range)
    if whole and high - low > 1 and low >= 0 and high <= np.iinfo(np.uint8).max:
        return np.rint(picture.values[0]).astype(np.uint8)
    return np.array(picture.values[0])


def _penalty(act_max_weight: object, lp_norm_weight: object, tv_weight: object) -> Target | None:
    """Return what is taken off, with weights relative to that of the filters."""
    given = {"act_max_weight": act_max_weight, "lp_norm_weight": lp_norm_weight, "tv_weight": tv_weight}
    weights = {}
    for name, weight in given.items():
        value = 0.0 if weight is None else weight
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise TypeError(f"`{name}` must be a number, or None; received {weight!r}.")
        if not 0 <= float(value) < np.inf:
            raise ValueError(f"`{name}` must be at least 0; received {weight!r}.")
        weights[name] = float(value)
    ours = weights.pop("act_max_weight")
    if ours == 0:
        raise ValueError("`act_max_weight=0` leaves nothing to climb. Give a number above 0.")
    parts = zip((_NORM * Norm(6), _VARIATION * TotalVariation()), weights.values(), strict=True)
    kept = [weight / ours * part for part, weight in parts if weight]
    return sum(kept[1:], kept[0]) if kept else None


def _none_of(name: str, value: object, instead: str) -> None:
    if value is not None:
        raise ValueError(f"`{name}={value!r}` is not known here; only None is. {instead}")
