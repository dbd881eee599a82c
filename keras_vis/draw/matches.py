"""Which place of one image is which place of another?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_vis.draw import colour, sheet, text

# The colours of places at the corners, as every kind of colour vision tells them apart; towards the middle they fade to
# white: between them they would be grey.
_CORNERS = (((60, 190, 255), (250, 220, 40)), ((70, 70, 235), (235, 85, 0)))
_MIDDLE = (250, 250, 250)
_APART = 56  # pixels between the images: lines are seen there
_LARGEST, _LEAST = 400, 224  # side of an image
_LINES = 28  # more could not be followed
_NEAR = 0.09  # of the image's longer side: lines begin no nearer to each other, so that they are of all of it
_FINE = 3  # drawn so many times larger, then shrunk: smooth lines
_DOT, _SMALL_DOT = 4.5, 2.6  # radius, in pixels: with a line, and without
_GREY = 0.62  # of its contrast the image keeps under the colours
_DASH = 7  # pixels


def match_sheet(
    images: Sequence[np.ndarray],
    a: np.ndarray,
    b: np.ndarray,
    similarity: np.ndarray,
    mutual: np.ndarray,
    *,
    title: str,
    note: str,
) -> np.ndarray:
    """Draw two images side by side, a dot for each place and one of the same colour for its match, and some lines.

    Args:
        images: two of `(h, w, c)`.
        a: `(m, 2)`, row and column in pixels of the first.
        b: `(m, 2)`, of the second.
        similarity: `(m,)`; where they are many, the most similar are joined, no two of them near each other.
        mutual: `(m,)`; lines of the others are dashed.
        title: above the sheet.
        note: below the title, in small letters.

    Returns:
        uint8 RGB.
    """
    sizes = [_size(image.shape[:2]) for image in images]
    bases = [_base(image, size) for image, size in zip(images, sizes, strict=True)]
    canvas = sheet.beside(bases, _APART)
    shift = np.array([0, sizes[0][1] + _APART])
    spots = [_on_tile(place, image, size) for place, image, size in zip((a, b), images, sizes, strict=True)]
    ends = np.stack([spots[0], spots[1] + shift], axis=1)
    shades = _shades(spots[0])
    joined = _spread(spots[0], similarity, _NEAR * max(sizes[0]))
    drawn = _drawn(canvas, ends, shades, joined, mutual)
    told = f"{len(joined)} of {len(a):,} are joined" if len(joined) < len(a) else ""
    about = f"cosine {text.number(similarity.min())} to {text.number(similarity.max())}"
    words = "; ".join(filter(None, (note, about, told)))
    return sheet.frame(sheet.titled(drawn, title, words))


def _size(shape: tuple[int, int]) -> tuple[int, int]:
    return sheet.display_size(shape, _LARGEST if max(shape) > sheet.SMALL else max(_LARGEST, max(shape)))


def _base(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw an image in quiet greys, so that every colour is a place's."""
    shown = sheet.to_rgb(sheet.stretch(image[None], None))[0]
    shown = sheet.resize(shown, size, squares=max(image.shape[:2]) <= sheet.SMALL)
    grey = shown @ np.array([0.299, 0.587, 0.114], np.float32)
    return colour.to_bytes(np.repeat((0.16 + _GREY * grey)[..., None], 3, axis=-1))


def _on_tile(places: np.ndarray, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return where places of an image are on its tile; those beyond its edge, just inside it."""
    scale = np.array(size) / image.shape[:2]
    return np.clip((places + 0.5) * scale, _DOT + 1, np.array(size) - _DOT - 1)


def _shades(places: np.ndarray) -> np.ndarray:
    """Return the colour of each place, by where it lies among all of them."""
    low, span = places.min(axis=0), np.ptp(places, axis=0)
    share = np.where(span > 0, (places - low) / np.where(span > 0, span, 1), 0.5)
    corners = np.array(_CORNERS, np.float64)
    down, across = share[:, 0, None], share[:, 1, None]
    top = corners[0, 0] * (1 - across) + corners[0, 1] * across
    foot = corners[1, 0] * (1 - across) + corners[1, 1] * across
    mixed = top * (1 - down) + foot * down
    white = np.clip(1 - 2 * np.abs(share - 0.5).max(axis=1, keepdims=True), 0, 1) if len(places) > 1 else 0.0
    return np.rint(mixed + white * (np.array(_MIDDLE) - mixed)).astype(int)


def _spread(places: np.ndarray, similarity: np.ndarray, apart: float) -> np.ndarray:
    """Return all places if they are few, else the most similar ones, no two of them nearer than `apart`."""
    if len(places) <= _LINES:
        return np.arange(len(places))
    chosen: list[int] = []
    for i in np.argsort(-similarity, kind="stable").tolist():
        near = places[chosen] - places[i]
        if not chosen or (near**2).sum(axis=1).min() >= apart**2:
            chosen.append(i)
        if len(chosen) == _LINES:
            break
    return np.array(chosen)


def _drawn(
    canvas: np.ndarray, ends: np.ndarray, shades: np.ndarray, joined: np.ndarray, mutual: np.ndarray
) -> np.ndarray:
    from PIL import Image, ImageDraw

    high, wide = canvas.shape[:2]
    layer = Image.fromarray(canvas).resize((wide * _FINE, high * _FINE), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(layer)
    fine = ends[..., ::-1] * _FINE
    with_line = np.zeros(len(ends), bool)
    with_line[joined] = True

    def dots(which: np.ndarray, radius: float) -> None:
        for i in which.tolist():
            for x, y in fine[i].tolist():
                for size, fill in ((radius + 1, (20, 20, 20)), (radius, tuple(shades[i].tolist()))):
                    pen.ellipse([x - size * _FINE, y - size * _FINE, x + size * _FINE, y + size * _FINE], fill=fill)

    dots(np.flatnonzero(~with_line), _SMALL_DOT)
    for i in joined[::-1].tolist():
        for width, fill in ((2.4, (20, 20, 20)), (1.4, tuple(shades[i].tolist()))):
            for start, stop in _strokes(fine[i], bool(mutual[i])):
                pen.line([*start, *stop], fill=fill, width=round(width * _FINE))
    dots(joined, _DOT)
    return np.asarray(layer.resize((wide, high), Image.Resampling.BOX))


def _strokes(ends: np.ndarray, whole: bool) -> list[tuple[list[float], list[float]]]:
    """Return the strokes of a line: one, or dashes."""
    if whole:
        return [(ends[0].tolist(), ends[1].tolist())]
    count = max(int(np.hypot(*(ends[1] - ends[0])) / (_DASH * _FINE)) | 1, 1)
    stops = np.linspace(ends[0], ends[1], count + 1).tolist()
    return [(stops[i], stops[i + 1]) for i in range(0, count, 2)]
