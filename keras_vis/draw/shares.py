"""How do the shares of dead units and of zeros change while a network trains?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_vis.draw import axes as axes_
from keras_vis.draw import chart, colour, sheet
from keras_vis.draw import text as words

_LINE = 15  # pixels of a name in the list beside the lines
_LEAST, _WIDE = 2.5, 8.8  # of a panel, in hundreds of pixels
_PANELS = {"dead": "dead units", "zeros": "zeros among the values"}


def shares(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> np.ndarray:
    """Draw two panels over the epochs, with a line for each layer: dead units, and zeros.

    Args:
        values: `x` `(p,)`, the epochs; `dead` and `zeros` `(m, p)`, shares from 0 to 1, NaN where there is none.
        text: `names`, m, in the order of the layers; `title`.

    Returns:
        uint8 RGB. Up to ten layers have the colours of the palette; of more, the deeper the lighter.
    """
    names = text.get("names") or [""] * len(values["dead"])
    panels = [_panel(values["x"], values[key], names, label) for key, label in _PANELS.items()]
    note = "a jump of dead units at the beginning: the learning rate may be too high"
    return sheet.frame(sheet.titled(sheet.stack(panels, 6), str(text.get("title", "")), note))


def _panel(x: np.ndarray, lines: np.ndarray, names: Sequence[str], label: str) -> np.ndarray:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    shades = _shades(len(lines))
    tall = max(_LEAST, (len(lines) * _LINE + 60) / 100)
    with axes_.own_style():
        figure, axes = axes_.figure(_WIDE, tall, {"x": "epoch", "y": label})
        for line, shade in zip(lines, shades, strict=True):
            # one epoch alone, and one between two gaps, are points
            axes.plot(x, line, color=shade, linewidth=1.8, marker="o", markersize=4 if len(x) < 30 else 0)
        axes.set_ylim(-0.03, 1.03)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
        axes.margins(x=0.02)
        axes_.settle(figure)
        step = _LINE / axes.bbox.height
        for i, (line, name, shade) in enumerate(zip(lines, names, shades, strict=True)):
            known = line[np.isfinite(line)]
            last = f"{100 * known[-1]:.0f} %" if known.size else ""
            place: dict[str, Any] = {"transform": axes.transAxes, "va": "baseline", "fontsize": 9}
            axes.text(1.065, 1 - (i + 0.7) * step, last, color=shade, ha="right", **place)
            axes.text(1.075, 1 - (i + 0.7) * step, _short(name), color=shade, **place)
        return axes_.pixels(figure)


def _shades(count: int) -> list[str]:
    if count <= len(colour.PALETTE):
        return list(colour.PALETTE[:count])
    # not to the end of viridis: its yellow is lost on white
    ramp = colour.to_bytes(colour.paint(np.linspace(0, 0.88, count), colour.ACTIVATION, signed=False))
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in ramp]


def _short(name: str, most: int = 150) -> str:
    """Cut a path off at its front where it is wide: its end tells it apart."""
    return words.cut(name, most, front=True)


def _check(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> str:
    dead, zeros = values["dead"], values["zeros"]
    if values["x"].ndim != 1 or dead.ndim != 2 or dead.shape != zeros.shape or dead.shape[1] != len(values["x"]):
        return "`x` must be (p,), `dead` and `zeros` (m, p)"
    return chart.check_names(text, len(dead))


KIND = chart.Kind(shares, ("x", "dead", "zeros"), _check)
