"""What has the trained net learnt, over all of the test digits? What the tutorial's followers draw."""

from __future__ import annotations

import keras
import numpy as np

import keras_vis as kv
from mnist_demo.data import Digits

WATCHED = 500  # test digits that are looked at after each epoch
UNITS = (3, 7, 11, 20, 41, 50)  # of conv_2: strokes and edges of several directions in the default run
_EMBEDDED = 5000  # test digits: a quarter of a minute of t-SNE
_SHIFT = 3  # pixels: nothing of the digit is lost


def learnt(model: keras.Model, x: np.ndarray, digits: Digits) -> dict[str, kv.Picture]:
    """Draw what the tutorial's net has learnt.

    Args:
        model: the trained net.
        x: one image of each digit.
        digits: the test digits are gone through.

    Returns:
        The pictures, by name.
    """
    images, truth = digits.x_test, digits.y_test
    maps = {layer: kv.feature_maps(model, x[7:8], layer) for layer in ("conv_1", "conv_2", "pool")}
    codes = kv.embed_codes(model, images[:_EMBEDDED], "dense", labels=truth[:_EMBEDDED])
    raters = kv.compare_raters(model, images, truth, {})
    differences = raters.differences()
    return {
        **{f"beyond_feature_maps/{layer}": picture for layer, picture in maps.items()},
        "beyond_feature_maps/surface": maps["conv_2"].surface(UNITS[1]),
        "beyond_feature_maps/histogram": kv.feature_maps(model, x, "conv_2", units=UNITS).histogram(),
        "beyond_units/census": kv.unit_census(model, images),
        "beyond_units/top_patches": kv.top_patches(model, images, "conv_2", UNITS),
        "beyond_units/top_images": kv.top_patches(model, images, "dense", range(4)),
        "beyond_units/dissection": kv.dissect(model, images, kv.digit_concepts, "conv_2"),
        "beyond_codes/embedding": codes,
        "beyond_codes/grid": codes.grid(),
        "beyond_codes/correspondence": kv.correspondence(
            model, x[4], np.roll(x[4], (-_SHIFT, -_SHIFT), axis=(0, 1)), "conv_2"
        ),
        "beyond_mistakes/accuracy_by_slant": kv.accuracy_by(model, images, truth, "slant"),
        "beyond_mistakes/accuracy_by_stroke_width": kv.accuracy_by(model, images, truth, "stroke_width"),
        "beyond_mistakes/raters": raters,
        **({} if differences is None else {"beyond_mistakes/mistakes": differences}),
    }
