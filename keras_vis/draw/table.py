"""How are rows and columns set, as text and as pixels?"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from keras_vis.draw import colour, sheet, text

_SIZE = 12
_PAD = 9  # left and right of a cell
_WIDEST = 360  # a longer cell is wrapped
_MINUS = "\u2212"


def is_number(value: object) -> TypeGuard[numbers.Real]:
    """Tell whether a cell counts as a number; True and False do not."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)


def numeric(values: Sequence[object]) -> bool:
    """Tell whether a column holds numbers, and perhaps empty cells."""
    filled = [value for value in values if value is not None and value != ""]
    return bool(filled) and all(is_number(value) for value in filled)


def column_text(values: Sequence[object]) -> list[str]:
    """Write the cells of a column: thousands separated, and every number with as many decimals as its neighbours."""
    if not numeric(values):
        return ["" if value is None else str(value) for value in values]
    floats = [float(value) for value in values if is_number(value) and not isinstance(value, numbers.Integral)]
    largest = max((abs(value) for value in floats if math.isfinite(value)), default=0.0)
    # four figures in the largest number of the column
    decimals = 3 if largest == 0 else max(0, 3 - math.floor(math.log10(largest)))
    # z: what is rounded to nothing has no sign
    style = f"z,.{decimals}f" if decimals <= 6 and largest < 1e9 else "z.3e"
    return [_cell(value, style) for value in values]


def _cell(value: Any, style: str) -> str:
    if value is None or value == "":
        return ""
    written = f"{int(value):,}" if isinstance(value, numbers.Integral) else format(float(value), style)
    return written.replace("-", _MINUS)


def table_text(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str) -> str:
    """Set a table as lines of text, numbers to the right."""
    filled = [column_text(values) for values in _turn(columns, rows)]
    right = [numeric(values) for values in _turn(columns, rows)]
    widths = [max(len(name), *(len(cell) for cell in cells), 0) for name, cells in zip(columns, filled, strict=True)]

    def line(cells: Sequence[str]) -> str:
        set_ = (cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(cells, widths, right, strict=True))
        return "  ".join(set_).rstrip()

    lines = [title] if title else []
    lines += [line(columns), "  ".join("-" * width for width in widths)]
    lines += [line(cells) for cells in zip(*filled, strict=True)]
    return "\n".join(lines)


def table_sheet(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str) -> np.ndarray:
    """Draw a table: numbers to the right, light rules, nested names indented, every row.

    Args:
        columns: their names.
        rows: one sequence of cells for each.
        title: a line above, or "".

    Returns:
        uint8 RGB.
    """
    from PIL import Image, ImageDraw

    columns = [str(name) for name in columns]
    filled = [column_text(values) for values in _turn(columns, rows)]
    right = [numeric(values) for values in _turn(columns, rows)]
    broken = [[_break(cell) for cell in cells] for cells in filled]
    widths = [
        max(text.measure(name, _SIZE, bold=True), *(text.measure("\n".join(lines), _SIZE) for lines in cells), 0)
        for name, cells in zip(columns, broken, strict=True)
    ]
    step = text.line_height(_SIZE)
    heights = [step * max(len(cells[row]) for cells in broken) + 4 for row in range(len(rows))]
    wide = max(sum(widths) + 2 * _PAD * len(widths), text.measure(title, 14, bold=True) + 2 * _PAD)
    above = 30 if title else 0
    head = step + 8
    image = Image.new("RGB", (wide, above + head + sum(heights) + 6), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    if title:
        pen.text((_PAD, 4), title, fill=colour.INK, font=text.font(14, True))
    left = 0
    for name, cells, width, to_right in zip(columns, broken, widths, right, strict=True):
        edge = left + _PAD
        lines_at = [(name, above + 3, True)]
        top = above + head
        for lines, height in zip(cells, heights, strict=True):
            for i, line in enumerate(lines):
                lines_at.append((line, top + 2 + i * step, False))
            top += height
        for line, top, bold in lines_at:
            spare = width - text.measure(line, _SIZE, bold=bold) if to_right else 0
            pen.text((edge + spare, top), line, fill=colour.INK, font=text.font(_SIZE, bold))
        left += width + 2 * _PAD
    pen.line([(0, above + head - 2), (wide, above + head - 2)], fill=colour.FAINT)
    top = above + head
    for height in heights:
        top += height
        pen.line([(0, top - 1), (wide, top - 1)], fill=colour.RULE)
    return sheet.frame(np.asarray(image))


def _turn(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[list[object]]:
    return [[row[i] for row in rows] for i in range(len(columns))]


def _break(cell: str) -> list[str]:
    inset = len(cell) - len(cell.lstrip(" "))
    return [" " * inset + line for line in text.wrap(cell[inset:], _WIDEST, _SIZE)]
