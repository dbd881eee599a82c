"""Does the engine give the right numbers, for every form of a model, once compiled, and leave no trace?"""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import threading
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vis.engine import probe as engine_probe
from keras_vis.engine.penalties import TotalVariation
from keras_vis.engine.probe import probe
from keras_vis.engine.target import Logit, Probability
from keras_vis.engine.units import Channel, Diversity, Likeness
from tests import nets

L = keras.layers


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    return nets.forms(tmp_path_factory.mktemp("forms"))


def by_hand(model, images, classes):
    """The same gradient with a tape of our own on the logits, recomputed from the weights of the last layer."""
    x = tf.constant(images)
    kernel, bias = model.get_weights()[-2:]
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = x
        for layer in model.layers[:-1]:
            h = layer(h, training=False)
        logits = h @ kernel + bias
        score = tf.gather(logits, classes, axis=1, batch_dims=1)
    return score.numpy(), tape.gradient(score, x).numpy()


def test_scores_and_gradients_equal_those_of_a_tape_written_by_hand():
    model, x, classes = nets.sequential(), nets.images(), np.array([0, 1, 2, 3, 4, 0])
    result = probe(model).run(x, classes)
    scores, grads = by_hand(model, x, classes)
    np.testing.assert_allclose(result.scores, scores, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(result.grads[0], grads, rtol=1e-4, atol=1e-6)


def test_gradients_equal_finite_differences():
    model, x = nets.sequential(activation="tanh"), nets.images(1)
    grad = probe(model).run(x, 2).grads[0][0]
    rng, step = np.random.default_rng(3), 2e-3
    for _ in range(12):
        direction = rng.normal(size=x.shape[1:]).astype("float32")
        direction /= np.linalg.norm(direction)
        up, down = (probe(model).run(x + sign * step * direction, 2).scores[0] for sign in (1, -1))
        assert (up - down) / (2 * step) == pytest.approx((grad * direction).sum(), rel=5e-3, abs=3e-4)


@pytest.mark.parametrize("relu", [None, "guided", "deconv"])
def test_every_form_of_a_model_gives_the_same_numbers(forms, relu):
    x = nets.images()
    wanted = probe(forms["sequential"]).run(x, None, wrt=(0, "conv_1"), relu=relu)
    for name, model in forms.items():
        path = "backbone/conv_1" if name in ("nested", "activations as operations") else "conv_1"
        got = probe(model).run(x, None, wrt=(0, path), relu=relu)
        np.testing.assert_allclose(got.scores, wanted.scores, rtol=1e-5, atol=1e-5, err_msg=name)
        np.testing.assert_allclose(got.logits, wanted.logits, rtol=1e-5, atol=1e-5, err_msg=name)
        for a, b in zip(got.grads, wanted.grads, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(got.acts[path], wanted.acts["conv_1"], rtol=1e-5, atol=1e-6, err_msg=name)
        assert got.head == "softmax", name


def test_rules_differ_from_the_gradient_and_from_each_other(forms):
    grads = [probe(forms["nested"]).run(nets.images(), 1, relu=relu).grads[0] for relu in (None, "guided", "deconv")]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(grads[a] - grads[b]).max() > 1e-2


@pytest.mark.parametrize("last", ["softmax", "sigmoid", None])
def test_the_logits_are_what_the_last_activation_gets(last):
    linear, model, x = nets.sequential(None), nets.sequential(last), nets.images()
    got = probe(model).outputs(x)["preds"]
    np.testing.assert_allclose(got[0], linear.predict(x, verbose=0), rtol=1e-5, atol=1e-5)
    assert got[1] == (last or "linear")


@pytest.mark.parametrize("last", ["softmax", "sigmoid"])
def test_logits_are_those_that_keras_itself_keeps_for_its_loss(last):
    # `_keras_logits` is Keras's own record of them, private, so it serves as a second opinion only.
    model, x = nets.sequential(last), nets.images()
    np.testing.assert_allclose(probe(model).outputs(x)["preds"][0], model(x)._keras_logits, rtol=1e-5, atol=1e-5)


def test_logits_are_found_behind_a_reshape_and_a_cast():
    x = inputs = keras.Input((4,))
    x = L.Dense(6, activation="softmax", dtype="float32")(x)
    model = keras.Model(inputs, L.Lambda(lambda z: tf.cast(z, tf.float64))(L.Reshape((6,))(x)))
    x = np.ones((2, 4), "float32")
    kernel, bias = model.get_weights()
    logits, head = probe(model).outputs(x)[model.output_names[0]]
    np.testing.assert_allclose(logits, x @ kernel + bias, rtol=1e-5)
    assert head == "softmax"


def test_a_single_sigmoid_has_two_classes_with_opposite_logits():
    model, x = nets.sequential("sigmoid", classes=1), nets.images()
    raw = nets.sequential(None, classes=1).predict(x, verbose=0)[:, 0]
    one, zero = (probe(model).run(x, c) for c in (1, 0))
    np.testing.assert_allclose(one.scores, raw, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(zero.scores, -raw, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(zero.grads[0], -one.grads[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(probe(model).run(x).scores, np.abs(raw), rtol=1e-5, atol=1e-6)
    chance = probe(model).run(x, Probability(1)).scores
    np.testing.assert_allclose(chance, model.predict(x, verbose=0)[:, 0], rtol=1e-5)


def test_probability_is_the_models_own_output():
    for last in ("softmax", "sigmoid"):
        model, x = nets.sequential(last), nets.images()
        got = probe(model).run(x, Probability(3)).scores
        np.testing.assert_allclose(got, model.predict(x, verbose=0)[:, 3], rtol=1e-5, atol=1e-7)


def test_several_inputs_and_outputs():
    model = nets.two_by_two()
    image, vector = nets.images(4), np.random.default_rng(5).normal(size=(4, 3)).astype("float32")
    kernel = model.get_layer("parity").get_weights()[0]
    result = probe(model).run([image, vector], Logit(1, output="parity"), wrt=(0, 1, "conv"))
    # the vector goes straight into the last layer: its gradient is that layer's weights
    np.testing.assert_allclose(result.grads[1], np.tile(kernel[-3:, 0], (4, 1)), rtol=1e-5)
    np.testing.assert_allclose(result.grads[2], np.tile(kernel[:-3].reshape(10, 8, 4), (4, 1, 1, 1)), rtol=1e-5)
    as_dict = probe(model).run({"vector": vector, "image": image}, Logit(1, output="parity"))
    np.testing.assert_array_equal(as_dict.grads[0], result.grads[0])
    with pytest.raises(ValueError, match=r"2 outputs, 'digit', 'parity'"):
        probe(model).run([image, vector], 1)


def test_dictionaries_of_inputs_and_outputs():
    a, b = keras.Input((3,), name="zeta"), keras.Input((3,), name="alpha")
    outputs = {"sum": L.Dense(2, use_bias=False, name="s")(L.Add()([a, b])), "first": L.Dense(2, name="f")(a)}
    model = keras.Model({"zeta": a, "alpha": b}, outputs)
    data = {"zeta": np.full((2, 3), 2.0, "float32"), "alpha": np.full((2, 3), 5.0, "float32")}
    got = probe(model).outputs(data)
    np.testing.assert_allclose(got["sum"][0], 7.0 * np.ones((2, 3)) @ model.get_layer("s").get_weights()[0], rtol=1e-5)
    np.testing.assert_allclose(
        got["first"][0], 2.0 * np.ones((2, 3)) @ model.get_layer("f").get_weights()[0], rtol=1e-5
    )


def test_a_subclassed_model_of_two_inputs_is_called_as_its_user_calls_it():
    class Pair(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = L.Dense(2, use_bias=False)

        def call(self, inputs):
            left, right = inputs
            return self.dense(L.Flatten()(left)) - right

    model, left, right = Pair(), nets.images(3), np.ones((3, 2), "float32")
    result = probe(model).run((left, right), 0, wrt=(0, 1))
    np.testing.assert_allclose(result.grads[1], np.tile([-1.0, 0.0], (3, 1)))
    np.testing.assert_allclose(
        result.grads[0].reshape(3, -1), np.tile(model.dense.get_weights()[0][:, 0], (3, 1)), rtol=1e-5
    )


def test_mixed_precision_gives_the_numbers_of_full_precision():
    policy = keras.config.dtype_policy()
    full, x = nets.sequential(), nets.images()
    try:
        keras.config.set_dtype_policy("mixed_float16")
        half = nets.sequential()
    finally:
        keras.config.set_dtype_policy(policy)
    # small weights: on its way back the gradient sinks to about 1e-7, where half floats are 6e-8 apart
    small = [w * s for w, s in zip(full.get_weights(), [1, 1, 1e-3, 1, 1e-3, 1], strict=True)]
    full.set_weights(small), half.set_weights(small)
    wanted, got = probe(full).run(x, 1), probe(half).run(x, 1)
    assert got.grads[0].dtype == np.float32
    biggest = np.abs(wanted.grads[0]).max()
    assert biggest < 2e-6
    error = np.abs(got.grads[0] - wanted.grads[0])
    # a median: where a rectifier sits at zero, half a float decides which way it falls. Unscaled, it is 1.7e-2.
    assert np.median(error[wanted.grads[0] != 0]) < 1e-3 * biggest


def test_one_graph_for_all_classes_labels_batches_and_weights_of_penalties():
    model, x = nets.sequential(), nets.images(7)
    room = probe(model)
    room.run(x, 0)
    start = room.traces
    for target in (1, 4, None, np.arange(7) % 5, Logit(2), np.int64(3)):
        room.run(x, target)
    room.run(x[:1], 1), room.run(x, 1, batch=3), room.run(x.astype("float64"), 1)
    assert room.traces == start
    room.run(x, Logit(1) - 0.1 * TotalVariation())
    room.run(x, Logit(3) - 7 * TotalVariation())
    assert room.traces == start + 1


def test_batches_of_any_size_give_the_same_numbers():
    model, x = nets.sequential(), nets.images(7)
    wanted = probe(model).run(x)
    for size in (1, 2, 3, 7, 100):
        got = probe(model).run(x, batch=size)
        np.testing.assert_allclose(got.grads[0], wanted.grads[0], rtol=1e-4, atol=1e-6)
    alone = probe(model).run(x[4])
    np.testing.assert_allclose(alone.grads[0][0], wanted.grads[0][4], rtol=1e-4, atol=1e-6)


def test_answers_are_fresh_after_training_without_a_new_trace():
    model, x = nets.sequential(), nets.images(16)
    room = probe(model)
    before, traces = room.run(x, 1), room.traces
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, np.arange(16) % 5, verbose=0)
    after = room.run(x, 1)
    scores, grads = by_hand(model, x, np.full(16, 1))
    np.testing.assert_allclose(after.scores, scores, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(after.grads[0], grads, rtol=1e-3, atol=1e-6)
    assert np.abs(after.scores - before.scores).max() > 1e-3
    assert room.traces == traces


def test_a_model_that_was_rebuilt_is_traced_anew():
    model, x = nets.sequential(), nets.images()
    before = probe(model).outputs(x)["preds"][0]
    model.layers[-1].activation = keras.activations.linear
    swapped, head = probe(model).outputs(x)["preds"]
    assert head == "linear"
    np.testing.assert_allclose(swapped, before, rtol=1e-5)
    model.pop()
    assert "preds" not in probe(model).outputs(x)


def test_an_activation_that_was_swapped_twice_is_not_taken_for_the_first():
    model = keras.Sequential([keras.Input((2,)), L.Dense(1, use_bias=False)])
    model.set_weights([np.ones((2, 1), "float32")])
    for factor in (2.0, 3.0, 5.0, 7.0, 11.0):
        model.layers[0].activation = lambda z: None  # one that is gone when the next is made
        model.layers[0].activation = lambda z, factor=factor: factor * z
        np.testing.assert_allclose(probe(model).run(np.ones((1, 2)), 0).grads[0], [[factor, factor]])


def test_a_normalisation_that_is_adapted_anew_is_seen():
    model = keras.Sequential([keras.Input((1,)), L.Normalization(), L.Dense(1, use_bias=False)])
    model.set_weights([*model.get_weights()[:-1], np.ones((1, 1), "float32")])
    for spread in (1.0, 10.0):
        model.layers[0].adapt(spread * np.array([[-1.0], [1.0]], "float32"))
        np.testing.assert_allclose(probe(model).run(np.zeros((1, 1)), 0).grads[0], [[1 / spread]], rtol=1e-5)


@pytest.mark.parametrize("change", ["lora", "int8"])
def test_a_layer_whose_weights_change_their_kind_is_seen(change):
    model, x = nets.sequential(None), nets.images()
    probe(model).activations(x, ["preds"])
    dense = model.get_layer("preds")
    if change == "lora":
        dense.enable_lora(2)
        dense.lora_kernel_b.assign(np.ones(dense.lora_kernel_b.shape))
    else:
        dense.quantize("int8")
    got = probe(model).activations(x, ["preds"])["preds"]
    np.testing.assert_allclose(got, model.predict(x, verbose=0), rtol=1e-4, atol=1e-4)


def test_looking_changes_no_state_even_where_a_layer_always_trains():
    class Restless(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = L.Dense(3)
            self.norm = L.BatchNormalization()
            self.drop = L.Dropout(0.5, seed=1)

        def call(self, x):
            return self.drop(self.norm(self.dense(L.Flatten()(x)), training=True), training=True)

    model, x = Restless(), nets.images(4)
    model(x)
    before = [v.numpy() for v in model.variables]
    first, second = (probe(model).run(x, 1).grads[0] for _ in range(2))
    for a, b in zip(before, [v.numpy() for v in model.variables], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(first, second)


def test_a_call_that_is_a_tf_function_is_looked_into():
    class Traced(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = L.Conv2D(2, 3, activation="relu", name="conv")
            self.head = L.Dense(3, activation="softmax")

        @tf.function
        def call(self, x):
            return self.head(L.Flatten()(self.conv(x)))

    class Plain(Traced):
        call = Traced.call.python_function

    traced, plain, x = Traced(), Plain(), nets.images(2)
    plain(x), traced(x)
    traced.set_weights(plain.get_weights())
    for relu in (None, "guided"):
        a, b = (probe(model).run(x, 1, wrt=(0, "conv"), relu=relu) for model in (traced, plain))
        assert a.head == "softmax"
        np.testing.assert_allclose(a.grads[0], b.grads[0], rtol=1e-5)
        np.testing.assert_allclose(a.acts["conv"], b.acts["conv"], rtol=1e-5)
    assert hasattr(traced.call, "python_function")


def test_a_softmax_over_groups_is_no_head():
    # six outputs, in two groups that each sum to one: the softmax is not over the classes
    model = keras.Sequential([keras.Input((4,)), L.Dense(6), L.Reshape((2, 3)), L.Softmax(), L.Flatten(name="out")])
    x = np.ones((2, 4), "float32")
    values, head = probe(model).outputs(x)["out"]
    assert head == "linear"
    np.testing.assert_allclose(values, model.predict(x, verbose=0), rtol=1e-5)


@pytest.mark.parametrize(
    "wrap", [L.Lambda(lambda z: tf.squeeze(tf.reshape(z, [-1, 1, 6]), 1)), L.Lambda(lambda z: tf.stop_gradient(z))]
)
def test_a_softmax_behind_what_leaves_the_classes_alone_is_a_head(wrap):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, wrap(L.Dense(6, activation="softmax")(inputs)))
    x = np.ones((2, 4), "float32")
    logits, head = probe(model).outputs(x)[model.output_names[0]]
    assert head == "softmax"
    np.testing.assert_allclose(logits, x @ model.get_weights()[0] + model.get_weights()[1], rtol=1e-5)


def test_what_comes_back_is_no_memory_of_the_users():
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, L.Dense(2)(L.Flatten()(L.Identity(name="same")(inputs))))
    x = np.ones((2, 4, 4, 1), "float32")
    acts = probe(model).activations(x, ["same"])["same"]
    x[:] = 7
    np.testing.assert_array_equal(acts, 1)


def test_half_precision_is_not_driven_over_its_top():
    policy = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_float16")
        half = nets.sequential(None)
    finally:
        keras.config.set_dtype_policy(policy)
    full, x = nets.sequential(None), nets.images(2)
    for model in (half, full):
        model.set_weights([w * s for w, s in zip(full.get_weights(), [1, 1, 1, 1, 500, 1], strict=True)])
    full.set_weights(half.get_weights())
    wanted = probe(full).run(x, 1).grads[0]
    assert np.abs(wanted).max() > 64  # times 1,024 it is more than a half float holds
    np.testing.assert_allclose(probe(half).run(x, 1).grads[0], wanted, atol=0.02 * np.abs(wanted).max())


def test_a_gradient_that_is_no_number_is_named():
    model = keras.Sequential([keras.Input((2,)), L.Lambda(lambda z: keras.ops.sqrt(z)), L.Dense(2, use_bias=False)])
    with pytest.raises(ValueError, match=r"`target`: the gradient of Logit\(1.* is not finite for model"):
        probe(model).run(np.zeros((1, 2)), 1)


def test_another_thread_may_call_the_model_meanwhile():
    model, x = nets.sequential(), nets.images(2)
    stop, failed = threading.Event(), []

    def keep_calling():
        while not stop.is_set():
            try:
                model(x)
            except Exception as error:
                failed.append(error)

    other = threading.Thread(target=keep_calling)
    other.start()
    try:
        for unit in range(4):
            probe(model).run(x, Channel("conv_2", unit), wrt=(0, "conv_1"), relu=["guided", None][unit % 2])
            probe(model)._graphs.clear()
    finally:
        stop.set()
        other.join()
    assert not failed


def test_graphs_of_forms_that_never_repeat_are_let_go(monkeypatch):
    assert engine_probe._MOST_GRAPHS == 64
    monkeypatch.setattr(engine_probe, "_MOST_GRAPHS", 6)  # each takes a moment to compile
    model, x = nets.sequential(), nets.images(1)
    for beta in range(9):
        probe(model).run(x, TotalVariation(1 + beta / 100))
    assert len(probe(model)._graphs) == 6


def test_any_term_of_a_sum_may_depend_on_the_layer():
    inputs = keras.Input((8, 8, 1))
    one, two = (L.Conv2D(2, 3, name=name)(inputs) for name in ("one", "two"))
    ends = [L.Dense(2, name=end)(L.Flatten()(part)) for end, part in (("a", one), ("b", two))]
    model, x = keras.Model(inputs, ends), nets.images(2, shape=(8, 8, 1))
    difference = Logit(1, output="a") - Logit(0, output="b")
    alone = probe(model).run(x, Logit(0, output="b"), wrt=("two",)).grads[0]
    np.testing.assert_allclose(probe(model).run(x, difference, wrt=("two",)).grads[0], -alone, rtol=1e-5)


def test_nothing_is_left_on_the_model():
    model, x = nets.nested(), nets.images()
    weights = model.get_weights()
    attributes = {layer.name: sorted(vars(layer)) for layer in model._flatten_layers()}
    probe(model).run(x, 1, wrt=(0, "backbone/conv_2"), relu="guided")
    probe(model).activations(x, ["backbone/conv_1", "pool"])
    assert {layer.name: sorted(vars(layer)) for layer in model._flatten_layers()} == attributes
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_nothing_is_left_on_the_model_when_tracing_fails():
    class Fails(Channel):
        def score(self, acts, feed):
            raise RuntimeError("on purpose")

    model = nets.sequential()
    with pytest.raises(RuntimeError, match="on purpose"):
        probe(model).run(nets.images(), Fails("conv_1", 0))
    assert "call" not in vars(model.get_layer("conv_1"))


def test_no_randomness_is_drawn():
    keras.utils.set_random_seed(3)
    wanted = (np.random.random_sample(), tf.random.uniform(()).numpy(), keras.random.uniform(()).numpy())  # noqa: NPY002 - it is the global generator that is asked about
    model = nets.sequential()
    keras.utils.set_random_seed(3)
    probe(model).run(nets.images(), 1)
    assert (np.random.random_sample(), tf.random.uniform(()).numpy(), keras.random.uniform(()).numpy()) == wanted  # noqa: NPY002 - it is the global generator that is asked about


def test_the_model_can_be_collected():
    model = nets.nested()
    probe(model).run(nets.images(), 1, wrt=(0, "backbone/conv_2"))
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_nothing_below_the_layer_is_differentiated():
    model, x = nets.sequential(), nets.images()
    probe(model).run(x, 1, wrt=("conv_2",))
    probe(model).run(x, 1, wrt=(0,))
    kinds = {
        key[3]: [op.type for op in graph.function.graph.get_operations()]
        for key, graph in probe(model)._graphs.items()
        if key[0] == "run"
    }
    assert "Conv2DBackpropInput" not in kinds["conv_2",]
    assert kinds[0,].count("Conv2DBackpropInput") == 2


def test_activations_equal_those_of_a_keras_model_that_ends_there(forms):
    model, x = forms["functional"], nets.images()
    got = probe(model).activations(x, ["conv_1", "pool"], batch=4)
    for name, values in got.items():
        part = keras.Model(model.inputs, model.get_layer(name).output)
        np.testing.assert_allclose(values, part.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_a_shared_layer_is_refused_with_a_reason():
    conv = L.Conv2D(2, 3, padding="same", name="twice")
    inputs = keras.Input((8, 8, 2))
    model = keras.Model(inputs, L.Dense(3)(L.Flatten()(conv(conv(inputs)))))
    with pytest.raises(ValueError, match="'twice'` runs 2 times"):
        probe(model).activations(np.zeros((1, 8, 8, 2)), ["twice"])


def test_a_target_that_does_not_depend_on_the_layer_is_refused():
    x = nets.images()
    with pytest.raises(ValueError, match="does not depend on layer 'preds'"):
        probe(nets.sequential()).run(x, Channel("conv_1", 0), wrt=("preds",))


def test_an_integer_input_has_no_gradient():
    inputs = keras.Input((4, 4, 3), dtype="uint8")
    model = keras.Model(inputs, L.Dense(2)(L.Flatten()(L.Rescaling(1 / 255)(inputs))))
    x = np.full((1, 4, 4, 3), 200, "uint8")
    with pytest.raises(ValueError, match="takes integers"):
        probe(model).run(x, 0)
    assert probe(model).outputs(x)


def test_likeness_and_diversity():
    model, x = nets.sequential(), nets.images(3)
    code = probe(model).activations(x, ["conv_2"])["conv_2"]
    np.testing.assert_allclose(probe(model).run(x, Likeness("conv_2", code)).scores, 0, atol=1e-6)
    np.testing.assert_allclose(probe(model).run(x, Likeness("conv_2", 2 * code)).scores, -0.25, rtol=1e-5)
    same = np.repeat(x[:1], 4, axis=0)
    np.testing.assert_allclose(probe(model).run(same, Diversity("conv_2")).scores, 1, rtol=1e-5)
    assert probe(model).run(x, Diversity("conv_2")).scores.max() < 0.999
    with pytest.raises(ValueError, match="need `batch` ≥ 3"):
        probe(model).run(x, Diversity("conv_2"), batch=2)


def test_inside_a_distribution_strategy_over_two_devices():
    program = """
        import numpy as np, keras, tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        from keras_vis.engine.probe import probe
        from tests import nets
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        with strategy.scope():
            model = nets.sequential()
            model.compile("sgd", "sparse_categorical_crossentropy")
        x = nets.images(8)
        seen = []
        class Look(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                seen.append(probe(self.model).run(x, 1, wrt=(0, "conv_2")))
        model.fit(x, np.arange(8) % 5, epochs=2, batch_size=4, verbose=0, callbacks=[Look()])
        alone = nets.sequential()
        alone.set_weights(model.get_weights())
        wanted = probe(alone).run(x, 1, wrt=(0, "conv_2"))
        for a, b in zip(seen[-1].grads, wanted.grads, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
        assert np.abs(seen[0].scores - seen[1].scores).max() > 0
        print("same")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("same"), done.stderr[-3000:]
