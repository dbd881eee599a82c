"""Is an image moved by ε up or down the loss, and no further, and is the model deceived?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.methods.adversarial import adversarial, adversarial_accuracy, fooling_image
from tests import nets

L = keras.layers
WIDE = {"value_range": (-1.0, 1.0), "progress": False}  # that of nets.images


def gradients(model, x, classes):
    """Of Keras's own loss, by a tape."""
    with tf.GradientTape() as tape:
        images = tf.constant(x)
        tape.watch(images)
        loss = keras.losses.SparseCategoricalCrossentropy(reduction="sum")(classes, model(images))
    return tape.gradient(loss, images).numpy()


def losses(model, x, classes):
    """Of each image, in float64."""
    return -np.log(model.predict(x, verbose=0).astype("float64")[np.arange(len(x)), classes])


@pytest.fixture(scope="module")
def net():
    """One for all tests that change nothing of it, so that it is compiled once."""
    return nets.sequential()


@pytest.fixture(scope="module")
def trained(digits):
    """A small net that knows its 900 digits, these, and their labels."""
    keras.utils.set_random_seed(1)
    images, labels = digits[0][:900], digits[1][:900]
    layers = [L.Conv2D(16, 5, strides=2, activation="relu", name="conv"), L.Flatten(), L.Dense(64, activation="relu")]
    model = keras.Sequential([keras.Input((28, 28, 1)), *layers, L.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy")
    model.fit(images, labels, batch_size=30, epochs=4, verbose=0)
    return model, images, labels


# Worked by hand


def test_fgsm_of_a_linear_softmax_net_is_worked_by_hand():
    # Logits W x; of class c the loss has the gradient W (p − e_c).
    model = keras.Sequential([keras.Input((1, 2, 1)), L.Flatten(), L.Dense(3, activation="softmax", use_bias=False)])
    weights = np.array([[1.0, -2.0, 0.0], [0.0, 3.0, -1.0]])
    model.set_weights([weights])
    x = np.array([0.4, 0.6])
    logits = x @ weights
    p = np.exp(logits) / np.exp(logits).sum()
    assert logits.argmax() == 1
    for c in range(3):
        move = 0.1 * np.sign(weights @ (p - np.eye(3)[c]))
        away = adversarial(model, x.reshape(1, 1, 2, 1), truth=c)
        np.testing.assert_allclose(away.values.ravel(), x + move, atol=1e-7)
        towards = adversarial(model, x.reshape(1, 1, 2, 1), c)
        np.testing.assert_allclose(towards.values.ravel(), x - move, atol=1e-7)
    predicted = adversarial(model, x.reshape(1, 1, 2, 1))
    np.testing.assert_array_equal(predicted.values, adversarial(model, x.reshape(1, 1, 2, 1), truth=1).values)


def test_one_step_is_epsilon_times_the_sign_of_the_gradient_of_keras_own_loss(net):
    model, x = net, nets.images(6)
    classes = np.array([0, 1, 2, 3, 4, 0])
    gradient = gradients(model, x, classes)
    clear = np.abs(gradient) > 1e-4 * np.abs(gradient).max()
    assert clear.mean() > 0.9
    wanted = (x + 0.03 * np.sign(gradient)).clip(-1, 1)
    found = adversarial(model, x, truth=classes, epsilon=0.03, **WIDE)
    np.testing.assert_allclose(found.values[clear], wanted[clear], atol=1e-6)
    wanted = (x - 0.03 * np.sign(gradient)).clip(-1, 1)
    found = adversarial(model, x, classes, epsilon=0.03, **WIDE)
    np.testing.assert_allclose(found.values[clear], wanted[clear], atol=1e-6)


def test_two_steps_are_worked_by_a_loop(net):
    model, x, classes = net, nets.images(3), np.array([0, 1, 2])
    moved = x
    for _ in range(4):
        moved = moved + 0.02 * np.sign(gradients(model, moved, classes)).astype("float32")
        moved = np.clip(moved, np.maximum(x - 0.05, -1), np.minimum(x + 0.05, 1))
    found = adversarial(model, x, truth=classes, epsilon=0.05, steps=4, step_size=0.02, **WIDE)
    assert (np.abs(found.values - moved) < 1e-5).mean() > 0.99


def test_a_step_is_2_5_epsilon_by_their_number(net):
    model, x = net, nets.images(3)
    found = adversarial(model, x, epsilon=0.05, steps=5, **WIDE).values
    np.testing.assert_array_equal(found, adversarial(model, x, epsilon=0.05, steps=5, step_size=0.025, **WIDE).values)
    other = adversarial(model, x, epsilon=0.05, steps=5, step_size=0.01, **WIDE).values
    assert np.abs(found - other).max() > 0.01


def test_a_pixel_without_a_gradient_does_not_move():
    model = keras.Sequential([keras.Input((4, 4, 1)), L.Flatten(), L.Dense(2, activation="softmax", use_bias=False)])
    weights = np.zeros((16, 2))
    weights[5] = 1, -1
    model.set_weights([weights])
    x = np.full((1, 4, 4, 1), 0.5, "float32")
    for steps in (1, 5):
        moved = adversarial(model, x, truth=0, steps=steps).values - x
        assert moved.ravel()[5] == pytest.approx(-0.1)
        assert (np.delete(moved.ravel(), 5) == 0).all()


def test_an_image_of_which_every_rectifier_is_silent_stays_as_it_is():
    model, x = nets.sequential(), nets.images(2)
    kernel, bias = model.get_layer("conv_2").get_weights()
    model.get_layer("conv_2").set_weights([kernel, bias - 100])
    np.testing.assert_array_equal(adversarial(model, x, truth=1, **WIDE).values, x)


def test_a_net_that_is_sure_is_moved_all_the_same():
    # A probability of 1 − 1e-17 is 1 in float32, and the gradient of its logarithm 0.
    model, x = nets.sequential(), nets.images(4)
    kernel, bias = model.get_layer("preds").get_weights()
    want = adversarial(model, x, truth=2, **WIDE).values - x
    model.get_layer("preds").set_weights([kernel, bias + 60 * np.eye(5)[2]])
    assert (model.predict(x, verbose=0)[:, 2] == 1).all()
    found = adversarial(model, x, truth=2, **WIDE).values - x
    assert (np.abs(found) > 0.09).mean() > 0.85
    assert (np.sign(found) == np.sign(want)).mean() > 0.6  # the other classes weigh the same, whatever is added to one


# The ball and the range


@pytest.mark.parametrize("epsilon", [1e-3, 0.1, 0.7])
@pytest.mark.parametrize("steps", [1, 7])
def test_no_pixel_leaves_the_ball_or_the_range(net, epsilon, steps):
    x = nets.images(5)
    x[0], x[1] = -1, 1
    found = adversarial(net, x, epsilon=epsilon, steps=steps, **WIDE)
    change = found.values.astype("float64") - x.astype("float64")
    assert np.abs(change).max() <= epsilon
    assert np.abs(change).max() > 0.999 * epsilon
    assert found.values.min() >= -1
    assert found.values.max() <= 1
    assert (change[0] >= 0).all()
    assert (change[1] <= 0).all()
    np.testing.assert_array_equal(found.originals, x)


@pytest.mark.parametrize("end", [-1.0005, 1.0005])
def test_an_image_that_is_outside_by_a_rounding_is_not_pulled_inside(net, end):
    x = np.full((1, *nets.SHAPE), end, "float32")
    found = adversarial(net, x, epsilon=1e-4, **WIDE)
    assert np.abs(found.values.astype("float64") - x).max() <= 1e-4
    assert np.abs(found.values).max() <= np.abs(x).max()


# What the loss does


def test_towards_a_class_its_loss_falls_and_away_from_it_it_rises(trained):
    model, x, labels = trained
    x, labels = x[:50], labels[:50]
    other = (labels + 1) % 10
    assert (losses(model, adversarial(model, x, other, epsilon=0.02).values, other) < losses(model, x, other)).all()
    away = losses(model, adversarial(model, x, truth=labels, epsilon=0.02).values, labels)
    assert (away > losses(model, x, labels)).all()


def test_many_steps_raise_the_loss_more_than_one(trained):
    model, x, labels = trained
    x, labels = x[:200], labels[:200]
    one, ten = (
        losses(model, adversarial(model, x, truth=labels, epsilon=0.1, steps=steps).values, labels).mean()
        for steps in (1, 10)
    )
    assert ten > 1.1 * one


def test_the_true_class_is_not_the_predicted_one_where_the_net_is_wrong():
    x = nets.images(6)
    model = nets.undecided(x)
    best = model.predict(x, verbose=0).argmax(axis=1)
    own = adversarial(model, x, **WIDE).values
    np.testing.assert_array_equal(own, adversarial(model, x, truth=best, **WIDE).values)
    truth = best.copy()
    truth[:3] = (truth[:3] + 1) % 5
    other = adversarial(model, x, truth=truth, **WIDE).values
    assert (np.abs(own - other).reshape(6, -1).max(axis=1) > 0)[:3].all()
    np.testing.assert_array_equal(own[3:], other[3:])


def test_the_predicted_class_is_that_of_the_image_at_every_step():
    x = nets.images(6)
    model = nets.undecided(x)
    best = model.predict(x, verbose=0).argmax(axis=1)
    found = adversarial(model, x, epsilon=0.8, steps=6, **WIDE)
    assert found.changed.any()
    np.testing.assert_array_equal(found.values, adversarial(model, x, truth=best, epsilon=0.8, steps=6, **WIDE).values)


def test_what_was_predicted_before_and_after_is_what_the_model_says(trained):
    model, x, labels = trained
    found = adversarial(model, x[:20], truth=labels[:20], epsilon=0.1)
    for images, classes, column in ((x[:20], found.before, 0), (found.values, found.after, 1)):
        chance = model.predict(images, verbose=0)
        np.testing.assert_array_equal(chance.argmax(axis=1), classes)
        np.testing.assert_allclose(chance.max(axis=1), found.chances[:, column], rtol=1e-4)
    np.testing.assert_array_equal(found.changed, found.before != found.after)
    assert 0 < found.changed.sum() < 20
    right = (found.after == labels[:20]).sum(), (found.before == labels[:20]).sum()
    assert found.note == f"{right[0]} of 20 are right, {right[1]} before"


def test_an_accuracy_above_90_percent_falls_below_20_at_a_quarter(trained):
    model, x, labels = trained
    chart = adversarial_accuracy(model, x, labels, epsilon=(0, 0.05, 0.25))
    share = chart.values["y"][0]
    clean = (model.predict(x, verbose=0).argmax(axis=1) == labels).mean()
    assert share[0] == clean > 0.9
    assert share[2] < 0.2
    assert share[0] > share[1] > share[2]
    moved = adversarial(model, x, truth=labels, epsilon=0.25)
    assert share[2] == (model.predict(moved.values, verbose=0).argmax(axis=1) == labels).mean()
    np.testing.assert_array_equal(chart.values["predicted"][2], moved.after)
    np.testing.assert_array_equal(chart.values["x"], [0, 0.05, 0.25])
    more = adversarial_accuracy(model, x, labels, epsilon=0.05, steps=5)
    assert more.values["y"][0, 0] < share[1]
    assert "5 steps" in more.text["x"]
    assert chart.draw().std() > 10


# One model, many forms


def test_every_form_of_a_model_gives_the_same(tmp_path):
    x = nets.images(4)
    made = nets.forms(tmp_path)
    classes = np.array([0, 1, 2, 3])
    gradient = gradients(made["sequential"], x, classes)
    clear = np.abs(gradient) > 1e-3 * np.abs(gradient).max()
    wanted = adversarial(made["sequential"], x, truth=classes, **WIDE)
    for form, model in made.items():
        found = adversarial(model, x, truth=classes, **WIDE)
        np.testing.assert_allclose(found.values[clear], wanted.values[clear], atol=1e-6, err_msg=form)
        np.testing.assert_array_equal(found.after, wanted.after)


def test_each_image_stands_alone(net):
    model, x = net, nets.images(5)
    together = adversarial(model, x, epsilon=0.2, steps=3, **WIDE).values
    for batch in (1, 2):
        split = adversarial(model, x, epsilon=0.2, steps=3, batch=batch, **WIDE).values
        assert (np.abs(split - together) < 1e-5).mean() > 0.99
    alone = adversarial(model, x[3], epsilon=0.2, steps=3, **WIDE).values
    assert (np.abs(alone - together[3:4]) < 1e-5).mean() > 0.99


def test_only_the_chosen_input_changes_and_an_output_is_chosen():
    model, x = nets.two_by_two(), nets.images(3)
    vector = np.random.default_rng(2).normal(size=(3, 3)).astype("float32")
    given = x.copy(), vector.copy()
    away = adversarial(model, [x, vector], truth=1, output="parity", **WIDE)
    before, after = (model.predict([images, vector], verbose=0)[1][:, 0] for images in (x, away.values))
    assert (after < before).all()
    np.testing.assert_allclose(away.chances[:, 1], np.maximum(after, 1 - after), rtol=1e-4)
    np.testing.assert_array_equal(x, given[0])
    np.testing.assert_array_equal(vector, given[1])
    digit = adversarial(model, [x, vector], kv.Logit(2, output="digit"), **WIDE)
    assert (digit.values != away.values).any()
    np.testing.assert_array_equal(digit.values, adversarial(model, [x, vector], 2, output="digit", **WIDE).values)
    chart = adversarial_accuracy(model, [x, vector], 1, epsilon=0, output="parity", **WIDE)
    assert chart.values["y"][0, 0] == (before > 0.5).mean()


def test_every_class_and_every_epsilon_shares_one_graph():
    from keras_vis.engine.probe import probe

    model, x = nets.sequential(), nets.images(4)
    adversarial(model, x, **WIDE)
    traces = probe(model).traces
    adversarial(model, x[:3], 2, epsilon=0.3, steps=4, **WIDE)
    adversarial_accuracy(model, x, [0, 1, 2, 3], **WIDE)
    assert probe(model).traces == traces


def test_images_without_an_axis_of_channels():
    model = keras.Sequential([keras.Input((6, 8)), L.Flatten(), L.Dense(3, activation="softmax")])
    x = nets.images(2, shape=(6, 8))
    found = adversarial(model, x, 1, **WIDE)
    assert found.values.shape == found.originals.shape == (2, 6, 8, 1)
    assert (losses(model, found.values[..., 0], 1) < losses(model, x, 1)).all()
    assert found.draw().std() > 10


# The picture


def test_a_picture_says_what_was_seen_before_and_after():
    x = nets.images(6)
    model = nets.undecided(x)
    best = model.predict(x, verbose=0).argmax(axis=1)
    names = ["ant", "bee", "cat", "dog", "elk"]
    truth = best.copy()
    truth[0] = (best[0] + 1) % 5
    found = adversarial(model, x, truth=truth, epsilon=0.5, labels=names, **WIDE)
    assert found.original_captions[0].splitlines()[-1] == f"true: {names[truth[0]]}"
    assert not any("true" in caption for caption in found.original_captions[1:])
    for i, caption in enumerate(found.captions):
        assert caption.startswith(f"{'now' if found.changed[i] else 'still'} {names[found.after[i]]}  ")
    assert found.title == "FGSM, one step of ε = 0.5 away from the true class"
    asked = adversarial(model, x, 3, epsilon=1e-3, steps=2, labels=names, **WIDE)
    assert asked.title == "FGSM in 2 steps within ε = 0.001 towards dog"
    for i, caption in enumerate(asked.captions):
        assert ("asked: dog" in caption) == (asked.after[i] != 3)
    assert adversarial(model, x, **WIDE).title.endswith("away from the predicted class")
    assert asked.draw().shape[1] <= 960


def test_no_change_is_grey_in_the_middle():
    model = keras.Sequential([keras.Input((4, 4, 1)), L.Flatten(), L.Dense(2, activation="softmax", use_bias=False)])
    weights = np.zeros((16, 2))
    weights[0], weights[15] = (1, -1), (-1, 1)
    model.set_weights([weights])
    sheet = adversarial(model, np.full((1, 4, 4, 1), 0.5), truth=0).draw()
    shades, counts = np.unique(sheet[(sheet == sheet[..., :1]).all(axis=-1)][:, 0], return_counts=True)
    tile = counts[shades == 0].max()  # a black pixel of the change, as large as a white one and a 14th of the grey
    assert counts[(shades >= 127) & (shades <= 128)].max() >= 14 * tile * 0.9


def test_channels_that_cannot_be_drawn_are_kept(net, tmp_path):
    found = adversarial(net, nets.images(2), **WIDE)
    assert found.values.shape == (2, *nets.SHAPE)
    found.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        np.testing.assert_array_equal(archive["values"], found.values)
        assert {"originals", "before", "after", "chances"} <= set(archive)
    with pytest.raises(ValueError, match="read-only"):
        found.values[...] = 0


# Fooling images


def test_a_fooling_image_is_noise_of_which_the_model_is_sure(trained):
    model = trained[0]
    found = fooling_image(model, range(10), confidence=0.95)
    chance = model.predict(found.values, verbose=0)
    assert (chance[np.arange(10), np.arange(10)] >= 0.95 - 1e-6).all()
    assert found.values.min() >= 0
    assert found.values.max() <= 1
    noise = np.random.default_rng(0).uniform(0, 1, (28, 28, 1))
    for image in found.values:
        assert np.corrcoef(image.ravel(), noise.ravel())[0, 1] > 0.7
    np.testing.assert_allclose(found.scores[0], model.predict(noise[None], verbose=0)[0], rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found.scores[-1], chance.diagonal(), rtol=1e-4)
    assert (found.scores[-1] > found.scores[0]).all()
    assert [caption.split()[0] for caption in found.captions] == list("0123456789")


def test_each_fooling_image_stands_alone_and_stops_when_the_model_is_sure(trained):
    model = trained[0]
    all_of_them = fooling_image(model, [3, 1, 8], confidence=0.9)
    steps = all_of_them.about["steps"]
    assert len(set(steps)) > 1
    for i, c in enumerate([3, 1, 8]):
        alone = fooling_image(model, c, confidence=0.9)
        np.testing.assert_allclose(alone.values[0], all_of_them.values[i], atol=1e-4)
        assert alone.about["steps"] == [steps[i]] == [len(alone.scores) - 1]
        assert (alone.scores[: steps[i] - 3 : 4, 0] < 0.9).all()  # each look before the last
        assert (all_of_them.scores[steps[i] :, i] == all_of_them.scores[-1, i]).all()


def test_the_same_seed_gives_the_same_image_and_every_option_changes_it(trained):
    model = trained[0]
    found = fooling_image(model, 5).values
    np.testing.assert_array_equal(found, fooling_image(model, 5, seed=0).values)
    for options in (
        {"seed": 1},
        {"confidence": 0.9999999},
        {"step_size": 0.02},
        {"value_range": (0, 2)},
        {"initial": "mean"},
        {"initial": np.full((28, 28, 1), 0.3)},
    ):
        assert np.abs(fooling_image(model, 5, **options).values - found).max() > 1e-3, options
    named = fooling_image(model, 5, labels=list("abcdefghij"), batch=1)
    assert named.captions[0].startswith("f  ")
    np.testing.assert_allclose(named.values, found, atol=1e-5)


def two_images():
    """Two images, and two classes of which the second sees them both."""
    left, right = keras.Input((5, 6, 1), name="left"), keras.Input((5, 6, 1), name="right")
    flat = L.Concatenate()([L.Flatten()(left), L.Flatten()(right)])
    model = keras.Model([left, right], L.Dense(2, activation="softmax", name="preds")(flat))
    nets.draw_weights(model)
    return model, nets.images(2, 1, (5, 6, 1)), nets.images(2, 2, (5, 6, 1))


@pytest.mark.parametrize("which", [0, "right"])
def test_the_input_is_chosen(which):
    model, left, right = two_images()
    found = adversarial(model, [left, right], 1, epsilon=0.2, input=which, **WIDE)
    np.testing.assert_array_equal(found.originals, left if which == 0 else right)
    after = model.predict([found.values, right] if which == 0 else [left, found.values], verbose=0)
    assert (after[:, 1] > model.predict([left, right], verbose=0)[:, 1]).all()
    np.testing.assert_allclose(found.chances[:, 1], after.max(axis=1), rtol=1e-4)
    chart = adversarial_accuracy(model, [left, right], [0, 1], epsilon=0.2, input=which, **WIDE)
    away = adversarial(model, [left, right], truth=[0, 1], epsilon=0.2, input=which, **WIDE)
    np.testing.assert_array_equal(chart.values["predicted"][0], away.after)


def test_a_start_for_each_and_a_second_input():
    model, left, right = two_images()
    found = fooling_image(model, [1, 0], initial=[left, right], input="right", **WIDE)
    after = model.predict([left, found.values], verbose=0)
    assert (after[[0, 1], [1, 0]] >= 0.99 - 1e-6).all()
    assert np.abs(found.values - right).max() > 0


# Errors


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"target": 1, "truth": 2}, ValueError, "`target` leads towards a class, `truth` away from one: give one"),
        ({"target": 7}, ValueError, r"`target`: 7 is no class of output 'preds', which has 5: 0 to 4"),
        ({"truth": [1, 2]}, ValueError, "`truth` has 2 entries, but there are 3 images"),
        ({"truth": 0.5}, TypeError, "`truth`: a class of output 'preds' must be an int"),
        ({"target": "3"}, TypeError, "`target`: a class of output 'preds' must be an int"),
        ({"target": kv.Channel("conv_1", 2)}, TypeError, "`target` must be a class .* received .*Channel.*no class"),
        ({"target": kv.Logit()}, TypeError, "`target` must be a class"),
        ({"epsilon": 0}, ValueError, "`epsilon` must be a number above 0; received 0"),
        ({"steps": 0}, ValueError, "`steps` must be a whole number, at least 1"),
        ({"step_size": -1}, ValueError, "`step_size` must be a number above 0"),
        ({"value_range": (0, 1)}, ValueError, r"`images` has values from -.* outside `value_range=\(0, 1\)`"),
        ({"output": "digit"}, ValueError, "`output='digit'` is not in the model. It has: 'preds'"),
        ({"labels": ["a"]}, ValueError, "`labels` has 1 names, but the model has 5 classes"),
    ],
)
def test_what_cannot_be_is_named(net, wrong, error, message):
    with pytest.raises(error, match=message):
        adversarial(net, nets.images(3), **{**WIDE, **wrong})


@pytest.mark.parametrize("method", [adversarial, fooling_image])
def test_a_net_without_probabilities_is_refused(method):
    given = (nets.images(1),) if method is adversarial else ()
    for net, message in ((nets.sequential(None), "add the activation"), (nets.segmentation(), "no vector of classes")):
        with pytest.raises(ValueError, match=message):
            method(net, *given, 1, **WIDE)


def test_of_several_outputs_one_must_be_named():
    with pytest.raises(ValueError, match="the model has 2 outputs. Choose one with `output=`: 'digit', 'parity'"):
        adversarial(nets.two_by_two(), [nets.images(1), np.zeros((1, 3))], **WIDE)


def test_an_accuracy_wants_the_truth_and_rising_epsilons(net):
    model, x = net, nets.images(2)
    with pytest.raises(ValueError, match="`truth` must be the true classes"):
        adversarial_accuracy(model, x, None, **WIDE)
    for epsilon in ((0.1, 0.1), (-0.1, 0), (), "a lot", np.nan):
        with pytest.raises(ValueError, match="`epsilon` must be one or several rising numbers, none below 0"):
            adversarial_accuracy(model, x, 1, epsilon=epsilon, **WIDE)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"confidence": 1.0}, ValueError, "`confidence` must be a probability, between 0 and 1; received 1.0"),
        ({"steps": 0}, ValueError, "`steps` must be a whole number"),
        ({"step_size": 0}, ValueError, "`step_size` must be a number above 0"),
        ({"target": 9}, ValueError, "9 is no class of output 'preds'"),
        ({"target": kv.Channel("conv_1", 2)}, TypeError, "`target` must be a class .* received .*Channel"),
        ({"target": None}, ValueError, "`target`"),
        ({"value_range": (1, 0)}, ValueError, "`value_range=.* is empty"),
        (
            {"steps": 1, "step_size": 1e-6},
            ValueError,
            "`steps=1` are not enough: the model gives class 3 a probability of .* %, and `confidence=0.99` is",
        ),
    ],
)
def test_what_cannot_fool_is_named(net, wrong, error, message):
    with pytest.raises(error, match=message):
        fooling_image(net, **{"target": 3, "progress": False, **wrong})


def test_images_of_no_size_need_a_start():
    model = keras.Sequential([keras.Input((None, None, 1)), L.GlobalAveragePooling2D(), L.Dense(2, "softmax")])
    with pytest.raises(ValueError, match="`initial`: model .* takes"):
        fooling_image(model, 1)
    start = np.full((6, 7, 1), 0.5)
    assert fooling_image(model, 1, initial=start, confidence=0.01).values.shape == (1, 6, 7, 1)
