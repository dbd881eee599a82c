"""Where in a digit are its strokes, loops, ends and crossings?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_NAMED = ("horizontal stroke", "rising stroke", "vertical stroke", "falling stroke")
_AT_ONCE = 2048  # digits, set under each other in one sheet: OpenCV is called once for all
_GAP = 4  # pixels of 28 round each, so that none sees the next
_SMOOTH = 1.5  # pixels of 28: about half a stroke's width, over which its direction is averaged
_CLEAR = 0.4  # (λ₁ − λ₂) / (λ₁ + λ₂) of the structure tensor, below which ink has no direction: blobs and crossings
_SPUR = 4  # pixels of 28: a shorter branch of the skeleton is the stroke's own roughness
_DISC = 2.5  # pixels of 28: the radius of an end and of a crossing
_LEAST_LOOP = 3  # pixels of 28x28: a smaller hole is a gap between strokes that touch
# Of the ink's contrast, by how much what shuts a loop off is brighter than its ground. Of MNIST's test digits 73 % of
# the 8 have two loops then, and 90 % of the 0 one; with ink cut at half the contrast it is 58 and 84 %.
_DEPTH = 0.15

# The eight around a pixel, clockwise from the north; the bits of a neighbourhood are in this order.
_AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def digit_concepts(images: object, *, directions: int = 4) -> dict[str, np.ndarray]:
    r"""Mark in each digit the ink by its local direction, the holes, and the ends and crossings of its skeleton.

    Ink is what is brighter than the middle between the darkest and the brightest pixel of an image. Its direction is
    that along which the image changes least, averaged over half a stroke. Loops are the areas of ground that brighter
    pixels, however faint or thin, shut off from the border. Ends have one neighbour in the ink thinned to lines,
    crossings three branches or more: discs of about a stroke's width.

    Args:
        images: bright ink on a dark ground, of any range: ``(n, h, w, 1)``, ``(n, h, w)`` or one image. Sizes in the
            definitions are those of MNIST, 28x28, and grow with the image.
        directions: in how many directions strokes are sorted, from the horizontal on, anticlockwise.

    Returns:
        A mapping from names to masks ``(n, h, w)``, bool: ``"horizontal stroke"``, ``"rising stroke"`` (as in /),
        ``"vertical stroke"``, ``"falling stroke"`` (as in \), or ``"stroke at 60°"`` for another number of
        `directions`; ``"loop"``, ``"end"``, ``"crossing"``. A pixel may have several, or none.

    Raises:
        TypeError: `images` are no numbers.
        ValueError: colours, another rank, no pixel, NaN; fewer than two `directions`.

    Source:
        Directions: the structure tensor, Bigün & Granlund 1987. Lines: thinning, Zhang & Suen 1984, and the crossing
        number of Rutovitz 1966.

    Example:
        >>> kv.dissect(model, digits, kv.digit_concepts, "conv_2")
        >>> kv.digit_concepts(digits)["loop"].mean(axis=(1, 2))
    """
    if isinstance(directions, bool) or not isinstance(directions, int | np.integer) or directions < 2:
        raise ValueError(f"`directions` must be a whole number, at least 2; received {directions!r}.")
    digits = _grey(images)
    names = _NAMED if directions == 4 else tuple(f"stroke at {180 * i / directions:g}°" for i in range(directions))
    found = {name: np.zeros(digits.shape, bool) for name in (*names, "loop", "end", "crossing")}
    unit = max(digits.shape[1:]) / 28
    gap = max(2, round(_GAP * unit))
    for rows, grey in _sheets(digits, gap):
        ink = grey > 0.5
        sector = _sector(grey, ink, unit, int(directions))
        lines = _pruned(_thinned(ink), max(1, round(_SPUR * unit)))
        ends, crossings = _marked(lines)
        parts = [sector == i for i in range(directions)]
        parts += [_loops(grey, _LEAST_LOOP * unit**2), _discs(ends, _DISC * unit), _discs(crossings, _DISC * unit)]
        for name, part in zip(found, parts, strict=True):
            found[name][rows] = _cut(part, digits.shape[1], gap)
    return found


def _grey(images: object) -> np.ndarray:
    """Return images ``(n, h, w)``."""
    array = np.asarray(images)
    if array.dtype.kind not in "buif":
        raise TypeError(f"`images` must hold numbers; received {array.dtype}.")
    shape = array.shape
    if array.ndim in (3, 4) and shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3:
        grey = " Digits are grey: images.mean(axis=-1) makes them so." if shape[-1:] == (3,) else ""
        raise ValueError(f"`images` has shape {shape}; wanted are (n, h, w, 1), (n, h, w) or one image (h, w).{grey}")
    if not array.size:
        raise ValueError(f"`images` has shape {shape}: there is no pixel. Give at least one image.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("`images` has NaN or infinite values. Clean the data first.")
    return array


def _sheets(digits: np.ndarray, gap: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield some of the digits at a time, in [0, 1], under each other on ground."""
    for start in range(0, len(digits), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        some = digits[rows].astype(np.float32)
        low = some.min(axis=(1, 2), keepdims=True)
        span = some.max(axis=(1, 2), keepdims=True) - low
        some = (some - low) / np.where(span > 0, span, 1)
        # Of an even height, so that each digit's rows are even and odd where its own are: see `_slender`.
        even = gap + digits.shape[1] % 2
        yield rows, np.pad(some, ((0, 0), (gap, even), (gap, gap))).reshape(-1, digits.shape[2] + 2 * gap)


def _cut(sheet: np.ndarray, height: int, gap: int) -> np.ndarray:
    """Return the digits of a sheet, ``(n, h, w)``."""
    return sheet.reshape(-1, height + height % 2 + 2 * gap, sheet.shape[1])[:, gap : gap + height, gap:-gap]


def _sector(grey: np.ndarray, ink: np.ndarray, unit: float, count: int) -> np.ndarray:
    """Return in which direction the ink runs: 0 along the rows, then anticlockwise; −1 where it has none."""
    import cv2

    across, down = (cv2.Scharr(grey, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    xx, yy, xy = (cv2.GaussianBlur(product, (0, 0), _SMOOTH * unit) for product in (across**2, down**2, across * down))
    strength = np.hypot(xx - yy, 2 * xy)
    # The image changes most across the stroke, and least a quarter turn from there; rows count downwards.
    along = np.pi / 2 - 0.5 * np.arctan2(2 * xy, xx - yy)
    sector = np.rint(along / (np.pi / count)).astype(np.int64) % count
    return np.where(ink & (strength > _CLEAR * (xx + yy)), sector, -1)


def _loops(grey: np.ndarray, least: float) -> np.ndarray:
    """Return the ground that ink shuts off: where water would stay, poured on a digit whose ink are hills."""
    import cv2

    valley = np.rint(grey * 255).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))  # four neighbours, for ink has eight
    water = np.full_like(valley, 255)
    water[[0, -1]] = water[:, [0, -1]] = 0
    while True:
        lower = np.maximum(cv2.erode(water, cross, borderValue=0), valley)
        if np.array_equal(lower, water):
            break
        water = lower
    deep = (water - valley >= 255 * _DEPTH).view(np.uint8)
    _, labels, facts, _ = cv2.connectedComponentsWithStats(deep, connectivity=4)
    kept = facts[:, cv2.CC_STAT_AREA] >= least
    kept[0] = False
    return kept[labels]


def _thinned(ink: np.ndarray) -> np.ndarray:
    """Return lines of one pixel's width in the middle of the ink."""
    flat, active, steps = _places(ink)
    changed = True
    while changed:
        changed = False
        for goes in _REMOVED:
            off = goes[_bits(flat, active, steps)]
            flat[active[off]] = 0
            active = active[~off]
            changed = changed or bool(off.any())
    return _slender(flat.reshape(ink.shape).view(bool))


def _slender(lines: np.ndarray) -> np.ndarray:
    """Return lines without the pixels at their corners that they hold together without."""
    flat, active, steps = _places(lines)
    wide = lines.shape[1]
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):  # no two neighbours at once
        some = active[(active // wide % 2 == down) & (active % wide % 2 == right)]
        flat[some[_CORNER[_bits(flat, some, steps)]]] = 0
    return flat.reshape(lines.shape).view(bool)


def _pruned(lines: np.ndarray, least: int) -> np.ndarray:
    """Return lines without branches of at most `least` pixels between an end and a crossing."""
    flat, active, steps = _places(lines)
    here = active[_COUNT[_bits(flat, active, steps)] == 1]
    trails = np.full((least + 1, len(here)), -1)
    going, left = np.arange(len(here)), flat.copy()
    for i in range(least + 1):
        left[here] = 0
        codes = _bits(left, here, steps)
        reached = going[_COUNT[codes] > 1]
        gone = trails[:i, reached]
        flat[gone[gone >= 0]] = 0
        trails[i, going] = here
        step = _COUNT[codes] == 1
        here, going = here[step] + steps[_FIRST[codes[step]]], going[step]
    return _slender(flat.reshape(lines.shape).view(bool))


def _marked(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends and the crossings of lines."""
    flat, active, steps = _places(lines)
    codes = _bits(flat, active, steps)
    marks = []
    for chosen in (_COUNT[codes] == 1, _BRANCHES[codes] >= 3):
        mark = np.zeros(flat.shape, np.uint8)
        mark[active[chosen]] = 1
        marks.append(mark.reshape(lines.shape))
    return marks[0], marks[1]


def _discs(marks: np.ndarray, radius: float) -> np.ndarray:
    import cv2

    reach = np.arange(-int(radius), int(radius) + 1)
    disc = (reach[:, None] ** 2 + reach**2 <= radius**2).astype(np.uint8)
    return cv2.dilate(marks, disc) > 0


def _places(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a flat copy, where in it the lines are, and the way from a pixel to the eight around it."""
    flat = lines.reshape(-1).astype(np.uint8)
    return flat, np.flatnonzero(flat), np.array([down * lines.shape[1] + right for down, right in _AROUND])


def _bits(flat: np.ndarray, places: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the eight around each place as the bits of a number."""
    codes = np.zeros(len(places), np.uint8)
    for i, step in enumerate(steps):
        codes |= flat[places + step] << np.uint8(i)
    return codes


_BITS = (np.arange(256)[:, None] >> np.arange(8)) & 1  # north, north-east, east, ...
_COUNT = _BITS.sum(axis=1)
_BRANCHES = ((_BITS == 0) & (np.roll(_BITS, -1, axis=1) == 1)).sum(axis=1)  # from ground to ink, going round
_FIRST = np.argmax(_BITS, axis=1)
_EDGE = (_COUNT >= 2) & (_COUNT <= 6) & (_BRANCHES == 1)
_N, _E, _S, _W = _BITS[:, ::2].T
# Without it its neighbours stay together, and it is no end: Yokoi's number for eight neighbours is 1.
_OPEN = _BITS == 0
_HOLDS = sum(_OPEN[:, i] & ~(_OPEN[:, i + 1] & _OPEN[:, (i + 2) % 8]) for i in (0, 2, 4, 6))
_CORNER = (_HOLDS == 1) & (_COUNT > 1)
# Zhang & Suen's two turns: from the south-east, then from the north-west.
_REMOVED = (
    _EDGE & (_N * _E * _S == 0) & (_E * _S * _W == 0),
    _EDGE & (_N * _E * _W == 0) & (_N * _S * _W == 0),
)
