"""How are the parts of images that excite a unit shown, with the images that they are from?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_vis.draw import colour, sheet, text

_GAP = 6  # between neighbours of one unit
_BETWEEN = 20  # between units
_EDGE = 1  # the line around a patch and an image: what is white would vanish into the page
_BOX = colour.palette(1)  # orange is seen on black, on white and on the colours of photographs
_HALO = (0, 0, 0)
_LARGE, _ROW = 168, 5  # of one unit: pixels of a tile at most, and tiles in a row
_NARROW = 48  # of what stands under a narrow image: a score in one line
_LEAST = 84  # three times a digit of 28: nine fit into a row


def patch_sheet(
    values: np.ndarray,
    *,
    units: Sequence[int],
    scores: np.ndarray,
    boxes: np.ndarray,
    captions: Sequence[str],
    field: tuple[int, int],
    value_range: tuple[float, float] | None,
    columns: int | None,
    title: str,
    note: str,
) -> np.ndarray:
    """Draw for each unit its patches, enlarged, and below each the image that it is from, with the patch's box.

    Where the boxes hold the whole of each image, the images stand alone.

    Args:
        values: `(u * k, h, w, c)`, unit by unit.
        units: u numbers.
        scores: `(u, k)`, written below the images.
        boxes: `(u * k, 4)`: top, left, bottom, right in pixels.
        captions: u * k, added to the scores; or none.
        field: height and width of a patch that no border cuts.
        value_range: black and white; None stretches each image on its own, and its patch as the image.
        columns: images in a row; None chooses.
        title: above the sheet.
        note: below the title, in small letters.

    Returns:
        uint8 RGB.
    """
    count, (height, width) = scores.shape[1], values.shape[1:3]
    images = sheet.to_rgb(sheet.stretch(values, value_range))
    columns = min(count, columns or (count if len(units) > 1 or count <= _ROW else -(-count // 2)))
    while True:
        room = (sheet.WIDTH - 2 * sheet.MARGIN - (columns - 1) * _GAP) // columns - 2 * _EDGE
        if room >= _LEAST or columns == 1:
            break
        columns -= 1
    size = sheet.display_size((height, width), min(room, _LARGE))
    wide = max(size[1], min(room, _NARROW)) + 2 * _EDGE
    cut = not (boxes == (0, 0, height, width)).all()
    bands = []
    for i, unit in enumerate(units):
        cells = []
        for j in range(count):
            number = i * count + j
            said = text.number(float(scores[i, j])) + (f", {captions[number]}" if captions else "")
            parts = [_patch(images[number], boxes[number], field, size)] if cut else []
            parts = [_framed(part) for part in [*parts, _boxed(images[number], boxes[number], size, cut)]]
            parts.append(text.block(said, wide))
            cells.append(sheet.stack(parts, 3))
        equal = "all equally high: the first in the data" if count > 1 and scores[i].min() == scores[i].max() else ""
        word = "never above 0" if scores[i].max() <= 0 else equal
        head = text.block(
            f"unit {unit}" + f"  \u2013  {word}" * bool(word), max(wide * columns, sheet.LEAST_TITLE), bold=True
        )
        bands.append(sheet.stack([head, sheet.tile(cells, columns, _GAP)], 4))
    return sheet.frame(sheet.titled(sheet.stack(bands, _BETWEEN), title, note))


def _framed(tile: np.ndarray) -> np.ndarray:
    """Draw a thin line around a tile."""
    framed = np.full((tile.shape[0] + 2 * _EDGE, tile.shape[1] + 2 * _EDGE, 3), colour.OUTLINE, np.uint8)
    framed[_EDGE:-_EDGE, _EDGE:-_EDGE] = tile
    return framed


def _patch(image: np.ndarray, box: np.ndarray, field: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Draw a patch as large as the images, all of a unit at one scale; what lies beyond the border is left empty."""
    top, left, bottom, right = box
    if top == bottom or left == right:
        return np.full((*size, 3), colour.NOTHING, np.uint8)
    tall, wide = min(field[0], image.shape[0]), min(field[1], image.shape[1])
    scale = min(size[0] / tall, size[1] / wide)
    whole = int(scale)
    small = max(image.shape[:2]) <= sheet.SMALL and whole >= 1
    factor = whole if small else scale
    shape = max(1, round((bottom - top) * factor)), max(1, round((right - left) * factor))
    drawn = colour.to_bytes(sheet.resize(image[top:bottom, left:right], shape, squares=small))
    tile = np.full((*size, 3), colour.NOTHING, np.uint8)
    outer = min(round(tall * factor), size[0]), min(round(wide * factor), size[1])
    down, across = (size[0] - outer[0]) // 2, (size[1] - outer[1]) // 2
    # Cut at its upper or left border, the patch is the lower or right part of what the unit would see.
    down += outer[0] - shape[0] if top == 0 else 0
    across += outer[1] - shape[1] if left == 0 else 0
    tile[down : down + shape[0], across : across + shape[1]] = drawn
    return tile


def _boxed(image: np.ndarray, box: np.ndarray, size: tuple[int, int], cut: bool) -> np.ndarray:
    """Draw an image, and a line round the box: orange between two black ones, to be seen on anything."""
    small = max(image.shape[:2]) <= sheet.SMALL
    tile = colour.to_bytes(sheet.resize(image, size, squares=small))
    if not cut or box[0] == box[2] or box[1] == box[3]:
        return tile
    high, wide = size[0] / image.shape[0], size[1] / image.shape[1]
    top, bottom = (round(float(edge) * high) for edge in box[[0, 2]])
    left, right = (round(float(edge) * wide) for edge in box[[1, 3]])
    for out, shade in ((2, _HALO), (1, _BOX), (0, _BOX), (-1, _HALO)):
        y = np.clip([top - out, bottom + out - 1], 0, size[0] - 1)
        x = np.clip([left - out, right + out - 1], 0, size[1] - 1)
        tile[y, x[0] : x[1] + 1] = shade
        tile[y[0] : y[1] + 1, x] = shade
    return tile
