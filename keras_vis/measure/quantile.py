"""Above which number does a given share of a unit's values lie, over data that never are in memory at once?

    quantile = Quantile(0.995)
    while quantile.open:
        for values in pieces:
            quantile.see(values)
        quantile.turn()
    quantile.values

Two rounds over the data as a rule. The bits of a float32, read as a whole number, keep the order of the numbers
(negative ones turned round). The first round counts each unit's values by the upper half of these bits, which says in
which of 65,536 intervals the quantile lies; the second counts by the lower half what lies in that interval, which says
which number it is. So the answer is exact, and one of the values.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

_HALF = 16
_BINS = 1 << _HALF
_SIGN = np.uint32(1 << 31)
_AT_ONCE = 1 << 18  # values: they stay in the processor's cache, which halves the time
_MANY = 1 << 32  # values of a unit: more than its counts could hold; half the memory is enough for fewer
_MARGIN = 8  # times the share above: of the first piece, what lies below is not sorted, only counted


class Quantile:
    """An upper quantile of each unit: the lowest of its values with at most 1 - `share` of them above it.

    That is `numpy.quantile(..., method="inverted_cdf")`. Two zeros of different signs are one number.

    Args:
        share: of a unit's values, how many are not above it; 0 < share < 1.

    Attributes:
        open: whether another round is wanted.
        values: after the last round, ``(k,)``, float32.
        lowest: after the first round, the lowest value of each unit, ``(k,)``.
        total: after the first round, how many values a unit has.
    """

    def __init__(self, share: float) -> None:
        # As it is written: 0.995 of 1,000 values are 995, not 996.
        self._share = Fraction(repr(float(share)))
        self.open, self._fine = True, False
        self.values = self.lowest = np.zeros(0, np.float32)
        self.total = self._seen = 0
        self._floor = self._low = np.zeros(0, np.float32)
        self._bin = self._above = np.zeros(0, np.int64)
        self._counts = np.zeros((0, _BINS), np.uint32)
        self._ends = self._floor, self._floor
        self._settled = np.zeros(0, bool)

    def see(self, values: np.ndarray) -> None:
        """Take the next values.

        Args:
            values: ``(..., k)``, float32; the last axis is that of the units.
        """
        rows = np.ascontiguousarray(values, np.float32).reshape(-1, values.shape[-1])
        if not self._floor.size:
            self._begin(rows)
        self._seen += len(rows)
        if self._seen >= _MANY:
            self._counts = self._counts.astype(np.uint64, copy=False)
        step = max(1, _AT_ONCE // rows.shape[1])
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            if self._fine:
                self._count((part >= self._ends[0]) & (part <= self._ends[1]), part)
                continue
            self._low = np.minimum(self._low, part.min(axis=0))
            # Most values of a rectified map are 0, and most of the others too low to matter.
            self._count(part > self._floor, part)

    def turn(self) -> None:
        """End a round.

        Raises:
            ValueError: no values came, NaN did, or another number of them than in the first round.
        """
        if not self._seen or self.total not in (0, self._seen):
            raise ValueError(f"a round over the data gave {self._seen} values of each unit, the first {self.total}.")
        self.total, self._seen = self._seen, 0
        above = self.total - math.ceil(self._share * self.total)  # so many may be above
        if self._fine:
            self._end(above)
            return
        self.lowest = self._low
        lost = np.isnan(self.lowest)
        if lost.any():
            raise ValueError(f"there is NaN in {lost.sum()} of {len(lost)} units. Has the training diverged?")
        known = np.array([counts.sum(dtype=np.int64) for counts in self._counts])
        # The quantile is not above the floor, and that is not its lowest value: what lies below has to be sorted.
        missed = (known <= above) & (self._floor != self.lowest)
        if missed.any():
            self._floor = np.where(missed, np.float32(-np.inf), self._floor)
            self._clear()
            return
        self._settled = known <= above  # the floor itself
        found = [_place(counts, above) for counts in self._counts]
        self._bin, self._above = np.array(found, np.int64).T
        ends = self._bin.astype(np.uint32) << np.uint32(_HALF)
        self._ends = _number(ends), _number(ends | np.uint32(_BINS - 1))
        for end in self._ends:
            end[self._settled] = np.inf  # counts nothing of a unit that is answered
        self._fine = True
        self._clear()
        if self._settled.all():
            self._end(above)

    def _begin(self, rows: np.ndarray) -> None:
        count, units = rows.shape
        self._low = np.full(units, np.inf, np.float32)
        rank = min(max(int(count * (1 - _MARGIN * (1 - self._share))), 0), count - 1)
        # A guess: if it is too high, the round is done again without it.
        sample = rows[:: max(1, count // 4096)]
        rank = min(len(sample) - 1, rank * len(sample) // count)
        self._floor = np.partition(sample, rank, axis=0)[rank] + np.float32(0)
        self._clear()

    def _clear(self) -> None:
        self._counts = np.zeros((len(self._floor), _BINS), np.uint32)

    def _count(self, chosen: np.ndarray, rows: np.ndarray) -> None:
        """Count some of the values by one half of their bits."""
        flat = np.flatnonzero(chosen)
        units = flat % rows.shape[1]
        keys = _key(rows.reshape(-1)[flat])
        if self._fine:
            inside = keys >> np.uint32(_HALF) == self._bin[units]
            units, keys = units[inside], keys[inside] & np.uint32(_BINS - 1)
        else:
            keys = keys >> np.uint32(_HALF)
        np.add.at(self._counts.reshape(-1), units * _BINS + keys, 1)

    def _end(self, above: int) -> None:
        left = above - self._above
        low = np.array([_place(counts, int(left[i]))[0] for i, counts in enumerate(self._counts)], np.int64)
        found = _number((self._bin.astype(np.uint32) << np.uint32(_HALF)) | low.astype(np.uint32))
        self.values = np.where(self._settled, self._floor, found).astype(np.float32)
        self.open = False
        self._counts = self._counts[:0]


def _place(counts: np.ndarray, above: int) -> tuple[int, int]:
    """Return the highest bin from which on more than so many are counted, and how many are above it; 0 if none is."""
    beyond = counts[::-1].cumsum(dtype=np.int64)[::-1]
    place = max(int(np.count_nonzero(beyond > above)) - 1, 0)
    return place, int(beyond[place + 1]) if place + 1 < _BINS else 0


def _key(values: np.ndarray) -> np.ndarray:
    """Return whole numbers, uint32, in the order of these float32."""
    bits = (values + np.float32(0)).view(np.uint32)  # −0 becomes 0
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _number(keys: np.ndarray) -> np.ndarray:
    """Return the float32 that such whole numbers stand for."""
    return np.where(keys & _SIGN, keys ^ _SIGN, ~keys).astype(np.uint32).view(np.float32)
