"""Does an image that is yet to be made begin as noise about the middle, or where one says?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_vis.engine.blank import blank, repeated
from tests import nets

L = keras.layers


def large():
    return keras.Sequential([keras.Input((60, 50, 3)), L.Conv2D(2, 3), L.GlobalAveragePooling2D()])


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-2.0, 6.0)])
def test_noise_has_a_deviation_of_a_fiftieth_of_the_range_about_its_middle(low, high):
    start, which = blank(large(), None, (low, high), seed=0)
    noise = (start.arrays[which].astype("float64") - (low + high) / 2) / (high - low)
    n = noise.size
    assert (which, len(start)) == (0, 1)
    assert n == 60 * 50 * 3
    assert abs(noise.mean()) < 4 * 0.02 / np.sqrt(n)
    assert abs(noise.std() - 0.02) < 4 * 0.02 / np.sqrt(2 * n)
    # A normal one: 32 % lie beyond one deviation, and no two neighbours hang together.
    assert (np.abs(noise) > 0.02).mean() == pytest.approx(0.317, abs=0.02)
    assert abs((noise[:, 1:] * noise[:, :-1]).mean() / 0.02**2) < 4 / np.sqrt(n)


def test_the_same_seed_is_the_same_noise():
    model = large()
    first, again, other = (blank(model, None, (0, 1), seed)[0].arrays[0] for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(first.size)


def test_noise_leaves_the_global_random_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    blank(large(), None, (0, 1), 0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_mean_is_flat():
    start, _ = blank(nets.sequential(), "mean", (-2, 6), seed=3)
    np.testing.assert_array_equal(start.arrays[0], np.full((1, *nets.SHAPE), 2.0))


def test_a_given_image_is_kept():
    model, x = nets.sequential(), nets.images(3)
    for given in (x, x[1], list(x)):
        start, which = blank(model, given, (-1, 1), seed=0)
        np.testing.assert_array_equal(start.arrays[which], np.reshape(given, (-1, *nets.SHAPE)))
    grey = keras.Sequential([keras.Input((6, 5, 1)), L.Flatten(), L.Dense(2)])
    np.testing.assert_array_equal(blank(grey, np.eye(6, 5), (0, 1), 0)[0].arrays[0][0, ..., 0], np.eye(6, 5))


@pytest.mark.parametrize(
    ("initial", "error", "message"),
    [
        ("noise", ValueError, r"`initial='noise'` is unknown. Give None \(noise\), \"mean\" \(flat\) or images"),
        (np.full(nets.SHAPE, 2.0), ValueError, r"`initial` has values from 2 to 2, outside `value_range=\(0, 1\)`"),
        (-(nets.images(1) ** 2), ValueError, "`initial` has values from -0.98.* outside `value_range"),
        (np.zeros((3, 3, 2)), ValueError, r"`initial` has shape \(3, 3, 2\); the model takes \(n, 12, 10, 2\)"),
        (np.full(nets.SHAPE, np.nan), ValueError, "`initial` has NaN or infinite values"),
        (object(), TypeError, "`initial` must hold numbers"),
        (np.zeros((0, *nets.SHAPE)), ValueError, "`initial` is empty"),
    ],
)
def test_what_cannot_be_started_from_is_refused(initial, error, message):
    with pytest.raises(error, match=message):
        blank(nets.sequential(), initial, (0, 1), 0)


def of_open_size():
    return keras.Sequential([keras.Input((None, None, 2)), L.Conv2D(3, 3), L.GlobalAveragePooling2D()])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (of_open_size, r"takes \(None, None, 2\)"),
        (nets.two_by_two, r"takes \(12, 10, 2\), \(3,\)"),
        (nets.subclassed, "does not say what it takes"),
        (lambda: keras.Sequential([L.Conv2D(3, 3), L.GlobalAveragePooling2D()]), "does not say what it takes"),
    ],
)
@pytest.mark.parametrize("initial", [None, "mean"])
def test_without_one_size_the_start_must_be_given(make, told, initial):
    message = f"`initial`: model .* {told}, so that there is no one size to start from. Give an image"
    with pytest.raises(ValueError, match=message):
        blank(make(), initial, (0, 1), 0)


@pytest.mark.parametrize("make", [of_open_size, nets.subclassed])
def test_of_any_size_the_given_one_is_taken(make):
    x = nets.images(2)
    np.testing.assert_array_equal(blank(make(), x, (-1, 1), 0)[0].arrays[0], x)


def test_of_several_inputs_each_is_given():
    model, x, vector = nets.two_by_two(), nets.images(2), np.array([[50.0, 0, 0], [0, 7, 0]], "float32")
    for initial in ([x, vector], (x, vector), {"image": x, "vector": vector}):
        start, which = blank(model, initial, (-1, 1), 0)  # only the image lies in the range
        assert which == 0
        np.testing.assert_array_equal(start.arrays[0], x)
        np.testing.assert_array_equal(start.arrays[1], vector)
    with pytest.raises(ValueError, match="`initial` must be a list of 2 arrays, one for each"):
        blank(model, x, (-1, 1), 0)
    with pytest.raises(ValueError, match=r"`input='vector'` holds no images \(n, h, w, c\) but \(2, 3\)"):
        blank(model, [x, vector], (-1, 1), 0, "vector")


def test_of_two_images_one_is_chosen():
    left, right = keras.Input((4, 4, 1), name="left"), keras.Input((4, 4, 1), name="right")
    model = keras.Model([left, right], L.Dense(2)(L.Flatten()(left + 2 * right)))
    low, high = np.zeros((1, 4, 4, 1)), np.full((1, 4, 4, 1), 9.0)
    with pytest.raises(ValueError, match="Several inputs hold images: 'left'.*'right'.* Choose one with `input=`"):
        blank(model, [low, high], (0, 1), 0)
    assert blank(model, [low, high], (0, 1), 0, "left")[1] == 0
    # The range is held against the one that is chosen.
    with pytest.raises(ValueError, match="`initial` has values from 9 to 9"):
        blank(model, [low, high], (0, 1), 0, 1)


def test_a_model_of_vectors_has_no_image():
    with pytest.raises(ValueError, match="No input of the model holds images"):
        blank(keras.Sequential([keras.Input((3,)), L.Dense(2)]), None, (0, 1), 0)


def test_one_start_serves_all_targets():
    model, x = nets.two_by_two(), nets.images(2)
    vector = np.array([[1, 2, 3], [4, 5, 6]], "float32")
    start, _ = blank(model, [x[:1], vector[:1]], (-1, 1), 0)
    many = repeated(start, 3)
    np.testing.assert_array_equal(many.arrays[0], x[[0, 0, 0]])
    np.testing.assert_array_equal(many.arrays[1], vector[[0, 0, 0]])
    each, _ = blank(model, [x, vector], (-1, 1), 0)
    np.testing.assert_array_equal(repeated(each, 2).arrays[0], x)
    with pytest.raises(ValueError, match="`initial` has 2 images, but there are 4 targets. Give one, or one for each"):
        repeated(each, 4)
