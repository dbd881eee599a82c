"""Where in the plane does each of many points lie, so that what is near stays near?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# openTSNE's two phases: the clusters are drawn together, then spread.
_TOGETHER, _APART = 250, 500
STEPS = _TOGETHER + _APART
_EVERY = 10  # steps between two calls
_START = 1e-4  # the deviation of the start: small, so that nothing is far from anything yet (Kobak & Berens 2019)
_NOISE = 1e-2  # of it: without, what lies on a line at the start, as codes of one number do, would never leave it
_THREADS = 5000  # points from which threads gain; below they wait for each other. The numbers are the same.
_SEEDS = 2**32  # of NumPy's old generator, which both libraries take; its new one knows no last
_EXACT = 1024  # numbers of a code up to which their covariance is decomposed; beyond, its largest axes are sought


def principal(codes: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes along the axes on which they vary most, each axis turned so that its largest weight is positive.

    Args:
        codes: ``(n, d)``, float32; their mean is taken off in place.
        count: how many axes; there are no more than n or d.
        seed: for the search in codes of more than 1,024 numbers.

    Returns:
        ``(n, count)``, float32, and each axis's share of the variance, ``(count,)``.
    """
    from sklearn.decomposition import PCA

    codes -= codes.mean(axis=0, dtype=np.float64).astype(np.float32)
    solver = "covariance_eigh" if codes.shape[1] <= _EXACT else "randomized"
    found = PCA(min(count, *codes.shape), svd_solver=solver, random_state=seed % _SEEDS, iterated_power=7, copy=False)
    points = found.fit_transform(codes).astype(np.float32)
    return points, found.explained_variance_ratio_.astype(np.float64)


def neighbours(points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest other points of each, the nearest first: their numbers, int32, and their distances, float64.

    Args:
        points: ``(n, d)``.
        count: how many; less than n.
    """
    from sklearn.neighbors import NearestNeighbors

    # A tree in the plane; in more dimensions all against all, which there is faster, and exact.
    way = "kd_tree" if points.shape[1] <= 2 else "brute"
    distances, index = NearestNeighbors(n_neighbors=count, algorithm=way, n_jobs=-1).fit(points).kneighbors()
    return index.astype(np.int32), distances.astype(np.float64)


def tsne(
    start: np.ndarray,
    near: tuple[np.ndarray, np.ndarray],
    perplexity: float,
    *,
    seed: int,
    moved: Callable[[int], object] | None = None,
) -> np.ndarray:
    """Return positions in the plane at which neighbours are as likely as among the points.

    Args:
        start: ``(n, 2)``: where the points lie at first, on any scale.
        near: of each point its nearest others and their distances, ``(n, 3 perplexity)``; see `neighbours`.
        perplexity: how many neighbours count, about.
        seed: of a little noise at the start.
        moved: called every few steps with their number, of `STEPS`; it costs a loss that is not needed otherwise.

    Returns:
        ``(n, 2)``, float32, their mean at 0.
    """
    from openTSNE import TSNEEmbedding, affinity
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    jobs = -1 if len(start) >= _THREADS else 1
    likely = affinity.PerplexityBasedNN(
        knn_index=PrecomputedNeighbors(*near), perplexity=perplexity, symmetrize=True, n_jobs=jobs
    )
    scale = _START / (start[:, 0].std(dtype=np.float64) or 1.0)
    noise = np.random.default_rng(seed).normal(0, _NOISE * _START, start.shape)
    # A RandomState of its own, although nothing is drawn from it: None would be NumPy's global one.
    own = np.random.RandomState(seed % _SEEDS)

    def step(iteration: int, loss: float, positions: np.ndarray) -> bool:
        del iteration, loss, positions
        if moved is not None:
            moved(_EVERY)
        return False

    found = TSNEEmbedding(
        start.astype(np.float64) * scale + noise, likely, n_jobs=jobs, random_state=own, verbose=False
    )
    watched = {"use_callbacks": True, "callbacks": [step], "callbacks_every_iters": _EVERY} if moved is not None else {}
    found = found.optimize(_TOGETHER, exaggeration=12, momentum=0.8, **watched)
    found = found.optimize(_APART, momentum=0.8, **watched)
    return np.asarray(found, np.float32)
