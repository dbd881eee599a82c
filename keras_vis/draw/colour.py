"""Which colour stands for which number?"""

from __future__ import annotations

import functools

import numpy as np

# Okabe and Ito's colours, told apart with every kind of colour vision, then grey and brown to make ten. The order is
# fixed: class 0 has the same colour in every picture.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#F0E442", "#999999", "#7F4F24")

INK = (56, 56, 56)  # captions
FAINT = (136, 136, 136)  # numbers that stand beside, such as those of a colour bar
RULE = (222, 222, 222)  # lines that only guide the eye
OUTLINE = (168, 168, 168)
BETWEEN = (150, 186, 220)  # between kernels: no grey, which would be read as a weight
NOTHING = (232, 232, 232)  # a unit that is zero everywhere

SEQUENTIAL = "inferno"
DIVERGING = "blue-white-red"
ACTIVATION = "viridis"

# ColorBrewer's RdBu, stopped before it turns so dark that red and blue look alike; both arms have the same lightness,
# step by step.
_RED = ((255, 255, 255), (253, 219, 199), (244, 165, 130), (214, 96, 77), (178, 24, 43))
_BLUE = ((255, 255, 255), (209, 229, 240), (146, 197, 222), (67, 147, 195), (33, 102, 172))
_STEPS = 256


def palette(index: int) -> tuple[int, int, int]:
    """Give class `index` its colour; after ten the order starts again."""
    text = PALETTE[index % len(PALETTE)]
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def over(shade: tuple[int, int, int]) -> tuple[int, int, int]:
    """Give the colour of letters over another: black or white, whichever differs more in luminance (WCAG 2.1)."""
    parts = np.array(shade) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ [0.2126, 0.7152, 0.0722])
    return (0, 0, 0) if (luminance + 0.05) ** 2 > 1.05 * 0.05 else (255, 255, 255)


@functools.lru_cache(maxsize=32)
def table(name: str, signed: bool) -> np.ndarray:
    """Sample a colour map where the numbers can fall.

    Args:
        name: `"blue-white-red"`, or any of matplotlib's.
        signed: whether the numbers run from -1 to 1, or from 0 to 1.

    Returns:
        float32 in [0, 1], `(511, 3)` for -1 .. 1 with zero exactly in the middle, `(256, 3)` for 0 .. 1.
    """
    steps = 2 * _STEPS - 1 if signed else _STEPS
    if name == DIVERGING:
        at = np.linspace(0, len(_RED) - 1, _STEPS)
        red, blue = (
            np.stack([np.interp(at, np.arange(len(arm)), channel) for channel in np.transpose(arm)], -1) / 255
            for arm in (_RED, _BLUE)
        )
        both = np.concatenate([blue[:0:-1], red])
        return np.ascontiguousarray(both if signed else red, np.float32)
    import matplotlib

    return np.asarray(matplotlib.colormaps[name](np.linspace(0, 1, steps))[:, :3], np.float32)


def check(name: str) -> None:
    """Raise a ValueError if there is no colour map of that name."""
    if name == DIVERGING:
        return
    import matplotlib

    if name not in matplotlib.colormaps:
        raise ValueError(
            f"`colours={name!r}` is no colour map. "
            f"Give {DIVERGING!r} or one of matplotlib's, such as 'inferno', 'viridis', 'jet'."
        )


def paint(strength: np.ndarray, name: str, signed: bool) -> np.ndarray:
    """Look up the colour of each number.

    Args:
        strength: any shape, in [-1, 1] if `signed`, else [0, 1]; what lies beyond gets the colour of the end.
        name: the colour map.
        signed: whether zero is the middle of the map or its start.

    Returns:
        float32 RGB in [0, 1], one axis more than `strength`.
    """
    colours = table(name, signed)
    place = np.rint(np.clip(strength, -1.0 if signed else 0.0, 1.0) * (_STEPS - 1)).astype(np.int32)
    return colours[place + (_STEPS - 1 if signed else 0)]


def to_bytes(colours: np.ndarray) -> np.ndarray:
    """Round RGB in [0, 1] to uint8."""
    return np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8)


def ramp(width: int, height: int, name: str, signed: bool, *, beyond: tuple[bool, bool] = (False, False)) -> np.ndarray:
    """Draw every colour of a map as a strip; an end that comes to a point says that there are numbers beyond it.

    Args:
        width: in pixels.
        height: in pixels.
        name: the colour map.
        signed: from -1 to 1, or from 0 to 1.
        beyond: whether the low and the high end come to a point.

    Returns:
        uint8 RGB `(height, width, 3)` on white.
    """
    strip = np.repeat(to_bytes(paint(np.linspace(-1.0 if signed else 0.0, 1.0, width), name, signed))[None], height, 0)
    from_middle = np.abs(np.arange(height) - (height - 1) / 2)[:, None]
    across = np.arange(width)[None]
    # one pixel inwards for each half row from the middle: a point of 45 degrees
    outside = np.zeros((height, width), bool)
    if beyond[0]:
        outside |= across < from_middle
    if beyond[1]:
        outside |= (width - 1 - across) < from_middle
    strip[outside] = 255
    return strip
