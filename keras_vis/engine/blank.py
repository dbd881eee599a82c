"""Where does an image begin that is yet to be made?"""

from __future__ import annotations

import dataclasses

import keras
import numpy as np

from keras_vis.engine.batch import Batch, input_shapes, take
from keras_vis.engine.bounds import inside

# As a share of the value range. Enough that no two pixels are alike; with 0.1 the grain is still seen at the end.
NOISE = 0.02


def blank(
    model: keras.Model, initial: object, value_range: tuple[float, float], seed: int, input: int | str | None = None
) -> tuple[Batch, int]:
    """Return what to start from, and which input of it is the image.

    Args:
        model: the model.
        initial: None for noise about the middle of the value range, "mean" for that middle itself, or images, as
            `take` has them: one, or one for each target.
        value_range: the lowest and the highest value of a pixel.
        seed: of the noise.
        input: which input is the image, where there are several.

    Raises:
        TypeError: `initial` is no image.
        ValueError: it does not fit the model or the value range; or it is needed, as the model's images may have any
            size, or it has several inputs.
    """
    if isinstance(initial, str) and initial != "mean":
        raise ValueError(f'`initial={initial!r}` is unknown. Give None (noise), "mean" (flat) or images (n, h, w, c).')
    if initial is not None and not isinstance(initial, str):
        data = take(model, initial, "initial")
        which = data.pick_input(input)
        inside(data, which, value_range, "initial")
        return data, which
    shapes = input_shapes(model)
    if shapes is None or len(shapes) != 1 or None in next(iter(shapes.values())):
        told = "does not say what it takes" if shapes is None else f"takes {', '.join(map(str, shapes.values()))}"
        raise ValueError(
            f"`initial`: model {model.name!r} {told}, so that there is no one size to start from. Give an image "
            "(1, h, w, c) or, of several inputs, an array for each."
        )
    shape = tuple(size for size in next(iter(shapes.values())) if size is not None)
    low, high = value_range
    data = take(model, np.zeros((1, *shape), np.float32), "initial")
    which = data.pick_input(input)
    image = np.full_like(data.floats(which), (low + high) / 2)
    if initial is None:
        # The same for all images of a call, so that each stands alone.
        image += (high - low) * NOISE * np.random.default_rng(seed).standard_normal(image.shape, np.float32)
    return data.put(which, image.clip(low, high)), which


def repeated(data: Batch, n: int) -> Batch:
    """Return a start for each of n images.

    Raises:
        ValueError: there are several, but not n.
    """
    if len(data) not in (1, n):
        raise ValueError(f"`initial` has {len(data)} images, but there are {n} targets. Give one, or one for each.")
    return dataclasses.replace(data, arrays=tuple(np.repeat(array, n // len(data), 0) for array in data.arrays))
