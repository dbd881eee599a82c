"""What is looked at: which net, which digits, and what several pictures share of them?"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import TypeAlias

import keras
import numpy as np

import keras_vis as kv
from keras_vis.methods.occlusion import Occlusion
from keras_vis.methods.raters import Raters
from keras_vis.picture.embedding import Embedding
from mnist_demo.data import Digits

BLOCK = 4  # pixels: the tutorial's patch
_FIELD = 20  # pixels: the field around its block
_MISTAKES = 12
_EMBEDDED = 5000  # test digits: a quarter of a minute of t-SNE


@dataclasses.dataclass(frozen=True, eq=False)  # eq=False: arrays have no single truth value
class Look:
    """The trained net and what it is shown. What takes long and is drawn twice is computed once.

    Attributes:
        model: the tutorial's net, trained.
        digits: the test digits are looked at.
        ascent: steps of an ascent.
    """

    model: keras.Model
    digits: Digits
    ascent: int

    @functools.cached_property
    def one_of_each(self) -> tuple[np.ndarray, np.ndarray]:
        """See `one_of_each`."""
        return one_of_each(self.digits)

    @property
    def x(self) -> np.ndarray:
        """An image of each digit."""
        return self.one_of_each[0]

    @property
    def y(self) -> np.ndarray:
        """The digits of these."""
        return self.one_of_each[1]

    @functools.cached_property
    def mistakes(self) -> tuple[np.ndarray, np.ndarray]:
        """The test images that the net is most wrong about, worst first, and what they are."""
        chance = self.model.predict(self.digits.x_test, batch_size=512, verbose=0)
        truth = chance[np.arange(len(chance)), self.digits.y_test]
        wrong = np.flatnonzero(chance.argmax(axis=1) != self.digits.y_test)
        worst = wrong[np.argsort(truth[wrong], kind="stable")][:_MISTAKES]
        return self.digits.x_test[worst], self.digits.y_test[worst]

    @functools.cached_property
    def best(self) -> kv.Ascent:
        """What the net takes for each digit."""
        return kv.activation_maximization(self.model, range(len(self.x)), steps=self.ascent)

    @functools.cached_property
    def covered(self) -> Occlusion:
        """The digits covered by the tutorial's block, at one place after the other."""
        return kv.occlusion(self.model, self.x, self.y, patch=BLOCK, fill=occluder())

    @functools.cached_property
    def cam(self) -> kv.HeatMaps:
        """Grad-CAM of each digit."""
        return kv.grad_cam(self.model, self.x, self.y)

    @functools.cached_property
    def codes(self) -> Embedding:
        """What dense holds to be alike, laid out in the plane."""
        few = self.digits.first(None, _EMBEDDED)
        return kv.embed_codes(self.model, few.x_test, "dense", labels=few.y_test)

    @functools.cached_property
    def raters(self) -> Raters:
        """The net and the labels, as two who rate the same digits."""
        return kv.compare_raters(self.model, self.digits.x_test, self.digits.y_test, {})


Drawn: TypeAlias = dict[str, tuple[str, Callable[[Look], kv.Picture | None]]]
"""Pictures by name: what to look for in each, and how it is drawn. None where there is nothing to draw."""


def one_of_each(digits: Digits) -> tuple[np.ndarray, np.ndarray]:
    """Return the first test image of each digit that there is, in order, and the digits."""
    labels, first = np.unique(digits.y_test, return_index=True)
    return digits.x_test[first], labels


def occluder() -> np.ndarray:
    """Return the tutorial's: a block of 0.5 in a field of 0, ``(20, 20, 1)``."""
    field = np.zeros((_FIELD, _FIELD, 1), np.float32)
    middle = slice((_FIELD - BLOCK) // 2, (_FIELD + BLOCK) // 2)
    field[middle, middle] = 0.5
    return field
