"""Which class is predicted where a part of the image is covered, and how often is each?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_vis.draw import colour, sheet
from keras_vis.draw import text as words
from keras_vis.draw.chart import Kind
from keras_vis.draw.heat import fits_below

Shade = tuple[int, int, int]

_OTHER = (153, 153, 153)  # classes for which no colour is left: the palette's own grey, which they then do not share
_PALE = 0.86  # the image's black where the prediction is kept: light enough for a cell of any colour to stand out
_TINT = 0.14  # of the class's colour in it: told apart from the paper, and never taken for a change
_QUIET_INK = (104, 104, 104)  # of what is written there: below the changes, and still read
_LINED = 12  # from this size on, in pixels, cells are parted by a line
_FONTS = (13, 12, 11, 10)  # of what is written in cells, in pixels
_AROUND = 4  # of a cell's width and height stay free around it
_BEFORE_BARS = 14
_BETWEEN = 22  # blocks: as visibly more than inside one
_WIDEST_BARS = 300
_LEAST_ROWS, _MOST_ROWS = 5, 8
_NAMES = 0.4  # of the room for bars, at most, for names before them; longer ones stand above
_ROW = words.line_height(words.SMALL)
_APART = 3  # rows of bars
_GAP = 5  # in a row
_SHORTEST = 2  # bar, in pixels: one of a light colour would be lost on the paper
_NEEDS = ("images", "classes", "expected")


def classes(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> np.ndarray:
    """Draw one block for each image: the image, the class predicted at each position, and how often each class is.

    Positions at which the class stays as it was are pale, the others have their class's colour. Of ten classes or
    fewer each has its own in every picture; of more, those that replace another most often in this one have one, and
    the others are grey.

    Args:
        values: `images` `(n, h, w, c)`; `classes` `(n, rows, columns)`, whole numbers, the class predicted at each
            position; `expected` `(n,)`, the one predicted of the image as it is. `boxes` `(rows, columns, 4)`, top,
            bottom, left and right of each position in pixels of the image, if they are not evenly spread; windows that
            overlap are, so that the area of a colour stays the count of its class.
        text: `names` of all classes, else their numbers are written; `captions`, n; `title`; `note`.

    Returns:
        uint8 RGB.
    """
    predicted, expected = values["classes"], values["expected"]
    count, shape = len(predicted), values["images"].shape[1:3]
    bases = sheet.to_rgb(sheet.stretch(values["images"], None))
    columns, size = sheet.layout(count, shape, across=3, gap=_BETWEEN, below=36)
    edges = _edges(predicted.shape[1:], shape, size, values.get("boxes"))
    key = _key(predicted, expected, text.get("names"), [int(np.diff(side).min()) for side in edges])
    cell = (sheet.WIDTH - 2 * sheet.MARGIN - (columns - 1) * _BETWEEN) // columns
    room = min(cell - 2 * size[1] - sheet.PAIR_GAP - _BEFORE_BARS, _WIDEST_BARS)
    tallies = [_tally(grid) for grid in predicted]
    longest = max(words.measure(key.beside(c), words.SMALL) for tally in tallies for c, _ in tally)
    ahead = longest if longest <= _NAMES * room else None
    captions = [str(caption) for caption in text.get("captions") or [""] * count]
    below_image = all(fits_below(caption, size[1]) for caption in captions)
    blocks = []
    for i in range(count):
        base = sheet.resize(bases[i], size, squares=max(shape) <= sheet.SMALL)
        usual = int(expected[i])
        map_ = _map(base, predicted[i], usual, edges, key)
        legend = words.block(_legend(predicted[i], usual, key), size[1], size=words.SMALL, colour=colour.FAINT)
        left = sheet.stack([colour.to_bytes(base), words.block(captions[i] if below_image else "", size[1])], 4)
        bars = _bars(tallies[i], usual, key, room, ahead, size[0])
        pair = sheet.beside([left, sheet.stack([map_, legend], 4)], sheet.PAIR_GAP)
        block = sheet.beside([pair, bars], _BEFORE_BARS)
        below = "" if below_image else captions[i]
        blocks.append(sheet.stack([block, words.block(below, block.shape[1])], 4))
    drawn = sheet.tile(blocks, columns, _BETWEEN)
    return sheet.frame(sheet.titled(drawn, str(text.get("title", "")), str(text.get("note", ""))))


@dataclass(frozen=True)
class _Key:
    """What stands for a class.

    Attributes:
        shades: the colour of each class that has one.
        names: of all classes, or none.
        written: what is written in its cells, for each class; nothing where they are too small.
        font: in which it is written, in pixels.
    """

    shades: Mapping[int, Shade]
    names: Sequence[str]
    written: Mapping[int, str]
    font: int

    def shade(self, index: int) -> Shade:
        return self.shades.get(index, _OTHER)

    def name(self, index: int) -> str:
        return self.names[index] if self.names else str(index)

    def beside(self, index: int) -> str:
        """What is set beside a sample of a class: its name, unless that is written in it."""
        return "" if self.written.get(index) == self.name(index) else self.name(index)

    def pale(self, index: int, light: np.ndarray | float = 0.5) -> np.ndarray:
        """What a class looks like where it is kept, over a grey image in [0, 1]."""
        paper = np.asarray(_PALE + (1 - _PALE) * light, np.float32)[..., None]
        return paper * (1 - _TINT * (1 - np.array(self.shade(index), np.float32) / 255))


def _key(predicted: np.ndarray, expected: np.ndarray, names: Sequence[str] | None, least: Sequence[int]) -> _Key:
    # on one line each, and a class without a name by its number
    names = [" ".join(str(name).split()) or str(c) for c, name in enumerate(names if names is not None else ())]
    there = sorted({*predicted.ravel().tolist(), *expected.tolist()})
    shades = _shades(predicted, expected, len(names) or there[-1] + 1)
    numbers = {c: str(c) for c in there}
    called = {c: names[c] for c in there} if names else numbers
    for written in (called, numbers):
        for font in _FONTS:
            wide = max(words.measure(word, font) for word in written.values())
            if wide + _AROUND <= least[1] and font + _AROUND <= least[0]:
                return _Key(shades, names, written, font)
    return _Key(shades, names, {}, 0)


def _shades(predicted: np.ndarray, expected: np.ndarray, total: int) -> dict[int, Shade]:
    if total <= len(colour.PALETTE):
        return {c: colour.palette(c) for c in range(total)}
    # where nothing changes a cell is pale anyway: the colours go first to what is seen in them
    changed = predicted[predicted != expected[:, None, None]]
    first = [c for c, _ in _tally(changed)]
    rest = [c for c, _ in _tally(predicted) if c not in first]
    shades = [shade for shade in map(colour.palette, range(len(colour.PALETTE))) if shade != _OTHER]
    return dict(zip(first + rest, shades, strict=False))


def _tally(predicted: np.ndarray) -> list[tuple[int, int]]:
    """Count each class, the most frequent first."""
    found, counts = np.unique(predicted, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return list(zip(found[order].tolist(), counts[order].tolist(), strict=True))


def _edges(
    grid: tuple[int, ...], shape: tuple[int, ...], size: tuple[int, int], boxes: np.ndarray | None
) -> list[np.ndarray]:
    """Where the rows, and the columns, of cells begin and end on a tile."""
    sides = []
    for axis in range(2):
        ends = np.linspace(0, size[axis], grid[axis] + 1)
        if boxes is not None:
            start, stop = (boxes[:, 0, :2], boxes[0, :, 2:])[axis].T
            if (start[1:] == stop[:-1]).all():
                ends = np.append(start, stop[-1]) * (size[axis] / shape[axis])
        sides.append(np.rint(ends).astype(int))
    return sides


def _map(base: np.ndarray, predicted: np.ndarray, usual: int, edges: Sequence[np.ndarray], key: _Key) -> np.ndarray:
    grey = base @ np.array([0.299, 0.587, 0.114], np.float32)
    map_ = colour.to_bytes(key.pale(usual, grey))
    lined = min(int(np.diff(side).min()) for side in edges) >= _LINED
    down, across = edges
    for (row, column), index in np.ndenumerate(predicted):
        cell = map_[down[row] : down[row + 1], across[column] : across[column + 1]]
        if index != usual:
            cell[:] = key.shade(int(index))
        if lined:
            # on the inner sides only: the outer ones are the tile's
            cell[: int(row > 0)] = cell[:, : int(column > 0)] = 255
        if key.written:
            ink = _QUIET_INK if index == usual else colour.over(key.shade(int(index)))
            words.write(cell, key.written[int(index)], key.font, ink)
    return map_


def _legend(predicted: np.ndarray, usual: int, key: _Key) -> str:
    kept = int((predicted == usual).sum())
    if kept == predicted.size:
        return f"still {key.name(usual)} everywhere"
    told = f"pale: still {key.name(usual)}" if kept else f"{key.name(usual)} nowhere"
    others = {c for c, _ in _tally(predicted)} - {usual, *key.shades}
    return f"{told}; grey: {len(others)} other{'s' * (len(others) > 1)}" if others else told


def _bars(
    tally: Sequence[tuple[int, int]], usual: int, key: _Key, width: int, ahead: int | None, height: int
) -> np.ndarray:
    """Draw a row for each class, as many as stand beside the tile, and the rest in one."""
    total = sum(times for _, times in tally)
    rows = [_row(c, f"{times:,} of {total:,}", times / total, c == usual, key, width, ahead) for c, times in tally]
    shown = min(len(rows), _MOST_ROWS)
    while shown > _LEAST_ROWS and sum(map(len, rows[:shown])) + shown * _APART + _ROW * (shown < len(rows)) > height:
        shown -= 1
    if shown < len(rows):
        rest = sum(times for _, times in tally[shown:])
        told = f"and {len(rows) - shown} more: {rest:,} of {total:,}"
        rows = [*rows[:shown], words.block(told, width, size=words.SMALL, colour=colour.FAINT)]
    return sheet.stack(rows, _APART)


def _row(index: int, count: str, share: float, usual: bool, key: _Key, width: int, ahead: int | None) -> np.ndarray:
    """Draw a sample of a class as in the map, its name (ahead of the bar, or above it), and its count as a bar."""
    wide = max((words.measure(word, words.SMALL) + _AROUND for word in key.written.values()), default=_ROW)
    sample = np.empty((_ROW, max(wide, _ROW), 3), np.uint8)
    sample[:] = colour.to_bytes(key.pale(index)) if usual else key.shade(index)
    if key.written:
        words.write(sample, key.written[index], words.SMALL, colour.INK if usual else colour.over(key.shade(index)))
    name = key.beside(index)
    room = width - sample.shape[1] - _GAP
    if ahead is None:
        parts = [words.block(name, room, size=words.SMALL), _bar(count, share, key.shade(index), room)]
        return sheet.beside([sample, sheet.stack(parts)], _GAP)
    if not ahead:
        return sheet.beside([sample, _bar(count, share, key.shade(index), room)], _GAP)
    bar = _bar(count, share, key.shade(index), room - ahead - _GAP)
    return sheet.beside([sample, words.block(name, ahead, size=words.SMALL), bar], _GAP)


def _bar(count: str, share: float, shade: Shade, width: int) -> np.ndarray:
    strip = sheet.blank(_ROW, width)
    # as if every count were as wide as the largest
    room = width - words.measure(f"{count.split()[-1]} of {count.split()[-1]}", words.SMALL) - _GAP
    long = max(_SHORTEST, round(share * room))
    strip[2 : _ROW - 2, :long] = shade
    number = words.block(count, width - long - _GAP, size=words.SMALL)
    strip[:, long + _GAP :] = number
    return strip


def _fault(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> str:
    images, predicted, expected = (values[name] for name in _NEEDS)
    if images.ndim != 4 or images.shape[3] not in (1, 3) or not images.size:
        return "`images` must be (n, h, w, c), c 1 or 3, and not empty"
    if not np.isfinite(images).all():
        return "`images` must be finite, to be drawn"
    if predicted.ndim != 3 or len(predicted) != len(images) or not predicted.size:
        return f"`classes` must be (n, rows, columns), one class for each position of each of {len(images)} images"
    if expected.shape != (len(images),):
        return f"`expected` must be (n,), one class for each of {len(images)} images"
    if any(not np.issubdtype(given.dtype, np.integer) or given.min() < 0 for given in (predicted, expected)):
        return "`classes` and `expected` must be whole numbers from 0 on, the classes' indices"
    boxes = values.get("boxes")
    if boxes is not None and boxes.shape != (*predicted.shape[1:], 4):
        return f"`boxes` must be {(*predicted.shape[1:], 4)}: top, bottom, left and right of each position"
    names, highest = text.get("names"), int(max(predicted.max(), expected.max()))
    if names is not None and len(names) <= highest:
        return f"`names` must name every class; it has {len(names)}, and class {highest} is predicted"
    captions = len(text.get("captions") or ())
    if captions not in (0, len(images)):
        return f"`captions` must have {len(images)} entries, or none; it has {captions}"
    return ""


KIND = Kind(classes, _NEEDS, _fault)
