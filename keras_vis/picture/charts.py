"""What do numbers look like on axes, and parts joined by lines?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from keras_vis.picture import checks
from keras_vis.picture.base import RESERVED, Picture

if TYPE_CHECKING:
    from keras_vis.draw.chart import Kind


@dataclass(frozen=True, eq=False, repr=False)
class Chart(Picture):
    """Numbers on axes.

    Attributes:
        kind: `"histograms"`, `"predictions"` or `"curves"`, of `keras_vis.draw.chart`; `"accuracy"` (of
            `keras_vis.draw.binned`), `"classes"`, `"matrix"`, `"scatter"`, `"shares"` or `"surface"`, each of the file
            of its name beside it. What each draws from which arrays is said there.
        values: its arrays, raw.
        text: names, title, labels of the axes.

    Example:
        >>> kv.top_predictions(model, photo).save("classes.png")
    """

    kind: str
    values: Mapping[str, np.ndarray]
    _: KW_ONLY
    text: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        kinds = _kinds()
        if self.kind not in kinds:
            raise ValueError(f"`kind={self.kind!r}` is no chart. There are: {', '.join(kinds)}.")
        missing = [name for name in kinds[self.kind].needs if name not in self.values]
        if missing or set(self.values) & set(RESERVED):
            raise ValueError(
                f"`values` of a chart of {self.kind} must hold {', '.join(kinds[self.kind].needs)}, "
                "and none may be called "
                f"{' or '.join(RESERVED)}. Received: {', '.join(self.values) or 'none'}."
            )
        self._set("values", {name: checks.frozen(np.asarray(value)) for name, value in self.values.items()})
        self._set("text", dict(self.text))
        fault = kinds[self.kind].fault(self.values, self.text)
        if fault:
            shapes = ", ".join(f"{name} {value.shape}" for name, value in self.values.items())
            raise ValueError(f"In a chart of {self.kind}, {fault}. Received: {shapes}.")

    def scales(self) -> np.ndarray:
        """Give the ends of the axes that can be held from one chart to the next.

        Returns:
            Of histograms, float `(m, 2)`; of other charts, which hold none, `(0,)`.
        """
        if self.kind != "histograms":
            return np.zeros(0)
        edges = self.values["edges"]
        return self.values.get("limits", np.stack([edges[:, 0], edges[:, -1]], axis=1))

    def at(self, scale: np.ndarray) -> Self:
        """Give the same chart on the axes of another one.

        Args:
            scale: what `scales()` of that chart gave; nothing changes if it was empty.
        """
        if not np.size(scale):
            return self
        return dataclasses.replace(self, values={**self.values, "limits": np.asarray(scale)})

    def draw(self) -> np.ndarray:
        """Draw the chart.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        return _kinds()[self.kind].draw(self.values, self.text)

    def _contents(self) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        arrays, rest = super()._contents()
        del rest["values"]
        return {**arrays, **self.values}, rest


def _kinds() -> dict[str, Kind]:
    from keras_vis.draw import binned, chart, classes, matrix, scatter, shares, surface

    return {
        **chart.KINDS,
        "accuracy": binned.KIND,
        "classes": classes.KIND,
        "matrix": matrix.KIND,
        "scatter": scatter.KIND,
        "shares": shares.KIND,
        "surface": surface.KIND,
    }


@dataclass(frozen=True, eq=False, repr=False)
class Diagram(Picture):
    """A graph: what is connected to what.

    Attributes:
        dot: the graph in Graphviz's language.
        svg: the graph drawn.

    Example:
        >>> kv.plot_structure(model).dot.count(" -> ")
    """

    dot: str
    svg: str

    def draw(self) -> np.ndarray:
        """Turn the SVG into pixels.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import graph

        return graph.rasterise(self.svg)

    def _formats(self) -> dict[str, Callable[[], bytes]]:
        return {**super()._formats(), ".svg": self.svg.encode, ".dot": self.dot.encode}
