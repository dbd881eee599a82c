"""How are many small bars set without axes?

Histograms of hundreds of weights, and the bars beside an image, are set pixel by pixel: a matplotlib axis for
each would take seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_vis.draw import colour, sheet
from keras_vis.draw import text as words

_BLUE = colour.palette(0)
_QUIET = (164, 190, 208)
_LEAST_BAR = 60
_RANGES = {True: "axes as in the first frame after training began", False: "each on its own axis"}
_NAMES = 0.4  # of the room beside an image, at most, for the names of its classes


def histograms(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> np.ndarray:
    """Draw one small panel for each distribution, each on its own axes.

    Args:
        values: `counts` `(m, bins)`; `edges` `(m, bins + 1)`; `limits` `(m, 2)`, the ends of the axes, where they are
            held.
        text: `names`, m; `title`.

    Returns:
        uint8 RGB.
    """
    counts, edges = values["counts"], values["edges"]
    names = text.get("names") or [""] * len(counts)
    held = "limits" in values
    limits = values["limits"] if held else np.stack([edges[:, 0], edges[:, -1]], 1)
    columns = min(4, len(counts))
    width = (sheet.WIDTH - 2 * sheet.MARGIN - (columns - 1) * 20) // columns if columns > 2 else 280
    panels = [_histogram(*panel, width) for panel in zip(counts, edges, limits, names, strict=True)]
    return sheet.frame(sheet.titled(sheet.tile(panels, columns, 20), str(text.get("title", "")), _RANGES[held]))


def _histogram(
    counts: np.ndarray, edges: np.ndarray, limits: np.ndarray, name: str, width: int, height: int = 84
) -> np.ndarray:
    panel = sheet.blank(height, width)
    panel[-1] = colour.RULE
    low, high = map(float, limits)
    # each column of pixels takes the bin it lies in
    places = low + (np.arange(width) + 0.5) / width * (high - low)
    bins = np.clip(np.searchsorted(edges, places, "right") - 1, 0, len(counts) - 1)
    outside = (places < edges[0]) | (places > edges[-1])
    # a bar's area is its count; the least of them is one pixel high
    density = counts / np.diff(edges)
    tall = np.ceil(density / (density.max() or 1) * (height - 4)).astype(int)
    panel[(height - 1 - np.arange(height))[:, None] < np.where(outside, 0, tall[bins])[None]] = _BLUE
    numbers = _ends(low, high, width)
    total = f"{int(counts.sum()):,} values, at most {int(counts.max()):,} in a bar"
    middles = (edges[:-1] + edges[1:]) / 2
    beyond = int(counts[(middles < low) | (middles > high)].sum())
    if beyond:
        total += f", {beyond:,} beyond the ends"
    return sheet.stack(
        [
            words.block(name, width),
            words.block(total, width, size=words.SMALL, colour=colour.FAINT),
            panel,
            numbers,
        ],
        1,
    )


def _ends(low: float, high: float, width: int) -> np.ndarray:
    left, right = (words.number(end) for end in (low, high))
    row = np.minimum(
        words.block(left, width, size=words.SMALL, colour=colour.FAINT),
        words.block(right, width, size=words.SMALL, colour=colour.FAINT, align="right"),
    )
    if low < 0 < high:
        zero = round(-low / (high - low) * (width - 1))
        free = (words.measure(left, words.SMALL) + 8, width - words.measure(right, words.SMALL) - 8)
        if free[0] < zero < free[1]:
            digit = words.block("0", 8, size=words.SMALL, colour=colour.FAINT, align="centre")
            row[:, zero - 4 : zero + 4] = digit
        row = np.concatenate([sheet.blank(3, width), row])
        row[:3, zero] = colour.FAINT
    return row


def predictions(values: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> np.ndarray:
    """Draw each image beside the bars of its highest classes, with their numbers at the bars.

    Args:
        values: `images` `(n, h, w, c)`; `indices` `(n, k)`; `logits` `(n, k)`, `probabilities` `(n, k)`, or both.
        text: `names`, k for each of the n images; `notes` likewise, what is written at each bar instead of its number;
            `title`; `captions`, n, set above the bars.

    Returns:
        uint8 RGB.
    """
    images = sheet.to_rgb(sheet.stretch(values["images"], None))
    missing = np.full(values["indices"].shape, np.nan)
    chances, logits = values.get("probabilities", missing), values.get("logits", missing)
    certain = "probabilities" in values
    shown = chances if certain else logits
    count = len(images)
    names = text.get("names") or [[str(index) for index in row] for row in values["indices"]]
    captions = text.get("captions") or [""] * count
    columns = 1 if count == 1 else 2
    size = sheet.display_size(images.shape[1:3], 140 if count > 1 else 224)
    cell = 620 if count == 1 else (sheet.WIDTH - 2 * sheet.MARGIN - 24) // 2
    room = cell - size[1] - 12
    widest = max(words.measure(name) for row in names for name in row)
    name_width = min(widest + 2, int(room * _NAMES))
    low, high = (0.0, 1.0) if certain else (min(0.0, float(shown.min())), max(0.0, float(shown.max())))
    pairs = [list(zip(*rows, strict=True)) for rows in zip(chances, logits, strict=True)]
    notes = text.get("notes") or [[_note(*pair) for pair in row] for row in pairs]
    note_width = max(words.measure(note, words.SMALL) for row in notes for note in row)
    cells = []
    for i in range(count):
        small = max(images.shape[1:3]) <= sheet.SMALL
        image = colour.to_bytes(sheet.resize(images[i], size, squares=small))
        lines = [words.block(captions[i], room, bold=True)]
        for j, name in enumerate(names[i]):
            # one size for all names: the winner's would be the smallest, where it is the longest
            label = words.block(name, name_width, align="right", shrink=False)
            fill = _BLUE if j == 0 else _QUIET
            bar = _bar(float(shown[i, j]), (low, high), notes[i][j], room - name_width - 6, note_width, fill)
            down = max(0, (label.shape[0] - bar.shape[0]) // 2)
            bar = np.pad(bar, ((down, 0), (0, 0), (0, 0)), constant_values=255)
            lines.append(sheet.beside([label, bar], 6))
        cells.append(sheet.beside([image, sheet.stack(lines, 5)], 12))
    return sheet.frame(sheet.titled(sheet.tile(cells, columns, 24), str(text.get("title", ""))))


def _note(chance: float, logit: float) -> str:
    if np.isnan(chance):
        return f"{logit:.2f}".replace("-", "\u2212")
    # 0.000 would say that the net excludes it
    written = f"{chance:.3f}" if chance >= 0.0005 or chance == 0 else "<0.001"
    return written if np.isnan(logit) else f"{written}  (logit {logit:.1f})".replace("-", "\u2212")


def _bar(
    value: float, ends: tuple[float, float], note: str, width: int, note_width: int, fill: tuple[int, int, int]
) -> np.ndarray:
    height = words.line_height(words.CAPTION)
    strip = sheet.blank(height, width)
    label = words.measure(note, words.SMALL)
    room = max(width - note_width - 6, _LEAST_BAR)
    low, high = ends
    span = (high - low) or 1.0
    zero, end = (round((x - low) / span * (room - 1)) for x in (0.0, value))
    strip[2 : height - 2, min(zero, end) : max(zero, end) + 1] = fill
    strip[:, zero] = colour.FAINT
    number = words.block(note, label, size=words.SMALL, colour=colour.INK)
    left = min(max(zero, end) + 5, width - label)
    strip[1 : 1 + number.shape[0], left : left + label] = number
    return strip
