"""Which images does the trained net want to see, which deceive it, and what does it dream of?

Step 4 of the tutorial, and what its followers made of it.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

import keras_vis as kv
from mnist_demo.look import Drawn, Look

_ATTACK = 5  # steps
_WEIGHTS = (0.01, 0.1, 1.0, 10.0)
_PAIRS = ((0, 1), (1, 7), (3, 5), (4, 9))
# As in the tutorial's first try: every pixel for itself.
_PLAIN: dict[str, Any] = {"parameterization": "pixels", "transforms": (), "penalty": None}


def _climb(look: Look, target: Any, **options: Any) -> kv.Ascent:
    return kv.activation_maximization(look.model, target, steps=look.ascent, **options)


def _wrong_range(look: Look) -> kv.Ascent:
    made = _climb(look, range(3), value_range=(0, 255), **_PLAIN)
    return _titled(made, "With a range of 0 to 255, where the net was trained on 0 to 1")


def _penalties(look: Look) -> kv.Gallery:
    """Three digits without a penalty, and with more and more of each of the tutorial's."""
    costs: dict[str, kv.Target | None] = {"no penalty": None}
    costs |= {f"total variation {weight:g}": weight * kv.TotalVariation() for weight in _WEIGHTS}
    costs |= {f"L6 norm {weight:g}": weight * kv.Norm(6) for weight in _WEIGHTS}
    none, *others = (_climb(look, [2, 4, 8], **{**_PLAIN, "penalty": cost}) for cost in costs.values())
    return none.beside(*others, names=tuple(costs), title="What do the penalties do? In pixels, not moved")


def _softmax(look: Look) -> kv.Gallery:
    return look.best.beside(
        _climb(look, kv.Probability(np.arange(len(look.x)))),
        names=("softmax off: the logit", "softmax on: the probability"),
        title="The same with the softmax left on",
    )


def _targets(look: Look) -> kv.Ascent:
    kinds = [
        kv.Neuron("conv_1", 3, 13, 13),
        kv.Channel("conv_2", 5),
        kv.Energy("pool"),
        kv.Channel("dense", 0),
        kv.Logit(3),
        kv.Probability(3),
    ]
    return _climb(look, kinds)


def _inversion(look: Look) -> kv.Picture:
    layers = ["conv_1", "conv_2", "pool", "dense", "preds"]
    return kv.inversion(look.model, look.x[[2, 4, 7]], layers, steps=2 * look.ascent)


def _dreams(look: Look) -> kv.Gallery:
    digits = look.x[[2, 4, 7]]
    layers = ("conv_1", "conv_2", "pool")
    dreams = [kv.deep_dream(look.model, digits, kv.Energy(layer)) for layer in layers]
    return kv.Images(digits, value_range=(0, 1)).beside(
        *dreams, names=("digit", *layers), title="What does each layer see more of?"
    )


def _adversarial_accuracy(look: Look) -> kv.Picture:
    few = look.digits.first(None, 2 * look.ascent)  # as many as there is time for
    return kv.adversarial_accuracy(look.model, few.x_test, few.y_test, steps=_ATTACK)


def _titled(picture: kv.Ascent, title: str) -> kv.Ascent:
    return dataclasses.replace(picture, title=title)


WANTED: Drawn = {
    "4_maximisation/wrong_range": (
        "what one gets who says that pixels go to 255, where the net knows 0 to 1",
        _wrong_range,
    ),
    "4_maximisation/perception": (
        "what the net takes for each digit: strokes, and more of them than anyone would draw",
        lambda look: _titled(look.best, f"The network's perception of 0 to {len(look.x) - 1}"),
    ),
    "4_maximisation/penalties": (
        "what total variation and a norm do to it, from nothing to too much",
        _penalties,
    ),
    "4_maximisation/two_classes": (
        "two digits at once: the sum of their logits",
        lambda look: _titled(_climb(look, [kv.Logit(a) + kv.Logit(b) for a, b in _PAIRS]), "Two digits at once"),
    ),
    "4_maximisation/softmax": (
        "the same with the softmax on: a net that is sure has nothing more to ask for",
        _softmax,
    ),
    "4_maximisation/targets": (
        "a neuron, a channel, a layer, a logit and a probability",
        _targets,
    ),
    "4_maximisation/channels": (
        "conv_2's 64 channels: strokes and edges of every direction",
        lambda look: _climb(look, kv.Channel("conv_2", range(64))),
    ),
}

IMAGINED: Drawn = {
    "beyond_imagination/inversion": (
        "what each layer has kept of a digit",
        _inversion,
    ),
    "beyond_imagination/deep_dream": (
        "digits in which each layer may see more of what it sees: thicker strokes, and new ones beside",
        _dreams,
    ),
    "beyond_imagination/fooling": (
        "noise in which the net is 99 % sure to see each digit",
        lambda look: kv.fooling_image(look.model, range(len(look.x))),
    ),
    "beyond_imagination/adversarial": (
        "the digits changed a little, and what the net says now",
        lambda look: kv.adversarial(look.model, look.x, truth=look.y, epsilon=0.25),
    ),
    "beyond_imagination/adversarial_accuracy": (
        "how the accuracy falls with the size of the change",
        _adversarial_accuracy,
    ),
}
