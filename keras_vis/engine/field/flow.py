"""What does each operation of a traced graph make of the fields of what goes into it?

Operations that move numbers (a reshape, a slice, a padding, channels turned into space) are run on the numbers of the
places themselves, so that no rule for each of them can be wrong. Those that compute fall into a few kinds. What is of
none of them is taken to mix all that it gets, which is never too little, and is named.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vis.engine.field.moves import MOVES, moved
from keras_vis.engine.field.products import letters, relabelled
from keras_vis.engine.field.spans import Grid, Span, joined, span
from keras_vis.engine.field.windows import LOOKS, RESIZES, TRANSPOSED, group_of, rerun, windows_of

_SIZES = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}  # tell nothing of what is in it
# Number by number; where there are several, broadcast to one shape.
_POINTWISE = {
    *("Abs", "Acos", "Acosh", "Add", "AddN", "AddV2", "Asin", "Asinh", "Atan", "Atan2", "Atanh", "BiasAdd", "Cast"),
    *("Ceil", "CheckNumerics", "ClipByValue", "Cos", "Cosh", "Digamma", "Div", "DivNoNan", "Elu", "EnsureShape"),
    *("Equal", "Erf", "Erfc", "Erfinv", "Exp", "Expm1", "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars"),
    *("Floor", "FloorDiv", "FloorMod", "Greater", "GreaterEqual", "Identity", "Inv", "IsFinite", "IsInf", "IsNan"),
    *("LeakyRelu", "Less", "LessEqual", "Lgamma", "Log", "Log1p", "LogicalAnd", "LogicalNot", "LogicalOr", "Maximum"),
    *("Minimum", "Mod", "Mul", "MulNoNan", "Ndtri", "Neg", "NextAfter", "NotEqual", "Pow", "PreventGradient"),
    *("RealDiv", "Reciprocal", "Relu", "Relu6", "Rint", "Round", "Rsqrt", "Select", "SelectV2", "Selu", "Sigmoid"),
    *("Sign", "Sin", "Sinh", "Snapshot", "Softplus", "Softsign", "Sqrt", "Square", "SquaredDifference"),
    *("StopGradient", "Sub", "Tan", "Tanh", "TruncateDiv", "TruncateMod", "Xdivy", "Xlog1py", "Xlogy"),
}
_MERGES = {"All", "Any", "ArgMax", "ArgMin", "EuclideanNorm", "Max", "Mean", "Min", "Prod", "Sum"}
# Each number from all along the last axis.
_LAST = {"LRN", "LogSoftmax", "Softmax"}
_NORMS = {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"}
_PRODUCTS = {"BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum", "MatMul"}
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
_BRANCHES = {"If", "StatelessIf"}
_MOST = 1 << 24  # numbers of a product whose fields are kept one by one


@dataclass(frozen=True)
class Seen:
    """What each number of a tensor depends on.

    Attributes:
        rows: the rows of the image.
        columns: its columns.
        through: names of the layers in which the position was lost.
    """

    rows: Span
    columns: Span
    through: tuple[str, ...] = ()

    def lacks(self, before: Sequence[Seen | None]) -> bool:
        """Tell whether along a side of the image all numbers depend on the same now, and did not before."""
        return any(
            (one.rows.varies and not self.rows.varies) or (one.columns.varies and not self.columns.varies)
            for one in before
            if one is not None
        )

    @classmethod
    def image(cls, shape: Sequence[int]) -> Seen:
        """Return that of the image itself, ``(1, h, w, ...)``: of each pixel, this one."""

        def side(axis: int) -> Span:
            place = np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(shape))])
            return Span(place, place + 1, Grid(axis, np.array([0]), np.array([1]), 1))

        return cls(side(1), side(2))

    def mapped(self, change: Callable[[Span], Span]) -> Seen:
        """Return the same with both spans changed."""
        return Seen(change(self.rows), change(self.columns), self.through)


class Flow:
    """Follows an image through a traced graph, from what each number of its input depends on."""

    def __init__(self, graph: tf.Graph, owners: Mapping[tf.Operation, tuple[str, int]], name: str) -> None:
        self._owners, self._name = owners, name
        self._graphs = [graph]  # that know the functions that are called
        self._values: dict[Any, np.ndarray | None] = {}
        for value, inside in getattr(graph, "captures", ()):
            if isinstance(value, tf.__internal__.EagerTensor) and value.dtype not in (tf.resource, tf.variant):
                self._values[inside.ref()] = value.numpy()

    def follow(self, graph: tf.Graph, given: Mapping[Any, Seen], owner: str | None = None) -> dict[Any, Seen]:
        """Return what the tensors of a graph that depend on the image see, by their `ref`; and so those given."""
        found = dict(given)
        for op in graph.get_operations():  # in the order of their making: what an operation takes was made before it
            if op.type in _SIZES or not any(tensor.ref() in found for tensor in op.inputs):
                continue
            seen = [found.get(tensor.ref()) for tensor in op.inputs]
            name = owner or self._owners.get(op, (self._name, 0))[0]
            for tensor, output in zip(op.outputs, self._made(op, seen, name), strict=False):
                if output is not None:
                    found[tensor.ref()] = output
        return found

    def _made(self, op: tf.Operation, seen: list[Seen | None], name: str) -> Sequence[Seen | None]:
        """Return what the outputs of an operation see."""
        if op.type in _CALLS:
            return self._called(op.get_attr("f").name, op.inputs, seen, name)
        if op.type in _BRANCHES:
            return self._branched(op, seen, name)
        if op.type == "IdentityN":
            return seen
        sized = (*op.inputs, *(op.outputs[:1] if op.type in _NORMS else op.outputs))  # the others are of a training
        known = all(tensor.shape.is_fully_defined() for tensor in sized)
        rule = self._rule(op) if known else None
        found = rule(op, seen) if rule is not None else None
        if found is None:
            return [_lost(seen, name)] * len(op.outputs)
        if op.type in _MERGES | _LAST | _PRODUCTS | _NORMS:
            return [_named(part, name) if part is not None and part.lacks(seen) else part for part in found]
        return found

    def _rule(self, op: tf.Operation) -> Callable[..., Sequence[Seen | None] | None] | None:
        if op.type in _POINTWISE:
            return lambda op, seen: [_joined(op, seen)]
        kinds: list[tuple[Any, Callable[..., Sequence[Seen | None] | None]]] = [
            (_MERGES, self._merged),
            (_LAST, lambda op, seen: [_along(op.inputs[0], seen[0], (-1,))]),
            (_NORMS, self._normalised),
            (LOOKS, self._looked),
            (MOVES, self._moved),
            (_PRODUCTS, self._multiplied),
        ]
        return next((rule for types, rule in kinds if op.type in types), None)

    def _called(
        self, function: str, given: Sequence[tf.Tensor], seen: Sequence[Seen | None], name: str
    ) -> list[Seen | None]:
        """Look inside a function, that is given these tensors."""
        graph = next(graph for graph in self._graphs if graph._is_function(function))._get_function(function).graph
        self._graphs.append(graph)
        inputs, outputs = graph.inputs, graph.outputs
        if not all(tensor.shape.is_fully_defined() for tensor in inputs):
            graph, inputs, outputs = _sized(graph, given)
        # What is in it may have been other numbers when it was called before.
        self._values = {key: value for key, value in self._values.items() if key.deref().graph is not graph}
        for outside, inside in zip(given, inputs, strict=True):
            self._values[inside.ref()] = self._value(outside)
        known = {tensor.ref(): part for tensor, part in zip(inputs, seen, strict=True) if part is not None}
        found = self.follow(graph, known, name)
        return [found.get(tensor.ref()) for tensor in outputs]

    def _branched(self, op: tf.Operation, seen: list[Seen | None], name: str) -> list[Seen | None]:
        """Either branch, and what decides between them."""
        sides = [
            self._called(op.get_attr(f"{side}_branch").name, op.inputs[1:], seen[1:], name) for side in ("then", "else")
        ]
        choice = [] if seen[0] is None else [_lost(seen[:1], name)]
        made: list[Seen | None] = []
        for tensor, pair in zip(op.outputs, zip(*sides, strict=True), strict=True):
            parts = [part for part in (*pair, *choice) if part is not None]
            shape = tensor.shape
            if not parts:
                made.append(None)
            elif shape.is_fully_defined():
                made.append(_union(parts, [shape] * len(parts), shape))
            else:
                made.append(_lost(parts, name))
        return made

    # Each of these returns what the outputs see, or None where the operation is of no form that it knows.

    def _merged(self, op: tf.Operation, seen: list[Seen | None]) -> list[Seen] | None:
        axes = self._value(op.inputs[1])
        if axes is None or seen[0] is None:
            return None
        rank = op.inputs[0].shape.rank
        keep = op.type not in ("ArgMax", "ArgMin") and op.get_attr("keep_dims")
        chosen = {int(axis) % rank for axis in np.atleast_1d(axes)} if rank else set()
        return [seen[0].mapped(lambda part: part.aligned(rank).merged(chosen, keep))]

    def _normalised(self, op: tf.Operation, seen: list[Seen | None]) -> list[Seen | None] | None:
        if seen[0] is None:
            return None  # only its scale or its mean is made of the image
        if not op.get_attr("is_training"):
            return [_joined(op, seen[:1]), *[None] * (len(op.outputs) - 1)]
        axes = (0, 1, 2) if op.get_attr("data_format") == b"NHWC" else (0, 2, 3)
        mixed = _along(op.inputs[0], seen[0], axes)
        return [mixed, *[mixed] * (len(op.outputs) - 1)]

    def _looked(self, op: tf.Operation, seen: list[Seen | None]) -> list[Seen] | None:
        place = 2 if op.type in TRANSPOSED else 0
        image = seen[place]
        others = [part for i, part in enumerate(seen) if i != place and part is not None]
        values = [self._value(tensor) for tensor in op.inputs[1:]] if op.type in RESIZES else []
        if image is None or others or any(value is None for value in values):
            return None  # a kernel that is made of the image, or a size that is not known
        windows = windows_of(op, values)
        if windows is None:
            return None
        channels = ({1, 2, 3} - set(windows)).pop()
        before, after = op.inputs[place].shape[channels], op.outputs[0].shape[channels]
        group = group_of(op, before, after)
        return [image.mapped(lambda part: _grouped(part.aligned(4), channels, before, group, after).looked(windows))]

    def _multiplied(self, op: tf.Operation, seen: list[Seen | None]) -> list[Seen] | None:
        ends, goal = letters(op)
        parts = [(part, labels) for part, labels in zip(seen, ends, strict=True) if part is not None]
        if any(len(set(labels)) < len(labels) for _, labels in parts):
            return None
        operands = [part.mapped(functools.partial(relabelled, labels=labels, goal=goal)) for part, labels in parts]
        shape = op.outputs[0].shape
        if math.prod(np.broadcast_shapes(*(part.rows.low.shape for part in operands))) > _MOST:
            return None
        sizes = [[shape[i] if label in labels else 1 for i, label in enumerate(goal)] for _, labels in parts]
        return [_union(operands, sizes, shape)]

    def _moved(self, op: tf.Operation, seen: list[Seen | None]) -> list[Seen] | None:
        data = range(*MOVES[op.type].indices(len(seen)))
        rest: dict[int, Any] = {i: self._value(op.inputs[i]) for i in range(len(seen)) if i not in data}
        if any(value is None or seen[i] is not None for i, value in rest.items()):
            return None
        held = seen[data.start : data.stop]
        rows = moved(op, [None if part is None else part.rows for part in held], rest)
        columns = moved(op, [None if part is None else part.columns for part in held], rest)
        if rows is None or columns is None:
            return None
        return [Seen(*pair, _names(seen)) for pair in zip(rows, columns, strict=True)]

    def _value(self, tensor: tf.Tensor) -> np.ndarray | None:
        """Return the value of a tensor that is the same for all images and weights; None where it may not be."""
        key = tensor.ref()
        if key not in self._values:
            self._values[key] = None
            value, op = tf.get_static_value(tensor), tensor.op
            if value is not None:
                self._values[key] = np.asarray(value)
            elif op.inputs and not op.op_def.is_stateful and not any("func" in part.type for part in op.op_def.attr):
                inputs = [self._value(part) for part in op.inputs]
                if all(part is not None for part in inputs) and hasattr(tf.raw_ops, op.type):
                    for output, made in zip(op.outputs, rerun(op, inputs), strict=True):
                        self._values[output.ref()] = made
        return self._values[key]


def _sized(graph: Any, given: Sequence[tf.Tensor]) -> tuple[tf.Graph, list[tf.Tensor], list[tf.Tensor]]:
    """Return a function that was made for any sizes, its inputs and its outputs, as it is for these."""
    sized = tf.Graph()
    with sized.as_default():
        inputs = [tf.compat.v1.placeholder(tensor.dtype, tensor.shape) for tensor in given]
        outputs = tf.graph_util.import_graph_def(
            graph.as_graph_def(),
            input_map={tensor.name: new for tensor, new in zip(graph.inputs, inputs, strict=True)},
            return_elements=[tensor.name for tensor in graph.outputs],
            name="sized",
        )
    return sized, inputs, outputs


def _names(parts: Sequence[Seen | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in parts if part is not None for name in part.through))


def _named(part: Seen, name: str) -> Seen:
    return replace(part, through=tuple(dict.fromkeys((*part.through, name))))


def _lost(seen: Sequence[Seen | None], name: str) -> Seen:
    """Return what is seen where all is mixed with all."""
    parts = [part for part in seen if part is not None]

    def all_of(side: str) -> Span:
        spans = [getattr(part, side) for part in parts]
        return Span(np.array(min(one.low.min() for one in spans)), np.array(max(one.high.max() for one in spans)))

    lost = Seen(all_of("rows"), all_of("columns"), _names(parts))
    return _named(lost, name) if lost.lacks(parts) else lost


def _union(parts: Sequence[Seen], shapes: Sequence[Any], shape: Any) -> Seen:
    shapes, shape = [tuple(before) for before in shapes], tuple(shape)
    rows, columns = ([getattr(part, side) for part in parts] for side in ("rows", "columns"))
    return Seen(joined(rows, shapes, shape), joined(columns, shapes, shape), _names(parts))


def _joined(op: tf.Operation, seen: Sequence[Seen | None]) -> Seen:
    """Return what is seen where numbers are computed with each other one by one."""
    pairs = [(part, tensor.shape) for part, tensor in zip(seen, op.inputs, strict=False) if part is not None]
    return _union([part for part, _ in pairs], [shape for _, shape in pairs], op.outputs[0].shape)


def _along(tensor: tf.Tensor, seen: Seen | None, axes: Sequence[int]) -> Seen | None:
    """Return what is seen where each number is made of all along some axes."""
    rank = tensor.shape.rank
    chosen = {axis % rank for axis in axes}
    return None if seen is None else seen.mapped(lambda part: part.aligned(rank).merged(chosen))


def _grouped(part: Span, axis: int, before: int, group: int, after: int) -> Span:
    """Return what is seen where a group of channels goes into each of a group of others."""
    if part.low.shape[axis] == 1:
        return part

    def pieces(values: np.ndarray) -> np.ndarray:
        return values.reshape(*values.shape[:axis], before // group, group, *values.shape[axis + 1 :])

    repeats = after * group // before
    low, high = pieces(part.low).min(axis + 1), pieces(part.high).max(axis + 1)
    return span(np.repeat(low, repeats, axis), np.repeat(high, repeats, axis), part.grid)
