"""Which numbers does a model take for black and white?

The user says, or the model does: by a layer that rescales, or by what it is. Nothing is read off a picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from keras_vis.cli import families, scaled
from keras_vis.cli.errors import UsageError
from keras_vis.engine import layers

_IMAGENET = 1000  # classes


@dataclass(frozen=True)
class Scaling:
    """What numbers a model takes.

    Attributes:
        name: in words.
        why: who said so; empty where the user did.
        apply: makes them of pictures ``(n, h, w, c)`` from 0 to 255.
        channels: what `apply` wants; None for any.
    """

    name: str
    why: str
    apply: Callable[[np.ndarray], np.ndarray]
    channels: int | None = None

    def ends(self) -> tuple[float, float]:
        """Return the lowest and the highest number of a pixel, over all channels."""
        ramp = np.stack([np.full((1, 1, self.channels or 1), end, np.float32) for end in (0, 255)])
        low, high = self.apply(ramp)
        return float(low.min()), float(high.max())

    def turns_colours(self) -> bool:
        """Tell whether blue comes first in what the model takes."""
        if self.channels != 3:
            return False
        black, red = self.apply(np.array([[[[0, 0, 0]]], [[[255, 0, 0]]]], np.float32))
        return bool((red - black).argmax() == 2)


def between(low: float, high: float, why: str = "") -> Scaling:
    """Scale linearly: black is `low`, white is `high`.

    Raises:
        UsageError: no range.
    """
    if not (np.isfinite([low, high]).all() and low < high):
        raise UsageError(f"--range {low:g} {high:g}: wanted the number for black and a higher one for white.")
    # multiplied first: 0 255 is then exactly the file's numbers, and 0 1 exactly these by 255
    apply = lambda x: np.float32(low) + x * np.float32(high - low) / np.float32(255)  # noqa: E731 - it is a value here
    return Scaling(f"pixels {low:g} to {high:g}", why, apply)


def preprocess(name: str, why: str = "") -> Scaling:
    """Scale as a family of `keras.applications` does.

    Raises:
        UsageError: there is no such family.
    """
    known = families.names()
    if name not in known:
        raise UsageError(f"--preprocess {name}: wanted one of {', '.join(known)}.{layers.nearest(name, known)}")
    function = families.module(name).preprocess_input
    return Scaling(f"pixels as preprocess_input of {name}", why, lambda x: np.asarray(function(x.copy())), 3)


def told_by(model: keras.Model) -> Scaling:
    """Return what numbers a model takes, as far as it says so: by its own layers, or by what it is; else 0 to 1.

    Raises:
        UsageError: it is, or holds, one of `keras.applications`, but is not as Keras gives it.
    """
    inputs = getattr(model, "inputs", None) or []
    if any(str(tensor.dtype).startswith(("int", "uint")) for tensor in inputs):
        return Scaling("pixels 0 to 255", "the model takes whole numbers", np.rint)
    if scaled.rescales(model):
        return between(0, 255, "the model rescales them itself")
    kin = families.kin(model)
    if kin is None:
        return between(0, 1, "by default; --range or --preprocess say otherwise")
    made = preprocess(kin.family, f"the model is {model.name}")
    if made.ends() == (0, 255):  # this family rescales in a layer, and here there is none
        raise UsageError(f"{_likeness(model, kin)}, but without its rescaling. Add --range LOW HIGH.")
    if kin.holder is model and kin.named and kin.built and tuple(model.output_shape) == (None, _IMAGENET):
        return made
    raise UsageError(
        f"{_likeness(model, kin)}, but may have been trained by somebody else: which numbers does it take? Add "
        f"--preprocess {kin.family}, or --range LOW HIGH."
    )


def _likeness(model: keras.Model, kin: families.Kin) -> str:
    held = "" if kin.holder is model else f"holds {kin.holder.name!r}, which "
    return (
        f"model {model.name!r} {held}is {'built as' if kin.built else 'named like'} {kin.family} of keras.applications"
    )
