"""Where do units see their concepts, in the images that excite them most?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keras_vis.draw import colour, sheet, text

_TILE_GAP = 4
_BETWEEN = 12  # between blocks
_LARGEST = 176
_LEAST = 80  # two blocks of five digits side by side: what is looked for, a line round a stroke, can be seen
_FEW = 6  # blocks that stand in one column
_LINE = colour.palette(1)  # orange, on blue: told apart with every kind of colour vision
_TINT = colour.palette(5)
# Of the image's own brightness, and how far the tint covers it: both stand out from white ink, and a photograph is seen
# through them. There a thin line goes round the tint.
_DIM, _COVER = {True: 0.75, False: 0.9}, {True: 0.6, False: 0.25}


@dataclass(frozen=True)
class Block:
    """A unit's images.

    Attributes:
        group: the heading under which it stands, of blocks that follow each other.
        caption: above the images.
        picks: ``(t,)``, which images.
        on: ``(t, g, g')``, bool: what is outlined.
        there: ``(t, g, g')``, bool: what is tinted.
    """

    group: str
    caption: str
    picks: np.ndarray
    on: np.ndarray
    there: np.ndarray


def detector_sheet(images: np.ndarray, blocks: Sequence[Block], *, title: str, note: str) -> np.ndarray:
    """Draw a block of images for each unit, group by group.

    Args:
        images: `(i, h, w, c)`, c 1 or 3; each is stretched on its own.
        blocks: those of a group in a row.
        title: above the sheet.
        note: below the title, in small letters.

    Returns:
        uint8 RGB.
    """
    seen = sheet.to_rgb(sheet.stretch(images, None))
    columns, size = _layout(len(blocks), max(len(block.picks) for block in blocks), images.shape[1:3])
    bands = []
    for group, members in itertools.groupby(blocks, key=lambda block: block.group):
        drawn = [_block(seen, block, size) for block in members]
        body = sheet.stack(
            [sheet.beside(drawn[i : i + columns], _BETWEEN) for i in range(0, len(drawn), columns)], _BETWEEN
        )
        bands.append(sheet.stack([text.block(group, max(body.shape[1], sheet.LEAST), size=13, bold=True), body], 6))
    return sheet.frame(sheet.titled(sheet.stack(bands, 20), title, note))


def outlined(image: np.ndarray, on: np.ndarray, there: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw an image at a size, tinted where something is and with a line round what is on.

    Args:
        image: RGB in [0, 1], `(h, w, 3)`.
        on: `(g, g')`, bool.
        there: `(g, g')`, bool.
        size: height and width.

    Returns:
        uint8 RGB.
    """
    small = max(image.shape[:2]) <= sheet.SMALL
    drawn = _DIM[small] * sheet.resize(image, size, squares=small)
    tinted, shade = _enlarged(there, size), np.array(_TINT, np.float32) / 255
    cover = np.where(tinted, _COVER[small], 0)
    if not small:
        cover[_edge(tinted, 1)] = 1
    drawn = colour.to_bytes(drawn + cover[..., None] * (shade - drawn))
    return np.where(_edge(_enlarged(on, size), 2)[..., None], np.array(_LINE, np.uint8), drawn)


def _block(seen: np.ndarray, block: Block, size: tuple[int, int]) -> np.ndarray:
    tiles = [
        outlined(seen[pick], on, there, size)
        for pick, on, there in zip(block.picks, block.on, block.there, strict=True)
    ]
    row = sheet.beside(tiles, _TILE_GAP)
    return sheet.stack([text.block(block.caption, row.shape[1]), row], 3)


def _layout(count: int, across: int, shape: Sequence[int]) -> tuple[int, tuple[int, int]]:
    """Choose how many blocks stand side by side, and how large a tile is."""
    for columns in (1, 2) if count <= _FEW else (2, 1):
        room = (sheet.WIDTH - 2 * sheet.MARGIN - (columns - 1) * _BETWEEN) // columns
        size = sheet.display_size(shape, max(1, min((room - (across - 1) * _TILE_GAP) // across, _LARGEST)))
        if max(size) >= _LEAST:
            return columns, size
    return 1, sheet.display_size(shape, max(_LEAST, max(shape) if max(shape) <= sheet.SMALL else _LEAST))


def _enlarged(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a mask at a size: each pixel that of the place in the middle of which it lies."""
    rows, columns = ((2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(size, mask.shape, strict=True))
    return mask[rows[:, None], columns]


def _edge(mask: np.ndarray, wide: int) -> np.ndarray:
    """Return a line inside the border of a mask, also where that is the image's."""
    inside = np.pad(mask, wide)
    for _ in range(wide):
        inside[1:-1, 1:-1] &= inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    return mask & ~inside[wide:-wide, wide:-wide]
