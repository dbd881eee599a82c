"""Is a loss what float64 makes of it, however sure the net is?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_vis.engine.loss import CrossEntropy, LogOdds
from keras_vis.engine.probe import probe
from tests import nets

L = keras.layers


def head(activation, classes=4):
    """f(x) = activation(W x), and W."""
    model = keras.Sequential(
        [keras.Input((2, 3, 1)), L.Flatten(), L.Dense(classes, activation=activation, use_bias=False)]
    )
    nets.draw_weights(model, size=1.0)
    return model, model.get_weights()[0].astype("float64")


def by_hand(logits, index, activation):
    """Log odds and cross-entropy in float64."""
    own = np.take_along_axis(logits, index[:, None], 1)[:, 0]
    if activation == "sigmoid":
        return own, np.logaddexp(0, -own)
    others = [np.delete(row, c) for row, c in zip(logits, index, strict=True)]
    odds = own - np.array([np.logaddexp.reduce(row) for row in others])
    return odds, np.logaddexp.reduce(logits, axis=1) - own


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_log_odds_and_cross_entropy_are_those_of_float64(activation):
    model, weights = head(activation)
    x, index = nets.images(9, shape=(2, 3, 1)), np.arange(9) % 4
    odds, loss = by_hand(x.reshape(9, -1) @ weights, index, activation)
    np.testing.assert_allclose(probe(model).run(x, LogOdds(index)).scores, odds, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(probe(model).run(x, CrossEntropy(index)).scores, loss, rtol=1e-4)
    chance = model.predict(x, verbose=0)[np.arange(9), index]
    np.testing.assert_allclose(probe(model).run(x, CrossEntropy(index)).scores, -np.log(chance), rtol=1e-4)


def test_it_is_the_loss_that_keras_trains_with():
    model, x = nets.sequential(), nets.images(6)
    index = np.array([0, 1, 2, 3, 4, 0])
    keras_own = keras.losses.SparseCategoricalCrossentropy(reduction="none")(index, model(x))
    np.testing.assert_allclose(probe(model).run(x, CrossEntropy(index)).scores, keras_own, rtol=1e-4)


@pytest.mark.parametrize("margin", [0.0, 20.0, 60.0])
def test_a_net_that_is_sure_has_a_loss_and_a_gradient(margin):
    # Three classes, logits (m x, 0, 0): the loss is log(1 + 2 exp(−m x)), its slope −m · 2/(2 + exp(m x)).
    model = keras.Sequential([keras.Input((1, 1, 1)), L.Flatten(), L.Dense(3, activation="softmax", use_bias=False)])
    model.set_weights([np.array([[margin, 0, 0]], "float32")])
    result = probe(model).run(np.ones((1, 1, 1, 1)), CrossEntropy(0))
    assert result.scores[0] == pytest.approx(np.log1p(2 * np.exp(-margin)), rel=1e-5)
    assert result.grads[0].item() == pytest.approx(-margin * 2 / (2 + np.exp(margin)), rel=1e-5)
    odds = probe(model).run(np.ones((1, 1, 1, 1)), LogOdds(0))
    assert odds.scores[0] == pytest.approx(margin - np.log(2), rel=1e-5)
    assert odds.grads[0].item() == pytest.approx(margin, rel=1e-5)


def test_of_a_single_sigmoid_class_0_is_the_other_one():
    model, weights = head("sigmoid", 1)
    x = nets.images(2, shape=(2, 3, 1))
    logit = (x.reshape(2, -1) @ weights)[:, 0]
    np.testing.assert_allclose(
        probe(model).run(x, CrossEntropy([0, 1])).scores, np.logaddexp(0, [logit[0], -logit[1]]), rtol=1e-4
    )


def test_none_is_the_predicted_class_and_an_output_is_named():
    model, two, x, vector = nets.sequential(), nets.two_by_two(), nets.images(5), np.zeros((5, 3))
    best = model.predict(x, verbose=0).max(axis=1)
    np.testing.assert_allclose(probe(model).run(x, CrossEntropy()).scores, -np.log(best), rtol=1e-4)
    parity = two.predict([x, vector], verbose=0)[1][:, 0]
    found = probe(two).run([x, vector], CrossEntropy(1, output="parity")).scores
    np.testing.assert_allclose(found, -np.log(parity), rtol=1e-4)


def test_what_has_no_probability_has_no_loss():
    model = nets.sequential(None)
    with pytest.raises(ValueError, match="ends in neither softmax nor sigmoid, so it gives no probability"):
        probe(model).run(nets.images(1), CrossEntropy(1))


def test_losses_are_told_in_words():
    names = "abcde".__getitem__
    assert CrossEntropy(1).describe(names) == "cross-entropy with b"
    assert LogOdds().describe(names) == "log odds of the predicted class"
    assert str(CrossEntropy(3, output="preds")) == "CrossEntropy(3, output='preds')"
