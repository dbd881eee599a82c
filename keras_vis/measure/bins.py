"""What is there to tell of the images whose attribute lies between two edges?"""

from __future__ import annotations

import itertools

import numpy as np

_Z = 1.959964  # of a standard normal distribution 95 % lie within ±_Z
_EACH = 32  # images of a sample for each bin: that one has none is then less likely than 1 in a million
_LEAST = 96  # pixels: a sample's photographs are shrunk, by a whole factor, to no less


def edges_of(value: np.ndarray, bins: int | np.ndarray) -> np.ndarray:
    """Return the edges given, or those of so many bins of equally many values, as nearly as can be.

    Equal values stay together; bins are fewer only where there are fewer different values. An edge lies half-way
    between two neighbours.
    """
    if not isinstance(bins, int):
        return bins
    found, counts = np.unique(value, return_counts=True)
    upto = np.cumsum(counts)
    # cuts come after these of the different values; 0 and n are no cuts
    last, n = len(found) - 1, len(value)
    cuts = {int(np.abs(upto[:last] - n * i / bins).argmin()) for i in range(1, bins)} if last else set()
    while len(cuts) < min(bins - 1, last):
        # where one value has more than its share, two cuts fell together: the fullest bin that can be is cut again
        ends = [-1, *sorted(cuts), last]
        parts = [(a, b) for a, b in itertools.pairwise(ends) if b - a > 1]
        a, b = max(parts, key=lambda part: upto[part[1]] - _before(upto, part[0]))
        middle = (upto[b] + _before(upto, a)) / 2
        cuts.add(a + 1 + int(np.abs(upto[a + 1 : b] - middle).argmin()))
    here = np.array(sorted(cuts), np.intp)
    low, high = found[here], found[here + 1]
    between = low / 2 + high / 2
    # of two neighbours with no number between them the second begins the bin
    return np.concatenate([found[:1], np.where(between > low, between, high), found[-1:]])


def summary(value: np.ndarray, correct: np.ndarray, chance: np.ndarray, edges: np.ndarray) -> dict[str, np.ndarray]:
    """Return what there is to tell of each bin that is not empty: a bin begins with its edge, the last one has both.

    Args:
        value: ``(n,)``, the attribute.
        correct: ``(n,)``, bool.
        chance: ``(n,)``, the probability of the predicted class; NaN where there is none.
        edges: ``(bins + 1,)``.

    Raises:
        ValueError: every bin is empty.
    """
    bin_ = _place(value, edges)
    counts = np.bincount(bin_, minlength=len(edges))[: len(edges) - 1]
    there = np.flatnonzero(counts)
    if not there.size:
        raise ValueError(
            f"`bins` hold no image: they go from {edges[0]:g} to {edges[-1]:g}, the attribute from {value.min():g} to "
            f"{value.max():g}."
        )
    members = [bin_ == b for b in there]
    right = np.array([correct[rows].sum() for rows in members])
    found = {
        "edges": np.stack([edges[:-1], edges[1:]], axis=1)[there],
        "counts": counts[there],
        "middles": np.array([np.median(value[rows]) for rows in members]),
        "accuracy": right / counts[there],
        "interval": wilson(right, counts[there]),
        "overall": np.array(right.sum() / counts.sum()),
        "attribute": value,
        "correct": correct,
    }
    if np.isfinite(chance).all():
        found["confidence"] = np.array([chance[rows].mean() for rows in members])
    return found


def wilson(right: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return where a share lies with 95 %, ``(m, 2)``: within [0, 1], and of some width where none or all are right."""
    share, z = right / count, _Z**2 / count
    half = _Z * np.sqrt(share * (1 - share) / count + z / (4 * count))
    return np.clip(np.stack([share + z / 2 - half, share + z / 2 + half], axis=1) / (1 + z[:, None]), 0, 1)


class Sample:
    """Some images with their attribute, evenly taken from all that are offered, and no more than are needed.

    Args:
        bins: how many there will be, or their edges: of each of these there is then a sample.
    """

    def __init__(self, bins: int | np.ndarray) -> None:
        self._edges = None if isinstance(bins, int) else bins
        self._most = _EACH * (bins if isinstance(bins, int) else 1)
        self._kept: dict[int, list[tuple[float, np.ndarray]]] = {}
        self._seen: dict[int, int] = {}
        self._step: dict[int, int] = {}

    def offer(self, value: np.ndarray, images: np.ndarray) -> None:
        """Take some of the images ``(r, h, w, c)`` whose attribute is ``(r,)``, or none."""
        bins = np.zeros(len(value), int) if self._edges is None else _place(value, self._edges)
        for bin_, one, image in zip(bins.tolist(), value.tolist(), images, strict=True):
            seen = self._seen[bin_] = self._seen.get(bin_, 0) + 1
            step, kept = self._step.setdefault(bin_, 1), self._kept.setdefault(bin_, [])
            if (seen - 1) % step:
                continue
            kept.append((one, shrunk(image)))
            if len(kept) > self._most:
                # every second one goes, and from here on only every second one comes
                del kept[1::2]
                self._step[bin_] *= 2

    def nearest(self, edges: np.ndarray, middles: np.ndarray) -> np.ndarray:
        """Return for each bin the image that is nearest to its middle, of those in it where there are any."""
        all_ = [pair for kept in self._kept.values() for pair in kept]
        value = np.array([one for one, _ in all_])
        chosen = []
        for (low, high), middle in zip(edges, middles, strict=True):
            outside = np.where((value < low) | (value > high), np.inf, 0.0)
            chosen.append(np.lexsort((np.abs(value - middle), outside))[0])
        return np.stack([all_[i][1] for i in chosen])


def shrunk(image: np.ndarray) -> np.ndarray:
    """Return an image as the means of squares of pixels, such that it is still large enough to be seen."""
    by = max(max(image.shape[:2]) // _LEAST, 1)
    high, wide = (max(side // by, 1) for side in image.shape[:2])
    if by == 1 or min(image.shape[:2]) < by:
        return image.copy()
    return image[: high * by, : wide * by].reshape(high, by, wide, by, -1).mean(axis=(1, 3))


def _before(upto: np.ndarray, last: int) -> int:
    """Return how many values there are up to a different one; none before the first."""
    return int(upto[last]) if last >= 0 else 0


def _place(value: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bin of each value; the number of edges less one where it lies outside."""
    last = len(edges) - 1
    bin_ = np.clip(np.searchsorted(edges, value, "right") - 1, 0, last - 1)
    bin_[(value < edges[0]) | (value > edges[-1])] = last
    return bin_
