"""Are the images that a net wants to see those that its target rises to, and are they drawn as what they are?"""

from __future__ import annotations

import dataclasses
import io
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_vis as kv
from keras_vis.engine.probe import probe
from mnist_demo.net import tutorial_net
from tests import nets

L = keras.layers
SIGNED = {"value_range": (-1.0, 1.0), "progress": False}  # the range of `nets.images`
TURN = (kv.Rotate(10),)


def maximised(*args: object, **options: object) -> kv.Ascent:
    return kv.activation_maximization(*args, **{"progress": False, **options})


@pytest.fixture(scope="module")
def tutorial(digits: tuple[np.ndarray, np.ndarray]) -> keras.Model:
    """The tutorial's net after a few epochs of a thousand digits."""
    keras.utils.set_random_seed(3)
    model = tutorial_net()
    model.fit(*digits, batch_size=64, epochs=4, verbose=0)
    return model


def mean_square(model: keras.Model, layer: str, images: np.ndarray) -> np.ndarray:
    activations = keras.Model(model.inputs, model.get_layer(layer).output).predict(images, verbose=0)
    return np.square(activations.astype(np.float64)).mean(axis=(1, 2, 3))


def test_each_of_ten_images_is_classified_as_its_digit_with_99_percent(tutorial):
    picture = maximised(tutorial, range(10))
    chance = tutorial.predict(picture.values, verbose=0)
    assert (chance.argmax(axis=1) == np.arange(10)).all()
    assert chance.max(axis=1).min() >= 0.99
    assert [caption.split()[0] for caption in picture.captions] == [str(i) for i in range(10)]
    # Means, as each step looks at an image that is moved otherwise.
    assert (picture.scores[-32:].mean(axis=0) > picture.scores[:16].mean(axis=0) + 2).all()


def test_with_the_softmax_left_on_the_net_is_sure_too_but_its_logit_is_lower(tutorial):
    picture = maximised(tutorial, [kv.Logit(3), kv.Probability(3)])
    logits = probe(tutorial).outputs(picture.values)["preds"][0]
    assert logits[0, 3] > logits[1, 3] + 1
    assert picture.captions[0].startswith("logit of 3\n3  ")
    assert picture.captions[1].startswith("probability of 3\n3  ")


def test_neuron_channel_layer_logit_and_probability_rise_in_one_batch(tutorial):
    targets = [kv.Neuron("conv_1", 3, 10, 10), kv.Channel("conv_2", 5), kv.Energy("conv_2"), kv.Logit(3)]
    targets += [kv.Probability(3), kv.Logit(3) - kv.Logit(8), kv.StrongestNeuron("conv_2", 7)]
    traces = probe(tutorial).traces
    picture = maximised(tutorial, targets, penalty=None, frames=2, transforms=())
    assert len(picture.values) == 7
    assert probe(tutorial).traces - traces <= 4  # the ascent, and what is asked of its end
    for i, target in enumerate(targets):
        numbers = probe(tutorial).run(picture.frames[:, i], target, wrt=()).scores
        assert numbers[1] > numbers[0], target
        np.testing.assert_allclose(picture.scores[0, i], numbers[0], rtol=1e-4, atol=1e-6)
    assert picture.draw().shape[1] <= 900


def test_a_target_alone_gives_the_image_that_it_gives_among_ten():
    model = nets.sequential()
    options = {**SIGNED, "steps": 20}
    together = kv.activation_maximization(model, range(5), **options).values
    for i in (0, 4):
        alone = kv.activation_maximization(model, i, **options).values
        np.testing.assert_allclose(alone[0], together[i], atol=2e-3)
    mixed = kv.activation_maximization(model, [kv.Channel("conv_1", 1), 4], **options).values
    np.testing.assert_allclose(mixed[1], together[4], atol=2e-3)


def test_the_same_seed_gives_the_same_image_and_another_seed_another():
    model = nets.sequential()
    first, again, other = (kv.activation_maximization(model, 2, steps=8, seed=s, **SIGNED).values for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.05


def test_64_channels_are_64_images_of_one_batch():
    model = nets.sequential()
    picture = kv.activation_maximization(model, kv.Channel("conv_2", range(6)), steps=3, **SIGNED)
    assert picture.captions[5].startswith("channel 5 of conv_2 = ")
    assert picture.scores.shape == (3, 6)
    one = kv.activation_maximization(model, kv.Channel("conv_2", 5), steps=3, **SIGNED)
    np.testing.assert_allclose(one.values[0], picture.values[5], atol=1e-3)


def test_one_step_by_hand_in_pixels():
    """f = w·x: a step is 0.02 ranges of w / RMS(w), and 0.1 ⋅ N ⋅ the gradient of the penalty is taken off before."""
    model = keras.Sequential([keras.Input((3, 4, 1)), L.Flatten(), L.Dense(1, use_bias=False)])
    w = np.linspace(-1, 1.5, 12).reshape(3, 4, 1)
    model.set_weights([w.reshape(12, 1)])
    begun = np.linspace(40, 180, 12).reshape(3, 4, 1)
    how = {"value_range": (0, 200), "initial": begun, "transforms": (), "parameterization": "pixels", "steps": 1}
    unit = w / np.sqrt(np.square(w).mean())
    np.testing.assert_allclose(maximised(model, 0, penalty=None, **how).values[0], begun + 4 * unit, rtol=1e-5)
    step = unit - 0.1 * 2 * begun / 200
    step /= np.sqrt(np.square(step).mean())
    np.testing.assert_allclose(maximised(model, 0, **how).values[0], begun + 4 * step, rtol=1e-5)


def test_a_weight_of_the_penalty_means_the_same_whatever_the_unit_of_the_target():
    model, tenfold = nets.sequential(last=None), nets.sequential(last=None)
    kernel, bias = tenfold.get_layer("preds").get_weights()
    tenfold.get_layer("preds").set_weights([10 * kernel, 10 * bias])
    first, second = (kv.activation_maximization(m, 1, steps=10, **SIGNED).values for m in (model, tenfold))
    np.testing.assert_allclose(first, second, atol=1e-3)


@dataclasses.dataclass(frozen=True)
class Mirror(kv.Transform):
    """A transform of one's own."""

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        del seed
        return images[:, :, ::-1]


def test_a_transform_of_ones_own_is_what_the_model_looks_through():
    """Of a model that sees every image mirrored the image is the mirrored one."""
    model, how = nets.sequential(), {"initial": "mean", "parameterization": "pixels", "steps": 5, **SIGNED}
    plain = kv.activation_maximization(model, 1, transforms=(), **how).values
    mirrored = kv.activation_maximization(model, 1, transforms=(Mirror(),), **how).values
    np.testing.assert_allclose(mirrored, plain[:, :, ::-1], atol=1e-4)
    assert np.abs(mirrored - plain).max() > 0.1


@pytest.mark.parametrize("parameterization", ["fourier", "pixels"])
def test_every_image_of_the_way_stays_within_the_value_range_and_reaches_it(parameterization):
    picture = kv.activation_maximization(
        nets.sequential(), [0, 1], steps=40, step_size=0.2, parameterization=parameterization, frames=11, **SIGNED
    )
    assert len(picture.frames) == 11
    assert picture.frame_steps == (0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40)
    assert picture.frames.min() == -1
    assert picture.frames.max() == 1


def test_fourier_coordinates_leave_less_of_the_image_to_high_frequencies(tutorial):
    share = {}
    for how in ("fourier", "pixels"):
        image = maximised(tutorial, 0, parameterization=how, transforms=(), penalty=None, steps=64).values[0, ..., 0]
        power = np.abs(np.fft.fft2(image - image.mean())) ** 2
        frequency = np.hypot(np.fft.fftfreq(28)[:, None], np.fft.fftfreq(28)[None])
        share[how] = power[frequency > 0.25].sum() / power.sum()
    assert share["fourier"] < share["pixels"] / 2


def test_a_penalty_lowers_what_it_measures():
    def variation(x: np.ndarray) -> float:
        return float(np.square(np.diff(x, axis=1)).mean() + np.square(np.diff(x, axis=2)).mean())

    model, how = nets.sequential(), {"steps": 30, "transforms": (), "parameterization": "pixels", **SIGNED}
    none, smooth, small = (
        kv.activation_maximization(model, 1, penalty=penalty, **how).values
        for penalty in (None, kv.TotalVariation(), 2 * kv.Norm(2))
    )
    assert variation(smooth) < variation(none) / 2
    assert np.square(small).mean() < np.square(none).mean() / 2


def test_it_begins_with_noise_a_flat_image_or_a_given_one():
    model = nets.sequential()

    def start(**how: object) -> np.ndarray:
        return kv.activation_maximization(model, [0, 1], steps=1, frames=2, **{**SIGNED, **how}).frames[0]

    np.testing.assert_array_equal(start(initial="mean"), np.zeros((2, *nets.SHAPE)))
    np.testing.assert_array_equal(start(initial="mean", value_range=(0, 4)), np.full((2, *nets.SHAPE), 2))
    noise = start()
    np.testing.assert_array_equal(noise[0], noise[1])
    assert 0.03 < noise.std() < 0.05  # 0.02 of a range of 2
    one = nets.images(1)
    np.testing.assert_array_equal(start(initial=one[0]), np.concatenate([one, one]))
    np.testing.assert_array_equal(start(initial=nets.images(2)), nets.images(2))


def test_a_silent_unit_wakes():
    """Its channel is negative on the start, so that its gradient is zero there; it ends well above zero."""
    model = nets.sequential()
    kernel, bias = model.get_layer("conv_2").get_weights()
    model.get_layer("conv_2").set_weights([kernel, bias - 2.0])
    begun = np.zeros((1, *nets.SHAPE), np.float32)
    still = probe(model).run(begun, kv.Channel("conv_2", 0))
    assert still.scores[0] == 0
    assert not still.grads[0].any()
    for how in ("fourier", "pixels"):
        picture = kv.activation_maximization(
            model, kv.Channel("conv_2", 0), initial="mean", steps=64, parameterization=how, **SIGNED
        )
        assert probe(model).run(picture.values, kv.Channel("conv_2", 0), wrt=()).scores[0] > 0.05


def test_not_a_number_on_the_way_stops_that_image_says_at_which_step_and_hands_back_the_last_finite_one():
    """The root of what is left below 0.7 is no number above; the other unit has no root."""
    inputs = keras.Input((8, 8, 1))
    mean = L.Lambda(lambda x: tf.reduce_mean(x, axis=[1, 2]))(inputs)
    left = L.Lambda(lambda m: m - tf.sqrt(0.7 - m))(mean)
    model = keras.Model(inputs, L.Concatenate()([left, mean]))
    how = {"penalty": None, "transforms": (), "parameterization": "pixels", "initial": "mean", "frames": 3}
    # From 0.5 by steps of 0.02: 0.7 is passed by the eleventh at the latest, and seen at the next.
    with pytest.warns(RuntimeWarning, match=r"not finite: image 0 at step 1[01]\. .* last image before"):
        picture = maximised(model, [0, 1], steps=60, **how)
    assert 0.67 < picture.values[0].mean() < 0.73
    assert np.isfinite(picture.scores).all()
    assert picture.values[1].mean() == 1
    assert picture.captions[0].startswith("stopped at step 1")
    assert list(picture.about["stopped"]) == ["0"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        maximised(model, [0, 1], steps=5, **how)
    model = keras.Model(inputs, L.Lambda(lambda m: m * np.nan)(mean))
    with pytest.raises(ValueError, match=r"`target`: .* not finite for the image to start from"):
        maximised(model, 0, steps=5, **how)


def test_frames_of_grey_images_become_a_grey_gif():
    model = keras.Sequential([keras.Input((9, 9, 1)), L.Conv2D(2, 3), L.GlobalAveragePooling2D(), L.Dense(3)])
    picture = maximised(model, [0, 1], steps=12, frames=5)
    gif = Image.open(io.BytesIO(picture._formats()[".gif"]()))
    assert gif.n_frames == 5
    for i in range(5):
        gif.seek(i)
        pixels = np.asarray(gif.convert("RGB")).astype(int)
        assert np.ptp(pixels, axis=2).max() == 0


def test_scores_are_drawn_as_a_curve():
    picture = kv.activation_maximization(nets.sequential(), [0, 1], steps=6, labels=list("abcde"), **SIGNED)
    curve = picture.curve()
    np.testing.assert_array_equal(curve.values["y"], picture.scores.T)
    assert tuple(curve.text["names"]) == ("logit of a", "logit of b")


def test_another_input_is_given_and_stays():
    image, vector = nets.images(1), np.ones((1, 3), "float32")
    model = nets.two_by_two()
    low, high = (
        kv.activation_maximization(
            model, [kv.Logit(1, output="digit"), kv.Logit(0, output="parity")], initial=[image, v], steps=4, **SIGNED
        )
        for v in (vector, 9 * vector)
    )
    assert low.captions[0].startswith("logit of 1 of digit\n")
    assert not np.array_equal(low.scores, high.scores)
    with pytest.raises(ValueError, match=r"`initial`: .*an array for each"):
        kv.activation_maximization(model, kv.Logit(1, output="digit"), **SIGNED)


def test_a_penalty_measures_the_image_that_is_made_whichever_input_it_is():
    a, b = (keras.Input((8, 8, 1), name=name) for name in "ab")
    model = keras.Model([a, b], L.Dense(2)(L.Flatten()(L.Concatenate()([a, b]))))
    nets.draw_weights(model)
    start = [np.full((1, 8, 8, 1), 0.5)] * 2

    def rough(target: kv.Target, penalty: kv.Target | None) -> float:
        how = {"initial": start, "input": "b", "transforms": (), "steps": 30, "penalty": penalty}
        return float(np.square(np.diff(maximised(model, target, **how).values, axis=1)).mean())

    assert rough(kv.Logit(0), kv.TotalVariation()) < rough(kv.Logit(0), None) / 2
    assert rough(kv.Logit(0) - 1e3 * kv.TotalVariation(), None) < rough(kv.Logit(0), None) / 2


def test_what_never_moved_says_so():
    """A probability that is 0 in float32 has no gradient, through whatever rectifier."""
    model = nets.sequential()
    kernel, bias = model.get_layer("preds").get_weights()
    model.get_layer("preds").set_weights([kernel, bias + np.array([0, 500, 0, 0, 0])])
    picture = kv.activation_maximization(model, kv.Probability(0), penalty=None, steps=3, **SIGNED)
    assert picture.captions[0].endswith("never moved: gradient 0")


WRONG = {
    "no target": (([],), {}, ValueError, "`target` is empty"),
    "none": ((None,), {}, ValueError, "`target` must say what to climb"),
    "a word": (("goldfish",), {}, TypeError, "`target` must be a class"),
    "no such class": ((7,), {}, ValueError, "class"),
    "no such layer": ((kv.Channel("conv2", 0),), {}, ValueError, "no layer 'conv2' .* Did you mean 'conv_2'"),
    "an empty range": ((1,), {"value_range": (1, 1)}, ValueError, r"`value_range=\(1, 1\)` is empty"),
    "a range upside down": ((1,), {"value_range": (1, 0)}, ValueError, "`value_range=.* is empty"),
    "a range of one": ((1,), {"value_range": 255}, TypeError, "`value_range` must be two numbers"),
    "no steps": ((1,), {"steps": 0}, ValueError, "`steps` must be a whole number"),
    "a step backwards": ((1,), {"step_size": -1}, ValueError, "`step_size` must be a number above 0"),
    "a parameterization": ((1,), {"parameterization": "fft"}, ValueError, "`parameterization='fft'` is unknown"),
    "no sequence": ((1,), {"transforms": kv.Jitter()}, TypeError, "`transforms` must be a sequence"),
    "a weight": ((1,), {"penalty": 0.1}, TypeError, "`penalty` must be a Target"),
    "a start": ((1,), {"initial": "zeros"}, ValueError, "`initial='zeros'` is unknown"),
    "a start outside": ((1,), {"initial": np.full(nets.SHAPE, 3.0)}, ValueError, "`initial` has values from 3"),
    "two starts": (([1, 2, 3],), {"initial": nets.images(2)}, ValueError, "`initial` has 2 images, .* 3 targets"),
    "a seed": ((1,), {"seed": -1}, ValueError, "`seed` must be a whole number, at least 0"),
    "labels": ((1,), {"labels": ["a"]}, ValueError, "`labels` has 1 names"),
    "one frame": ((1,), {"frames": 1}, ValueError, "`frames` must be a whole number, at least 2"),
    "a batch": ((1,), {"batch": 0}, ValueError, "`batch`"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_named_at_the_door(wrong):
    args, options, error, message = WRONG[wrong]
    with pytest.raises(error, match=message):
        kv.activation_maximization(nets.sequential(), *args, **{**SIGNED, **options})


def test_one_step_of_a_dream_is_the_gradient_over_its_rms():
    model, x = nets.sequential(), nets.images(3)
    layer = keras.Model(model.inputs, model.get_layer("conv_2").output)
    with tf.GradientTape() as tape:
        inside = tf.constant(x)
        tape.watch(inside)
        energy = tf.reduce_sum(tf.reduce_mean(tf.square(layer(inside)), axis=[1, 2, 3]))
    g = tape.gradient(energy, inside).numpy()
    g /= np.sqrt(np.square(g).mean(axis=(1, 2, 3), keepdims=True))
    dream = kv.deep_dream(model, x, kv.Energy("conv_2"), octaves=1, steps=1, transforms=(), step_size=0.01, **SIGNED)
    np.testing.assert_allclose(dream.values, np.clip(x + 0.02 * g, -1, 1), atol=1e-5)


def test_octaves_are_climbed_at_their_own_size_and_the_detail_of_the_image_is_kept():
    """A twin that was built for the smaller size says what the first octave begins with."""
    x = np.random.default_rng(0).random((2, 28, 21, 1), dtype="float32")

    def built(height: int, width: int) -> keras.Model:
        model = keras.Sequential(
            [keras.Input((height, width, 1)), L.Conv2D(3, 3, activation="relu", name="c"), L.Conv2D(2, 3, name="d")]
        )
        nets.draw_weights(model)
        return model

    model, twin = built(28, 21), built(20, 15)
    dream = kv.deep_dream(model, x, kv.Energy("d"), octaves=2, transforms=(), steps=5, progress=False)
    small = np.stack([np.asarray(tf.image.resize(image, (20, 15), antialias=True)) for image in x])
    np.testing.assert_allclose(dream.scores[0], mean_square(twin, "d", small), rtol=1e-4)
    assert (mean_square(model, "d", dream.values) > mean_square(model, "d", x)).all()
    # Steps too small to be seen give the image back: what enlarging the copy has lost was laid on again.
    still = kv.deep_dream(model, x, kv.Energy("d"), octaves=2, transforms=(), steps=1, step_size=1e-6, progress=False)
    np.testing.assert_allclose(still.values, x, atol=1e-4)


def test_a_dream_of_the_predicted_class_keeps_the_class_that_was_predicted_first():
    x = nets.images(6)
    model = nets.undecided(x)
    wanted = model.predict(x, verbose=0).argmax(axis=1)
    dream = kv.deep_dream(model, x, None, octaves=1, steps=10, **SIGNED)
    logits = np.log(model.predict(dream.values, verbose=0) + 1e-30)
    assert (logits.argmax(axis=1) == wanted).all()
    assert [caption[0] for caption in dream.captions] == [str(c) for c in wanted]


def test_an_image_that_stops_in_an_octave_does_not_stop_the_others():
    """Above 0.55 there is no number; the second image begins far below."""
    net = [
        keras.Input((16, 16, 1)),
        L.Lambda(lambda z: tf.sqrt(0.55 - z), output_shape=(16, 16, 1)),
        L.Conv2D(2, 3, name="c"),
    ]
    model = keras.Sequential(net)
    nets.draw_weights(model)
    # What the first octave adds to the first image is too much for its own chequers, which the small copy has not.
    x = np.zeros((2, 16, 16, 1), "float32")
    x[0, ..., 0] = 0.53 + 0.019 * (-1.0) ** np.add.outer(np.arange(16), np.arange(16))
    target = -1.0 * kv.Energy("c")
    with pytest.warns(RuntimeWarning, match="not finite: image 0 at step"):
        dream = kv.deep_dream(
            model, x, target, octaves=2, octave_scale=1.2, transforms=(), steps=10, step_size=0.01, progress=False
        )
    assert list(dream.about["stopped"]) == ["0"]
    assert np.isfinite(model.predict(dream.values[1:], verbose=0)).all()
    assert np.isfinite(dream.values).all()


def test_what_a_dream_cannot_do_is_said_with_the_remedy():
    model, x = nets.sequential(), nets.images(2)
    big = keras.Sequential([keras.Input((28, 28, 1)), L.Conv2D(2, 3, name="c"), L.Flatten(), L.Dense(3)])
    y = np.zeros((1, 28, 28, 1))
    for call, message in (
        (lambda: kv.deep_dream(model, x, 1, **SIGNED), "`octaves=3`: the smallest copy .* 6 x 5 pixels"),
        (lambda: kv.deep_dream(big, y, 1, progress=False), "cannot look at images of 14 x 14 pixels .* `octaves=1`"),
        (lambda: kv.deep_dream(big, y, kv.Neuron("c", 0, 20, 20), progress=False), "names a place, .* `octaves=1`"),
        (lambda: kv.deep_dream(model, 2 * x, 1, octaves=1, **SIGNED), "`images` has values from .* outside"),
        (lambda: kv.deep_dream(model, x, 1, octave_scale=1, **SIGNED), "`octave_scale` must be above 1"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert kv.deep_dream(big, y, kv.Energy("c"), progress=False, steps=2).values.shape == y.shape


def test_inverting_the_first_layer_gives_the_digits_back(tutorial, digits):
    x = digits[0][:3]
    found = kv.inversion(tutorial, x, "conv_1", progress=False)
    layer = keras.Model(tutorial.inputs, tutorial.get_layer("conv_1").output)
    code, reached = (layer.predict(part, verbose=0).astype(np.float64) for part in (x, found.values))
    errors = np.sqrt(np.square(reached - code).sum(axis=(1, 2, 3)) / np.square(code).sum(axis=(1, 2, 3)))
    np.testing.assert_allclose(found.errors, errors, rtol=1e-3)
    assert errors.max() <= 0.05
    assert np.abs(found.values - x).mean() < 0.02
    assert found.captions[0] == f"error {100 * found.errors[0]:.1f} %"


def test_the_objective_of_an_inversion_is_that_of_its_equation():
    model, x = nets.sequential(), nets.images(2)
    found = kv.inversion(
        model,
        x,
        "conv_2",
        steps=2,
        alpha=4,
        norm=0.3,
        total_variation=0.2,
        frames=3,
        value_range=(-1, 3),
        progress=False,
    )
    layer = keras.Model(model.inputs, model.get_layer("conv_2").output)
    code = layer.predict(x, verbose=0).astype(np.float64)
    for step in (0, 1):
        image = found.frames[step].astype(np.float64)
        distance = np.square(layer.predict(image, verbose=0) - code).sum(axis=(1, 2, 3))
        u = (image - 1) / 4
        down = np.pad(np.diff(u, axis=1), ((0, 0), (0, 1), (0, 0), (0, 0)))
        right = np.pad(np.diff(u, axis=2), ((0, 0), (0, 0), (0, 1), (0, 0)))
        objective = distance / np.square(code).sum(axis=(1, 2, 3)) + 0.3 * np.power(np.abs(u), 4).mean(axis=(1, 2, 3))
        objective += 0.2 * (np.square(down) + np.square(right)).mean(axis=(1, 2, 3))
        np.testing.assert_allclose(found.scores[step], -objective, rtol=1e-4)


def test_the_norm_of_an_inversion_is_that_of_the_image_that_is_looked_for():
    """The image is the second input, and a vector the first."""
    vector, image = keras.Input((3,), name="vector"), keras.Input(nets.SHAPE, name="image")
    maps = L.Conv2D(4, 3, name="maps")(image)
    model = keras.Model([vector, image], L.Dense(2)(L.Concatenate()([L.Flatten()(maps), vector])))
    data = [np.ones((2, 3), "float32"), nets.images(2)]
    free, bound = (kv.inversion(model, data, "maps", steps=60, norm=norm, **SIGNED).values for norm in (0, 100))
    assert np.power(np.abs(bound), 6).mean() < np.power(np.abs(free), 6).mean() / 2


def test_several_layers_stand_beside_the_image(tutorial, digits):
    x = digits[0][:2]
    gallery = kv.inversion(tutorial, x, ["conv_1", "dense"], steps=40, progress=False)
    assert gallery.names == ("image", "conv_1", "dense")
    np.testing.assert_array_equal(gallery.values["image"], x)
    for part in gallery.parts[1:]:
        # Forty steps are enough to come nearer than the noise that it began with.
        assert (part.scores[-1] > part.scores[0] + 0.3).all()


def test_a_silent_layer_wakes_in_an_inversion():
    """Every channel is negative on the grey start, so that there is no gradient but the penalty's."""
    model = keras.Sequential(
        [keras.Input((10, 10, 1)), L.Conv2D(4, 3, activation="relu", name="c"), L.Flatten(), L.Dense(3)]
    )
    nets.draw_weights(model)
    model.get_layer("c").bias.assign(np.full(4, -0.6))
    x = (np.random.default_rng(0).random((2, 10, 10, 1)) > 0.5).astype("float32")
    found = kv.inversion(model, x, "c", steps=200, progress=False)
    assert found.errors.max() < 0.9


def test_what_cannot_be_inverted_is_said():
    model, x = nets.sequential(), nets.images(2)
    model.get_layer("conv_2").bias.assign(np.full(6, -1e6))
    with pytest.raises(ValueError, match=r"`layer='conv_2'` is zero everywhere for entry 0 of `images`"):
        kv.inversion(model, x, "conv_2", **SIGNED)
    with pytest.raises(ValueError, match="`layer` names 'conv_1' 2 times"):
        kv.inversion(model, x, ["conv_1", "conv_1"], **SIGNED)
    with pytest.raises(ValueError, match="`layer` is empty"):
        kv.inversion(model, x, [], **SIGNED)
    with pytest.raises(ValueError, match="`norm` must be a number of at least 0"):
        kv.inversion(model, x, "conv_1", norm=-1, **SIGNED)
    with pytest.raises(ValueError, match="`images` has values from"):
        kv.inversion(model, x, "conv_1", progress=False)


def test_a_photographs_net_sees_goldfish_and_bear_in_what_it_wants(data_folder):
    model = keras.applications.MobileNet(alpha=0.75, input_shape=(224, 224, 3), weights=None)
    model.load_weights(data_folder / "mobilenet_0.75_224_imagenet.weights.h5")
    picture = kv.activation_maximization(model, [1, 294], steps=48, **SIGNED)
    chance = model.predict(picture.values, verbose=0)
    assert chance[[0, 1], [1, 294]].min() >= 0.99
    # A goldfish is more red than blue, as no one has told the steps.
    assert picture.values[0, ..., 0].mean() > picture.values[0, ..., 2].mean()
    dream = kv.deep_dream(model, picture.values[:1], kv.Energy("conv_pw_6_relu"), steps=3, **SIGNED)
    assert mean_square(model, "conv_pw_6_relu", dream.values) > 1.2 * mean_square(
        model, "conv_pw_6_relu", picture.values[:1]
    )
