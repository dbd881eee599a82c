"""How are the units of many layers seen at once: which are dead, and how often is each silent?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from keras_vis.draw import colour, sheet
from keras_vis.draw import text as words

ZEROS, DEAD, ENDS = colour.palette(5), colour.palette(3), colour.palette(4)
_GROUND = (242, 244, 246)
_TALL = 34  # of a strip; two lines of figures beside it
_HEADS = (("units", 50), ("dead", 94), ("zeros", 70), ("saturated", 80), ("mean", 76), ("max", 66))
_NAME = 168
_PAD = 14  # between the figures and the strip
_ALONE = 4  # pixels of a unit's width from which on it is set off from the next


def census_sheet(
    rows: Sequence[Sequence[object]],
    strips: Sequence[Mapping[str, np.ndarray]],
    *,
    title: str,
    images: int,
) -> np.ndarray:
    """Draw a row for each layer: its figures, and a strip of its units.

    Args:
        rows: for each layer its name, units, dead units, and the shares of dead ones, zeros and saturated values (or
            None), the mean, the lowest and the highest value.
        strips: for each layer `dead`, `share of zeros`, `saturated` and `min` of its units.
        title: above the sheet.
        images: how many went through.

    Returns:
        uint8 RGB, 900 pixels wide.
    """
    width = sheet.WIDTH - 2 * sheet.MARGIN
    figures = sum(wide for _, wide in _HEADS)
    room = width - _NAME - figures - _PAD
    heads = [words.block("layer", _NAME, bold=True)]
    heads += [words.block(name, wide, bold=True, align="right") for name, wide in _HEADS]
    heads += [sheet.blank(1, _PAD), words.block("each unit, by its share of zeros", room, bold=True)]
    parts = [sheet.beside(heads), np.full((1, width, 3), colour.FAINT, np.uint8)]
    bounded = False
    for row, strip in zip(rows, strips, strict=True):
        name, units, dead, _, zeros, saturated, mean, _, high = row
        bounded |= saturated is not None
        cells = [
            (f"{units:,}", colour.INK),
            (f"{dead:,}  {_percent(dead / units)}" if dead else "0", DEAD if dead else colour.FAINT),  # type: ignore[operator]
            (_percent(zeros), colour.INK if zeros else colour.FAINT),
            ("\u2013" if saturated is None else _percent(saturated), colour.INK if saturated else colour.FAINT),
            (words.number(mean), colour.INK),  # type: ignore[arg-type]
            (words.number(high), colour.INK),  # type: ignore[arg-type]
        ]
        line = [words.block(str(name), _NAME - 6, shrink=True), sheet.blank(1, 6)]
        line += [
            words.block(cell, wide, align="right", colour=shade)
            for (cell, shade), (_, wide) in zip(cells, _HEADS, strict=True)
        ]
        tall = max(_TALL, max(part.shape[0] for part in line))
        line = [_middle(part, tall) for part in line]
        parts.append(sheet.beside([*line, sheet.blank(1, _PAD), _middle(_strip(strip, room), tall)]))
        parts.append(np.full((1, width, 3), colour.RULE, np.uint8))
    legend = [(ZEROS, "share of zeros, from 0 to 1"), (DEAD, "dead: never anything but 0")]
    if bounded:
        legend.append((ENDS, "saturated: share of values at an end of the activation (but for zeros), from the top"))
    note = f"{images:,} image{'s' * (images != 1)}; the units of each layer are sorted"
    body = sheet.stack([_legend(legend, width), sheet.stack(parts, 4)], 12)
    return sheet.frame(sheet.titled(body, title, note))


def _strip(values: Mapping[str, np.ndarray], width: int) -> np.ndarray:
    """Draw each unit: its share of zeros from the ground up, the dead ones last; what is saturated from the top."""
    zeros, dead = values["share of zeros"], values["dead"]
    # zeros that are also an end, as a ReLU6's, are shown once
    ends = _beyond_zeros(values)
    order = np.lexsort((ends, zeros, dead))
    count = len(order)
    strip = np.full((_TALL, width, 3), _GROUND, np.uint8)
    across = np.arange(width)
    which = order[across * count // width]
    up = np.arange(_TALL)[::-1, None]
    strip[up < np.ceil(zeros[which] * _TALL)[None]] = ZEROS
    strip[(_TALL - 1 - up) < np.floor(ends[which] * _TALL + 0.5)[None]] = ENDS
    strip[:, dead[which]] = DEAD
    if width >= _ALONE * count:
        strip[:, np.flatnonzero(np.diff(across * count // width))] = 255
    return strip


def _beyond_zeros(values: Mapping[str, np.ndarray]) -> np.ndarray:
    """The share of values at the ends of the activation, but for zeros where 0 is an end; 0 where it has no ends."""
    ends = np.nan_to_num(values["saturated"])
    return np.maximum(ends - np.where(values["min"] >= 0, values["share of zeros"], 0), 0)


def _legend(entries: Sequence[tuple[tuple[int, int, int], str]], width: int) -> np.ndarray:
    parts = []
    for shade, meaning in entries:
        swatch = np.full((11, 11, 3), shade, np.uint8)
        label = words.block(meaning, words.measure(meaning, words.SMALL) + 2, size=words.SMALL, colour=colour.INK)
        parts.append(sheet.beside([_middle(swatch, label.shape[0]), sheet.blank(1, 5), label]))
    row = sheet.beside(parts, 22)
    return row if row.shape[1] <= width else sheet.stack(parts, 4)


def _middle(part: np.ndarray, tall: int) -> np.ndarray:
    spare = tall - part.shape[0]
    return np.pad(part, ((spare // 2, spare - spare // 2), (0, 0), (0, 0)), constant_values=255)


def _percent(share: object) -> str:
    """Write a share so that neither a little nor nearly all passes for none or all."""
    value = 100 * float(share)  # type: ignore[arg-type]
    if 0 < value < 0.1:
        return "<0.1 %"
    if 99.9 < value < 100:
        return ">99.9 %"
    return f"{value:.0f} %" if value in (0, 100) else f"{value:.1f} %"
