"""How do 256 colours do for a sheet, and for a film of sheets?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

_GREYS = 32  # of a frame's 256 colours: white and the letters, which stay as they are while the images change
_SAMPLE = 1 << 14  # pixels from which the other colours are chosen: of all of them they are hardly better, and slow


def alone(drawn: np.ndarray) -> Image.Image:
    """Give a sheet in at most 256 colours of its own: its greys exactly if it has nothing else."""
    from PIL import Image

    grey = _grey(drawn)
    if grey.all():
        return Image.fromarray(drawn[..., 0])
    coloured = drawn[~grey]
    table = _table(coloured[:: -(-len(coloured) // _SAMPLE)], 256 - _GREYS)
    colours = Image.new("P", (1, 1))
    colours.putpalette(table)
    index = np.array(Image.fromarray(drawn).quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG))
    # no grain of a colour on a grey
    index[grey] = _grey_index(drawn)[grey]
    image = Image.fromarray(index)
    image.putpalette(table)
    return image


class Colours:
    """The colours of a film: chosen from all its sheets, and the same in each.

    Colours count by the root of how often they occur, or a colour bar, which is small, would have none. Between two of
    them a pixel takes the one that its place says (Bayer's order), not one that its neighbours decide: a pixel that
    stays the same from one sheet to the next is the same in the film.
    """

    def __init__(self) -> None:
        self._sums = np.zeros((4, 1 << 18))  # of each cell of 4x4x4 colours: how many, and their sum
        self._table: np.ndarray | None = None

    def add(self, drawn: np.ndarray) -> None:
        """Count the colours of a sheet, uint8 RGB `(height, width, 3)`; grey ones need not be counted."""
        pixels = drawn[~_grey(drawn)]
        cells = (pixels >> 2).astype(np.int32) @ np.array([1 << 12, 1 << 6, 1], np.int32)
        for total, weights in zip(self._sums, (None, *pixels.T), strict=True):
            total += np.bincount(cells, weights, minlength=total.size)
        self._table = None

    def index(self, drawn: np.ndarray) -> Image.Image:
        """Give a sheet in these colours; where no sheet had any, in all of 256 greys."""
        from PIL import Image

        if not self._sums[0].any():
            return Image.fromarray(drawn[..., 0])
        if self._table is None:
            self._table = self._choose()
        grey = _grey(drawn)
        rows, columns = np.nonzero(~grey)
        index = _grey_index(drawn)
        index[rows, columns] = _dithered(drawn[rows, columns], self._table, _BAYER[rows % 8, columns % 8])
        image = Image.fromarray(index)
        image.putpalette(self._table.ravel().tolist())
        return image

    def _choose(self) -> np.ndarray:
        """Choose at most 255 colours: the one that is left over says in a GIF "as before"."""
        count, *sums = self._sums[:, self._sums[0] > 0]
        means = np.rint(np.stack(sums, -1) / count[:, None]).astype(np.uint8)
        sample = means.repeat(np.ceil(np.sqrt(count)).astype(int), 0)
        return np.array(_table(sample, 255 - _GREYS), np.uint8).reshape(-1, 3)


def _bayer(size: int) -> np.ndarray:
    """Order the places of a square so that those below any number lie evenly; size is a power of two."""
    if size == 1:
        return np.zeros((1, 1), np.float32)
    part = _bayer(size // 2)
    return np.block([[part, part + 2 / size**2], [part + 3 / size**2, part + 1 / size**2]])


_BAYER = _bayer(8) + np.float32(1 / 128)  # between 0 and 1, their mean a half


def _dithered(pixels: np.ndarray, table: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Give each pixel the nearest colour, or the next on its other side, so that their mean over an area is its own.

    Args:
        pixels: uint8 `(m, 3)`.
        table: uint8 `(k, 3)`.
        thresholds: m, between 0 and 1: above which share of the way the other is taken.

    Returns:
        m numbers of colours.
    """
    from PIL import Image

    colours = Image.new("P", (1, 1))
    colours.putpalette(table.ravel().tolist())

    def nearest(wanted: np.ndarray) -> np.ndarray:
        return np.array(Image.fromarray(wanted[None]).quantize(palette=colours, dither=Image.Dither.NONE))[0]

    if not len(pixels):
        return np.zeros(0, np.uint8)
    exact = table.astype(np.float32)
    one = nearest(pixels)
    off = pixels - exact[one]
    other = nearest(np.clip(np.rint(pixels + off), 0, 255).astype(np.uint8))
    way = exact[other] - exact[one]
    length = (way * way).sum(-1)
    share = (off * way).sum(-1) / np.where(length > 0, length, 1)
    return np.where(share > thresholds, other, one)


def _grey(drawn: np.ndarray) -> np.ndarray:
    """Tell which pixels have no colour."""
    # a fifth of the time of `all(-1)`
    return (drawn[..., 0] == drawn[..., 1]) & (drawn[..., 0] == drawn[..., 2])


def _grey_index(drawn: np.ndarray) -> np.ndarray:
    """Give each pixel the number of the nearest of the greys with which a table begins."""
    return np.rint(drawn[..., 0] * ((_GREYS - 1) / 255)).astype(np.uint8)


def _table(sample: np.ndarray, count: int) -> list[int]:
    """Choose colours for a sample, uint8 `(m, 3)`, and put the greys before them."""
    from PIL import Image

    greys = np.rint(np.linspace(0, 255, _GREYS)).astype(np.uint8)
    # k-means after the median cut: of photographs, a quarter less error
    chosen = Image.fromarray(np.ascontiguousarray(sample[None])).quantize(count, Image.Quantize.MEDIANCUT, kmeans=1)
    return [*greys.repeat(3).tolist(), *(chosen.getpalette() or ())[: 3 * count]]
