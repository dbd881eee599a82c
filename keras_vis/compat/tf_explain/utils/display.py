"""How do images become one sheet?"""

from __future__ import annotations

import math
import warnings

import numpy as np

from keras_vis.compat.absent import absent
from keras_vis.compat.tf_explain import grid
from keras_vis.engine.bounds import whole

_DRAWN = (
    "keras_vis.grad_cam(model, images, target).save('map.png') draws maps over their images; so does core.grad_cam."
)

__getattr__ = absent(__name__, {"heatmap_display": _DRAWN, "image_to_uint_255": _DRAWN})


def grid_display(array: np.ndarray, num_rows: int | None = None, num_columns: int | None = None) -> np.ndarray:
    """Set images into a grid, row by row; places left over are black.

    Args:
        array: ``(n, h, w)`` or ``(n, h, w, c)``.
        num_rows: how many rows; None for as many as are needed.
        num_columns: how many columns; None for as many as are needed. Of neither the grid is square.

    Returns:
        ``(rows * h, columns * w)`` or ``(rows * h, columns * w, c)``.

    Raises:
        ValueError: no images; a number below 1.

    Warns:
        UserWarning: both numbers are given and leave images out; rows are added.

    Example:
        >>> grid_display(digits[:6], num_columns=3)
    """
    array = np.asarray(array)
    if array.ndim not in (3, 4) or not len(array):
        raise ValueError(f"`array` must be images (n, h, w) or (n, h, w, c); received {array.shape}.")
    count = len(array)
    rows = None if num_rows is None else whole(num_rows, "num_rows")
    columns = None if num_columns is None else whole(num_columns, "num_columns")
    if rows and columns and rows * columns < count:
        warnings.warn(
            f"`num_rows={rows}` times `num_columns={columns}` holds fewer than {count} images: rows are added.",
            stacklevel=2,
        )
        rows = None
    if columns is None:
        columns = math.ceil(count / rows) if rows else math.ceil(math.sqrt(count))
        rows = rows or columns
    return grid.lay(array, rows or math.ceil(count / columns), columns)


def filter_display(array: np.ndarray, num_rows: int | None = None, num_columns: int | None = None) -> np.ndarray:
    """Set the channels of maps ``(n, h, w, c)`` into a grid, those of the first image, then those of the next.

    Args, Returns, Raises, Warns: as for `grid_display`.

    Example:
        >>> filter_display(activations, num_columns=8)
    """
    if np.ndim(array) != 4:
        raise ValueError(f"`array` must be maps (n, h, w, c); received {np.shape(array)}.")
    return grid_display(np.concatenate(list(np.moveaxis(array, -1, 1))), num_rows, num_columns)
