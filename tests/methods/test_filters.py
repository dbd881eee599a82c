"""Filters: are they the layer's own weights, on one scale?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_vis as kv
from tests import nets

L = keras.layers


def net(*layers, shape=(12, 12, 1)):
    model = keras.Sequential([keras.Input(shape), *layers])
    nets.draw_weights(model)
    return model


@pytest.mark.parametrize("channels", [1, 3])
def test_kernels_of_one_and_three_channels_are_images_on_one_scale(channels):
    model = net(L.Conv2D(7, (3, 5), name="conv"), shape=(12, 12, channels))
    picture, kernel = kv.filters(model), model.get_weights()[0]
    for unit in range(7):
        np.testing.assert_array_equal(picture.values[unit], kernel[..., unit])
    assert picture.value_range == pytest.approx((-np.abs(kernel).max(), np.abs(kernel).max()))


def test_kernels_of_more_channels_are_a_matrix_of_inputs_by_outputs():
    model = nets.sequential()
    picture, kernel = kv.filters(model, "conv_2", units=[5, 0]), model.get_layer("conv_2").get_weights()[0]
    assert picture.columns == 2
    for row in range(4):
        np.testing.assert_array_equal(picture.values[2 * row, ..., 0], kernel[:, :, row, 5])
        np.testing.assert_array_equal(picture.values[2 * row + 1, ..., 0], kernel[:, :, row, 0])


def test_depthwise_separable_and_transposed_kernels():
    depthwise = net(L.DepthwiseConv2D(3, depth_multiplier=2, name="d"), shape=(12, 12, 3))
    kernel = depthwise.get_weights()[0]
    np.testing.assert_array_equal(kv.filters(depthwise).values[3, ..., 0], kernel[:, :, 1, 1])
    separable = net(L.SeparableConv2D(4, 3, name="s"), shape=(12, 12, 3))
    np.testing.assert_array_equal(kv.filters(separable).values[2, ..., 0], separable.get_weights()[0][:, :, 2, 0])
    transposed = net(L.Conv2DTranspose(4, 3, name="t"), shape=(12, 12, 3))
    kernel = transposed.get_weights()[0]  # (h, w, outputs, inputs)
    np.testing.assert_array_equal(kv.filters(transposed).values[1], kernel[:, :, 1, :])


def test_a_dense_layer_on_the_image_has_kernels_of_its_size():
    model = net(L.Flatten(), L.Dense(4, name="dense"), L.Dense(2, name="next"), shape=(5, 6, 3))
    kernel = model.get_layer("dense").get_weights()[0]
    picture = kv.filters(model)
    np.testing.assert_array_equal(picture.values[3], kernel[:, 3].reshape(5, 6, 3))
    with pytest.raises(ValueError, match="'next'` is a dense layer of 4 inputs, which are not the pixels"):
        kv.filters(model, "next")


def test_the_first_convolution_by_default_in_a_nested_model():
    model = nets.nested()
    assert kv.filters(model).about["layer"] == "backbone/conv_1"


def test_layers_without_kernels_and_models_without_weights_are_refused():
    with pytest.raises(
        ValueError, match=r"'pool'` is a MaxPooling2D, which has no kernels. Convolutions of the model: conv_1, conv_2"
    ):
        kv.filters(nets.sequential(), "pool")
    with pytest.raises(ValueError, match="is not built"):
        kv.filters(keras.Sequential([L.Conv2D(2, 3)]))
    with pytest.raises(ValueError, match="no convolution, and no dense layer on the pixels"):
        kv.filters(net(L.GlobalAveragePooling2D(), L.Dense(2)))


def test_units_choose_and_wrong_ones_are_named():
    model = net(L.Conv2D(4, 3), shape=(12, 12, 3))
    np.testing.assert_array_equal(kv.filters(model, units=2).values, kv.filters(model).values[[2]])
    with pytest.raises(ValueError, match="`units`: 4 is no unit"):
        kv.filters(model, units=[4])
