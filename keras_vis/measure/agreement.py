"""How far do two raters agree, and over which images do they differ?"""

from __future__ import annotations

import itertools

import numpy as np

UNRATED = -1  # stands for no class
_Z = 1.959964  # of a standard normal distribution 95 % lie within ±_Z
_EXACT = 1e-15


def differing(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return where both gave a class, and not the same."""
    return np.flatnonzero((a != b) & (a != UNRATED) & (b != UNRATED))


def surest(places: np.ndarray, sure: np.ndarray, lead: np.ndarray, most: int) -> np.ndarray:
    """Return which of these the model is surest of, the surest first: by probability, then by the lead in logits."""
    return np.lexsort((places, -lead, -np.nan_to_num(sure)))[:most]


def tally(a: np.ndarray, b: np.ndarray, classes: int) -> np.ndarray:
    """Count how often what is one class to one is which class to the other, ``(classes, classes)``."""
    both = (a != UNRATED) & (b != UNRATED)
    return np.bincount(a[both] * classes + b[both], minlength=classes**2).reshape(classes, classes)


def cohen(counts: np.ndarray) -> tuple[float, float, float] | None:
    """Return Cohen's κ and between what it lies with 95 %; None where chance alone would always agree."""
    total = counts.sum()
    if not total:
        return None
    # of whole numbers, so that no rounding hides a 1
    if int(np.diag(counts).max()) == total:
        return None
    total, agreed = int(total), int(np.trace(counts))
    # of whole numbers, too: what is 0 is 0
    both = sum(int(a) * int(b) for a, b in zip(counts.sum(axis=1), counts.sum(axis=0), strict=True))
    kappa = (total * agreed - both) / (total**2 - both)
    p = counts / total
    rows, columns, chance = p.sum(axis=1), p.sum(axis=0), both / total**2
    rest = 1 - kappa
    own = np.diag(p) @ (1 - (rows + columns) * rest) ** 2
    cross = (columns[:, None] + rows[None, :]) ** 2 * p
    other = rest**2 * (cross.sum() - np.trace(cross))
    spread = own + other - (kappa - chance * rest) ** 2
    # what is below is rounding alone
    half = float(_Z * np.sqrt(spread / total) / (1 - chance)) if spread > _EXACT else 0.0
    return kappa, max(kappa - half, -1.0), min(kappa + half, 1.0)


class Kept:
    """Of the images over which two raters differ, those of which the model is surest, for each pair."""

    def __init__(self, most: int, raters: int) -> None:
        self._most = most
        self._pairs = list(itertools.combinations(range(raters), 2))
        self._best: list[np.ndarray] = [np.zeros((3, 0))] * len(self._pairs)  # place, confidence and lead of each
        self._images: dict[int, np.ndarray] = {}

    def offer(self, said: np.ndarray, sure: np.ndarray, lead: np.ndarray, images: np.ndarray, start: int) -> None:
        """Keep of these images, the first of which has the number `start`, what must be kept."""
        for i, (a, b) in enumerate(self._pairs):
            rows = differing(said[a], said[b])
            best = np.concatenate([self._best[i], [rows + start, sure[rows], lead[rows]]], axis=1)
            self._best[i] = best[:, surest(best[0], best[1], best[2], self._most)]
        wanted = set(self.places.tolist())
        fresh = {start + row: images[row].copy() for row in range(len(images)) if start + row in wanted}
        self._images = {place: image for place, image in self._images.items() if place in wanted} | fresh

    @property
    def places(self) -> np.ndarray:
        """Which images they are, ascending."""
        return np.unique(np.concatenate([best[0] for best in self._best])).astype(np.int64)

    def images(self, like: np.ndarray) -> np.ndarray:
        """Return them in this order, of the shape of others."""
        found = [self._images[place] for place in self.places.tolist()]
        return np.stack(found) if found else np.zeros((0, *like.shape[1:]), np.float32)
