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

from keras_vis.engine.batch import Batch, bar, input_shapes, take


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
        self.first = first.batch
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
        for piece in self._raw():
            held.append(piece)
            waiting = sum(map(len, held))
            if waiting < self.size:
                continue
            whole = _join(held, self._argument)
            full = waiting - waiting % self.size
            for start in range(0, full, self.size):
                yield _cut(whole, slice(start, start + self.size), done)
                done += self.size
            held = [_cut(whole, slice(full, waiting), 0)] if waiting > full else []
        if held:
            yield _cut(_join(held, self._argument), slice(None), done)

    def _raw(self) -> Iterator[Piece]:
        """What the data give, as they give it."""
        if self._arrays is not None:
            # Cut before they are cast: a data set in 8 bits never becomes one in float32.
            size = self._size if isinstance(self._size, int) and self._size > 0 else 256
            for start in range(0, self.count or 0, size):
                part = {name: array[start : start + size] for name, array in self._arrays.items()}
                arrays = list(part.values())
                whole = part if isinstance(self._data, Mapping) else arrays if len(arrays) > 1 else arrays[0]
                yield Piece(take(self._model, whole, self._argument), start)
            return
        while self._ahead:
            yield self._ahead.pop()
        for item in self._items():
            images, beside, _ = keras.utils.unpack_x_y_sample_weight(item)
            batch = take(self._model, images, self._argument)
            rows = None if beside is None else _beside(beside, len(batch), self._argument)
            yield Piece(batch, 0, rows)

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
        several = self._inputs is not None and len(self._inputs) > 1
        if isinstance(data, Mapping):
            return dict(data)
        if several and isinstance(data, list | tuple) and len(data) == len(self._inputs or ()):
            return {f"{i}": array for i, array in enumerate(data)}
        if hasattr(data, "shape") and hasattr(data, "__getitem__"):
            return {"0": data[None] if _alone(data, self._inputs) else data}
        return None

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


def _alone(data: Any, inputs: Mapping[str, tuple[int | None, ...]] | None) -> bool:
    """Whether an array is one image, without the axis of images; not several grey ones without that of channels."""
    wanted = () if inputs is None else next(iter(inputs.values()))
    shape = tuple(data.shape)
    if len(wanted) == 3 and wanted[-1] == 1 and len(shape) == 2:
        shape = (*shape, 1)
    return len(shape) == len(wanted) and all(w is None or s == w for s, w in zip(shape, wanted, strict=True))


def _common_length(arrays: Mapping[str, Any], argument: str) -> int:
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise ValueError(f"`{argument}`: every input needs as many entries; received {each}.")
    return next(iter(lengths.values()), 0)


def _beside(beside: object, count: int, argument: str) -> np.ndarray | None:
    """Return what stands beside some images, one row for each; None where it is no array of that."""
    if isinstance(beside, list | tuple | Mapping):
        return None
    rows = np.asarray(beside)
    rows = rows[None] if rows.ndim == 0 and count == 1 else rows
    if rows.ndim == 0 or len(rows) != count:
        raise ValueError(f"`{argument}` holds {count} images and labels of shape {rows.shape} in one batch.")
    return rows


def _cut(piece: Piece, rows: slice, start: int) -> Piece:
    batch = Batch(
        tuple(a[rows] for a in piece.batch.arrays), piece.batch.structure, piece.batch.names, piece.batch.image
    )
    return Piece(batch, start, None if piece.beside is None else piece.beside[rows])


def _join(pieces: list[Piece], argument: str) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    first = pieces[0].batch
    shapes = {tuple(array.shape[1:] for array in piece.batch.arrays) for piece in pieces}
    if len(shapes) > 1:
        raise ValueError(
            f"`{argument}` has images of several sizes: {', '.join(map(str, sorted(shapes)))}. Resize them."
        )
    arrays = tuple(np.concatenate(parts) for parts in zip(*(piece.batch.arrays for piece in pieces), strict=True))
    sides = [piece.beside for piece in pieces if piece.beside is not None]
    beside = np.concatenate(sides) if len(sides) == len(pieces) else None
    return Piece(Batch(arrays, first.structure, first.names, first.image), 0, beside)
