"""How does a whole data set go through a model, whatever holds it, without ever being in memory?

    for piece in Stream(model, data, batch=None):    # as often as it is wanted
        room.activations(piece.batch, ...)

Data are an array, a tf.data.Dataset, a Keras PyDataset, or an iterable that can be gone through again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vis.engine.batch import Batch, bar, input_shapes, is_large, take


@dataclass(frozen=True)
class Piece:
    """Some images of a data set that go through a model at once.

    Attributes:
        batch: the images, checked against the model.
        start: the number of the first of them in the data.
        beside: what the data hold beside them, as labels: an array ``(r, ...)``; None where they hold images alone.
    """

    batch: Batch
    start: int
    beside: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.batch)

    @property
    def rows(self) -> slice:
        """Where these images stand in an array of something for each image of the data."""
        return slice(self.start, self.start + len(self))


class Stream:
    """The images of a data set, in pieces of the size that goes through a model at once.

    Args:
        model: for which model.
        data: ``(n, h, w, c)``, or, for a model of several inputs, a list or dict of arrays; or something that gives
            such batches (or single images), alone or as ``(images, labels)`` or ``(images, labels, weights)`` as in
            `fit`: a `tf.data.Dataset`, a `PyDataset`, any iterable that can be gone through again. An array may be
            larger than the memory (`numpy.memmap`): it is read piece by piece.
        batch: images in a piece; None chooses. Batches of the data are cut or joined to that size.
        passes: how often the data will be gone through.
        argument: the name of the argument in messages.

    Raises:
        TypeError: `data` is nothing that gives images.
        ValueError: `data` never ends, can be gone through once only where more is wanted, or is empty; `batch` < 1.
            While it runs: what `take` raises, or that a later pass gives more, fewer or other images than the first.
    """

    def __init__(
        self,
        model: keras.Model,
        data: object,
        *,
        batch: int | None = None,
        passes: int = 1,
        argument: str = "data",
    ) -> None:
        self._model, self._data, self._argument, self._size = model, data, argument, batch
        self._marks: list[int] | None = [] if passes > 1 else None  # of the first image of each piece
        self._inputs = input_shapes(model)
        self._arrays = self._side_by_side(data)
        self.count = None if self._arrays is None else _common_length(self._arrays, argument)
        if self._arrays is None:
            self._check_iterable(passes)
        self._ahead: list[Piece] = []
        # The first piece is taken here: what is wrong with the data shows at the door, and a model is built by it.
        first = next(self._raw(), None)
        if first is None:
            raise ValueError(
                f"`{argument}` is empty. Give at least one image; an iterator that has been used up is empty, too."
            )
        if isinstance(data, Iterator):
            self._ahead.append(first)  # it will not come again
        # Of these one image is kept, to ask about shapes.
        self.first = _copied(first.batch)
        self.size = self.first.at_once(batch, forward=True)

    def __len__(self) -> int:
        """How many images there are; known once the data have been gone through."""
        if self.count is None:
            raise TypeError(f"`{self._argument}` has not been gone through yet.")
        return self.count

    def walk(self, what: str, progress: bool | str) -> Iterator[Piece]:
        """Go through the data once, with a bar of this name where it takes longer than a second."""
        with bar(self.count, what if isinstance(progress, bool) else progress, bool(progress)) as shown:
            for piece in self:
                yield piece
                shown.update(len(piece))

    def __iter__(self) -> Iterator[Piece]:
        """Go through the data once, in pieces of `size`, the last one smaller."""
        done = 0
        for i, piece in enumerate(self._pieces()):
            self._recognise(i, piece)
            yield piece
            done += len(piece)
        if self.count is None:
            self.count = done
        elif done != self.count:
            raise ValueError(
                f"`{self._argument}` gave {done} images on a later pass, and {self.count} on the first. Give what can "
                "be gone through again and is the same each time: an array, a tf.data.Dataset or a list of batches, "
                "not an iterator."
            )

    def _recognise(self, number: int, piece: Piece) -> None:
        """Check that a piece is what it was on the first pass."""
        if self._marks is None:
            return
        mark = zlib.crc32(b"".join(np.ascontiguousarray(array[0]).tobytes() for array in piece.batch.arrays))
        if number == len(self._marks):
            self._marks.append(mark)
        elif self._marks[number] != mark:
            raise ValueError(
                f"`{self._argument}` gives other images, or the same in another order, on each pass. Shuffle a "
                "tf.data.Dataset with `reshuffle_each_iteration=False`, or not at all, and leave out what changes "
                "images at random."
            )

    def _pieces(self) -> Iterator[Piece]:
        """What the data give, cut and joined to pieces of one size."""
        done, held = 0, []
        wanted = [array.shape[1:] for array in self.first.arrays]
        for piece in self._raw():
            shapes = [array.shape[1:] for array in piece.batch.arrays]
            if shapes != wanted:
                told = " and ".join(" with ".join(map(str, these)) for these in (wanted, shapes))
                raise ValueError(f"`{self._argument}` has images of several sizes: {told}. Resize them to one.")
            held.append(piece)
            waiting = sum(map(len, held))
            if waiting < self.size:
                continue
            whole = _join(held)
            full = waiting - waiting % self.size
            for start in range(0, full, self.size):
                yield _cut(whole, slice(start, start + self.size), done)
                done += self.size
            held = [_cut(whole, slice(full, waiting), 0)] if waiting > full else []
        if held:
            yield _cut(_join(held), slice(None), done)

    def _raw(self) -> Iterator[Piece]:
        """What the data give, as they give it."""
        if self._arrays is not None:
            # Cut before they are cast: a data set in 8 bits never becomes one in float32.
            size = 16 if any(is_large(np.shape(array)) for array in self._arrays.values()) else 256
            size = self._size if isinstance(self._size, int) and self._size > 0 else size
            for start in range(0, self.count or 0, size):
                part = {name: array[start : start + size] for name, array in self._arrays.items()}
                arrays = list(part.values())
                whole = part if isinstance(self._data, Mapping) else arrays if len(arrays) > 1 else arrays[0]
                yield Piece(take(self._model, whole, self._argument, start=start), start)
            return
        while self._ahead:
            yield self._ahead.pop()
        start = 0
        for item in self._items():
            images, beside, _ = keras.utils.unpack_x_y_sample_weight(item)
            images, alone = self._batched(images)
            if alone is None:
                continue
            batch = take(self._model, images, self._argument, start=start)
            rows = None if beside is None else _beside(beside, len(batch), alone, self._argument)
            start += len(batch)
            yield Piece(batch, 0, rows)

    def _batched(self, images: Any) -> tuple[Any, bool | None]:
        """Return images with the axis of images, and whether it had to be added; None of none."""
        parts = keras.tree.flatten(images)
        if any(np.shape(part)[:1] == (0,) for part in parts):
            return images, None
        if self._inputs is None:
            alone = len(parts) == 1 and np.ndim(parts[0]) == 3
        else:
            alone = len(parts) == len(self._inputs) and all(map(_alone, parts, self._inputs.values()))
        return (keras.tree.map_structure(lambda part: np.asarray(part)[None], images) if alone else images), alone

    def _items(self) -> Iterable[Any]:
        data: Any = self._data
        if isinstance(data, keras.utils.PyDataset):
            # By number, as in `fit`; and without `on_epoch_end`, which would shuffle the user's own.
            return (data[i] for i in range(data.num_batches))
        if isinstance(data, tf.data.Dataset):
            return data.as_numpy_iterator()
        return iter(data)

    def _side_by_side(self, data: object) -> dict[str, Any] | None:
        """Return the arrays that hold the images of each input, or None where the data are gone through."""
        inputs = self._inputs or {}
        if isinstance(data, Mapping):
            arrays = dict(data)
        elif (
            len(inputs) > 1
            and isinstance(data, list | tuple)
            and len(data) == len(inputs)
            and all(map(_is_array, data))
        ):
            arrays = dict(zip(inputs, data, strict=True))
        elif _is_array(data) and not isinstance(data, list):
            arrays = {next(iter(inputs), "0"): data}
        else:
            return None
        # One image of each input, without the axis of images, is a data set of one.
        if inputs and all(name in inputs and _alone(array, inputs[name]) for name, array in arrays.items()):
            return {name: np.asarray(array)[None] for name, array in arrays.items()}
        return arrays

    def _check_iterable(self, passes: int) -> None:
        data, argument = self._data, self._argument
        if isinstance(data, keras.utils.PyDataset):
            if data.num_batches is None:
                raise ValueError(f"`{argument}` is a PyDataset that never ends. Give it a `num_batches`.")
            return
        if isinstance(data, tf.data.Dataset):
            if data.cardinality() == tf.data.INFINITE_CARDINALITY:
                raise ValueError(f"`{argument}` repeats for ever. Give a part of it: data.take(number of batches).")
            return
        if isinstance(data, tuple) and len(data) > 1 and np.ndim(data[0]) == 4 and np.ndim(data[1]) in (1, 2):
            raise ValueError(
                f"`{argument}` is a tuple. If it is (images, labels), give the images alone, or both as the one batch "
                f"of a list: [{argument}]."
            )
        if isinstance(data, str | bytes) or not isinstance(data, Iterable):
            raise TypeError(
                f"`{argument}` must be an array of images, a tf.data.Dataset, a PyDataset or an iterable of batches; "
                f"received {type(data).__name__}."
            )
        if passes > 1 and isinstance(data, Iterator):
            raise ValueError(
                f"`{argument}` is gone through {passes} times, and an iterator ({type(data).__name__}) gives its "
                "images once. Give an array, a tf.data.Dataset, or a list of its batches: list(data)."
            )


def _is_array(data: Any) -> bool:
    """Whether it can be cut into pieces by number, as an array: not a list of batches."""
    if isinstance(data, list):
        return not any(hasattr(part, "shape") or isinstance(part, tuple | Mapping) for part in data)
    return hasattr(data, "shape") and hasattr(data, "__getitem__")


def _alone(data: Any, wanted: tuple[int | None, ...]) -> bool:
    """Whether an array is one image, without the axis of images; not several grey ones without that of channels."""
    shape = np.shape(data)
    if len(wanted) == 3 and wanted[-1] == 1 and len(shape) == 2:
        shape = (*shape, 1)
    return len(shape) == len(wanted) and all(w is None or s == w for s, w in zip(shape, wanted, strict=True))


def _common_length(arrays: Mapping[str, Any], argument: str) -> int:
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise ValueError(f"`{argument}`: every input needs as many entries; received {each}.")
    return next(iter(lengths.values()), 0)


def _beside(beside: object, count: int, alone: bool, argument: str) -> np.ndarray | None:
    """Return what stands beside some images, one row for each; None where it is no array of that."""
    if isinstance(beside, list | tuple | Mapping):
        return None
    rows = np.asarray(beside)
    rows = rows[None] if alone else rows
    if rows.ndim == 0 or len(rows) != count:
        raise ValueError(f"`{argument}` holds {count} images and labels of shape {rows.shape} in one batch.")
    return rows


def _copied(batch: Batch) -> Batch:
    """Return the first image alone; a copy, so that the others can go."""
    return Batch(tuple(array[:1].copy() for array in batch.arrays), batch.structure, batch.names, batch.image)


def _cut(piece: Piece, rows: slice, start: int) -> Piece:
    batch = Batch(
        tuple(a[rows] for a in piece.batch.arrays), piece.batch.structure, piece.batch.names, piece.batch.image
    )
    return Piece(batch, start, None if piece.beside is None else piece.beside[rows])


def _join(pieces: list[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    first = pieces[0].batch
    arrays = tuple(np.concatenate(parts) for parts in zip(*(piece.batch.arrays for piece in pieces), strict=True))
    sides = [piece.beside for piece in pieces if piece.beside is not None]
    beside = np.concatenate(sides) if len(sides) == len(pieces) else None
    return Piece(Batch(arrays, first.structure, first.names, first.image), 0, beside)
