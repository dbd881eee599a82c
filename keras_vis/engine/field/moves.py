"""What is left of the fields of numbers that are moved: reshaped, cut, padded, laid side by side, repeated?

The operation is run on the numbers of the places themselves, so that no rule for it can be wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vis.engine.field.spans import Grid, Span, span
from keras_vis.engine.field.windows import NOTHING, Window, rerun

# The operations, and which of their inputs hold the numbers; the others say where to.
MOVES = {
    **dict.fromkeys(
        (
            *("BatchToSpaceND", "BroadcastTo", "DepthToSpace", "ExpandDims", "ExtractImagePatches", "GatherNd"),
            *("GatherV2", "MirrorPad", "Pad", "PadV2", "Reshape", "ReverseV2", "Roll", "Slice", "SpaceToBatchND"),
            *("SpaceToDepth", "SplitV", "Squeeze", "StridedSlice", "Tile", "Transpose", "Unpack"),
        ),
        slice(0, 1),
    ),
    "ConcatV2": slice(0, -1),
    "Pack": slice(0, None),
    "Split": slice(1, 2),
}
_MOST = 1 << 24  # places that are followed one by one: 128 MB for each bound


def moved(op: tf.Operation, parts: Sequence[Span | None], rest: dict[int, Any]) -> list[Span] | None:
    """Return the spans of what an operation gives; None where that would take too much memory.

    Args:
        op: of one of `MOVES`.
        parts: the spans of the numbers that it moves; None of those that do not depend on the image.
        rest: the values of its other inputs, by index.
    """
    data = range(*MOVES[op.type].indices(len(op.inputs)))
    shapes = {i: tuple(op.inputs[i].shape) for i in data}
    if op.type == "ConcatV2":
        first = next(iter(shapes.values()))
        return [_side_by_side(parts, list(shapes.values()), int(rest[len(parts)]) % len(first))]
    if op.type == "PadV2":
        rest = {**rest, 2: np.array(0, np.int32)}  # what is filled in comes from nowhere
    seeing = {i: part for i, part in zip(data, parts, strict=True) if part is not None}
    if not any(len(shapes[i]) - 1 in part.axes(len(shapes[i])) for i, part in seeing.items()):
        rest, shapes = _thinned(op, rest, shapes)
    if sum(math.prod(shape) for shape in shapes.values()) > _MOST:
        return None
    # Every number bears that of its place; 0 where nothing of the image comes in.
    start, places = 1, {}
    for i, shape in shapes.items():
        count = math.prod(shape)
        place = np.arange(start, start + count, dtype=np.int32) if i in seeing else np.zeros(count, np.int32)
        places[i] = place.reshape(shape)
        start += count if i in seeing else 0
    made = rerun(op, [places.get(i, rest.get(i)) for i in range(len(op.inputs))])
    kept = [shapes[i] for i in seeing]
    return [_followed(op, list(seeing.values()), kept, to) for to in made]


def _followed(op: tf.Operation, parts: list[Span], shapes: list[tuple[int, ...]], to: np.ndarray) -> Span:
    """Return the span of numbers that have been moved; `to` has the number of the place that each comes from."""
    bounds = []
    for nothing, pick in ((NOTHING, "low"), (-NOTHING, "high")):
        if all(not part.varies for part in parts) and len(parts) == 1 and to.all():
            bounds.append(getattr(parts[0], pick).reshape([1] * to.ndim))
            continue
        all_places = [
            np.broadcast_to(getattr(part, pick), shape).ravel() for part, shape in zip(parts, shapes, strict=True)
        ]
        bounds.append(np.concatenate([[nothing], *all_places])[to])
    grid = _moved_grid(op, parts, shapes, to)
    return span(bounds[0], bounds[1], grid)


def _moved_grid(op: tf.Operation, parts: list[Span], shapes: list[tuple[int, ...]], to: np.ndarray) -> Grid | None:
    """Return the grid of numbers that have been moved, if it lies along one axis again."""
    grid = parts[0].grid
    if op.type in ("SpaceToBatchND", "BatchToSpaceND"):
        return _interleaved(op, grid)
    if grid is None or grid.block > 1 or len(parts) > 1 or op.type == "Roll":  # which breaks off somewhere inside
        return None

    def place(axis: int) -> np.ndarray:
        """The place along an axis of what goes in; −1 where nothing does."""
        return np.where(to > 0, (to - 1) // math.prod(shapes[0][axis + 1 :]) % shapes[0][axis], -1)

    for other in parts[0].axes(len(shapes[0])) - {grid.axis}:
        if len(np.unique(place(other)[to > 0])) < shapes[0][other]:
            return None  # channels see different things, and only some are left
    at = place(grid.axis)
    low, high = grid.at(at)
    there = at >= 0
    for out in sorted(range(to.ndim), key=lambda i: (i != grid.axis, i)):
        others = tuple(i for i in range(to.ndim) if i != out)
        same = all(
            (values == np.where(there, values, values.min()).max(others, keepdims=True))[there].all()
            for values in (low, high)
        )
        if same and grid.advance:
            return grid.through(Window.followed(at.max(others)), out)
        if same:  # rows laid end to end, and now one below the other again: where each begins anew is known no more
            return Grid.fitted(
                out, low.max(others, where=there, initial=-NOTHING), high.max(others, where=there, initial=-NOTHING)
            )
    return None


def _interleaved(op: tf.Operation, grid: Grid | None) -> Grid | None:
    """Return the grid where positions go to the batch, every second to the same image, or come back from there."""
    block, moved = (tf.get_static_value(tensor) for tensor in op.inputs[1:])
    if grid is None or block is None or moved is None or not 1 <= grid.axis <= len(block):
        return None
    size, shift = int(block[grid.axis - 1]), int(moved[grid.axis - 1][0])
    out = op.type == "SpaceToBatchND"
    if grid.block != (1 if out else size):
        return None
    shifted = replace(grid, block=1).through(Window(np.empty((0, 1), int), np.array([[-shift if out else shift]]), 1))
    return None if shifted is None else replace(shifted, block=size if out else 1)


def _side_by_side(parts: Sequence[Span | None], shapes: list[tuple[int, ...]], axis: int) -> Span:
    """Return the span of tensors that are laid side by side along an axis; None of what does not see the image."""
    rank = len(shapes[0])
    aligned = [None if part is None else part.aligned(rank) for part in parts]
    wide = np.broadcast_shapes(
        *((*part.low.shape[:axis], 1, *part.low.shape[axis + 1 :]) for part in aligned if part is not None)
    )
    bounds = []
    for nothing, pick in ((NOTHING, "low"), (-NOTHING, "high")):
        pieces = [np.array(nothing) if part is None else getattr(part, pick) for part in aligned]
        sizes = [(*wide[:axis], shape[axis], *wide[axis + 1 :]) for shape in shapes]
        bounds.append(np.concatenate([np.broadcast_to(*pair) for pair in zip(pieces, sizes, strict=True)], axis))
    grids = [part.grid for part in parts if part is not None]
    whole = grids[0]
    for other in grids[1:]:
        whole = whole.joined(other) if whole is not None and other is not None else None
    return span(bounds[0], bounds[1], None if whole is None or whole.axis == axis else whole)


def _thinned(
    op: tf.Operation, rest: dict[int, Any], shapes: dict[int, tuple[int, ...]]
) -> tuple[dict[int, Any], dict[int, tuple[int, ...]]]:
    """Return what says where to, and the shapes, with one channel for all where the operation leaves channels alone."""
    shape = shapes.get(0, ())
    rank, to = len(shape), np.asarray(rest.get(1))
    alone = {
        **dict.fromkeys(("MirrorPad", "Pad", "PadV2"), lambda: not to[-1].any()),
        **dict.fromkeys(("BatchToSpaceND", "SpaceToBatchND"), lambda: len(to) < rank - 1),
        "ExpandDims": lambda: int(to) % (rank + 1) < rank,
        "Reshape": lambda: tuple(op.outputs[0].shape)[-1:] == shape[-1:],
        "Tile": lambda: to[-1] == 1,
        "Transpose": lambda: to[-1] == rank - 1,
    }.get(op.type, lambda: False)
    if not shape or not alone():
        return rest, shapes
    if op.type == "Reshape":
        rest = {1: np.array([*op.outputs[0].shape[:-1], 1], np.int32)}
    return rest, {0: (*shape[:-1], 1)}
