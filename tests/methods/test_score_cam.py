"""Score-CAM: is each channel weighed by what is left of the target under its mask?"""

from __future__ import annotations

import tracemalloc

import cv2
import keras
import numpy as np
import pytest

import keras_vis as kv
from tests import nets


def by_hand(model, image, target, layer, kept=None):
    """Masks by OpenCV, numbers by Keras's own predict, one image; model without softmax."""
    maps = keras.Model(model.inputs[0], model.get_layer(layer).output).predict(image[None], verbose=0)[0]
    kept = range(maps.shape[-1]) if kept is None else kept
    masked = []
    for k in kept:
        large = cv2.resize(maps[..., k], image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        span = large.max() - large.min()
        mask = (large - large.min()) / span if span else np.zeros_like(large)
        masked.append(image * mask[..., None])
    scores = model.predict(np.stack(masked), verbose=0)[:, target].astype("float64")
    black = model.predict(np.zeros_like(image)[None], verbose=0)[0, target]
    weights = np.exp(scores - black) / np.exp(scores - black).sum()
    return np.maximum((weights * maps[..., list(kept)]).sum(axis=-1), 0)


@pytest.mark.parametrize("layer", ["conv_1", "conv_2"])
def test_score_cam_equals_masks_made_and_weighed_by_hand(layer):
    model, x = nets.sequential(None), nets.images(3)
    picture = kv.score_cam(model, x, [0, 4, 2], layer=layer, batch=4)
    for i, target in enumerate([0, 4, 2]):
        np.testing.assert_allclose(
            picture.values[i], by_hand(model, x[i], target, layer), rtol=1e-4, atol=1e-5, err_msg=str(i)
        )


def test_the_channels_that_vary_most_in_each_image_can_be_taken_alone():
    model, x = nets.sequential(None), nets.images(3)
    maps = kv.feature_maps(model, x, "conv_2").values
    picture = kv.score_cam(model, x, 1, layer="conv_2", channels=2)
    for i in range(3):
        kept = sorted(np.argsort(maps[i].reshape(-1, 6).var(axis=0))[-2:])
        np.testing.assert_allclose(picture.values[i], by_hand(model, x[i], 1, "conv_2", kept), rtol=1e-4, atol=1e-5)
    assert picture.title.endswith("at conv_2 (8×6, 2 of 6 channels)")
    every = kv.score_cam(model, x, 1, layer="conv_2", channels=6)
    np.testing.assert_array_equal(every.values, kv.score_cam(model, x, 1, layer="conv_2").values)


def test_a_channel_that_is_the_same_everywhere_masks_all_of_the_image():
    model, x = nets.sequential(None), nets.images(1)
    kernel, bias = (weight.numpy() for weight in model.get_layer("conv_2").weights)
    kernel[..., 0], bias[0] = 0, 0.5
    model.get_layer("conv_2").set_weights([kernel, bias])
    picture = kv.score_cam(model, x, 3, layer="conv_2")
    np.testing.assert_allclose(picture.values[0], by_hand(model, x[0], 3, "conv_2"), rtol=1e-4, atol=1e-5)


def test_logits_of_thousands_give_finite_weights():
    model, x = nets.sequential(None), nets.images(2)
    model.get_layer("preds").set_weights([weight * 1000 for weight in model.get_layer("preds").get_weights()])
    values = kv.score_cam(model, x).values
    assert np.isfinite(values).all()
    assert values.max() > 0


def test_masked_images_are_not_kept():
    inputs = keras.Input((64, 64, 3))
    maps = keras.layers.Conv2D(256, 3, strides=4, activation="relu", name="conv")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(maps)))
    x = nets.images(2, shape=(64, 64, 3))
    kv.score_cam(model, x, batch=8)
    tracemalloc.start()
    kv.score_cam(model, x, batch=8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.2 * 2 * 256 * x[0].nbytes  # all of them at once: 25 MB


def test_several_layers_stand_beside_each_other():
    model, x = nets.sequential(), nets.images(2)
    picture = kv.score_cam(model, x, 1, layer=["conv_2", "conv_1"])
    assert isinstance(picture, kv.Comparison)
    assert picture.names == ("conv_2 8×6", "conv_1 10×8")
    for values, layer in zip(picture.values.values(), ("conv_2", "conv_1"), strict=True):
        np.testing.assert_array_equal(values, kv.score_cam(model, x, 1, layer=layer).values)


@pytest.mark.parametrize("wrong", [0, 7, -1, 2.0, True, "all"])
def test_a_number_of_channels_that_cannot_be_is_named(wrong):
    with pytest.raises(ValueError, match="`channels` must be a whole number from 1 to the layer's 6, or None"):
        kv.score_cam(nets.sequential(), nets.images(1), channels=wrong)
