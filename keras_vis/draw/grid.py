"""How are images, kernels and feature maps set side by side?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_vis.draw import colour, sheet, text

_BAR = 240
_UNIT_GAP = 4
_TALLEST = 1400  # above this, tiles of feature maps become smaller
_LEAST_UNIT = (96, 72, 48, 32, 24)
_NOTHING = 0.001  # of the scale: less than a step of the colour map
_KERNEL = (2, 16)  # a pixel of a kernel is drawn as a square of this many pixels, at least and at most


def image_sheet(
    values: np.ndarray,
    *,
    captions: Sequence[str],
    value_range: tuple[float, float] | None,
    columns: int | None,
    title: str,
    note: str,
) -> np.ndarray:
    """Draw images as tiles with their captions, and a grey bar with numbers if they share a range.

    Args:
        values: `(n, h, w, c)`.
        captions: n, or none.
        value_range: black and white; None stretches each image on its own.
        columns: tiles in a row, or None to choose.
        title: above the sheet.
        note: below the title, in small letters.

    Returns:
        uint8 RGB.
    """
    tiles = sheet.to_rgb(sheet.stretch(values, value_range))
    columns, size = sheet.layout(len(values), values.shape[1:3], gap=8, columns=columns)
    squares = max(values.shape[1:3]) <= sheet.SMALL
    cells = []
    for i, image in enumerate(tiles):
        drawn = colour.to_bytes(sheet.resize(image, size, squares=squares))
        cells.append(sheet.stack([drawn, text.block(captions[i] if captions else "", size[1])], 3))
    return sheet.frame(sheet.titled(_with_bar(sheet.tile(cells, columns, 8), value_range), title, note))


def kernel_sheet(
    values: np.ndarray,
    *,
    value_range: tuple[float, float] | None,
    columns: int,
    axes: tuple[str, str],
    title: str,
    note: str,
) -> np.ndarray:
    """Draw a matrix of small kernels, with the numbers of its rows and columns along the edges.

    Args:
        values: `(n, h, w, c)`, row by row.
        value_range: black and white; None stretches each kernel on its own.
        columns: kernels in a row.
        axes: what the rows and what the columns are.
        title: above the sheet.
        note: below the title, in small letters.

    Returns:
        uint8 RGB; wider than 900 pixels where the kernels could not be seen otherwise.
    """
    count, _, width = values.shape[:3]
    rows = -(-count // columns)
    margin = text.measure(str(rows - 1), text.SMALL) + 6
    room = (sheet.WIDTH - 2 * sheet.MARGIN - margin) / columns
    # kernels of one pixel touch: lines between them would be most of what is seen
    gap = 0 if values.shape[1:3] == (1, 1) else 2 if room >= 16 else 1
    factor = int(np.clip((room - gap) // width, *_KERNEL))
    tiles = colour.to_bytes(sheet.to_rgb(sheet.stretch(values, value_range)))
    tiles = tiles.repeat(factor, 1).repeat(factor, 2)
    side = tiles.shape[1:3]
    # a line of one pixel divides best in white
    between = colour.BETWEEN if gap > 1 else (255, 255, 255)
    padded = np.full((rows * columns, side[0] + gap, side[1] + gap, 3), between, np.uint8)
    padded[:count, : side[0], : side[1]] = tiles
    padded[count:] = 255
    tall, wide = padded.shape[1:3]
    matrix = padded.reshape(rows, columns, tall, wide, 3).swapaxes(1, 2).reshape(rows * tall, columns * wide, 3)

    line = text.line_height(text.SMALL)
    above = sheet.blank(line + 2, margin + columns * wide + margin)
    for i in range(0, columns, _step(wide, text.measure(str(columns - 1), text.SMALL) + 4)):
        _paste(above, _number(i), 0, margin + i * wide + (wide - gap) // 2)
    left = sheet.blank(rows * tall + line, margin)
    for i in range(0, rows, _step(tall, line)):
        number = _number(i)
        _paste(left, number, max(i * tall + (tall - gap - line) // 2, 0), margin - 6 - number.shape[1] / 2)
    names = text.block(f"\u2193 {axes[0]}    \u2192 {axes[1]}", above.shape[1])
    body = sheet.beside([left, matrix])
    return sheet.frame(sheet.titled(_with_bar(sheet.stack([names, above, body], 1), value_range), title, note))


def feature_sheet(
    values: np.ndarray,
    *,
    images: np.ndarray | None,
    units: Sequence[int],
    layer: str,
    captions: Sequence[str],
    scales: np.ndarray,
    scale_is: str,
) -> np.ndarray:
    """Draw one block for each image: what went in, and the map of every unit with its number.

    Args:
        values: `(n, h', w', k)`.
        images: `(n, h, w, c)`, or None.
        units: k channel numbers.
        layer: its name.
        captions: n, or none.
        scales: `(n,)`, the value that gets the strongest colour.
        scale_is: how it was found, in a few words.

    Returns:
        uint8 RGB.
    """
    signed = bool(values.min(initial=0) < 0)
    name = colour.DIVERGING if signed else colour.ACTIVATION
    inputs = None if images is None else sheet.to_rgb(sheet.stretch(images, None))
    columns, size = _unit_layout(values.shape[3], values.shape[1:3])
    squares = max(values.shape[1:3]) <= sheet.SMALL
    blocks = []
    for i, maps in enumerate(np.moveaxis(values, 3, 1)):
        # what would not be seen on the image's scale counts as nothing
        silent = np.abs(maps).max((1, 2)) <= _NOTHING * scales[i]
        head = _head(maps, silent, layer, captions[i] if captions else "", scales[i], scale_is, name, signed)
        if inputs is not None:
            box = sheet.display_size(inputs.shape[1:3], 112)
            small = max(inputs.shape[1:3]) <= sheet.SMALL
            head = sheet.beside([colour.to_bytes(sheet.resize(inputs[i], box, squares=small)), head], 12)
        cells = []
        for unit, map_, nothing in zip(units, maps, silent, strict=True):
            if nothing:
                drawn = np.full((*size, 3), colour.NOTHING, np.uint8)
            else:
                strength = sheet.resize(map_ / (scales[i] or 1), size, squares=squares)
                drawn = colour.to_bytes(colour.paint(strength, name, signed))
                if signed:  # white is zero here, and the page is white
                    drawn[[0, -1]] = drawn[:, [0, -1]] = colour.OUTLINE
            shade = (176, 176, 176) if nothing else colour.INK
            number = text.block(str(unit), size[1], size=text.SMALL, colour=shade, align="centre")
            cells.append(sheet.stack([drawn, number]))
        blocks.append(sheet.stack([head, sheet.tile(cells, columns, _UNIT_GAP)], 8))
    return sheet.frame(sheet.stack(blocks, 28))


def _head(
    maps: np.ndarray, silent: np.ndarray, layer: str, caption: str, scale: float, scale_is: str, name: str, signed: bool
) -> np.ndarray:
    count, height, width = maps.shape
    facts = f"{layer + ': ' if layer else ''}{count} unit{'s' * (count > 1)}, {height}\u00d7{width}"
    if silent.any():
        facts += f"; grey: {silent.sum()} that are silent (below {_NOTHING:g} of the scale)"
    parts = [text.block(caption, 560, bold=True), text.block(facts, 560)]
    if scale:
        beyond = (signed and bool(maps.min() < -scale), bool(maps.max() > scale))
        ends = (-scale if signed else 0.0, scale)
        parts.append(sheet.colour_bar(_BAR, ends, name=name, signed=signed, beyond=beyond, label=scale_is))
    return sheet.stack(parts, 5)


def _unit_layout(count: int, shape: Sequence[int]) -> tuple[int, tuple[int, int]]:
    below = text.line_height(text.SMALL)
    for least in _LEAST_UNIT:
        columns, size = sheet.layout(count, shape, gap=_UNIT_GAP, below=below, least=least)
        if -(-count // columns) * (size[0] + below + _UNIT_GAP) <= _TALLEST:
            break
    return columns, size


def _with_bar(drawn: np.ndarray, value_range: tuple[float, float] | None) -> np.ndarray:
    if value_range is None:
        return drawn
    signed = value_range[0] == -value_range[1]
    bar = sheet.colour_bar(min(_BAR, drawn.shape[1]), value_range, name="gray", signed=signed)
    return sheet.stack([drawn, bar], sheet.GAP)


def _step(room: int, needed: int) -> int:
    # channels come in powers of two
    step = 1
    while step * room < needed:
        step *= 2
    return step


def _number(value: int) -> np.ndarray:
    return text.block(str(value), text.measure(str(value), text.SMALL), size=text.SMALL, colour=colour.FAINT)


def _paste(onto: np.ndarray, part: np.ndarray, top: int, centre: float) -> None:
    left = max(round(centre - part.shape[1] / 2), 0)
    onto[top : top + part.shape[0], left : left + part.shape[1]] = part
