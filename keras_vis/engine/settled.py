"""What is asked of copies of an image: of noisy, faded or covered ones?

The class predicted of a noisy copy may be another than that of the image, and the strongest neuron another; but it is
the image that is asked about. So what a target leaves to the images is settled on these before their copies are run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from keras_vis.engine.tap import Activations
from keras_vis.engine.target import Feed, Names, Target

if TYPE_CHECKING:
    from keras_vis.engine.outline import Outline


@dataclass(frozen=True)
class Settled(Target):
    """A target with nothing left to the images. Made by `Probe.ask`; it shares the compiled graph of what was asked.

    Attributes:
        asked: the target.
        content: what is fed for it, image by image.
    """

    asked: Target
    content: Feed = field(compare=False)

    @property
    def layers(self) -> tuple[str, ...]:  # type: ignore[override]
        """The layers that it reads."""
        return self.asked.layers

    @property
    def output(self) -> str | None:  # type: ignore[override]
        """The output that it reads."""
        return self.asked.output

    @property
    def alone(self) -> bool:  # type: ignore[override]
        """Whether an image's number is its own."""
        return self.asked.alone

    def take(self, which: np.ndarray) -> Settled:
        """Return the same for copies of these images, by number, in this order; one may come more than once."""
        return dataclasses.replace(self, content=_map(lambda array: array[which], self.content))

    def feed(self, n: int) -> Feed:
        """Return the content."""
        del n
        return self.content

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return the numbers of the target."""
        return self.asked.score(acts, feed)

    def resolve(self, outline: Outline, n: int) -> Target:
        """Check the number of images; the rest has been checked."""
        del outline

        def check(array: np.ndarray) -> np.ndarray:
            if len(array) != n:
                raise ValueError(f"`target` is settled for {len(array)} images, but there are {n}.")
            return array

        _map(check, self.content)
        return self

    def describe(self, names: Names) -> str:
        """Return what is asked about."""
        return self.asked.describe(names)

    def __str__(self) -> str:
        return str(self.asked)


def _map(act: Callable[[np.ndarray], np.ndarray], feed: Feed) -> Feed:
    return tuple(_map(act, part) if isinstance(part, tuple) else act(part) for part in feed)
