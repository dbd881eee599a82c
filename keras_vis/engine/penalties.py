"""What should an image not be: restless, or large?"""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from keras_vis.engine.bounds import positive
from keras_vis.engine.tap import Activations
from keras_vis.engine.target import Feed, Names, Target, mean


@dataclass(frozen=True)
class TotalVariation(Target):
    """A penalty: how much neighbouring pixels of the image differ; the mean over pixels and channels.

    mean of ((right − here)² + (below − here)²)^(β/2). Mahendran & Vedaldi 2015, equation 4, divided by the size.

    Attributes:
        beta: 2 (default) punishes steps by their square, 1 by their height.

    Example:
        >>> kv.activation_maximization(model, 3, penalty=2 * kv.TotalVariation() + 0.1 * kv.Norm(), steps=32)
    """

    beta: float = 2.0

    def __post_init__(self) -> None:
        """Check the power."""
        positive(self.beta, "beta")

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return each image's total variation."""
        del feed
        image = acts.image
        # Rolled, not sliced: the gradient of a slice takes ten times as long on a CPU.
        down, right = (_inner(image, axis) * (tf.roll(image, -1, axis) - image) for axis in (1, 2))
        return mean(_power(tf.square(down) + tf.square(right), self.beta / 2))

    def describe(self, names: Names) -> str:
        """Return its name."""
        del names
        return "total variation"

    def __str__(self) -> str:
        return f"TotalVariation(beta={self.beta:g})"


@dataclass(frozen=True)
class Norm(Target):
    """A penalty: the mean of |pixel − center|^p over the image.

    Attributes:
        p: the power; 2 (default) for L2, 6 is common for bounded images.
        center: the value that costs nothing.

    Example:
        >>> kv.activation_maximization(model, 3, penalty=0.1 * kv.Norm(6), steps=32)
    """

    p: float = 2.0
    center: float = 0.0

    def __post_init__(self) -> None:
        """Check the power."""
        positive(self.p, "p")

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return each image's mean |pixel − center|^p."""
        del feed
        image = acts.image - self.center if self.center else acts.image
        return mean(_power(tf.square(image), self.p / 2))

    def describe(self, names: Names) -> str:
        """Return its name and power."""
        del names
        return f"L{self.p:g} norm"

    def __str__(self) -> str:
        return f"Norm(p={self.p:g}{f', center={self.center:g}' if self.center else ''})"


def _inner(image: tf.Tensor, axis: int) -> tf.Tensor:
    """1 but for the last row or column, which have no neighbour: 0."""
    side = tf.shape(image)[axis]
    inner = tf.cast(tf.range(side) < side - 1, tf.float32)
    return tf.reshape(inner, [-1 if i == axis else 1 for i in range(4)])


def _power(values: tf.Tensor, exponent: float) -> tf.Tensor:
    """Values ** exponent for values ≥ 0, with a gradient of 0 at 0, where that of a root would be infinite."""
    if exponent == 1.0:
        return values
    positive = values > 0
    return tf.where(positive, tf.pow(tf.where(positive, values, tf.ones_like(values)), exponent), tf.zeros_like(values))
