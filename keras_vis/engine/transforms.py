"""How is an image moved before the model looks at it, so that what is seen does not hang on one pixel?

A pattern that excites a unit only where it lies, to the pixel, is noise to the eye. Moved a little at random at every
step, only what excites the unit anyway remains. At each step all images of a call are moved alike, so that each stands
alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from keras_vis.engine.bounds import positive, whole


class Transform:
    """A random move of images; give `__call__`. Make it a frozen dataclass: equal ones share one compiled graph.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Noise(kv.Transform):
        ...     def __call__(self, images, seed):
        ...         return images + 0.1 * tf.random.stateless_normal(tf.shape(images), seed)
        >>> kv.activation_maximization(model, 3, transforms=(Noise(),), steps=32)
    """

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return the images moved.

        Args:
            images: ``(n, h, w, c)``.
            seed: ``(2,)``, int32, for TensorFlow's stateless random numbers; another at each step.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Jitter(Transform):
    """Shift by whole pixels, as many to each side on the average; what leaves the image comes in on the other side.

    Attributes:
        pixels: the largest shift, along each axis; by default a sixteenth of the side.

    Example:
        >>> kv.activation_maximization(model, 3, transforms=(kv.Jitter(2),), steps=32)
    """

    pixels: int | None = None

    def __post_init__(self) -> None:
        """Check the shift."""
        if self.pixels is not None:
            whole(self.pixels, "pixels")

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return the images shifted."""
        return tf.roll(images, self.shift(images.shape, seed), axis=[1, 2])

    def __str__(self) -> str:
        return f"jitter by up to {self.pixels} pixels" if self.pixels else "jitter"

    def shift(self, shape: Any, seed: tf.Tensor) -> tf.Tensor:
        """Return by how many rows and columns images ``(n, h, w, c)`` are shifted, int32 ``(2,)``."""
        most = tf.constant([self.pixels or max(round(side / 16), 1) for side in shape[1:3]], tf.float32)
        # As many whole numbers on either side of 0: what is drawn from [-most, most) is off by half a pixel a step.
        drawn = tf.floor(tf.random.stateless_uniform([2], seed) * (2 * most + 1))
        return tf.cast(drawn - most, tf.int32)


class Affine(Transform):
    """A move about the middle, by a matrix. Several in a row are one, so that the image is blurred but once."""

    def matrix(self, seed: tf.Tensor) -> tf.Tensor:
        """Return the matrix ``(2, 2)`` of `resample`."""
        raise NotImplementedError

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return the images moved."""
        return resample(images, self.matrix(seed))


@dataclass(frozen=True)
class Rotate(Affine):
    """Turn about the middle; beyond the image its edge goes on.

    Attributes:
        degrees: the largest angle, to either side.

    Example:
        >>> kv.activation_maximization(model, 3, transforms=(kv.Jitter(2), kv.Rotate(10)), steps=32)
    """

    degrees: float = 5.0

    def __post_init__(self) -> None:
        """Check the angle."""
        if positive(self.degrees, "degrees") > 180:
            raise ValueError(f"`degrees` must be at most 180; received {self.degrees!r}.")

    def matrix(self, seed: tf.Tensor) -> tf.Tensor:
        """Return a rotation."""
        angle = tf.random.stateless_uniform([], seed, -1.0, 1.0) * math.radians(self.degrees)
        cos, sin = tf.cos(angle), tf.sin(angle)
        return tf.stack([[cos, sin], [-sin, cos]])

    def __str__(self) -> str:
        return f"rotation by up to {self.degrees:g}\u00b0"


@dataclass(frozen=True)
class Scale(Affine):
    """Enlarge or shrink about the middle; beyond the image its edge goes on.

    Attributes:
        amount: of 0.05, to between 1/1.05 and 1.05 times the size, evenly in the logarithm.

    Example:
        >>> kv.activation_maximization(model, 3, transforms=(kv.Scale(0.2),), steps=32)
    """

    amount: float = 0.05

    def __post_init__(self) -> None:
        """Check the amount."""
        if positive(self.amount, "amount") > 1:
            raise ValueError(f"`amount` must be at most 1; received {self.amount!r}.")

    def matrix(self, seed: tf.Tensor) -> tf.Tensor:
        """Return a multiple of the identity."""
        factor = tf.exp(tf.random.stateless_uniform([], seed, -1.0, 1.0) * math.log1p(self.amount))
        return tf.eye(2) / factor

    def __str__(self) -> str:
        return f"scaling by up to {100 * self.amount:g} %"


def move(images: tf.Tensor, transforms: Sequence[Transform], seed: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """Return images as they are moved at a step, by one transform after the other."""
    matrix = None
    for i, transform in enumerate(transforms):
        own = tf.stack([seed, step * len(transforms) + i])
        if isinstance(transform, Affine):
            turned = transform.matrix(own)
            matrix = turned if matrix is None else tf.matmul(matrix, turned)
            continue
        images, matrix = transform(images if matrix is None else resample(images, matrix), own), None
    return images if matrix is None else resample(images, matrix)


def resample(images: tf.Tensor, matrix: tf.Tensor) -> tf.Tensor:
    """Return images ``(n, h, w, c)`` whose pixel at p from the middle is that of the given ones at matrix · p.

    Between pixels linearly, beyond the image its edge. One table of places serves every image and channel, and the
    gradient is the exact transpose, which that of TensorFlow's own image transform is not.
    """
    h, w = images.shape[1:3]
    middle = tf.constant([(h - 1) / 2, (w - 1) / 2], tf.float32)
    grid = tf.stack(tf.meshgrid(tf.range(h), tf.range(w), indexing="ij"), -1)
    place = tf.linalg.matvec(matrix, tf.cast(tf.reshape(grid, [-1, 2]), tf.float32) - middle) + middle
    last = tf.constant([h - 1, w - 1], tf.float32)
    place = tf.clip_by_value(place, 0.0, last)
    first = tf.minimum(tf.floor(place), tf.maximum(last - 1, 0))
    rest, first = place - first, tf.cast(first, tf.int32)
    y, x = first[:, 0], first[:, 1]
    below, right = min(1, h - 1), min(1, w - 1)  # a side of one pixel has no neighbour
    where = tf.stack([y * w + x, y * w + x + right, (y + below) * w + x, (y + below) * w + x + right])
    u, v = rest[:, 0], rest[:, 1]
    share = tf.stack([(1 - u) * (1 - v), (1 - u) * v, u * (1 - v), u * v])[..., None]

    @tf.custom_gradient
    def moved(flat: tf.Tensor) -> Any:
        def transpose(upstream: tf.Tensor) -> tf.Tensor:
            given = tf.reshape(share * upstream, [4 * h * w, -1])
            return tf.math.unsorted_segment_sum(given, tf.reshape(where, [-1]), h * w)

        return tf.add_n([share[i] * tf.gather(flat, where[i]) for i in range(4)]), transpose

    count, channels = tf.shape(images)[0], images.shape[3]
    flat = tf.reshape(tf.transpose(images, [1, 2, 0, 3]), [h * w, -1])
    back = tf.reshape(moved(flat), tf.stack([h, w, count, channels]))
    back = tf.transpose(back, [2, 0, 1, 3])
    back.set_shape(images.shape)
    return back
