"""How is a map shown over its image?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Evidence:
    """Maps, and how their numbers become colours.

    Attributes:
        maps: `(n, h, w)`.
        signed: whether the sign of a map has a meaning; otherwise the absolute value is drawn.
        scales: `(n,)`, the value that gets the strongest colour.
        name: the colour map.
        origins: `(n,)`, what has been taken off the maps, for the numbers at the bar; 0 of signed maps.
    """

    maps: np.ndarray
    signed: bool
    scales: np.ndarray
    name: str
    origins: np.ndarray

    def over(self, i: int, base: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Draw map `i` over its image.

        Args:
            i: which.
            base: the image at the size of its tile, RGB in [0, 1].
            shape: height and width of the image before it was brought to that size.

        Returns:
            uint8 RGB, as large as `base`.
        """
        map_ = self._drawn(i)
        own_grid = max(shape) <= sheet.SMALL and map_.shape == shape
        relief = max(map_.shape) * 2 <= max(shape)
        # without a scale the map is zero everywhere
        strength = sheet.resize(map_ / (self.scales[i] or 1), (base.shape[0], base.shape[1]), squares=own_grid)
        return colour.to_bytes(sheet.overlay(base, strength, name=self.name, signed=self.signed, relief=relief))

    def bar(self, i: int, width: int) -> np.ndarray:
        """Draw the colour bar of map `i`."""
        return self._bar(width, i, self._beyond(i))

    def shared_bar(self, width: int) -> np.ndarray:
        """Draw one colour bar for maps that have one scale."""
        beyond = [self._beyond(i) for i in range(len(self.maps))]
        ends = (any(low for low, _ in beyond), any(high for _, high in beyond))
        # Where each map begins at its own lowest value, the bar tells where the lowest of them does.
        first = int(self.origins.argmin())
        return self._bar(width, first, ends, "one scale for all images" if len(self.maps) > 1 else "")

    def _drawn(self, i: int) -> np.ndarray:
        return self.maps[i] if self.signed else np.abs(self.maps[i])

    def _beyond(self, i: int) -> tuple[bool, bool]:
        map_, scale = self._drawn(i), self.scales[i]
        return self.signed and bool(map_.min() < -scale), bool(map_.max() > scale)

    def _bar(self, width: int, i: int, beyond: tuple[bool, bool], label: str = "") -> np.ndarray:
        scale = self.scales[i]
        if scale == 0:
            return text.block("zero everywhere", width, size=text.SMALL, colour=colour.FAINT)
        origin = float(self.origins[i])
        ends = (-scale if self.signed else origin, origin + scale)
        return sheet.colour_bar(width, ends, name=self.name, signed=self.signed, beyond=beyond, label=label)


def heat_sheet(
    evidence: Evidence,
    images: np.ndarray,
    *,
    shared: bool,
    captions: Sequence[str],
    value_range: tuple[float, float] | None,
    title: str,
    note: str,
) -> np.ndarray:
    """Draw pairs: an image, and beside it its map over it.

    Args:
        evidence: n maps.
        images: `(n, height, width, c)`, of any size.
        shared: whether one colour bar speaks for all.
        captions: n, or none.
        value_range: of the images, or None.
        title: above the sheet.
        note: below the title, in small letters.

    Returns:
        uint8 RGB.
    """
    count, shape = len(images), (images.shape[1], images.shape[2])
    bases = sheet.to_rgb(sheet.stretch(images, value_range))
    columns, size = sheet.layout(count, shape, across=2, below=30)
    beside_bar = not shared and all(fits_below(caption, size[1]) for caption in captions)
    cells = []
    for i in range(count):
        base = sheet.resize(bases[i], size, squares=max(shape) <= sheet.SMALL)
        pair = sheet.beside([colour.to_bytes(base), evidence.over(i, base, shape)], sheet.PAIR_GAP)
        caption = captions[i] if captions else ""
        parts = [pair]
        if not shared:
            left = text.block(caption, size[1]) if beside_bar else sheet.blank(0, size[1])
            left = sheet.stack([left, sheet.blank(1, size[1])])
            parts.append(sheet.beside([left, evidence.bar(i, size[1])], sheet.PAIR_GAP))
        if not beside_bar:
            parts.append(text.block(caption, pair.shape[1]))
        cells.append(sheet.stack(parts, 4))
    drawn = sheet.tile(cells, columns)
    if shared:
        drawn = sheet.stack([drawn, evidence.shared_bar(min(_SHARED_BAR, drawn.shape[1]))], sheet.GAP)
    return sheet.frame(sheet.titled(drawn, title, note))


def fits_below(caption: str, width: int) -> bool:
    """Whether a caption is short enough to stand under its tile."""
    lines, _ = text.fit(caption, width)
    return len(lines) <= _LINES_BESIDE
