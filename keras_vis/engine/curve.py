"""Which layers end in an activation, and between which ends do its numbers lie?

The traced graph is asked, not ``layer.activation``: it sees an ``activation=``, a layer of its own, one in a ``Lambda``
and one written by hand alike, as far as it bends by one of the operations below. Of one by hand whose ends depend on
how two of its parts go together, as of z / (1 + |z|), they are not known, and told as infinite.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_vis.engine import layers, tap
from keras_vis.engine.batch import Batch, pack
from keras_vis.engine.calls import Calls
from keras_vis.engine.graph import form, specs
from keras_vis.engine.probe import probe

Ends = tuple[float, float]

_OPEN: Ends = (-math.inf, math.inf)
# Of each operation that bends, the ends that it comes near and never passes; Erf and Erfc are parts of the GELU. A
# softmax has none of its own: a class is near 0 because another is near 1.
_CURVES: dict[str, Ends] = {
    **{"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0), "Softsign": (-1.0, 1.0), "Erf": (-1.0, 1.0), "Erfc": (0.0, 2.0)},
    **{"Relu": (0.0, math.inf), "Relu6": (0.0, 6.0), "Softplus": (0.0, math.inf), "Exp": (0.0, math.inf)},
    **{"Elu": (-1.0, math.inf), "Selu": (-1.7580993408473766, math.inf), "Expm1": (-1.0, math.inf)},
    **{"Atan": (-math.pi / 2, math.pi / 2)},
    **dict.fromkeys(("LeakyRelu", "Softmax", "LogSoftmax", "Sin", "Cos"), _OPEN),
    **dict.fromkeys(("Greater", "GreaterEqual", "Less", "LessEqual"), _OPEN),
}
_CLAMPS = {"Maximum", "Minimum", "ClipByValue"}
# What norms, distances and normalisations are made of, too: these bend what they make of one tensor alone.
_NORMS = {"Abs", "Sign", "Sqrt", "Square"}
_PRODUCTS = {"Mul", "Div", "RealDiv"}
# What is no tensor's own number for number: of it a norm is made, or it does not come from the images.
_APART = {"Const", "Max", "Mean", "Min", "Prod", "ReadVariableOp", "Sum"}
# Operations after which each number still belongs to the same unit.
_STEPS = {
    *("Abs", "Add", "AddV2", "Cast", "Div", "Identity", "IdentityN", "Mul", "Neg", "Pow", "RealDiv", "Reciprocal"),
    "Rsqrt",
    *("Select", "SelectV2", "Sign", "Sqrt", "Square", "StopGradient", "Sub"),
}


def curves(model: keras.Model, batch: Batch) -> dict[str, Ends]:
    """Return the layers that end in an activation, by path, in the order in which they are done.

    Each with the ends between which all that it gives must lie: (0, inf) of a rectifier, (−1, 1) of tanh, infinite
    where there is none. Left out are layers that only hand on what one inside them gives.

    Args:
        model: any Keras model.
        batch: images of the shape that is asked about.
    """
    return probe(model).compiled(("curves", form(batch.arrays)), lambda: _trace(model, batch))


def _trace(model: keras.Model, batch: Batch) -> dict[str, Ends]:
    found = layers.flatten(model)
    seen: dict[str, tf.Tensor] = {}
    noted: list[Calls] = []

    def see(path: str, output: Any) -> None:
        seen.pop(path, None)
        if isinstance(output, tf.Tensor):
            seen[path] = output

    def forward(*inputs: tf.Tensor) -> Any:
        noted.append(Calls(model.name))
        with tap.tapped(model, found, see, noted[-1]):
            return model(pack(batch.structure, inputs), training=False)

    tf.function(forward, autograph=False).get_concrete_function(*specs(batch.arrays))
    owners = noted[-1].owners()
    ended: dict[str, Ends] = {}
    for path, output in seen.items():
        holder = path.rpartition("/")[0]
        if holder in found and layers.is_kerass_own(found[holder]):
            continue  # a part of one of Keras's own layers, as an activation that is a layer
        within = f"{path}/" if layers.is_kerass_own(found[path]) else None

        def own(op: tf.Operation, path: str = path, within: str | None = within) -> bool:
            owner = owners.get(op, ("", 0))[0]
            return owner == path or (within is not None and owner.startswith(within))

        if _bends(output, own):
            ended[path] = _ends(output, own)
    return ended


def _bends(output: tf.Tensor, own: Callable[[tf.Operation], bool]) -> bool:
    """Tell whether an activation lies between what a layer's own call gives and the last sum over other units."""
    todo, seen = [output], {output.ref()}
    while todo:
        op = todo.pop().op
        if not own(op):
            continue
        if op.type in _CURVES:
            return True
        if op.type in _NORMS | _CLAMPS | _PRODUCTS:
            made = [_sources(part, output, own) for part in op.inputs]
            if op.type in _NORMS and len(made[0]) == 1:
                return True
            if op.type in _CLAMPS and any(made) and any(_constant(part) is not None for part in op.inputs):
                return True
            # of two layers it is a merge, of one and itself a curve
            if len(made) == 2 and len(made[0]) == 1 and made[0] == made[1]:
                return True
        for tensor in op.inputs if op.type in _STEPS else ():
            # What is of another shape, as a norm or a gate for each channel, bends no unit of its own.
            if tensor.ref() not in seen and tensor.shape.rank and tensor.shape[1:] == output.shape[1:]:
                seen.add(tensor.ref())
                todo.append(tensor)
    return False


def _sources(tensor: tf.Tensor, output: tf.Tensor, own: Callable[[tf.Operation], bool]) -> set[Any]:
    """Return from what a tensor is made number by number: sums over other units, and what comes into the layer."""
    todo, seen, found = [tensor], set(), set()
    while todo:
        part = todo.pop()
        if part.ref() in seen or not part.shape.rank or part.shape.as_list() != output.shape.as_list():
            continue
        seen.add(part.ref())
        inside = own(part.op)
        if inside and part.op.type in _STEPS | _CLAMPS | _CURVES.keys():
            todo += part.op.inputs
        elif not (inside and part.op.type in _APART):
            found.add(part.ref())
    return found


def _ends(tensor: tf.Tensor, own: Callable[[tf.Operation], bool]) -> Ends:
    """Return the ends of a tensor's numbers, as far as they follow from the operations that it is made by."""
    op = tensor.op
    if not own(op):
        return _OPEN
    if op.type in _CURVES and op.type not in ("Relu", "Relu6"):
        return _CURVES[op.type]
    if op.type in ("Relu", "Relu6"):
        return _clamped(_ends(op.inputs[0], own), *_CURVES[op.type])
    if op.type in ("Identity", "IdentityN", "Cast", "StopGradient"):
        return _ends(op.inputs[tensor.value_index], own)
    if op.type == "Neg":
        low, high = _ends(op.inputs[0], own)
        return -high, -low
    if op.type == "ClipByValue":
        floor, roof = (_constant(part) for part in op.inputs[1:])
        return _OPEN if floor is None or roof is None else _clamped(_ends(op.inputs[0], own), floor, roof)
    if op.type in ("Abs", "Square", "Sqrt"):
        return _folded(op.type, _ends(op.inputs[0], own))
    if op.type == "Sign":
        return -1.0, 1.0
    if len(op.inputs) != 2:
        return _OPEN
    if op.type == "Mul" and op.inputs[0] is op.inputs[1]:
        return _folded("Square", _ends(op.inputs[0], own))
    if op.type in ("Add", "AddV2"):
        for one, other in (op.inputs, op.inputs[::-1]):
            if other.op.type == "Abs" and other.op.inputs[0] is one:
                # a rectifier, twice
                low, high = _clamped(_ends(one, own), 0.0, math.inf)
                return 2 * low, 2 * high
    constants = [_constant(part) for part in op.inputs]
    varying, number = (op.inputs[0], constants[1]) if constants[1] is not None else (op.inputs[1], constants[0])
    if number is None:
        return _OPEN
    ends, first = _ends(varying, own), varying is op.inputs[0]
    if op.type == "Maximum":
        return _clamped(ends, number, math.inf)
    if op.type == "Minimum":
        return _clamped(ends, -math.inf, number)
    if op.type in ("Add", "AddV2"):
        return ends[0] + number, ends[1] + number
    if op.type == "Sub":
        return (ends[0] - number, ends[1] - number) if first else (number - ends[1], number - ends[0])
    if op.type == "Mul" or (op.type in ("RealDiv", "Div") and first):
        if number == 0:
            return _OPEN
        low, high = (end * number if op.type == "Mul" else end / number for end in ends)
        return (low, high) if number > 0 else (high, low)
    return _OPEN


def _folded(kind: str, ends: Ends) -> Ends:
    """Return the ends of an absolute value, a square or a root."""
    if kind == "Sqrt":
        return math.sqrt(max(ends[0], 0.0)), math.sqrt(max(ends[1], 0.0))
    low, high = max(ends[0], -ends[1], 0.0), max(abs(ends[0]), abs(ends[1]))
    return (low, high) if kind == "Abs" else (low * low, high * high)


def _clamped(ends: Ends, low: float, high: float) -> Ends:
    return min(max(ends[0], low), high), min(max(ends[1], low), high)


def _constant(tensor: tf.Tensor) -> float | None:
    """The number that a tensor always is; None where it is none, or more than one."""
    value = tf.get_static_value(tensor)
    return None if value is None or value.size != 1 else float(value.reshape(()))
