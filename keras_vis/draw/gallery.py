"""How are several versions of the same images set side by side?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from keras_vis.draw import comparison, sheet, text
from keras_vis.draw.colour import to_bytes

_GAP = 24  # between blocks, and between bands: visibly more than between the tiles of a row
_BELOW = 20  # about the height of a caption


def gallery_sheet(
    parts: Sequence[np.ndarray],
    *,
    names: Sequence[str],
    captions: Sequence[Sequence[str]],
    value_ranges: Sequence[tuple[float, float] | None],
    title: str,
    note: str,
) -> np.ndarray:
    """Draw one row for each image, with a tile of each part and its caption.

    The names stand once above the columns. Parts that are too many for a row take several bands, each with the rows of
    all images; where rows are short, several stand side by side.

    Args:
        parts: m times `(n, h, w, c)`; h, w and c may differ.
        names: m.
        captions: m times n, or none.
        value_ranges: m times black and white; None stretches each image on its own.
        title: above the sheet.
        note: below the title, in small letters.

    Returns:
        uint8 RGB.
    """
    count, shapes = len(parts[0]), [part.shape[1:3] for part in parts]
    columns, sizes, per_band = _layout(count, shapes)
    tall = max(size[0] for size in sizes)
    # in one font, which is that of the narrowest
    headers = comparison.headers(names, min(size[1] for size in sizes))
    heads = [sheet.stack([head, sheet.blank(1, size[1])]) for head, size in zip(headers, sizes, strict=True)]
    cells = [
        [_cell(image, size, tall, told[i] if told else "") for i, image in enumerate(sheet.stretch(part, ends))]
        for part, size, told, ends in zip(parts, sizes, captions, value_ranges, strict=True)
    ]
    bands = []
    for start in range(0, len(parts), per_band):
        band = slice(start, start + per_band)
        rows = [sheet.beside(row, sheet.PAIR_GAP) for row in zip(*cells[band], strict=True)]
        head = comparison.on_one_line(heads[band])
        # the names stand above each block that is the first of its column
        blocks = [sheet.stack([head, row], 3) if i < columns else row for i, row in enumerate(rows)]
        grid = [sheet.beside(blocks[i : i + columns], _GAP) for i in range(0, count, columns)]
        bands.append(sheet.stack(grid, 8))
    return sheet.frame(sheet.titled(sheet.stack(bands, _GAP), title, note))


def tile(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw an image in [0, 1], `(h, w, c)`, at a size."""
    return to_bytes(sheet.resize(sheet.to_rgb(image), size, squares=max(image.shape[:2]) <= sheet.SMALL))


def _cell(image: np.ndarray, size: tuple[int, int], tall: int, caption: str) -> np.ndarray:
    """Draw an image with its foot where that of the tallest is, and its caption below."""
    drawn = np.concatenate([sheet.blank(tall - size[0], size[1]), tile(image, size)])
    return sheet.stack([drawn, text.block(caption, size[1])], 3)


def _layout(count: int, shapes: Sequence[tuple[int, int]]) -> tuple[int, list[tuple[int, int]], int]:
    """Choose how many blocks stand side by side, how large a tile of each part is, and how many parts make a band."""
    parts, small = len(shapes), [shape for shape in shapes if max(shape) <= sheet.SMALL]
    height = max(shape[0] for shape in small or shapes)
    widths = [height * shape[1] / shape[0] for shape in shapes]
    for bands in range(1, parts + 1):
        per_band = -(-parts // bands)
        # of one band the mean is what counts; of several, each has the width of its own parts
        mean = (height, math.ceil(sum(widths) / parts if bands == 1 else max(widths)))
        # so that the smallest can be read, too
        least = math.ceil(sheet.LEAST * max(mean) / min(max(height, width) for width in widths))
        fixed = None if bands == 1 else 1
        columns, box = sheet.layout(count, mean, across=per_band, gap=_GAP, below=_BELOW, least=least, columns=fixed)
        tall, _ = comparison.lower(box, mean, -(-count // columns) * bands, _BELOW, least)
        sizes = [_size(shape, tall) for shape in shapes]
        starts = range(0, parts, per_band)
        block = max(sum(wide + sheet.PAIR_GAP for _, wide in sizes[i : i + per_band]) for i in starts) - sheet.PAIR_GAP
        fits = columns * (block + _GAP) - _GAP + 2 * sheet.MARGIN <= sheet.WIDTH
        if fits and min(map(max, sizes)) >= sheet.LEAST:
            break
    return columns, sizes, per_band


def _size(shape: tuple[int, int], tall: int) -> tuple[int, int]:
    """Give the size at which an image is as tall as others, or nearly: a small one by a whole factor."""
    factor = tall / shape[0]
    if max(shape) <= sheet.SMALL and factor >= 1:
        return shape[0] * int(factor), shape[1] * int(factor)
    return tall, max(1, round(shape[1] * factor))
