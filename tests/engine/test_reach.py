"""Is everything named that a backward rule does not reach, by the layer it is in, and nothing else?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.engine import probe as probe_module
from keras_vis.engine.probe import probe
from tests import nets

L = keras.layers
SHAPE = (4, 4, 4)


def activation(function):
    return lambda name: L.Activation(function, name=name)


def by_hand(function):
    return lambda name: L.Lambda(function, name=name)


@tf.custom_gradient
def straight_through(x):
    return tf.nn.relu(x), lambda grad: grad


def in_functions(x):
    """A rectifier two functions deep."""

    @tf.function
    def inner(z):
        return tf.nn.relu(z)

    return tf.function(lambda z: 2 * inner(z))(x)


class Gated(L.Layer):
    """A layer with a layer in it, each with its own activation."""

    def build(self, shape):
        self.gate = L.Conv2D(shape[-1], 1, activation="sigmoid", name="gate")
        self.gate.build(shape)

    def call(self, x):
        return x * self.gate(x)


class Helped(L.Layer):
    """A layer that calls a layer in a function of its own."""

    def build(self, shape):
        self.inner = L.Conv2D(shape[-1], 1, activation="relu", name="inner")
        self.inner.build(shape)

    @tf.function
    def helper(self, x):
        return self.inner(x)

    def call(self, x):
        return self.helper(x)


class Skip(L.Layer):
    """A skip connection around rectifiers, one of them directly behind a normalisation."""

    def build(self, shape):
        self.normal = L.BatchNormalization(name="normal")
        self.filter = L.Conv2D(shape[-1], 1, name="filter")
        self.normal.build(shape)
        self.filter.build(shape)

    def call(self, x):
        return x + tf.nn.relu(self.normal(x)) + tf.nn.relu(self.filter(x))


# What makes a layer of a name, for all that must be named.
OTHERS = {
    **{
        name: activation(name)
        for name in (
            *("elu", "selu", "celu", "softplus", "softsign", "sigmoid", "tanh", "silu", "gelu", "mish", "leaky_relu"),
            *("hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink", "squareplus", "log_sigmoid"),
            *("sparse_plus", "sparse_sigmoid", "exponential"),
        )
    },
    "glu": by_hand(lambda x: keras.activations.glu(x)),
    "gelu_tanh": activation(lambda x: keras.activations.gelu(x, approximate=True)),
    "threshold": activation(lambda x: keras.activations.threshold(x, 0.5, 0.0)),
    "ELU": lambda name: L.ELU(name=name),
    "PReLU": lambda name: L.PReLU(name=name),
    "LeakyReLU": lambda name: L.LeakyReLU(name=name),
    "ReLU_threshold": lambda name: L.ReLU(threshold=1.0, name=name),
    "ReLU_slope": lambda name: L.ReLU(negative_slope=0.1, name=name),
    "ReLU_slope_and_threshold": lambda name: L.ReLU(negative_slope=0.1, threshold=1.0, name=name),
    "ReLU_slope_and_bound": lambda name: L.ReLU(negative_slope=0.1, max_value=6.0, name=name),
    "maximum": by_hand(lambda x: tf.maximum(x, 0.0)),
    "minimum": by_hand(lambda x: -tf.minimum(0.0, -x)),
    "clip": by_hand(lambda x: tf.clip_by_value(x, -1.0, 1.0)),
    "where": by_hand(lambda x: tf.where(x > 0, x, 0.0)),
    "mask": by_hand(lambda x: x * tf.cast(x >= 0, x.dtype)),
    "sign": by_hand(lambda x: x * (1 + tf.sign(x)) / 2),
    "absolute": by_hand(lambda x: x + tf.abs(x)),
    "leaky_maximum": by_hand(lambda x: tf.maximum(x, 0.1 * x)),
    "leaky_sum": by_hand(lambda x: 0.1 * x + 0.9 * tf.nn.relu(x)),
    "leaky_difference": by_hand(lambda x: tf.nn.relu(x) - 0.1 * tf.nn.relu(-x)),
    "hard_swish": by_hand(lambda x: x * tf.nn.relu6(x + 3) / 6),
    "sine": by_hand(lambda x: tf.sin(30 * x)),
    "of_the_mean": by_hand(lambda x: x + tf.maximum(tf.reduce_mean(x, (1, 2), keepdims=True), 0.0)),
    "in_a_function": by_hand(tf.function(lambda x: tf.nn.relu(x))),
    "compiled": by_hand(tf.function(lambda x: tf.nn.relu6(x), jit_compile=True)),
    "two_functions_deep": by_hand(in_functions),
    "elu_in_a_function": by_hand(tf.function(lambda x: tf.nn.elu(x))),
    "where_in_a_function": by_hand(tf.function(lambda x: tf.where(x > 0, x, 0.0))),
    "exponential_in_a_function": by_hand(tf.function(lambda x: tf.exp(x))),
    "branch": by_hand(lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: tf.nn.relu(x), lambda: x)),
    "loop": by_hand(
        lambda x: tf.while_loop(lambda i, z: i < 2, lambda i, z: [i + 1, tf.nn.relu(z)], [tf.constant(0), x])[1]
    ),
    "custom_gradient": by_hand(straight_through),
    "recomputed": by_hand(tf.recompute_grad(lambda x: tf.nn.relu(x))),
    "helped": lambda name: Helped(name=name),
}
# What must not.
FINE = {
    "relu": activation("relu"),
    "relu6": activation("relu6"),
    "hard_sigmoid": activation("hard_sigmoid"),  # relu6(x + 3) / 6
    "softmax": activation("softmax"),
    "log_softmax": activation("log_softmax"),
    "ReLU6": lambda name: L.ReLU(max_value=6.0, name=name),
    "crelu": by_hand(tf.nn.crelu),
    "crelu_by_hand": by_hand(lambda x: tf.concat([tf.nn.relu(x), tf.nn.relu(-x)], -1)),
    "grouped": lambda name: L.Conv2D(4, 1, groups=2, activation="relu", name=name),
    "separable": lambda name: L.SeparableConv2D(4, 3, name=name),
    "batch": lambda name: L.BatchNormalization(name=name),
    "layer": lambda name: L.LayerNormalization(name=name),
    "group": lambda name: L.GroupNormalization(2, name=name),
    "rms": lambda name: L.RMSNormalization(name=name),
    "unit": lambda name: L.UnitNormalization(name=name),
    "fixed": lambda name: L.Normalization(mean=1.0, variance=2.0, name=name),
    "l2": by_hand(lambda x: tf.math.l2_normalize(x, -1)),
    "l1": by_hand(lambda x: x / tf.reduce_sum(tf.abs(x), -1, keepdims=True)),
    "rms_by_hand": by_hand(lambda x: x / tf.sqrt(tf.reduce_mean(x**2, -1, keepdims=True) + 1e-3)),
    "softmax_by_hand": by_hand(lambda x: tf.exp(x - tf.reduce_logsumexp(x, -1, keepdims=True))),
    "response": by_hand(tf.nn.local_response_normalization),
    "dropout": lambda name: L.Dropout(0.5, name=name),
    "noise": lambda name: L.GaussianNoise(0.5, name=name),
    "resizing": lambda name: L.Resizing(3, 5, crop_to_aspect_ratio=True, name=name),
    "rescaling": lambda name: L.Rescaling(0.1, name=name),
    "rotation": lambda name: L.RandomRotation(0.1, name=name),
    "upsampling": lambda name: L.UpSampling2D(2, interpolation="bilinear", name=name),
    "pools": lambda name: keras.Sequential([L.MaxPooling2D(2), L.AveragePooling2D(2)], name=name),
    "linear_function": by_hand(tf.function(lambda x: 2 * x)),
    "sizes_in_a_function": by_hand(tf.function(lambda x: x / tf.cast(tf.maximum(tf.shape(x)[0], 1), x.dtype))),
    "norm_in_a_function": by_hand(tf.function(lambda x: x / tf.sqrt(tf.reduce_sum(x**2, -1, keepdims=True) + 1.0))),
    "linear_branch": by_hand(lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: 2 * x, lambda: x)),
    "linear_loop": by_hand(
        lambda x: tf.while_loop(lambda z: tf.reduce_sum(z) < -1e9, lambda z: [2 * z], [x], maximum_iterations=2)[0]
    ),
    "skip": lambda name: Skip(name=name),
}


def star(parts, more=()):
    """A net with every part in a branch of its own, behind a convolution."""
    inputs = keras.Input(SHAPE)
    branches = [make(name)(L.Conv2D(4, 1)(inputs)) for name, make in parts.items()]
    branches += [make(L.Conv2D(4, 1)(inputs)) for make in more]
    flat = [L.GlobalAveragePooling2D()(branch) for branch in branches]
    return keras.Model(inputs, L.Dense(3, activation="softmax")(L.Concatenate()(flat)))


def unreached(model, target=0, shape=SHAPE, wrt=(0,), rules=("guided", "deconv")):
    """What is not reached, under both rules the same."""
    x = nets.images(2, shape=shape)
    found = [probe(model).run(x, target, wrt=wrt, relu=rule).unreached for rule in rules]
    assert all(names == found[0] for names in found)
    return found[0]


def test_each_other_activation_and_each_hidden_rectifier_is_named_once():
    assert sorted(unreached(star(OTHERS))) == sorted(OTHERS)


def test_what_is_no_activation_is_not_named():
    merges = [
        lambda x: L.MultiHeadAttention(2, 3)(x, x),
        lambda x: L.Attention()([x, x]),
        lambda x: L.Add()([x, L.ReLU()(x)]),  # a skip connection
        lambda x: L.Add()([x, L.ReLU()(L.BatchNormalization()(x))]),
        lambda x: L.Concatenate()([L.ReLU()(x), L.ReLU()(-x)]),
        lambda x: L.Maximum()([x, L.Conv2D(4, 1)(x)]),
        lambda x: L.Multiply()([x, L.ReLU()(L.Conv2D(4, 1)(x))]),
    ]
    merges += [
        lambda x: x / keras.ops.sqrt(keras.ops.sum(keras.ops.square(x), axis=-1, keepdims=True) + 1.0),
        lambda x: x / keras.ops.sum(keras.ops.abs(x), axis=-1, keepdims=True),
    ]
    assert unreached(star(FINE, merges)) == ()


def test_layers_and_operations_between_layers_are_named_where_they_make_one_activation_together():
    def leaky(x):
        return L.Subtract()([L.ReLU(name="up")(x), L.Rescaling(0.1)(L.ReLU(name="down")(-x))])

    def swish(x):
        return x * L.ReLU(6.0, name="bounded")(x + 3.0) / 6.0

    assert set(unreached(star({}, [leaky, swish]))) == {"up", "down", "bounded"}
    model = star({}, [lambda x: 0.1 * x + 0.9 * keras.ops.relu(x)])
    (relu,) = [operation.name for operation in model.operations if type(operation).__name__ == "Relu"]
    assert unreached(model) == (relu,)


def test_a_bound_on_a_rectifier_is_named_for_the_deconvnet_alone():
    # ReLU(max_value=4) is min(relu(x), 4): the gradient of the minimum is shut above 4, as guided backprop wants it,
    # and the deconvnet does not: f = 2 a + 3 b - 4 c at (5, 3, 3).
    model = keras.Sequential([keras.Input((3,)), L.ReLU(max_value=4.0, name="four"), L.Dense(1, use_bias=False)])
    model.set_weights([np.array([[2], [3], [-4]], "float32")])
    x = np.array([[5, 3, 3]], "float32")
    guided = probe(model).run(x, 0, relu="guided")
    np.testing.assert_allclose(guided.grads[0], [[0, 3, 0]])
    assert guided.unreached == ()
    assert probe(model).run(x, 0, relu="deconv").unreached == ("four",)


def test_a_prelu_is_named_for_what_comes_back_is_no_rule_of_it():
    # relu(x) - a relu(-x) with a = 1/2 at (-1, -1), behind it (2, -2). Its gradient is (1, -1). Guided, each of its
    # rectifiers passes by itself: relu(-x) gets (-1, 1) and passes (0, 1), which is (0, -1) for x.
    model = keras.Sequential([keras.Input((2,)), L.PReLU(name="prelu"), L.Dense(1, use_bias=False)])
    model.set_weights([np.array([0.5, 0.5], "float32"), np.array([[2], [-2]], "float32")])
    result = probe(model).run(np.array([[-1, -1]], "float32"), 0, relu="guided")
    np.testing.assert_allclose(result.grads[0], [[0, -1]])
    assert result.unreached == ("prelu",)


def test_paths_are_those_of_the_innermost_layer_and_operations_have_their_own_names():
    x = inside = keras.Input(SHAPE)
    x = L.Conv2D(4, 1, activation="elu", name="conv")(x)
    x = keras.ops.silu(x)
    backbone = keras.Model(inside, Gated(name="gated")(x), name="backbone")
    inputs = keras.Input(SHAPE)
    x = keras.ops.tanh(keras.ops.relu(backbone(backbone(inputs))))  # each is named once
    model = keras.Model(inputs, L.Dense(2)(L.Flatten()(x)))
    silu = next(op.name for op in backbone.operations if type(op).__name__ == "Silu")
    tanh = next(op.name for op in model.operations if type(op).__name__ == "Tanh")
    assert unreached(model) == ("backbone/conv", f"backbone/{silu}", "backbone/gated/gate", tanh)


def test_what_a_subclassed_model_does_in_its_own_call_bears_its_name():
    class Own(keras.Model):
        def __init__(self):
            super().__init__(name="own")
            self.flatten, self.preds = L.Flatten(), L.Dense(2, activation="sigmoid")

        @tf.function
        def call(self, x):
            return self.preds(self.flatten(tf.nn.silu(x)))

    assert unreached(Own()) == ("own",)


def deep():
    return keras.Sequential(
        [
            keras.Input(SHAPE),
            L.Conv2D(3, 1, activation="elu", name="a"),
            L.Conv2D(3, 1, activation="tanh", name="b"),
            L.Conv2D(3, 1, activation="selu", name="c"),
            L.Flatten(),
            L.Dense(1, activation="sigmoid", name="preds"),
        ]
    )


@pytest.mark.parametrize(
    ("target", "wrt", "names"),
    [
        (1, (0,), "abc"),
        (kv.Probability(1), (0,), "abc"),  # the sigmoid is the question's
        (kv.Probability(0) - kv.Logit(1), (0,), "abc"),
        (kv.Channel("b", 1), (0,), "ab"),
        (kv.StrongestNeuron("b", 1) - kv.Energy("a"), (0,), "ab"),
        (1, ("a",), "bc"),
        (1, ("c",), ""),
        (1, ("c", "b"), "c"),
        (kv.TotalVariation(), (0,), ""),
    ],
)
def test_only_what_lies_between_the_target_and_what_it_is_differentiated_with_respect_to_is_named(target, wrt, names):
    assert unreached(deep(), target, wrt=wrt, rules=("guided",)) == tuple(names)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_heads_of_all_kinds_are_the_questions_own(head):
    model = nets.sequential(head)
    for target in (1, kv.Probability(1), kv.Logit(1) - kv.Probability(0)):
        assert unreached(model, target, nets.SHAPE, rules=("guided",)) == ()


def test_a_run_without_a_rule_looks_for_nothing(monkeypatch):
    def refuse(*args):
        raise AssertionError("looked")

    monkeypatch.setattr(probe_module, "Calls", refuse)
    assert probe(deep()).run(nets.images(2, shape=SHAPE), 1).unreached == ()


def test_it_is_remembered_with_the_graph():
    model = deep()
    first = unreached(model, rules=("guided",))
    traces = probe(model).traces
    assert unreached(model, rules=("guided",)) == first == ("a", "b", "c")
    assert probe(model).traces == traces
    model.layers[1].activation = keras.activations.relu
    assert unreached(model, rules=("guided",)) == ("a", "c")


def test_half_floats_and_a_strategy_change_nothing():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        half = deep()
    finally:
        keras.config.set_dtype_policy("float32")
    assert unreached(half) == ("a", "b", "c")
    with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
        assert unreached(deep()) == ("a", "b", "c")


@pytest.mark.parametrize("fails", [False, True])
def test_layers_and_operations_get_their_calls_back(fails):
    inputs = keras.Input(SHAPE)
    x = keras.ops.silu(L.Conv2D(2, 1)(inputs))

    def maybe(z):
        if fails and probing:
            raise RuntimeError("the seventh seal")
        return z

    probing = False
    model = keras.Model(inputs, L.Dense(2)(L.Flatten()(L.Lambda(maybe)(x))))
    images = nets.images(2, shape=SHAPE)
    probe(model).outline(images)
    parts = [model, *model.operations]
    before = [dict(vars(part)) for part in parts]
    probing = True
    if fails:
        with pytest.raises(RuntimeError, match="the seventh seal"):
            probe(model).run(images, 0, relu="guided")
    else:
        probe(model).run(images, 0, relu="guided")
    for part, held in zip(parts, before, strict=True):
        assert {key: id(value) for key, value in vars(part).items()} == {key: id(value) for key, value in held.items()}


def application(name, **options):
    make = getattr(keras.applications, name)
    return make(weights=None, input_shape=(32, 32, 3), include_top=False, pooling="avg", **options)


@pytest.mark.parametrize(
    ("name", "options"),
    [("MobileNet", {"alpha": 0.25}), ("MobileNetV2", {"alpha": 0.35}), ("ResNet50V2", {}), ("VGG16", {})],
)
def test_nets_of_rectifiers_as_they_come_with_keras_are_reached_as_a_whole(name, options):
    assert unreached(application(name, **options), shape=(32, 32, 3), rules=("deconv",)) == ()


def test_the_hard_swishes_of_a_mobilenet_v3_are_named_and_its_rectifiers_are_not():
    model = application("MobileNetV3Small")
    wanted = [layer.name for layer in model.layers if getattr(layer, "activation", None) is keras.activations.hard_silu]
    assert len(wanted) == 18
    assert unreached(model, shape=(32, 32, 3), rules=("guided",)) == tuple(wanted)
