"""Which numbers does a model take for black and white?

The user says, or the model does: by a layer that rescales, or by what it is. Nothing is read off a picture.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_vis.cli.errors import UsageError
from keras_vis.engine import layers

_IMAGENET = 1000  # classes
_STRONG = 0.02  # a factor below it makes of numbers up to 255 a few: 1/255, 1/127.5


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


def families() -> list[str]:
    """Return the families of `keras.applications`, each with a `preprocess_input`."""
    names = [name for name in dir(keras.applications) if name != "imagenet_utils"]  # what they share
    return [name for name in names if hasattr(_family(name), "preprocess_input")]


def preprocess(name: str, why: str = "") -> Scaling:
    """Scale as a family of `keras.applications` does.

    Raises:
        UsageError: there is no such family.
    """
    if name not in families():
        raise UsageError(
            f"--preprocess {name}: wanted one of {', '.join(families())}.{layers.nearest(name, families())}"
        )
    function = _family(name).preprocess_input
    return Scaling(f"pixels as preprocess_input of {name}", why, lambda x: np.asarray(function(x.copy())), 3)


def told_by(model: keras.Model) -> Scaling:
    """Return what numbers a model takes, as far as it says so: by its own layers, or by what it is; else 0 to 1.

    Raises:
        UsageError: it is built as one of `keras.applications`, but trained by somebody else.
    """
    inputs = getattr(model, "inputs", None) or []
    if any(str(tensor.dtype).startswith(("int", "uint")) for tensor in inputs):
        return Scaling("pixels 0 to 255", "the model takes whole numbers", np.rint)
    if _rescales(model):
        return between(0, 255, "the model rescales them itself")
    family = _family_of(model)
    if family is None:
        return between(0, 1, "by default; --range or --preprocess say otherwise")
    if tuple(model.output_shape) != (None, _IMAGENET):
        raise UsageError(
            f"model {model.name!r} is built as {family} of keras.applications, but trained by somebody else: which "
            f"numbers does it take? Add --preprocess {family}, or --range LOW HIGH."
        )
    return preprocess(family, f"the model is {model.name}")


def _rescales(model: keras.Model) -> bool:
    """Whether the model takes 0 to 255: of its layers up to the first with a kernel, one makes few of many."""
    for layer in layers.flatten(model).values():
        if isinstance(layer, keras.layers.Rescaling):
            return bool(np.all(np.abs(layer.scale) < _STRONG))
        if isinstance(layer, keras.layers.Normalization):
            return bool(np.max(np.asarray(keras.ops.convert_to_numpy(layer.mean))) > 1)
        if hasattr(layer, "kernel") or hasattr(layer, "depthwise_kernel"):
            return False
    return False


def _family_of(model: keras.Model) -> str | None:
    """The family of `keras.applications` that a model has the name of, which Keras gives: "mobilenet_0.75_224"."""
    name = _letters(model.name)
    makers = {_letters(key): value for key, value in vars(keras.applications).items() if key[0].isupper()}
    fitting = [maker for maker in makers if name.startswith(maker)]
    if fitting:
        return makers[max(fitting, key=len)].__module__.rpartition(".")[2]
    return next((family for family in families() if name.startswith(_letters(family))), None)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _family(name: str) -> Any:
    try:
        return importlib.import_module(f"keras.applications.{name}")
    except ImportError:
        return None
