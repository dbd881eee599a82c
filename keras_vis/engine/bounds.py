"""Between which numbers do an image's values lie?"""

from __future__ import annotations

import numpy as np

from keras_vis.engine.batch import Batch


def ends(value_range: object) -> tuple[float, float]:
    """Return the lowest and the highest value that a pixel may have.

    Raises:
        TypeError: no two numbers.
        ValueError: they are not finite, or leave no room.
    """
    try:
        low, high = (float(end) for end in value_range)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise TypeError(
            f"`value_range` must be two numbers, the lowest and the highest of a pixel; received {value_range!r}."
        ) from None
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"`value_range` must be finite; received {value_range!r}.")
    if not low < high:
        raise ValueError(
            f"`value_range={value_range!r}` is empty. Give the lowest value of a pixel first, then the highest, as the "
            "model's preprocessing leaves them: (0, 1), (-1, 1) or (0, 255)."
        )
    return low, high


def inside(data: Batch, which: int, value_range: object, argument: str = "images") -> tuple[float, float]:
    """Return the ends of a value range in which the images lie.

    Raises:
        TypeError, ValueError: see `ends`; or an image has values outside.
    """
    low, high = ends(value_range)
    found = data.floats(which)
    least, most = float(found.min()), float(found.max())
    # Rounding in a preprocessing is no other range.
    slack = 1e-3 * (high - low)
    if least < low - slack or most > high + slack:
        raise ValueError(
            f"`{argument}` has values from {least:g} to {most:g}, outside `value_range=({low:g}, {high:g})`. Give the "
            "range that the model's preprocessing leaves."
        )
    return low, high


def whole(value: object, argument: str, least: int = 1) -> int:
    """Return a whole number of at least `least`.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"`{argument}` must be a whole number, at least {least}; received {value!r}.")
    return int(value)


def positive(value: object, argument: str) -> float:
    """Return a finite number above 0.

    Raises:
        ValueError: it is none.
    """
    good = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not good or not 0 < float(value) < np.inf:  # type: ignore[arg-type]
        raise ValueError(f"`{argument}` must be a number above 0; received {value!r}.")
    return float(value)  # type: ignore[arg-type]
