"""How do many small images lie side by side, each in a place of its own?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from keras_vis.draw import colour, scatter, sheet

_EDGE = 2  # of a label's colour around an image, in pixels
_LINE = 1  # of white between the two: one of the colours is black, as many images are
_LARGEST = 168  # pixels of an image
_LEAST = {True: 28, False: 40}  # of an image whose own pixels are seen, and of a photograph


def columns_for(count: int, shape: Sequence[int]) -> int:
    """Give the columns of a grid that is as square as it can be: for all images, or as many as are still seen."""
    side = _LEAST[max(shape) <= sheet.SMALL] + 2 * (_EDGE + _LINE)
    most = (sheet.WIDTH - 2 * sheet.MARGIN) // side
    return max(1, min(most, math.ceil(math.sqrt(count))))


def arrange(positions: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Give every point a cell of a grid of its own, so that the sum of the squared ways there is the least.

    Args:
        positions: `(n, 2)`, the second number upwards; each axis is stretched to the grid.
        rows: of the grid.
        columns: of the grid; n cells at least.

    Returns:
        `(n, 2)`, the row and the column of each point's cell, the first row on top.
    """
    from scipy.optimize import linear_sum_assignment

    points = np.asarray(positions, np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    points = (points - low) / np.where(high > low, high - low, 1)
    points = np.stack([1 - points[:, 1], points[:, 0]], axis=1) * [rows, columns]
    cells = np.stack(np.divmod(np.arange(rows * columns), columns), axis=1)
    ways = ((points[:, None] - (cells + 0.5)) ** 2).sum(axis=-1)
    return cells[linear_sum_assignment(ways)[1]]


def mosaic(
    values: np.ndarray,
    cells: np.ndarray,
    *,
    labels: np.ndarray | None,
    names: Sequence[str],
    value_range: tuple[float, float] | None,
    title: str,
    note: str,
) -> np.ndarray:
    """Draw each image in its cell, framed in its label's colour.

    Args:
        values: `(n, h, w, c)`, c 1 or 3.
        cells: `(n, 2)`, row and column of each.
        labels: `(n,)`, or None.
        names: of the labels that occur, ascending.
        value_range: black and white; None stretches each image on its own.
        title: above the sheet.
        note: below the title, in small letters.

    Returns:
        uint8 RGB.
    """
    rows, columns = cells.max(axis=0) + 1
    edge = 0 if labels is None else _EDGE + _LINE
    room = max((sheet.WIDTH - 2 * sheet.MARGIN) // int(columns) - 2 * edge, 8)
    height, width = sheet.display_size(values.shape[1:3], min(room, _LARGEST))
    tiles = sheet.to_rgb(sheet.stretch(values, value_range))
    squares = max(values.shape[1:3]) <= sheet.SMALL
    tall, wide = height + 2 * edge, width + 2 * edge
    drawn = sheet.blank(int(rows) * tall, int(columns) * wide)
    shades = {} if labels is None else scatter.shades(labels)
    for i, (row, column) in enumerate(cells):
        cell = drawn[row * tall : (row + 1) * tall, column * wide : (column + 1) * wide]
        if labels is not None:
            cell[:] = shades[int(labels[i])]
            cell[_EDGE : tall - _EDGE, _EDGE : wide - _EDGE] = 255
        tile = colour.to_bytes(sheet.resize(tiles[i], (height, width), squares=squares))
        cell[edge : edge + height, edge : edge + width] = tile
    if labels is not None:
        told = scatter.legend(labels, names, max(drawn.shape[1], sheet.LEAST_TITLE))
        drawn = sheet.stack([told, drawn], 8)
    return sheet.frame(sheet.titled(drawn, title, note))
