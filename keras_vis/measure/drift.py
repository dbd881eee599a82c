"""How far are numbers from what they were?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Drift:
    """How much each part of a picture has changed since an earlier one: 1 - a similarity between -1 and 1.

    Attributes:
        measure: ``"1 - rank correlation"`` or ``"1 - cosine"``.
        values: ``(n,)``, float32, in [0, 2], one for each map, unit or filter: 0 nothing has changed, 1 nothing is left
            of it, 2 it has become its opposite.
    """

    measure: str
    values: np.ndarray

    @property
    def mean(self) -> float:
        """The mean over all parts."""
        return float(self.values.mean(dtype=np.float64))


def by_rank(values: np.ndarray, earlier: np.ndarray) -> Drift | None:
    """Return 1 - the rank correlation of each map with its earlier self.

    Args:
        values: ``(n, ...)``.
        earlier: as many, of the same shape.

    Returns:
        None where the shapes differ, or a map is a single number: it has no order.
    """
    if values.shape != earlier.shape or math.prod(values.shape[1:]) < 2:
        return None
    return Drift("1 - rank correlation", (1 - rank_correlations(values, earlier)).astype(np.float32))


def by_cosine(values: np.ndarray, earlier: np.ndarray) -> Drift | None:
    """Return 1 - the cosine between each filter and its earlier self; None where the shapes differ.

    Args:
        values: ``(n, ...)``.
        earlier: as many, of the same shape.
    """
    if values.shape != earlier.shape:
        return None
    return Drift("1 - cosine", (1 - cosines(values, earlier)).astype(np.float32))


def joined(parts: Sequence[Drift | None]) -> Drift | None:
    """Return the drift of several parts as one, in their order; None where one has none, or another measure."""
    found = [part for part in parts if part is not None]
    if len(found) < len(parts) or len({part.measure for part in found}) != 1:
        return None
    return Drift(found[0].measure, np.concatenate([part.values for part in found]))


def rank_correlations(values: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Correlate the ranks of all numbers of each map with those of the same map earlier.

    Equal numbers share the mean of their ranks. One map is ranked at a time: of 20 maps of 224 x 224 that takes a
    quarter of a second.

    Args:
        values: ``(n, ...)``, finite.
        earlier: of the same shape.

    Returns:
        ``(n,)``, float64, in [-1, 1]. Where both maps are constant 1: nothing has changed in their order. Where one
        alone is 0.

    Raises:
        ValueError: the shapes differ.

    Source:
        Spearman 1904, "The proof and measurement of association between two things". Adebayo et al. 2018,
        arXiv:1810.03292, compare saliency maps by it, with and without their signs; here signs are kept.
    """
    return _pairs(values, earlier, _ranks)


def cosines(values: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Take the cosine of the angle between each filter and the same filter earlier.

    Args:
        values: ``(n, ...)``, finite, in float32: squares of float64 might overflow.
        earlier: of the same shape.

    Returns:
        ``(n,)``, float64, in [-1, 1]. Where both filters are zero 1, where one alone is 0.

    Raises:
        ValueError: the shapes differ.
    """
    return _pairs(values, earlier, lambda numbers: numbers.astype(np.float64))


def _pairs(values: np.ndarray, earlier: np.ndarray, prepared: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the cosine of each row, prepared, with its earlier self, one row at a time."""
    if values.shape != earlier.shape:
        raise ValueError(f"`values` and `earlier` must have one shape. Received: {values.shape} and {earlier.shape}.")
    rows = zip(values, earlier, strict=True)
    return np.array([_cosine(prepared(now.reshape(-1)), prepared(then.reshape(-1))) for now, then in rows], np.float64)


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine between two vectors: 1 where both are zero, 0 where one alone is."""
    squares = float(a @ a) * float(b @ b)
    if not squares:
        return float(not a.any() and not b.any())
    return min(1.0, max(-1.0, float(a @ b) / math.sqrt(squares)))


def _ranks(numbers: np.ndarray) -> np.ndarray:
    """Return the ranks, counted from their mean and doubled.

    They are whole numbers, and up to 300,000 of them their squares sum to less than 2^53: what has the same order has a
    correlation of exactly 1.
    """
    from scipy.stats import rankdata

    return 2 * rankdata(numbers) - (numbers.size + 1)
