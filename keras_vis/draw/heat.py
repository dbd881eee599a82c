"""How is a map shown over its image?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_vis.draw import colour, sheet, text

_SHARED_BAR = 320
_LINES_BESIDE = 4  # a longer caption runs under the whole pair


def reduce_channels(values: np.ndarray, channels: str) -> np.ndarray:
    """Make one number of a pixel's channels: the one of largest absolute value, or their sum.

    Args:
        values: `(n, h, w)` or `(n, h, w, c)`.
        channels: `"max"` or `"sum"`.

    Returns:
        `(n, h, w)`.
    """
    if values.ndim == 3:
        return values
    if channels == "sum":
        return values.sum(-1)
    largest = np.abs(values).argmax(-1)[..., None]
    return np.take_along_axis(values, largest, -1)[..., 0]


def heat_sheet(
    maps: np.ndarray,
    images: np.ndarray,
    *,
    signed: bool,
    scales: np.ndarray,
    shared: bool,
    captions: Sequence[str],
    name: str,
    value_range: tuple[float, float] | None,
    title: str,
    note: str,
) -> np.ndarray:
    """Draw pairs: an image, and beside it its map over it.

    Args:
        maps: `(n, h, w)`.
        images: `(n, height, width, c)`, of any size.
        signed: whether the sign of a map has a meaning.
        scales: `(n,)`, the value that gets the strongest colour.
        shared: whether one colour bar speaks for all.
        captions: n, or none.
        name: the colour map.
        value_range: of the images, or None.
        title: above the sheet.
        note: below the title, in small letters.

    Returns:
        uint8 RGB.
    """
    count = len(maps)
    bases = sheet.to_rgb(sheet.stretch(images, value_range))
    columns, size = sheet.layout(count, images.shape[1:3], across=2, below=30)
    squares = max(images.shape[1:3]) <= sheet.SMALL
    own_grid = squares and maps.shape[1:] == images.shape[1:3]
    relief = max(maps.shape[1:]) * 2 <= max(images.shape[1:3])
    if not signed:
        maps = np.abs(maps)
    beyond = [(signed and bool(low < -scale), bool(high > scale)) for low, high, scale in _extremes(maps, scales)]
    beside_bar = not shared and all(_fits(caption, size[1]) for caption in captions)
    cells = []
    for i in range(count):
        base = sheet.resize(bases[i], size, squares=squares)
        # without a scale the map is zero everywhere
        strength = sheet.resize(maps[i] / (scales[i] or 1), size, squares=own_grid)
        over = sheet.overlay(base, strength, name=name, signed=signed, relief=relief)
        pair = sheet.beside([colour.to_bytes(base), colour.to_bytes(over)], sheet.PAIR_GAP)
        caption = captions[i] if captions else ""
        parts = [pair]
        if not shared:
            bar = _bar(size[1], scales[i], name, signed, beyond[i])
            left = text.block(caption, size[1]) if beside_bar else sheet.blank(0, size[1])
            parts.append(sheet.beside([sheet.stack([left, sheet.blank(1, size[1])]), bar], sheet.PAIR_GAP))
        if not beside_bar:
            parts.append(text.block(caption, pair.shape[1]))
        cells.append(sheet.stack(parts, 4))
    drawn = sheet.tile(cells, columns)
    if shared:
        ends = (any(low for low, _ in beyond), any(high for _, high in beyond))
        label = "one scale for all images" if count > 1 else ""
        bar = _bar(min(_SHARED_BAR, drawn.shape[1]), scales[0], name, signed, ends, label)
        drawn = sheet.stack([drawn, bar], sheet.GAP)
    return sheet.frame(sheet.titled(drawn, title, note))


def _extremes(maps: np.ndarray, scales: np.ndarray) -> zip:
    return zip(maps.min((1, 2)), maps.max((1, 2)), scales, strict=True)


def _fits(caption: str, width: int) -> bool:
    lines, _ = text.fit(caption, width)
    return len(lines) <= _LINES_BESIDE


def _bar(width: int, scale: float, name: str, signed: bool, beyond: tuple[bool, bool], label: str = "") -> np.ndarray:
    if scale == 0:
        return text.block("zero everywhere", width, size=text.SMALL, colour=colour.FAINT)
    ends = (-scale if signed else 0.0, scale)
    return sheet.colour_bar(width, ends, name=name, signed=signed, beyond=beyond, label=label)
