"""Guided backprop and deconvnet: do rectifiers pass back what the papers say, and are others named?"""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from tests import nets

L = keras.layers
METHODS = {"guided": kv.guided_backprop, "deconv": kv.deconvnet}


def by_hand(scale=1.0):
    """x = (3, -1, 2, -4), two 1x1 kernels A: x and B: -x, ReLU, max-pool in pairs, two hidden ReLUs, two classes.

    A before its ReLU (3, -1, 2, -4), after the pool 3 from place 0 and 2 from place 2.
    B before its ReLU (-3, 1, -2, 4), after the pool 1 from place 1 and 4 from place 3.
    In the order A0 B0 A1 B1 the hidden units weigh (1, -1, 0, 1) and (-1, 2, 1, -1): 3 - 1 + 4 = 6, which is open, and
    -3 + 2 + 2 - 4 = -3, which is shut. Class 0 weighs them (2, 3), class 1 (-1, 1).
    """
    model = keras.Sequential(
        [
            keras.Input((1, 4, 1)),
            L.Conv2D(2, 1, activation="relu", use_bias=False, name="maps"),
            L.MaxPooling2D((1, 2), name="pool"),
            L.Flatten(),
            L.Dense(2, activation="relu", use_bias=False, name="hidden"),
            L.Dense(2, activation="softmax", use_bias=False),
        ]
    )
    hidden = np.array([[1, -1], [-1, 2], [0, 1], [1, -1]], "float32")
    model.set_weights(
        [np.array([1, -1], "float32").reshape(1, 1, 1, 2), hidden, np.array([[2, -1], [3, 1]], "float32")]
    )
    return model, np.float32(scale) * np.array([3, -1, 2, -4], "float32").reshape(1, 1, 4, 1)


# What comes back to the hidden units, what passes; times their weights, at A0 B0 A1 B1; what passes of that, sent to
# places 0, 1, 2, 3 by the switches; times +1 for A and -1 for B.
BY_HAND = {
    # (2, 3). guided: (2, 0); (2, -2, 0, 2); A0 and B1.
    # deconv: (2, 3); (2 - 3, -2 + 6, 3, 2 - 3) = (-1, 4, 3, -1); B0 and A1.
    "logit 0": (kv.Logit(0), {"guided": [2, 0, 0, -2], "deconv": [0, -4, 3, 0]}),
    # (-1, 1). guided: nothing, the first is negative, the second shut. deconv: (0, 1); (-1, 2, 1, -1); B0 and A1.
    "logit 1": (kv.Logit(1), {"guided": [0, 0, 0, 0], "deconv": [0, -2, 1, 0]}),
    # (1, 4). guided: (1, 0); (1, -1, 0, 1). deconv: (1 - 4, -1 + 8, 4, 1 - 4) = (-3, 7, 4, -3).
    "sum": (kv.Logit(0) + kv.Logit(1), {"guided": [1, 0, 0, -1], "deconv": [0, -7, 4, 0]}),
    # (3, 2), not the difference of what passes of (2, 3) and (-1, 1). guided: (3, 0); (3, -3, 0, 3).
    # deconv: (3 - 2, -3 + 4, 2, 3 - 2) = (1, 1, 2, 1), all of it.
    "difference": (kv.Logit(0) - kv.Logit(1), {"guided": [3, 0, 0, -3], "deconv": [1, -1, 2, -1]}),
    # B's four places get 1/4 each; its ReLU is open at places 1 and 3.
    "channel": (kv.Channel("maps", 1), {"guided": [0, -0.25, 0, -0.25], "deconv": [-0.25] * 4}),
    # A at place 1, where it is shut, and at place 2, where it is open.
    "neuron shut": (kv.Neuron("maps", 0, 0, 1), {"guided": [0, 0, 0, 0], "deconv": [0, 1, 0, 0]}),
    "neuron open": (kv.Neuron("maps", 0, 0, 2), {"guided": [0, 0, 1, 0], "deconv": [0, 0, 1, 0]}),
    # B is highest at place 3.
    "strongest": (kv.StrongestNeuron("maps", 1), {"guided": [0, 0, 0, -1], "deconv": [0, 0, 0, -1]}),
}


@pytest.mark.parametrize("rule", METHODS)
@pytest.mark.parametrize("case", BY_HAND)
def test_a_net_worked_out_by_hand(case, rule):
    model, x = by_hand()
    target, wanted = BY_HAND[case]
    np.testing.assert_allclose(METHODS[rule](model, x, target).values.ravel(), wanted[rule], atol=1e-6)


def test_the_probability_sends_back_the_difference_of_the_logits_times_p_times_one_minus_p():
    # dp_0/dz = p_0 p_1 (1, -1); a net without biases: at x/20 the logits are (12, -6)/20, the maps those of x.
    model, x = by_hand(scale=1 / 20)
    p = 1 / (1 + np.exp(-0.9))
    for rule, method in METHODS.items():
        wanted = p * (1 - p) * np.array(BY_HAND["difference"][1][rule])
        np.testing.assert_allclose(method(model, x, kv.Probability(0)).values.ravel(), wanted, rtol=1e-4, atol=1e-7)
        # The other way about, (-3, -2) times that: nothing is positive.
        np.testing.assert_array_equal(method(model, x, kv.Probability(1)).values, 0)


@pytest.mark.parametrize(("out", "guided"), [((2, 3), 5), ((-2, 3), 1), ((2, -3), 0)])
def test_what_overlapping_pools_send_back_to_one_place_is_summed_and_then_rectified(out, guided):
    # relu(1, 5, 2), pools (1, 5) and (5, 2): both have their maximum at place 1
    model = keras.Sequential(
        [
            keras.Input((1, 3, 1)),
            L.ReLU(),
            L.MaxPooling2D((1, 2), strides=1),
            L.Flatten(),
            L.Dense(1, use_bias=False),
        ]
    )
    model.set_weights([np.array(out, "float32")[:, None]])
    x = np.array([1, 5, 2], "float32").reshape(1, 1, 3, 1)
    for method in METHODS.values():
        np.testing.assert_allclose(method(model, x, 0).values.ravel(), [0, guided, 0])


def test_relu6_is_shut_above_six_for_guided_backprop_and_open_for_the_deconvnet():
    model = keras.Sequential(
        [keras.Input((1, 4, 1)), L.ReLU(max_value=6), L.Flatten(), L.Dense(1, use_bias=False)],
    )
    model.set_weights([np.array([1, 2, 3, -4], "float32")[:, None]])
    x = np.array([7, 5, -1, 5], "float32").reshape(1, 1, 4, 1)
    np.testing.assert_allclose(kv.guided_backprop(model, x, 0).values.ravel(), [0, 2, 0, 0])
    np.testing.assert_allclose(kv.deconvnet(model, x, 0).values.ravel(), [1, 2, 3, 0])


def test_both_equal_saliency_where_nothing_is_negative():
    model, x = nets.sequential(None), np.abs(nets.images())
    model.set_weights([np.abs(weight) for weight in model.get_weights()])
    plain = kv.saliency(model, x, 2).values
    for method in METHODS.values():
        np.testing.assert_array_equal(method(model, x, 2).values, plain)


@tf.custom_gradient
def guided_relu(x):
    return tf.maximum(x, 0.0), lambda grad: grad * tf.cast(x > 0, grad.dtype) * tf.cast(grad > 0, grad.dtype)


@tf.custom_gradient
def deconv_relu(x):
    return tf.maximum(x, 0.0), lambda grad: tf.maximum(grad, 0.0)


@pytest.mark.parametrize("rule", METHODS)
def test_both_equal_a_net_built_with_such_rectifiers(rule, digits):
    from mnist_demo.net import tutorial_net

    rectify = {"guided": guided_relu, "deconv": deconv_relu}[rule]
    model, x = tutorial_net(), digits[0][:4]
    nets.draw_weights(model, size=0.1)
    a = inputs = keras.Input((28, 28, 1))
    a = L.Lambda(rectify)(L.Conv2D(32, 3)(a))
    a = L.Lambda(rectify)(L.Conv2D(64, 3)(a))
    a = L.Lambda(rectify)(L.Dense(128)(L.Flatten()(L.MaxPooling2D(2)(a))))
    twin = keras.Model(inputs, L.Dense(10)(a))
    twin.set_weights(model.get_weights())
    pixels = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        score = twin(pixels)[:, 7]
    wanted = tape.gradient(score, pixels).numpy()
    assert np.abs(wanted).max() > 1e-3
    np.testing.assert_allclose(METHODS[rule](model, x, 7).values, wanted, rtol=1e-3, atol=1e-5 * np.abs(wanted).max())


def test_the_strongest_neuron_goes_down_as_in_the_paper():
    """The deconvnet of section 2.1 in NumPy: unpool with switches, rectify, filter with the transposed kernels."""
    model = keras.Sequential(
        [
            keras.Input((8, 10, 2)),
            L.Conv2D(3, 3, activation="relu", name="low"),
            L.MaxPooling2D(2),
            L.Conv2D(4, 2, activation="relu", name="top"),
            L.Flatten(),
            L.Dense(3, activation="softmax"),
        ]
    )
    nets.draw_weights(model)
    low, low_bias, top, top_bias = model.get_weights()[:4]
    x = nets.images(3, shape=(8, 10, 2))

    def convolve(maps, kernels, bias):
        h, w = (size - kernels.shape[0] + 1 for size in maps.shape[:2])
        out = np.zeros((h, w, kernels.shape[3]))
        for i, j in np.ndindex(h, w):
            window = maps[i : i + kernels.shape[0], j : j + kernels.shape[1]]
            out[i, j] = np.einsum("abc,abck->k", window, kernels) + bias
        return np.maximum(out, 0)

    def filter_back(signal, kernels):
        size = kernels.shape[0]
        out = np.zeros((signal.shape[0] + size - 1, signal.shape[1] + size - 1, kernels.shape[2]))
        for i, j in np.ndindex(signal.shape[:2]):
            out[i : i + size, j : j + size] += np.einsum("k,abck->abc", signal[i, j], kernels)
        return out

    for k in range(4):
        got = kv.deconvnet(model, x, kv.StrongestNeuron("top", k)).values
        for image, values in zip(x, got, strict=True):
            maps = convolve(image, low, low_bias)
            blocks = maps.reshape(3, 2, 4, 2, 3).transpose(0, 2, 1, 3, 4).reshape(3, 4, 4, 3)
            switches = blocks.argmax(axis=2)
            strongest = convolve(blocks.max(axis=2), top, top_bias)[..., k]
            signal = np.zeros((*strongest.shape, 4))
            signal[(*np.unravel_index(strongest.argmax(), strongest.shape), k)] = 1
            signal = filter_back(np.maximum(signal, 0), top)
            unpooled = np.zeros_like(blocks)
            np.put_along_axis(unpooled, switches[:, :, None], signal[:, :, None], axis=2)
            unpooled = unpooled.reshape(3, 4, 2, 2, 3).transpose(0, 2, 1, 3, 4).reshape(6, 8, 3)
            np.testing.assert_allclose(values, filter_back(np.maximum(unpooled, 0), low), rtol=1e-4, atol=1e-6)
        assert np.abs(got).max() > 1e-2


def test_without_max_poolings_the_deconvnet_has_the_same_values_for_every_image():
    model = keras.Sequential(
        [
            keras.Input(nets.SHAPE),
            L.Conv2D(4, 3, strides=2, activation="relu"),
            L.Conv2D(4, 3, activation="relu"),
            L.GlobalAveragePooling2D(),
            L.Dense(3, activation="softmax"),
        ]
    )
    nets.draw_weights(model)
    x = nets.images(3)
    deconv, guided = (method(model, x, 1).values for method in (kv.deconvnet, kv.guided_backprop))
    np.testing.assert_allclose(deconv, np.broadcast_to(deconv[:1], deconv.shape), rtol=1e-6)
    assert np.abs(guided[1] - guided[0]).max() > 1e-2 * np.abs(guided).max()


def named(n, activation="elu"):
    """A net with n activations that no rule reaches, one that it reaches, and a head."""
    model = keras.Sequential([keras.Input((4, 4, 1)), L.Conv2D(2, 1, activation="relu", name="plain")])
    for i in range(n):
        model.add(L.Conv2D(2, 1, activation=activation, name=f"act_{i}"))
    model.add(L.Flatten())
    model.add(L.Dense(2, activation="softmax"))
    return model


@pytest.mark.parametrize(
    ("n", "names"),
    [(1, "act_0"), (5, "act_0, act_1, act_2, act_3, act_4"), (7, "act_0, act_1, act_2, act_3, ... and 3 more")],
)
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_activations_that_are_no_rectifiers_are_named_at_each_call_at_the_users_line(method, n, names):
    model, x = named(n), nets.images(2, shape=(4, 4, 1))
    for _ in range(2):  # the second has its graph already
        with pytest.warns(UserWarning, match="act_0") as caught:
            picture = method(model, x)
        (warning,) = caught
        text = str(warning.message)
        assert text.startswith(f"{method.__name__}: the rule is for rectifiers (ReLU, ReLU6)")
        assert text.endswith(f": {names}.")
        assert warning.filename == __file__
        assert picture.about["unreached"] == [f"act_{i}" for i in range(n)]


def test_a_net_of_rectifiers_gets_no_warning_and_its_picture_says_that_all_are_reached():
    for method in METHODS.values():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert method(named(2, "relu"), nets.images(2, shape=(4, 4, 1))).about["unreached"] == []


def test_a_callback_warns_at_the_line_that_trains(tmp_path):
    model, x = named(1), nets.images(4, shape=(4, 4, 1))
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match="deconvnet: .*: act_0") as caught:
        model.fit(x, np.zeros(4), verbose=0, callbacks=[kv.callbacks.DeconvNet(x, 1, directory=tmp_path)])
    assert {warning.filename for warning in caught} == {__file__}
    assert (tmp_path / "deconvnet" / "epoch-0001.png").is_file()


def test_titles_say_which_method_and_what_was_asked():
    model, x = by_hand()
    assert kv.guided_backprop(model, x, 1).title == "Guided backprop of the logit of 1"
    assert kv.deconvnet(model, x, kv.Channel("maps", 1)).title == "Deconvnet of the channel 1 of maps"
