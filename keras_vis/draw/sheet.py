"""How are tiles sized, overlaid and laid out on one sheet?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from keras_vis.draw import colour, text

WIDTH = 900  # the width of a notebook's cell and of a README
MARGIN = 8
_NEAR = 0.85  # a photograph of nearly the size of its tile is shown pixel for pixel
_ASPECT = 0.75  # a little wider than tall: the whole sheet on one screen
PAIR_GAP = 4  # between an image and its map
GAP = 14  # between pairs: visibly more than inside one
LEAST = 96  # a smaller tile cannot be read
TITLE, LEAST_TITLE = 14, 320  # the font of a title, and the narrowest it is set, in pixels
_RELIEF = 0.6  # edges are clear where the colour is strongest, and an area still has the colour of the bar
_MOST = 0.85  # how far the strongest evidence covers the image: its edges can just be seen
_BETWEEN_NUMBERS = 4  # at least, under a colour bar, in pixels
SMALL = 64  # up to this size an image's own pixels are shown, as squares


def blank(height: int, width: int) -> np.ndarray:
    """Give a white sheet, uint8 RGB `(height, width, 3)`."""
    return np.full((height, width, 3), 255, np.uint8)


def stretch(images: np.ndarray, value_range: tuple[float, float] | None) -> np.ndarray:
    """Map values to [0, 1]: from the given range, or else each image from its own lowest to its own highest value.

    Args:
        images: `(n, h, w, c)`.
        value_range: low and high; what lies beyond is clipped. An image of one value becomes mid-grey if None.

    Returns:
        float32 `(n, h, w, c)`.
    """
    images = np.asarray(images, np.float32)
    if value_range is not None:
        low, high = (np.float32(end) for end in value_range)
        return np.clip((images - low) / (high - low), 0, 1)
    # halved first, so that the difference of two float32 extremes is still one
    halves = images * np.float32(0.5)
    low = halves.min((1, 2, 3), keepdims=True)
    span = halves.max((1, 2, 3), keepdims=True) - low
    return np.where(span > 0, (halves - low) / np.where(span > 0, span, 1), np.float32(0.5))


def to_rgb(images: np.ndarray) -> np.ndarray:
    """Repeat a grey channel three times; RGB stays as it is."""
    return np.repeat(images, 3, -1) if images.shape[-1] == 1 else images


def display_size(shape: Sequence[int], box: int) -> tuple[int, int]:
    """Give the size at which an image fills a box: whole factors for a small one, any for a photograph."""
    height, width = shape
    longest = max(height, width)
    if longest <= SMALL and box >= longest:
        factor = box // longest
        return height * factor, width * factor
    if _NEAR * box <= longest <= box:
        return height, width
    return max(1, round(height * box / longest)), max(1, round(width * box / longest))


def resize(image: np.ndarray, size: tuple[int, int], *, squares: bool) -> np.ndarray:
    """Bring an image or a map to a size: area means to shrink; bilinear, or each pixel a square, to enlarge.

    Args:
        image: float32 `(h, w)` or `(h, w, c)`.
        size: the new height and width.
        squares: keep the pixels visible where the size is a whole multiple.

    Returns:
        float32 with the new height and width.
    """
    import cv2

    height, width = image.shape[:2]
    if size == (height, width):
        return image
    if squares and size[0] % height == 0 and size[1] % width == 0:
        return image.repeat(size[0] // height, 0).repeat(size[1] // width, 1)
    shrinks = size[0] <= height and size[1] <= width
    out = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return out.reshape(*size, *image.shape[2:])


def overlay(base: np.ndarray, strength: np.ndarray, *, name: str, signed: bool, relief: bool = False) -> np.ndarray:
    """Lay evidence over an image: nothing where the strength is zero, the colour of the bar where it is one.

    The image turns grey under its evidence, so that every colour seen is evidence (a goldfish is orange, and so is
    inferno); dark under an unsigned map, whose colours begin at black, and light under a signed one, whose colours
    begin at white. It does so as far as the strongest evidence goes: under a map of zeros the image stays as it is.

    Args:
        base: RGB in [0, 1], `(h, w, 3)`.
        strength: `(h, w)`, value divided by scale; clipped to [-1, 1].
        name: the colour map.
        signed: whether the sign has a meaning.
        relief: whether the image's edges are embossed where the evidence covers it: for a map much coarser than the
            image, which has no edges of its own.

    Returns:
        float32 RGB in [0, 1], `(h, w, 3)`.
    """
    strength = np.clip(strength, -1.0 if signed else 0.0, 1.0)
    size = np.abs(strength)[..., None]
    grey = (base @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
    quiet = 0.6 + 0.4 * grey if signed else 0.35 * grey**0.8
    under = base + size.max(initial=0) * (quiet - base)
    colours = colour.paint(strength, name, signed)
    if name in (colour.SEQUENTIAL, colour.DIVERGING):
        # evidence adds light to black, or ink to white, and lightness moves one way only as it grows
        nothing = colour.paint(np.zeros(1, np.float32), name, signed)[0]
        over = colours + (1 - _MOST * size**0.75) * (under - nothing)
    else:
        over = under + _MOST * np.sqrt(size) * (colours - under)
    if relief:
        over = over + _RELIEF * size * _edges(grey[..., 0])[..., None]
    return np.clip(over, 0, 1)


def _edges(grey: np.ndarray) -> np.ndarray:
    """What is lighter or darker than around it. The mean is zero, so that an area keeps the colour of its evidence."""
    import cv2

    return grey - cv2.GaussianBlur(grey, (0, 0), max(grey.shape) / 32)


def layout(
    count: int,
    shape: Sequence[int],
    *,
    across: int = 1,
    gap: int = GAP,
    below: int = 20,
    least: int = LEAST,
    largest: int | None = None,
    columns: int | None = None,
    width: int = WIDTH,
) -> tuple[int, tuple[int, int]]:
    """Choose how many cells stand in a row, and how large a tile is drawn.

    Of all grids that are no wider than the sheet and whose tiles can be read, the one that is nearest to three quarters
    as tall as wide and leaves the fewest empty places is taken.

    Args:
        count: number of cells.
        shape: height and width of an image.
        across: tiles in a cell, side by side.
        gap: between cells.
        below: height of what stands under a tile.
        least: the smallest tile.
        largest: the largest tile.
        columns: fixes the number of cells in a row.
        width: of the sheet.

    Returns:
        The number of columns, and the height and width of a tile.
    """
    if largest is None:
        few, some, many = (224, 224, 168) if max(shape) <= SMALL else (400, 320, 240)
        largest = few if count == 1 else some if count == 2 else many
    best: tuple[int, tuple[int, int]] | None = None
    cost = math.inf
    for across_sheet in [columns] if columns else range(1, count + 1):
        cell = (width - 2 * MARGIN - (across_sheet - 1) * gap) // across_sheet
        box = min((cell - (across - 1) * PAIR_GAP) // across, largest)
        size = display_size(shape, max(box, 1))
        if best and max(size) < least:
            break
        rows = -(-count // across_sheet)
        tall = rows * (size[0] + below + gap)
        wide = across_sheet * (size[1] * across + (across - 1) * PAIR_GAP + gap)
        empty = 1 - count / (rows * across_sheet)
        off = abs(math.log(tall / (_ASPECT * wide))) + 3 * empty
        if off < cost:
            best, cost = (across_sheet, size), off
    columns, size = best or (1, display_size(shape, least))
    if max(size) < least:
        size = display_size(shape, max(least, max(shape) if max(shape) <= SMALL else least))
    return columns, size


def beside(parts: Sequence[np.ndarray], gap: int = 0) -> np.ndarray:
    """Set parts side by side, their tops in line, on white."""
    sheet = blank(max(part.shape[0] for part in parts), sum(part.shape[1] for part in parts) + gap * (len(parts) - 1))
    left = 0
    for part in parts:
        sheet[: part.shape[0], left : left + part.shape[1]] = part
        left += part.shape[1] + gap
    return sheet


def stack(parts: Sequence[np.ndarray], gap: int = 0) -> np.ndarray:
    """Set parts under each other, their left edges in line, on white; parts without height take no gap."""
    parts = [part for part in parts if part.shape[0]] or [blank(0, 0)]
    sheet = blank(sum(part.shape[0] for part in parts) + gap * (len(parts) - 1), max(part.shape[1] for part in parts))
    top = 0
    for part in parts:
        sheet[top : top + part.shape[0], : part.shape[1]] = part
        top += part.shape[0] + gap
    return sheet


def tile(cells: Sequence[np.ndarray], columns: int, gap: int = GAP) -> np.ndarray:
    """Set cells into rows of `columns`, the last row as long as it is."""
    return stack([beside(cells[start : start + columns], gap) for start in range(0, len(cells), columns)], gap)


def frame(sheet: np.ndarray) -> np.ndarray:
    """Add the white margin around a finished sheet."""
    return np.pad(sheet, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), constant_values=255)


def titled(sheet: np.ndarray, title: str, note: str = "") -> np.ndarray:
    """Set a title, and a note in small letters, above a sheet: as wide as it is, or wide enough to read."""
    width = max(sheet.shape[1], LEAST_TITLE)
    head = [text.block(title, width, size=TITLE, bold=True)]
    head.append(text.block(note, width, size=text.SMALL, colour=colour.FAINT))
    above = stack([part for part in head if part.shape[0]], 3)
    return stack([above, sheet], GAP) if above.shape[0] else sheet


def colour_bar(
    width: int,
    ends: tuple[float, float],
    *,
    name: str,
    signed: bool,
    beyond: tuple[bool, bool] = (False, False),
    label: str = "",
) -> np.ndarray:
    """Draw a thin colour bar with its numbers under its ends, and zero under the middle where it is the middle.

    Args:
        width: in pixels.
        ends: the numbers at the two ends.
        name: the colour map.
        signed: whether zero is the middle.
        beyond: which ends come to a point, because values lie beyond.
        label: a line under the numbers.

    Returns:
        uint8 RGB `(height, width, 3)`.
    """
    numbers = _ends(width, ends, zero=signed and ends[0] == -ends[1])
    strip = colour.ramp(width, 7, name, signed, beyond=beyond)
    if name == "gray":
        # its white end would be lost on the page
        strip[[0, -1]] = strip[:, [0, -1]] = colour.OUTLINE
    return stack([strip, numbers, text.block(label, width, size=text.SMALL, colour=colour.FAINT)], 1)


def _ends(width: int, ends: tuple[float, float], *, zero: bool) -> np.ndarray:
    """Set two numbers under the ends of a bar; under a narrow one they are rounded, stand alone, or in two lines."""

    def line(words: str, align: str) -> np.ndarray:
        return text.block(words, width, size=text.SMALL, colour=colour.FAINT, align=align)

    for digits, middle in ((3, zero), (2, zero), (3, False), (2, False)):
        low, high = (text.number(end, digits) for end in ends)
        longest = max(text.measure(number, text.SMALL) for number in (low, high))
        room = width - _BETWEEN_NUMBERS
        if middle and 2 * longest + text.measure("0", text.SMALL) + _BETWEEN_NUMBERS <= room:
            return np.minimum(np.minimum(line(low, "left"), line(high, "right")), line("0", "centre"))
        if not middle and text.measure(low, text.SMALL) + text.measure(high, text.SMALL) <= room:
            return np.minimum(line(low, "left"), line(high, "right"))
    return stack([line(text.number(ends[0]), "left"), line(text.number(ends[1]), "right")])
