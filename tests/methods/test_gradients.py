"""Is it the gradient of the target, and do the products with the input sum to what they should?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from tests import nets

L = keras.layers


def test_saliency_of_a_linear_model_is_its_weights():
    model = keras.Sequential([keras.Input((3, 4, 1)), L.Flatten(), L.Dense(2, activation="softmax")])
    nets.draw_weights(model)
    weights = model.get_weights()[0].reshape(3, 4, 1, 2)
    picture = kv.saliency(model, nets.images(3, shape=(3, 4, 1)), [0, 1, 0])
    np.testing.assert_allclose(picture.values, np.moveaxis(weights, -1, 0)[[0, 1, 0]], rtol=1e-6)


def test_saliency_equals_a_tape_of_its_own():
    model, x = nets.sequential(None), tf.constant(nets.images())
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = model(x)[:, 2]
    np.testing.assert_allclose(kv.saliency(model, x, 2).values, tape.gradient(score, x), rtol=1e-4, atol=1e-6)


def test_saliency_equals_finite_differences_of_the_models_own_output():
    model, x = nets.sequential(None, activation="tanh"), nets.images(1)
    values, step = kv.saliency(model, x, 1).values[0], 2e-3
    for at in [(2, 3, 0), (6, 6, 1), (11, 9, 0), (5, 1, 1)]:
        nudge = np.zeros_like(x)
        nudge[(0, *at)] = step
        up, down = (model.predict(x + sign * nudge, verbose=0)[0, 1] for sign in (1, -1))
        assert values[at] == pytest.approx((up - down) / (2 * step), rel=2e-2, abs=5e-4)


def test_saliency_of_the_probability_follows_the_chain_rule():
    model, x = nets.sequential(), nets.images(2)
    p = model.predict(x, verbose=0)
    logits = np.stack([kv.saliency(model, x, k).values for k in range(5)])
    # dp_1/dx = p_1 (dz_1/dx - sum_k p_k dz_k/dx)
    wanted = p[:, 1, None, None, None] * (logits[1] - np.einsum("nk,knhwc->nhwc", p, logits))
    np.testing.assert_allclose(kv.saliency(model, x, kv.Probability(1)).values, wanted, rtol=1e-3, atol=1e-6)


def test_captions_name_class_probability_and_what_is_predicted_instead():
    model, x = nets.sequential(), nets.images(2)
    p = model.predict(x, verbose=0)
    best = p.argmax(axis=1)
    other = (best + 1) % 5
    names = ["zero", "one", "two", "three", "four"]
    picture = kv.saliency(model, x, [best[0], other[1]], labels=names)
    assert picture.captions[0] == f"{names[best[0]]}  {100 * p[0, best[0]]:.1f} %"
    assert picture.captions[1].splitlines() == [
        f"asked: {names[other[1]]}  {100 * p[1, other[1]]:.1f} %",
        f"predicted: {names[best[1]]}  {100 * p[1, best[1]]:.1f} %",
    ]
    with pytest.raises(ValueError, match="`labels` has 2 names, but the model has 5 classes"):
        kv.saliency(model, x, labels=["a", "b"])


TARGETS = {
    "class": 1,
    "probability": kv.Probability(2),
    "channel": kv.Channel("conv_1", 3),
    "neuron": kv.Neuron("conv_2", 5, 2, 3),
    "strongest neuron": kv.StrongestNeuron("conv_2", 0),
    "difference": kv.Logit(0) - kv.Logit(4),
    "weighted sum": 0.5 * kv.Channel("conv_1", 0) + kv.Logit(2),
    "energy": kv.Energy("conv_2"),
}


def number_of(model, name):
    """The target's number, from Keras's own models and NumPy."""
    outputs = {"conv_1": model.get_layer("conv_1").output, "conv_2": model.get_layer("conv_2").output}
    inside = keras.Model(model.inputs[0], {**outputs, "preds": model.outputs[0]})

    def value(x):
        acts = {key: np.asarray(part, "float64") for key, part in inside(x.astype("float32")).items()}
        logits, one, two = acts["preds"], acts["conv_1"], acts["conv_2"]
        exp = np.exp(logits - logits.max())
        return {
            "class": logits[:, 1],
            "probability": (exp / exp.sum(axis=1, keepdims=True))[:, 2],
            "channel": one[..., 3].mean(axis=(1, 2)),
            "neuron": two[:, 2, 3, 5],
            "strongest neuron": two[..., 0].max(axis=(1, 2)),
            "difference": logits[:, 0] - logits[:, 4],
            "weighted sum": 0.5 * one[..., 0].mean(axis=(1, 2)) + logits[:, 2],
            "energy": np.square(two).mean(axis=(1, 2, 3)),
        }[name]

    return value


@pytest.mark.parametrize("name", TARGETS)
def test_saliency_of_any_target_equals_finite_differences(name):
    model, x = nets.sequential(None, activation="tanh"), nets.images(1, seed=3)
    linear, target = model, TARGETS[name]
    if name == "probability":  # asked of the model with its softmax, differenced by hand from the logits
        model = nets.sequential("softmax", activation="tanh")
        model.set_weights(linear.get_weights())
    values, value, step = kv.saliency(model, x, target).values[0], number_of(linear, name), 1e-2
    rng = np.random.default_rng(0)
    for _ in range(4):  # along directions over all pixels, where float32 has digits enough
        way = rng.normal(size=x.shape)
        slope = (value(x + step * way) - value(x - step * way))[0] / (2 * step)
        assert np.sum(values * way[0]) == pytest.approx(slope, rel=5e-3, abs=2e-4)


def linear_model(weights):
    """f_k(x) = sum of weights[..., k] * x."""
    model = keras.Sequential([keras.Input(weights.shape[:-1]), L.Flatten(), L.Dense(weights.shape[-1], use_bias=False)])
    model.set_weights([weights.reshape(-1, weights.shape[-1])])
    return model


WEIGHTS = np.random.default_rng(7).normal(size=(3, 4, 2, 3)).astype("float32")


def test_input_x_gradient_of_a_linear_model_is_each_pixels_share():
    x = nets.images(3, shape=(3, 4, 2))
    wanted = np.stack([x[i] * WEIGHTS[..., k] for i, k in enumerate([2, 0, 1])])
    picture = kv.input_x_gradient(linear_model(WEIGHTS), x, [2, 0, 1])
    np.testing.assert_allclose(picture.values, wanted, rtol=1e-6)
    assert picture.signed
    assert picture.channels == "sum"


def test_input_x_gradient_sums_to_the_logit_of_a_net_of_rectifiers_without_biases():
    model = keras.Sequential(
        [
            keras.Input(nets.SHAPE),
            L.Conv2D(6, 3, activation="relu", use_bias=False),
            L.MaxPooling2D(2),
            L.Conv2D(8, 3, activation="relu", use_bias=False),
            L.GlobalAveragePooling2D(),
            L.Dense(5, activation="softmax", use_bias=False),
        ]
    )
    nets.draw_weights(model)
    x = nets.images()
    logits = np.log(model.predict(x, verbose=0).astype("float64"))
    for k in range(1, 5):  # of logits the softmax keeps the differences
        sums = [kv.input_x_gradient(model, x, c).values.sum(axis=(1, 2, 3)) for c in (k, 0)]
        np.testing.assert_allclose(sums[0] - sums[1], logits[:, k] - logits[:, 0], rtol=1e-3, atol=1e-4)


def test_integrated_gradients_of_a_linear_model_are_exact_with_one_step():
    x, start = nets.images(3, shape=(3, 4, 2)), nets.images(3, seed=9, shape=(3, 4, 2))
    picture = kv.integrated_gradients(linear_model(WEIGHTS), x, [2, 0, 1], steps=1, baseline=start)
    wanted = np.stack([(x[i] - start[i]) * WEIGHTS[..., k] for i, k in enumerate([2, 0, 1])])
    np.testing.assert_allclose(picture.values, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(picture.completeness, 0, atol=1e-5)


class Product(keras.Model):
    """f(x) = x_1 x_2, of two pixels."""

    def call(self, x):
        return x[:, 0, 0] * x[:, 0, 1]


def test_integrated_gradients_of_a_product_by_hand():
    # From b to x, the mean of x_2 along the line is (b_2 + x_2) / 2: pixel 1 gets (x_1 - b_1)(b_2 + x_2) / 2.
    x, start = np.array([[[[3.0], [5.0]]]], "float32"), np.array([[[1.0], [2.0]]], "float32")
    picture = kv.integrated_gradients(Product(), x, 0, baseline=start, steps=1)
    np.testing.assert_allclose(picture.values.ravel(), [(3 - 1) * (2 + 5) / 2, (5 - 2) * (1 + 3) / 2], rtol=1e-6)
    assert picture.values.sum() == pytest.approx(3 * 5 - 1 * 2)
    assert picture.captions[0].splitlines()[-1] == "sum 13 of 13, 0.0 % off"


def test_integrated_gradients_equal_a_fine_sum_along_the_line():
    model, x = nets.sequential(None), nets.images(2)
    start = nets.images(1, seed=5)[0]
    alphas = ((np.arange(2000) + 0.5) / 2000).reshape(-1, 1, 1, 1, 1)
    points = tf.constant((start + alphas * (x - start)).astype("float32").reshape(-1, *nets.SHAPE))
    with tf.GradientTape() as tape:
        tape.watch(points)
        score = model(points)[:, 2]  # of each point on its own
    total = tape.gradient(score, points).numpy().reshape(2000, *x.shape).mean(axis=0, dtype="float64")
    picture = kv.integrated_gradients(model, x, 2, baseline=start, steps=400)
    np.testing.assert_allclose(picture.values, (x - start) * total, atol=4e-3 * np.abs(total).max())


@pytest.fixture(scope="module")
def trained(digits):
    """The tutorial's net after a short training, and digits that it has not seen."""
    from mnist_demo.net import tutorial_net

    x, y = digits
    keras.utils.set_random_seed(0)
    model = tutorial_net()
    model.fit(x[:900], y[:900], epochs=3, batch_size=32, verbose=0)
    return model, x[900:964]


# From white, where f changes less and more rectifiers turn on the way, it takes more points.
@pytest.mark.parametrize(("baseline", "steps"), [(0.0, 50), (1.0, 800)])
def test_integrated_gradients_of_a_trained_net_are_complete_to_half_a_percent(trained, baseline, steps):
    model, x = trained
    x = x[:16] if steps > 50 else x
    picture = kv.integrated_gradients(model, x, baseline=baseline, steps=steps, progress=False)
    logits = keras.Sequential([*model.layers[:-1], L.Dense(10)])
    logits.build((None, 28, 28, 1))
    logits.layers[-1].set_weights(model.layers[-1].get_weights())
    here, there = logits.predict(x, verbose=0), logits.predict(np.full_like(x, baseline), verbose=0)
    best = here.argmax(axis=1)
    change = (here - there)[np.arange(len(x)), best]
    sums = picture.values.sum(axis=(1, 2, 3), dtype="float64")
    np.testing.assert_allclose(picture.completeness, sums - change, atol=1e-4)
    assert (np.abs(picture.completeness) <= 0.005 * np.abs(change)).all()


def test_integrated_gradients_ask_about_the_class_of_the_image_along_the_whole_line():
    x = nets.images(6)
    model = nets.undecided(x)
    best = model.predict(x, verbose=0).argmax(axis=1)
    start = x[np.argmax(best != best[0])]  # of another class than the first
    np.testing.assert_array_equal(
        kv.integrated_gradients(model, x, baseline=start).values,
        kv.integrated_gradients(model, x, best, baseline=start).values,
    )


def test_integrated_gradients_ask_about_the_neuron_that_is_strongest_in_the_image():
    model, x = nets.sequential(), nets.images(4)
    maps = kv.feature_maps(model, x, "conv_2").values[..., 3]
    rows, columns = np.unravel_index(maps.reshape(4, -1).argmax(axis=1), maps.shape[1:])
    np.testing.assert_array_equal(
        kv.integrated_gradients(model, x, kv.StrongestNeuron("conv_2", 3)).values,
        kv.integrated_gradients(model, x, kv.Neuron("conv_2", 3, rows, columns)).values,
    )


def test_integrated_gradients_are_the_same_for_every_batch():
    model, x = nets.sequential(), nets.images(5)
    wanted = kv.integrated_gradients(model, x, steps=7)
    for batch in (1, 2, 3, 7, 11, 100):
        picture = kv.integrated_gradients(model, x, steps=7, batch=batch)
        np.testing.assert_allclose(picture.values, wanted.values, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(picture.completeness, wanted.completeness, atol=1e-5)


def test_a_baseline_is_a_number_an_image_or_one_for_each():
    model, x = nets.sequential(), nets.images(3)
    wanted = kv.integrated_gradients(model, x, baseline=0.25).values
    for same in (np.float32(0.25), np.full(nets.SHAPE, 0.25), np.full((1, *nets.SHAPE), 0.25), np.full(x.shape, 0.25)):
        np.testing.assert_array_equal(kv.integrated_gradients(model, x, baseline=same).values, wanted)
    own = nets.images(3, seed=8)
    together = kv.integrated_gradients(model, x, baseline=own)
    for i in range(3):
        alone = kv.integrated_gradients(model, x[i], baseline=own[i])
        np.testing.assert_allclose(alone.values[0], together.values[i], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(alone.completeness[0], together.completeness[i], atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "`steps` must be a whole number of points, at least 1; received 0"),
        ({"steps": 2.5}, "`steps`"),
        ({"steps": True}, "`steps`"),
        (
            {"baseline": np.zeros((4, 4, 2))},
            r"`baseline` has shape \(4, 4, 2\); it must be a number, one image \(12, 10, 2\)",
        ),
        (
            {"baseline": np.zeros((2, *nets.SHAPE))},
            r"`baseline` has shape \(2, 12, 10, 2\).*one for each, \(3, 12, 10, 2\)",
        ),
        ({"baseline": np.nan}, "`baseline` has NaN"),
    ],
)
def test_what_integrated_gradients_cannot_take_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        kv.integrated_gradients(nets.sequential(), nets.images(3), **wrong)
    with pytest.raises(TypeError, match="`baseline` must be a number or an image; received str 'black'"):
        kv.integrated_gradients(nets.sequential(), nets.images(3), baseline="black")


GRADIENTS = [
    kv.saliency,
    kv.input_x_gradient,
    kv.integrated_gradients,
    kv.smooth_grad,
    kv.guided_backprop,
    kv.deconvnet,
]


@pytest.mark.parametrize("method", GRADIENTS)
def test_an_input_of_integers_is_named(method):
    inputs = keras.Input((4, 4, 1), dtype="uint8")
    model = keras.Model(inputs, L.Dense(2)(L.Flatten()(L.Rescaling(1 / 255)(inputs))))
    with pytest.raises(ValueError, match="takes integers .*build the model with a float input"):
        method(model, np.ones((2, 4, 4, 1), "uint8"))


@pytest.mark.parametrize("method", GRADIENTS)
def test_an_output_that_is_no_vector_says_what_can_be_asked(method):
    model = keras.Sequential([keras.Input(nets.SHAPE), L.Conv2D(3, 3, name="maps")])
    with pytest.raises(ValueError, match=r"no vector of classes but \(n, 10, 8, 3\).*Channel\(layer, index\)"):
        method(model, nets.images(2))
    assert np.abs(method(model, nets.images(2), kv.Channel("maps", 1)).values).max() > 0


@pytest.mark.parametrize("method", [kv.integrated_gradients, kv.smooth_grad])
def test_a_target_that_compares_images_cannot_be_asked_of_copies(method):
    with pytest.raises(ValueError, match="compares the images of a batch, and cannot be asked of copies of one"):
        method(nets.sequential(), nets.images(2), kv.Diversity("conv_1"))


@pytest.mark.parametrize("method", GRADIENTS)
def test_half_floats_give_the_gradients_of_single_ones(method):
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        half = nets.sequential()
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    x = nets.images(2)
    wanted = method(nets.sequential(), x, 1).values
    np.testing.assert_allclose(method(half, x, 1).values, wanted, atol=0.05 * np.abs(wanted).max())
