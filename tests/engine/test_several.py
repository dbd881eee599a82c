"""Has each image of a batch the number and the gradient of its own target, in one graph?"""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vis.engine.penalties import TotalVariation
from keras_vis.engine.probe import probe
from keras_vis.engine.several import as_targets
from keras_vis.engine.target import Logit, Probability, Target
from keras_vis.engine.units import Channel, Energy, Likeness, Neuron, StrongestNeuron
from tests import nets

L = keras.layers


@pytest.fixture(scope="module")
def model():
    return nets.sequential()


@pytest.fixture(scope="module")
def outline(model):
    return probe(model).outline(nets.images(1))


def same_as_alone(model, x, several):
    """Each row is what its own target gives of its image alone."""
    found = probe(model).run(x, several)
    for i, target in enumerate(several.each):
        alone = probe(model).run(x[i : i + 1], target)
        np.testing.assert_allclose(found.scores[i], alone.scores[0], rtol=1e-5, atol=1e-7, err_msg=str(target))
        np.testing.assert_allclose(found.grads[0][i], alone.grads[0][0], rtol=1e-4, atol=1e-7, err_msg=str(target))
        assert np.abs(alone.grads[0]).max() > 1e-6
    return found


def test_ten_classes_are_ten_images_in_one_batch():
    model = nets.sequential(classes=10)
    x = nets.images(10)
    found = same_as_alone(model, x, as_targets(range(10), probe(model).outline(x)))
    # The logits themselves, from Keras; of probabilities, so but for what is the same for all.
    logits = np.log(model.predict(x, verbose=0).astype("float64"))
    own = probe(model).outputs(x)["preds"][0].astype("float64")
    wanted = np.diag(logits) - (logits - own).mean(axis=1)
    np.testing.assert_allclose(found.scores, wanted, rtol=1e-4, atol=1e-5)


def test_each_kind_has_its_own_number_and_gradient(model, outline):
    asked = [
        Logit(3),
        Channel("conv_2", 1),
        Neuron("conv_1", 1, 5, 6),
        Energy("conv_2"),
        Probability(2),
        2 * Logit(1) - 0.5 * Channel("conv_1", 3),
        1,
        StrongestNeuron("conv_2", 2),
        Channel("conv_2", 0),
        Logit(0) - 3 * TotalVariation(),
    ]
    several = as_targets(asked, outline)
    assert len(several.kinds) == 8  # 3 and 1 are both logits, and two are channels of one layer
    x = nets.images(10, seed=3)
    found = same_as_alone(model, x, several)
    # By another way than the targets: the activations.
    acts = probe(model).activations(x, ["conv_1", "conv_2"])
    by_hand = {1: acts["conv_2"][1, ..., 1].mean(), 2: acts["conv_1"][2, 5, 6, 1], 3: (acts["conv_2"][3] ** 2).mean()}
    by_hand[4] = model.predict(x, verbose=0)[4, 2]
    for row, wanted in by_hand.items():
        assert found.scores[row] == pytest.approx(wanted, rel=1e-4), asked[row]


def test_an_array_of_channels_asks_for_an_image_each(model, outline):
    several = as_targets(Channel("conv_2", range(6)), outline)
    assert [int(target.index) for target in several.each] == [0, 1, 2, 3, 4, 5]
    assert len(several.kinds) == 1
    x = nets.images(1).repeat(6, axis=0)
    maps = probe(model).activations(x[:1], ["conv_2"])["conv_2"][0]
    np.testing.assert_allclose(probe(model).run(x, several).scores, maps.mean(axis=(0, 1)), rtol=1e-4)


def test_the_fields_of_a_neuron_are_split_together(outline):
    several = as_targets([Neuron("conv_1", 2, [1, 5], 3), Neuron("conv_1", [0, 3], [4, 6], [2])], outline)
    where = [(int(one.index), int(one.row), int(one.column)) for one in several.each]
    assert where == [(2, 1, 3), (2, 5, 3), (0, 4, 2), (3, 6, 2)]


def test_the_terms_of_a_combination_are_split_together(model, outline):
    several = as_targets(Logit([0, 4]) - 2 * Channel("conv_1", [1, 3]) + Channel("conv_2", 5), outline)
    x = nets.images(2)
    logits = probe(model).outputs(x)["preds"][0]
    acts = probe(model).activations(x, ["conv_1", "conv_2"])
    wanted = [
        logits[i, c] - 2 * acts["conv_1"][i, ..., k].mean() + acts["conv_2"][i, ..., 5].mean()
        for i, (c, k) in enumerate([(0, 1), (4, 3)])
    ]
    np.testing.assert_allclose(probe(model).run(x, several).scores, wanted, rtol=1e-4)


@pytest.mark.parametrize(
    ("target", "classes"),
    [
        (3, [3]),
        (np.int64(2), [2]),
        (np.array(4), [4]),
        (np.array([2]), [2]),
        (range(1, 4), [1, 2, 3]),
        ([4, 0], [4, 0]),
        ((4, 4), [4, 4]),
        (np.array([0, 3, 1]), [0, 3, 1]),
        (np.array([[0], [3]]), [0, 3]),
        ([np.array([0, 3]), 2, Logit([1, 4])], [0, 3, 2, 1, 4]),
        (Logit(np.array([1, 2])), [1, 2]),
    ],
)
def test_classes_may_come_in_any_form(outline, target, classes):
    several = as_targets(target, outline)
    assert [int(one.indices(1)[0]) for one in several.each] == classes
    np.testing.assert_array_equal(several.feed(len(classes))[0][0][0], classes)


def test_of_two_outputs_each_image_asks_its_own():
    inputs = keras.Input(nets.SHAPE)
    x = L.Flatten()(L.Conv2D(4, 3, activation="relu", name="conv")(inputs))
    digit = L.Dense(5, activation="softmax", name="digit")(x)
    parity = L.Dense(1, activation="sigmoid", name="parity")(x)
    model = keras.Model(inputs, [digit, parity])
    nets.draw_weights(model, size=0.1)
    images = nets.images(4)
    asked = [
        Logit(2, output="digit"),
        Logit(0, output="parity"),
        Probability(1, output="parity"),
        Logit(4, output="digit"),
    ]
    several = as_targets(asked, probe(model).outline(images))
    found = same_as_alone(model, images, several)
    digits, chance = model.predict(images, verbose=0)
    assert found.scores[2] == pytest.approx(chance[2, 0], rel=1e-4)
    assert found.scores[1] == pytest.approx(-np.log(chance[1, 0] / (1 - chance[1, 0])), rel=1e-3)
    # Of one output alone, not of both.
    assert found.scores[3] - found.logits[3, 0] == pytest.approx(np.log(digits[3, 4] / digits[3, 0]), rel=1e-3)
    with pytest.raises(ValueError, match="`target`: the model has 2 outputs, 'digit', 'parity'. Say which"):
        as_targets([3], probe(model).outline(images))


def test_equal_forms_share_one_graph():
    model = nets.sequential()
    x, room = nets.images(4), probe(model)
    outline = room.outline(x)
    room.run(x, as_targets([0, 1, Channel("conv_1", 2), Energy("conv_2")], outline))
    traces = room.traces
    room.run(x, as_targets([3, Channel("conv_1", 3), Channel("conv_1", 0), Energy("conv_2")], outline))
    room.run(x[:3], as_targets([3, Channel("conv_1", 1), Energy("conv_2")], outline))
    assert room.traces == traces
    room.run(x, as_targets([0, 1, Channel("conv_2", 2), Energy("conv_2")], outline))
    assert room.traces == traces + 1


def test_many_batches_give_the_numbers_of_one(model, outline):
    several, x = as_targets([0, Channel("conv_2", 1), 4, Energy("conv_1"), 2], outline), nets.images(5)
    whole = probe(model).run(x, several)
    for batch in (1, 2, 3):
        parts = probe(model).run(x, several, batch=batch)
        np.testing.assert_allclose(parts.scores, whole.scores, rtol=1e-5)
        np.testing.assert_allclose(parts.grads[0], whole.grads[0], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (None, ValueError, "`target` must say what to climb: there is no image yet"),
        ([], ValueError, "`target` is empty. Give at least one class"),
        (np.array([], int), ValueError, "`target` is empty"),
        ([Channel("conv_1", [])], ValueError, "`target` is empty"),
        ([0, None], ValueError, "`target` holds None, and there is no image yet"),
        (Logit(), ValueError, "`target`: Logit.predicted.* speaks of the predicted class, and there is no image"),
        ([1, Probability()], ValueError, "`target`: Probability.predicted.* speaks of the predicted class"),
        (Channel("conv2", 1), ValueError, "`target`: no layer 'conv2' in the model. Did you mean 'conv_2'"),
        (5, ValueError, "`target`: 5 is no class of output 'preds', which has 5: 0 to 4"),
        ([0, -1], ValueError, "`target`: -1 is no class of output 'preds'"),
        (range(3, 7), ValueError, "`target`: 5 is no class"),
        (Channel("conv_2", range(7)), ValueError, "`target`: 6 is no channel of layer 'conv_2', which has 6: 0 to 5"),
        (Neuron("conv_1", [0, 1], [0, 1, 2], 0), ValueError, r"`target`: Neuron.* speaks of 2 and 3 images at once"),
        (Logit([0, 1, 2]) + Channel("conv_1", [0, 1]), ValueError, "speaks of 2 and 3 images at once"),
        (np.eye(5, dtype=int), ValueError, r"`target` has shape \(5, 5\).*one-hot, take labels.argmax"),
        ("preds", TypeError, "`target` must be a class .int., .* received str 'preds'"),
        (["preds"], TypeError, "received str 'preds'"),
        (2.0, TypeError, "received float 2.0"),
        ([True], TypeError, "received bool True"),
        (np.array([0.5]), TypeError, "`target`: a class of output 'preds' must be an int"),
    ],
)
def test_what_cannot_be_climbed_is_refused_at_the_door(outline, target, error, message):
    with pytest.raises(error, match=message):
        as_targets(target, outline)


def test_the_argument_is_named_as_the_caller_names_it(outline):
    with pytest.raises(ValueError, match="`unit` is empty"):
        as_targets([], outline, "unit")


def test_a_target_that_cannot_be_hashed_is_refused(outline):
    @dataclasses.dataclass
    class Soft(Target):
        height: float = 1.0

    with pytest.raises(TypeError, match="`target`: a Soft cannot be hashed. Make it a frozen dataclass"):
        as_targets([0, Soft()], outline)


def test_as_many_images_as_targets(model, outline):
    with pytest.raises(ValueError, match="`target` has 3 entries, but there are 2 images"):
        probe(model).run(nets.images(2), as_targets([0, 1, 2], outline))


def test_a_target_of_ones_own_may_stand_beside_others(model, outline):
    class Sum(Target):
        def score(self, acts, feed):
            return tf.cast(tf.reduce_sum(acts.inputs[0], axis=(1, 2, 3)), tf.float64)

    x = nets.images(3)
    code = probe(model).activations(x[:1], ["conv_1"])["conv_1"]
    found = probe(model).run(x, as_targets([Sum(), 2, Likeness("conv_1", code)], outline))
    assert found.scores[0] == pytest.approx(x[0].sum(dtype="float64"), rel=1e-4)
    np.testing.assert_allclose(found.grads[0][0], 1.0)
    own = probe(model).activations(x[2:], ["conv_1"])["conv_1"]
    assert found.scores[2] == pytest.approx(-((own - code) ** 2).sum() / (code**2).sum(), rel=1e-4)


def test_few_are_told_each_and_many_by_their_number(outline):
    names = ["zero", "one", "two", "three", "four"].__getitem__
    assert as_targets([0, 4], outline).describe(names) == "logit of zero, logit of four"
    assert as_targets([2, 2, 2, 2], outline).describe(names) == "logit of two"
    assert as_targets(range(5), outline).describe(names) == "each of 5 targets"
    assert str(as_targets([0, Energy("conv_1")], outline)) == "[Logit(0, output='preds'), Energy('conv_1')]"


def test_what_compares_images_does_so_among_several(outline):
    from keras_vis.engine.units import Diversity

    assert as_targets([0, Energy("conv_1")], outline).alone
    assert not as_targets([0, Logit(1) - Diversity("conv_1")], outline).alone
