"""Which part of the image does a position of a layer's maps see?

The graph of the traced forward pass is followed from the image to the layers (`flow`), so that a Sequential, a
functional, a nested and a subclassed model are answered alike, and what is done in a ``Lambda`` too.

    flow      what each kind of operation makes of fields, along the graph
    spans     the pixels that each number depends on, along one side of the image
    windows   what convolutions, poolings and resizes look at
    moves     operations that only move numbers
    products  the axes of products
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vis.engine import layers, tap
from keras_vis.engine.batch import Batch, input_shapes, pack, take
from keras_vis.engine.calls import Calls
from keras_vis.engine.field.flow import Flow, Seen
from keras_vis.engine.field.spans import Span
from keras_vis.engine.field.windows import NOTHING
from keras_vis.engine.graph import form
from keras_vis.engine.probe import probe

_NAMED = 6  # layers that an error names


@dataclass(frozen=True)
class ReceptiveField:
    """The part of the image that each position of a layer's maps can depend on, in pixels.

    `size`, `stride` and `offset` are of a position far from the edges. Where these are not the same for all (behind a
    transposed convolution), `size` is the largest and `stride` the mean, which may be a fraction.

    Attributes:
        layer: its path.
        shape: of its maps, ``(h', w')``.
        image: of the image, ``(h, w)``.
        size: height and width of the field.
        stride: rows and columns of the image from a position to the next; 0 where all see the same.
        offset: top and left of the field of position (0, 0), not cut off at the edges: often negative.
        whole: whether every position sees the whole image or, where positions were lost, all that was seen of it. Those
            of a padding, which see nothing, do not count.
        through: paths of the layers in which it was lost: a global pooling, an attention, an unknown operation.

    Example:
        >>> field = kv.receptive_field(model, "conv_2")
        >>> field.size, field.stride
        ((5, 5), (1, 1))
    """

    layer: str
    shape: tuple[int, int]
    image: tuple[int, int]
    size: tuple[int, int]
    stride: tuple[float, float]
    offset: tuple[int, int]
    whole: bool
    through: tuple[str, ...]
    _edges: np.ndarray = field(repr=False, compare=False)  # (h', w', 4)

    def box(self, row: object, column: object) -> np.ndarray | tuple[int, int, int, int]:
        """Return the pixels that a position sees: top, left, bottom, right, the last two one beyond.

        Args:
            row: from 0 to h' − 1; or an array of them.
            column: from 0 to w' − 1; or an array that broadcasts with the rows.

        Returns:
            Four ints, cut off at the image's edges; for arrays ``(..., 4)``, int64. What sees nothing has (0, 0, 0, 0).

        Raises:
            TypeError: no whole numbers.
            ValueError: no position of the maps, or arrays that do not go together.
        """
        rows, columns = (
            _positions(value, size, name)
            for value, size, name in zip((row, column), self.shape, ("row", "column"), strict=True)
        )
        try:
            boxes = self._edges[rows, columns]
        except IndexError as error:
            raise ValueError(
                f"`row` and `column` do not go together: received shapes {rows.shape} and {columns.shape}."
            ) from error
        return boxes if boxes.ndim > 1 else tuple(int(edge) for edge in boxes)  # type: ignore[return-value]


def field_of(
    model: keras.Model, layer: str | keras.layers.Layer, which: int | str | None, size: object
) -> ReceptiveField:
    """Return the receptive field of a layer, see `methods.patches.receptive_field`."""
    room = probe(model)
    path, _ = layers.find(model, layer)
    batch = _blank(model, which, size)
    index = batch.pick_input(which)
    outline = room.outline(batch)
    given = outline.single(path)
    if len(given) != 3:
        raise ValueError(
            f"`layer={path!r}` gives no maps (h', w', k) but {given}. "
            f"These do: {', '.join(list(outline.maps())[-_NAMED:])}."
        )
    seen = room.compiled(("fields", index, form(batch.arrays)), lambda: _followed(model, batch, index))
    if path not in seen:
        raise ValueError(f"`layer={path!r}` does not depend on the images of input {batch.names[index]!r}.")
    shape, part = seen[path]
    return _read(path, shape, part, batch.arrays[index].shape[1:3])


def _followed(model: keras.Model, batch: Batch, which: int) -> dict[str, tuple[tuple[int, int], Seen]]:
    """Trace a forward pass of one image; return the height and width of each layer's maps, and what they see of it."""
    outputs: dict[str, Any] = {}
    notes: list[Calls] = []

    def forward(*inputs: tf.Tensor) -> Any:
        notes.append(Calls(model.name))
        with tap.tapped(model, layers.flatten(model), outputs.__setitem__, notes[-1]):
            return model(pack(batch.structure, inputs), training=False)

    # Of one image, so that every shape is known.
    specs = [tf.TensorSpec((1, *array.shape[1:]), array.dtype) for array in batch.arrays]
    graph = tf.function(forward, autograph=False).get_concrete_function(*specs).graph
    source = graph.inputs[which]
    found = Flow(graph, notes[-1].owners(), model.name).follow(graph, {source.ref(): Seen.image(source.shape)})
    maps = {
        path: tensor for path, tensor in outputs.items() if isinstance(tensor, tf.Tensor) and tensor.shape.rank == 4
    }
    # A position sees what any of its channels does.
    return {
        path: (tuple(tensor.shape[1:3]), found[tensor.ref()].mapped(lambda part: part.aligned(4).merged((3,))))
        for path, tensor in maps.items()
        if tensor.ref() in found
    }


def _read(path: str, shape: tuple[int, int], seen: Seen, image: Sequence[int]) -> ReceptiveField:
    """Return what a layer sees as a value."""
    edges = np.zeros((*shape, 4), np.int64)
    for i, part in enumerate((seen.rows, seen.columns)):
        edges[..., i], edges[..., i + 2] = part.low[0, ..., 0], part.high[0, ..., 0]
    edges[edges[..., :2].max(axis=-1) >= NOTHING // 2] = 0
    edges.flags.writeable = False
    (height, down, top), (width, right, left) = _inner(seen.rows, 0, edges), _inner(seen.columns, 1, edges)
    boxes = np.unique(edges[edges[..., 2] > edges[..., 0]], axis=0)
    whole = len(boxes) == 1 and (bool(seen.through) or tuple(boxes[0]) == (0, 0, *image))
    size, stride, offset = (height, width), (down, right), (top, left)
    return ReceptiveField(path, shape, (image[0], image[1]), size, stride, offset, whole, seen.through, edges)


def _inner(part: Span, side: int, edges: np.ndarray) -> tuple[int, float, int]:
    """Return size, stride and offset along one side of the image."""
    grid = part.grid
    there = np.zeros(0, bool) if grid is None or grid.block > 1 else grid.low < NOTHING // 2
    if grid is not None and there.any():
        stride, start = grid.step, int(np.flatnonzero(there)[0])
        return int((grid.high - grid.low)[there].max()), _plain(stride), int(grid.low[start])
    # Where no rule is known, what is there.
    low, high = edges[..., side], edges[..., side + 2]
    line = (low + high).mean(axis=1 - side)
    stride = Fraction(float(line[-1] - line[0])).limit_denominator(1000) / 2 / max(len(line) - 1, 1)
    return int((high - low).max()), _plain(stride), int(low[0, 0])


def _plain(number: Fraction) -> float:
    return number.numerator if number.denominator == 1 else float(number)


def _positions(value: object, size: int, name: str) -> np.ndarray:
    """Return positions along an axis of the maps."""
    array = np.asarray(value)
    if array.dtype.kind not in "iu":
        raise TypeError(f"`{name}` must be a whole number or an array of them; received {value!r}.")
    wrong = array[(array < 0) | (array >= size)]
    if wrong.size:
        raise ValueError(f"`{name}`: {wrong[0]} is no position of the maps, which have {size}: 0 to {size - 1}.")
    return array


def _blank(model: keras.Model, which: int | str | None, size: object) -> Batch:
    """Return a black image of the size that the model has or, where it leaves that open, of the one asked for."""
    wanted = (None, None) if size is None else _pair(size)
    known = input_shapes(model) or {"images": _built(model, wanted)}
    given = {
        name: tuple(
            wanted[axis] if length is None and axis < 2 and len(shape) in (2, 3) else length
            for axis, length in enumerate(shape)
        )
        for name, shape in known.items()
    }
    blank = [np.zeros((1, *(length or 1 for length in shape)), np.float32) for shape in given.values()]
    chosen = Batch(tuple(blank), 0, tuple(known)).pick_input(which)
    for i, (name, shape) in enumerate(given.items()):
        if None in shape:
            hint = "Give it: `size=(height, width)`." if size is None else "Build the model with a fixed one."
            raise ValueError(f"the model's input {name!r} leaves its size open: {known[name]}. {hint}")
        if i == chosen and size is not None and shape[:2] != wanted:
            raise ValueError(
                f"`size={wanted}` is not that of the model's input {name!r}, which takes images of {shape[:2]}. "
                "Leave it out."
            )
    return take(model, blank[0] if len(blank) == 1 else dict(zip(known, blank, strict=True)))


def _built(model: keras.Model, wanted: Sequence[int | None]) -> tuple[int | None, ...]:
    """Return the shape of the images of a model of which Keras knows no more than what it was built for."""
    shape = (model.get_build_config() or {}).get("input_shape") if model.built else None
    if not isinstance(shape, list | tuple) or len(shape) != 4 or not isinstance(shape[-1], int):
        raise ValueError(
            f"`model` {model.name!r} does not say what it takes. Call it on a batch of images first, or begin it with "
            "keras.Input(shape)."
        )
    # Its height and width bind nobody: a net that ends in a pooling takes others.
    return (None, None, shape[-1]) if None not in wanted else tuple(shape[1:])


def _pair(size: object) -> tuple[int, int]:
    pair = np.asarray(size)
    if pair.shape != (2,) or pair.dtype.kind not in "iu" or (pair < 1).any():
        raise ValueError(f"`size` must be (height, width) in pixels, both at least 1; received {size!r}.")
    return int(pair[0]), int(pair[1])
