"""Which chart answers which question?

A kind of chart is a function `(values, text) -> sheet` in `KINDS`, together with the arrays it needs and a check of
them, so that a wrong chart fails when it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from keras_vis.draw import axes as axes_
from keras_vis.draw import colour, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Arrays = Mapping[str, np.ndarray]
Words = Mapping[str, Any]
_QUIET = "#c4c4c4"  # lines that are seen together, not one by one
_LONGEST = 300  # of a name at the end of its line, in pixels


class Kind(NamedTuple):
    """A chart's function, the arrays it needs, and a check that says what else is wrong with them, "" if nothing is."""

    draw: Callable[[Arrays, Words], np.ndarray]
    needs: tuple[str, ...]
    fault: Callable[[Arrays, Words], str]


def curves(values: Arrays, text: Words) -> np.ndarray:
    """Draw lines over one axis, each with its name at its end.

    Args:
        values: `x` `(p,)`; `y` `(m, p)`, with NaN where there is no number.
        text: `names`, m; `title`; `x` and `y`, the labels of the axes, with units; `quiet`, how many of the first lines
            are thin and grey, because they are more than there are colours.

    Returns:
        uint8 RGB.
    """
    from matplotlib.ticker import MaxNLocator

    x, y = values["x"], values["y"]
    names = text.get("names") or [""] * len(y)
    with axes_.own_style():
        figure, axes = axes_.figure(9, 4.2, text)
        quiet = text.get("quiet", 0)
        shades = [_QUIET] * quiet + [colour.PALETTE[i % len(colour.PALETTE)] for i in range(len(y) - quiet)]
        for i, (line, shade) in enumerate(zip(y, shades, strict=True)):
            wide = 0.8 if i < quiet else 1.8
            axes.plot(x, line, color=shade, linewidth=wide, marker="o", markersize=0 if len(x) > 1 else 5)
        if np.issubdtype(x.dtype, np.integer):
            # there is no epoch 2.5
            axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
        axes.margins(x=0.01)
        axes_.settle(figure)
        _name_ends(axes, x, y, names, shades)
        return axes_.pixels(figure)


def _name_ends(axes: Axes, x: np.ndarray, y: np.ndarray, names: Sequence[str], shades: Sequence[str]) -> None:
    # where ends lie close together their names are moved apart, from the lowest up
    ends = []
    for i, line in enumerate(y):
        there = np.flatnonzero(np.isfinite(line))
        if there.size and names[i]:
            ends.append((axes.transData.transform((x[there[-1]], line[there[-1]]))[1], i))
    top, places, last = axes.bbox.y1, [], -np.inf
    for height, _ in sorted(ends):
        last = max(height, last + 14)
        places.append(last)
    # and from the highest down, where the last would stand above the chart
    for i in reversed(range(len(places))):
        places[i], top = min(places[i], top), min(places[i], top) - 14
    for (_, i), height in zip(sorted(ends), places, strict=True):
        place = axes.transAxes.inverted().transform((0, height))[1]
        axes.text(
            1.01,
            place,
            axes_.short(names[i], _LONGEST, 9),
            transform=axes.transAxes,
            color=shades[i],
            va="center",
            fontsize=9,
        )


def _check_histograms(values: Arrays, text: Words) -> str:
    counts, edges = values["counts"], values["edges"]
    if counts.ndim != 2 or edges.shape != (counts.shape[0], counts.shape[1] + 1):
        return "`counts` must be (m, bins) and `edges` (m, bins + 1)"
    return check_names(text, len(counts))


def _check_predictions(values: Arrays, text: Words) -> str:
    images, indices = values["images"], values["indices"]
    bars = [values[name].shape for name in ("logits", "probabilities") if name in values]
    if images.ndim != 4 or images.shape[3] not in (1, 3):
        return "`images` must be (n, h, w, c), c 1 or 3"
    if indices.ndim != 2 or len(indices) != len(images) or not bars or any(shape != indices.shape for shape in bars):
        return "`indices` must be (n, k), one row for each image, and `logits`, `probabilities` or both alike"
    if text.get("names") and any(len(row) != indices.shape[1] for row in text["names"]):
        return "`names` must hold k names for each image"
    return check_names(text, len(images)) or check_names(text, len(images), "captions")


def _check_curves(values: Arrays, text: Words) -> str:
    if values["x"].ndim != 1 or values["y"].ndim != 2 or values["y"].shape[1] != len(values["x"]):
        return "`x` must be (p,) and `y` (m, p)"
    if not 0 <= text.get("quiet", 0) <= len(values["y"]):
        return f"`quiet` must be from 0 to {len(values['y'])}, the number of lines; it is {text['quiet']}"
    return check_names(text, len(values["y"]))


def check_names(text: Words, count: int, key: str = "names") -> str:
    """Say what is wrong with the number of names, "" if nothing is."""
    given = len(text.get(key) or ())
    return f"`{key}` must have {count} entries, or none; it has {given}" if given not in (0, count) else ""


KINDS: Mapping[str, Kind] = {
    "histograms": Kind(panels.histograms, ("counts", "edges"), _check_histograms),
    "predictions": Kind(panels.predictions, ("images", "indices"), _check_predictions),
    "curves": Kind(curves, ("x", "y"), _check_curves),
}
