"""What does a backward rule not reach?

A rule acts on the rectifiers that `tf.gradients` comes across. What else bends the signal between the target and what
it is differentiated with respect to is found in the traced graph, by kinds of operations, and is named by the layer in
whose call it was made: another activation; a rectifier that is part of one (a PReLU is made of two); and a rectifier
inside a `tf.function`, a loop or a custom gradient, where TensorFlow asks for no rule.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vis.engine.calls import Calls
from keras_vis.engine.outline import reach
from keras_vis.engine.relu import RECTIFIERS, acted_on

# Activations each of themselves; Erf and Erfc are the GELU's, Sin and the like those of implicit representations.
_CURVES = {
    *("Elu", "Selu", "LeakyRelu", "Softplus", "Softsign", "Sigmoid", "Tanh", "Erf", "Erfc", "Sign"),
    *("Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh"),
}
# Rectifiers by hand: x where x > 0, or x times whether it is.
_COMPARISONS = {"Greater", "GreaterEqual", "Less", "LessEqual"}
_CLAMPS = {"Maximum", "Minimum", "ClipByValue"}
# Activations, unless what they work on is summed over: then they are parts of a softmax, a norm or a normalisation.
_OFTEN_OF_A_NORM = {"Abs", "Exp", "Expm1", "Sqrt", "Rsqrt"}
_REDUCTIONS = {"Sum", "Mean", "Max", "Min", "Prod", "EuclideanNorm"}
# Operations after which each number still belongs to the same place.
_STEPS = {
    *("Abs", "Add", "AddV2", "Cast", "Div", "Exp", "ExpandDims", "Identity", "Log", "Mul", "Neg", "Pow", "RealDiv"),
    *("Reciprocal", "Reshape", "Rsqrt", "Select", "SelectV2", "Sqrt", "Square", "Squeeze", "StopGradient", "Sub"),
}
_HIDDEN = {*RECTIFIERS, *_CURVES, *_COMPARISONS, *_CLAMPS}  # what is looked for inside a function
_BOOL = tf.bool.as_datatype_enum
_SHOWN = 4  # names in a warning


def unreached(score: tf.Tensor, sources: Sequence[tf.Tensor], calls: Calls, rule: str) -> tuple[str, ...]:
    """Return the paths of the layers that pass back something else than the rule says; once gradients are taken."""
    search = _Search(score, sources, calls, rule)
    return tuple(dict.fromkeys(path for op, (path, _) in search.owners.items() if search.is_other(op)))


def warn(method: str, names: Sequence[str]) -> None:
    """Warn of layers that a method's rule does not reach, if there are any, at the line of the user who asked."""
    if not names:
        return
    shown = names if len(names) <= _SHOWN + 1 else [*names[:_SHOWN], f"... and {len(names) - _SHOWN} more"]
    # The user's line, not ours, and not Keras's where a callback asks.
    frame, level = inspect.currentframe(), 1
    while frame and frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("keras_vis", "keras"):
        frame, level = frame.f_back, level + 1
    warnings.warn(
        f"{method}: the rule is for rectifiers (ReLU, ReLU6); these layers have other activations, or rectifiers that "
        f"it cannot reach, and pass back their plain gradient, or a mixture: {', '.join(shown)}.",
        UserWarning,
        stacklevel=level,
    )


class _Search:
    """Looks through what lies between the sources and the score.

    Attributes:
        owners: the operations between that were made in a layer's call, see `Calls.owners`.
    """

    def __init__(self, score: tf.Tensor, sources: Sequence[tf.Tensor], calls: Calls, rule: str) -> None:
        behind = reach([score.op], forward=False, along=_carries)
        users = [user for source in sources for user in source.consumers() if user in behind]
        self._between = behind & reach(
            users, forward=True, along=lambda tensor, op: op in behind and _carries(tensor, op)
        )
        self._sources = {source.ref() for source in sources}
        self.owners = {op: owner for op, owner in calls.owners().items() if op in self._between}
        self._rule, self._acted_on = rule, acted_on(score.graph)
        self._functions = _Functions(score.graph)

    def is_other(self, op: tf.Operation) -> bool:
        """Tell whether something else than the rule is passed back here."""
        if op.type in RECTIFIERS:
            return op not in self._acted_on or self._meets_its_own(op)
        if op.type in _CLAMPS:
            return self._is_rectifier(op)
        if op.type in _OFTEN_OF_A_NORM:
            return not (self._is_reduced(op) or any(self._reduces(user, op) for user in op.outputs[0].consumers()))
        return op.type in _CURVES or op.type in _COMPARISONS or self._functions.bend(op)

    def _is_rectifier(self, op: tf.Operation) -> bool:
        """Tell whether a maximum or minimum is an activation: neither a merge of layers nor a guard of a division."""
        varying = [tensor for tensor in op.inputs if self._varies(tensor)]
        if len(varying) > 1:
            first, second = (self._made_of(tensor) for tensor in varying[:2])
            return bool(first & second)  # max(x, 0.1 x)
        bounded = varying[0].op
        while bounded.type in (*_CLAMPS, "Cast", "Identity"):
            bounded = next(tensor.op for tensor in bounded.inputs if self._varies(tensor))
        if self._rule == "guided" and bounded.type in RECTIFIERS:
            return False  # a ReLU(max_value=4): it shuts out what lies above, which is what the rule says of ReLU6
        bounds = [tf.get_static_value(tensor) for tensor in op.inputs if not self._varies(tensor)]
        return not self._is_reduced(op) or any(bound is None or not np.all(bound) for bound in bounds)

    def _is_reduced(self, op: tf.Operation) -> bool:
        """Tell whether a sum or the like, taken in the same call, has a part in what comes in."""
        made_of = (self._made_of(tensor, self.owners[op][1], _CLAMPS) for tensor in op.inputs)
        return any(ref.deref().op.type in _REDUCTIONS for refs in made_of for ref in refs)

    def _reduces(self, user: tf.Operation, op: tf.Operation) -> bool:
        """Tell whether a user sums up an operation in the same call; a mean may well be the pooling behind it."""
        return user.type in ("Sum", "Max") and self.owners.get(user, ("", None))[1] == self.owners[op][1]

    def _meets_its_own(self, rectifier: tf.Operation) -> bool:
        """Tell whether what comes out meets, number by number, what went in: then it is part of something else."""
        todo, seen = [rectifier.outputs[0]], {rectifier}
        while todo:
            tensor = todo.pop()
            for user in tensor.consumers():
                if user.type in _STEPS and user in self.owners and user not in seen:
                    if any(self._joins(rectifier, user, other) for other in user.inputs if other is not tensor):
                        return True
                    seen.add(user)
                    todo += user.outputs
        return False

    def _joins(self, rectifier: tf.Operation, user: tf.Operation, other: tf.Tensor) -> bool:
        went_in = self._made_of(rectifier.inputs[0])
        if not self._made_of(other) & went_in:
            # relu(x) − a·relu(−x), a PReLU
            return bool(self._made_of(other, also=RECTIFIERS) & went_in)
        # x·relu6(x + 3), or 0.1·x + 0.9·relu(x), made in one call; x + relu(x) of layers is a skip connection.
        room = self.owners[rectifier][1]
        own = self.owners[user][1] == room and self._made_of(other, room) & self._made_of(rectifier.inputs[0], room)
        return user.type == "Mul" or bool(own)

    def _made_of(self, tensor: tf.Tensor, room: int | None = None, also: Iterable[str] = ()) -> set[Any]:
        """Return the varying tensors of which one is made number by number, itself among them; in one room or all."""
        todo, seen = [tensor], {tensor.ref()}
        while todo:
            op = todo.pop().op
            if op.type not in _STEPS and op.type not in also:
                continue
            if room is None or self.owners.get(op, ("", None))[1] == room:
                for other in op.inputs:
                    if self._varies(other) and other.ref() not in seen:
                        seen.add(other.ref())
                        todo.append(other)
        return {ref for ref in seen if self._varies(ref.deref())}

    def _varies(self, tensor: tf.Tensor) -> bool:
        return tensor.op in self._between or tensor.ref() in self._sources


class _Functions:
    """The functions that a graph's operations call, of which only the kinds of operations in them are looked at."""

    def __init__(self, graph: tf.Graph) -> None:
        self._graph = graph
        self._bodies: dict[str, Any] | None = None

    def bend(self, op: tf.Operation) -> bool:
        """Tell whether an operation calls a function, or one that calls one, with an activation of any kind in it."""
        todo = _called(op.node_def) if any(part.type in ("func", "list(func)") for part in op.op_def.attr) else []
        seen: set[str] = set()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            nodes = [node for node in self._body(name) if _of_floats(node)]
            kinds = {node.op for node in nodes}
            if not (kinds & {"Select", "SelectV2"} or any(node.attr["SrcT"].type == _BOOL for node in nodes)):
                kinds -= _COMPARISONS  # they choose no numbers, but whether a loop goes on
            if kinds & _HIDDEN or (kinds & _OFTEN_OF_A_NORM and not kinds & _REDUCTIONS):
                return True
            todo += [called for node in nodes for called in _called(node)]
        return False

    def _body(self, name: str) -> list[Any]:
        if self._bodies is None:
            library = self._graph.as_graph_def().library
            self._bodies = {function.signature.name: list(function.node_def) for function in library.function}
        return self._bodies.get(name, [])


def _called(node: Any) -> list[str]:
    """The names of the functions that an operation calls."""
    return [function.name for part in node.attr.values() for function in (part.func, *part.list.func) if function.name]


def _of_floats(node: Any) -> bool:
    kind = node.attr["T"].type if "T" in node.attr else 0  # 0 where there is none, or a list of them
    return not kind or tf.as_dtype(kind).is_floating


def _carries(tensor: tf.Tensor, user: tf.Operation) -> bool:
    """Tell whether numbers go this way, and not only sizes, places or a branch to take."""
    if tensor.dtype == tf.bool:
        return user.type in ("Cast", "Select", "SelectV2") or user.outputs[0].dtype == tf.bool
    return not tensor.dtype.is_integer and tensor.dtype not in (tf.resource, tf.string)
