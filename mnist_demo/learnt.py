"""What has the trained net learnt, over all of the test digits? What the tutorial's followers draw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import keras_vis as kv
from mnist_demo.look import Drawn, Look

WATCHED = 500  # test digits that are looked at after each epoch
UNITS = (3, 7, 11, 20, 41, 50)  # of conv_2: strokes and edges of several directions in the default run
_SHIFT = 3  # pixels: nothing of the digit is lost


def _maps(layer: str) -> Callable[[Look], kv.FeatureMaps]:
    return lambda look: kv.feature_maps(look.model, look.x[7:8], layer)


def _patches(layer: str, units: range | tuple[int, ...]) -> Callable[[Look], kv.Picture]:
    return lambda look: kv.top_patches(look.model, look.digits.x_test, layer, units)


def _correspondence(look: Look) -> kv.Picture:
    four = look.x[4]
    return kv.correspondence(look.model, four, np.roll(four, (-_SHIFT, -_SHIFT), axis=(0, 1)), "conv_2")


def _accuracy(attribute: str) -> Callable[[Look], kv.Chart]:
    return lambda look: kv.accuracy_by(look.model, look.digits.x_test, look.digits.y_test, attribute)


def _of_mistakes(method: Callable[..., kv.Picture]) -> Callable[[Look], kv.Picture | None]:
    return lambda look: method(look.model, *look.mistakes) if len(look.mistakes[0]) else None


LEARNT: Drawn = {
    "beyond_feature_maps/conv_1": ("what the 32 units of conv_1 make of a 7", _maps("conv_1")),
    "beyond_feature_maps/conv_2": ("and the 64 of conv_2: fewer answer, and to more", _maps("conv_2")),
    "beyond_feature_maps/pool": ("the same, a quarter of the size", _maps("pool")),
    "beyond_feature_maps/surface": (
        "one of these maps as a landscape",
        lambda look: _maps("conv_2")(look).surface(UNITS[1]),
    ),
    "beyond_feature_maps/histogram": (
        "how much of them is zero, and how high the rest is",
        lambda look: kv.feature_maps(look.model, look.x, "conv_2", units=UNITS).histogram(),
    ),
    "beyond_units/census": (
        "over all test digits: which units never answer, and how seldom the others do",
        lambda look: kv.unit_census(look.model, look.digits.x_test),
    ),
    "beyond_units/top_patches": (
        "what of all test digits excites six units of conv_2 most: strokes of a direction",
        _patches("conv_2", UNITS),
    ),
    "beyond_units/top_images": ("four units of dense: whole digits", _patches("dense", range(4))),
    "beyond_units/dissection": (
        "units of conv_2 that answer where strokes run in one direction, at loops, at ends",
        lambda look: kv.dissect(look.model, look.digits.x_test, kv.digit_concepts, "conv_2"),
    ),
    "beyond_codes/embedding": ("t-SNE: which digits dense holds to be alike", lambda look: look.codes),
    "beyond_codes/grid": ("the digits themselves in that order", lambda look: look.codes.grid()),
    "beyond_codes/correspondence": (
        "which places of a digit conv_2 finds again where it is shifted",
        _correspondence,
    ),
    "beyond_mistakes/accuracy_by_slant": ("is the net worse at digits that lean?", _accuracy("slant")),
    "beyond_mistakes/accuracy_by_stroke_width": ("and at thin or thick ones?", _accuracy("stroke_width")),
    "beyond_mistakes/raters": (
        "where the net and the labels differ, and how far they agree beyond chance",
        lambda look: look.raters,
    ),
    "beyond_mistakes/mistakes": (
        "the digits where they differ, the surest mistakes first",
        lambda look: look.raters.differences(),
    ),
    "beyond_mistakes/saliency": (
        "the worst mistakes: pixels that matter for the true digit",
        _of_mistakes(kv.saliency),
    ),
    "beyond_mistakes/grad_cam": (
        "the worst mistakes: what speaks for the true digit",
        _of_mistakes(kv.grad_cam),
    ),
}
