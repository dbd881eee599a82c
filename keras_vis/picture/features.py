"""What do the units of a layer answer to an image: as maps, a landscape, a distribution, figures?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

import numpy as np

from keras_vis.measure.drift import Drift, by_rank
from keras_vis.picture import checks
from keras_vis.picture.base import Picture
from keras_vis.picture.charts import Chart
from keras_vis.picture.table import Table


@dataclass(frozen=True, eq=False, repr=False)
class FeatureMaps(Picture):
    """What the units of a layer answer to each image.

    Attributes:
        values: `(n, h', w', k)`, float32, raw activations. Drawn in viridis, or blue - white - red if any is negative.
        images: `(n, h, w, c)`, c 1 or 3: what went in; or None.
        units: the k channel numbers; None for 0 .. k-1.
        layer: its name.
        captions: one for each image, or none.
        scale: the value that gets the strongest colour, over all units. None: for each image the 99.9th percentile of
            the absolute value, or the highest where that is 0. A number, or `(n,)`; where it is 0, the image's own.

    Example:
        >>> kv.feature_maps(model, digits[:2], "conv_2").save("conv_2.npz")  # or .png
    """

    values: np.ndarray
    _: KW_ONLY
    images: np.ndarray | None = None
    units: Sequence[int] | None = None
    layer: str = ""
    captions: Sequence[str] = ()
    scale: float | np.ndarray | None = None

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        self._set("values", checks.floats("values", self.values, (4,), "(n, h', w', k)"))
        count, units = len(self.values), self.values.shape[3]
        if self.images is not None:
            self._set("images", checks.pixels("images", self.images, count))
        numbers = tuple(range(units)) if self.units is None else tuple(int(unit) for unit in self.units)
        self._set("units", numbers)
        if len(numbers) != units:
            raise ValueError(
                f"`units` has {len(numbers)} entries, but there are {units} maps of each image. "
                "Give one for each or none."
            )
        self._set("captions", checks.captions(self.captions, count))
        self._set("scale", checks.scale(self.scale, count))

    def scales(self) -> np.ndarray:
        """Give the value that gets the strongest colour, for each image.

        Returns:
            float32 `(n,)`; 0 where every activation is 0.
        """
        return checks.scales_in_force(self.scale, self.values, 99.9)

    def at(self, scale: float | np.ndarray) -> Self:
        """Give the same picture at another scale.

        Args:
            scale: a number, or `(n,)`.
        """
        return dataclasses.replace(self, scale=scale)

    def statistics(self) -> Table:
        """Sum up each unit over all images and positions: lowest, highest, mean, deviation, zeros.

        Returns:
            One row for each unit.
        """
        flat = self.values.reshape(-1, self.values.shape[3]).astype(np.float64)
        figures = (flat.min(0), flat.max(0), flat.mean(0), flat.std(0), (flat == 0).mean(0))
        rows = tuple((unit, *(float(x) for x in row)) for unit, *row in zip(self._numbers(), *figures, strict=True))
        columns = ("unit", "min", "max", "mean", "std", "share of zeros")
        return Table(columns, rows, title=f"Activations of {self.layer or 'a layer'}", about=self.about)

    def surface(self, unit: int) -> Chart:
        """Set up the map of one unit as a landscape in three dimensions, one for each image.

        Args:
            unit: its channel's number.

        Returns:
            A `Chart` of kind ``"surface"``, its `heights` ``(n, h', w')`` the raw activations.

        Raises:
            TypeError: `unit` is no whole number.
            ValueError: the maps of that unit are not here.

        Example:
            >>> kv.feature_maps(model, digits[:1], "conv_2").surface(12)
        """
        if isinstance(unit, bool) or not isinstance(unit, int | np.integer):
            raise TypeError(f"`unit` must be a whole number, the channel's; received {unit!r}.")
        numbers = list(self._numbers())
        if unit not in numbers:
            raise ValueError(f"`unit={unit}` is not among these maps. There are: {_listed(numbers)}.")
        heights = self.values[..., numbers.index(int(unit))]
        names = self.captions or ([f"image {i}" for i in range(len(heights))] if len(heights) > 1 else ())
        title = f"Unit {unit} of {self.layer or 'a layer'}"
        text = {"names": names, "title": title, "z": "activation"}
        return Chart("surface", {"heights": heights}, text=text, about={**self.about, "view": "surface", "unit": unit})

    def histogram(self, *, bins: int = 64) -> Chart:
        """Count each unit's activations over all images and positions, those that are exactly 0 apart.

        The zeros of a rectifier are so many that beside their bar no other would be seen: their share stands above.

        Args:
            bins: bars of a unit, from its lowest activation, or 0, to its highest, or 0.

        Returns:
            A `Chart` of kind ``"histograms"``: for each of k units ``counts`` ``(k, bins)`` of what is not 0, ``edges``
            ``(k, bins + 1)`` and ``zeros`` ``(k,)``, how many are. Together they are the number of activations.

        Raises:
            ValueError: `bins` is no positive whole number.

        Example:
            >>> kv.feature_maps(model, digits, "conv_2", units=range(8)).histogram()
        """
        if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
            raise ValueError(f"`bins` must be a positive whole number of bars; received {bins!r}.")
        flat = self.values.reshape(-1, self.values.shape[3])
        ends = np.stack([np.minimum(flat.min(axis=0), 0), np.maximum(flat.max(axis=0), 0)], axis=1).astype(np.float64)
        ends[ends[:, 0] == ends[:, 1], 1] = 1.0  # nothing but zeros: there is still an axis
        zeros = (flat == 0).sum(axis=0)
        pairs = [np.histogram(unit[unit != 0], int(bins), tuple(end)) for unit, end in zip(flat.T, ends, strict=True)]
        names = [
            f"unit {unit}: {_percent(count / len(flat))} zeros, not drawn" if count else f"unit {unit}"
            for unit, count in zip(self._numbers(), zeros, strict=True)
        ]
        values = {
            "counts": np.stack([counts for counts, _ in pairs]),
            "edges": np.stack([edges for _, edges in pairs]),
            "zeros": zeros,
        }
        title = f"How often does each unit of {self.layer or 'a layer'} give what?"
        return Chart("histograms", values, text={"names": names, "title": title}, about={**self.about, "bins": bins})

    def draw(self) -> np.ndarray:
        """Draw for each image the map of every unit.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import grid

        return grid.feature_sheet(
            self.values,
            images=self.images,
            units=self._numbers(),
            layer=self.layer,
            captions=self.captions,
            scales=self.scales(),
            scale_is="activation, up to the 99.9th percentile of its size"
            if self.scale is None
            else "activation, on a given scale",
        )

    def _drift(self, earlier: Self) -> Drift | None:
        if (self.layer, self.units) != (earlier.layer, earlier.units):
            return None
        # where neither has images, None is None
        if not np.array_equal(np.asarray(self.images), np.asarray(earlier.images)):
            return None
        return by_rank(np.moveaxis(self.values, 3, 0), np.moveaxis(earlier.values, 3, 0))

    def _numbers(self) -> Sequence[int]:
        return self.units or ()


def _listed(units: Sequence[int], most: int = 12) -> str:
    """Name units: all that follow each other as a range, else one by one."""
    if len(units) > 2 and list(units) == list(range(units[0], units[-1] + 1)):
        return f"{units[0]} to {units[-1]}"
    return ", ".join(map(str, units[:most])) + (", ..." if len(units) > most else "")


def _percent(share: float) -> str:
    """Write a share so that nearly all does not pass for all."""
    return ">99.9 %" if 0.999 < share < 1 else f"{100 * share:.{0 if share == 1 else 1}f} %"
