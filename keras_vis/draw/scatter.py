"""Which points of a plane lie together, and what are they?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_vis.draw import axes as axes_
from keras_vis.draw import colour, sheet
from keras_vis.draw import text as words
from keras_vis.draw.chart import Kind

Shade = tuple[int, int, int]

OTHER = (153, 153, 153)  # of labels for which no colour is left: the palette's own grey, which they then do not share
_COLOURED = [i for i in range(len(colour.PALETTE)) if colour.palette(i) != OTHER]
_NAMED = 40  # labels that are named; more names would hide the points
_WIDTH, _LEAST, _MOST = 884, 480, 800  # of the plane, in pixels, and its height
_AREA = (2.0, 40.0)  # of a point, in square points of 1/72 inch
_CELLS = 72  # along the longer side: where a label's points are densest is looked for in such cells
_AROUND = (6, 4)  # a name, in pixels
_LONGEST = 220  # of a name in the plane, in pixels


def shades(labels: np.ndarray) -> dict[int, Shade]:
    """Give each label that occurs its colour, ascending.

    Labels from 0 to 9 have theirs, the same in every picture. Ten others or fewer have one each, in ascending order; of
    more, the nine most frequent, and the rest are grey.

    Args:
        labels: whole numbers.
    """
    found, counts = np.unique(labels, return_counts=True)
    if len(found) <= len(colour.PALETTE):
        own = len(found) > 0 and found[0] >= 0 and found[-1] < len(colour.PALETTE)
        return {int(label): colour.palette(int(label) if own else i) for i, label in enumerate(found)}
    most = np.sort(found[np.argsort(-counts, kind="stable")[: len(_COLOURED)]]).tolist()
    ranks = dict(zip(most, _COLOURED, strict=True))
    return {label: colour.palette(ranks[label]) if label in ranks else OTHER for label in found.tolist()}


def scatter(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> np.ndarray:
    """Draw a point for each row, in its label's colour, and each label's name where its points are densest.

    Points are laid down in a mixed order, so that no label covers the others because it comes last.

    Args:
        values: `positions` `(n, 2)`, the second number upwards; `labels` `(n,)`, whole numbers, or none.
        text: `names`, one for each label that occurs, ascending, else their numbers are written; `title`; `note`; `x`
            and `y`, what the axes are: without them they have no unit, and no numbers.

    Returns:
        uint8 RGB.
    """
    positions = np.asarray(values["positions"], np.float64)
    labels = values.get("labels", np.zeros(len(positions), np.int64))
    coloured = shades(labels)
    order = np.random.default_rng(0).permutation(len(positions))
    low, high = positions.min(axis=0), positions.max(axis=0)
    span = np.where(high > low, high - low, max(float((high - low).max()), 1.0))
    height = int(np.clip(_WIDTH * span[1] / span[0], _LEAST, _MOST))
    table = np.array([coloured[int(label)] for label in labels[order]]) / 255
    with axes_.own_style():
        figure, axes = axes_.figure(_WIDTH / 100, height / 100, {"x": text.get("x", ""), "y": text.get("y", "")})
        if not text.get("x"):
            axes.set_xticks([])
            axes.set_yticks([])
        area = float(np.clip(400 / np.sqrt(len(positions)), *_AREA))
        clear = float(np.clip(12 / len(positions) ** 0.35, 0.35, 0.8))
        axes.scatter(positions[order, 0], positions[order, 1], s=area, c=table, alpha=clear, linewidths=0)
        axes.margins(0.03)
        if text.get("x"):
            # what has a unit has the same one on both axes
            axes.set_aspect("equal", adjustable="datalim")
        axes_.settle(figure)
        if "labels" in values:
            box = np.array([[axes.bbox.x0, axes.bbox.y0], [axes.bbox.x1, axes.bbox.y1]])
            places = axes.transData.transform(positions)
            names = [axes_.short(name, _LONGEST, 9, bold=True) for name in text.get("names") or coloured]
            told = _places(places, labels, dict(zip(coloured, names, strict=True)), box)
            for label, (name, place) in told.items():
                shade = coloured[label]
                axes.annotate(
                    name,
                    (place[0], place[1]),
                    xycoords="figure pixels",
                    ha="center",
                    va="center_baseline",
                    fontsize=9,
                    fontweight="bold",
                    color=np.array(colour.over(shade)) / 255,
                    bbox={
                        "boxstyle": "round,pad=0.25",
                        "facecolor": np.array(shade) / 255,
                        "edgecolor": "white",
                        "linewidth": 1.5,
                    },
                )
        drawn = axes_.pixels(figure)
    return sheet.frame(sheet.titled(drawn, str(text.get("title", "")), str(text.get("note", ""))))


def _places(
    points: np.ndarray, labels: np.ndarray, names: Mapping[int, str], box: np.ndarray
) -> dict[int, tuple[str, np.ndarray]]:
    """Find where each name is written: at the densest place of its label that no other name has taken.

    Args:
        points: `(n, 2)`, in pixels.
        labels: `(n,)`.
        names: of each label.
        box: the lower left and the upper right corner of the plane, in pixels.
    """
    import cv2

    found, counts = np.unique(labels, return_counts=True)
    cell = float((box[1] - box[0]).max()) / _CELLS
    bins = np.ceil((box[1] - box[0]) / cell).astype(int)
    inside = np.clip(((points - box[0]) / cell).astype(int), 0, bins - 1)
    told: dict[int, tuple[str, np.ndarray]] = {}
    taken: list[np.ndarray] = []  # left, bottom, right, top
    for label in found[np.argsort(-counts, kind="stable")[:_NAMED]].tolist():
        name = names[label]
        half = np.array([words.measure(name, 13, bold=True) / 2 + _AROUND[0], 9 + _AROUND[1]])
        dense = np.zeros(bins)
        np.add.at(dense, tuple(inside[labels == label].T), 1)
        dense = cv2.GaussianBlur(dense, (0, 0), 2.0)
        best = np.argsort(-dense, axis=None, kind="stable")[: max(int((dense > 0.05 * dense.max()).sum()), 1)]
        centres = box[0] + (np.stack(np.unravel_index(best, dense.shape), axis=1) + 0.5) * cell
        centres = np.clip(centres, box[0] + half, np.maximum(box[1] - half, box[0] + half))
        boxes = np.concatenate([centres - half, centres + half], axis=1)
        free = np.ones(len(boxes), bool)
        for other in taken:
            free &= (
                (boxes[:, 0] > other[2])
                | (boxes[:, 2] < other[0])
                | (boxes[:, 1] > other[3])
                | (boxes[:, 3] < other[1])
            )
        i = int(free.argmax())  # the densest, where there is no free one
        taken.append(boxes[i])
        told[label] = name, centres[i]
    return told


def legend(labels: np.ndarray, names: Sequence[str], width: int) -> np.ndarray:
    """Set a chip of each label's colour and its name, in rows; of those without a colour of their own, one for all."""
    entries = list(zip(shades(labels).values(), names, strict=True))
    own = [(shade, name) for shade, name in entries if shade != OTHER or len(entries) <= len(colour.PALETTE)]
    own += [(OTHER, f"{len(entries) - len(own)} others")] * (len(own) < len(entries))
    rows: list[list[np.ndarray]] = [[]]
    used = 0
    for shade, name in own:
        told = words.block(name, min(words.measure(name), width - 16))
        chip = sheet.blank(told.shape[0], 12)
        chip[2:14] = shade
        part = sheet.beside([chip, told], 4)
        if rows[-1] and used + 14 + part.shape[1] > width:
            rows.append([])
            used = 0
        used += part.shape[1] + 14 * bool(rows[-1])
        rows[-1].append(part)
    return sheet.stack([sheet.beside(row, 14) for row in rows], 3)


def _check(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> str:
    positions = values["positions"]
    if positions.ndim != 2 or positions.shape[1] != 2 or not len(positions):
        return "`positions` must be (n, 2) and not empty"
    if not np.isfinite(positions).all():
        return "`positions` must be finite"
    labels = values.get("labels")
    if labels is None:
        return ""
    if labels.shape != positions.shape[:1] or labels.dtype.kind not in "iu":
        return "`labels` must be whole numbers, one for each of `positions`"
    given, wanted = len(text.get("names") or ()), len(np.unique(labels))
    return f"`names` must have {wanted} entries, or none; it has {given}" if given not in (0, wanted) else ""


KIND = Kind(scatter, ("positions",), _check)
