"""Which layers end in an activation, and are its ends where its numbers end?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vis.engine.batch import take
from keras_vis.engine.curve import curves
from tests import nets

L = keras.layers
INF = float("inf")
FORMS = {
    "linear": (lambda: L.Activation("linear"), None),
    "relu": (lambda: L.ReLU(), (0, INF)),
    "relu6": (lambda: L.Activation("relu6"), (0, 6)),
    "relu to 4": (lambda: L.ReLU(max_value=4), (0, 4)),
    "leaky": (lambda: L.LeakyReLU(), (-INF, INF)),
    "prelu": (lambda: L.PReLU(), (-INF, INF)),
    "elu": (lambda: L.ELU(), (-1, INF)),
    "sigmoid": (lambda: L.Activation("sigmoid"), (0, 1)),
    "hard sigmoid": (lambda: L.Activation("hard_sigmoid"), (0, 1)),
    "tanh in a dense layer": (lambda: L.Dense(3, activation="tanh"), (-1, 1)),
    "hard tanh": (lambda: L.Activation("hard_tanh"), (-1, 1)),
    "a layer as activation": (lambda: L.Dense(3, activation=L.ReLU()), (0, INF)),
    "1 + 2 tanh by hand": (lambda: L.Lambda(lambda z: 1 + 2 * tf.nn.tanh(z)), (-1, 3)),
    "3 - relu6 by hand": (lambda: L.Lambda(lambda z: 3 - tf.nn.relu6(z) / 2), (0, 3)),
    "z + |z| by hand": (lambda: L.Lambda(lambda z: (z + tf.abs(z)) / 2), (0, INF)),
    "a leak by hand": (lambda: L.Lambda(lambda z: tf.maximum(z, 0.1 * z)), (-INF, INF)),
    "softsign by hand": (lambda: L.Lambda(lambda z: z / (1 + tf.abs(z))), (-INF, INF)),
    "squareplus": (lambda: L.Activation("squareplus"), (-INF, INF)),
    "sparse plus": (lambda: L.Activation("sparse_plus"), (-INF, INF)),
    "arc tangent": (lambda: L.Lambda(lambda z: tf.atan(100 * z)), (-np.pi / 2, np.pi / 2)),
    "square": (lambda: L.Lambda(tf.square), (0, INF)),
    "z times z by hand": (lambda: L.Lambda(lambda z: z * z), (0, INF)),
    "z times z + 1 by hand": (lambda: L.Lambda(lambda z: z * (z + 1)), (-INF, INF)),
    "1 - |tanh| by hand": (lambda: L.Lambda(lambda z: 1 - tf.abs(tf.tanh(z / 20))), (0, 1)),
    "root": (lambda: L.Lambda(lambda z: tf.sqrt(tf.square(z) + 4)), (2, INF)),
    "sign": (lambda: L.Lambda(tf.sign), (-1, 1)),
    "gelu": (lambda: L.Activation("gelu"), (-INF, INF)),
    "swish": (lambda: L.Activation("silu"), (-INF, INF)),
    "softmax": (lambda: L.Softmax(), (-INF, INF)),
    "batch normalisation": (lambda: L.BatchNormalization(), None),
    "layer normalisation": (lambda: L.LayerNormalization(), None),
    "unit normalisation": (lambda: L.UnitNormalization(), None),
    "norm by hand": (lambda: L.Lambda(lambda z: z / tf.sqrt(tf.reduce_mean(z * z, -1, keepdims=True) + 1)), None),
    "group normalisation": (lambda: L.GroupNormalization(2), None),
    "rms normalisation": (lambda: L.RMSNormalization(), None),
    "pooling": (lambda: L.MaxPooling2D(), None),
    "dropout": (lambda: L.Dropout(0.5), None),
}


@pytest.mark.parametrize(("make", "ends"), FORMS.values(), ids=FORMS)
def test_the_ends_of_every_form_of_activation(make, ends):
    sums = L.Conv2D(4, 3, kernel_initializer=keras.initializers.GlorotUniform(seed=0))
    model = keras.Sequential([keras.Input((6, 6, 4)), sums, make()])
    x = np.random.default_rng(0).normal(0, 30, (8, 6, 6, 4)).astype("float32")
    found = curves(model, take(model, x))
    assert found == ({} if ends is None else {model.layers[-1].name: ends})
    if ends is not None:
        values = np.asarray(model(x))
        assert ends[0] <= values.min()
        assert values.max() <= ends[1]
        # an end is where the numbers end, not somewhere beyond
        for end, reached in zip(ends, (values.min(), values.max()), strict=True):
            assert np.isinf(end) or abs(reached - end) < 0.01


@pytest.mark.parametrize(
    "make",
    [nets.sequential, nets.functional, nets.activations_as_layers, nets.subclassed, nets.activations_as_operations],
)
def test_the_same_net_has_its_activations_in_the_same_places_however_it_is_written(make):
    model = make()
    found = {path.rpartition("/")[2]: ends for path, ends in curves(model, take(model, nets.images())).items()}
    assert found == {"conv_1": (0, INF), "conv_2": (0, INF), "preds": (-INF, INF)}


def test_of_a_convolution_a_normalisation_and_a_rectifier_the_last_ends_in_an_activation():
    x = inputs = keras.Input(nets.SHAPE)
    x = L.ReLU(name="rectified")(L.BatchNormalization()(L.Conv2D(4, 3)(x)))
    # an activation that lies before a normalisation is not the normalisation's
    x = L.BatchNormalization()(keras.ops.relu(L.Conv2D(4, 3)(x)))
    model = keras.Model(inputs, L.Dense(2, name="logits")(L.Flatten()(x)))
    assert list(curves(model, take(model, nets.images()))) == ["rectified"]


def test_a_distance_or_the_greater_of_two_layers_is_a_merge_and_no_activation():
    inputs = keras.Input((3,))
    ends = []
    for merge in (lambda p: tf.abs(p[0] - p[1]), lambda p: tf.maximum(p[0], p[1]), lambda p: p[0] * p[1]):
        ends.append(L.Lambda(merge)([L.Dense(4)(inputs), L.Dense(4)(inputs)]))
    # of a single unit the norm has the shape of what it is of
    single = L.Dense(1)(inputs)
    ends += [L.UnitNormalization()(single), L.LayerNormalization()(single), L.BatchNormalization()(single)]
    model = keras.Model(inputs, ends)
    assert curves(model, take(model, np.ones((2, 3)))) == {}


def test_a_nested_model_that_hands_on_an_activation_is_not_named_beside_it():
    model = nets.nested()
    assert "backbone" not in curves(model, take(model, nets.images()))


BY_HAND = {
    "selu": (lambda z: tf.nn.selu(z), (-1.7580993408473766, INF)),
    "erfc": (lambda z: tf.math.erfc(z), (0, 2)),
    "-relu6": (lambda z: -tf.nn.relu6(z), (-6, 0)),
    "-2 sigmoid": (lambda z: -2 * tf.sigmoid(z), (-2, 0)),
    "a rectifier of a rectifier": (lambda z: tf.nn.relu(tf.nn.relu6(z) - 4), (0, 2)),
    "2 sigmoid, cut off below": (
        lambda z: tf.raw_ops.ClipByValue(t=2 * tf.sigmoid(z), clip_value_min=0.5, clip_value_max=5.0),
        (0.5, 2),
    ),
    "all cut off": (lambda z: tf.minimum(tf.sigmoid(z) + 3, 2), (2, 2)),
    "sigmoid from exp": (lambda z: 1 / (1 + tf.exp(-tf.clip_by_value(z, -50, 50))), (-INF, INF)),
    "times nothing": (lambda z: 0 * tf.nn.relu(z), (-INF, INF)),
}


@pytest.mark.parametrize(("make", "ends"), BY_HAND.values(), ids=BY_HAND)
def test_the_ends_of_an_activation_by_hand_are_worked_out_from_its_parts(make, ends):
    test_the_ends_of_every_form_of_activation(lambda: L.Lambda(make), ends)
