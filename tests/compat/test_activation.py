"""Do the old calls climb to our images, and does each of their options change them?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.compat.vis.input_modifiers import Jitter
from keras_vis.compat.vis.utils import utils
from keras_vis.compat.vis.visualization import visualize_activation
from tests import nets

STEPS = {"max_iter": 12, "input_range": (0.0, 1.0)}


@pytest.fixture(scope="module")
def net():
    return nets.sequential()


@pytest.fixture(scope="module")
def plain(net):
    return visualize_activation(net, -1, filter_indices=3, **STEPS)


def ours(model, target, penalty, **options):
    return kv.activation_maximization(model, target, penalty=penalty, transforms=(), **options).values[0]


def test_the_code_of_the_tutorial_runs_and_gives_our_image():
    model = nets.sequential()
    # As it is written there.
    layer_idx = utils.find_layer_idx(model, "preds")
    model.layers[layer_idx].activation = keras.activations.linear
    model = utils.apply_modifications(model)
    img = visualize_activation(model, layer_idx, filter_indices=3, input_range=(0.0, 1.0))
    expected = ours(model, 3, 0.1 * kv.Norm(6) + 0.5 * kv.TotalVariation(), steps=200)
    np.testing.assert_allclose(img, expected, atol=1e-6)
    assert img.shape == (12, 10, 2)
    assert (img.min() >= 0, img.max() <= 1) == (True, True)


def test_the_softmax_left_on_or_taken_off_makes_no_difference(plain):
    taken_off = visualize_activation(nets.sequential(last=None), -1, filter_indices=3, **STEPS)
    np.testing.assert_allclose(plain, taken_off, atol=1e-5)


@pytest.mark.parametrize("weight", [0, None])
def test_without_weights_there_is_no_penalty(net, weight):
    found = visualize_activation(net, -1, 3, tv_weight=weight, lp_norm_weight=weight, **STEPS)
    np.testing.assert_array_equal(found, ours(net, 3, None, steps=12))


def test_weights_are_against_that_of_the_filters(net):
    half = visualize_activation(net, -1, 3, tv_weight=4.0, lp_norm_weight=1.0, act_max_weight=2, **STEPS)
    expected = ours(net, 3, 0.005 * kv.Norm(6) + 0.1 * kv.TotalVariation(), steps=12)
    np.testing.assert_allclose(half, expected, atol=1e-6)


def test_a_heavier_total_variation_is_a_smoother_image_and_a_heavier_norm_a_darker_one(net):
    def climbed(**weights):
        return visualize_activation(net, -1, 3, **{"tv_weight": 0, "lp_norm_weight": 0, **weights}, **STEPS)

    steps = [np.square(np.diff(climbed(tv_weight=weight), axis=0)).sum() for weight in (0, 1e-3, 10, 100)]
    assert steps[0] > steps[2] > steps[3]
    assert abs(steps[0] - steps[1]) < 0.01 * steps[0]
    assert climbed(lp_norm_weight=1000).mean() < 0.8 * climbed().mean()


@pytest.mark.parametrize(
    "changed",
    [
        {"filter_indices": 2},
        {"filter_indices": [2, 3]},
        {"filter_indices": None},
        {"max_iter": 13},
        {"input_range": (-1.0, 1.0)},
        {"input_modifiers": [Jitter(3)]},
        {"input_modifiers": [kv.Rotate(20)]},
        {"seed_input": np.full((12, 10, 2), 0.9)},
        {"tv_weight": 100},
        {"lp_norm_weight": 100},
        {"act_max_weight": 0.1},
        {"layer_idx": 1},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_option_changes_the_image(net, plain, changed):
    given = {"layer_idx": -1, "filter_indices": 3, **STEPS, **changed}
    assert np.abs(visualize_activation(net, **given) - plain).max() > 1e-3


def test_two_filters_at_once_and_a_hidden_one_are_the_sum_and_the_mean(net):
    both = visualize_activation(net, -1, [1, 3], tv_weight=0, lp_norm_weight=0, **STEPS)
    np.testing.assert_array_equal(both, ours(net, kv.Logit(1) + kv.Logit(3), None, steps=12))
    hidden = visualize_activation(net, 1, 2, tv_weight=0, lp_norm_weight=0, **STEPS)
    np.testing.assert_array_equal(hidden, ours(net, kv.Channel("conv_2", 2), None, steps=12))


def test_jitter_is_in_pixels_or_below_1_a_share_of_the_shorter_side(net):
    def climbed(jitter):
        return visualize_activation(net, -1, 3, input_modifiers=[Jitter(jitter)], **STEPS)

    np.testing.assert_array_equal(climbed(0.3), climbed(3))  # 0.3 of 10
    np.testing.assert_array_equal(climbed(0.01), climbed(1))  # at least one
    assert not np.array_equal(climbed(3), climbed(1))
    assert Jitter(0).move((1, 12, 10, 2)) == ()


@pytest.mark.parametrize(
    ("range_", "dtype"), [((0, 255), np.uint8), ((0.0, 255.0), np.float32), ((0, 1), np.float32), ((-1, 1), np.float32)]
)
def test_a_range_of_whole_numbers_gives_8_bits_where_there_is_more_than_two_of_them(net, range_, dtype):
    assert visualize_activation(net, -1, 3, max_iter=2, input_range=range_).dtype == dtype


def test_8_bits_are_the_floats_rounded(net):
    floats = visualize_activation(net, -1, 3, max_iter=5, input_range=(0.0, 255.0))
    np.testing.assert_array_equal(visualize_activation(net, -1, 3, max_iter=5), np.rint(floats))


def test_verbose_writes_the_number_of_each_step_and_else_nothing_is_written(net, capsys):
    visualize_activation(net, -1, 3, **STEPS)
    assert capsys.readouterr() == ("", "")
    visualize_activation(net, -1, 3, verbose=True, **STEPS)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    first, last = (float(line.split(": ")[1]) for line in (lines[0], lines[-1]))
    assert lines[0].startswith("Iteration 1: ")
    assert last > first


@pytest.mark.parametrize(
    ("changed", "error", "told"),
    [
        ({"input_range": (1.0, 0.0)}, ValueError, "`input_range=(1.0, 0.0)` is empty"),
        ({"input_range": 255}, TypeError, "`input_range` must be two numbers"),
        (
            {"seed_input": np.full((12, 10, 2), 300.0)},
            ValueError,
            "`seed_input` has values from 300 to 300, outside `i",
        ),
        ({"seed_input": np.zeros((2, 12, 10, 2))}, ValueError, "`seed_input` must be one image; received 2"),
        ({"max_iter": 0}, ValueError, "`max_iter` must be a whole number, at least 1"),
        ({"tv_weight": -1}, ValueError, "`tv_weight` must be at least 0"),
        ({"lp_norm_weight": "10"}, TypeError, "`lp_norm_weight` must be a number"),
        ({"act_max_weight": 0}, ValueError, "leaves nothing to climb"),
        ({"backprop_modifier": "guided"}, ValueError, "`backprop_modifier='guided'` is not known here"),
        ({"grad_modifier": "negate"}, ValueError, "-keras_vis.Logit(3)"),
        ({"callbacks": [print]}, ValueError, "verbose=True"),
        ({"wrt_tensor": 1}, ValueError, "`wrt_tensor=1` is not known here"),
        ({"input_modifiers": [16]}, TypeError, "`input_modifiers` must be a list of `Jitter(16)`"),
        ({"filter_indices": 9}, ValueError, "`filter_indices`: 9 is no unit of the layer"),
    ],
    ids=lambda changed: next(iter(changed)) if isinstance(changed, dict) else "",
)
def test_what_cannot_be_is_told_at_the_door(net, changed, error, told):
    with pytest.raises(error) as caught:
        visualize_activation(net, **{"layer_idx": -1, "filter_indices": 3, **changed})
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("jitter", "error"), [(-1, ValueError), (np.inf, ValueError), ((1, 2), TypeError), ("2", TypeError)]
)
def test_a_jitter_that_cannot_be_is_told(jitter, error):
    with pytest.raises(error, match="`jitter` must be"):
        Jitter(jitter)


@pytest.mark.parametrize(
    "by_place",
    [
        (None, None, (0.0, 1.0)),
        (None, np.zeros((1, 12, 10, 2)), (0.0, 1.0)),
        (None, None),
        (None, None, (0, 255), None, None, 1, 10, 10),
    ],
)
def test_arguments_by_place_in_the_order_of_0_5_are_told_as_such(net, by_place):
    with pytest.raises(TypeError, match="order of 0.5, which has `wrt_tensor`.*seed_input=..., input_range="):
        visualize_activation(net, -1, 3, *by_place)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("lr", "keras_vis.activation_maximization(model, target, step_size=...)"),
        ("image_modifiers", "It is called `input_modifiers`"),
        ("norm_grads", "divided by its RMS"),
        ("max_iters", "Did you mean 'max_iter'"),
    ],
)
def test_an_argument_that_is_not_here_is_told_with_what_is(net, name, told):
    with pytest.raises(TypeError, match=f"`{name}` is no argument of visualize_activation here") as caught:
        visualize_activation(net, -1, 3, **{name: 1})
    assert told in str(caught.value)
