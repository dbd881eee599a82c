"""Where in the image do the positions of a map lie, by what each sees of it?"""

from __future__ import annotations

import numpy as np

from keras_vis.engine.field import ReceptiveField


def lines(field: ReceptiveField) -> tuple[np.ndarray, np.ndarray] | None:
    """Return where the rows and the columns of a map lie, evenly, ``(h',)`` and ``(w',)``, in pixels from 0 on.

    They go through the middles of what positions see that no border cuts off; where these go up in steps, as behind an
    upsampling, half-way up. A mirrored map's rows or columns fall.

    Returns:
        None where a row of the map is none of the image's, as after a transposition, or where they are in no order.
    """
    boxes = _boxes(field)
    sees = boxes[..., 2] > boxes[..., 0]
    found = []
    for side in (0, 1):
        ends, there = boxes[..., side::2], sees
        if side:
            ends, there = ends.swapaxes(0, 1), there.T
        low = np.where(there[..., None], ends, np.iinfo(np.int64).max).min(axis=1)
        high = np.where(there[..., None], ends, -1).max(axis=1)
        some, stride = there.any(axis=1), field.stride[side]
        uncut = some & (low[:, 0] > 0) & (low[:, 1] < field.image[side])
        centres, even = (low[uncut].sum(axis=1) - 1) / 2, stride * np.arange(len(low))
        if (low[some] != high[some]).any() or (np.diff(centres) * stride < 0).any():
            return None
        rest = centres - even[uncut]
        # where borders cut every one, what the grid says of the first
        start = (rest.min() + rest.max()) / 2 if rest.size else field.offset[side] + (field.size[side] - 1) / 2
        found.append(even + start)
    return found[0], found[1]


def middles(field: ReceptiveField) -> np.ndarray:
    """Return the middle of what each position sees within the image, ``(h', w', 2)``, in pixels from 0 on."""
    boxes = _boxes(field)
    return np.maximum((boxes[..., :2] + boxes[..., 2:] - 1) / 2, 0)


def _boxes(field: ReceptiveField) -> np.ndarray:
    rows, columns = (np.arange(size) for size in field.shape)
    return np.asarray(field.box(rows[:, None], columns))
