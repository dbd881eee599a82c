"""What is a method's answer on average, over noisy copies of each image?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from keras_vis.engine.batch import Batch, bar

STATISTICS = {"mean": "mean", "square": "mean square", "variance": "variance"}


@dataclass(frozen=True)
class Noise:
    """Noisy copies of each image, and a statistic of what is made of them.

    A copy is x ± σε, with ε of the normal distribution and σ = `noise` · (max − min) of the image. Copies come in pairs
    of one ε and both signs, which leaves the expectation as it is and takes the odd terms out of the error. All images
    get the same ε, so that an image's copies are the same whatever else there is.

    Attributes:
        samples: copies of each image.
        noise: as a share of each image's max − min.
        statistic: of the values v: ``"mean"``; ``"square"``, the mean of v²; ``"variance"``, that of (v − mean)².
        seed: of ε.
    """

    samples: int
    noise: float
    statistic: str
    seed: int

    def __post_init__(self) -> None:
        """Say what cannot be."""
        for key, value, least in (("samples", self.samples, 1), ("seed", self.seed, 0)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise ValueError(f"`{key}` must be a whole number, at least {least}; received {value!r}.")
            object.__setattr__(self, key, int(value))  # a product of narrow ones would wrap
        number = isinstance(self.noise, int | float | np.number) and not isinstance(self.noise, bool)
        if not number or not 0 <= self.noise < np.inf:
            raise ValueError(f"`noise` must be a share of each image's max − min, at least 0; received {self.noise!r}.")
        if self.statistic not in STATISTICS:
            raise ValueError(f"`statistic={self.statistic!r}` must be one of {', '.join(map(repr, STATISTICS))}.")

    def average(
        self,
        answer: Callable[[Batch, np.ndarray], np.ndarray],
        data: Batch,
        which: int,
        *,
        size: int,
        what: str,
        progress: bool,
    ) -> np.ndarray:
        """Return the statistic of a method's values over noisy copies of each image, float32 ``(n, ...)``.

        Args:
            answer: gives the values ``(r, ...)`` for r copies, and is told of which image each is.
            data: the images.
            which: the input that gets noise.
            size: copies at a time; only these are held.
            what: the name of what is done, for the bar.
            progress: whether a bar is shown where it takes longer than a second.
        """
        total = squares = first = np.zeros(0)
        done = 0
        with bar(len(data) * self.samples, what, progress) as shown:
            for rows, owner, runs in self._copies(data.arrays[which], size):
                others = tuple(rows if i == which else array[owner] for i, array in enumerate(data.arrays))
                values = answer(Batch(others, data.structure, data.names), owner)
                if not total.size:
                    # In float64, so that ten thousand samples lose nothing.
                    total = np.zeros((len(data), *values.shape[1:]))
                    squares = np.zeros_like(total) if self.statistic != "mean" else squares
                    first = np.zeros_like(total) if self.statistic == "variance" else first
                for here, there in runs:
                    part = values[here]
                    if self.statistic == "variance":
                        # Counted from the first copy's: the difference of two large squares would have no digits left.
                        if done + here.start < len(data):
                            first[there] = part
                        part = part - first[there]
                    total[there] += part
                    if self.statistic != "mean":
                        squares[there] += np.square(part, dtype=np.float64)
                shown.update(len(rows))
                done += len(rows)
        mean = total / self.samples
        if self.statistic == "mean":
            found = mean
        elif self.statistic == "square":
            found = squares / self.samples
        else:
            found = np.maximum(squares / self.samples - np.square(mean), 0)
        return found.astype(np.float32)

    def _copies(
        self, images: np.ndarray, size: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray, list[tuple[slice, slice]]]]:
        """Yield copies, `size` at a time; of which image each is; and the same as slices of both, one to one."""
        n, shape = images.shape[0], images.shape[1:]
        axes = tuple(range(1, images.ndim))
        sigma = np.float32(self.noise) * (images.max(axes, keepdims=True) - images.min(axes, keepdims=True))
        rng = np.random.default_rng(self.seed)
        epsilon, pair = np.empty(shape, np.float32), -1
        for start in range(0, n * self.samples, size):
            sample, owner = np.divmod(np.arange(start, min(start + size, n * self.samples)), n)
            rows = np.empty((len(owner), *shape), np.float32)
            runs = []
            for first, last in itertools.pairwise([0, *(np.flatnonzero(np.diff(sample)) + 1), len(owner)]):
                here, there = slice(int(first), int(last)), slice(int(owner[first]), int(owner[last - 1]) + 1)
                which, odd = divmod(int(sample[first]), 2)
                if which != pair:
                    rng.standard_normal(dtype=np.float32, out=epsilon)
                    pair = which
                # In place: of photographs, copies of copies would take longer than the noise.
                np.multiply(sigma[there], epsilon, out=rows[here])
                (np.subtract if odd else np.add)(images[there], rows[here], out=rows[here])
                runs.append((here, there))
            yield rows, owner, runs
