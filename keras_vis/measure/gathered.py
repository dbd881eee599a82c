"""What is kept of a data set that goes by piece by piece?"""

from __future__ import annotations

import numpy as np


class Rows:
    """A row of numbers for each image; in its place from the start, where it is known how many there will be.

    Args:
        count: how many images there are, or None.
    """

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._whole: np.ndarray | None = None
        self._parts: list[np.ndarray] = []

    def put(self, start: int, rows: np.ndarray) -> None:
        """Keep the rows ``(r, d)`` of the images from this number on."""
        if self._count is None:
            self._parts.append(rows)
            return
        if self._whole is None:
            self._whole = np.empty((self._count, rows.shape[1]), np.float32)
        self._whole[start : start + len(rows)] = rows

    def all(self) -> np.ndarray:
        """Return all rows, ``(n, d)``, float32."""
        return np.concatenate(self._parts) if self._whole is None else self._whole


class Album:
    """Small copies of some images: each has the same chance, and which they are does not depend on the pieces.

    Args:
        most: how many are kept.
        side: the longer side of a copy, in pixels, at most.
        seed: for the choice.
    """

    def __init__(self, most: int, side: int, seed: int) -> None:
        self._most, self._side = most, side
        self._rng = np.random.default_rng(seed)
        self._seen = 0
        self._size: tuple[int, int] | None = None
        self._lots, self._indices = np.empty(0), np.empty(0, np.int64)
        self._images: list[np.ndarray] = []

    def put(self, images: np.ndarray) -> None:
        """Look at the next images ``(r, h, w, c)``."""
        # Each image draws a lot; those of the lowest are kept.
        lots = self._rng.random(len(images))
        own = np.arange(self._seen, self._seen + len(images))
        self._seen += len(images)
        every, numbers = np.concatenate([self._lots, lots]), np.concatenate([self._indices, own])
        before = len(self._lots)
        kept = np.argsort(every, kind="stable")[: self._most]
        copies = {int(i): self._small(images[i - before]) for i in kept if i >= before}
        self._images = [copies[int(i)] if i >= before else self._images[i] for i in kept]
        self._lots, self._indices = every[kept], numbers[kept]

    def all(self) -> dict[str, np.ndarray]:
        """Return the copies, ``images`` ``(m, h, w, c)``, and which they are, ``shown`` ``(m,)``, in random order."""
        return {"images": np.stack(self._images), "shown": self._indices}

    def _small(self, image: np.ndarray) -> np.ndarray:
        """Return a copy of an image, made smaller by the mean over areas; all have the size of the first."""
        if self._size is None:
            height, width = image.shape[:2]
            share = min(1.0, self._side / max(height, width))
            self._size = max(1, round(height * share)), max(1, round(width * share))
        if image.shape[:2] == self._size:
            return image.copy()
        rows, columns = (_means(old, new) for old, new in zip(image.shape[:2], self._size, strict=True))
        return np.einsum("ah,hwc,bw->abc", rows, image, columns, optimize=True).astype(np.float32)


def _means(old: int, new: int) -> np.ndarray:
    """Return what makes means over `new` equal parts of `old` pixels: ``(new, old)``, each row of sum 1."""
    ends = np.linspace(0, old, new + 1)
    pixels = np.arange(old)
    inside = np.minimum(ends[1:, None], pixels + 1) - np.maximum(ends[:-1, None], pixels)
    return np.clip(inside, 0, None).astype(np.float32) * np.float32(new / old)
