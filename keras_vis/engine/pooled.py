"""Are a model's logits a weighted sum of the means of a layer's maps?

The traced graph is asked, from the logits backwards, and not the list of layers: a class activation map is exact where
all that stands between an average over positions and the logits is linear, however it was written: a dense layer, a 1x1
convolution, a batch normalisation, a temperature; and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from keras_vis.engine import layers, tap
from keras_vis.engine.batch import Batch, pack
from keras_vis.engine.calls import Calls
from keras_vis.engine.graph import form, specs
from keras_vis.engine.outline import reach
from keras_vis.engine.probe import probe

_SIZES = ("Shape", "ShapeN", "Size")  # after these, a tensor tells of sizes and not of what is in the images
_CARRIERS = ("Identity", "Cast", "Reshape", "Squeeze", "ExpandDims")
_SUMS = ("Add", "AddV2", "AddN", "BiasAdd", "Sub", "Neg")
# Linear in one of what they take, where nothing else that they take depends on the images.
_PRODUCTS = ("MatMul", "BatchMatMulV2", "Einsum", "Conv2D", "Mul", "RealDiv")
_FIRST = ("MatMul", "Conv2D", "RealDiv")  # and which must then be the first


@dataclass(frozen=True)
class Average:
    """What an output's logits are made of.

    Attributes:
        layer: path of the layer of whose maps' means they are a weighted sum (and a bias); None if there is none.
        instead: in words what stands in the way, or what is averaged that is not a layer's.
    """

    layer: str | None
    instead: str = ""


def averaged(model: keras.Model, batch: Batch, output: str) -> Average:
    """Return of which layer's means an output's logits are a weighted sum, traced once for images of this shape."""
    room = probe(model)
    return room.compiled(("averaged", form(batch.arrays)), lambda: _trace(model, batch))[output]


def _trace(model: keras.Model, batch: Batch) -> dict[str, Average]:
    found = layers.flatten(model)
    given: dict[Any, list[str]] = {}
    counts = dict.fromkeys(found, 0)
    results: dict[str, tf.Tensor] = {}
    noted: list[Calls] = []

    def see(path: str, output: Any) -> None:
        counts[path] += 1
        if isinstance(output, tf.Tensor):
            given.setdefault(output.ref(), []).append(path)

    def forward(*inputs: tf.Tensor) -> Any:
        noted.append(Calls(model.name))
        with tap.tapped(model, found, see, noted[0]):
            outputs = model(pack(batch.structure, inputs), training=False)
        results.update(tap.outputs_by_name(model, outputs))
        return outputs

    wanted = specs(batch.arrays)
    graph = tf.function(forward, autograph=False).get_concrete_function(*wanted).graph
    fed = (tensor.op for tensor in graph.inputs[: len(wanted)])
    varying = reach(fed, forward=True, along=lambda tensor, op: op.type not in _SIZES)
    # A layer that runs twice has no activation of its own; one after it that hands its maps on, such as a dropout, has.
    by_tensor = {ref: min(paths, key=lambda path: counts[path] > 1) for ref, paths in given.items()}
    owners = noted[0].owners()
    return {name: _average(tap.find_head(tensor)[0], varying, by_tensor, owners) for name, tensor in results.items()}


def _average(
    logits: tf.Tensor,
    varying: Collection[tf.Operation],
    given: Mapping[Any, str],
    owners: Mapping[tf.Operation, tuple[str, int]],
) -> Average:
    """Go from the logits backwards to what is averaged, through linear operations alone."""

    def who(op: tf.Operation) -> str:
        return f"{op.type} of {owners[op][0]!r}" if op in owners else op.type

    todo, seen, means = [logits.op], {logits.op}, {}
    while todo:
        op = todo.pop()
        if op not in varying or not op.inputs:
            return Average(None, "an input that is not averaged" if op in varying else "nothing that sees the images")
        maps = _averages(op)
        if maps is not None:
            means[maps.ref()] = op
            continue
        parts = [tensor for tensor in op.inputs if tensor.op in varying]
        if not _is_linear(op, parts):
            return Average(None, who(op))
        for part in parts:
            if part.op not in seen:
                seen.add(part.op)
                todo.append(part.op)
    paths = {_layer(ref.deref(), given) for ref in means}
    if len(paths) > 1:
        return Average(None, f"the averages of {len(paths)} different maps, by {', '.join(map(who, means.values()))}")
    (path,) = paths
    made_by = next(iter(means)).deref().op
    return Average(path, "" if path else f"an average of what is no layer's output, but made by {who(made_by)}")


def _averages(op: tf.Operation) -> tf.Tensor | None:
    """Return the maps of which an operation takes the mean (or the sum) over all positions; None where it does not."""
    maps = op.inputs[0]
    rank = maps.shape.rank
    if op.type in ("Mean", "Sum") and rank in (3, 4):
        axes = tf.get_static_value(op.inputs[1])
        every = None if axes is None else sorted(int(axis) % rank for axis in axes.reshape(-1))
        return maps if every == list(range(1, rank - 1)) else None
    if op.type == "AvgPool" and rank == 4:
        whole = list(op.get_attr("ksize"))[1:3] == maps.shape[1:3].as_list()
        return maps if whole and op.get_attr("padding") == b"VALID" else None
    return None


def _is_linear(op: tf.Operation, parts: list[tf.Tensor]) -> bool:
    """Tell whether an operation is linear (up to a constant) in those of its inputs that depend on the images."""
    if op.type in ("Reshape", "Squeeze", "ExpandDims"):
        before = parts[0].shape
        # Maps that are flattened are not averaged.
        return before.rank is not None and before[1:-1].num_elements() in (1, None) and _keeps_rows(op)
    if op.type in _PRODUCTS:
        return len(parts) == 1 and (op.type not in _FIRST or parts[0] is op.inputs[0])
    return op.type in (*_CARRIERS, *_SUMS)


def _layer(maps: tf.Tensor, given: Mapping[Any, str]) -> str | None:
    """Return the layer that gave these maps, looked for behind what hands them on as they are."""
    while maps.ref() not in given or maps.shape.rank != 4:
        op = maps.op
        if op.type not in _CARRIERS or op.inputs[0].shape[-1] != maps.shape[-1] or not _keeps_rows(op):
            return None
        maps = op.inputs[0]
    return given[maps.ref()]


def _keeps_rows(op: tf.Operation) -> bool:
    """Tell whether an operation leaves to each image the numbers that were its own."""
    before, after = op.inputs[0].shape, op.outputs[0].shape
    return bool(before.rank and after.rank) and before[1:].num_elements() == after[1:].num_elements()
