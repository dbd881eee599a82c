"""What comes of many versions of each image: faded, masked, covered?

The versions are made on the device, inside the compiled graph: an image goes up once for as many versions of it as go
through at a time, and what comes back is their weighted sum, or a number for each. They go through the model in batches
of one size that may hold the last versions of one image and the first of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class Variants:
    """Versions of each image: the same number of each, made the same way.

    Attributes:
        make: ``(images, own, each) -> versions``, a module's own function in `keras.ops`; every argument has one row
            for each version: ``(r, h, w, c)`` the image that it is of, `own` what belongs to that image, and `each`
            what belongs to the version.
        count: versions of each image, m.
        each: what belongs to a version: a function of two arrays ``(r,)`` of numbers, of the images that the versions
            are of and of the versions, that gives ``(r, ...)``, or a tuple of such.
        own: an array ``(n, ...)`` with something for each image.
        weights: ``(m,)``, of the versions in a sum.
        which: the model's input that varies, by index; the others stay as they are.
    """

    make: Callable[[Any, Any, Any], Any]
    count: int
    each: Callable[[np.ndarray, np.ndarray], Any]
    own: np.ndarray | None = None
    weights: np.ndarray | None = None
    which: int = 0

    def sample(self) -> tuple[np.ndarray, ...]:
        """Return what is fed for one version."""
        return next(self.chunks(1, 1))[1]

    def chunks(self, n: int, size: int) -> Iterator[tuple[slice, tuple[np.ndarray, ...]]]:
        """Yield all versions of n images, `size` at a time: the images they are of, and what is fed for them."""
        count = self.count
        own = np.zeros(n, np.float32) if self.own is None else self.own
        weights = np.ones(count, np.float32) if self.weights is None else self.weights
        for start in range(0, n * count, size):
            image, version = np.divmod(np.arange(start, min(start + size, n * count)), count)
            images = slice(int(image[0]), int(image[-1]) + 1)
            owner = (image - image[0]).astype(np.int32)
            yield images, (own[images], self.each(image, version), weights[version], owner)


def spread(
    make: Callable[[Any, Any, Any], Any], which: int, inputs: tuple[tf.Tensor, ...], feed: tuple[tf.Tensor, ...]
) -> tuple[tf.Tensor, ...]:
    """Return the model's inputs with a row for each version; inside a trace."""
    own, each, _, owner = feed
    rows = [tf.gather(tensor, owner) for tensor in inputs]
    rows[which] = make(rows[which], tf.gather(own, owner), each)
    return tuple(rows)


def gather(values: tf.Tensor, weights: tf.Tensor, owner: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Return the weighted sum over the versions of each of `count` images; inside a trace."""
    # No matrix product: on some devices that would round to 10 bits.
    weighed = values * tf.reshape(weights, [-1, *[1] * (values.shape.rank - 1)])
    return tf.math.unsorted_segment_sum(weighed, owner, count)
