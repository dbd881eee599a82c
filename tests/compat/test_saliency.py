"""Do the old calls for saliency give our gradients, in [0, 1]?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.compat import vis
from keras_vis.compat.vis.utils import utils
from keras_vis.compat.vis.visualization import visualize_saliency
from tests import nets
from tests.compat.old_nets import linear, rectified, scaled

X = np.array([[0.1, 0.2], [0.3, 0.4]], np.float32)[..., None]


@pytest.mark.parametrize(
    ("modifier", "numbers"),
    [
        ("absolute", [[1, 2], [3, 4]]),
        (None, [[1, -2], [3, -4]]),
        ("negate", [[-1, 2], [-3, 4]]),
        ("relu", [[1, 0], [3, 0]]),
        ("invert", [[1, -1 / 2], [1 / 3, -1 / 4]]),
        ("small_values", [[1, 1 / 2], [1 / 3, 1 / 4]]),
        (np.square, [[1, 4], [9, 16]]),
    ],
)
def test_of_a_linear_class_it_is_the_weights_each_modifier_made_something_else_of_them(modifier, numbers):
    grads = visualize_saliency(linear(), -1, filter_indices=0, seed_input=X, grad_modifier=modifier)
    np.testing.assert_allclose(grads, scaled(np.array(numbers)), atol=1e-5)
    assert grads.dtype == np.float32


def test_a_gradient_that_is_the_same_everywhere_is_0_not_a_division_by_zero():
    np.testing.assert_array_equal(visualize_saliency(linear(), -1, 1, X), np.zeros((2, 2)))


@pytest.mark.parametrize("modifier", [None, "guided", "relu", "rectified", "deconv"])
def test_the_way_back_through_rectifiers_is_that_of_the_formulas(modifier):
    model, x, w, v = rectified()
    open_ = (x.ravel() @ w > 0).astype("float32")
    back = {None: v[:, 0] * open_, "guided": np.maximum(v[:, 0], 0) * open_}.get(modifier, np.maximum(v[:, 0], 0))
    grads = visualize_saliency(model, 2, 0, x, backprop_modifier=modifier)
    np.testing.assert_allclose(grads, scaled(np.abs(w @ back).reshape(3, 3)), atol=1e-5)


@pytest.fixture(scope="module")
def net():
    return nets.sequential()


@pytest.fixture(scope="module")
def image():
    return nets.images(1)[0]


def gradient(model, image, score):
    """By TensorFlow's own tape: of a number of a layer's activations."""
    x = tf.constant(image[None])
    with tf.GradientTape() as tape:
        tape.watch(x)
        number = score(x)
    return tape.gradient(number, x).numpy()[0]


def test_the_code_of_the_tutorial_runs_and_gives_the_gradient_of_the_logit(image):
    model = nets.sequential()
    logits = nets.sequential(last=None)
    class_idx = 3
    # As it is written there.
    layer_idx = utils.find_layer_idx(model, "preds")
    model.layers[layer_idx].activation = keras.activations.linear
    model = utils.apply_modifications(model)
    grads = visualize_saliency(model, layer_idx, filter_indices=class_idx, seed_input=image[np.newaxis, ...])
    expected = np.abs(gradient(logits, image, lambda x: logits(x)[0, 3])).max(axis=-1)
    np.testing.assert_allclose(grads, scaled(expected), atol=1e-5)
    for modifier in ["guided", "relu"]:
        grads = visualize_saliency(
            model, layer_idx, filter_indices=class_idx, seed_input=image, backprop_modifier=modifier
        )
        assert grads.shape == (12, 10)
        assert (grads.min(), grads.max()) == (0, 1)


@pytest.mark.parametrize("modifier", [None, "guided", "relu"])
def test_the_softmax_left_on_or_taken_off_makes_no_difference(net, image, modifier):
    left_on = visualize_saliency(net, -1, 2, image, modifier)
    taken_off = visualize_saliency(nets.sequential(last=None), -1, 2, image, modifier)
    np.testing.assert_allclose(left_on, taken_off, atol=1e-6)


def test_a_softmax_that_is_a_layer_of_its_own_or_in_a_models_code_is_left_out_too(net, image):
    expected = visualize_saliency(net, -1, 2, image)
    # -1 and -2: the softmax, and the dense layer before it
    for form, places in ((nets.activations_as_layers, (-1, -2)), (nets.subclassed, (-1,))):
        model = form()
        model.set_weights(net.get_weights())
        for place in places:
            np.testing.assert_allclose(visualize_saliency(model, place, 2, image[None]), expected, atol=1e-6)


def test_of_a_hidden_layer_it_is_the_gradient_of_the_mean_of_a_channel(net, image):
    conv = keras.Model(net.inputs, net.layers[1].output)
    expected = gradient(net, image, lambda x: tf.reduce_mean(conv(x)[..., 2]))
    found = visualize_saliency(net, 1, 2, image, grad_modifier=None)
    np.testing.assert_allclose(found, scaled(expected.max(axis=-1)), atol=1e-5)


def test_several_filters_are_summed_and_none_is_all_of_them(net, image):
    logits = nets.sequential(last=None)
    for asked, units in (([1, 3], [1, 3]), (None, range(5))):
        expected = gradient(logits, image, lambda x, units=units: tf.add_n([logits(x)[0, i] for i in units]))
        found = visualize_saliency(net, -1, asked, image)
        np.testing.assert_allclose(found, scaled(np.abs(expected).max(axis=-1)), atol=1e-5)


def test_the_one_unit_of_a_sigmoid_means_itself_with_the_sigmoid_and_without(image):
    # Of our classes, class 0 of a single sigmoid is minus the logit.
    on, off = nets.sequential("sigmoid", classes=1), nets.sequential(None, classes=1)
    expected = gradient(off, image, lambda x: off(x)[0, 0]).max(axis=-1)
    for model in (on, off):
        found = visualize_saliency(model, -1, 0, image, grad_modifier=None)
        np.testing.assert_allclose(found, scaled(expected), atol=1e-5)


def test_of_two_outputs_each_layer_asks_about_its_own(image):
    model = nets.two_by_two()
    given = [image[None], np.ones((1, 3), np.float32)]
    for name, asked in (("digit", kv.Logit(2, output="digit")), ("parity", kv.Logit(1, output="parity"))):
        unit = 2 if name == "digit" else 0
        found = visualize_saliency(model, utils.find_layer_idx(model, name), unit, given)
        expected = np.abs(kv.saliency(model, given, asked).values[0]).max(axis=-1)
        np.testing.assert_allclose(found, scaled(expected), atol=1e-6)


def test_keepdims_keeps_the_channels_scaled_together(net, image):
    logits = nets.sequential(last=None)
    expected = scaled(np.abs(gradient(logits, image, lambda x: logits(x)[0, 1])))
    np.testing.assert_allclose(visualize_saliency(net, -1, 1, image, keepdims=True), expected, atol=1e-5)


def test_places_are_those_in_the_models_layers_a_functional_one_counts_its_input(net, image):
    model = nets.functional()
    model.set_weights(net.get_weights())
    assert (utils.find_layer_idx(net, "conv_2"), utils.find_layer_idx(model, "conv_2")) == (1, 2)
    np.testing.assert_allclose(
        vis.visualize_saliency(model, 2, 2, image), vis.visualize_saliency(net, 1, 2, image), atol=1e-6
    )


def test_one_image_may_come_with_or_without_its_batch_and_the_model_is_left_alone(net, image):
    before = [weight.copy() for weight in net.get_weights()], net.get_config()
    np.testing.assert_array_equal(
        visualize_saliency(net, -1, 1, image, "guided"), visualize_saliency(net, 5, 1, image[None], "guided")
    )
    assert net.get_config() == before[1]
    assert all(map(np.array_equal, net.get_weights(), before[0]))


@pytest.mark.parametrize(
    ("changed", "error", "told"),
    [
        ({"layer_idx": 9}, ValueError, "`layer_idx=9`: the model has 6 layers, 0 to 5"),
        ({"layer_idx": "preds"}, TypeError, "find_layer_idx"),
        ({"filter_indices": 5}, ValueError, "`filter_indices`: 5 is no unit of the layer, which has 5: 0 to 4"),
        ({"filter_indices": "3"}, TypeError, "`filter_indices` must be a whole number"),
        ({"seed_input": np.zeros((2, 12, 10, 2))}, ValueError, "`seed_input` must be one image .* received 2"),
        ({"seed_input": np.zeros((5, 5, 2))}, ValueError, "`seed_input`"),
        ({"backprop_modifier": "guide"}, ValueError, "Did you mean 'guided'"),
        ({"backprop_modifier": 3}, TypeError, "`backprop_modifier` must be a word"),
        ({"grad_modifier": "absolut"}, ValueError, "Did you mean 'absolute'"),
        ({"grad_modifier": 3}, TypeError, "`grad_modifier` must be a word"),
        ({"grad_modifier": np.sum}, ValueError, "`grad_modifier` must keep the shape"),
        ({"wrt_tensor": 1}, ValueError, "`wrt_tensor` is not known here.*penultimate_layer_idx"),
        ({"model": "net.h5"}, TypeError, "keras.models.load_model"),
    ],
)
def test_what_cannot_be_is_told_at_the_door(net, image, changed, error, told):
    given = {"model": net, "layer_idx": -1, "filter_indices": 1, "seed_input": image}
    with pytest.raises(error, match=told):
        visualize_saliency(**{**given, **changed})


@pytest.mark.parametrize(
    "by_place", [(None, "guided", "absolute"), (None, "guided"), (None, "deconv"), (np.zeros((1, 2, 2, 4)), None)]
)
def test_arguments_by_place_in_the_order_of_0_5_are_told_as_such(net, image, by_place):
    with pytest.raises(TypeError, match="order of 0.5, which has `wrt_tensor`.*backprop_modifier=") as caught:
        visualize_saliency(net, -1, 1, image, *by_place)
    assert "seed_input, backprop_modifier, grad_modifier." in str(caught.value)


def test_an_argument_that_is_not_here_is_told_with_what_is(net, image):
    with pytest.raises(TypeError, match="`seed_img` is no argument of visualize_saliency here. It is called `seed_in"):
        visualize_saliency(net, -1, 1, seed_img=image)
    with pytest.raises(TypeError, match="Did you mean 'keepdims'"):
        visualize_saliency(net, -1, 1, image, keepdim=True)


def test_of_one_channel_its_axis_may_be_left_out():
    np.testing.assert_array_equal(
        visualize_saliency(linear(), -1, 0, X[..., 0]), visualize_saliency(linear(), -1, 0, X)
    )


def test_a_layer_that_the_rule_does_not_reach_is_named(image):
    with pytest.warns(UserWarning, match="conv_1"):
        visualize_saliency(nets.sequential(activation="swish"), -1, 1, image, "guided")
