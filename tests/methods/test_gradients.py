"""Saliency: is it the gradient of the logit?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from tests import nets

L = keras.layers


def test_saliency_of_a_linear_model_is_its_weights():
    model = keras.Sequential([keras.Input((3, 4, 1)), L.Flatten(), L.Dense(2, activation="softmax")])
    nets.draw_weights(model)
    weights = model.get_weights()[0].reshape(3, 4, 1, 2)
    picture = kv.saliency(model, nets.images(3, shape=(3, 4, 1)), [0, 1, 0])
    np.testing.assert_allclose(picture.values, np.moveaxis(weights, -1, 0)[[0, 1, 0]], rtol=1e-6)


def test_saliency_equals_a_tape_of_its_own():
    model, x = nets.sequential(None), tf.constant(nets.images())
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = model(x)[:, 2]
    np.testing.assert_allclose(kv.saliency(model, x, 2).values, tape.gradient(score, x), rtol=1e-4, atol=1e-6)


def test_saliency_equals_finite_differences_of_the_models_own_output():
    model, x = nets.sequential(None, activation="tanh"), nets.images(1)
    values, step = kv.saliency(model, x, 1).values[0], 2e-3
    for at in [(2, 3, 0), (6, 6, 1), (11, 9, 0), (5, 1, 1)]:
        nudge = np.zeros_like(x)
        nudge[(0, *at)] = step
        up, down = (model.predict(x + sign * nudge, verbose=0)[0, 1] for sign in (1, -1))
        assert values[at] == pytest.approx((up - down) / (2 * step), rel=2e-2, abs=5e-4)


def test_saliency_of_the_probability_follows_the_chain_rule():
    model, x = nets.sequential(), nets.images(2)
    p = model.predict(x, verbose=0)
    logits = np.stack([kv.saliency(model, x, k).values for k in range(5)])
    # dp_1/dx = p_1 (dz_1/dx - sum_k p_k dz_k/dx)
    wanted = p[:, 1, None, None, None] * (logits[1] - np.einsum("nk,knhwc->nhwc", p, logits))
    np.testing.assert_allclose(kv.saliency(model, x, kv.Probability(1)).values, wanted, rtol=1e-3, atol=1e-6)


def test_captions_name_class_probability_and_what_is_predicted_instead():
    model, x = nets.sequential(), nets.images(2)
    p = model.predict(x, verbose=0)
    best = p.argmax(axis=1)
    other = (best + 1) % 5
    names = ["zero", "one", "two", "three", "four"]
    picture = kv.saliency(model, x, [best[0], other[1]], labels=names)
    assert picture.captions[0] == f"{names[best[0]]}  {100 * p[0, best[0]]:.1f} %"
    assert picture.captions[1].splitlines() == [
        f"asked: {names[other[1]]}  {100 * p[1, other[1]]:.1f} %",
        f"predicted: {names[best[1]]}  {100 * p[1, best[1]]:.1f} %",
    ]
    with pytest.raises(ValueError, match="`labels` has 2 names, but the model has 5 classes"):
        kv.saliency(model, x, labels=["a", "b"])
