"""Do the backward rules pass what their papers say, and do they see every rectifier?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vis.engine.probe import probe

L = keras.layers

RECTIFIERS = {
    "activation=": lambda x: L.Activation("relu")(x),
    "ReLU layer": lambda x: L.ReLU()(x),
    "keras.ops.relu": lambda x: keras.ops.relu(x),
    "keras.ops.relu in a Lambda": lambda x: L.Lambda(lambda z: keras.ops.relu(z))(x),
    "tf.nn.relu in a Lambda": lambda x: L.Lambda(lambda z: tf.nn.relu(z))(x),
    "tf.nn.relu as activation": lambda x: L.Activation(tf.nn.relu)(x),
}


def two_units(rectify, weights=((1.0, -2.0), (3.0, 1.0)), out=(1.0, -1.0), depth=0):
    """f(x) = out · relu(x W), the rectifier `depth` models deep."""
    inside = keras.Input((2,))
    part = keras.Model(inside, rectify(inside))
    for _ in range(depth):
        inside = keras.Input((2,))
        part = keras.Model(inside, part(inside))
    inputs = keras.Input((2,))
    hidden = part(L.Dense(2, use_bias=False)(inputs))
    model = keras.Model(inputs, L.Dense(1, use_bias=False)(hidden))
    model.set_weights([np.array(weights, "float32"), np.array(out, "float32")[:, None]])
    return model


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("form", RECTIFIERS)
def test_by_hand_for_every_rectifier_however_deep(form, depth):
    # x = (1, 1): hidden before = (1 + 3, -2 + 1) = (4, -1). Backward signal at the rectifiers: (1, -1).
    # plain: unit 1 open (1), unit 2 shut (0). guided: (1, 0). deconv: the positive part of the signal, (1, 0).
    # x = (-1, 1): before = (2, 3): plain passes (1, -1), guided and deconv only the positive 1.
    # x = (1, -1): before = (-2, -3): plain and guided pass nothing, deconv still (1, 0).
    model = two_units(RECTIFIERS[form], depth=depth)
    x = np.array([[1, 1], [-1, 1], [1, -1]], "float32")
    first, both, none = [1.0, 3.0], [1.0 + 2.0, 3.0 - 1.0], [0.0, 0.0]
    wanted = {None: [first, both, none], "guided": [first, first, none], "deconv": [first, first, first]}
    for rule, grads in wanted.items():
        np.testing.assert_allclose(probe(model).run(x, 0, relu=rule).grads[0], grads, atol=1e-6, err_msg=str(rule))


def test_relu6_is_shut_above_six():
    model = two_units(lambda x: L.ReLU(max_value=6)(x), weights=((1.0, 0.0), (0.0, 1.0)), out=(1.0, 1.0))
    x = np.array([[7.0, 5.0]], "float32")
    for rule, grad in {None: [0, 1], "guided": [0, 1], "deconv": [1, 1]}.items():
        np.testing.assert_allclose(probe(model).run(x, 0, relu=rule).grads[0], [grad], err_msg=str(rule))


def test_a_rule_sees_keras_ops_relu_in_a_lambda_inside_a_nested_model_of_a_subclassed_model():
    nested = two_units(RECTIFIERS["keras.ops.relu in a Lambda"], depth=1)

    class Outer(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = nested

        def call(self, x):
            return tf.nn.relu(self.inner(x))

    x = np.array([[-1, 1], [1, 1]], "float32")
    # inner = (2 - 3, 4): the outer rectifier is shut for the first image
    wanted = {None: [[0, 0], [1, 3]], "guided": [[0, 0], [1, 3]], "deconv": [[1, 3], [1, 3]]}
    model = Outer()
    for rule, grads in wanted.items():
        np.testing.assert_allclose(probe(model).run(x, 0, relu=rule).grads[0], grads, err_msg=str(rule))


def test_rules_equal_the_gradient_where_nothing_is_negative():
    model = two_units(RECTIFIERS["activation="], weights=((1.0, 2.0), (3.0, 1.0)), out=(1.0, 2.0))
    x = np.array([[0.5, 2.0]], "float32")
    plain = probe(model).run(x, 0).grads[0]
    for rule in ("guided", "deconv"):
        np.testing.assert_array_equal(probe(model).run(x, 0, relu=rule).grads[0], plain)


def test_a_rule_does_not_stay_behind():
    model, x = two_units(RECTIFIERS["activation="]), np.array([[-1, 1]], "float32")
    before = probe(model).run(x, 0).grads[0]
    probe(model).run(x, 0, relu="guided")
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x)
    np.testing.assert_array_equal(tape.gradient(y, x), before)
