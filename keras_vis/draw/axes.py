"""How does every chart's axis look?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure


@contextlib.contextmanager
def own_style() -> Iterator[None]:
    """Draw in matplotlib's own style: the user's would make each machine's picture another. It is given back."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield


def figure(width: float, height: float, text: Mapping[str, Any]) -> tuple[Figure, Axes]:
    """Return a figure with one axis, `width` by `height` hundreds of pixels; `text` has `title`, `x` and `y`.

    It is a Figure of its own: nothing of the user's pyplot is touched.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[:].set_visible(False)
    axes.grid(color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=9, labelcolor="#555555")
    axes.set_xlabel(str(text.get("x", "")), color="#383838")
    axes.set_ylabel(str(text.get("y", "")), color="#383838")
    axes.set_title(str(text.get("title", "")), loc="left", fontsize=11, fontweight="bold", color="#383838")
    return figure, axes


def pixels(figure: Figure) -> np.ndarray:
    """Return what is on a figure, uint8 RGB."""
    figure.canvas.draw()
    canvas = cast("FigureCanvasAgg", figure.canvas)
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
