"""How are images shown as the numbers that they are?"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from keras_vis.draw import axes as axes_
from keras_vis.draw import colour, sheet
from keras_vis.draw import text as words

_WRONG = colour.palette(3)  # NaN and infinite ones
_FALSE = colour.ACTIVATION
_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
_HUGE = 1e300
_BETWEEN = 22  # images: visibly more than inside one


def inspection_sheet(
    values: np.ndarray,
    *,
    count: int,
    figures: Mapping[str, float],
    histogram: tuple[np.ndarray, np.ndarray],
    title: str,
) -> np.ndarray:
    """Draw the figures, the histogram, and each channel of each image in grey and in false colour.

    Args:
        values: `(m, h, w, c)`, of any type.
        count: how many images the figures are of.
        figures: by name, in the order in which they are set.
        histogram: counts and edges.
        title: above the sheet.

    Returns:
        uint8 RGB, 900 pixels wide.
    """
    width = sheet.WIDTH - 2 * sheet.MARGIN
    ends = figures["min"], figures["max"]
    box = _box(len(values), values.shape[3])
    blocks = [_block(image, ends, box, f"image {i}") for i, image in enumerate(values)]
    columns = max(1, (width + _BETWEEN) // (max(block.shape[1] for block in blocks) + _BETWEEN))
    bars = [
        sheet.colour_bar(180, ends, name=name, signed=False, label=label)
        for name, label in (("gray", "in grey"), (_FALSE, "in false colour"))
    ]
    first = f"the first {len(values)} of {count:,} are drawn; the figures are of all" if count > len(values) else ""
    parts = [
        _cards(figures, width),
        _histogram(*histogram, figures),
        sheet.beside(bars, 24),
        words.block(first, width, size=words.SMALL, colour=colour.FAINT),
        sheet.tile(blocks, columns, _BETWEEN),
    ]
    return sheet.frame(sheet.titled(sheet.stack(parts, sheet.GAP), title))


def _cards(figures: Mapping[str, float], width: int) -> np.ndarray:
    """Set each figure under its name."""
    wide = width // len(figures)
    cards = []
    for name, figure in figures.items():
        counted = name in ("NaN", "infinite")
        wrong = counted and figure > 0
        written = f"{int(figure):,}" if counted else words.number(figure, 4)
        if name.startswith(("share", "outside")):
            written = _percent(figure)
        cards.append(
            sheet.stack(
                [
                    words.block(name, wide, size=words.SMALL, colour=colour.FAINT),
                    words.block(written, wide, size=14, bold=True, colour=_WRONG if wrong else colour.INK),
                ],
                2,
            )
        )
    return sheet.beside(cards)


def _percent(share: float) -> str:
    if 0 < share < 0.001 or 0.999 < share < 1:
        return "<0.1 %" if share < 0.5 else ">99.9 %"
    return f"{100 * share:.{0 if share in (0, 1) else 1}f} %"


def _histogram(counts: np.ndarray, edges: np.ndarray, figures: Mapping[str, float]) -> np.ndarray:
    from matplotlib.ticker import FuncFormatter

    with axes_.own_style():
        # matplotlib adds and subtracts the ends of an axis
        unit = _HUGE if max(-edges[0], edges[-1]) > _HUGE else 1.0
        edges, mean = edges / unit, figures["mean"] / unit
        label = "value" if unit == 1 else f"value, in {words.number(unit)}"
        figure, axes = axes_.figure(8.84, 2.5, {"x": label, "y": "how many (logarithmic)"})
        # from below 1, so that a single value can be seen
        axes.stairs(np.maximum(counts, 0.5), edges, baseline=0.5, fill=True, color=colour.PALETTE[0])
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda many, _: _power(many)))
        axes.set_ylim(0.5, max(counts.max() * 1.6, 10))
        axes.grid(visible=False, axis="x")
        axes.minorticks_off()
        axes.axvline(mean, color=colour.PALETTE[3], linewidth=1.2)
        axes.margins(x=0.01)
        place = axes.get_xaxis_transform()
        axes.text(mean, 1.02, "mean", transform=place, color=colour.PALETTE[3], ha="center", fontsize=8)
        return axes_.pixels(figure)


def _power(many: float) -> str:
    """Write a power of ten; not as a formula, for words on a figure are none."""
    return "10" + f"{round(math.log10(many))}".translate(_RAISED)


def _box(count: int, channels: int) -> int:
    """The side of a channel's tile: an image in colours, of twice the size, stands beside its three."""
    if channels == 3:
        return 170 if count <= 3 else 82
    return 160 if count <= 2 else 102


def _block(image: np.ndarray, ends: tuple[float, float], box: int, caption: str) -> np.ndarray:
    """Draw one image: whole where it has three channels, and each channel in grey and, below or beside, in colour."""
    channels = image.shape[2]
    pairs = [_pair(image[..., i], ends, box) for i in range(channels)]
    if channels == 1:
        return _under(sheet.beside(pairs[0], sheet.PAIR_GAP), caption, colour.INK)
    columns = []
    for i, pair in enumerate(pairs):
        columns.append(_under(sheet.stack(pair, sheet.PAIR_GAP), f"channel {i}", colour.FAINT))
    around = max(1, (sheet.WIDTH - 2 * sheet.MARGIN + sheet.PAIR_GAP) // (columns[0].shape[1] + sheet.PAIR_GAP))
    drawn = sheet.tile(columns, min(around, channels), sheet.PAIR_GAP)
    if channels != 3:
        return sheet.stack([words.block(caption, drawn.shape[1], size=words.SMALL), drawn], 3)
    tall, wide = (2 * side + sheet.PAIR_GAP for side in pairs[0][0].shape[:2])
    whole = _under(_fitted(_strength(image, ends), image, (tall, wide)), caption, colour.INK)
    return sheet.beside([whole, drawn], sheet.PAIR_GAP)


def _under(drawn: np.ndarray, caption: str, shade: tuple[int, int, int]) -> np.ndarray:
    """Set a caption under what is drawn."""
    return sheet.stack([drawn, words.block(caption, drawn.shape[1], size=words.SMALL, colour=shade)], 3)


def _pair(channel: np.ndarray, ends: tuple[float, float], box: int) -> list[np.ndarray]:
    """Draw one channel twice."""
    strength = _strength(channel, ends)
    size = sheet.display_size(channel.shape, box)
    coloured = (colour.paint(strength, name, signed=False) for name in ("gray", _FALSE))
    return [_fitted(part, channel[..., None], size) for part in coloured]


def _strength(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """Map the lowest number of all images to 0 and the highest to 1; in float64, for both may be large."""
    low, high = ends
    wide = values.astype(np.float64)
    span = high / 2 - low / 2
    strength = (wide / 2 - low / 2) / span if span > 0 else np.full(wide.shape, 0.5)
    return np.where(np.isfinite(wide), strength, 0.0).astype(np.float32)


def _fitted(rgb: np.ndarray, values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring an image in colours to a size, and mark the pixels that are no numbers."""
    small = max(values.shape[:2]) <= sheet.SMALL
    drawn = colour.to_bytes(sheet.resize(np.ascontiguousarray(rgb, np.float32), size, squares=small))
    bad = ~np.isfinite(values.astype(np.float64)).all(-1)
    if bad.any():
        # a single bad pixel of a photograph is still to be seen
        rows, columns = np.nonzero(bad)
        tall, wide = bad.shape
        for row, column in zip(rows, columns, strict=True):
            top, left = row * size[0] // tall, column * size[1] // wide
            drawn[
                top : max(top + 2, (row + 1) * size[0] // tall), left : max(left + 2, (column + 1) * size[1] // wide)
            ] = _WRONG
    return drawn
