"""What does a model hold, and what is joined to what?

Read from the calls that Keras has recorded, without running anything: so it knows `keras.ops` and shared layers, and
stays silent about subclassed models, whose wiring is the Python code of their `call`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from keras_vis.engine.layers import NotBuiltError, check_model

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Part:
    """One layer or operation, where it stands in the model.

    Attributes:
        path: its name, and before it those of what holds it; as `engine.layers.flatten` says it.
        operation: the layer, or the `keras.ops` operation.
        shapes: of its outputs, batch axis and all, each different one once; empty where they are not known.
        sources: for each input of each call the path of what it comes from, which output of that, and which input of
            this.
        names: the same as Keras writes them, ``add`` or ``add[1][0]``.
        parts: what it holds.
    """

    path: str
    operation: Any
    shapes: tuple[Shape, ...]
    sources: tuple[tuple[str, int, int], ...] = ()
    names: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


def read(model: object) -> tuple[Part, ...]:
    """Return what a model holds, in its own order.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: it is not built.
    """
    checked = check_model(model)
    if not checked.built:
        raise NotBuiltError(
            f"`model` {checked.name!r} is not built yet, so that its shapes and weights are not known. Call it on a "
            "sample first (`model(images[:1])`), or begin it with keras.Input(shape)."
        )
    return _read(checked, "", (id(checked),))


def walk(parts: Iterable[Part], depth: int = 0) -> Iterator[tuple[int, Part]]:
    """Go through all parts, each before what it holds, with how deep it lies."""
    for part in parts:
        yield depth, part
        yield from walk(part.parts, depth + 1)


def flows(holder: Any) -> bool:
    """Tell whether what joins the layers of a model is known: not where it is Python code."""
    return isinstance(holder, keras.Sequential) or bool(_calls(holder))


def arrows(parts: Sequence[Part], nested: bool = True) -> list[tuple[str, str]]:
    """Return the paths from and to for each input of each call.

    Args:
        parts: what `read` gave.
        nested: whether to go on inside of nested models; an arrow to one then ends at the layer inside that takes it.
    """
    known = {part.path: part for part in parts}
    found = []
    for part in parts:
        for source, output, place in part.sources:
            found.append((_exit(known[source], output, nested), entrance(part, place, nested)))
        if nested:
            found += arrows(part.parts, nested)
    return found


def entrance(part: Part, place: int = 0, nested: bool = True) -> str:
    """Return the path at which an input arrives: in a nested model, that of the layer inside which takes it."""
    if not (nested and part.parts and flows(part.operation)):
        return part.path
    if isinstance(part.operation, keras.Sequential):
        return entrance(part.parts[0], place, nested)
    # a mask comes in after the inputs, and goes where the last one goes
    doors = part.operation.inputs
    taker = doors[min(place, len(doors) - 1)]._keras_history.operation
    return next(entrance(inner, 0, nested) for inner in part.parts if inner.operation is taker)


def parameters(operation: Any) -> tuple[int, int]:
    """Count all parameters, and those that training changes: a weight once; operations and unbuilt layers have none."""

    def count(weights: Iterable[Any]) -> int:
        return sum(math.prod(weight.shape) for weight in {id(weight): weight for weight in weights}.values())

    return count(getattr(operation, "weights", ())), count(getattr(operation, "trainable_weights", ()))


def unused(name: str, used: set[str]) -> str:
    """Tell apart layers of one name, which subclassed models may hold; adds the answer to `used`."""
    copies, path = 1, name
    while path in used:
        copies += 1
        path = f"{name}#{copies}"
    used.add(path)
    return path


def _exit(part: Part, output: int, nested: bool) -> str:
    if not (nested and part.parts and flows(part.operation)):
        return part.path
    if isinstance(part.operation, keras.Sequential):
        return _exit(part.parts[-1], output, nested)
    giver = part.operation.outputs[output]._keras_history
    return next(_exit(inner, giver.tensor_index, nested) for inner in part.parts if inner.operation is giver.operation)


def _calls(model: Any) -> list[Any]:
    """Return the calls (Keras's nodes) that a functional model, or the one inside a Sequential, is made of."""
    inside = getattr(model, "_functional", None) or model
    return [node for nodes in getattr(inside, "_nodes_by_depth", {}).values() for node in nodes]


def _read(holder: Any, prefix: str, above: tuple[int, ...]) -> tuple[Part, ...]:
    calls: dict[int, list[Any]] = {}
    for call in _calls(holder):
        calls.setdefault(id(call.operation), []).append(call)
    if not isinstance(holder, keras.Model):
        inside = holder._flatten_layers(include_self=False, recursive=False)
    elif calls and not isinstance(holder, keras.Sequential):
        inside = holder.operations
    else:
        inside = holder.layers
    parts: list[Part] = []
    used: set[str] = set()
    for operation in inside:
        if id(operation) in above:  # a layer may hold the model that holds it
            continue
        path = unused(prefix + operation.name, used)
        own = sorted(calls.get(id(operation), []), key=operation._inbound_nodes.index)
        sources, names = [], []
        for place, tensor in ((i, tensor) for call in own for i, tensor in enumerate(call.input_tensors)):
            origin = tensor._keras_history
            which = (origin.node_index, origin.tensor_index)
            sources.append((prefix + origin.operation.name, origin.tensor_index, place))
            names.append(origin.operation.name + ("" if which == (0, 0) else f"[{which[0]}][{which[1]}]"))
        if isinstance(holder, keras.Sequential):
            # its inner graph starts at an input layer that it does not list
            sources, names = ([(parts[-1].path, 0, 0)], [parts[-1].operation.name]) if parts else ([], [])
        held = _read(operation, f"{path}/", (*above, id(operation))) if _opens(operation) else ()
        parts.append(Part(path, operation, _shapes(operation, own), tuple(sources), tuple(names), held))
    return tuple(parts)


def _opens(operation: Any) -> bool:
    """Whether to look inside: of models, of what wraps a model, and of composite layers that are not Keras's own."""
    if not isinstance(operation, keras.layers.Layer):
        return False
    if isinstance(operation, keras.Model):
        return True
    inside = list(operation._flatten_layers(include_self=False, recursive=False))
    foreign = type(operation).__module__.split(".")[0] != "keras"
    return any(isinstance(layer, keras.Model) for layer in inside) or (foreign and bool(inside))


def _shapes(operation: Any, calls: list[Any]) -> tuple[Shape, ...]:
    if calls:
        return tuple(dict.fromkeys(tuple(tensor.shape) for call in calls for tensor in call.output_tensors))
    # inside a subclassed model there are no symbolic calls; what the layer was built for tells its output
    built_for = getattr(operation, "_build_shapes_dict", None)
    if not built_for:
        return ()
    found: list[Shape] = []
    try:
        keras.tree.map_shape_structure(
            lambda shape: found.append(tuple(shape)), operation.compute_output_shape(**built_for)
        )
    except Exception:  # the user's own code may raise anything, and a shape left out is no failure
        return ()
    return tuple(dict.fromkeys(found))
