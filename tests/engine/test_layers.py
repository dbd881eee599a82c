"""Are layers found by the names that people use, and are wrong names answered with the right ones?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_vis.engine import layers
from keras_vis.engine.probe import probe
from keras_vis.engine.sight import Sight
from tests import nets

L = keras.layers


def test_paths_lead_into_nested_models():
    paths = [path for path in layers.flatten(nets.nested()) if "input" not in path and "flatten" not in path]
    assert paths == ["backbone", "backbone/conv_1", "backbone/conv_2", "pool", "preds"]


def test_a_layer_is_found_by_path_bare_name_and_itself():
    model = nets.nested()
    layer = model.get_layer("backbone").get_layer("conv_2")
    for way in ("backbone/conv_2", "conv_2", layer):
        assert layers.find(model, way) == ("backbone/conv_2", layer)


def test_a_wrong_name_is_answered_with_the_nearest():
    with pytest.raises(
        ValueError, match=r"`layer='conv2'` is not in model .* Did you mean 'conv_2'\? It has: conv_1, conv_2"
    ):
        layers.find(nets.sequential(), "conv2")


def test_a_name_that_two_layers_bear_needs_its_path():
    def part(name):
        inputs = keras.Input((4,))
        return keras.Model(inputs, L.Dense(4, name="dense")(inputs), name=name)

    inputs = keras.Input((4,))
    model = keras.Model(inputs, part("b")(part("a")(inputs)))
    with pytest.raises(ValueError, match="'a/dense', 'b/dense'"):
        layers.find(model, "dense")


def test_a_layer_of_another_model_is_refused():
    with pytest.raises(ValueError, match="named 'stranger' that is not in model"):
        layers.find(nets.sequential(), L.Dense(2, name="stranger"))


@pytest.mark.parametrize("wrong", [3, None, ["conv_1"]])
def test_a_layer_is_a_name_or_a_layer(wrong):
    with pytest.raises(TypeError, match="`layer` must be a layer's name"):
        layers.find(nets.sequential(), wrong)


@pytest.mark.parametrize("wrong", ["model.keras", None, L.Dense(2)])
def test_a_model_is_a_keras_model(wrong):
    with pytest.raises(TypeError, match="`model` must be a keras.Model; received"):
        layers.check_model(wrong)


def last_map(model, images=None):
    return Sight(probe(model).outline(nets.images(1) if images is None else images)).last()


def test_the_last_map_is_before_pooling_dropout_and_flatten():
    assert last_map(nets.sequential()) == "conv_2"
    assert last_map(nets.nested()) == "backbone/conv_2"
    assert last_map(nets.activations_as_layers()) == "conv_2"
    assert last_map(nets.subclassed()) == "conv_2"


def test_the_last_map_is_on_the_way_to_the_output_that_is_asked_about():
    inputs = keras.Input((8, 8, 1))
    one = L.Conv2D(2, 3, name="one")(inputs)
    two = L.Conv2D(2, 3, name="two")(inputs)
    a, b = L.Dense(2, name="a")(L.Flatten()(one)), L.Dense(2, name="b")(L.Flatten()(two))
    model = keras.Model(inputs, [a, b])
    facts = probe(model).outline(np.zeros((1, 8, 8, 1)))
    assert Sight(facts, frozenset("a")).last() == "one"
    assert Sight(facts, frozenset("b")).last() == "two"


def test_a_block_that_adds_by_itself_counts_and_a_nested_model_does_not():
    class Residual(L.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.conv = L.Conv2D(2, 3, padding="same", name="conv")

        def call(self, x):
            return x + self.conv(x)

    inputs = keras.Input((8, 8, 2))
    model = keras.Model(inputs, L.Dense(2)(L.GlobalAveragePooling2D()(Residual(name="block")(inputs))))
    assert last_map(model, np.zeros((1, 8, 8, 2))) == "block"


def test_what_is_inside_an_attention_is_no_map():
    x = inputs = keras.Input((8, 8, 2))
    x = L.Reshape((36, 4))(L.Conv2D(4, 3, name="conv")(x))
    x = L.MultiHeadAttention(2, 3)(x, x)
    model = keras.Model(inputs, L.Dense(2)(L.GlobalAveragePooling1D()(x)))
    assert last_map(model, np.zeros((1, 8, 8, 2))) == "conv"


def test_a_map_of_one_position_is_passed_over():
    model = keras.applications.MobileNet(input_shape=(64, 64, 3), alpha=0.25, weights=None)
    assert last_map(model, np.zeros((1, 64, 64, 3))) == "conv_pw_13_relu"


def test_a_model_without_a_convolution_has_no_map():
    model = keras.Sequential([keras.Input((8, 8, 1)), L.Rescaling(2.0), L.Flatten(), L.Dense(3)])
    with pytest.raises(ValueError, match="no convolution whose result is a map"):
        last_map(model, np.zeros((1, 8, 8, 1)))
