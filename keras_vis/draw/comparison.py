"""How are several maps set beside one image?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_vis.draw import sheet, text
from keras_vis.draw.colour import to_bytes
from keras_vis.draw.heat import Evidence, fits_below

# A little more than the width of other sheets: eight tiles of a digit, 112 pixels each, stand in a row.
_WIDE = 960
_GAP = 20  # between blocks: as visibly more than between their tiles as their width allows
_INSET = 3  # of a colour bar on either side, or its numbers would run into those of the next
_BELOW = 48  # about the height of a colour bar with its numbers, and of a caption
_TALLEST = 1400  # above this, pixels of small images are drawn smaller: nothing of them is lost
_ALONE = 140  # the least tile of a single image: there is room for its maps in several lines
_HEADERS = (12, 11, 10)  # fonts, in pixels: the largest that breaks no word


def comparison_sheet(
    parts: Sequence[Evidence],
    images: np.ndarray,
    *,
    names: Sequence[str],
    captions: Sequence[str],
    value_range: tuple[float, float] | None,
    title: str,
    note: str,
) -> np.ndarray:
    """Draw one block for each image: the image, and beside it each of its maps over it.

    The names stand once above each column of blocks. Maps that are too many for a line take several, under their names.

    Args:
        parts: m times n maps.
        images: `(n, height, width, c)`, of any size.
        names: m, of the maps.
        captions: n, or none.
        value_range: of the images, or None.
        title: above the sheet.
        note: below the title, in small letters.

    Returns:
        uint8 RGB.
    """
    count, shape = len(images), (images.shape[1], images.shape[2])
    bases = sheet.to_rgb(sheet.stretch(images, value_range))
    columns, size, per_line = _layout(count, shape, len(parts))
    lines = [range(start, min(start + per_line, len(parts))) for start in range(0, len(parts), per_line)]
    heads = headers(["image", *names], size[1])
    below_image = all(fits_below(caption, size[1]) for caption in captions)
    blocks = []
    for i in range(count):
        base = sheet.resize(bases[i], size, squares=max(shape) <= sheet.SMALL)
        caption = captions[i] if captions else ""
        left = [to_bytes(base), text.block(caption if below_image else "", size[1])]
        headed = i < columns or len(lines) > 1
        block = []
        for j, line in enumerate(lines):
            cells = [sheet.stack(left, 4) if j == 0 else sheet.blank(0, size[1])]
            cells += [sheet.stack([parts[k].over(i, base, shape), _bar(parts[k], i, size[1])], 4) for k in line]
            drawn = [sheet.beside(cells, sheet.PAIR_GAP)]
            if headed:
                above = [heads[0] if j == 0 else sheet.blank(0, size[1]), *(heads[1 + k] for k in line)]
                drawn.insert(0, on_one_line(above))
            block.append(sheet.stack(drawn, 4))
        body = sheet.stack(block, sheet.GAP)
        blocks.append(body if below_image else sheet.stack([body, text.block(caption, body.shape[1])], 4))
    rows = [sheet.beside(blocks[start : start + columns], _GAP) for start in range(0, count, columns)]
    # blocks of several lines stand further apart than their lines
    between = sheet.GAP if len(lines) == 1 else 2 * sheet.GAP
    return sheet.frame(sheet.titled(sheet.stack(rows, between), title, note))


def _layout(count: int, shape: tuple[int, int], maps: int) -> tuple[int, tuple[int, int], int]:
    """Choose how many blocks stand side by side, how large a tile is, and how many maps stand in a line."""
    least = _ALONE if count == 1 else sheet.LEAST
    for lines in range(1, maps):
        per_line = -(-maps // lines)
        found = []
        for width in (sheet.WIDTH, _WIDE):
            columns, size = sheet.layout(
                count, shape, across=1 + per_line, gap=_GAP, below=lines * _BELOW, least=least, width=width
            )
            size = lower(size, shape, -(-count // columns), lines * _BELOW, least)
            block = size[1] * (1 + per_line) + per_line * sheet.PAIR_GAP
            if max(size) >= least and columns * (block + _GAP) - _GAP + 2 * sheet.MARGIN <= width:
                found.append((columns, size, per_line))
        if found:
            # wider only where else a line would have to be broken, or blocks stand in one long column
            return found[-1] if found[0][0] == 1 < found[-1][0] else found[0]
    # an image and one map always fit
    return *sheet.layout(count, shape, across=2, gap=_GAP, below=maps * _BELOW), 1


def lower(size: tuple[int, int], shape: tuple[int, int], rows: int, below: int, least: int) -> tuple[int, int]:
    """Draw the pixels of a small image smaller, as far as the sheet is too tall and its tiles can be read."""
    if max(shape) > sheet.SMALL:
        return size
    factor = size[0] // shape[0]
    while rows * (factor * shape[0] + below) > _TALLEST and (factor - 1) * max(shape) >= least:
        factor -= 1
    return factor * shape[0], factor * shape[1]


def headers(names: Sequence[str], width: int) -> list[np.ndarray]:
    """Set every name in one font, wrapped to the width of a tile."""
    words = [word for name in names for word in name.split()]
    fits = (size for size in _HEADERS if all(text.measure(word, size, bold=True) <= width for word in words))
    size = next(fits, _HEADERS[-1])
    return [text.block(name, width, size=size, bold=True) for name in names]


def _bar(part: Evidence, i: int, width: int) -> np.ndarray:
    return np.pad(part.bar(i, width - 2 * _INSET), ((0, 0), (_INSET, _INSET), (0, 0)), constant_values=255)


def on_one_line(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Set blocks of text side by side, their feet in line."""
    tallest = max(len(block) for block in blocks)
    return sheet.beside(
        [np.concatenate([sheet.blank(tallest - len(block), block.shape[1]), block]) for block in blocks], sheet.PAIR_GAP
    )
