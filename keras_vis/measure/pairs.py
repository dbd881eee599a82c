"""Which feature of another image is most like each of these?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_ROWS = 512  # compared at once: with 12,544 positions, of a map of 112 x 112, 50 MB
# Cosines nearer than this are one: features that differ by a rounding of float32 (1e-6 of their size) differ in it by
# 1e-12, those that differ by a thousandth by 1e-6.
_SAME = 1e-10


@dataclass(frozen=True)
class Nearest:
    """What each of p features matches among q others.

    Attributes:
        index: ``(p,)``, int64, the one most like it, the first of several; −1 where the feature is zero.
        similarity: ``(p,)``, float64, the cosine between them; NaN where there is none.
        mutual: ``(p,)``, bool: each is most like the other, and no other is as much.
        tied: how many that are not zero have several that are most like them.
    """

    index: np.ndarray
    similarity: np.ndarray
    mutual: np.ndarray
    tied: int


def nearest(a: np.ndarray, b: np.ndarray) -> Nearest:
    """Compare each feature with each of the others, some rows at a time.

    Args:
        a: ``(p, k)``.
        b: ``(q, k)``.
    """
    (a, alive), (b, others) = _unit(a), _unit(b)
    there = np.flatnonzero(others)
    index, best, second = np.full(len(a), -1), np.full(len(a), np.nan), np.full(len(a), -np.inf)
    back, top, next_ = np.zeros(len(b), np.int64), np.full(len(b), -np.inf), np.full(len(b), -np.inf)
    rows = np.flatnonzero(alive) if there.size else np.zeros(0, np.int64)
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        cosines = a[some] @ b[there].T
        place, best[some], second[some] = _two_highest(cosines)
        index[some] = there[place]
        # the same of each column, over all rows so far
        above, high, below = _two_highest(cosines.T)
        two = np.sort([top[there], next_[there], high, below], axis=0)
        back[there] = np.where(high > top[there], some[above], back[there])
        top[there], next_[there] = two[-1], two[-2]
    alone = best - second > _SAME
    mutual = np.zeros(len(a), bool)
    own = index[rows]
    mutual[rows] = alone[rows] & (back[own] == rows) & (top[own] - next_[own] > _SAME)
    return Nearest(index.astype(np.int64), best, mutual, int((~alone[rows]).sum()))


def _two_highest(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of each row where the highest number is, it, and the highest of the others, −inf where there are none."""
    each, place = np.arange(len(rows)), rows.argmax(axis=1)
    high = rows[each, place].copy()
    # quicker than a partition, by half; the number is put back
    rows[each, place] = -np.inf
    second = rows.max(axis=1)
    rows[each, place] = high
    return place, high, second


def _unit(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return features of length 1 in float64, and which are not zero."""
    features = features.astype(np.float64)
    size = np.abs(features).max(axis=1, keepdims=True)
    alive = size[:, 0] > 0
    features = features / np.where(size > 0, size, 1)  # squares of very small ones would be 0
    return features / np.where(alive[:, None], np.linalg.norm(features, axis=1, keepdims=True), 1), alive
