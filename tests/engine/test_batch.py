"""Does the door let in what fits, as the right numbers, and say clearly what does not?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vis.engine import batch
from tests import nets

L = keras.layers


@pytest.fixture(scope="module")
def grey():
    return keras.Sequential([keras.Input((8, 6, 1)), L.Flatten(), L.Dense(3)])


@pytest.mark.parametrize(
    "convert",
    [np.asarray, tf.constant, lambda x: x.astype("float64"), lambda x: x.astype("float16"), list, lambda x: x.tolist()],
)
def test_arrays_tensors_and_lists_become_float32(convert):
    x = np.arange(2 * 12 * 10 * 2).reshape(2, 12, 10, 2).astype("float32") / 512
    got = batch.take(nets.sequential(), convert(x)).arrays[0]
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, x)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool"])
def test_integers_are_cast(dtype):
    x = (np.arange(2 * 48).reshape(2, 8, 6, 1) % 2).astype(dtype)
    got = batch.take(keras.Sequential([keras.Input((8, 6, 1)), L.Flatten()]), x).arrays[0]
    np.testing.assert_array_equal(got, x.astype("float32"))


@pytest.mark.parametrize("shape", [(8, 6, 1), (8, 6), (1, 8, 6), (1, 8, 6, 1)])
def test_one_image_and_a_channel_axis_that_is_left_out(grey, shape):
    x = np.arange(48.0).reshape(shape)
    np.testing.assert_array_equal(batch.take(grey, x).arrays[0].ravel(), np.arange(48.0))
    assert batch.take(grey, x).arrays[0].shape == (1, 8, 6, 1)


def test_the_users_array_is_not_changed(grey):
    x = np.arange(96).reshape(2, 8, 6).astype("uint8")
    kept = x.copy()
    batch.take(grey, x)
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (np.zeros((2, 6, 8, 1)), ValueError, r"`images` has shape \(2, 6, 8, 1\); the model takes \(n, 8, 6, 1\)"),
        (np.zeros((2, 1, 8, 6)), ValueError, "channels come first"),
        (np.zeros((0, 8, 6, 1)), ValueError, "`images` is empty"),
        (np.full((1, 8, 6, 1), np.nan), ValueError, "NaN or infinite values, first in entry 0"),
        ("photo.jpg", TypeError, "`images` must hold numbers; received str"),
        (np.zeros((2, 8, 6, 1), complex), TypeError, "complex128"),
        (None, TypeError, "`images` must hold numbers"),
        ([np.zeros((8, 6, 1)), np.zeros((4, 6, 1))], TypeError, "`images`"),
    ],
)
def test_what_does_not_fit_is_named(grey, wrong, error, words):
    with pytest.raises(error, match=words):
        batch.take(grey, wrong)


def test_several_inputs_by_order_and_by_name():
    model = nets.two_by_two()
    image, vector = nets.images(4), np.ones((4, 3))
    for given in ([image, vector], (image, vector), {"vector": vector, "image": image}):
        got = batch.take(model, given)
        assert got.names == ("image", "vector")
        np.testing.assert_array_equal(got.arrays[1], vector)
        assert got.pick_input(None) == 0
    for given, words in (
        (image, "must be a list of 2 arrays"),
        ([image], "received list of 1"),
        ({"image": image}, "lacks 'vector'"),
        ([image, np.ones((3, 3))], "'image' 4, 'vector' 3"),
    ):
        with pytest.raises(ValueError, match=words):
            batch.take(model, given)
    with pytest.raises(ValueError, match=r"'vector'` holds no images"):
        batch.take(model, [image, vector]).pick_input("vector")
    with pytest.raises(ValueError, match="is not an input of the model"):
        batch.take(model, [image, vector]).pick_input("picture")


def test_a_sequential_without_input_is_built_for_the_images_as_training_would_build_it():
    def net():
        keras.utils.set_random_seed(7)
        return keras.Sequential([L.Conv2D(3, 3), L.Flatten(), L.Dense(2)])

    x, ours, trained = nets.images(4), net(), net()
    batch.take(ours, x)
    trained.compile("sgd", "mse")
    trained.predict(x, verbose=0)
    for a, b in zip(ours.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_unbuilt_model_is_not_built_for_a_guess():
    model = keras.Sequential([L.Flatten(), L.Dense(3)])
    with pytest.raises(ValueError, match="is it one image, or several grey ones"):
        batch.take(model, np.zeros((16, 28, 28)))
    assert not model.built
    assert batch.take(model, np.zeros((16, 28, 28, 1))).arrays[0].shape == (16, 28, 28, 1)


def test_numbers_that_an_integer_input_cannot_hold_are_refused():
    inputs = keras.Input((4, 4, 1), dtype="uint8")
    model = keras.Model(inputs, L.Flatten()(inputs))
    np.testing.assert_array_equal(batch.take(model, np.full((1, 4, 4, 1), 200.0)).arrays[0], 200)
    for wrong in (-1, 300, 0.9):
        with pytest.raises(ValueError, match="the model takes uint8, which cannot hold all of these numbers"):
            batch.take(model, np.full((1, 4, 4, 1), wrong))


def test_a_net_of_images_without_an_axis_of_channels():
    model = keras.Sequential([keras.Input((8, 6)), L.Flatten(), L.Dense(3)])
    got = batch.take(model, np.zeros((5, 8, 6)))
    assert got.pick_input(None) == 0
    assert got.shown(0).shape == (5, 8, 6, 1)


def test_a_subclassed_model_takes_images_of_another_size():
    class Pooled(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv, self.pool = L.Conv2D(2, 3), L.GlobalAveragePooling2D()

        def call(self, x):
            return self.pool(self.conv(x))

    model = Pooled()
    model(np.zeros((1, 8, 8, 3), "float32"))
    assert batch.take(model, np.zeros((12, 12, 3))).arrays[0].shape == (1, 12, 12, 3)
    with pytest.raises(ValueError, match=r"the model takes \(n, any, any, 3\)"):
        batch.take(model, np.zeros((1, 12, 12, 1)))


def test_chunks_cover_every_image_once():
    got = batch.take(nets.sequential(), x := nets.images(7))
    for size in (1, 3, 7, 9):
        np.testing.assert_array_equal(np.concatenate([got.arrays[0][part] for part in got.slices(size)]), x)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True, "8"])
def test_a_batch_is_a_positive_whole_number(wrong):
    with pytest.raises(ValueError, match="`batch` must be a positive whole number"):
        batch.take(nets.sequential(), nets.images(1)).at_once(wrong)


def test_small_images_go_through_by_64_and_large_ones_by_32():
    for size, wanted in ((28, 64), (64, 64), (65, 32), (224, 32)):
        ready = batch.Batch((np.zeros((1, 8, 3), "float32"), np.zeros((1, 20, size, 3), "float32")), [0, 0], ("a", "b"))
        assert ready.at_once(None) == wanted
        assert ready.at_once(None, forward=True) == {64: 256, 32: 16}[wanted]
        assert ready.at_once(7) == 7
