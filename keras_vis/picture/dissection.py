"""Which unit stands for which concept, and where in the images that excite it most?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keras_vis.picture.table import Table


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Dissection(Table):
    """What each unit of a layer detects; a row for each unit, those of the largest IoU first.

    It is drawn as the detectors, concept by concept, with the images that excite each most. Every unit is in `rows`,
    and in the `.csv` and `.txt`.

    Attributes:
        iou: ``(k, m)``, of each unit and concept, float64.
        thresholds: ``(k,)``, T of each unit.
        units: ``(k,)``, their numbers.
        concepts: m names.
        limit: above which IoU a unit is a detector.
        covered: ``(m,)``, the share of all places that each concept has.
        scores: ``(k, t)``, the highest activations of a unit in an image, from the highest down.
        indices: ``(k, t)``, which images of the data these are.
        shown: ``(d,)``, of which units, as rows of `iou`, there are images.
        images: ``(i, h, w, c)``, these images.
        picks: ``(d, t)``, which of `images` belong to each.
        on: ``(d, t, g, g')``, bool: where the unit is on, on the finer grid of maps and masks.
        there: ``(d, t, g, g')``, bool: where its concept is.
    """

    iou: np.ndarray
    thresholds: np.ndarray
    units: np.ndarray
    concepts: Sequence[str]
    limit: float
    covered: np.ndarray
    scores: np.ndarray
    indices: np.ndarray
    shown: np.ndarray
    images: np.ndarray
    picks: np.ndarray
    on: np.ndarray
    there: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """The concept of the largest IoU for each unit, by number: ``(k,)``."""
        return self.iou.argmax(axis=1)

    @property
    def detectors(self) -> tuple[tuple[int, str, float], ...]:
        """The units whose largest IoU is above `limit`, with its concept and IoU, from the largest down."""
        high = self.iou.max(axis=1)
        order = np.argsort(-high, kind="stable")
        return tuple(
            (int(self.units[i]), self.concepts[self.best[i]], float(high[i])) for i in order if high[i] > self.limit
        )

    def table(self) -> Table:
        """Give the rows as a table that is drawn as one."""
        return Table(self.columns, self.rows, title=self.title, about=self.about)

    def draw(self) -> np.ndarray:
        """Draw each detector's images, outlined where it is on and tinted where its concept is; else the table.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import detectors

        if not len(self.shown):
            return super().draw()
        order = sorted(range(len(self.shown)), key=lambda i: int(self.best[self.shown[i]]))
        blocks = []
        for i in order:
            row = self.shown[i]
            concept = self.best[row]
            caption = f"unit {self.units[row]}   IoU {self.iou[row, concept]:.2f}"
            blocks.append(detectors.Block(self.concepts[concept], caption, self.picks[i], self.on[i], self.there[i]))
        return detectors.detector_sheet(self.images, blocks, title=self.title, note=self._note())

    def _note(self) -> str:
        found = self.detectors
        counts = {name: sum(name == own for _, own, _ in found) for name in self.concepts}
        told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        lacking = [name for name, share in zip(self.concepts, self.covered, strict=True) if not share]
        lines = [f"{len(found)} of {len(self.units)} units are detectors, IoU > {self.limit:g}: {told}"]
        if len(self.shown) < len(found):
            lines.append(f"{len(self.shown)} are drawn: in turn the next best of each concept; all are in the table")
        if lacking:
            lines.append(f"nowhere in the data: {', '.join(lacking)}")
        lines.append("images that excite a unit most; orange line: the unit is on; blue: the concept is there")
        return "\n".join(lines)

    def _contents(self) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        arrays, rest = super()._contents()
        own = {name: value for name, value in self._fields().items() if isinstance(value, np.ndarray)}
        return {**arrays, **own}, {**rest, "concepts": self.concepts, "limit": self.limit}
