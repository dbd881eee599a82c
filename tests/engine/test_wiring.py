"""Is what a model holds, and what is joined to what, read as Keras runs it?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_vis.engine import layers, wiring
from tests import nets

L = keras.layers


def shared_twice():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    dense = L.Dense(3, name="shared")
    return keras.Model([a, b], L.Concatenate(name="join")([dense(a), dense(b)]))


def two_ends():
    x = inside = keras.Input((8,), name="inside")
    left, right = L.Dense(2, name="left")(x), L.Dense(3, name="right")(x)
    head = keras.Model(inside, [left, right], name="head")
    inputs = keras.Input((8,), name="outside")
    one, two = head(inputs)
    return keras.Model(inputs, [L.ReLU(name="of_left")(one), L.ReLU(name="of_right")(two)])


def two_doors():
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    inner = keras.Model([a, b], L.Concatenate(name="both")([a, b]), name="inner")
    p, q = keras.Input((2,), name="p"), keras.Input((3,), name="q")
    return keras.Model([p, q], inner([p, q]))


def test_a_shared_layer_is_one_part_with_two_arrows_in_and_two_out():
    parts = wiring.read(shared_twice())
    assert [part.path for part in parts].count("shared") == 1
    assert sorted(wiring.arrows(parts)) == [("a", "shared"), ("b", "shared"), ("shared", "join"), ("shared", "join")]
    assert parts[-1].names == ("shared", "shared[1][0]")


def test_each_output_of_a_nested_model_leaves_from_the_layer_that_gives_it():
    found = wiring.arrows(wiring.read(two_ends()))
    assert ("head/left", "of_left") in found
    assert ("head/right", "of_right") in found
    assert ("outside", "head/inside") in found
    assert len(found) == 5


def test_each_input_of_a_nested_model_arrives_where_it_is_taken():
    found = wiring.arrows(wiring.read(two_doors()))
    assert sorted(found) == [("inner/a", "inner/both"), ("inner/b", "inner/both"), ("p", "inner/a"), ("q", "inner/b")]


def test_not_nested_the_same_model_is_one_end_of_each_arrow():
    found = wiring.arrows(wiring.read(two_doors()), nested=False)
    assert sorted(found) == [("p", "inner"), ("q", "inner")]


def test_a_nested_model_called_twice_has_both_calls():
    x = inside = keras.Input((4,), name="inside")
    tower = keras.Model(inside, L.Dense(2, name="code")(x), name="tower")
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    model = keras.Model([a, b], L.Subtract(name="difference")([tower(a), tower(b)]))
    assert sorted(wiring.arrows(wiring.read(model))) == [
        ("a", "tower/inside"),
        ("b", "tower/inside"),
        ("tower/code", "difference"),
        ("tower/code", "difference"),
        ("tower/inside", "tower/code"),
    ]


def test_operations_of_a_functional_model_are_parts_too():
    inputs = keras.Input((4,), name="x")
    model = keras.Model(inputs, keras.ops.relu(inputs * 2.0) + inputs)
    parts = wiring.read(model)
    assert [type(part.operation).__name__ for part in parts] == ["InputLayer", "Multiply", "Relu", "Add"]
    x, double, relu, add = (part.path for part in parts)
    assert sorted(wiring.arrows(parts)) == sorted([(x, double), (double, relu), (relu, add), (x, add)])


def test_a_sequential_is_a_chain_nested_or_not():
    inner = keras.Sequential([L.Dense(3, name="d"), L.ReLU(name="e")], name="inner")
    model = keras.Sequential([keras.Input((2,)), L.Dense(4, name="c"), inner, L.Dense(1, name="f")])
    parts = wiring.read(model)
    assert wiring.arrows(parts) == [("c", "inner/d"), ("inner/d", "inner/e"), ("inner/e", "f")]
    assert [part.shapes for part in parts[1].parts] == [((None, 3),), ((None, 3),)]


def test_a_subclassed_model_is_read_in_order_of_creation_and_joins_nothing():
    model = nets.Subclassed()
    model(nets.images(1))
    parts = wiring.read(model)
    assert [part.path for part in parts] == ["conv_1", "conv_2", "pool", "flatten", "preds"]
    assert wiring.arrows(parts) == []
    assert not wiring.flows(model)
    # batch 1, because that is what it was built with
    assert {part.path: part.shapes for part in parts}["conv_2"] == ((1, 8, 6, 6),)


def test_two_layers_of_one_name_keep_apart_as_in_flatten():
    class Twins(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = L.Dense(2, name="twin"), L.Dense(2, name="twin")

        def call(self, x):
            return self.two(self.one(x))

    model = Twins()
    model(np.zeros((1, 3), "float32"))
    assert [part.path for part in wiring.read(model)] == ["twin", "twin#2"] == list(layers.flatten(model))


def test_a_layer_that_holds_its_holder_is_read_once():
    class Child(L.Layer):
        def call(self, x):
            return x

    class Parent(keras.Model):
        def __init__(self):
            super().__init__()
            self.child = Child(name="child")

        def call(self, x):
            return self.child(x)

    model = Parent()
    model(np.zeros((1, 3), "float32"))
    model.child._tracker.unlock()
    model.child.parent = model
    assert [part.path for _, part in wiring.walk(wiring.read(model))] == ["child"]


def test_a_composite_layer_of_ones_own_is_opened_and_keras_own_are_not():
    class Block(L.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.norm, self.dense = L.LayerNormalization(name="norm"), L.Dense(4, name="dense")

        def call(self, x):
            return x + self.dense(self.norm(x))

    inputs = keras.Input((5, 4), name="x")
    y = L.Bidirectional(L.GRU(2), name="gru")(Block(name="block")(inputs))
    paths = [part.path for _, part in wiring.walk(wiring.read(keras.Model(inputs, y)))]
    assert paths == ["x", "block", "block/norm", "block/dense", "gru"]


def test_an_unbuilt_model_says_how_to_build_it():
    model = keras.Sequential([L.Dense(2)], name="raw")
    with pytest.raises(ValueError, match=r"`model` 'raw' is not built.*model\(images\[:1\]\)"):
        wiring.read(model)
    with pytest.raises(TypeError, match=r"`model` must be a keras.Model.*int"):
        wiring.read(3)
