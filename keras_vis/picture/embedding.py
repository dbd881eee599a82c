"""What lies near what, and how much of that is kept in the plane?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from keras_vis.picture.charts import Chart
from keras_vis.picture.mosaic import Mosaic

_ANCHORS = 100  # points by which one embedding is turned onto another: more change nothing
_NEAR = 10  # neighbours that are asked about


@dataclass(frozen=True, eq=False, repr=False)
class Embedding(Chart):
    """Points in the plane, one for each image, such that what was near stays near.

    Attributes:
        kind: `"scatter"`.
        values: `positions` `(n, 2)`, float32; `neighbours` `(n, k)`, int32, of each image those whose codes are
            nearest, the nearest first; `images` `(m, h, w, c)`, small copies of some, and `shown` `(m,)`, which they
            are; `labels` `(n,)`, int32, if there are any.
        text: `names` of the labels that occur, ascending; `title`; `x` and `y`, what the axes are; `way`, how the
            positions were found, in a few words.
    """

    @property
    def positions(self) -> np.ndarray:
        """Where each image lies: `(n, 2)`, the second number upwards."""
        return self.values["positions"]

    @property
    def labels(self) -> np.ndarray | None:
        """The label of each image, `(n,)`; None if there are none."""
        return self.values.get("labels")

    def agreement(self, k: int = _NEAR, *, of: str = "positions") -> float:
        """Give how often near images are alike: the share of each one's k nearest that have its label, on average.

        Args:
            k: neighbours of each image.
            of: near in the plane, `"positions"`; or before, in the `"codes"`. The difference is what the plane loses.

        Returns:
            From 0 to 1.

        Raises:
            ValueError: there are no labels, or not so many neighbours.
        """
        if self.labels is None:
            raise ValueError("There are no labels to agree. Give `labels=` to embed_codes, one for each image.")
        near = self._nearest(k, of)
        return float((self.labels[near] == self.labels[:, None]).mean())

    def kept(self, k: int = _NEAR) -> float:
        """Give the share of each image's k nearest in the codes that are among its k nearest in the plane, on average.

        Args:
            k: neighbours of each image.

        Returns:
            From 0 to 1; k / (n - 1) if nothing is kept but by chance.

        Raises:
            ValueError: there are not so many neighbours.
        """
        first, second = self._nearest(k, "codes"), self._nearest(k, "positions")
        return float(np.mean([(second == column[:, None]).any(axis=1).mean() for column in first.T]))

    def grid(self, columns: int | None = None) -> Mosaic:
        """Lay the images on a grid, each in a cell of its own, so that near ones are near.

        Where they are more than cells, an even random part of them is laid. The sum of the squared ways from the
        positions, both axes stretched to the grid, to the cells is the least that there is.

        Args:
            columns: of the grid, which has at most as many rows. None: for all images, or as many as can be seen.

        Returns:
            `Mosaic`; its `indices` say which images they are.

        Raises:
            ValueError: `columns` is less than 1.

        Source:
            Karpathy 2014, "t-SNE visualization of CNN codes", as shown in the CS231n lectures. There each cell takes
            the image that is nearest to it; here the assignment is the best for all together, and no image is twice.
        """
        from keras_vis.draw import mosaic

        images, shown = self.values["images"], self.values["shown"]
        if columns is None:
            columns = mosaic.columns_for(len(images), images.shape[1:3])
        if isinstance(columns, bool) or not isinstance(columns, int | np.integer) or columns < 1:
            raise ValueError(f"`columns={columns!r}` must be a whole number, at least 1.")
        # they come in a random order
        indices = shown[: int(columns) ** 2]
        cells = mosaic.arrange(self.positions[indices], -(-len(indices) // int(columns)), int(columns))
        order = np.lexsort((cells[:, 1], cells[:, 0]))
        labels = None if self.labels is None else self.labels[indices[order]]
        told = (
            f"{len(indices):,} of {len(self.positions):,} images"
            if len(indices) < len(self.positions)
            else "each image"
        )
        return Mosaic(
            images[: len(indices)][order],
            indices=indices[order],
            cells=cells[order],
            labels=labels,
            names=self._names(labels),
            title=str(self.text.get("title", "")),
            note=f"{told} in a cell near its position by {self.text.get('way', 'the embedding')}; none is there twice",
            about={**self.about, "picture": "grid", "columns": int(columns)},
        )

    def scales(self) -> np.ndarray:
        """Give the positions of some images, onto which a later embedding of the same images can be turned.

        Returns:
            float32 `(m, 2)`.
        """
        return self.positions[self._anchors()]

    def at(self, scale: np.ndarray) -> Self:
        """Give the same embedding, turned and mirrored so that it lies nearest to another of the same images.

        Distances stay as they are. Principal components are mirrored alone.

        Args:
            scale: what `scales()` of that other gave; nothing changes if it was empty.

        Raises:
            ValueError: it is of another number of images.
        """
        if not np.size(scale):
            return self
        wanted, own = np.asarray(scale, np.float64), self.scales().astype(np.float64)
        if wanted.shape != own.shape:
            raise ValueError(f"`scale` has shape {wanted.shape}; of these images it must be {own.shape}.")
        product = (own - own.mean(axis=0)).T @ (wanted - wanted.mean(axis=0))
        if self.text.get("x"):
            turn = np.diag(np.where(np.diag(product) < 0, -1.0, 1.0))
        else:
            # orthogonal Procrustes (Schönemann 1966)
            left, _, right = np.linalg.svd(product)
            turn = left @ right
        if np.allclose(turn, np.eye(2), atol=1e-5):
            return self
        turned = (self.positions @ turn).astype(np.float32)
        return dataclasses.replace(self, values={**self.values, "positions": turned})

    def draw(self) -> np.ndarray:
        """Draw a point for each image, and the names of the labels.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import scatter

        return scatter.scatter(self.values, {**self.text, "note": self._note()})

    def _note(self) -> str:
        """Say what was done, and how far it can be believed."""
        told = [f"{self.text.get('way', 'an embedding')} of {len(self.positions):,} images"]
        k = min(_NEAR, self.values["neighbours"].shape[1])
        if self.labels is not None:
            shares = [f"{100 * self.agreement(k, of=of):.1f} %" for of in ("positions", "codes")]
            told.append(f"of an image's {k} nearest, {shares[0]} have its label here, {shares[1]} by their codes")
        if not self.text.get("x"):
            told.append("nearness counts; the sizes of groups and the distances between them mean nothing")
        return "; ".join(told)

    def _names(self, labels: np.ndarray | None) -> list[str]:
        """The names of the labels that occur among these."""
        if labels is None or self.labels is None:
            return []
        every = np.unique(self.labels)
        given: Sequence[str] = self.text.get("names") or [str(label) for label in every]  # type: ignore[assignment]
        return [given[int(i)] for i in np.searchsorted(every, np.unique(labels))]

    def _anchors(self) -> np.ndarray:
        count = len(self.positions)
        return np.linspace(0, count - 1, min(count, _ANCHORS)).astype(np.int64)

    def _nearest(self, k: int, of: str) -> np.ndarray:
        """Return the k nearest others of each image, `(n, k)`."""
        if of not in ("positions", "codes"):
            raise ValueError(f"`of={of!r}` must be 'positions' or 'codes'.")
        known = self.values["neighbours"]
        most = known.shape[1] if of == "codes" else len(self.positions) - 1
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= most:
            raise ValueError(f"`k={k!r}` must be a whole number from 1 to {most}: so many neighbours are known.")
        if of == "codes":
            return known[:, :k]
        from scipy.spatial import KDTree

        found = KDTree(self.positions).query(self.positions, k + 1)[1]
        # itself, which stands first unless others lie in the same place; among too many of those it may be missing
        itself = found == np.arange(len(found))[:, None]
        itself[:, -1] |= ~itself.any(axis=1)
        return found[~itself].reshape(len(found), k)
