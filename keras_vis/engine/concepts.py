"""The door for masks: where in each image is each concept, whatever holds the answer?

Masks are arrays, a mapping of arrays, a function of images, an iterable of batches, or stand beside the images in the
data. They become ``(r, H, W, m)`` bool, a piece of the data at a time, or one error that says what to do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from keras_vis.engine.stream import Piece, Stream

_WANTED = "(n, H, W) for one concept, or (n, H, W, concepts)"
_ROWS = 256  # masks at once while an array is looked through


class Concepts:
    """The masks of a data set's images.

    Args:
        masks: see `dissect`.
        names: of the concepts, or None.
        stream: the images.
        which: the input that a function of images is given.

    Attributes:
        names: of the concepts, m.

    Raises:
        TypeError: no masks.
        ValueError: masks of another number, of the wrong rank, with other values than 0 and 1; names that do not fit.
            While it runs: the same, of masks that come batch by batch.
    """

    def __init__(self, masks: object, names: str | Sequence[str] | None, stream: Stream, which: int) -> None:
        self._which, self._stream = which, stream
        self._source: Mapping[str, Any] | np.ndarray | Callable[[np.ndarray], Any] | Iterable[Any] | None
        if isinstance(masks, Mapping):
            self._source = {str(name): _array(mask, f"masks[{name!r}]") for name, mask in masks.items()}
            if not self._source:
                raise ValueError("`masks` is empty. Give at least one concept: {name: (n, H, W) of 0 and 1}.")
        elif masks is None or callable(masks):
            self._source = masks
        elif hasattr(masks, "shape") and hasattr(masks, "__getitem__"):
            self._source = _array(masks, "masks")
        elif isinstance(masks, Iterator):
            raise ValueError(
                f"`masks` are gone through several times, and an iterator ({type(masks).__name__}) gives them once. "
                "Give an array, a function of the images, or a list of the batches: list(masks)."
            )
        elif isinstance(masks, Iterable) and not isinstance(masks, str | bytes):
            self._source = masks
        else:
            raise TypeError(
                f"`masks` must be a mapping from names to arrays, {_WANTED}, a function of the images, or an iterable "
                f"of batches; received {type(masks).__name__}."
            )
        self.names: tuple[str, ...] = ()
        self._shape: tuple[int, ...] = ()
        self._check_whole()
        first = next(self.walk(iter(stream)))[1]
        self.names = _named(names, self.names, first.shape[3])

    def walk(self, pieces: Iterable[Piece], wanted: np.ndarray | None = None) -> Iterator[tuple[Piece, np.ndarray]]:
        """Go through the data, and give each piece with its masks, ``(r, H, W, m)``, bool.

        Args:
            pieces: of the stream.
            wanted: the numbers of the images to give, rising; None gives all.
        """
        source, batches = self._source, None
        held: list[np.ndarray] = []
        if isinstance(source, Iterable) and not isinstance(source, Mapping | np.ndarray):
            batches = iter(source)
        for piece in pieces:
            rows = np.arange(piece.start, piece.start + len(piece))
            some = piece
            if wanted is not None:
                rows = rows[np.isin(rows, wanted)]
                some = _some(piece, rows - piece.start)
            if batches is not None:
                while sum(len(part) for part in held) < len(piece):
                    batch = next(batches, None)
                    if batch is None:
                        end = piece.start + sum(len(part) for part in held)
                        raise ValueError(f"`masks` end after {end} images, and `data` hold more. Give a mask for each.")
                    held.append(self._ready(batch, None))
                joined = np.concatenate(held) if len(held) > 1 else held[0]
                held = [joined[len(piece) :]]
            if len(rows):
                yield some, self._of(some, rows) if batches is None else joined[rows - piece.start]
            if wanted is not None and piece.start + len(piece) > wanted[-1]:
                return
        if batches is not None and (any(len(part) for part in held) or next(batches, None) is not None):
            raise ValueError("`masks` are for more images than `data` hold. Give one for each, in the same order.")

    def _of(self, piece: Piece, rows: np.ndarray) -> np.ndarray:
        """Return the masks of images whose numbers are known, where these do not come batch by batch."""
        source = self._source
        if source is None:
            if piece.beside is None:
                raise ValueError(
                    "`masks` is None, and `data` hold no masks beside the images. Give `masks`, or data of pairs "
                    f"(images, masks), the masks {_WANTED}."
                )
            return self._ready(piece.beside, len(piece), "data")
        if isinstance(source, Mapping):
            return self._ready({name: mask[rows] for name, mask in source.items()}, len(piece))
        if isinstance(source, np.ndarray):
            return self._ready(source[rows], len(piece))
        assert callable(source)
        # It may be the user's own array that would be written into.
        images = piece.batch.arrays[self._which].copy()
        return self._ready(source(images), len(piece), "what `masks` returns")

    def _check_whole(self) -> None:
        """Look at arrays as a whole, so that what is wrong shows at the door."""
        source, count = self._source, self._stream.count
        if isinstance(source, Mapping):
            given = {f"`masks[{name!r}]`": mask for name, mask in source.items()}
        elif isinstance(source, np.ndarray):
            given = {"`masks`": source}
        else:
            return
        for where, array in given.items():
            _check_shape(array, where)
        lengths = {len(array) for array in given.values()}
        if len(lengths) > 1 or (count is not None and lengths != {count}):
            told = " and ".join(map(str, sorted(lengths)))
            images = "each concept needs as many" if count is None else f"`data` hold {count}"
            raise ValueError(f"`masks` are for {told} images, and {images}. Give a mask for each, in the same order.")
        for start in range(0, lengths.pop(), _ROWS):
            rows = slice(start, start + _ROWS)
            self._ready({k: v[rows] for k, v in source.items()} if isinstance(source, Mapping) else source[rows], None)

    def _ready(self, value: object, count: int | None, argument: str = "masks") -> np.ndarray:
        """Return masks as ``(r, H, W, m)``, bool, checked."""
        where = argument if argument.startswith("what") else f"`{argument}`"
        if isinstance(value, Mapping):
            each = {str(name): _bools(mask, f"{where}[{name!r}]") for name, mask in value.items()}
            shapes = {name: mask.shape for name, mask in each.items()}
            if len(set(shapes.values())) != 1 or next(iter(shapes.values()))[-1] != 1:
                told = ", ".join(f"{name!r} {shape[:-1]}" for name, shape in shapes.items()) or "nothing"
                raise ValueError(f"{where}: every concept needs masks (n, H, W) of one shape; received {told}.")
            names, ready = tuple(each), np.concatenate(list(each.values()), axis=-1)
        else:
            names, ready = (), _bools(value, where)
        if count is not None and len(ready) != count:
            raise ValueError(f"{where}: {len(ready)} masks came for {count} images. Give one for each.")
        if self._shape not in ((), ready.shape[1:3]):
            raise ValueError(f"{where}: masks were of {self._shape} pixels, and are now of {ready.shape[1:3]}.")
        self._shape = ready.shape[1:3]
        if not self.names:
            self.names = names
        elif names and names != self.names:
            raise ValueError(f"{where}: the concepts were {', '.join(self.names)}, and are now {', '.join(names)}.")
        elif len(self.names) != ready.shape[3]:
            raise ValueError(f"{where}: there were {len(self.names)} concepts, and now there are {ready.shape[3]}.")
        return ready


def _some(piece: Piece, rows: np.ndarray) -> Piece:
    """Return some of the images of a piece."""
    if len(rows) == len(piece):
        return piece
    arrays = tuple(array[rows] for array in piece.batch.arrays)
    beside = None if piece.beside is None else piece.beside[rows]
    return Piece(dataclasses.replace(piece.batch, arrays=arrays), piece.start, beside)


def _array(value: object, where: str) -> np.ndarray:
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.kind not in "buif":
        raise TypeError(f"`{where}` must hold 0 and 1, or False and True; received {array.dtype}.")
    return array


def _check_shape(array: np.ndarray, where: str) -> None:
    if array.ndim not in (3, 4):
        hint = ""
        if array.ndim == 2:
            hint = (
                " Masks of one image each are joined by np.stack(masks), those of a tf.data.Dataset by .batch(n); one "
                "mask for every image is np.broadcast_to(mask, (n, *mask.shape))."
            )
        elif array.ndim == 1:
            hint = " Labels of whole images are no masks: say where in each image a concept is."
        raise ValueError(f"{where} has shape {array.shape}; masks are {_WANTED}.{hint}")
    if 0 in array.shape[1:]:
        raise ValueError(f"{where} has shape {array.shape}: masks without a pixel or a concept.")


def _bools(value: object, where: str) -> np.ndarray:
    """Return masks with an axis of concepts."""
    array = _array(value, where.strip("`"))
    _check_shape(array, where)
    if array.dtype != bool:
        wrong = (array != 0) & (array != 1)
        if wrong.any():
            raise ValueError(_mistaken(array, array[wrong], where))
        array = array == 1
    return array[..., None] if array.ndim == 3 else array


def _mistaken(array: np.ndarray, wrong: np.ndarray, where: str) -> str:
    if np.isnan(wrong).any():
        return f"{where} has NaN. Give 0 or 1 for every pixel."
    told = f"{where} must hold 0 and 1; received {wrong[0]:g} among others."
    if (wrong == wrong.astype(np.int64)).all() and wrong.min() > 0 and wrong.max() < 255:
        most = int(array.max())
        return f"{told} A label map becomes masks by labels[..., None] == np.arange(1, {most + 1})."
    return f"{told} Say from which value on a pixel belongs to the concept: masks > 0."


def _named(given: str | Sequence[str] | None, own: tuple[str, ...], count: int) -> tuple[str, ...]:
    if given is None:
        return own or (("concept",) if count == 1 else tuple(f"concept {i}" for i in range(count)))
    if own:
        raise ValueError(f"`names`: the masks have names of their own, {', '.join(own)}. Leave `names` out.")
    names = (given,) if isinstance(given, str) else tuple(map(str, given))
    if len(names) != count:
        raise ValueError(f"`names` has {len(names)} entries, and there are {count} concepts. Give one for each.")
    if len(set(names)) < len(names) or not all(name.strip() for name in names):
        raise ValueError(f"`names` must be different and not empty; received {', '.join(map(repr, names))}.")
    return names
