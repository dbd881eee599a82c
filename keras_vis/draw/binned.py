"""How often is the model right where an attribute of the images is small, and where it is large?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vis.draw import axes as axes_
from keras_vis.draw import colour, sheet
from keras_vis.draw.chart import Kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDE, _LEFT, _RIGHT = sheet.WIDTH, 62, 18  # pixels
_HEAD, _LEADERS, _PLOT, _COUNTS, _FOOT = 56, 34, 230, 56, 44  # heights from the top, in pixels, without the examples
_LARGEST, _LEAST, _BETWEEN = 112, 44, 4  # of an example, in pixels
_TAILS = (0.2, 99.8)  # percentiles: an outlier would press all else into a corner
_BARS = 90
_QUIET, _GUIDE = "#d5dde3", "#b9b9b9"
_NEEDS = ("edges", "counts", "middles", "accuracy", "interval", "overall", "attribute", "examples")


def accuracy(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> np.ndarray:
    """Draw the accuracy of each bin over the attribute, an example of it above, and how many images there are below.

    Args:
        values: for b bins `edges` `(b, 2)`; `counts` `(b,)`; `middles` `(b,)`; `accuracy` `(b,)`; `interval` `(b, 2)`;
            `examples` `(b, h, w, c)`; `confidence` `(b,)`, if there is one; `overall` `()`; `attribute` `(n,)`.
        text: `title`; `note`, below it; `x` and `y`, the labels of the axes, with units.

    Returns:
        uint8 RGB.
    """
    tiles, size = _tiles(values["examples"])
    tall = _HEAD + size[0] + _LEADERS + _PLOT + _COUNTS + _FOOT
    with axes_.own_style():
        figure, axes = axes_.figure(_WIDE / 100, tall / 100, {})
        figure.set_layout_engine("none")
        wide = (_WIDE - _LEFT - _RIGHT) / _WIDE
        floor = (_FOOT + _COUNTS) / tall
        axes.set_position((_LEFT / _WIDE, floor, wide, _PLOT / tall))
        below = figure.add_axes((_LEFT / _WIDE, _FOOT / tall, wide, _COUNTS / tall), sharex=axes)
        ends, room = _ends(values), _WIDE - 16
        _points(axes, values, ends, axes_.short(text.get("y", ""), room // 2, 8))
        _counts(below, values, ends, axes_.short(text.get("x", ""), _WIDE - _LEFT - _RIGHT, 10))
        figure.text(8 / _WIDE, 1 - 20 / tall, axes_.short(text.get("title", ""), room, 11, bold=True), **_bold())
        figure.text(8 / _WIDE, 1 - 38 / tall, axes_.short(text.get("note", ""), room, 8), color="#888888", fontsize=8)
        figure.legend(
            *axes.get_legend_handles_labels(),
            loc="upper right",
            bbox_to_anchor=(1, 1 - 20 / tall),
            ncols=3,
            frameon=False,
            fontsize=8,
            labelcolor="#555555",
            handletextpad=0.5,
            columnspacing=1.4,
        )
        spots = _examples(figure, axes, values, tiles, size, tall)
        drawn = axes_.pixels(figure)
    # pixel for pixel: matplotlib would resample them
    for tile, left in spots:
        drawn[_HEAD : _HEAD + size[0], left : left + size[1]] = tile
    return drawn


def _bold() -> dict[str, Any]:
    return {"fontsize": 11, "fontweight": "bold", "color": "#383838"}


def _tiles(examples: np.ndarray) -> tuple[list[np.ndarray], tuple[int, int]]:
    """Draw the examples, as large as they fit side by side; of very many they would be too small, and are fewer."""
    count, shape = len(examples), examples.shape[1:3]
    room = min((_WIDE - 2 * sheet.MARGIN + _BETWEEN) // count - _BETWEEN, _LARGEST)
    size = sheet.display_size(shape, max(room, _LEAST))
    squares = max(shape) <= sheet.SMALL
    shown = sheet.to_rgb(sheet.stretch(examples, None))
    return [colour.to_bytes(sheet.resize(image, size, squares=squares)) for image in shown], size


def _ends(values: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """Where the axis begins and ends: where nearly all images are, and every bin can be seen."""
    given, middles, edges = values["attribute"], values["middles"], values["edges"]
    inside = given[(given >= edges[0, 0]) & (given <= edges[-1, 1])]
    low, high = np.percentile(inside, _TAILS)
    low, high = min(low, middles[0]), max(high, middles[-1])
    pad = 0.02 * (high - low) or 0.5
    return float(low - pad), float(high + pad)


def _points(axes: Axes, values: Mapping[str, np.ndarray], ends: tuple[float, float], name: str) -> None:
    x, y, around = values["middles"], values["accuracy"], values["interval"]
    blue, orange = colour.PALETTE[0], colour.PALETTE[3]
    overall = float(values["overall"])
    axes.axhline(overall, color="#777777", linewidth=1, linestyle=(0, (4, 3)), label=f"all: {100 * overall:.4g} %")
    if "confidence" in values:
        style: dict[str, Any] = {
            "linewidth": 1,
            "marker": "D",
            "markersize": 4,
            "markerfacecolor": "white",
            "zorder": 3,
        }
        axes.plot(x, values["confidence"], color=orange, label="mean confidence", **style)
    # an interval of nothing would be drawn below 0 by a rounding
    reach = np.clip(np.stack([y - around[:, 0], around[:, 1] - y]), 0, None)
    bars: dict[str, Any] = {
        "linewidth": 1.8,
        "marker": "o",
        "markersize": 6,
        "elinewidth": 1.4,
        "capsize": 3,
        "zorder": 4,
    }
    axes.errorbar(x, y, reach, color=blue, label=f"{name}, 95 % interval", **bars)
    seen = np.concatenate([around.ravel(), y, [overall], values.get("confidence", y)])
    pad = 0.06 * float(np.ptp(seen)) or 0.01
    axes.set_ylim(max(seen.min() - pad, -0.02), min(seen.max() + pad, 1.0 + pad))
    axes.set_xlim(ends)
    axes.tick_params(labelbottom=False)
    low, high = axes.get_ylim()
    ticks = [float(tick) for tick in axes.get_yticks() if low <= tick <= min(high, 1)]
    axes.set_yticks(ticks, _percents(ticks))


def _percents(ticks: Sequence[float]) -> list[str]:
    """Write shares with the decimals that their step needs, as many on each: 98 % beside 97.5 would be false."""
    shares = 100 * np.array(ticks)
    decimals = 0
    while decimals < 6 and not np.allclose(shares, shares.round(decimals), rtol=0, atol=1e-9):
        decimals += 1
    return [f"{share:.{decimals}f} %" for share in shares]


def _counts(below: Axes, values: Mapping[str, np.ndarray], ends: tuple[float, float], name: str) -> None:
    """Draw how the images are spread, and where one bin ends and the next begins."""
    given = values["attribute"]
    whole = np.unique(given)
    if len(whole) <= _BARS:
        heights, edges = np.histogram(given, np.append(whole, whole[-1] + 1))
        width = 0.8 * float(np.diff(whole).min()) if len(whole) > 1 else 0.8
        below.bar(whole, heights, width, color=_QUIET)
    else:
        heights, edges = np.histogram(given, np.linspace(*ends, _BARS + 1))
        below.bar(edges[:-1], heights, np.diff(edges), align="edge", color=_QUIET)
    for edge in np.unique(values["edges"])[1:-1]:
        below.axvline(edge, color="white", linewidth=1)
    below.spines[:].set_visible(False)
    below.grid(False)
    below.set_yticks([])
    below.set_ylabel("images", color="#888888", fontsize=8)
    below.set_xlabel(name, color="#383838")
    below.tick_params(length=0, labelsize=9, labelcolor="#555555")
    below.set_xlim(ends)


def _examples(
    figure: Figure,
    axes: Axes,
    values: Mapping[str, np.ndarray],
    tiles: list[np.ndarray],
    size: tuple[int, int],
    tall: int,
) -> list[tuple[np.ndarray, int]]:
    """Choose where the examples stand, and join each to its point."""
    from matplotlib.lines import Line2D

    axes_.settle(figure)
    most = (_WIDE - 2 * sheet.MARGIN + _BETWEEN) // (size[1] + _BETWEEN)
    step = -(-len(tiles) // most)
    shown = list(range(0, len(tiles), step))
    places = axes.transData.transform(np.stack([values["middles"], values["accuracy"]], axis=1))
    top = axes.bbox.y1
    spots = []
    lefts = _spread(places[shown, 0] - size[1] / 2, size[1] + _BETWEEN, _WIDE - sheet.MARGIN - size[1])
    for i, left in zip(shown, lefts, strict=True):
        x, y = places[i]
        start = left + size[1] / 2
        line = np.array([(start, tall - _HEAD - size[0] - 2), (start, top + 18), (x, top + 4), (x, y)])
        scaled = line / [_WIDE, tall]
        figure.add_artist(Line2D(scaled[:, 0], scaled[:, 1], color=_GUIDE, linewidth=0.8, zorder=0))
        spots.append((tiles[i], left))
    return spots


def _spread(wanted: np.ndarray, apart: int, last: int) -> list[int]:
    """Return whole places in the given order, near to the wanted ones, so far apart, and none outside."""
    # pushed to the right where they are too near, then back from the end; and the same from the other side
    right, left = wanted.copy(), wanted.copy()
    for i in range(len(right)):
        right[i] = max(right[i], right[i - 1] + apart if i else sheet.MARGIN)
    for i in reversed(range(len(left))):
        left[i] = min(left[i], left[i + 1] - apart if i + 1 < len(left) else last)
    middle = (right + left) / 2
    for i in range(len(middle)):
        middle[i] = max(middle[i], middle[i - 1] + apart if i else sheet.MARGIN)
    for i in reversed(range(len(middle))):
        middle[i] = min(middle[i], middle[i + 1] - apart if i + 1 < len(middle) else last)
    return [int(place) for place in np.floor(middle)]


def _fault(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> str:
    count, examples = len(np.atleast_1d(values["middles"])), values["examples"]
    for name, shape in (("edges", (count, 2)), ("interval", (count, 2)), ("counts", (count,)), ("accuracy", (count,))):
        if values[name].shape != shape:
            return f"`{name}` must be {shape}, of {count} bins"
    if examples.ndim != 4 or len(examples) != count or examples.shape[3] not in (1, 3):
        return f"`examples` must be ({count}, h, w, c), c 1 or 3: one for each bin"
    if "confidence" in values and values["confidence"].shape != (count,):
        return f"`confidence` must be ({count},), one for each bin"
    if values["attribute"].ndim != 1 or not values["attribute"].size or values["overall"].size != 1:
        return "`attribute` must be (n,) and not empty, and `overall` one number"
    return ""


KIND = Kind(accuracy, _NEEDS, _fault)
