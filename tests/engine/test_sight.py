"""At which layers is looked for a map, and does an error say which would do?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.engine.probe import probe
from keras_vis.engine.sight import looked_at
from keras_vis.engine.target import as_target
from tests import nets

L = keras.layers


def at(model, x, target=None, layer=None, which=0):
    outline = probe(model).outline(x)
    return looked_at(
        model, outline, as_target(target, outline, len(x if isinstance(x, np.ndarray) else x[0])), layer, which
    )


def refused(model, x, layer, words, target=None, which=0):
    with pytest.raises(ValueError, match=words):
        at(model, x, target, layer, which)


def test_a_name_a_path_a_layer_and_lists_of_them_are_paths():
    model, x = nets.nested(), nets.images(1)
    assert at(model, x) == ("backbone/conv_2",)
    assert at(model, x, layer="conv_1") == ("backbone/conv_1",)
    inner = model.get_layer("backbone").get_layer("conv_2")
    assert at(model, x, layer=["backbone/conv_1", inner]) == ("backbone/conv_1", "backbone/conv_2")
    assert at(model, x, layer=(inner, "conv_1")) == ("backbone/conv_2", "backbone/conv_1")


def test_a_list_that_is_empty_or_has_one_layer_twice_is_refused():
    model, x = nets.nested(), nets.images(1)
    refused(model, x, [], "`layer` is empty. Give at least one layer, or None for 'backbone/conv_2'")
    refused(model, x, ["conv_1", "backbone/conv_1"], "`layer` names 'backbone/conv_1' 2 times")
    refused(model, x, ["conv_1", "flatten_9"], "`layer='flatten_9'` is not in model")
    with pytest.raises(TypeError, match="`layer` must be a layer's name, its path or the layer; received int"):
        at(model, x, layer=["conv_1", 3])


def test_a_layer_without_maps_or_with_one_position_is_refused_with_those_that_would_do():
    x = nets.images(1)
    words = r"gives no maps \(h', w', k\) of more than one position but \(72,\). These would do: conv_1, conv_2."
    refused(nets.sequential(), x, "flatten", words)
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), L.Conv2D(3, 3, name="fine"), L.Conv2D(2, 2, name="one"), L.Flatten(), L.Dense(2)]
    )
    words = r"`layer='one'` gives no maps .* of more than one position but \(1, 1, 2\). These would do: fine."
    refused(model, np.zeros((1, 4, 4, 1)), "one", words)


class Learned(L.Layer):
    """Maps that are the same whatever comes in, but for how many images there are."""

    def build(self, shape):
        self.maps = self.add_weight(shape=(1, 4, 4, 2), initializer="ones")

    def call(self, x):
        return keras.ops.tile(self.maps, (keras.ops.shape(x)[0], 1, 1, 1))


def test_a_layer_below_which_nothing_depends_on_the_images_is_refused_and_is_no_default():
    inputs = keras.Input((6, 6, 1))
    seen = L.Conv2D(2, 3, name="seen")(inputs)
    learned = L.Conv2D(2, 1, name="unseen")(Learned(name="learned")(inputs))
    model = keras.Model(
        inputs, L.Dense(3)(L.Flatten()(L.Concatenate(axis=1)([L.Flatten()(seen), L.Flatten()(learned)])))
    )
    x = np.zeros((2, 6, 6, 1))
    assert at(model, x) == ("seen",)
    for layer in ("learned", "unseen"):
        refused(model, x, layer, rf"`layer='{layer}'` does not depend on the images .* These would do: seen.")


def two_branches():
    left, right = keras.Input((8, 8, 1), name="left"), keras.Input((8, 8, 1), name="right")
    one, two = L.Conv2D(2, 3, name="one")(left), L.Conv2D(2, 3, name="two")(right)
    both = L.Conv2D(2, 3, name="both")(L.Add(name="add")([one, two]))
    ends = {"a": L.Dense(3, name="a")(L.Flatten()(both)), "b": L.Dense(3, name="b")(L.Flatten()(one))}
    return keras.Model([left, right], ends), [np.zeros((2, 8, 8, 1))] * 2


def test_maps_over_an_input_are_of_layers_that_see_that_input():
    model, x = two_branches()
    assert at(model, x, kv.Logit(1, "a"), which=0) == at(model, x, kv.Logit(1, "a"), which=1) == ("both",)
    assert at(model, x, kv.Logit(1, "b"), which=0) == ("one",)
    refused(model, x, "two", "does not depend on the images .* would do: one, add, both.", kv.Logit(1, "a"), which=0)
    words = "no layer whose result is a map .* lies between the images and what is asked about"
    refused(model, x, None, words, kv.Logit(1, "b"), which=1)
    refused(model, x, "two", "has no part .* No layer of the model would do.", kv.Logit(1, "b"), which=1)


def test_a_layer_on_which_the_target_does_not_depend_is_refused():
    model, x = two_branches()
    refused(model, x, "both", "`layer='both'` has no part in what is asked about.* would do: one.", kv.Logit(1, "b"))
    # of a sum, what either term depends on
    assert at(model, x, kv.Logit(1, "b") - kv.Logit(1, "a"), "both") == ("both",)
    assert at(model, x, kv.Logit(1, "b") - kv.Logit(1, "a")) == ("both",)
    settled = probe(model).ask(x, kv.Logit(1, "b") - kv.Logit(1, "a"))[1]
    assert at(model, x, settled) == ("both",)


def test_a_layer_above_the_one_that_is_asked_about_is_refused():
    model, x = nets.sequential(), nets.images(1)
    assert at(model, x, kv.Channel("conv_2", 0)) == ("conv_2",)
    assert at(model, x, kv.Channel("conv_1", 0)) == ("conv_1",)
    assert at(model, x, kv.Channel("flatten", 0)) == ("conv_2",)
    refused(model, x, "conv_2", "has no part in what is asked about.* would do: conv_1.", kv.Channel("conv_1", 0))
    assert at(model, x, kv.Channel("conv_1", 0) + kv.Logit(0)) == ("conv_2",)


def test_where_no_gradient_comes_back_a_layer_has_no_part():
    inputs = keras.Input((8, 8, 1))
    stopped = L.Lambda(keras.ops.stop_gradient, name="stop")(L.Conv2D(2, 3, name="stopped")(inputs))
    model = keras.Model(inputs, L.Dense(2)(L.Flatten()(L.Conv2D(2, 3, name="open")(stopped))))
    x = np.zeros((1, 8, 8, 1))
    refused(model, x, "stopped", "`layer='stopped'` has no part .* would do: stop, open.")
    assert at(model, x) == ("open",)


@pytest.mark.parametrize("head", ["softmax", "sigmoid", None, "layer"])
def test_of_a_segmentation_what_gives_the_logits_is_no_default(head):
    x, target = nets.images(1), kv.Region(1, np.ones(nets.SHAPE[:2]))
    model = nets.segmentation(None if head == "layer" else head)
    if head == "layer":
        model = keras.Sequential([model, L.Softmax(name="softmax")])
    last = "preds" if head != "layer" else f"{model.layers[0].name}/preds"
    assert at(model, x, target) == (last.replace("preds", "conv_2"),)
    if head in ("softmax", "sigmoid"):  # what it gives lies after the logits
        refused(model, x, last, "has no part in what is asked about.* would do: conv_1, conv_2.", target)
    else:
        assert at(model, x, target, last) == (last,)


def test_a_model_without_a_convolution_or_with_maps_of_one_position_alone_has_no_default():
    words = "the model has no convolution whose result is a map"
    x = np.zeros((1, 4, 4, 1))
    refused(keras.Sequential([keras.Input((4, 4, 1)), L.Flatten(), L.Dense(2)]), x, None, words)
    refused(keras.Sequential([keras.Input((4, 4, 1)), L.Rescaling(2.0), L.Flatten(), L.Dense(2)]), x, None, words)
    refused(keras.Sequential([keras.Input((4, 4, 1)), L.Conv2D(3, 4), L.Flatten(), L.Dense(2)]), x, None, words)
    model = keras.Sequential([keras.Input((4, 4, 1)), L.Flatten(name="flatten"), L.Dense(2)])
    refused(model, x, "flatten", "`layer='flatten'` gives no maps .* No layer of the model would do.")


def test_a_target_of_ones_own_that_says_nothing_of_what_it_reads_is_not_refused():
    class Mine(kv.Target):
        def score(self, acts, feed):
            return acts.output("preds")[0][:, 0]

    assert at(nets.sequential(), nets.images(1), Mine(), "conv_1") == ("conv_1",)


def test_under_mixed_precision_and_in_every_form_the_facts_are_the_same(tmp_path):
    for form, model in nets.forms(tmp_path).items():
        facts = probe(model).outline(nets.images(1))
        (path,) = at(model, nets.images(1))
        assert path.endswith("conv_2"), form
        assert facts.layers[path].sees == {0}, form
        assert len(facts.layers[path].feeds) == 1, form
    try:
        keras.config.set_dtype_policy("mixed_float16")
        model = nets.segmentation()
    finally:
        keras.config.set_dtype_policy("float32")
    assert at(model, nets.images(1), kv.Region(1, np.ones(nets.SHAPE[:2]))) == ("conv_2",)
