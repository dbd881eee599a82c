"""What do the units of many layers do over a data set, and how does that change while a network trains?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_vis.picture.base import about
from keras_vis.picture.charts import Chart
from keras_vis.picture.table import Table


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Census(Table):
    """Every unit of some layers over a data set: a row for each, in the order of the layers.

    It is drawn as a row for each layer, with its units as a strip; every unit's figures are in `rows`, and in the
    `.csv`, `.txt` and `.npz`.

    Attributes:
        images: how many went through.
        values: each column of numbers but ``unit`` by its name, as an array of an entry for each row; of ``saturated``
            NaN where the activation has no two ends.
    """

    images: int
    values: Mapping[str, np.ndarray]

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        for array in self.values.values():
            array.flags.writeable = False  # made for this picture

    def layers(self) -> tuple[str, ...]:
        """Give the layers, in the order in which they are done."""
        return tuple(dict.fromkeys(map(str, self.column("layer"))))

    def summary(self) -> Table:
        """Sum up each layer over its units.

        Returns:
            One row for each layer: how many units there are and how many are dead, the share of these, the shares of
            zeros and of saturated values, the mean, the lowest and the highest.
        """
        rows = []
        for layer, place in self._places().items():
            own = {name: values[place] for name, values in self.values.items()}
            known = not np.isnan(own["saturated"]).any()
            rows.append(
                (
                    layer,
                    len(own["dead"]),
                    int(own["dead"].sum()),
                    float(own["dead"].mean()),
                    float(own["share of zeros"].mean()),
                    float(own["saturated"].mean()) if known else None,
                    float(own["mean"].mean()),
                    float(own["min"].min()),
                    float(own["max"].max()),
                )
            )
        names = ("layer", "units", "dead", "share of dead", "share of zeros", "saturated", "mean", "min", "max")
        return Table(names, rows, title=self.title, about=self.about)

    def draw(self) -> np.ndarray:
        """Draw a row for each layer: its figures, and its units sorted by their share of zeros, the dead ones last.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import census

        places = self._places().values()
        strips = [{name: values[place] for name, values in self.values.items()} for place in places]
        return census.census_sheet(self.summary().rows, strips, title=self.title, images=self.images)

    def _places(self) -> dict[str, np.ndarray]:
        """Which rows are whose."""
        names = np.array(self.column("layer"), object)
        return {layer: np.flatnonzero(names == layer) for layer in self.layers()}

    def _contents(self) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        arrays, rest = super()._contents()
        return {**arrays, **self.values}, {**rest, "images": self.images}


def shares_over_epochs(told: Mapping[int, Mapping[str, Any]]) -> Chart:
    """Set the shares of dead units and of zeros of several censuses of one model as lines over its epochs.

    Args:
        told: the ``about`` of each census, by its epoch.

    Returns:
        A `Chart` of kind ``"shares"``: ``x`` ``(p,)``, the epochs, and ``dead`` and ``zeros`` ``(m, p)`` of m layers,
        NaN where a census has not looked at a layer.
    """
    epochs = sorted(told)
    shares = [told[epoch]["shares"] for epoch in epochs]
    layers = list(dict.fromkeys(layer for each in shares for layer in each["dead"]))
    values = {"x": np.array(epochs)}
    for key, name in (("dead", "dead"), ("zeros", "share of zeros")):
        lines = [[each[name].get(layer, np.nan) for each in shares] for layer in layers]
        values[key] = np.array(lines, float).reshape(len(layers), len(epochs))
    last = told[epochs[-1]]
    title = f"How do the units of {last['model']} fare, on {last['images']:,} images?"
    return Chart("shares", values, text={"names": layers, "title": title}, about=about("shares_over_epochs"))
