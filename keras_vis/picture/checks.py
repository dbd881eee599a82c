"""Is what a picture is given what it says, and how is it held?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def frozen(array: np.ndarray) -> np.ndarray:
    """Return a view that cannot be written."""
    # a view: the caller's own array stays writable
    array = array.view()
    array.flags.writeable = False
    return array


def floats(name: str, values: object, ranks: tuple[int, ...], shape: str) -> np.ndarray:
    """Return finite float32 numbers of one of these ranks."""
    array = np.asarray(values, np.float32)
    if array.ndim not in ranks or array.size == 0:
        raise ValueError(f"`{name}` must be {shape} and not empty. Received: shape {array.shape}.")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ValueError(
            f"`{name}` must be finite, to be drawn. Received: {bad} of {array.size} numbers are NaN or infinite."
        )
    return frozen(array)


def pixels(name: str, values: object, count: int | None = None) -> np.ndarray:
    """Return images of one or three channels, as many as there are maps."""
    array = floats(name, values, (4,), "(n, h, w, c)")
    if array.shape[3] not in (1, 3):
        raise ValueError(
            f"`{name}` must have 1 (grey) or 3 (RGB) channels on the last axis. Received: shape {array.shape}."
        )
    if count is not None and len(array) != count:
        raise ValueError(f"`{name}` has {len(array)} entries, but there are {count} maps. Give one image for each map.")
    return array


def seen(values: np.ndarray) -> np.ndarray:
    """Return images ``(..., c)`` as they can be drawn: of other than one or three channels their mean, in grey."""
    return values if values.shape[-1] in (1, 3) else values.mean(axis=-1, keepdims=True)


def captions(captions: Sequence[str], count: int) -> tuple[str, ...]:
    """Return a caption for each image, or none."""
    if isinstance(captions, str):
        raise ValueError(f"`captions={captions!r}` is one string. Give a sequence with one for each image, or none.")
    captions = tuple(str(caption) for caption in captions)
    if captions and len(captions) != count:
        raise ValueError(
            f"`captions` has {len(captions)} entries, but there are {count} images. Give one for each image or none."
        )
    return captions


def scale(scale: object, count: int) -> float | np.ndarray | None:
    """Return one scale, one for each image, or None."""
    if scale is None:
        return None
    array = np.asarray(scale, np.float32)
    if array.ndim > 1 or (array.ndim == 1 and len(array) != count):
        raise ValueError(
            f"`scale` must be one number or one for each of {count} images. Received: shape {array.shape}."
        )
    if not np.isfinite(array).all() or (array < 0).any() or (array.ndim == 0 and array == 0):
        raise ValueError(f"`scale` must be positive and finite. Received: {array.tolist()}.")
    return float(array) if array.ndim == 0 else frozen(array)


def scales_in_force(scale: float | np.ndarray | None, values: np.ndarray, percentile: float) -> np.ndarray:
    """Return the scale for each image: the one given or, where there is none, its own percentile."""
    count = len(values)
    if scale is not None and np.ndim(scale) == 0:
        return np.full(count, scale, np.float32)
    sizes = np.abs(values).reshape(count, -1)
    # a value of the map itself: between the only hot spot and the zeros around it there is none
    own = np.percentile(sizes, percentile, axis=1, method="higher")
    own = np.where(own > 0, own, sizes.max(1))
    return own if scale is None else np.where(scale > 0, scale, own)


def value_range(value_range: Sequence[float] | None) -> tuple[float, float] | None:
    """Return the two ends of a range, or None."""
    if value_range is None:
        return None
    ends = tuple(float(end) for end in value_range)
    if len(ends) != 2 or not all(map(math.isfinite, ends)) or not ends[0] < ends[1]:
        raise ValueError(f"`value_range` must be (low, high), low < high, both finite. Received: {value_range!r}.")
    return ends
