"""Does a model look at images of another size as a twin made for them would, and is it left as it was?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vis.engine import layers
from keras_vis.engine.batch import take
from keras_vis.engine.climb import Way, climb
from keras_vis.engine.probe import probe
from keras_vis.engine.target import Logit, as_target
from keras_vis.engine.transforms import Jitter
from keras_vis.engine.units import Channel, Diversity, Energy
from tests import nets

L = keras.layers
LARGE = (24, 20, 2)


def sequential(shape):
    model = keras.Sequential(
        [
            keras.Input(shape),
            L.Conv2D(4, 3, activation="relu", name="conv_1"),
            L.BatchNormalization(name="norm"),
            L.Conv2D(6, 3, activation="relu", name="conv_2"),
            L.GlobalAveragePooling2D(name="gap"),
            L.Dense(5, activation="softmax", name="preds"),
        ]
    )
    nets.draw_weights(model)
    model.get_layer("norm").moving_variance.assign([0.5, 1, 2, 3])
    return model


def functional(shape):
    model = sequential(shape)
    return keras.Model(model.inputs[0], model.outputs[0])


def nested(shape):
    """A functional model in a Sequential in a functional one."""
    x = inside = keras.Input(shape)
    x = L.Conv2D(4, 3, activation="relu", name="conv_1")(x)
    deep = keras.Model(inside, x, name="deep")
    middle = keras.Sequential(
        [keras.Input(shape), deep, L.Conv2D(6, 3, activation="relu", name="conv_2")], name="middle"
    )
    inputs = keras.Input(shape)
    x = L.GlobalAveragePooling2D()(middle(inputs))
    model = keras.Model(inputs, L.Dense(5, activation="softmax", name="preds")(x))
    nets.draw_weights(model)
    return model


def go(model, x, target, *, small=nets.SHAPE, resized=True, **options):
    """Climb from images of any size; what is asked is held against the model's own size."""
    own = take(model, np.zeros((len(x), *small), "float32"))
    asked = as_target(target, probe(model).outline(own), len(x))
    return climb(model, own.put(0, x), asked, low=-9, high=9, stride=0.1, resized=resized, **options)


def kept(model):
    """All that the model and its layers hold, by name."""
    found = {"": model, **layers.flatten(model)}
    return {path: {name: id(value) for name, value in vars(layer).items()} for path, layer in found.items()}


@pytest.mark.parametrize(
    ("make", "target"), [(sequential, Logit([3, 1])), (functional, Channel("conv_2", [1, 5])), (nested, Logit([0, 4]))]
)
def test_a_larger_image_is_climbed_as_by_a_twin_of_its_size(make, target):
    model, twin, x = make(nets.SHAPE), make(LARGE), nets.images(2, shape=LARGE)
    twin.set_weights(model.get_weights())
    options = {"steps": 4, "frames": 5, "way": Way(transforms=(Jitter(2),))}
    found, wanted = go(model, x, target, **options), go(twin, x, target, small=LARGE, resized=False, **options)
    np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.frames, wanted.frames, atol=1e-5)
    assert np.abs(found.images - x).mean() > 0.05


@pytest.mark.parametrize("make", [sequential, functional, nested])
def test_scores_and_gradients_are_those_of_a_twin(make):
    model, twin, x = make(nets.SHAPE), make(LARGE), nets.images(3, shape=LARGE)
    twin.set_weights(model.get_weights())
    path = next(path for path in layers.flatten(model) if path.endswith("conv_2"))

    def ask(asked, resized):
        @tf.function(autograph=False)
        def graph(given):
            taps = {}
            with tf.GradientTape() as tape:
                tape.watch(given)
                outputs = probe(asked).forward(0, (given,), [path], taps.__setitem__, resized=resized)
                number = tf.reduce_sum(taps[path][..., 1] ** 2)
            return next(iter(outputs.values())), taps[path], tape.gradient(number, given)

        return [part.numpy() for part in graph(tf.constant(x))]

    (found, maps, grads), (wanted, same, slopes) = ask(model, True), ask(twin, False)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    np.testing.assert_allclose(found, twin.predict(x, verbose=0), rtol=1e-4)
    np.testing.assert_allclose(maps, same, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(grads, slopes, rtol=1e-4, atol=1e-6)


def test_a_dense_layer_above_what_is_asked_about_is_left_out():
    # The reference ends in a dense layer on flattened maps, which knows one size alone; its convolutions do not.
    model, x = nets.sequential(), nets.images(2, shape=LARGE)
    twin = keras.Sequential(
        [
            keras.Input(LARGE),
            L.Conv2D(4, 3, activation="relu", name="conv_1"),
            L.Conv2D(6, 3, activation="relu", name="conv_2"),
        ]
    )
    twin.set_weights(model.get_weights()[:4])
    found = go(model, x, Channel("conv_2", [1, 2]), steps=3)
    wanted = go(twin, x, Channel("conv_2", [1, 2]), small=LARGE, resized=False, steps=3)
    np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-5)
    np.testing.assert_allclose(found.images, wanted.images, atol=1e-5)


@pytest.mark.parametrize("size", [LARGE, (9, 9, 2)])
def test_a_dense_layer_that_is_asked_about_is_an_error(size):
    model, x = nets.sequential(), nets.images(2, shape=size)
    for target in (Logit([3, 1]), Channel("preds", 2), Channel("conv_1", 1) + Channel("preds", 2)):
        with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 72"):
            go(model, x, target, steps=2)


def test_an_output_beside_a_layer_is_an_error_that_says_so():
    model, x = nets.sequential(), nets.images(2, shape=LARGE)
    for target in (Logit(3) + Channel("conv_1", 1), Channel("conv_1", 1) - 2 * Logit([0, 1])):
        with pytest.raises(
            ValueError, match="`target`: .* reads an output, which cannot be computed of images of this size"
        ):
            go(model, x, target, steps=2)
    way = Way(penalty=Diversity("conv_1") + Logit(1, output="preds"))
    with pytest.raises(ValueError, match="reads an output, which cannot be computed"):
        go(model, x, Energy("conv_1"), steps=2, way=way)


def test_an_image_too_small_for_the_layer_is_an_error():
    model = nets.sequential()
    with pytest.raises(ValueError, match="[Nn]egative dimension|less than|conv_2|Conv2D"):
        go(model, nets.images(1, shape=(4, 4, 2)), Energy("conv_2"), steps=1)


def test_without_being_told_a_model_refuses_other_sizes():
    model, x = functional(nets.SHAPE), nets.images(1, shape=LARGE)
    with pytest.raises(ValueError, match="expected shape=.None, 12, 10, 2., found shape=.*24, 20, 2"):
        go(model, x, Energy("conv_1"), steps=1, resized=False)


def reply(ask):
    """What comes of asking: numbers, or the first line of an error that says something."""
    try:
        return np.asarray(ask()).tolist()
    except ValueError as error:
        return str(error).splitlines()[0]


@pytest.mark.parametrize("make", [sequential, functional, nested, lambda shape: nets.sequential()])
def test_nothing_is_left_behind(make):
    model, x, large = make(nets.SHAPE), nets.images(2), nets.images(2, shape=LARGE)
    asked = [lambda: model(x), lambda: model(large), lambda: probe(model).run(take(model, x).put(0, large), 1).scores]
    before = [reply(ask) for ask in asked]
    if make in (functional, nested):  # a Sequential does not look at the size itself
        assert "expected shape=(None, 12, 10, 2), found shape=(2, 24, 20, 2)" in before[1]
    elif make is not sequential:
        assert isinstance(before[1], str)
    for size in (nets.SHAPE, LARGE):
        held = kept(model)
        go(model, nets.images(2, shape=size), Energy("conv_1"), steps=2)
        assert kept(model) == held
    assert [reply(ask) for ask in asked] == before


def test_nothing_is_left_behind_by_an_error():
    inputs = keras.Input(nets.SHAPE)
    model, large = keras.Model(inputs, nets.sequential()(inputs)), nets.images(2, shape=LARGE)
    probe(model).outline(nets.images(1))
    held = kept(model)
    with pytest.raises(ValueError, match="value 72"):
        go(model, large, Logit(1), steps=2)
    assert kept(model) == held
    with pytest.raises(ValueError, match="expected shape=.None, 12, 10, 2."):
        model(large)


def test_its_own_size_gives_the_numbers_that_it_gives_unresized():
    model, x = nets.sequential(), nets.images(2)
    found, wanted = (go(model, x, [1, 2], steps=3, resized=resized) for resized in (True, False))
    np.testing.assert_array_equal(found.images, wanted.images)
    np.testing.assert_array_equal(found.scores, wanted.scores)


def test_each_size_has_a_graph_of_its_own_and_one_alone():
    model = sequential(nets.SHAPE)
    go(model, nets.images(1, shape=LARGE), Energy("conv_1"), steps=1)
    traces = probe(model).traces
    go(model, nets.images(2, shape=LARGE), Energy("conv_1"), steps=3)
    assert probe(model).traces == traces
    go(model, nets.images(2, shape=(16, 16, 2)), Energy("conv_1"), steps=3)
    assert probe(model).traces == traces + 1
