"""Which images excite each unit most, and by what in them?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from keras_vis.measure.drift import Drift
from keras_vis.picture import checks
from keras_vis.picture.images import Images


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Patches(Images):
    """The images that excite each of some units most, and the part of each that the unit sees.

    `values` are the images, `(u * k, h, w, c)`: the k of the first unit, best first, then those of the next.

    Attributes:
        units: u unit numbers.
        scores: `(u, k)`, float32: the unit's highest activation in each image.
        boxes: `(u, k, 4)`, int: top, left, bottom, right of what the unit sees there, in pixels, clipped to the image;
            bottom and right are the first row and column beyond it. A position in a layer's padding sees nothing: 0.
        indices: `(u, k)`, int: which image of the data each is.
        positions: `(u, k, 2)`, int: row and column of the activation in the unit's map; of a layer without maps 0, 0.
        field: height and width of what a unit sees where no border cuts it.
        layer: its name.
    """

    units: Sequence[int]
    scores: np.ndarray
    boxes: np.ndarray
    indices: np.ndarray
    positions: np.ndarray
    field: tuple[int, int]
    layer: str = ""

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        self._set("units", tuple(int(unit) for unit in self.units))
        self._set("field", tuple(int(size) for size in self.field))
        self._set("scores", checks.floats("scores", self.scores, (2,), "(u, k)"))
        for name, last in (("boxes", (4,)), ("indices", ()), ("positions", (2,))):
            array = np.asarray(getattr(self, name))
            if array.dtype.kind not in "iu" or array.shape != (*self.scores.shape, *last):
                raise ValueError(
                    f"`{name}` must be whole numbers {(*self.scores.shape, *last)}, for `scores` {self.scores.shape}. "
                    f"Received: {array.dtype} {array.shape}."
                )
            self._set(name, checks.frozen(array.astype(np.int64)))
        if len(self.units) != len(self.scores) or self.scores.size != len(self.values):
            raise ValueError(
                f"{len(self.units)} units and `scores` {self.scores.shape} do not go with {len(self.values)} images."
            )
        height, width = self.values.shape[1:3]
        top, left, bottom, right = np.moveaxis(self.boxes, -1, 0)
        if not (
            (top >= 0) & (top <= bottom) & (bottom <= height) & (left >= 0) & (left <= right) & (right <= width)
        ).all():
            raise ValueError(f"`boxes` must lie within the images, {height} by {width}.")

    def patches(self, unit: int) -> list[np.ndarray]:
        """Cut out what a unit sees in each of its images.

        Args:
            unit: its number.

        Returns:
            k arrays `(height, width, c)`, as raw as `values`: smaller than `field` where a border cuts them.

        Raises:
            ValueError: the picture does not hold this unit.
        """
        own = self.unit(unit)
        return [
            image[top:bottom, left:right]
            for image, (top, left, bottom, right) in zip(own.values, own.boxes[0], strict=True)
        ]

    def unit(self, unit: int) -> Patches:
        """Give the picture of one unit alone.

        Args:
            unit: its number.

        Raises:
            ValueError: the picture does not hold this unit.
        """
        if unit not in self.units:
            raise ValueError(f"`unit={unit!r}` is not in this picture. It holds: {', '.join(map(str, self.units))}.")
        i, count = self.units.index(unit), self.scores.shape[1]
        own = slice(i, i + 1)
        rows = slice(i * count, (i + 1) * count)
        return dataclasses.replace(
            self,
            values=self.values[rows],
            captions=self.captions[rows],
            units=self.units[own],
            scores=self.scores[own],
            boxes=self.boxes[own],
            indices=self.indices[own],
            positions=self.positions[own],
        )

    def draw(self) -> np.ndarray:
        """Draw for each unit its patches and, below each, the image with the box.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import patches

        return patches.patch_sheet(
            checks.seen(self.values),
            units=self.units,
            scores=self.scores,
            boxes=self.boxes.reshape(-1, 4),
            captions=self.captions,
            field=self.field,
            value_range=self.value_range,
            columns=self.columns,
            title=self.title,
            note=self.note,
        )

    def _drift(self, earlier: Self) -> Drift | None:
        # which images there are may be another each time
        del earlier
        return None
