"""Is `smooth` the average over noisy copies that it says it is, of any method?"""

from __future__ import annotations

import inspect
import tracemalloc

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from tests import nets

L = keras.layers


def pixels(model, images, target=None, *, scale_of_it=1.0):
    """A method whose values are the images that it is given."""
    return kv.HeatMaps(np.asarray(images)[..., 0] * scale_of_it, np.asarray(images)[..., :1], signed=True)


def tiles(model, images, target=None):
    """A method that returns another picture."""
    return kv.Images(np.asarray(images)[..., :1])


def cubes(exponent):
    """f(x) = sum of x ** exponent, whose gradient is exponent * x ** (exponent - 1)."""

    class Cubes(keras.Model):
        def call(self, x):
            return tf.reduce_sum(x**exponent, axis=(1, 2))

    return Cubes()


def by_hand(model, x, target, samples, noise, seed):
    """The gradient at each noisy copy, from a tape of its own; (samples, n, h, w, c), float64."""
    spans = np.array([image.max() - image.min() for image in x])[:, None, None, None]
    rng = np.random.default_rng(seed)
    found = []
    for sample in range(samples):
        if sample % 2 == 0:
            epsilon = rng.standard_normal(x.shape[1:], dtype="float32")
        sign = 1 if sample % 2 == 0 else -1
        copy = tf.constant(x + sign * np.float32(noise) * spans * epsilon)
        with tf.GradientTape() as tape:
            tape.watch(copy)
            score = model(copy)[:, target]
        found.append(tape.gradient(score, copy).numpy().astype("float64"))
    return np.stack(found)


@pytest.mark.parametrize("statistic", ["mean", "square", "variance"])
def test_a_statistic_is_that_of_the_gradients_at_the_copies(statistic):
    model, x = nets.sequential(None), nets.images(3)
    grads = by_hand(model, x, 2, samples=7, noise=0.2, seed=5)
    wanted = {"mean": grads.mean(0), "square": (grads**2).mean(0), "variance": grads.var(0)}[statistic]
    picture = kv.smooth_grad(model, x, 2, samples=7, noise=0.2, statistic=statistic, seed=5)
    np.testing.assert_allclose(picture.values, wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", [kv.saliency, kv.input_x_gradient, kv.integrated_gradients, kv.grad_cam])
def test_without_noise_it_is_the_method_itself(method):
    model, x = nets.sequential(), nets.images(3)
    plain = method(model, x).values
    for statistic, wanted in (("mean", plain), ("square", plain**2), ("variance", np.zeros_like(plain))):
        values = kv.smooth(method, noise=0, samples=3, statistic=statistic)(model, x).values
        np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-6)


def test_the_noise_is_a_share_of_each_images_own_range():
    x = nets.images(3, shape=(40, 50, 1)) * np.array([1, 10, 0])[:, None, None, None]
    x[2] = 0.7  # a range of 0: no noise
    spread = kv.smooth(pixels, samples=400, noise=0.1, statistic="variance")(cubes(2), x, 0)
    spans = x[0].max() - x[0].min(), 10 * (x[0].max() - x[0].min()), 0
    np.testing.assert_allclose(np.sqrt(spread.values.mean(axis=(1, 2))), 0.1 * np.array(spans), rtol=0.01)


def test_pairs_of_copies_cancel_what_is_odd_in_the_noise():
    x = nets.images(2, shape=(5, 4, 1))
    exact = kv.smooth_grad(cubes(2), x, 0, samples=6)  # a gradient linear in x: exact for whole pairs
    np.testing.assert_allclose(exact.values, 2 * x, rtol=1e-5, atol=1e-6)
    odd = kv.smooth_grad(cubes(2), x, 0, samples=5)
    assert np.abs(odd.values - 2 * x).max() > 0.01


def test_the_mean_tends_to_the_expectation():
    # of 3 (x + e)^2 that is 3 (x^2 + sigma^2)
    x = nets.images(2, shape=(5, 4, 1))
    sigma = 0.15 * np.array([image.max() - image.min() for image in x])[:, None, None, None]
    values = kv.smooth_grad(cubes(3), x, 0, samples=4000).values
    # the standard error: of e^2, sqrt(2) sigma^2, over 2,000 pairs
    assert np.abs(values - 3 * (x**2 + sigma**2)).max() < 4.5 * 3 * np.sqrt(2 / 2000) * sigma.max() ** 2


def test_the_class_predicted_of_the_image_is_asked_of_its_copies():
    x = nets.images(12)
    model = nets.undecided(x)
    best = model.predict(x, verbose=0).argmax(axis=1)
    noisy = x + 0.9 * np.random.default_rng(0).standard_normal(x.shape).astype("float32")
    assert (model.predict(noisy, verbose=0).argmax(axis=1) != best).any()  # noise does change the prediction
    values = kv.smooth_grad(model, x, noise=0.5).values
    np.testing.assert_array_equal(values, kv.smooth_grad(model, x, best, noise=0.5).values)


def test_the_neuron_that_is_strongest_in_the_image_is_asked_of_its_copies():
    x = nets.images(4)
    model = nets.undecided(x)
    maps = kv.feature_maps(model, x, "conv_2").values[..., 2]
    rows, columns = np.unravel_index(maps.reshape(4, -1).argmax(axis=1), maps.shape[1:])
    target = kv.StrongestNeuron("conv_2", 2) - 0.5 * kv.Logit()
    best = model.predict(x, verbose=0).argmax(axis=1)
    settled = kv.Neuron("conv_2", 2, rows, columns) - 0.5 * kv.Logit(best)
    values = kv.smooth_grad(model, x, target, noise=0.3).values
    np.testing.assert_allclose(values, kv.smooth_grad(model, x, settled, noise=0.3).values, rtol=1e-5, atol=1e-7)


def test_batches_do_not_change_the_values():
    model, x = nets.sequential(), nets.images(5)
    wanted = kv.smooth_grad(model, x, samples=9).values
    for batch in (1, 2, 3, 7, 1000):
        values = kv.smooth_grad(model, x, samples=9, batch=batch).values
        np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-6)


def test_ten_thousand_samples_take_no_more_memory_than_a_hundred():
    model, x = nets.sequential(), nets.images(2)
    kv.smooth_grad(model, x, progress=False)
    peaks = []
    for samples in (100, 10_000):
        tracemalloc.start()
        kv.smooth_grad(model, x, samples=samples, statistic="variance", progress=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 0.05 * 20_000 * x[0].nbytes  # all copies, or all gradients, would be 19 MB


def test_an_option_with_an_array_for_each_image_goes_with_the_copies():
    model, x, start = nets.sequential(), nets.images(3), nets.images(3, seed=8)
    method = kv.smooth(kv.integrated_gradients, samples=4)
    together = method(model, x, steps=5, baseline=start).values
    for i in range(3):
        alone = method(model, x[i], steps=5, baseline=start[i]).values[0]
        np.testing.assert_allclose(together[i], alone, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="`baseline` has 2 entries, but there are 3 images"):
        method(model, x, baseline=start[:2])


def test_of_several_inputs_one_gets_noise_and_the_others_come_along():
    model, x = nets.two_by_two(), nets.images(3)
    vector = np.random.default_rng(2).normal(size=(3, 3)).astype("float32")
    picture = kv.smooth_grad(model, [x, vector], kv.Logit(1, output="digit"), samples=6)
    for i in range(3):
        alone = kv.smooth_grad(model, [x[i : i + 1], vector[i : i + 1]], kv.Logit(1, output="digit"), samples=6)
        np.testing.assert_allclose(alone.values[0], picture.values[i], rtol=1e-4, atol=1e-6)


def test_any_function_of_ones_own_can_be_smoothed_and_its_options_given():
    x = nets.images(2)
    picture = kv.smooth(pixels, samples=8, seed=3)(nets.sequential(), x, scale_of_it=2.0)
    np.testing.assert_allclose(picture.values, 2 * x[..., 0], atol=1e-5)  # pairs cancel
    assert picture.signed
    assert picture.about["method"] == "smooth_pixels"
    assert picture.about["seed"] == 3


def test_options_may_be_given_when_it_is_made_or_when_it_is_called():
    model, x = nets.sequential(), nets.images(2)
    made = kv.smooth(kv.saliency, samples=6, noise=0.3, statistic="square", seed=2)(model, x)
    called = kv.smooth(kv.saliency)(model, x, samples=6, noise=0.3, statistic="square", seed=2)
    np.testing.assert_array_equal(made.values, called.values)
    np.testing.assert_array_equal(
        made.values, kv.smooth_grad(model, x, samples=6, noise=0.3, statistic="square", seed=2).values
    )


def test_an_option_that_the_method_has_itself_is_the_methods():
    asked = []

    def method(model, images, target=None, *, samples=1):
        asked.append(samples)
        return pixels(model, images)

    kv.smooth(method, samples=2)(nets.sequential(), nets.images(1), samples=77)
    assert asked == [77]  # both copies in one batch


def test_it_has_the_methods_name_signature_and_picture():
    smoothed = kv.smooth(kv.grad_cam, samples=4)
    assert smoothed.__name__ == "smooth_grad_cam"
    names = list(inspect.signature(smoothed).parameters)
    assert names[:4] == ["model", "images", "target", "layer"]
    assert names[-4:] == ["samples", "noise", "statistic", "seed"]
    assert inspect.signature(smoothed).parameters["samples"].default == 4
    picture = smoothed(nets.sequential(), nets.images(1), 3, layer="conv_1")
    assert picture.values.shape == (1, 10, 8)
    assert picture.title == "Grad-CAM of the logit of 3 at conv_1 (10×8), mean over 4 noisy copies"
    assert picture.about["layer"] == picture.about["smoothed"]["layer"] == "conv_1"
    assert (picture.values >= 0).all()


def test_captions_are_those_of_the_images_not_of_their_copies():
    model, x = nets.sequential(), nets.images(3)
    names = list("abcde")
    assert kv.smooth_grad(model, x, noise=0.8, labels=names).captions == kv.saliency(model, x, labels=names).captions


def test_a_map_of_squares_has_no_sign():
    model, x = nets.sequential(), nets.images(1)
    signed = [kv.smooth(kv.input_x_gradient, statistic=s)(model, x).signed for s in ("mean", "square", "variance")]
    assert signed == [True, False, False]


@pytest.mark.parametrize(
    "wrong",
    [
        *({"samples": 0}, {"samples": 2.5}, {"samples": True}, {"seed": -1}, {"seed": 0.5}, {"statistic": "median"}),
        *({"noise": -0.1}, {"noise": np.nan}, {"noise": "much"}, {"noise": np.inf}),
    ],
)
def test_what_cannot_be_is_named_when_it_is_made_and_when_it_is_called(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"`{name}"):
        kv.smooth(kv.saliency, **wrong)
    with pytest.raises(ValueError, match=f"`{name}"):
        kv.smooth_grad(nets.sequential(), nets.images(1), **wrong)


def test_what_cannot_be_smoothed_is_named():
    with pytest.raises(TypeError, match="`method` must be a function .*received 'saliency'"):
        kv.smooth("saliency")
    with pytest.raises(TypeError, match="`method` must take a model, images and a target"):
        kv.smooth(lambda model: None)
    with pytest.raises(TypeError, match="`method`: tiles must return `HeatMaps`, a map for each image"):
        kv.smooth(tiles)(nets.sequential(), nets.images(1))
    with pytest.raises(TypeError, match="'lyer'"):
        kv.smooth(kv.grad_cam)(nets.sequential(), nets.images(1), lyer="conv_1")


def test_whole_numbers_of_every_width_are_the_same():
    model, x = nets.sequential(), nets.images(8)
    wanted = kv.smooth_grad(model, x, samples=50).values
    for kind in (np.int8, np.uint8, np.int64):
        np.testing.assert_array_equal(kv.smooth_grad(model, x, samples=kind(50), seed=kind(0)).values, wanted)


def test_an_option_of_the_images_rank_that_is_no_image_is_handed_on_as_it_is():
    def method(model, images, target=None, *, kernel=None):
        return pixels(model, images, scale_of_it=kernel.sum())

    x, kernel = nets.images(3), np.arange(9.0).reshape(3, 3, 1, 1)  # as many as there are images
    values = kv.smooth(method, samples=2)(nets.sequential(), x, kernel=kernel).values
    np.testing.assert_allclose(values, 36 * x[..., 0], atol=1e-4)


def test_a_baseline_for_each_image_may_be_a_list_lack_its_channel_or_be_bound_before():
    import functools

    model = keras.Sequential([keras.Input((6, 5, 1)), L.Conv2D(4, 3, activation="relu"), L.Flatten(), L.Dense(3)])
    nets.draw_weights(model)
    x, start = nets.images(3, shape=(6, 5, 1)), nets.images(3, seed=8, shape=(6, 5, 1))
    method = kv.smooth(kv.integrated_gradients, samples=4)
    wanted = method(model, x, baseline=start).values
    for same in (list(start), start[..., 0], tf.constant(start)):
        np.testing.assert_array_equal(method(model, x, baseline=same).values, wanted)
    bound = kv.smooth(functools.partial(kv.integrated_gradients, baseline=start), samples=4)
    assert bound.__name__ == "smooth_integrated_gradients"
    np.testing.assert_array_equal(bound(model, x).values, wanted)


def test_what_the_method_does_not_know_is_for_the_smoothing_alone():
    x = nets.images(2)
    smoothed = kv.smooth(lambda model, images, target=None: pixels(model, images), samples=3)
    picture = smoothed(nets.sequential(), x, 1, labels=list("abcde"), batch=2, progress=False)
    assert picture.captions[0].startswith(("b", "asked: b"))
    inputs = keras.Input((4, 4, 1), dtype="uint8")
    whole = keras.Model(inputs, L.Dense(2)(L.Flatten()(L.Rescaling(1 / 255)(inputs))))
    with pytest.raises(ValueError, match="takes integers"):
        smoothed(whole, np.ones((2, 4, 4, 1), "uint8"))


def test_a_variance_beside_a_large_mean_keeps_its_digits():
    x = nets.images(1)

    def far(model, images, target=None):
        return kv.HeatMaps(np.float32(2**20) + np.asarray(images)[..., 0], np.asarray(images)[..., :1])

    near = kv.smooth(pixels, statistic="variance", noise=0.5)(nets.sequential(), x).values
    values = kv.smooth(far, statistic="variance", noise=0.5)(nets.sequential(), x).values
    # float32 holds 2^20 + x in steps of 1/8
    assert np.abs(values - near).max() < 0.1 * near.max()


def test_what_a_picture_says_of_itself_is_the_methods_and_the_smoothings():
    model, x = nets.sequential(), nets.images(2)
    told = kv.smooth(kv.rise, samples=2)(model, x, samples=30, grid=3)
    assert told.about["samples"] == 2
    assert told.about["smoothed"]["samples"] == 30
    assert told.origin == "lowest"
    told = kv.smooth(kv.integrated_gradients, samples=2)(model, x, baseline=x / 2).about
    assert told["smoothed"]["method"] == "integrated_gradients"
    assert not {"completeness", "baseline"} & set(told["smoothed"])
