"""Grad-CAM and its kin: are they the papers' sums, on the layers that are named?"""

from __future__ import annotations

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.engine.probe import probe
from tests import nets

L = keras.layers
MAPS = {"grad_cam": kv.grad_cam, "grad_cam_plus_plus": kv.grad_cam_plus_plus, "layer_cam": kv.layer_cam}
METHODS = {**MAPS, "guided_grad_cam": kv.guided_grad_cam}


def relu(values):
    return np.maximum(values, 0)


def by_formula(method, grads, maps):
    """The papers' own formulas, in float64; ``(n, h', w', k)`` of both to ``(n, h', w')``."""
    g, a = np.asarray(grads, np.float64), np.asarray(maps, np.float64)
    if method == "layer_cam":
        return relu((relu(g) * a).sum(axis=-1))
    if method == "grad_cam":
        weights = g.mean(axis=(1, 2))
    else:
        above, below = g**2, 2 * g**2 + a.sum(axis=(1, 2), keepdims=True) * g**3
        alphas = np.divide(above, below, out=np.zeros_like(g), where=above > 0)
        weights = (alphas * relu(g)).sum(axis=(1, 2))
    return relu(np.einsum("nk,nijk->nij", weights, a))


def by_tape(model, x, layer, c):
    """The gradient of a class's logit at a layer of the reference net, and the layer's maps, without the package."""
    first, second = model.get_layer("conv_1"), model.get_layer("conv_2")
    kernel, bias = model.get_layer("preds").get_weights()
    with tf.GradientTape() as tape:
        maps = first(tf.constant(x))
        if layer == "conv_1":
            tape.watch(maps)
        upper = second(maps)
        if layer == "conv_2":
            maps = upper
            tape.watch(maps)
        pooled = tf.nn.max_pool2d(upper, 2, 2, "VALID")
        score = (tf.reshape(pooled, [len(x), -1]) @ kernel + bias)[:, c]
    return tape.gradient(score, maps).numpy(), maps.numpy()


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    return nets.forms(tmp_path_factory.mktemp("forms"))


@pytest.mark.parametrize("layer", ["conv_1", "conv_2"])
@pytest.mark.parametrize("method", MAPS)
def test_in_every_form_of_a_net_it_is_the_papers_formula_of_an_independent_tape(method, layer, forms):
    x = nets.images()
    wanted = by_formula(method, *by_tape(forms["sequential"], x, layer, 3))
    assert (wanted > 0).sum() > 10
    for form, model in forms.items():
        path = next(path for path in probe(model).outline(x).layers if path.endswith(layer))
        values = MAPS[method](model, x, 3, layer=path).values
        np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-5 * wanted.max(), err_msg=form)
        assert values.min() >= 0


def two_by_two():
    """Two channels A = relu(x), at four positions each; the logit's gradients g are the dense layer's weights.

    A_1 = 1 2   g_1 = 1 -1   A_2 = 1 0   g_2 = -1  0
          0 1         0  2         0 1          1 -1
    """
    model = keras.Sequential(
        [
            keras.Input((2, 2, 2)),
            L.Conv2D(2, 1, use_bias=False, activation="relu", name="conv"),
            L.Flatten(),
            L.Dense(1, use_bias=False),
        ]
    )
    grads = np.array([[[1, -1], [-1, 0]], [[0, 1], [2, -1]]], "float32")
    model.set_weights([np.eye(2, dtype="float32")[None, None], grads.reshape(8, 1)])
    return model, np.array([[[1, 1], [2, -3]], [[-1, -2], [1, 1]]], "float32")


@pytest.mark.parametrize(
    ("method", "wanted"),
    [
        # means 1/2 and -1/4: half of A_1 less a quarter of A_2
        ("grad_cam", [[1 / 4, 1], [0, 1 / 4]]),
        # the sums of A are 4 and 2. g_1: 1/(2 + 4·1)·1 + 4/(2·4 + 4·8)·2 = 1/6 + 1/5 = 11/30; g_2: 1/(2 + 2·1)·1 = 1/4
        ("grad_cam_plus_plus", [[11 / 30 + 1 / 4, 22 / 30], [0, 11 / 30 + 1 / 4]]),
        # 1·1, then A_2 is 0 where g_2 is positive, then 2·1
        ("layer_cam", [[1, 0], [0, 2]]),
        # what comes back through open rectifiers is 1 and 2, to channel 1 alone; times Grad-CAM there
        ("guided_grad_cam", [[[1 / 4, 0], [0, 0]], [[0, 0], [2 / 4, 0]]]),
    ],
)
def test_by_hand_on_two_channels_and_four_positions(method, wanted):
    model, x = two_by_two()
    np.testing.assert_allclose(METHODS[method](model, x, 0).values[0], wanted, rtol=1e-5)


def by_head(method, maps, weights):
    """Of a net that averages its maps: the gradient of a logit is its weight / h'w' everywhere."""
    positions = maps.shape[1] * maps.shape[2]
    return by_formula(method, np.broadcast_to(weights / positions, maps.shape), maps)


@pytest.mark.parametrize("c", range(5))
def test_on_a_net_that_averages_grad_cam_is_the_positive_part_of_the_weighted_sum_by_the_head(c):
    model, x = averaging(L.Dense(5, activation="softmax")), nets.images()
    maps, weights = kv.feature_maps(model, x, "conv").values, model.get_weights()[2][:, c]
    wanted = relu(maps @ weights) / (10 * 8)
    np.testing.assert_allclose(kv.grad_cam(model, x, c).values, wanted, rtol=1e-4, atol=1e-7)
    # There every α is 1 / (2 + mean · weight), and LayerCAM leaves out what speaks against the class.
    means = maps.mean(axis=(1, 2), keepdims=True)
    wanted = relu((relu(weights) / (2 + means * relu(weights)) * maps).sum(axis=-1))
    np.testing.assert_allclose(kv.grad_cam_plus_plus(model, x, c).values, wanted, rtol=1e-4)
    np.testing.assert_allclose(kv.layer_cam(model, x, c).values, maps @ relu(weights) / (10 * 8), rtol=1e-4)


def averaging(*heads):
    """A convolution of six channels, a global average, and heads on it."""
    inputs = keras.Input(nets.SHAPE)
    means = L.GlobalAveragePooling2D()(L.Conv2D(6, 3, activation="relu", name="conv")(inputs))
    ends = [head(means) for head in heads]
    model = keras.Model(inputs, ends if len(ends) > 1 else ends[0])
    nets.draw_weights(model)
    return model


@pytest.mark.parametrize("method", MAPS)
def test_of_a_sigmoid_for_each_label_the_logit_is_asked_and_by_default_the_highest(method):
    model, x = averaging(L.Dense(4, activation="sigmoid")), nets.images()
    maps, (weights, bias) = kv.feature_maps(model, x, "conv").values, model.get_weights()[2:]
    for c in range(4):
        wanted = by_head(method, maps, weights[:, c])
        np.testing.assert_allclose(MAPS[method](model, x, c).values, wanted, rtol=1e-4, atol=1e-6)
    best = (maps.mean(axis=(1, 2)) @ weights + bias).argmax(axis=1)
    wanted = by_head(method, maps, weights.T[best][:, None, None])
    np.testing.assert_allclose(MAPS[method](model, x).values, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", MAPS)
def test_of_a_single_sigmoid_class_zero_is_what_speaks_against_class_one(method):
    model, x = averaging(L.Dense(1, activation="sigmoid")), nets.images()
    maps, (weights, bias) = kv.feature_maps(model, x, "conv").values, model.get_weights()[2:]
    for c, sign in ((1, 1), (0, -1)):
        wanted = by_head(method, maps, sign * weights[:, 0])
        np.testing.assert_allclose(MAPS[method](model, x, c).values, wanted, rtol=1e-4, atol=1e-6)
    signs = np.sign(maps.mean(axis=(1, 2)) @ weights + bias)[:, None, None]
    wanted = by_head(method, maps, signs * weights[:, 0])
    np.testing.assert_allclose(MAPS[method](model, x).values, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", MAPS)
def test_of_a_regression_the_number_itself_is_asked_or_minus_it(method):
    model, x = averaging(L.Dense(1)), nets.images()
    maps, weights = kv.feature_maps(model, x, "conv").values, model.get_weights()[2][:, 0]
    for target, sign in ((None, 1), (0, 1), (-kv.Logit(0), -1)):
        wanted = by_head(method, maps, sign * weights)
        np.testing.assert_allclose(MAPS[method](model, x, target).values, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", MAPS)
def test_of_several_outputs_one_is_named_or_a_sum_of_them(method):
    model, x = (
        averaging(L.Dense(5, activation="softmax", name="a"), L.Dense(1, activation="sigmoid", name="b")),
        nets.images(),
    )
    maps, weights = kv.feature_maps(model, x, "conv").values, model.get_layer("a").get_weights()[0][:, 2]
    other = model.get_layer("b").get_weights()[0][:, 0]
    a, b = kv.Logit(2, output="a"), kv.Logit(1, output="b")
    for target, wanted in ((a, weights), (b, other), (a - 2 * b, weights - 2 * other)):
        values = MAPS[method](model, x, target).values
        np.testing.assert_allclose(values, by_head(method, maps, wanted), rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="the model has 2 outputs, 'a', 'b'. Say which"):
        MAPS[method](model, x, 2)


@pytest.mark.parametrize("method", MAPS)
def test_of_a_segmentation_a_class_is_asked_over_a_region(method):
    model, x = nets.segmentation(), nets.images()
    mask = np.random.default_rng(1).random((6, *nets.SHAPE[:2])) > 0.6
    maps, weights = kv.feature_maps(model, x, "conv_2").values, model.get_weights()[-2][0, 0, :, 1]
    # the logit at a pixel is the weighted sum of the maps there; the mean's gradient is the weight / the pixels inside
    grads = (mask / mask.sum(axis=(1, 2), keepdims=True))[..., None] * weights
    picture = MAPS[method](model, x, kv.Region(1, mask))
    assert picture.about["layer"] == "conv_2"
    np.testing.assert_allclose(picture.values, by_formula(method, grads, maps), rtol=1e-4, atol=1e-6)
    assert "mean logit of 1 over its region" in picture.title


def test_guided_grad_cam_is_the_product_of_the_two_that_of_the_coarse_map_enlarged():
    model, x = nets.sequential(), nets.images()
    height, width, _ = nets.SHAPE
    for layer in ("conv_1", "conv_2", "pool"):
        coarse = kv.grad_cam(model, x, 3, layer=layer).values
        assert coarse.shape[1:] != (height, width)
        large = np.stack([cv2.resize(one, (width, height), interpolation=cv2.INTER_LINEAR) for one in coarse])
        wanted = large[..., None] * kv.guided_backprop(model, x, 3).values
        values = kv.guided_grad_cam(model, x, 3, layer=layer).values
        np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-6 * np.abs(wanted).max())


def test_guided_grad_cam_of_images_without_an_axis_of_channels_has_maps_without_one():
    model = keras.Sequential(
        [
            keras.Input((8, 7)),
            L.Reshape((8, 7, 1)),
            L.Conv2D(3, 3, activation="relu", name="conv"),
            L.Flatten(),
            L.Dense(2),
        ]
    )
    nets.draw_weights(model)
    x = nets.images(2, shape=(8, 7))
    coarse = kv.grad_cam(model, x, 1).values
    large = np.stack([cv2.resize(one, (7, 8), interpolation=cv2.INTER_LINEAR) for one in coarse])
    wanted = large * kv.guided_backprop(model, x, 1).values
    np.testing.assert_allclose(kv.guided_grad_cam(model, x, 1).values, wanted, rtol=1e-4, atol=1e-6)


def test_guided_grad_cam_names_the_layers_that_the_rule_does_not_reach():
    model = nets.sequential(activation="elu")
    with pytest.warns(UserWarning, match="guided_grad_cam: the rule is for rectifiers .* conv_1, conv_2") as caught:
        picture = kv.guided_grad_cam(model, nets.images(1))
    assert caught[0].filename == __file__
    assert picture.about["unreached"] == ["conv_1", "conv_2"]


def thousands(policy="float32"):
    """The reference net, its logits in the thousands."""
    try:
        keras.config.set_dtype_policy(policy)
        model = nets.sequential()
    finally:
        keras.config.set_dtype_policy("float32")
    kernel, bias = model.get_layer("preds").get_weights()
    model.get_layer("preds").set_weights([1000 * kernel, bias])
    return model


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_maps_are_finite_and_right_for_logits_of_thousands(policy):
    model, x = thousands(policy), nets.images()
    scores = probe(model).run(x).scores
    assert scores.max() > 1000  # exp, of which the paper takes the derivatives, ends at 88
    grads, maps = by_tape(thousands(), x, "conv_2", 3)
    for method, ours in MAPS.items():
        values, wanted = ours(model, x, 3).values, by_formula(method, grads, maps)
        assert np.isfinite(values).all()
        assert values.max() > 0
        tolerance = 1e-5 if policy == "float32" else 0.02
        np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=tolerance * wanted.max(), err_msg=method)
    assert np.isfinite(kv.guided_grad_cam(model, x, 3).values).all()


def test_no_gradient_is_too_small_or_too_large_for_grad_cam_plus_plus():
    # Of g = 1e-25 the square is nothing in float32, of 1e25 the cube is infinite. Where ΣA·g is nothing beside 2, α is
    # 1/2; where 2 is nothing beside it, α·g is 1/ΣA.
    x = nets.images()
    for size in (1e-25, 1e25):
        model = nets.sequential()
        kernel, bias = model.get_layer("preds").get_weights()
        grads, maps = by_tape(model, x, "conv_2", 3)
        model.get_layer("preds").set_weights([np.float32(size) * kernel, bias])
        if size < 1:
            weights = size * relu(grads).sum(axis=(1, 2)) / 2
        else:
            sums = maps.sum(axis=(1, 2), dtype=np.float64)
            weights = np.divide((grads > 0).sum(axis=(1, 2)), sums, out=np.zeros_like(sums), where=sums > 0)
        wanted = np.einsum("nk,nijk->nij", weights, maps)
        values = kv.grad_cam_plus_plus(model, x, 3).values
        np.testing.assert_allclose(values, wanted, rtol=1e-4)
        assert (values > 0).mean() > 0.2


def test_where_a_denominator_is_zero_the_weight_is_none():
    # A = x before any rectifier, with the sum -1; g = 2 at its first position: 2·4 + (-1)·8 = 0
    model = keras.Sequential(
        [keras.Input((1, 2, 1)), L.Conv2D(1, 1, use_bias=False, name="conv"), L.Flatten(), L.Dense(1, use_bias=False)]
    )
    model.set_weights([np.ones((1, 1, 1, 1), "float32"), np.array([[2.0], [0.5]], "float32")])
    # what is left is g = 1/2: 1/(2 - 1/2)·1/2 = 1/3
    x = np.array([[[[-3.0], [2.0]]]])
    np.testing.assert_allclose(kv.grad_cam_plus_plus(model, x, 0).values, [[[0, 2 / 3]]], rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_a_list_of_layers_gives_each_ones_own_map_side_by_side_in_one_run(method):
    model, x = nets.sequential(), nets.images()
    ours, labels = METHODS[method], list("abcde")
    probe(model).outline(x)
    before = probe(model).traces
    picture = ours(model, x, 3, layer=["conv_2", model.get_layer("conv_1")], labels=labels)
    assert probe(model).traces == before + 1 + (method == "guided_grad_cam")
    assert isinstance(picture, kv.Comparison)
    assert picture.names == ("conv_2 8×6", "conv_1 10×8")
    for part, layer in zip(picture.maps, ("conv_2", "conv_1"), strict=True):
        alone = ours(model, x, 3, layer=layer, labels=labels)
        np.testing.assert_allclose(part.values, alone.values, rtol=1e-5, atol=1e-7)
        assert (part.captions, part.title, part.about["layer"]) == (alone.captions, alone.title, layer)
    assert picture.about["method"] == method
    assert picture.about["layer"] == ["conv_2", "conv_1"]
    assert picture.title == alone.title.removesuffix(" at conv_1 (10×8)")
    assert picture.draw().std() > 1
    # batches, a tuple, and a list of one
    again = ours(model, x, 3, layer=("conv_2", "conv_1"), batch=4)
    for name, values in again.values.items():
        np.testing.assert_allclose(values, picture.values[name], rtol=1e-4, atol=1e-6)
    (one,) = ours(model, x, 3, layer=["conv_2"]).maps
    np.testing.assert_allclose(one.values, picture.maps[0].values, rtol=1e-5, atol=1e-7)


def test_what_the_paths_of_a_list_have_in_common_is_said_once():
    model, x = nets.nested(), nets.images(1)
    picture = kv.layer_cam(model, x, 3, layer=["conv_1", "conv_2"])
    assert picture.names == ("conv_1 10×8", "conv_2 8×6")
    assert picture.title == "LayerCAM of the logit of 3, in backbone"
    assert picture.about["layer"] == ["backbone/conv_1", "backbone/conv_2"]
    picture = kv.layer_cam(model, x, 3, layer=["conv_1", "pool"])
    assert picture.names == ("backbone/conv_1 10×8", "pool 4×3")
    assert picture.title == "LayerCAM of the logit of 3"


def test_a_list_of_layers_of_open_sizes_is_cut_apart_too():
    class Half(L.Layer):
        def call(self, x):
            size = tf.shape(x)[1:3] // 2  # known when it runs
            return tf.image.resize(x, size)

        def compute_output_shape(self, shape):
            return shape[0], None, None, shape[3]

    inputs = keras.Input(nets.SHAPE)
    maps = L.Conv2D(4, 3, activation="relu", name="conv")(inputs)
    half = Half(name="half")(maps)
    model = keras.Model(inputs, L.Dense(2)(L.GlobalAveragePooling2D()(half)))
    nets.draw_weights(model)
    x = nets.images(3)
    assert probe(model).outline(x).single("half")[:2] == (None, None)
    picture = kv.grad_cam(model, x, 1, layer=["half", "conv"])
    assert picture.names == ("half 5×4", "conv 10×8")
    for part, layer in zip(picture.maps, ("half", "conv"), strict=True):
        np.testing.assert_allclose(part.values, kv.grad_cam(model, x, 1, layer=layer).values, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_a_frozen_layer_is_a_layer_like_any_other(method):
    model, x = nets.sequential(), nets.images()
    wanted = METHODS[method](model, x, 3).values
    model.get_layer("conv_2").trainable = False
    np.testing.assert_allclose(METHODS[method](model, x, 3).values, wanted, rtol=1e-5, atol=1e-7)
    model.trainable = False
    np.testing.assert_allclose(METHODS[method](model, x, 3).values, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_what_it_is_of_stands_in_the_title_and_in_the_facts(method):
    names = {"grad_cam_plus_plus": "Grad-CAM++", "layer_cam": "LayerCAM", "guided_grad_cam": "Guided Grad-CAM"}
    picture = METHODS[method](nets.sequential(), nets.images(), 3, labels=["a", "b", "c", "dog", "e"])
    assert picture.title == f"{names.get(method, 'Grad-CAM')} of the logit of dog at conv_2 (8×6)"
    assert picture.about["layer"] == "conv_2"
    assert picture.about["target"] == "Logit(3, output='preds')"
    assert picture.values.shape == (6, *(nets.SHAPE if method == "guided_grad_cam" else (8, 6)))


@pytest.mark.parametrize("method", METHODS)
def test_a_layer_that_would_not_do_is_answered_with_those_that_would(method):
    ours, x = METHODS[method], nets.images()
    for layer in ("flatten", "preds"):
        with pytest.raises(ValueError, match=rf"`layer='{layer}'` gives no maps .* These would do: conv_1, conv_2."):
            ours(nets.sequential(), x, layer=layer)
    with pytest.raises(ValueError, match="`layer='conv_2'` has no part in what is asked about.* would do: conv_1."):
        ours(nets.sequential(), x, kv.Channel("conv_1", 0), layer=["conv_1", "conv_2"])
    with pytest.raises(ValueError, match="the model has no convolution"):
        ours(keras.Sequential([keras.Input((4, 4, 1)), L.Flatten(), L.Dense(2)]), np.zeros((1, 4, 4, 1)))


@pytest.mark.parametrize("method", METHODS)
def test_on_photographs_the_map_lies_on_the_animal(method, mobilenet):
    model, x = mobilenet
    picture = METHODS[method](model, x)
    assert picture.about["layer"] == "conv_pw_13_relu"
    assert [caption.split()[0] for caption in picture.captions] == ["1", "294"]
    # In the 7 x 7 cells: the fish swim from the left to the lower right, below and above them is water; the bear sits
    # to the right of the middle. Mean heat on it against mean heat elsewhere.
    fish, bear = np.zeros((7, 7), bool), np.zeros((7, 7), bool)
    fish[1:5, 0:6] = bear[2:6, 3:7] = True
    values = np.abs(picture.values)
    if values.ndim == 4:
        values = values.max(axis=-1).reshape(2, 7, 32, 7, 32).mean(axis=(2, 4))
    for heat, inside in zip(values, (fish, bear), strict=True):
        assert heat[inside].mean() > 2 * heat[~inside].mean()


def test_in_an_early_layer_layer_cam_looks_at_the_animals_head_and_the_others_look_anywhere(mobilenet):
    model, x = mobilenet
    # the bear's head, in the 28 x 28 cells of an early layer: 4 % of them
    head = np.zeros((28, 28), bool)
    head[9:15, 15:20] = True
    shares = {}
    for method, ours in MAPS.items():
        values = ours(model, x[1:], layer="conv_pw_5_relu").values[0]
        shares[method] = values[head].sum() / values.sum()
    assert shares["layer_cam"] > 0.15
    assert shares["layer_cam"] > 2 * max(shares["grad_cam"], shares["grad_cam_plus_plus"])


@pytest.fixture(scope="module")
def mobilenet(data_folder):
    from PIL import Image

    model = keras.applications.MobileNet(alpha=0.75, input_shape=(224, 224, 3), weights=None)
    model.load_weights(data_folder / "mobilenet_0.75_224_imagenet.weights.h5")
    photos = [
        np.asarray(Image.open(data_folder / "photos" / f"{name}.jpg").convert("RGB").resize((224, 224)))
        for name in ("goldfish", "bear")
    ]
    return model, keras.applications.mobilenet.preprocess_input(np.stack(photos).astype("float32"))
