"""What does a model do to its numbers before it looks at them?

Layers that rescale, and constants that are added, taken off, multiplied and divided by: together one line, of which
slope and zero tell whether numbers up to 255 are meant.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import keras
import numpy as np

_STRONG = 0.02  # a factor below it makes of numbers up to 255 a few: 1/255, 1/127.5


def rescales(model: keras.Model) -> bool:
    """Tell whether a model takes 0 to 255: before its first kernel it makes few of many, or centres above 1."""
    slope, height = np.ones(()), np.zeros(())
    for step in _before_kernel(model):
        line = _line(step)
        if line is None:
            continue
        slope, height = slope * line[0], height * line[0] + line[1]
        if np.all(np.abs(slope) < _STRONG) or np.any(-height * np.sign(slope) > np.abs(slope)):
            return True
    return False


def _before_kernel(holder: Any) -> Generator[Any, None, bool]:
    """What a model does up to its first kernel, nested ones and a graph's operations included; whether it has one."""
    if isinstance(holder, keras.Model):
        children = getattr(holder, "operations", None) or holder.layers
    else:
        children = holder._flatten_layers(False, False) if isinstance(holder, keras.layers.Layer) else []
    for child in children:
        if hasattr(child, "kernel") or hasattr(child, "depthwise_kernel"):
            return True
        yield child
        if (yield from _before_kernel(child)):
            return True
    return False


def _line(step: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """The factor and the sum of a step; None where it is no such one."""
    if isinstance(step, keras.layers.Rescaling):
        return np.asarray(step.scale, float), np.asarray(step.offset, float)
    if isinstance(step, keras.layers.Normalization):
        mean, deviation = _numbers(step.mean), np.sqrt(_numbers(step.variance))
        deviation = np.maximum(deviation, keras.config.epsilon())
        return (deviation, mean) if step.invert else (1 / deviation, -mean / deviation)
    if isinstance(step, keras.layers.Layer):
        return None
    return _arithmetic(step)


def _arithmetic(step: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """The line of an operation on the image and a constant."""
    given = [*step._inbound_nodes[0].arguments.args, *step._inbound_nodes[0].arguments.kwargs.values()]
    tensors = [isinstance(value, keras.KerasTensor) for value in given]
    if len(given) != 2 or sum(tensors) != 1:
        return None
    kind, first = type(step).__name__, tensors[0]
    if kind not in ("Add", "Subtract", "Multiply", "Divide", "TrueDivide") or (kind.endswith("Divide") and not first):
        return None
    constant, one, none = _numbers(given[1 if first else 0]), np.ones(()), np.zeros(())
    if kind == "Add":
        return one, constant
    if kind == "Subtract":
        return (one, -constant) if first else (-one, constant)
    return (constant if kind == "Multiply" else 1 / constant), none


def _numbers(value: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(value), float)
