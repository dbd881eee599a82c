"""How does every chart's axis look?"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from keras_vis.draw import text as words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

_DPI = 100
_BESIDE = 60  # pixels of a figure that its titles leave free, for the numbers of the other axis


@contextlib.contextmanager
def own_style() -> Iterator[None]:
    """Draw in matplotlib's own style: the user's would make each machine's picture another. It is given back.

    Words are set as they are: a class may be called "$5", and what stands between two dollars is no formula.
    """
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["text.parse_math"] = False
        yield


def figure(width: float, height: float, text: Mapping[str, Any]) -> tuple[Figure, Axes]:
    """Return a figure with one axis, `width` by `height` hundreds of pixels; `text` has `title`, `x` and `y`.

    It is a Figure of its own: nothing of the user's pyplot is touched.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[:].set_visible(False)
    axes.grid(color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=9, labelcolor="#555555")
    wide, tall = (round(100 * side) - _BESIDE for side in (width, height))
    axes.set_xlabel(short(text.get("x", ""), wide, 10), color="#383838")
    axes.set_ylabel(short(text.get("y", ""), tall, 10), color="#383838")
    title = short(text.get("title", ""), wide, 11, bold=True)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color="#383838")
    return figure, axes


def short(text: object, width: int, points: float, *, bold: bool = False) -> str:
    """Cut words off that are wider than so many pixels in matplotlib's font of so many points."""
    return words.cut(str(text), width, math.ceil(points * _DPI / 72), bold=bold)


def settle(figure: Figure) -> None:
    """Draw a figure, so that everything on it has its place; without a word of letters that the font lacks."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        warnings.filterwarnings("ignore", "constrained_layout not applied", UserWarning)
        figure.canvas.draw()


def pixels(figure: Figure) -> np.ndarray:
    """Return what is on a figure, uint8 RGB."""
    settle(figure)
    canvas = cast("FigureCanvasAgg", figure.canvas)
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
