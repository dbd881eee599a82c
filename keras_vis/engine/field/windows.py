"""Which positions of what goes in does a convolution, a pooling or a resize look at, along an axis?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import tensorflow as tf

NOTHING = 1 << 40  # the first pixel of what depends on none; the one after the last is minus this

RESIZES = {"ResizeArea", "ResizeBicubic", "ResizeBilinear", "ResizeNearestNeighbor", "ScaleAndTranslate"}
TRANSPOSED = {"Conv2DBackpropInput", "DepthwiseConv2dNativeBackpropInput"}
_POOLS = {"AvgPool", "MaxPool"}
LOOKS = {"Conv2D", "DepthwiseConv2dNative"} | _POOLS | RESIZES | TRANSPOSED


@dataclass(frozen=True)
class Window:
    """Which positions of what goes in a position of what comes out looks at, along an axis.

    Attributes:
        index: ``(out, k)``; −1 stands for none.
        table: ``(period, k)``, of the first ones, as if the axes had no ends; `NOTHING` stands for none. None where
            there is no such rule.
        advance: by how much these positions have moved after a period.
    """

    index: np.ndarray
    table: np.ndarray | None
    advance: int = 1

    @classmethod
    def sliding(cls, size: int, out: int, kernel: int, stride: int, before: int, dilation: int) -> Window:
        """Return that of a convolution or pooling over `size` positions, with so much padding before the first."""
        table = (np.arange(kernel) * dilation - before)[None]
        return cls(_within(table + np.arange(out)[:, None] * stride, size), table, stride)

    @classmethod
    def transposed(cls, size: int, out: int, kernel: int, stride: int, before: int, dilation: int) -> Window:
        """Return that of a transposed convolution: a convolution from `out` to `size` positions, turned round."""
        places = np.arange(out)[:, None] + before - dilation * np.arange(kernel)
        hit = places % stride == 0
        index = np.where(hit, _within(places // stride, size), -1)
        places = np.arange(stride)[:, None] + before - dilation * np.arange(kernel)
        return cls(index, np.where(places % stride == 0, places // stride, NOTHING), 1)

    @classmethod
    def weighed(cls, weights: np.ndarray) -> Window:
        """Return that of weights ``(out, size)``: where they are not zero. The rule is that of the middle."""
        hit = weights != 0
        counts = hit.sum(axis=1)
        order = np.argsort(~hit, axis=1, kind="stable")[:, : max(counts.max(initial=1), 1)]
        index = np.where(np.arange(order.shape[1]) < counts[:, None], order, -1)
        out, size = weights.shape
        ratio = Fraction(size, out)
        period, advance = ratio.denominator, ratio.numerator
        start = out // period // 2 * period
        middle = np.where(index < 0, NOTHING, index - start // period * advance)[start : start + period]
        return cls(index, middle, advance)

    @classmethod
    def followed(cls, index: np.ndarray) -> Window:
        """Return that of positions that are moved, thinned out or repeated: ``(out,)``, −1 for none."""
        rule = _rule(index)
        return cls(index[:, None], None if rule is None else rule[0][:, None], 0 if rule is None else rule[1])

    def look(self, values: np.ndarray, axis: int, size: int, reduce: Callable[..., np.ndarray]) -> np.ndarray:
        """Return the least or the greatest in each window, along an axis of `size` positions."""
        if values.shape[axis] == 1 and (self.index >= 0).any(axis=1).all():
            return values
        whole = np.broadcast_to(values, _with(values.shape, axis, size))
        none = np.full(_with(values.shape, axis, 1), NOTHING if reduce is np.min else -NOTHING)
        return reduce(np.take(np.concatenate([whole, none], axis), self.index, axis), axis=axis + 1)


def _within(places: np.ndarray, size: int) -> np.ndarray:
    return np.where((places >= 0) & (places < size), places, -1)


def _with(shape: Sequence[int], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _rule(index: np.ndarray) -> tuple[np.ndarray, int] | None:
    """Return ``(table, advance)`` of positions that follow each other evenly, if in the middle they do."""
    there = np.flatnonzero(index >= 0)
    if not len(there):
        return None
    if len(there) == 1:
        return index[there] - there, 1
    quarter = len(there) // 4
    for inner in (there, there[quarter : len(there) - quarter]):  # at the edges it may be mirrored
        first, part = inner[0], index[inner[0] : inner[-1] + 1]
        for period in range(1, len(part) // 2 + 1) if (part >= 0).all() else ():
            steps = part[period:] - part[:-period]
            if (steps == steps[0]).all():
                at = np.arange(period) - first  # of the first ones, counted from the first that is looked at
                return part[at % period] + steps[0] * (at // period), int(steps[0])
    return None


def windows_of(op: tf.Operation, values: Sequence[Any]) -> dict[int, tuple[int, Window]] | None:
    """Return how many positions there are along each of an image's axes, and the windows through which it is looked at.

    Args:
        op: one of `LOOKS`.
        values: of a resize, what its other inputs are.

    Returns:
        None where it looks at channels, too, through windows.
    """
    if op.type in RESIZES:
        return {axis: _resized(op, values, axis) for axis in (1, 2)}
    axes = (1, 2) if op.get_attr("data_format") == b"NHWC" else (2, 3)
    if op.type in _POOLS:
        kernel = op.get_attr("ksize")
        if any(size > 1 for i, size in enumerate(kernel) if i not in axes):
            return None
        return {axis: _slid(op, axis, kernel[axis], 1) for axis in axes}
    kernels = dict(zip(axes, op.inputs[1].shape, strict=False))
    make = _turned if op.type in TRANSPOSED else _slid
    return {axis: make(op, axis, kernel, op.get_attr("dilations")[axis]) for axis, kernel in kernels.items()}


def group_of(op: tf.Operation, before: int, after: int) -> int:
    """Return how many channels go together into a group of others; `before` and `after` are all of them."""
    if op.type == "Conv2D":
        return int(op.inputs[1].shape[2])
    if op.type == "Conv2DBackpropInput":  # its kernel: (rows, columns, of a group of what comes out, all that go in)
        return int(before * op.inputs[1].shape[2] // after)
    return max(before // after, 1)


def _slid(op: tf.Operation, axis: int, kernel: int, dilation: int) -> tuple[int, Window]:
    size, out, stride = op.inputs[0].shape[axis], op.outputs[0].shape[axis], op.get_attr("strides")[axis]
    before = _before(op, axis, size, out, kernel, stride, dilation)
    return size, Window.sliding(size, out, kernel, stride, before, dilation)


def _turned(op: tf.Operation, axis: int, kernel: int, dilation: int) -> tuple[int, Window]:
    size, out, stride = op.inputs[2].shape[axis], op.outputs[0].shape[axis], op.get_attr("strides")[axis]
    before = _before(op, axis, out, size, kernel, stride, dilation)
    return size, Window.transposed(size, out, kernel, stride, before, dilation)


def _resized(op: tf.Operation, values: Sequence[Any], axis: int) -> tuple[int, Window]:
    size, out = op.inputs[0].shape[axis], op.outputs[0].shape[axis]
    # In each channel one position alone is lit; along the other axis there is only one.
    lit = np.eye(size, dtype=np.float32).reshape((1, size, 1, size) if axis == 1 else (1, 1, size, size))
    ours = np.arange(2) == axis - 1
    options = [np.where(ours, *pair).astype(np.float32) for pair in zip(values[1:], (1, 0), strict=False)]
    weights = rerun(op, [lit, np.where(ours, out, 1).astype(np.int32), *options])[0]
    return size, Window.weighed(weights.reshape(out, size))


def _before(op: tf.Operation, axis: int, size: int, out: int, kernel: int, stride: int, dilation: int) -> int:
    """Return how many positions a convolution from `size` to `out` adds before the first."""
    padding = op.get_attr("padding")
    if padding == b"EXPLICIT":
        return int(op.get_attr("explicit_paddings")[2 * axis])
    # "same" adds as little as it needs, and where that is uneven one more behind.
    needed = (out - 1) * stride + (kernel - 1) * dilation + 1 - size
    return max(needed, 0) // 2 if padding == b"SAME" else 0


def rerun(op: tf.Operation, values: Sequence[Any]) -> list[np.ndarray]:
    """Return what an operation of a graph makes of other values."""
    function, values = getattr(tf.raw_ops, op.type), list(values)
    arguments = op.op_def.input_arg
    wanted = [name for name in inspect.signature(function).parameters if name != "name"]
    attributes = {attribute.name for attribute in op.op_def.attr}
    # An argument may have another name in Python than in the graph.
    renamed = [name for name in wanted if name not in attributes and all(name != arg.name for arg in arguments)]
    given: dict[str, Any] = {name: op.get_attr(name) for name in wanted if name in attributes}
    for arg in arguments:
        several = arg.number_attr or arg.type_list_attr
        count = op.get_attr(arg.number_attr) if arg.number_attr else len(op.inputs) - len(arguments) + 1
        name = arg.name if arg.name in wanted else renamed.pop(0)
        given[name] = [values.pop(0) for _ in range(count)] if several else values.pop(0)
    with tf.init_scope(), tf.device("/cpu:0"):
        made = function(**given)
    return [np.asarray(part) for part in (made if isinstance(made, list | tuple) else [made])]
