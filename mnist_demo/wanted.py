"""Which images does the trained net want to see, and which deceive it? Step 4 of the tutorial."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import keras
import numpy as np

import keras_vis as kv
from mnist_demo.data import Digits

_ATTACKED, _ATTACK = 500, 5  # test images, steps
_WEIGHTS = (0.01, 0.1, 1.0, 10.0)
# As in the tutorial's first try: every pixel for itself.
_PLAIN: dict[str, Any] = {"parameterization": "pixels", "transforms": (), "penalty": None}


def wanted(model: keras.Model, x: np.ndarray, digits: Digits, ascent: int) -> dict[str, kv.Picture]:
    """Draw what the tutorial's net wants to see.

    Args:
        model: the trained net.
        x: one image of each digit.
        digits: of the test digits the first are changed, to see how the accuracy falls.
        ascent: steps of an ascent.

    Returns:
        The pictures, by name.
    """
    classes = len(x)
    climb = functools.partial(kv.activation_maximization, model, steps=ascent)
    best = climb(range(classes))
    pairs = ((0, 1), (1, 7), (3, 5), (4, 9))
    kinds = [
        kv.Neuron("conv_1", 3, 13, 13),
        kv.Channel("conv_2", 5),
        kv.Energy("pool"),
        kv.Channel("dense", 0),
        kv.Logit(3),
        kv.Probability(3),
    ]
    return {
        "4_maximisation/wrong_range": _titled(
            climb(range(3), value_range=(0, 255), **_PLAIN),
            "With a range of 0 to 255, where the net was trained on 0 to 1",
        ),
        "4_maximisation/perception": _titled(best, f"The network's perception of 0 to {classes - 1}"),
        "4_maximisation/penalties": _penalties(model, ascent),
        "4_maximisation/two_classes": _titled(
            climb([kv.Logit(a) + kv.Logit(b) for a, b in pairs]), "Two digits at once"
        ),
        "4_maximisation/softmax": best.beside(
            climb(kv.Probability(np.arange(classes))),
            names=("softmax off: the logit", "softmax on: the probability"),
            title="The same with the softmax left on",
        ),
        "4_maximisation/targets": climb(kinds),
        "4_maximisation/channels": climb(kv.Channel("conv_2", range(64))),
        "4_maximisation/inversion": kv.inversion(
            model, x[[2, 4, 7]], ["conv_1", "conv_2", "pool", "dense", "preds"], steps=2 * ascent
        ),
        "4_maximisation/fooling": kv.fooling_image(model, range(classes)),
        "4_maximisation/adversarial": kv.adversarial(model, x, truth=np.arange(classes), epsilon=0.25),
        "4_maximisation/adversarial_accuracy": kv.adversarial_accuracy(
            model, digits.x_test[:_ATTACKED], digits.y_test[:_ATTACKED], steps=_ATTACK
        ),
    }


def _penalties(model: keras.Model, ascent: int) -> kv.Gallery:
    """Three digits without a penalty, and with more and more of each of the tutorial's."""
    shown = [2, 4, 8]
    costs: dict[str, kv.Target | None] = {"no penalty": None}
    costs |= {f"total variation {weight:g}": weight * kv.TotalVariation() for weight in _WEIGHTS}
    costs |= {f"L6 norm {weight:g}": weight * kv.Norm(6) for weight in _WEIGHTS}
    none, *others = (
        kv.activation_maximization(model, shown, steps=ascent, **{**_PLAIN, "penalty": cost}) for cost in costs.values()
    )
    return none.beside(*others, names=tuple(costs), title="What do the penalties do? In pixels, not moved")


def _titled(picture: kv.Ascent, title: str) -> kv.Ascent:
    return dataclasses.replace(picture, title=title)
