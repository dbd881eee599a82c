"""What does a map look like as a landscape?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_vis.draw import axes as axes_
from keras_vis.draw import chart, colour, sheet
from keras_vis.draw import text as words

_ALONE, _BESIDE = 620, 428  # pixels of a side: one surface, or two in a row
_FINE = 64  # cells along a side to which a small map is filled up, so that slopes have every colour
_MOST = 256  # along a side: of a larger map every second cell is drawn, or fewer


def surface(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> np.ndarray:
    """Draw each map in three dimensions, all with the same heights and colours.

    Args:
        values: `heights` `(n, h', w')`.
        text: `names`, n; `title`; `note`; `z`, what the heights are.

    Returns:
        uint8 RGB.
    """
    heights = values["heights"]
    side = _ALONE if len(heights) == 1 else _BESIDE
    low, high = min(float(heights.min()), 0.0), max(float(heights.max()), 0.0)
    high = high if high > low else low + 1.0  # where all is 0, there is still an axis
    names = text.get("names") or [""] * len(heights)
    cells = []
    for map_, name in zip(heights, names, strict=True):
        caption = words.block(name, side, align="centre")
        cells.append(sheet.stack([_landscape(map_, side, (low, high), str(text.get("z", ""))), caption], 6))
    bar = sheet.colour_bar(260, (low, high), name=colour.ACTIVATION, signed=False, label=str(text.get("z", "")))
    note = str(text.get("note", ""))
    return sheet.frame(sheet.titled(sheet.stack([bar, sheet.tile(cells, 2)], 4), str(text.get("title", "")), note))


def _landscape(map_: np.ndarray, side: int, ends: tuple[float, float], label: str) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    shape = map_.shape
    fine = _finer(np.pad(map_, [(0, int(size < 2)) for size in shape], "edge"))  # a line has no surface
    down, across = np.meshgrid(
        *(np.linspace(0, max(s, 2) - 1, f) for s, f in zip(shape, fine.shape, strict=True)), indexing="ij"
    )
    with axes_.own_style():
        figure = Figure(figsize=(side / 100, 0.84 * side / 100), dpi=100)
        FigureCanvasAgg(figure)
        axes: Any = figure.add_axes((-0.03, -0.01, 0.99, 1.08), projection="3d")
        axes.plot_surface(
            across,
            down,
            fine,
            cmap=colour.ACTIVATION,
            vmin=ends[0],
            vmax=ends[1],
            rcount=_MOST,
            ccount=_MOST,
            linewidth=0,
            antialiased=False,
            shade=False,
        )
        axes.set_zlim(*ends)
        axes.invert_yaxis()  # row 0 lies behind, as it is above in the image
        axes.view_init(elev=40, azim=-62)
        axes.set_box_aspect((*(max(size / max(shape), 0.15) for size in shape[::-1]), 0.6), zoom=0.94)
        for axis, name in (
            (axes.xaxis, "column"),
            (axes.yaxis, "row"),
            (axes.zaxis, axes_.short(label, side // 2, 10)),
        ):
            axis.labelpad = 1 if axis is axes.zaxis else 7
            axis.set_pane_color((1, 1, 1, 0))
            axis.line.set_color("#c4c4c4")
            axis._axinfo["grid"].update(color="#e4e4e4", linewidth=0.7)
            axis.set_label_text(name)
            axis.label.set(color="#383838", fontsize=10)
            axis.set_tick_params(labelsize=8, labelcolor="#555555", color="#c4c4c4")
            axis.set_major_locator(MaxNLocator(5, integer=axis is not axes.zaxis))
        return axes_.pixels(figure)


def _finer(map_: np.ndarray) -> np.ndarray:
    """Lay cells between those of a small map, on straight lines from one to the next: its own keep their heights."""
    times = [max(1, _FINE // (size - 1)) for size in map_.shape]
    for axis, (size, factor) in enumerate(zip(map_.shape, times, strict=True)):
        at = np.linspace(0, size - 1, (size - 1) * factor + 1)
        below = np.minimum(at.astype(int), size - 2)
        part = (at - below).reshape([-1 if i == axis else 1 for i in range(2)])
        map_ = np.take(map_, below, axis) * (1 - part) + np.take(map_, below + 1, axis) * part
    return map_


def _check(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> str:
    heights = values["heights"]
    if heights.ndim != 3 or not heights.size or not np.isfinite(heights).all():
        return "`heights` must be (n, h', w'), finite and not empty"
    return chart.check_names(text, len(heights))


KIND = chart.Kind(surface, ("heights",), _check)
