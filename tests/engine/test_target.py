"""Is each target the number that its name says, and do wrong ones fail at the door?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vis.engine.penalties import Norm, TotalVariation
from keras_vis.engine.probe import probe
from keras_vis.engine.target import Logit, Probability, Target, probabilities
from keras_vis.engine.units import Channel, Energy, Likeness, Neuron, StrongestNeuron
from tests import nets


@pytest.fixture(scope="module")
def model():
    return nets.sequential()


@pytest.fixture(scope="module")
def x():
    return nets.images()


@pytest.fixture(scope="module")
def acts(model, x):
    return probe(model).activations(x, ["conv_2", "flatten"])


def score(model, x, target):
    return probe(model).run(x, target).scores


def test_ints_labels_and_none_are_logits(model, x):
    logits = probe(model).outputs(x)["preds"][0]
    labels = np.array([4, 0, 0, 2, 1, 3])
    np.testing.assert_allclose(score(model, x, 3), logits[:, 3], rtol=1e-5)
    np.testing.assert_allclose(score(model, x, labels), logits[np.arange(6), labels], rtol=1e-5)
    np.testing.assert_allclose(score(model, x, list(labels)), logits[np.arange(6), labels], rtol=1e-5)
    np.testing.assert_allclose(score(model, x, None), logits.max(axis=1), rtol=1e-5)


def test_channels_neurons_and_energy_are_read_off_the_activations(model, x, acts):
    maps = acts["conv_2"]
    np.testing.assert_allclose(score(model, x, Channel("conv_2", 5)), maps[..., 5].mean(axis=(1, 2)), rtol=1e-4)
    np.testing.assert_allclose(score(model, x, StrongestNeuron("conv_2", 5)), maps[..., 5].max(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(score(model, x, Neuron("conv_2", 5, 7, 3)), maps[:, 7, 3, 5], rtol=1e-5)
    np.testing.assert_allclose(score(model, x, Energy("conv_2")), (maps**2).mean(axis=(1, 2, 3)), rtol=1e-4)
    np.testing.assert_allclose(score(model, x, Channel("flatten", 11)), acts["flatten"][:, 11], rtol=1e-5)


def test_each_image_may_have_its_own_channel(model, x, acts):
    units = np.array([0, 1, 2, 3, 4, 5])
    wanted = acts["conv_2"].mean(axis=(1, 2))[np.arange(6), units]
    np.testing.assert_allclose(score(model, x, Channel("conv_2", units)), wanted, rtol=1e-4)


def test_the_gradient_of_the_strongest_neuron_goes_through_one_position_even_where_all_are_equal():
    model = nets.sequential()
    model.set_weights([np.zeros_like(w) if i == 0 else w for i, w in enumerate(model.get_weights())])
    grads = probe(model).run(nets.images(1), StrongestNeuron("conv_2", 2), wrt=("conv_2",)).grads[0][0, :, :, 2]
    assert (grads != 0).sum() == 1
    assert grads[0, 0] == 1


def test_penalties_by_hand(model):
    image = np.zeros((1, *nets.SHAPE), "float32")
    image[0, 3, 4, 0] = 2.0
    # one pixel of 2 among zeros: it is 2 above its neighbours left and above (one term of 4 each), and itself drops by
    # 2 to the right and below (4 + 4 in one term)
    size = np.prod(nets.SHAPE)
    assert score(model, image, TotalVariation())[0] == pytest.approx((4 + 4 + 8) / size)
    assert score(model, image, TotalVariation(1))[0] == pytest.approx((2 + 2 + 8**0.5) / size)
    assert score(model, image, Norm())[0] == pytest.approx(4 / size)
    assert score(model, image, Norm(6))[0] == pytest.approx(64 / size)
    assert np.isfinite(probe(model).run(image, TotalVariation(1)).grads[0]).all()


def test_arithmetic(model, x):
    a, b = score(model, x, Logit(1)), score(model, x, Logit(2))
    np.testing.assert_allclose(score(model, x, Logit(1) - Logit(2)), a - b, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(score(model, x, 2 * Logit(1) + 0.5 * Logit(2)), 2 * a + b / 2, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(score(model, x, -(Logit(1) - Logit(2)) * 3), 3 * (b - a), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(score(model, x, sum([Logit(1), Logit(2)])), a + b, rtol=1e-4, atol=1e-5)
    tv = score(model, x, TotalVariation())
    np.testing.assert_allclose(
        score(model, x, Logit(3) - 1e-1 * TotalVariation()), score(model, x, 3) - 0.1 * tv, rtol=1e-4
    )


def test_gradients_are_linear_in_targets(model, x):
    grads = [
        probe(model).run(x, t).grads[0]
        for t in (Logit(1), Channel("conv_2", 0), 2 * Logit(1) - 3 * Channel("conv_2", 0))
    ]
    np.testing.assert_allclose(grads[2], 2 * grads[0] - 3 * grads[1], atol=1e-5)


def test_operands_are_not_changed_and_forms_are_equal_whatever_the_content():
    a, b = Logit(1), TotalVariation()
    text = str(a), str(b)
    combined = a - 2 * b
    assert (str(a), str(b)) == text
    assert Logit(1) == Logit(np.arange(4)) == Logit()
    assert Logit() != Probability()
    assert Channel("a", 1) == Channel("a", 2) != Channel("b", 1)
    assert Channel("a", 1) != StrongestNeuron("a", 1)
    assert combined == Logit(5) - 7 * b
    assert combined != a - TotalVariation(1)
    assert str(combined) == "Logit(1) - 2 * TotalVariation(beta=2)"


def test_targets_in_words():
    names = ["cat", "dog"].__getitem__
    assert Logit().describe(names) == "logit of the predicted class"
    assert Probability([0, 1]).describe(names) == "probability of each image's class"
    assert (Logit(0) - 0.5 * Logit(1)).describe(names) == "logit of cat \u2212 0.5 \u00d7 logit of dog"
    assert (-Channel("conv", 3)).describe(names) == "\u2212channel 3 of conv"
    assert StrongestNeuron("conv", 3).describe(names) == "strongest neuron of channel 3 of conv"
    assert Neuron("conv", 3, 1, 2).describe(names) == "channel 3 of conv at row 1, column 2"


def test_a_target_of_ones_own(model, x, acts):
    class Contrast(Target):
        layers = ("conv_2",)

        def score(self, acts, feed):
            return tf.math.reduce_std(acts["conv_2"], axis=[1, 2, 3])

    np.testing.assert_allclose(score(model, x, Contrast()), acts["conv_2"].std(axis=(1, 2, 3)), rtol=1e-4)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (5, ValueError, r"5 is no class of output 'preds', which has 5: 0 to 4"),
        (-1, ValueError, r"-1 is no class"),
        ([0, 1], ValueError, r"`target` has 2 entries, but there are 6 images"),
        (np.eye(6, 5, dtype=int), ValueError, r"one-hot, take\s+labels.argmax"),
        (np.eye(6, 5), ValueError, r"one-hot, take\s+labels.argmax"),
        (Channel(keras.layers.Dense(2), 0), TypeError, "a layer is given by its name or path; received Dense"),
        (1.5, TypeError, "received float 1.5"),
        (np.ones(6), TypeError, "int or an array of ints; received float64"),
        (True, TypeError, "received bool"),
        ("7", TypeError, "received str '7'"),
        (lambda y: y, TypeError, "`target` must be a class"),
        (Channel("conv2", 0), ValueError, r"no layer 'conv2' in the model. Did you mean 'conv_2'\?"),
        (Channel("conv_2", 6), ValueError, "6 is no channel of layer 'conv_2', which has 6: 0 to 5"),
        (Neuron("conv_2", 0, 8, 0), ValueError, "8 is no row of layer 'conv_2'"),
        (Neuron("flatten", 0, 0, 0), ValueError, "gives no maps"),
        (Logit(1, output="digits"), ValueError, "no output 'digits'"),
        (Likeness("conv_2", np.ones((8, 6, 5))), ValueError, r"the code has shape \(1, 8, 6, 5\)"),
        (Likeness("conv_2", np.zeros((8, 6, 6))), ValueError, "not zero everywhere"),
        (Logit(1) + Channel("nowhere", 0), ValueError, "no layer 'nowhere'"),
    ],
)
def test_what_does_not_fit_is_named(model, x, wrong, error, words):
    with pytest.raises(error, match=words):
        probe(model).run(x, wrong)


def test_a_linear_output_has_no_probability(x):
    with pytest.raises(ValueError, match="neither softmax nor sigmoid"):
        probe(nets.sequential(None)).run(x, Probability(1))


def test_an_output_that_is_no_vector_is_refused(x):
    model = keras.Sequential([keras.Input(nets.SHAPE), keras.layers.Conv2D(3, 1, name="mask")])
    with pytest.raises(ValueError, match=r"'mask' is no vector of classes but \(n, 12, 10, 3\)"):
        probe(model).run(x, 1)


def test_probabilities_of_logits_by_hand():
    logits = np.log(np.array([[1.0, 3.0]], "float32"))
    np.testing.assert_allclose(probabilities(logits, "softmax"), [[0.25, 0.75]], rtol=1e-6)
    np.testing.assert_allclose(probabilities(logits, "sigmoid"), [[0.5, 0.75]], rtol=1e-6)
    np.testing.assert_allclose(probabilities(np.array([[-1000.0, 1000.0]]), "sigmoid"), [[0, 1]])
    np.testing.assert_allclose(probabilities(np.array([[-1000.0, 1000.0]]), "softmax"), [[0, 1]])
    assert probabilities(logits, "linear") is None
    # one part in 10^9 is left to the others, and is not rounded away
    assert 0 < 1 - probabilities(np.array([[20.7, 0.0]], "float32"), "softmax")[0, 0] < 2e-9
