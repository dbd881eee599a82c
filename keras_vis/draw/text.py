"""How do words become pixels?"""

from __future__ import annotations

import bisect
import functools
import math
import pathlib
import re
from typing import TYPE_CHECKING

import numpy as np

from keras_vis.draw.colour import INK

if TYPE_CHECKING:
    from PIL import ImageFont

CAPTION = 12  # pixels; legible when the sheet is shown at its own size
SMALL = 10
_MOST_LINES = 8


@functools.lru_cache(maxsize=32)
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Open DejaVu Sans, which matplotlib brings along, so that a picture is the same on every machine."""
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = pathlib.Path(matplotlib.get_data_path(), "fonts", "ttf", name)
    # the basic layout, because the better one exists only where the system has its library
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def measure(text: str, size: int = CAPTION, *, bold: bool = False) -> int:
    """Measure the width of the longest line, in pixels."""
    return max((_length(line, size, bold) for line in text.split("\n")), default=0)


@functools.lru_cache(maxsize=8192)
def _length(line: str, size: int, bold: bool) -> int:
    return math.ceil(font(size, bold).getlength(line))


def line_height(size: int) -> int:
    """Give the distance from one line to the next, in pixels."""
    return round(size * 1.35)


def number(value: float, digits: int = 3) -> str:
    """Write a number shortly, with a true minus sign: 0.0123, 1.2e-5, −3."""
    text = f"{float(value):.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}e{int(exponent)}"
    return "0" if text in ("-0", "0") else text.replace("-", "\u2212")


def wrap(text: str, width: int, size: int = CAPTION, *, bold: bool = False) -> list[str]:
    """Break a text into lines no wider than `width` pixels: between words where it can, inside a word where it must.

    Inside a word it breaks after one of ``_ / -`` where one is in the second half of what fits: layers have such names.
    """
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in re.findall(r"\s*\S+", paragraph) or [""]:
            if measure(line + word, size, bold=bold) <= width:
                line += word
                continue
            if line:
                lines.append(line)
                word = word.lstrip()
            while (fits := _fitting(word, width, size, bold)) < len(word):
                joint = max(word.rfind(mark, fits // 2, fits) for mark in "_/-") + 1
                fits = joint or fits
                lines.append(word[:fits])
                word = word[fits:]
            line = word
        lines.append(line)
    return lines


def _fitting(word: str, width: int, size: int, bold: bool) -> int:
    """Give how many letters of a word fit into a line, at least one."""
    most = 2
    # of a long word not all is measured for each of its many lines
    while most < len(word) and measure(word[:most], size, bold=bold) <= width:
        most *= 2
    places = range(2, min(most, len(word)) + 1)
    return 1 + bisect.bisect_right(places, width, key=lambda fits: measure(word[:fits], size, bold=bold))


def cut(text: str, width: int, size: int = CAPTION, *, bold: bool = False, front: bool = False) -> str:
    """Shorten each line of a text to at most `width` pixels: an ellipsis stands for its end, or for its front."""
    return "\n".join(_cut(line, width, size, bold, front) for line in text.split("\n"))


def _cut(line: str, width: int, size: int, bold: bool, front: bool) -> str:
    if measure(line, size, bold=bold) <= width:
        return line

    def kept(letters: int) -> str:
        return f"\u2026{line[len(line) - letters :]}" if front else f"{line[:letters].rstrip()}\u2026"

    places = range(1, len(line))
    return kept(bisect.bisect_right(places, width, key=lambda letters: measure(kept(letters), size, bold=bold)))


def fit(text: str, width: int, size: int = CAPTION) -> tuple[list[str], int]:
    """Break a text into lines, in a slightly smaller font if that saves it from a third line.

    Returns:
        The lines and the font's size. Only a text of more than eight lines is shortened, with an ellipsis.
    """
    wanted = max(2, text.count("\n") + 1)
    lines = wrap(text, width, size)
    for smaller in range(size - 1, SMALL - 1, -1):
        if len(lines) <= wanted:
            break
        lines, size = wrap(text, width, smaller), smaller
    if len(lines) > _MOST_LINES:
        last = lines[_MOST_LINES - 1]
        while last and measure(last + "\u2026", size) > width:
            last = last[:-1]
        lines = [*lines[: _MOST_LINES - 1], last + "\u2026"]
    return lines, size


def block(
    text: str,
    width: int,
    *,
    size: int = CAPTION,
    colour: tuple[int, int, int] = INK,
    align: str = "left",
    bold: bool = False,
    shrink: bool = True,
) -> np.ndarray:
    """Set a text as a block of a given width.

    Args:
        text: may contain line breaks; an empty one gives a block without height.
        width: in pixels; longer lines are wrapped.
        size: of the font, in pixels.
        colour: of the letters.
        align: `"left"`, `"centre"` or `"right"`.
        bold: the bold font.
        shrink: whether the font may become a little smaller to save a third line.

    Returns:
        uint8 RGB `(height, width, 3)` on white.
    """
    if not text.strip():
        return np.full((0, width, 3), 255, np.uint8)
    return _block(text, width, size, colour, align, bold, shrink).copy()


# Those of a few pictures: captions tell of probabilities, which are others in each epoch of a training.
@functools.lru_cache(maxsize=256)
def _block(
    text: str, width: int, size: int, colour: tuple[int, int, int], align: str, bold: bool, shrink: bool
) -> np.ndarray:
    from PIL import Image, ImageDraw

    lines, size = fit(text, width, size) if shrink and not bold else (wrap(text, width, size, bold=bold), size)
    step = line_height(size)
    image = Image.new("RGB", (width, step * len(lines)), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        spare = width - measure(line, size, bold=bold)
        left = {"left": 0, "centre": spare // 2, "right": spare}[align]
        pen.text((max(left, 0), row * step), line, fill=colour, font=font(size, bold))
    return np.asarray(image)


def write(cell: np.ndarray, word: str, size: int, ink: tuple[int, int, int]) -> None:
    """Write a word into the middle of a cell, over what is there."""
    covers = 1 - block(word, measure(word, size), size=size, colour=(0, 0, 0))[..., :1] / np.float32(255)
    there = np.flatnonzero(covers.any((1, 2)))
    covers = covers[there[0] : there[-1] + 1]
    top, left = (cell.shape[0] - covers.shape[0] + 1) // 2, (cell.shape[1] - covers.shape[1] + 1) // 2
    under = cell[top : top + covers.shape[0], left : left + covers.shape[1]]
    under[:] = np.rint(under + covers * (np.array(ink, np.float32) - under))
