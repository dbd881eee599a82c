"""What goes into the model: which numbers, in which range, in which channels?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_vis.picture import Picture, Table, about

_MOST = 16  # images that are drawn: the figures are of all
_CHANNELS = 4  # an array (a, b, c) of no more than so many c is one image
_ROWS = 64  # images at once in float64, so that 60,000 do not fill the memory
_BINS = 128
_WHOLE = 2**53  # beyond, float64 has not every whole number
_LAST = float(np.finfo(np.float64).max)
_SMALLER = 2.0**-540  # times the largest float64: the squares of ten thousand millions of such can be summed
_FIGURES = ("min", "max", "mean", "std", "share of zeros", "outside 0 to 1", "NaN", "infinite")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Inspection(Picture):
    """Images as they were given, and what their numbers are.

    Attributes:
        values: ``(m, h, w, c)``, the first of the images, at most 16: those that are drawn. In their own type.
        shape: of all of them, ``(n, h, w, c)``.
        dtype: the type of their numbers, as ``"uint8"``.
        figures: ``(1 + c, 8)``, float64, in the first row of all numbers, then of each channel: min, max, mean, std,
            share of zeros, share outside [0, 1], and the counts of NaN and of infinite ones, which have no part in the
            first six.
        counts: ``(b,)``, the histogram of all finite numbers.
        edges: ``(b + 1,)``, of its bars.
    """

    values: np.ndarray
    shape: tuple[int, ...]
    dtype: str
    figures: np.ndarray
    counts: np.ndarray
    edges: np.ndarray

    def statistics(self) -> Table:
        """Set the figures as a table.

        Returns:
            A row for all channels together and, where there are several, one for each.
        """
        named = ["all", *range(self.shape[3])] if self.shape[3] > 1 else ["all"]
        rows = [
            (name, *map(float, row[:6]), *map(int, row[6:])) for name, row in zip(named, self.figures, strict=False)
        ]
        return Table(("channel", *_FIGURES), rows, title=self._title(), about=self.about)

    def draw(self) -> np.ndarray:
        """Draw the figures, the histogram, and each image: its channels in grey and in false colour.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import inspection

        return inspection.inspection_sheet(
            self.values,
            count=self.shape[0],
            figures=dict(zip(_FIGURES, self.figures[0].tolist(), strict=True)),
            histogram=(self.counts, self.edges),
            title=self._title(),
        )

    def _title(self) -> str:
        n, h, w, c = self.shape
        return f"{n:,} image{'s' * (n != 1)} of {h} \u00d7 {w}, {c} channel{'s' * (c != 1)}, {self.dtype}"


def inspect_images(images: object) -> Inspection:
    """Sum up the numbers of images as they are: no cast, no scaling.

    A model that was trained on values from 0 to 1 sees white where it is given 0 to 255; nothing tells of it but its
    answers. Look before you feed it.

    Args:
        images: ``(n, h, w, c)``, grey ones ``(n, h, w)``, one image ``(h, w, c)`` of at most 4 channels, or ``(h, w)``;
            of any type and range. An array ``(a, b, c)`` with c from 1 to 4 is taken for one image.

    Returns:
        `Inspection`, a `Picture` with `shape`, `dtype`, `figures` of all numbers and of each channel, and a histogram;
        `.statistics()` is the table of these. Drawn are the first 16 images, each channel in grey and in viridis, all
        on one scale from the lowest number to the highest; NaN and infinite ones are orange.

    Raises:
        TypeError: `images` are no numbers.
        ValueError: they have no such shape, are empty, or hold no finite number.

    Example:
        >>> kv.inspect_images(x_train)
        >>> kv.inspect_images(x_train).statistics().save("what_goes_in.csv")
    """
    array = _images(images)
    figures = _figures(array)
    low, high = figures[0, :2]
    edges = _edges(array.dtype, low, high)
    counts = sum(np.histogram(piece[np.isfinite(piece)], edges)[0] for piece in _pieces(array))
    told = {name: float(figure) for name, figure in zip(_FIGURES, figures[0], strict=True)}
    return Inspection(
        values=np.ascontiguousarray(array[:_MOST]),
        shape=array.shape,
        dtype=array.dtype.name,
        figures=figures,
        counts=np.asarray(counts),
        edges=edges,
        about=about("inspect_images", shape=array.shape, dtype=array.dtype.name, **told),
    )


def _images(images: object) -> np.ndarray:
    """Return ``(n, h, w, c)``, in the type that was given."""
    if isinstance(images, str | bytes | Mapping):
        raise TypeError(f"`images` must be an array of numbers; received {type(images).__name__}.")
    try:
        array: np.ndarray = np.asarray(images)
    except Exception as error:
        sizes = {np.shape(image) for image in images if hasattr(image, "shape")} if isinstance(images, list) else ()
        if len(sizes) > 1:
            shown = ", ".join(map(str, sorted(sizes)))
            raise ValueError(f"`images`: all images of a list must have one size; received {shown}.") from error
        raise TypeError(f"`images` is no array of numbers: {error}") from error
    if array.dtype.kind not in "buif" and array.dtype.name not in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        hint = " Take a batch of it: next(iter(data))." if hasattr(images, "element_spec") else ""
        raise TypeError(f"`images` must be numbers; received {type(images).__name__} of {array.dtype}.{hint}")
    given = array.shape
    if array.ndim == 2:
        array = array[None, ..., None]
    elif array.ndim == 3:
        array = array[None] if 1 <= array.shape[-1] <= _CHANNELS else array[..., None]
    if array.ndim != 4 or not array.size:
        raise ValueError(
            f"`images` must be (n, h, w, c), (n, h, w), (h, w, c) or (h, w), and not empty; received {given}."
        )
    return array


def _pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """The images in float64, some at a time."""
    for start in range(0, len(array), _ROWS):
        yield array[start : start + _ROWS].astype(np.float64)


def _figures(array: np.ndarray) -> np.ndarray:
    """Return the figures of all numbers and of each channel, ``(1 + c, 8)``."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = _summed(array, 1.0)
        if np.isinf(found[:, 2:4]).any() or np.isnan(found[0, 2:4]).any():
            # of numbers near the ends of float64 the sums lie beyond them
            found = _summed(array, _SMALLER)
            found[:, 2:4] = np.clip(found[:, 2:4], -_LAST, _LAST)  # by a rounding the mean, too
    return found


def _summed(array: np.ndarray, scale: float) -> np.ndarray:
    """Sum up, all numbers times a scale on the way."""
    axes, channels = (0, 1, 2), array.shape[3]
    count, total, zeros, outside, nan = np.zeros((5, channels))
    low, high = np.full(channels, np.inf), np.full(channels, -np.inf)
    for piece in _pieces(array):
        finite = np.isfinite(piece)
        nan += np.isnan(piece).sum(axes)
        count += finite.sum(axes)
        total += (np.where(finite, piece, 0) * scale).sum(axes)
        zeros += (piece == 0).sum(axes)
        outside += (finite & ((piece < 0) | (piece > 1))).sum(axes)
        low = np.minimum(low, np.where(finite, piece, np.inf).min(axes))
        high = np.maximum(high, np.where(finite, piece, -np.inf).max(axes))
    if not count.sum():
        raise ValueError("`images` hold no finite number: all are NaN or infinite.")
    sums: Any = {"count": count, "total": total, "zeros": zeros, "outside": outside, "nan": nan}
    whole = {name: np.concatenate([[own.sum()], own]) for name, own in sums.items()}
    some = np.maximum(whole["count"], 1)  # a channel of NaN alone has no mean, and is told of below
    mean = whole["total"] / some
    squares = np.zeros(1 + channels)
    for piece in _pieces(array):
        finite = np.isfinite(piece)
        squares[0] += np.where(finite, (piece * scale - mean[0]) ** 2, 0).sum()
        squares[1:] += np.where(finite, (piece * scale - mean[1:]) ** 2, 0).sum(axes)
    numbers = array.size // channels * np.array([channels, *[1] * channels])
    known = [
        np.concatenate([[low.min()], low]),
        np.concatenate([[high.max()], high]),
        mean / scale,
        np.sqrt(squares / some) / scale,
        whole["zeros"] / some,
        whole["outside"] / some,
    ]
    known = [np.where(whole["count"] > 0, figure, np.nan) for figure in known]
    return np.stack([*known, whole["nan"], numbers - whole["count"] - whole["nan"]], axis=1)


def _edges(dtype: np.dtype[Any], low: float, high: float) -> np.ndarray:
    """The ends of the bars: one bar for each whole number where there are few, else so many of the same width."""
    if dtype.kind in "bui" and high - low < 2 * _BINS and max(-low, high) < _WHOLE:
        return np.arange(low, high + 2) - 0.5
    # halved first, so that the difference of two extremes is still a number
    low, high = low / 2, high / 2
    edges = np.linspace(low, high, _BINS + 1)
    if not np.all(np.diff(edges) > 0):
        reach = max(0.25, _BINS * float(np.spacing(max(abs(low), abs(high)))))
        edges = np.linspace(max(low - reach, -_LAST / 2), min(high + reach, _LAST / 2), _BINS + 1)
    return 2 * edges
