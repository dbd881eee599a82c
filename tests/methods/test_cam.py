"""Grad-CAM: is it the paper's sum, on the layer that the rule names?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from tests import nets

L = keras.layers


def gap_net():
    model = keras.Sequential(
        [
            keras.Input(nets.SHAPE),
            L.Conv2D(6, 3, activation="relu", name="conv"),
            L.GlobalAveragePooling2D(),
            L.Dense(5, activation="softmax"),
        ]
    )
    nets.draw_weights(model)
    return model


def test_on_a_net_with_global_pooling_it_is_the_positive_part_of_the_weighted_sum_by_the_head():
    model, x = gap_net(), nets.images()
    maps = kv.feature_maps(model, x, "conv").values
    weights = model.get_weights()[2]
    for c in range(5):
        cam = np.einsum("nijk,k->nij", maps, weights[:, c])
        values = kv.grad_cam(model, x, c).values
        np.testing.assert_allclose(values, np.maximum(cam, 0) / (10 * 8), rtol=1e-4, atol=1e-7)


def test_it_equals_a_model_cut_in_two_by_hand():
    model, x = nets.functional(), tf.constant(nets.images())
    nets.draw_weights(model)
    layer = model.get_layer("conv_1")
    cut = keras.Model(model.inputs, [layer.output, model.output])
    with tf.GradientTape() as tape:
        maps, out = cut(x)
        logits = out._keras_logits
        score = logits[:, 3]
    weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2))
    wanted = tf.nn.relu(tf.einsum("nk,nijk->nij", weights, maps))
    np.testing.assert_allclose(kv.grad_cam(model, x, 3, layer="conv_1").values, wanted, rtol=1e-4, atol=1e-6)


def test_by_hand_on_two_positions():
    # one channel, two positions, no bias: A = x and f = 3 A_1 - A_2, so the weight is (3 - 1) / 2 = 1: the map is the
    # positive part of x
    model = keras.Sequential(
        [keras.Input((1, 2, 1)), L.Conv2D(1, 1, use_bias=False, name="conv"), L.Flatten(), L.Dense(1, use_bias=False)]
    )
    model.set_weights([np.ones((1, 1, 1, 1), "float32"), np.array([[3.0], [-1.0]], "float32")])
    picture = kv.grad_cam(model, np.array([[[[2.0], [-5.0]]]]), 0)
    np.testing.assert_allclose(picture.values, [[[2.0, 0.0]]])


def test_values_are_at_the_layers_resolution_and_not_negative():
    picture = kv.grad_cam(nets.sequential(), nets.images())
    assert picture.values.shape == (6, 8, 6)
    assert picture.values.min() >= 0
    assert picture.about["layer"] == "conv_2"


@pytest.mark.parametrize("layer", ["flatten", "preds"])
def test_a_layer_without_maps_is_refused_with_those_that_have_them(layer):
    with pytest.raises(ValueError, match=rf"`layer='{layer}'` gives no maps .* conv_1, conv_2"):
        kv.grad_cam(nets.sequential(), nets.images(), layer=layer)


def test_a_map_of_one_position_is_refused_with_a_word():
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), L.Conv2D(3, 3, name="fine"), L.Conv2D(2, 2, name="one"), L.Flatten()]
    )
    with pytest.raises(ValueError, match="more than one position"):
        kv.grad_cam(model, np.zeros((1, 4, 4, 1)), layer="one")


def test_a_model_without_a_convolution_is_refused():
    model = keras.Sequential([keras.Input((4, 4, 1)), L.Flatten(), L.Dense(2)])
    with pytest.raises(ValueError, match="no convolution"):
        kv.grad_cam(model, np.zeros((1, 4, 4, 1)))


def test_on_photographs_the_map_lies_on_the_animal(data_folder):
    from PIL import Image

    model = keras.applications.MobileNet(alpha=0.75, input_shape=(224, 224, 3), weights=None)
    model.load_weights(data_folder / "mobilenet_0.75_224_imagenet.weights.h5")
    photos = [
        np.asarray(Image.open(data_folder / "photos" / f"{name}.jpg").convert("RGB").resize((224, 224)))
        for name in ("goldfish", "bear")
    ]
    x = keras.applications.mobilenet.preprocess_input(np.stack(photos).astype("float32"))
    picture = kv.grad_cam(model, x)
    assert picture.about["layer"] == "conv_pw_13_relu"
    assert [caption.split()[0] for caption in picture.captions] == ["1", "294"]
    # In the 7 x 7 cells: the fish swim from the left to the lower right, below and above them is water; the bear sits
    # to the right of the middle. Mean heat on it against mean heat elsewhere.
    fish, bear = np.zeros((7, 7), bool), np.zeros((7, 7), bool)
    fish[1:5, 0:6] = bear[2:6, 3:7] = True
    for values, inside in zip(picture.values, (fish, bear), strict=True):
        assert values[inside].mean() > 2 * values[~inside].mean()
