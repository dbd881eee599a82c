"""Which pixels does each number of a tensor depend on, along one side of the image?

From `low` to before `high`, for every number: what is really there, cut off at the edges of the image. And beside it
the same as if image and maps went on without end (`Grid`), from which size and stride of an inner position are read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from keras_vis.engine.field.windows import NOTHING, Window


@dataclass(frozen=True)
class Grid:
    """The pixels that the positions along an axis depend on, as if there were no edges.

    Attributes:
        axis: of the tensor.
        low: the first pixel, of the first ``(period,)`` positions.
        high: after the last.
        advance: pixels from a position to the one a period later.
        block: while a dilation is made of an interleaved batch: of how many. The positions are those from before.
    """

    axis: int
    low: np.ndarray
    high: np.ndarray
    advance: int
    block: int = 1

    @classmethod
    def fitted(cls, axis: int, low: np.ndarray, high: np.ndarray) -> Grid | None:
        """Return the grid of which these are the first positions, if they follow each other evenly."""
        if len(low) == 1:
            return cls(axis, low, high, 0)
        for period in range(1, len(low) // 2 + 1):
            steps = np.stack([part[period:] - part[:-period] for part in (low, high)])
            if (steps == steps[0, 0]).all():
                return cls(axis, low[:period], high[:period], int(steps[0, 0]))
        return None

    @property
    def step(self) -> Fraction:
        """Pixels from a position to the next, on an average."""
        return Fraction(self.advance, len(self.low))

    def at(self, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the first pixels, and those after the last, of any positions."""
        own = len(self.low)
        shift = self.advance * (position // own)
        return self.low[position % own] + shift, self.high[position % own] + shift

    def through(self, window: Window, axis: int | None = None) -> Grid | None:
        """Return that of what comes out of a window, on this axis."""
        if window.table is None or (self.block > 1 and (len(window.table), window.advance) != (1, 1)):
            return None
        there = window.table != NOTHING
        table = np.where(there, window.table * self.block, 0)
        own, outer = len(self.low), len(table)
        repeats = own // math.gcd(own, window.advance)
        place = np.arange(outer * repeats)
        taps = table[place % outer] + window.advance * (place // outer)[:, None]
        hit, (low, high) = there[place % outer], self.at(taps)
        low, high = np.where(hit, low, NOTHING).min(axis=1), np.where(hit, high, -NOTHING).max(axis=1)
        moved = window.advance * repeats * self.advance // own
        return replace(self, axis=self.axis if axis is None else axis, low=low, high=high, advance=moved)._shortest()

    def _shortest(self) -> Grid:
        size = len(self.low)
        for period in range(1, size):
            if size % period == 0 and self.advance * period % size == 0:
                low, high, advance = self.low[:period], self.high[:period], self.advance * period // size
                shorter = replace(self, low=low, high=high, advance=advance)
                if (np.stack(shorter.at(np.arange(size))) == np.stack([self.low, self.high])).all():
                    return shorter
        return self

    def joined(self, other: Grid) -> Grid | None:
        """Return that of both together; None where they drift apart."""
        if (self.axis, self.step, self.block) != (other.axis, other.step, other.block):
            return None
        place = np.arange(math.lcm(len(self.low), len(other.low)))
        parts = self.at(place), other.at(place)
        low, high = np.minimum(parts[0][0], parts[1][0]), np.maximum(parts[0][1], parts[1][1])
        return replace(self, low=low, high=high, advance=int(self.step * len(place)))._shortest()


@dataclass(frozen=True)
class Span:
    """The pixels that each number of a tensor depends on, along one side of the image.

    Attributes:
        low: the first, of a shape that broadcasts to the tensor's.
        high: after the last.
        grid: as if there were no edges; None where no such rule is known.
    """

    low: np.ndarray
    high: np.ndarray
    grid: Grid | None = None

    @property
    def varies(self) -> bool:
        """Whether not all numbers depend on the same."""
        return self.low.size > 1

    def axes(self, rank: int) -> set[int]:
        """The axes along which it varies, of a tensor of so many axes; what depends on nothing does not count."""
        part = self.aligned(rank)
        there = part.low < NOTHING
        return {
            axis
            for axis, size in enumerate(part.low.shape)
            if size > 1
            and (
                ((part.low > part.low.min(axis, keepdims=True)) | (part.high < part.high.max(axis, keepdims=True)))
                & there
            ).any()
        }

    def aligned(self, rank: int) -> Span:
        """Return the same with one axis for each of the tensor's."""
        if self.low.ndim == rank:
            return self
        shape = (*[1] * (rank - self.low.ndim), *self.low.shape)
        return Span(self.low.reshape(shape), self.high.reshape(shape), self.grid)

    def merged(self, axes: Iterable[int], keep: bool = True) -> Span:
        """Return the span of what mixes all numbers along some axes; `aligned` before."""
        axes = tuple(axes)
        low, high = self.low.min(axes, keepdims=keep), self.high.max(axes, keepdims=keep)
        grid = self.grid
        if grid is not None and (grid.axis in axes or grid.block > 1):
            grid = None
        elif grid is not None and not keep:
            grid = replace(grid, axis=grid.axis - sum(axis < grid.axis for axis in axes))
        return span(low, high, grid)

    def looked(self, windows: dict[int, tuple[int, Window]]) -> Span:
        """Return the span of what looks through windows: the size of each axis, and its window; `aligned` before."""
        low, high, grid = self.low, self.high, self.grid
        for axis, (size, window) in windows.items():
            low, high = window.look(low, axis, size, np.min), window.look(high, axis, size, np.max)
            if grid is not None and grid.axis == axis:
                grid = grid.through(window)
        return span(low, high, grid)


def span(low: np.ndarray, high: np.ndarray, grid: Grid | None = None) -> Span:
    """Return a span, its arrays of size 1 along the axes on which nothing depends."""
    for axis in range(low.ndim):
        if low.shape[axis] > 1:
            one = (*[slice(None)] * axis, slice(0, 1))
            if (low == low[one]).all() and (high == high[one]).all():
                low, high = low[one], high[one]
    return Span(low, high, grid)


def joined(spans: Sequence[Span], shapes: Sequence[Sequence[int]], shape: Sequence[int]) -> Span:
    """Return the span of what is made of several tensors number by number, broadcast to one shape."""
    rank = len(shape)
    aligned = [part.aligned(rank) for part in spans]
    low, high = aligned[0].low, aligned[0].high
    for part in aligned[1:]:
        low, high = np.minimum(low, part.low), np.maximum(high, part.high)
    grids = [_broadcast(part.grid, before, shape) for part, before in zip(spans, shapes, strict=True)]
    grid = grids[0]
    for other in grids[1:]:
        grid = grid.joined(other) if grid is not None and other is not None else None
    return span(low, high, grid)


def _broadcast(grid: Grid | None, before: Sequence[int], shape: Sequence[int]) -> Grid | None:
    """Return a grid on the axes of a larger shape; None where its own axis is repeated."""
    if grid is None:
        return None
    axis = grid.axis + len(shape) - len(before)
    return replace(grid, axis=axis) if before[grid.axis] == shape[axis] else None
