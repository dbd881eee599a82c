"""How well do a unit's maps and a concept's masks cover each other, over a whole data set?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_AT_ONCE = 1 << 21  # places of maps, so that what is made between stays small; far below 2^24, where float32 counts end
_NEAR = 1e-9  # of the way from a position to the next


@dataclass(frozen=True)
class Axis:
    """How maps and masks of different sizes are laid on one grid, along an axis: as fine as the finer of the two.

    Attributes:
        low: ``(g,)``, for each place of the grid the position in the map before it.
        high: ``(g,)``, the position after it.
        weight: ``(g,)``, how near the second is, in [0, 1].
        mask: ``(g,)``, the position in the mask that covers it.
    """

    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray
    mask: np.ndarray

    @classmethod
    def between(cls, maps: int, masks: int, centres: np.ndarray | None = None) -> Axis:
        """Return that of maps and masks of these sizes.

        Args:
            maps: positions of a map.
            masks: positions of a mask.
            centres: where along the image the positions of a map lie, in shares of its length, ``(maps,)``, rising, or
                falling where the map is mirrored. By default each is in the middle of its share, as when a map is drawn
                over an image.
        """
        grid = max(maps, masks)
        middles = (np.arange(grid) + 0.5) / grid
        if centres is None:
            at = np.clip(middles * maps - 0.5, 0, maps - 1)
        else:
            rising = slice(None, None, -1 if centres[0] > centres[-1] else 1)
            at = np.interp(middles, centres[rising], np.arange(maps)[rising])
        # A position is met where it lies, however that was rounded: what is exactly at the threshold is on.
        at = np.where(np.abs(at - np.rint(at)) < _NEAR, np.rint(at), at)
        low = np.floor(at).astype(np.intp)
        weight = (at - low).astype(np.float32)
        return cls(low, np.minimum(low + 1, maps - 1), weight, (np.arange(grid) * masks + masks // 2) // grid)

    def __len__(self) -> int:
        return len(self.low)

    def enlarged(self, maps: np.ndarray, axis: int) -> np.ndarray:
        """Return maps on the grid along this axis, bilinearly."""
        same = len(self) == maps.shape[axis] and (self.low == np.arange(len(self))).all()
        before = maps if same else maps.take(self.low, axis)
        if not self.weight.any():
            return before
        after = maps.take(self.high, axis)
        weight = self.weight.reshape([-1 if i == axis else 1 for i in range(maps.ndim)])
        # Where both are the same, so is what lies between: a plateau at the threshold stays on it.
        after -= before
        after *= weight
        after += before
        return after


@dataclass(frozen=True)
class Grid:
    """Maps ``(r, h', w', k)`` and masks ``(r, H, W, m)`` on one grid."""

    rows: Axis
    columns: Axis

    def maps(self, maps: np.ndarray) -> np.ndarray:
        """Return maps on the grid, bilinearly: ``(r, g, g', k)``."""
        return self.rows.enlarged(self.columns.enlarged(maps, 2), 1)

    def masks(self, masks: np.ndarray) -> np.ndarray:
        """Return masks on the grid, each place that of the mask which covers it: ``(r, g, g', m)``."""
        if masks.shape[1:3] == (len(self.rows), len(self.columns)):
            return masks
        return masks[:, self.rows.mask[:, None], self.columns.mask]


class Overlap:
    """Places that a unit's maps and a concept's masks share, and that either has, summed over a data set.

    Args:
        thresholds: ``(k,)``: a unit is on where its map is not below.
        concepts: how many, m.

    Attributes:
        both: ``(k, m)``, how many places both have.
        on: ``(k,)``, in how many a unit is on.
        covered: ``(m,)``, how many a concept has.
        places: how many there were.
    """

    def __init__(self, thresholds: np.ndarray, concepts: int) -> None:
        self.thresholds = thresholds
        self.both = np.zeros((len(thresholds), concepts), np.int64)
        self.on, self.covered = np.zeros(len(thresholds), np.int64), np.zeros(concepts, np.int64)
        self.places = 0

    def see(self, maps: np.ndarray, masks: np.ndarray, grid: Grid) -> None:
        """Take the next images.

        Args:
            maps: ``(r, h', w', k)``.
            masks: ``(r, H, W, m)``, bool.
            grid: on which they are compared.
        """
        places = len(grid.rows) * len(grid.columns)
        units = maps.shape[3]
        few = max(1, min(units, _AT_ONCE // places))  # units at once of a large image
        rows = max(1, _AT_ONCE // (places * max(few, masks.shape[3])))
        for start in range(0, len(maps), rows):
            part = slice(start, start + rows)
            covered = grid.masks(masks[part]).reshape(-1, masks.shape[3])
            self.covered += np.count_nonzero(covered, axis=0)
            self.places += len(covered)
            covered = covered.astype(np.float32)
            for first in range(0, units, few):
                some = slice(first, first + few)
                on = (grid.maps(maps[part, :, :, some]) >= self.thresholds[some]).reshape(len(covered), -1)
                self.on[some] += np.count_nonzero(on, axis=0)
                self.both[some] += np.rint(on.astype(np.float32).T @ covered).astype(np.int64)

    @property
    def iou(self) -> np.ndarray:
        """What both have, as a share of what either has, ``(k, m)``; 0 where neither has any."""
        either = self.on[:, None] + self.covered - self.both
        return self.both / np.maximum(either, 1)
