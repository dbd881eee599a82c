"""Do the old calls for class activation maps give our Grad-CAM, enlarged, in [0, 1]?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.compat.vis.utils import utils
from keras_vis.compat.vis.visualization import get_num_filters, overlay, visualize_cam
from tests import nets
from tests.compat.old_nets import linear, scaled


@pytest.fixture(scope="module")
def net():
    return nets.sequential()


@pytest.fixture(scope="module")
def image():
    return nets.images(1)[0]


def grad_cam(image, unit, layer="conv_2", sign=1, modify=np.asarray):
    """By the equations of the paper, with TensorFlow's own tape and resize."""
    model = nets.sequential(last=None)
    place = model.layers.index(model.get_layer(layer)) + 1
    maps = tf.constant(image[None])
    for lower in model.layers[:place]:
        maps = lower(maps)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        x = maps
        for higher in model.layers[place:]:
            x = higher(x)
        number = sign * x[0, unit]
    weights = modify(tape.gradient(number, maps).numpy()).mean(axis=(1, 2))
    cam = np.maximum((weights[:, None, None] * maps.numpy()).sum(axis=-1), 0)[0]
    return tf.image.resize(cam[..., None], image.shape[:2], "bilinear").numpy()[..., 0]


@pytest.mark.parametrize(("place", "layer"), [(None, "conv_2"), (1, "conv_2"), (0, "conv_1")])
def test_it_is_grad_cam_enlarged_bilinearly_from_its_lowest_to_its_highest(net, image, place, layer):
    found = visualize_cam(net, -1, filter_indices=3, seed_input=image, penultimate_layer_idx=place)
    np.testing.assert_allclose(found, scaled(grad_cam(image, 3, layer)), atol=1e-5)


def test_negate_shows_what_speaks_against(net, image):
    found = visualize_cam(net, -1, 3, image, grad_modifier="negate")
    np.testing.assert_allclose(found, scaled(grad_cam(image, 3, sign=-1)), atol=1e-5)


@pytest.mark.parametrize(
    ("modifier", "modify"),
    [
        ("relu", lambda grads: np.where(grads > 0, grads, 0)),
        ("absolute", np.abs),
        ("small_values", lambda grads: np.abs(1 / (grads + 1e-7))),
        (np.square, np.square),
    ],
)
def test_a_channels_weight_is_the_mean_of_what_the_modifier_makes_of_its_gradients(net, image, modifier, modify):
    for place, layer in ((None, "conv_2"), (0, "conv_1")):
        found = visualize_cam(net, -1, 3, image, place, grad_modifier=modifier)
        np.testing.assert_allclose(found, scaled(grad_cam(image, 3, layer, modify=modify)), atol=1e-4)
    pixels = np.abs(kv.deconvnet(net, image, 3).values[0]).max(axis=-1)
    found = visualize_cam(net, -1, 3, image, None, "relu", modifier)
    np.testing.assert_allclose(found, scaled(grad_cam(image, 3, modify=modify) * pixels), atol=1e-4)


def test_the_code_of_the_tutorial_runs_and_the_modifiers_multiply_by_pixels(image):
    model = nets.sequential()
    class_idx = 3
    # As it is written there.
    layer_idx = utils.find_layer_idx(model, "preds")
    model.layers[layer_idx].activation = keras.activations.linear
    model = utils.apply_modifications(model)
    cam = grad_cam(image, 3)
    for modifier, pixels in ((None, None), ("guided", kv.guided_backprop), ("relu", kv.deconvnet)):
        grads = visualize_cam(
            model, layer_idx, filter_indices=class_idx, seed_input=image[np.newaxis, ...], backprop_modifier=modifier
        )
        times = 1 if pixels is None else np.abs(pixels(model, image, 3).values[0]).max(axis=-1)
        np.testing.assert_allclose(grads, scaled(cam * times), atol=1e-5)


def test_below_a_hidden_layer_the_last_maps_before_it_are_weighed(net, image):
    found = visualize_cam(net, 1, 2, image)
    ours = kv.grad_cam(net, image, kv.Channel("conv_2", 2), layer="conv_1").values[0]
    np.testing.assert_allclose(found, scaled(tf.image.resize(ours[..., None], (12, 10)).numpy()[..., 0]), atol=1e-5)
    assert found.max() == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"penultimate_layer_idx": 4}, "`penultimate_layer_idx='flatten'` gives no maps"),
        ({"layer_idx": 0, "penultimate_layer_idx": 1}, "`penultimate_layer_idx=1` must come before `layer_idx=0`"),
        ({"penultimate_layer_idx": 7}, "`penultimate_layer_idx=7`: the model has 6 layers"),
        ({"layer_idx": 0}, "no layer whose result is a map lies below layer 'conv_1'"),
        ({"grad_modifier": "rely"}, "`grad_modifier='rely'` is unknown. Did you mean 'relu'"),
        ({"grad_modifier": np.sum}, "`grad_modifier` must keep the shape"),
        ({"wrt_tensor": 1}, "`wrt_tensor` is not known here. Name the layer with `penultimate_layer_idx`"),
        ({"model": linear(), "seed_input": np.zeros((2, 2, 1))}, "the model has no convolution"),
    ],
)
def test_what_cannot_be_is_told_at_the_door(net, image, changed, told):
    given = {"model": net, "layer_idx": -1, "filter_indices": 1, "seed_input": image}
    with pytest.raises(ValueError, match=told):
        visualize_cam(**{**given, **changed})


def test_overlay_mixes_two_arrays_in_the_type_of_the_first():
    a, b = np.full((2, 2, 3), 200, np.uint8), np.full((2, 2, 3), 100, np.uint8)
    np.testing.assert_array_equal(overlay(a, b), np.full((2, 2, 3), 150, np.uint8))
    np.testing.assert_array_equal(overlay(a, b, alpha=0.25), np.full((2, 2, 3), 125, np.uint8))
    assert overlay(a, b).dtype == np.uint8


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.float32, 1)])
def test_a_map_over_a_coloured_image_is_painted_in_jet_first(dtype, top):
    # matplotlib's jet begins at (0, 0, 0.5), and ends at (0.5, 0, 0).
    image = np.zeros((1, 2, 3), dtype)
    found = overlay(np.array([[0.0, 1.0]], np.float32), image, alpha=1.0)
    np.testing.assert_allclose(found / top, [[[0, 0, 0.5], [0.5, 0, 0]]], atol=0.005)
    assert found.dtype == dtype


def test_an_image_of_one_channel_under_a_map_is_grey_of_three():
    image = np.array([[[0.25], [0.75]]], np.float32)
    found = overlay(np.array([[0.0, 1.0]], np.float32), image)
    # half of jet's ends, (0, 0, 0.5) and (0.5, 0, 0), and half of the grey
    np.testing.assert_allclose(found, [[[0.125, 0.125, 0.375], [0.625, 0.375, 0.375]]], atol=0.005)


@pytest.mark.parametrize(
    ("a", "b", "alpha", "told"),
    [
        (np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2)), 0.5, "give the map first, and then the image, overlay(map"),
        (np.zeros((2, 2)), np.zeros((1, 2, 2, 1)), 0.5, "a map (h, w), and then its image (h, w, 1) or (h, w, 3)"),
        (np.zeros((2, 2)), np.zeros((2, 2)), 1.5, "`alpha` must lie between 0"),
        (np.zeros((2, 2)), np.zeros((3, 2)), 0.5, "must have one shape; received (2, 2) and (3, 2)"),
        (np.zeros((2, 2)), np.full((2, 2, 3), 128.0), 0.5, "give array2.astype('uint8')"),
        (np.full((2, 2), 7.0), np.zeros((2, 2, 3)), 0.5, "`array1`: a map must lie in [0, 1]"),
    ],
)
def test_what_cannot_be_laid_over_another_is_told(a, b, alpha, told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared as it is
        overlay(a, b, alpha)
    assert told in str(caught.value)


def test_filters_are_channels_or_units_or_what_a_layer_hands_on(net):
    assert [get_num_filters(layer) for layer in net.layers] == [4, 6, 6, 6, 72, 5]
    with pytest.raises(TypeError, match="model.layers"):
        get_num_filters(net.layers)
    with pytest.raises(ValueError, match="keras.Input"):
        get_num_filters(keras.layers.Flatten(name="alone"))
