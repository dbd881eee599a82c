"""Which images lie side by side, each in a place of its own?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from keras_vis.measure.drift import Drift
from keras_vis.picture import checks
from keras_vis.picture.images import Images


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Mosaic(Images):
    """Images on a grid, each in a cell of its own.

    Attributes:
        values: `(n, h, w, c)`, float32, raw.
        indices: `(n,)`, the number of each image in the data.
        cells: `(n, 2)`, the row and the column of each.
        labels: `(n,)`, whole numbers, or None: drawn as frames.
        names: of the labels that occur, ascending.
    """

    indices: np.ndarray
    cells: np.ndarray
    labels: np.ndarray | None = None
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Check that no two images share a cell."""
        super().__post_init__()
        count = len(self.values)
        if self.indices.shape != (count,) or self.cells.shape != (count, 2):
            raise ValueError(
                f"`indices` and `cells` must be ({count},) and ({count}, 2), of {count} images. "
                f"Received: {self.indices.shape} and {self.cells.shape}."
            )
        if len(np.unique(self.cells, axis=0)) < count:
            raise ValueError("`cells` has one cell twice. Give each image one of its own.")

    def at_cell(self, row: int, column: int) -> int | None:
        """Give the number in the data of the image in a cell; None for an empty one.

        Args:
            row: from the top, from 0.
            column: from the left, from 0.
        """
        there = np.flatnonzero((self.cells == (row, column)).all(axis=1))
        return int(self.indices[there[0]]) if there.size else None

    def draw(self) -> np.ndarray:
        """Draw each image in its cell.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import mosaic

        return mosaic.mosaic(
            checks.seen(self.values),
            self.cells,
            labels=self.labels,
            names=self.names,
            value_range=self.value_range,
            title=self.title,
            note=self.note,
        )

    def _drift(self, earlier: Self) -> Drift | None:
        # which images there are may be another each time
        del earlier
        return None
