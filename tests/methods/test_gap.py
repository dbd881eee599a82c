"""Maps of a net with global average pooling: do they add up to the logit, and is such a net made of another?"""

from __future__ import annotations

import gc
import weakref

import keras
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.engine import layers
from keras_vis.engine.probe import probe
from tests import nets

L = keras.layers


def headed(*head, last="relu"):
    """conv_1, conv_2 and a head; 8 x 6 positions, 6 channels."""
    model = keras.Sequential(
        [
            keras.Input(nets.SHAPE),
            L.Conv2D(4, 3, activation="relu", name="conv_1"),
            L.Conv2D(6, 3, activation=last, name="conv_2"),
            *head,
        ]
    )
    nets.draw_weights(model)
    for layer in model.layers:
        if isinstance(layer, L.BatchNormalization):
            layer.moving_variance.assign(keras.ops.abs(layer.moving_variance) + 0.1)
    return model


def logits(model, x):
    ((found, _),) = probe(model).outputs(x).values()
    return found


@pytest.mark.parametrize("form", ["sequential", "nested", "subclassed", "by a convolution"])
def test_the_mean_of_the_map_and_the_bias_are_the_logit(form, tmp_path):
    model, x = nets.gap_forms(tmp_path)[form], nets.images()
    bias = model.get_weights()[-1]
    for c in range(nets.CLASSES):
        values = kv.gap_cam(model, x, c).values
        np.testing.assert_allclose(values.mean((1, 2)) + bias[c], logits(model, x)[:, c], rtol=1e-5, atol=1e-6)


def test_it_is_the_sum_of_the_maps_times_the_weights_of_the_dense_layer():
    model, x = nets.gap(), nets.images()
    maps, weights = kv.feature_maps(model, x, "conv_2").values, model.get_layer("preds").get_weights()[0]
    for c in range(nets.CLASSES):
        wanted = np.einsum("nijk,k->nij", maps, weights[:, c])
        np.testing.assert_allclose(kv.gap_cam(model, x, c).values, wanted, rtol=1e-4, atol=1e-6)
    assert kv.gap_cam(model, x, 0).values.min() < 0 < kv.gap_cam(model, x, 0).values.max()


def test_by_hand_on_two_positions():
    # two channels A = (x, -x), weights 3 and 1: the map is 3x - x = 2x, its mean (4 - 10) / 2 = -3, the logit -3 + 7
    model = keras.Sequential(
        [keras.Input((1, 2, 1)), L.Conv2D(2, 1, use_bias=False), L.GlobalAveragePooling2D(), L.Dense(1)]
    )
    model.set_weights([np.float32([[[[1, -1]]]]), np.float32([[3], [1]]), np.float32([7])])
    x = np.float32([[[[2.0], [-5.0]]]])
    picture = kv.gap_cam(model, x, 0)
    np.testing.assert_allclose(picture.values, [[[4.0, -10.0]]])
    assert picture.signed
    assert picture.captions == ("0  logit 4",)


def test_grad_cam_is_its_positive_part_over_the_number_of_positions():
    model, x = nets.gap(), nets.images()
    cam = kv.gap_cam(model, x, 2).values
    np.testing.assert_allclose(
        kv.grad_cam(model, x, 2, layer="conv_2").values, np.maximum(cam, 0) / (8 * 6), rtol=1e-4, atol=1e-8
    )


@pytest.mark.parametrize(
    "head",
    [
        lambda: [L.Dropout(0.5), L.GlobalAveragePooling2D(), L.Activation("linear"), L.Dense(3, "sigmoid")],
        lambda: [L.GlobalAveragePooling2D(), L.BatchNormalization(), L.Dense(3, "softmax")],
        lambda: [L.GlobalAveragePooling2D(), L.Dense(4), L.Dropout(0.5), L.Dense(3), L.Rescaling(0.1), L.Softmax()],
        lambda: [L.GlobalAveragePooling2D(keepdims=True), L.Conv2D(3, 1), L.Flatten(), L.Softmax()],
        lambda: [L.Lambda(lambda z: keras.ops.mean(z, axis=(-3, -2))), L.Dense(3)],
        lambda: [L.Lambda(lambda z: keras.ops.sum(z, axis=(1, 2)) / 48), L.Dense(3)],
        lambda: [L.AveragePooling2D((8, 6)), L.Flatten(), L.Dense(3)],
        lambda: [L.Reshape((48, 6)), L.GlobalAveragePooling1D(), L.Dense(3)],
    ],
)
def test_what_is_linear_and_what_does_nothing_may_stand_in_the_head(head):
    model, x = headed(*head()), nets.images()
    picture = kv.gap_cam(model, x, 1)
    assert picture.about["layer"] == "conv_2"
    assert picture.values.shape == (6, 8, 6)
    rest = logits(model, x)[:, 1] - picture.values.mean((1, 2))
    np.testing.assert_allclose(rest, np.full(6, rest[0]), atol=1e-6)


def test_of_a_net_that_averages_a_map_for_each_class_it_is_that_map():
    model, x = headed(L.Conv2D(3, 1, name="each"), L.GlobalAveragePooling2D(), L.Softmax()), nets.images()
    np.testing.assert_allclose(
        kv.gap_cam(model, x, 2).values, kv.feature_maps(model, x, "each").values[..., 2], rtol=1e-5, atol=1e-6
    )


def test_what_is_averaged_is_looked_at_though_it_be_a_pooling():
    picture = kv.gap_cam(headed(L.MaxPooling2D(2, name="pool"), L.GlobalAveragePooling2D(), L.Dense(3)), nets.images())
    assert picture.about["layer"] == "pool"
    assert picture.values.shape == (6, 4, 3)
    assert picture.title == "CAM of the logit of the predicted class at pool (4×3)"


def test_a_difference_of_logits_has_the_difference_of_the_maps():
    model, x = nets.gap(), nets.images()
    three, one = (kv.gap_cam(model, x, c).values for c in (3, 1))
    both = kv.gap_cam(model, x, 2 * kv.Logit(3) - kv.Logit(1))
    np.testing.assert_allclose(both.values, 2 * three - one, rtol=1e-4, atol=1e-6)


def test_class_0_of_a_single_sigmoid_has_the_map_of_class_1_turned_over():
    model, x = nets.gap("sigmoid", 1), nets.images()
    np.testing.assert_allclose(kv.gap_cam(model, x, 0).values, -kv.gap_cam(model, x, 1).values)
    for c, sign in enumerate((-1, 1)):
        rest = logits(model, x)[:, c] - kv.gap_cam(model, x, c).values.mean((1, 2))
        np.testing.assert_allclose(rest, sign * model.get_weights()[-1].repeat(6), rtol=1e-5, atol=1e-6)


def test_under_half_floats_it_is_the_same_to_their_precision():
    wanted = kv.gap_cam(nets.gap(), nets.images(), 3).values
    policy = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_float16")
        model = nets.gap()
    finally:
        keras.config.set_dtype_policy(policy)
    values = kv.gap_cam(model, nets.images(), 3).values
    np.testing.assert_allclose(values, wanted, atol=2e-3 * np.abs(wanted).max())


@pytest.mark.parametrize(
    ("head", "stands"),
    [
        (lambda: [L.Flatten(name="flatten"), L.Dense(3)], "Reshape of 'flatten'"),
        (lambda: [L.GlobalAveragePooling2D(), L.Dense(4, "relu", name="hidden"), L.Dense(3)], "Relu of 'hidden'"),
        (lambda: [L.GlobalMaxPooling2D(name="highest"), L.Dense(3)], "Max of 'highest'"),
        (lambda: [L.GlobalAveragePooling2D(), L.LayerNormalization(name="norm"), L.Dense(3)], "of 'norm'"),
        (lambda: [L.GlobalAveragePooling2D(), L.Dense(3, "tanh", name="preds")], "Tanh of 'preds'"),
        (lambda: [L.AveragePooling2D((4, 6)), L.Flatten(name="flatten"), L.Dense(3)], "Reshape of 'flatten'"),
        (
            lambda: [L.Lambda(lambda z: keras.ops.mean(keras.ops.relu(z), (1, 2)), name="both"), L.Dense(3)],
            "an average of what is no layer's output, but made by Relu of 'both'",
        ),
    ],
)
def test_another_head_is_refused_with_what_stands_in_it_and_what_to_use(head, stands):
    with pytest.raises(
        ValueError, match=rf"`model` must end in the average .*{stands}.* grad_cam.* with_gap_head\(model"
    ):
        kv.gap_cam(headed(*head(), last=None), nets.images(), 0)


def test_two_averages_and_maps_of_one_position_are_refused():
    x = inputs = keras.Input(nets.SHAPE)
    first = L.Conv2D(3, 3, activation="relu", name="first")(x)
    second = L.Conv2D(3, 3, activation="relu", name="second")(first)
    both = L.Add()([L.GlobalAveragePooling2D()(part) for part in (first, second)])
    with pytest.raises(ValueError, match="the averages of 2 different maps"):
        kv.gap_cam(keras.Model(inputs, L.Dense(3)(both)), nets.images())
    model = headed(L.MaxPooling2D((8, 6), name="one"), L.GlobalAveragePooling2D(), L.Dense(3))
    with pytest.raises(ValueError, match="'one', which have one position alone"):
        kv.gap_cam(model, nets.images())


def test_outputs_that_average_different_layers_are_asked_about_one_by_one():
    inputs = keras.Input(nets.SHAPE)
    first = L.Conv2D(3, 3, activation="relu", name="first")(inputs)
    second = L.Conv2D(3, 3, activation="relu", name="second")(first)
    ends = [L.Dense(4, name=f"out_{i}")(L.GlobalAveragePooling2D()(part)) for i, part in enumerate((first, second))]
    model, x = keras.Model(inputs, ends), nets.images()
    assert kv.gap_cam(model, x, kv.Logit(1, "out_0")).about["layer"] == "first"
    assert kv.gap_cam(model, x, kv.Logit(1, "out_1")).about["layer"] == "second"
    with pytest.raises(ValueError, match="`target`: its outputs average different layers, first, second"):
        kv.gap_cam(model, x, kv.Logit(1, "out_0") + kv.Logit(1, "out_1"))


@pytest.mark.parametrize(
    "target", [kv.Probability(1), kv.Channel("conv_1", 0), kv.Logit(1) - 0.1 * kv.TotalVariation()]
)
def test_a_target_that_is_no_logit_is_refused(target):
    with pytest.raises(ValueError, match="`target`: gap_cam is of a class's logit .* Use grad_cam"):
        kv.gap_cam(nets.gap(), nets.images(), target)


def test_it_may_be_smoothed():
    # the map of a net that is linear is that of the image itself, for the noise comes in pairs
    model = headed(L.GlobalAveragePooling2D(), L.Dense(3), last=None)
    model.get_layer("conv_1").activation = keras.activations.linear
    x = nets.images(2)
    smooth = kv.smooth(kv.gap_cam, samples=4)(model, x, 1)
    np.testing.assert_allclose(smooth.values, kv.gap_cam(model, x, 1).values, rtol=1e-3, atol=1e-5)


# with_gap_head


def calls_recorded(model):
    return [
        (len(layer._inbound_nodes), len(layer._outbound_nodes))
        for layer in [model, *model._flatten_layers(include_self=False)]
    ]


def cut_as_said(model, x, layer, **options):
    """Make the new model, and hold it against the old: weights, numbers, and that the old one knows nothing of it."""
    before, calls = model.predict(x, verbose=0), calls_recorded(model)
    attributes = {id(part): set(vars(part)) for part in [model, *model._flatten_layers(include_self=False)]}
    new = kv.with_gap_head(model, layer=layer, **options)
    assert calls_recorded(model) == calls
    assert {id(p): set(vars(p)) for p in [model, *model._flatten_layers(include_self=False)]} == attributes
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)
    stem, (kernel, bias) = new.get_layer("trunk"), new.get_layer("preds").get_weights()
    own = {id(variable) for variable in model.variables}
    assert stem.variables
    assert all(id(variable) in own for variable in stem.variables)
    path = kv.gap_cam(new, x[:1]).about["layer"]
    maps = kv.feature_maps(model, x, layer or path.split("/")[-1]).values
    np.testing.assert_allclose(stem.predict(x, verbose=0), maps, rtol=1e-5, atol=1e-6)
    wanted = np.exp(maps.mean((1, 2)) @ kernel + bias)
    np.testing.assert_allclose(
        new.predict(x, verbose=0), wanted / wanted.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-6
    )
    cam = kv.gap_cam(new, x, 1).values
    np.testing.assert_allclose(cam, np.einsum("nijk,k->nij", maps, kernel[:, 1]), rtol=1e-3, atol=1e-5)
    return new


FORMS = ["sequential", "added without input", "functional", "nested", "activations as operations", "loaded"]


@pytest.mark.parametrize("form", FORMS)
def test_the_trunk_is_shared_and_the_head_is_the_average_and_a_dense_layer(form, tmp_path):
    model = nets.forms(tmp_path)[form]
    new = cut_as_said(model, nets.images(), None)
    assert new.output_shape == (None, nets.CLASSES)
    assert kv.gap_cam(new, nets.images()).about["layer"].endswith("/conv_2")
    cut_as_said(model, nets.images(), "conv_1")


def test_the_layer_may_lie_in_models_within_models_which_are_called_as_they_were():
    x = inside = keras.Input(nets.SHAPE)
    x = L.BatchNormalization(name="norm")(L.Conv2D(4, 3, name="deep")(x))
    backbone = keras.Model(inside, L.ReLU(name="end")(x), name="backbone")
    middle_in = keras.Input(nets.SHAPE)
    # training=False, as in every guide to fine-tuning
    middle = keras.Model(middle_in, L.Conv2D(3, 1, name="wide")(backbone(2 * middle_in, training=False)), name="middle")
    inputs = keras.Input(nets.SHAPE, name="photo")
    y = middle(keras.ops.relu(L.Rescaling(0.5)(inputs)) + 0.1)
    model = keras.Model(inputs, L.Dense(nets.CLASSES, activation="softmax")(L.Flatten()(y)))
    nets.draw_weights(model)
    norm = backbone.get_layer("norm")
    norm.moving_variance.assign([0.5, 1.0, 1.5, 2.0])
    images = nets.images()
    new = cut_as_said(model, images, "middle/backbone/end")
    assert new.get_layer("trunk").get_layer("backbone")._inbound_nodes[0].arguments.kwargs["training"] is False
    for layer in ("middle/backbone/deep", "middle/wide", "middle"):
        cut_as_said(model, images, layer)
    assert [tensor.name for tensor in new.inputs] == ["photo"]


def test_units_put_a_convolution_before_the_average_which_the_map_is_of():
    model, x = nets.sequential(), nets.images()
    new = kv.with_gap_head(model, layer="conv_1", units=7)
    assert [layer.name for layer in new.layers[1:]] == ["trunk", "cam_conv", "gap", "preds"]
    assert new.get_layer("cam_conv").kernel.shape == (3, 3, 4, 7)
    picture = kv.gap_cam(new, x, 2)
    assert picture.about["layer"] == "cam_conv"
    maps, (kernel, _) = kv.feature_maps(new, x, "cam_conv").values, new.get_layer("preds").get_weights()
    assert maps.shape == (6, 10, 8, 7)  # of as many cells as conv_1 has
    assert maps.min() == 0 < maps.max()
    np.testing.assert_allclose(picture.values, np.einsum("nijk,k->nij", maps, kernel[:, 2]), rtol=1e-3, atol=1e-6)


def test_only_the_inputs_that_the_layer_sees_are_taken():
    model, x = nets.two_by_two(), nets.images()
    new = kv.with_gap_head(model, layer="conv", classes=7)
    assert [tensor.name for tensor in new.inputs] == ["image"]
    assert new.predict(x, verbose=0).shape == (6, 7)
    with pytest.raises(ValueError, match="`classes` must be given: the model's outputs, 'digit' .*, 'parity'"):
        kv.with_gap_head(model, layer="conv")


def test_training_moves_the_shared_trunk_unless_it_is_frozen():
    x, y = nets.images(), np.arange(6) % nets.CLASSES
    for trainable in (True, False):
        model = nets.sequential()
        new = kv.with_gap_head(model)
        new.get_layer("trunk").trainable = trainable
        new.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
        before = model.get_weights()
        new.fit(x, y, verbose=0)
        moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
        # the kernels and biases of the two convolutions; never the old dense layer
        assert moved == [trainable] * 4 + [False] * 2
        after = kv.gap_cam(new, x, 1).values  # compiled before or after, it reads the weights of now
        maps, (kernel, _) = kv.feature_maps(model, x, "conv_2").values, new.get_layer("preds").get_weights()
        np.testing.assert_allclose(after, np.einsum("nijk,k->nij", maps, kernel[:, 1]), rtol=1e-3, atol=1e-5)


def test_it_begins_with_the_same_weights_and_draws_nothing_from_the_users_randomness():
    model = nets.sequential()
    keras.utils.set_random_seed(3)
    wanted = float(keras.random.uniform(()))
    keras.utils.set_random_seed(3)
    first, second = (kv.with_gap_head(model).get_layer("preds").get_weights()[0] for _ in range(2))
    assert float(keras.random.uniform(())) == wanted
    np.testing.assert_array_equal(first, second)
    assert first.std() > 0


def test_it_can_be_saved_and_is_gone_when_nobody_holds_it(tmp_path):
    model, x = nets.nested(), nets.images()
    new = kv.with_gap_head(model)
    new.save(tmp_path / "new.keras")
    loaded = keras.models.load_model(tmp_path / "new.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), new.predict(x, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(kv.gap_cam(loaded, x, 1).values, kv.gap_cam(new, x, 1).values, rtol=1e-4, atol=1e-6)
    gone = weakref.ref(new)
    del new
    gc.collect()
    assert gone() is None  # though the model lives, of which it was made


class Block(L.Layer):
    """A layer of a user's own that holds a layer."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = L.Conv2D(4, 3, name="inner")

    def call(self, x):
        return keras.ops.relu(self.inner(x))


def test_a_block_of_the_users_own_is_kept_as_a_whole():
    model = keras.Sequential([keras.Input(nets.SHAPE), Block(name="block"), L.Flatten(), L.Dense(3, "softmax")])
    new = kv.with_gap_head(model)
    assert list(layers.flatten(new))[-4:] == ["trunk/block", "trunk/block/inner", "gap", "preds"]
    with pytest.raises(ValueError, match="`layer='block/inner'` is inside of 'block', .* Give `layer='block'`"):
        kv.with_gap_head(model, layer="inner")


def test_a_subclassed_model_is_refused_with_a_way_that_works():
    model, x = nets.subclassed(), nets.images()
    with pytest.raises(ValueError, match=r"is subclassed: .* `keras.Model\(inputs, model.call\(inputs\)\)`"):
        kv.with_gap_head(model)
    inputs = keras.Input(nets.SHAPE)
    cut_as_said(keras.Model(inputs, model.call(inputs)), x, "conv_2")

    class Own(keras.Model):  # functional by its graph, but its call is another
        def call(self, x):
            return 2 * super().call(x)

    x = inputs = keras.Input(nets.SHAPE)
    with pytest.raises(ValueError, match="is subclassed"):
        kv.with_gap_head(Own(inputs, L.Dense(3)(L.Flatten()(L.Conv2D(2, 3)(x)))))


def test_what_cannot_be_cut_is_refused():
    for model, options, message in (
        (keras.Sequential([L.Conv2D(3, 3), L.Flatten(), L.Dense(3)]), {}, "is not built yet"),
        (keras.Sequential([keras.Input((4,)), L.Dense(3)]), {}, "no convolution"),
        (nets.sequential(), {"layer": "preds"}, "`layer='preds'` gives no maps .* These do: conv_1, conv_2"),
        (nets.sequential(), {"classes": 1}, "`classes` must be a whole number of 2 or more; received 1"),
        (nets.sequential(), {"units": 0}, "`units` must be a whole number of 1 or more; received 0"),
        (nets.sequential(None, 1), {}, "`classes` must be given"),
    ):
        with pytest.raises(ValueError, match=message):
            kv.with_gap_head(model, **options)


def test_a_single_sigmoid_becomes_a_softmax_of_its_two_classes():
    assert kv.with_gap_head(nets.sequential("sigmoid", 1)).output_shape == (None, 2)


def test_vgg16_is_refused_until_it_has_the_head_which_zhou_gave_it():
    model, x = (
        keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=4),
        nets.images(2, 0, (32, 32, 3)),
    )
    with pytest.raises(ValueError, match="Relu of 'fc2'"):
        kv.gap_cam(model, x)
    for layer, size in ((None, 2), ("block4_conv3", 4), ("block3_conv3", 8)):
        new = cut_as_said(model, x, layer)
        assert kv.gap_cam(new, x).values.shape == (2, size, size)


def test_mobilenet_has_such_a_head_of_its_own():
    model, x = (
        keras.applications.MobileNet(weights=None, input_shape=(64, 64, 3), alpha=0.25, classes=4),
        nets.images(3, 0, (64, 64, 3)),
    )
    picture = kv.gap_cam(model, x, 3)
    assert picture.about["layer"] == "conv_pw_13_relu"
    kernel = model.get_layer("conv_preds").get_weights()[0][0, 0, :, 3]
    maps = kv.feature_maps(model, x, "conv_pw_13_relu").values
    np.testing.assert_allclose(picture.values, maps @ kernel, rtol=1e-4, atol=1e-4 * np.abs(picture.values).max())


def test_it_can_be_drawn_while_it_trains(tmp_path):
    new = kv.with_gap_head(nets.sequential())
    new.compile("adam", "sparse_categorical_crossentropy")
    x, y = nets.images(), np.arange(6) % nets.CLASSES
    new.fit(x, y, epochs=2, verbose=0, callbacks=[kv.callbacks.GapCAM(x[:3], y[:3], directory=tmp_path)])
    assert len(list((tmp_path / "gap_cam").glob("epoch-*.png"))) == 3
