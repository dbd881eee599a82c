"""Which class is taken for which?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_vis.draw import colour, sheet
from keras_vis.draw import text as words
from keras_vis.draw.chart import Kind

_MOST = 24  # classes: of more, cells with a number would not fit
_CELLS = (26, 46)  # the side of one, in pixels
_LONGEST = 150  # a name, in pixels; longer ones are wrapped
_GAP = 1
_RIGHT = (238, 240, 242)  # the diagonal: quiet, so that what is wrong stands out
_MAP = "Oranges"
_BAR = 240


def matrix(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> np.ndarray:
    """Draw how often each class of the rows is each class of the columns: counts, and the wrong ones in colour.

    A cell's colour is its share of its row. Of many classes those that are confused most are drawn.

    Args:
        values: `counts` `(k, k)`, whole numbers.
        text: `names` of the k classes, else their numbers are written; `rows` and `columns`, whose they are; `title`;
            `note`.

    Returns:
        uint8 RGB.
    """
    counts = values["counts"]
    names = [str(name) for name in text.get("names") or range(len(counts))]
    chosen, told = _chosen(counts)
    part = counts[np.ix_(chosen, chosen)]
    labels = [names[i] for i in chosen]
    total = counts.sum(axis=1)[chosen]
    share = part / np.maximum(total, 1)[:, None]
    wrong = np.where(np.eye(len(part), dtype=bool), 0, share)
    top = float(wrong.max()) or 1.0
    width, font = _cell(part, len(chosen))
    # written sideways where a column is too narrow for its name
    wide = max(words.measure(name, words.SMALL) for name in labels)
    whose_rows = f"\u2193 {text.get('rows', 'rows')}"
    left = max(min(wide, _LONGEST), words.measure(whose_rows, words.SMALL) + 2)
    rows = [_row(line, shares, i, width, font, top) for i, (line, shares) in enumerate(zip(part, wrong, strict=True))]
    body = [
        sheet.beside([_name(name, left, width), cells, _right(int(line[i]), int(n), width)], 6)
        for i, (name, cells, line, n) in enumerate(zip(labels, rows, part, total, strict=True))
    ]
    head = _header(labels, left, width, wide)
    across = len(chosen) * (width + _GAP) - _GAP
    whose = words.block(f"{text.get('columns', 'columns')} \u2192", across, size=words.SMALL, colour=colour.FAINT)
    whose = np.pad(whose, ((0, 0), (left + 6, 0), (0, 0)), constant_values=255)
    side = words.block(whose_rows, left, size=words.SMALL, colour=colour.FAINT, align="right")
    head[-side.shape[0] :, :left] = side
    bar = sheet.colour_bar(
        min(_BAR, across), (0.0, 100 * top), name=_MAP, signed=False, label="wrong: per cent of the row"
    )
    bar = np.pad(bar, ((0, 0), (left + 6, 0), (0, 0)), constant_values=255)
    drawn = sheet.stack([whose, head, sheet.stack(body, _GAP), sheet.blank(8, 1), bar], 2)
    note = "\n".join(filter(None, (str(text.get("note", "")), told)))
    return sheet.frame(sheet.titled(drawn, str(text.get("title", "")), note))


def _chosen(counts: np.ndarray) -> tuple[np.ndarray, str]:
    """Return which classes are drawn, and what is said where not all are."""
    size = len(counts)
    if size <= _MOST:
        return np.arange(size), ""
    off = counts.copy()
    np.fill_diagonal(off, 0)
    # two by two, those that are taken for each other most often
    both = np.triu(off + off.T)
    rows, columns = np.nonzero(both)
    chosen: set[int] = set()
    for i in np.argsort(-both[rows, columns], kind="stable").tolist():
        pair = {int(rows[i]), int(columns[i])}
        if len(chosen | pair) <= _MOST:
            chosen |= pair
        if len(chosen) == _MOST:
            break
    rest = [i for i in np.argsort(-counts.sum(axis=1), kind="stable").tolist() if i not in chosen]
    worst = np.sort([*chosen, *rest[: _MOST - len(chosen)]])
    seen = int(off[np.ix_(worst, worst)].sum())
    return worst, f"{_MOST} of {size:,} classes, those confused most: {seen:,} of {int(off.sum()):,} confusions"


def _cell(counts: np.ndarray, classes: int) -> tuple[int, int]:
    """Return the side of a cell, and the size of the numbers in it."""
    room = (sheet.WIDTH - 2 * sheet.MARGIN - 260) // classes
    side = int(np.clip(room, *_CELLS))
    longest = f"{int(counts.max(initial=0)):,}"
    for font in (13, 12, 11, 10, 9, 8):
        if words.measure(longest, font) + 4 <= side:
            return side, font
    return words.measure(longest, 8) + 4, 8


def _row(counts: np.ndarray, wrong: np.ndarray, own: int, side: int, font: int, top: float) -> np.ndarray:
    cells = []
    for i, (count, share) in enumerate(zip(counts.tolist(), wrong.tolist(), strict=True)):
        red, green, blue = colour.to_bytes(colour.paint(np.array([share / top]), _MAP, False))[0].tolist()
        shade = _RIGHT if i == own else (red, green, blue) if count else (255, 255, 255)
        cell = np.empty((side, side, 3), np.uint8)
        cell[:] = shade
        if not count and i != own:
            cell[[0, -1]] = cell[:, [0, -1]] = (246, 246, 246)
        elif count:
            ink = (120, 120, 120) if i == own else colour.over(shade)
            words.write(cell, f"{count:,}", font, ink)
        cells.append(cell)
    return sheet.beside(cells, _GAP)


def _name(name: str, width: int, height: int) -> np.ndarray:
    """Set a row's name at the middle of its height, to the right."""
    block = words.block(name, width, size=words.SMALL, align="right")[:height]
    above = (height - block.shape[0]) // 2
    return np.pad(block, ((above, height - block.shape[0] - above), (0, 0), (0, 0)), constant_values=255)


def _right(right: int, total: int, height: int) -> np.ndarray:
    """Say how much of a row is on the diagonal."""
    told = f"{100 * right / total:.1f} % of {total:,}" if total else "none"
    return _name_left(told, words.measure(told, words.SMALL) + 2, height)


def _name_left(told: str, width: int, height: int) -> np.ndarray:
    block = words.block(told, width, size=words.SMALL, colour=colour.FAINT)
    above = (height - block.shape[0]) // 2
    return np.pad(block, ((above, height - block.shape[0] - above), (0, 0), (0, 0)), constant_values=255)


def _header(labels: Sequence[str], left: int, side: int, wide: int) -> np.ndarray:
    """Set the names of the columns: upright where they fit, else turned by a quarter."""
    if wide <= side:
        parts = [words.block(name, side, size=words.SMALL, align="centre") for name in labels]
    else:
        parts = []
        for name in labels:
            block = words.block(name, min(wide, _LONGEST), size=words.SMALL)[:side]
            turned = np.rot90(block)
            spare = side - turned.shape[1]
            parts.append(np.pad(turned, ((0, 0), (spare // 2, spare - spare // 2), (0, 0)), constant_values=255))
    tall = max(part.shape[0] for part in parts)
    level = [np.pad(part, ((tall - part.shape[0], 0), (0, 0), (0, 0)), constant_values=255) for part in parts]
    return sheet.beside([sheet.blank(tall, left + 6 - _GAP), *level], _GAP)


def _fault(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> str:
    counts = values["counts"]
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        return "`counts` must be (k, k), and not empty"
    if not np.issubdtype(counts.dtype, np.integer) or counts.min() < 0:
        return "`counts` must be whole numbers from 0 on"
    given = len(text.get("names") or ())
    return f"`names` must have {len(counts)} entries, or none; it has {given}" if given not in (0, len(counts)) else ""


KIND = Kind(matrix, ("counts",), _fault)
