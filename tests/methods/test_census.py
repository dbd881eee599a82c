"""Which units are dead, silent, at their ends: held against NumPy on all activations at once."""

from __future__ import annotations

import csv

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.engine.probe import probe
from tests import nets

L = keras.layers


def activations(model: keras.Model, x: np.ndarray, layer: str) -> np.ndarray:
    """All of a layer's values, a row for each image and position, by Keras itself."""
    values = keras.Model(model.inputs, model.get_layer(layer).output).predict(x, verbose=0)
    return values.reshape(-1, values.shape[-1]).astype(np.float64)


def same(one: kv.Table, other: kv.Table) -> None:
    assert [row[:2] for row in one.rows] == [row[:2] for row in other.rows]
    for name in ("dead", "share of zeros", "saturated"):
        np.testing.assert_array_equal(one.values[name], other.values[name])
    for name in ("mean", "std", "min", "max"):
        np.testing.assert_allclose(one.values[name], other.values[name], rtol=1e-5, atol=1e-6)


def test_a_unit_with_a_bias_of_minus_a_million_is_dead_and_the_others_are_not():
    model = nets.sequential()
    kernel, _ = model.get_layer("conv_1").get_weights()
    model.get_layer("conv_1").set_weights([kernel, np.where(np.arange(4) == 2, -1e6, 0.5).astype("float32")])
    census = kv.unit_census(model, nets.images(30), layers="conv_1")
    assert census.column("dead") == [False, False, True, False]
    assert census.column("share of zeros")[2] == 1
    assert census.column("max")[2] == 0
    assert max(census.column("share of zeros")[:2]) < 1


@pytest.mark.parametrize("layer", ["conv_1", "conv_2", "pool", "preds"])
def test_every_figure_equals_numpys_on_all_activations_at_once(layer):
    model, x = nets.sequential(), nets.images(100)
    census, values = kv.unit_census(model, x, layers=layer, batch=32), activations(model, x, layer)
    np.testing.assert_array_equal(census.column("share of zeros"), (values == 0).mean(axis=0))
    np.testing.assert_array_equal(census.column("dead"), (values == 0).all(axis=0))
    for name, figure in (
        ("mean", values.mean(0)),
        ("std", values.std(0)),
        ("min", values.min(0)),
        ("max", values.max(0)),
    ):
        np.testing.assert_allclose(census.column(name), figure, rtol=1e-4, atol=1e-6, err_msg=name)


def test_a_deviation_that_is_small_against_the_mean_is_not_lost():
    model = keras.Sequential([keras.Input((4, 4, 1)), L.Conv2D(1, 1, name="conv")])
    model.set_weights([np.full((1, 1, 1, 1), 1.0), np.full(1, 1000.0)])
    x = np.random.default_rng(0).normal(0, 0.1, (500, 4, 4, 1)).astype("float32")
    # float32 holds 1,000 to 6e-5; the difference of squares would lose a tenth of what is looked for
    std = kv.unit_census(model, x, layers="conv", batch=7).column("std")[0]
    assert abs(std - 0.1) < 0.002


def test_the_size_of_a_batch_and_what_holds_the_data_change_nothing():
    class Set(keras.utils.PyDataset):
        num_batches = 5

        def __getitem__(self, i):
            return x[i * 10 : (i + 1) * 10], np.zeros(10)

    model, x = nets.sequential("sigmoid"), nets.images(50)
    whole = kv.unit_census(model, x)
    assert whole.images == 50
    for data in (tf.data.Dataset.from_tensor_slices(x).batch(7), Set(), [x[:20], x[20:]]):
        same(kv.unit_census(model, data), whole)
    for batch in (1, 8, 64):
        same(kv.unit_census(model, x, batch=batch), whole)


def test_by_default_those_layers_are_counted_that_end_in_an_activation():
    assert kv.unit_census(nets.activations_as_layers(), nets.images()).layers() == ("conv_1", "conv_2", "preds")
    model = nets.nested()
    assert kv.unit_census(model, nets.images()).layers() == ("backbone/conv_1", "backbone/conv_2", "preds")
    assert kv.unit_census(model, nets.images(), layers=["preds", "conv_1"]).layers() == ("preds", "backbone/conv_1")
    assert kv.unit_census(model, nets.images(), layers=model.get_layer("pool")).layers() == ("pool",)
    # of the logits alone nothing can die
    assert kv.unit_census(nets.sequential(None), nets.images()).layers() == ("conv_1", "conv_2")


def test_a_linear_unit_or_one_of_tanh_that_is_never_above_zero_is_not_dead():
    model = keras.Sequential([keras.Input((3, 3, 1)), L.Flatten(), L.Dense(4, "tanh", name="t"), L.Dense(2, name="d")])
    model.set_weights([np.ones((9, 4)), np.full(4, -50.0), np.ones((4, 2)), np.zeros(2)])
    census = kv.unit_census(model, np.random.default_rng(0).random((20, 3, 3, 1)), layers=["t", "d"])
    assert max(census.column("max")) < 0
    assert not any(census.column("dead"))


@pytest.mark.parametrize(
    ("activation", "low", "high"), [("tanh", -1, 1), ("sigmoid", 0, 1), ("relu6", 0, 6), ("hard_sigmoid", 0, 1)]
)
def test_saturated_is_the_share_within_a_hundredth_of_an_end(activation, low, high):
    model, x = nets.sequential(activation=activation), 8 * nets.images(40)
    census, values = kv.unit_census(model, x, layers="conv_1"), activations(model, x, "conv_1")
    near = 0.01 * (high - low)
    wanted = ((values <= low + near) | (values >= high - near)).mean(axis=0)
    np.testing.assert_allclose(census.column("saturated"), wanted, atol=1e-3)
    assert 0.05 < wanted.mean() < 0.95


def test_what_has_no_two_ends_is_not_saturated_but_left_empty(tmp_path):
    census = kv.unit_census(nets.sequential(activation="elu"), nets.images())
    assert set(census.column("saturated")) == {None}  # of ELU, and of softmax
    assert census.summary().column("saturated") == [None] * 3
    with (census.save(tmp_path / "units.csv")).open() as file:
        assert {row["saturated"] for row in csv.DictReader(file)} == {""}


def test_half_precision_gives_the_figures_of_its_own_activations():
    policy = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        model = nets.sequential()
    finally:
        keras.mixed_precision.set_dtype_policy(policy)
    x = nets.images(40)
    census = kv.unit_census(model, x)
    values = activations(model, x, "conv_2")
    own = slice(4, 10)
    np.testing.assert_array_equal(census.values["share of zeros"][own], (values == 0).mean(axis=0))
    np.testing.assert_allclose(census.values["mean"][own], values.mean(axis=0), rtol=1e-4)


def test_sequences_have_their_features_for_units():
    model = keras.Sequential([keras.Input((8, 3)), L.Conv1D(5, 2, activation="relu", name="conv")])
    x = np.random.default_rng(0).normal(size=(12, 8, 3)).astype("float32")
    census = kv.unit_census(model, x)
    np.testing.assert_array_equal(census.column("share of zeros"), (activations(model, x, "conv") == 0).mean(axis=0))


def test_the_summary_weighs_every_unit_of_a_layer_alike():
    model, x = nets.sequential(), nets.images(60)
    summary = kv.unit_census(model, x).summary()
    assert summary.column("units") == [4, 6, 5]
    for layer, zeros, mean in zip(*map(summary.column, ("layer", "share of zeros", "mean")), strict=True):
        values = activations(model, x, layer)
        assert zeros == pytest.approx((values == 0).mean())
        assert mean == pytest.approx(values.mean(), rel=1e-4)


def test_a_rate_of_learning_that_is_far_too_high_kills_most_units_and_a_sane_one_few(digits):
    x, y = digits

    def trained(rate: float) -> list[float]:
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                L.Flatten(),
                L.Dense(64, "relu", name="dense_1"),
                L.Dense(64, "relu", name="dense_2"),
                L.Dense(10, "softmax", name="preds"),
            ]
        )
        before = kv.unit_census(model, x, layers=["dense_1", "dense_2"]).summary().column("share of dead")
        assert max(before) < 0.1
        model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
        model.fit(x, y, batch_size=32, epochs=1, verbose=0)
        return kv.unit_census(model, x, layers=["dense_1", "dense_2"]).summary().column("share of dead")

    assert min(trained(5.0)) > 0.6
    assert max(trained(0.05)) < 0.2


def test_a_drawing_shows_as_much_of_a_strip_dead_as_there_are_dead_units():
    model = nets.sequential()
    kernel, _ = model.get_layer("conv_1").get_weights()
    model.get_layer("conv_1").set_weights([kernel, np.array([-1e6, 0.5, 0.5, -1e6], "float32")])
    drawn = kv.unit_census(model, nets.images(), layers="conv_1").draw()
    assert drawn.shape[1] == 900
    row = drawn[-30, 626:892]  # of pixels through the only strip, up to the margin
    ground = np.flatnonzero((row == (213, 94, 0)).all(axis=-1))
    assert ground[-1] == 265
    silent = np.flatnonzero((row == (86, 180, 233)).all(axis=-1) | (row == (242, 244, 246)).all(axis=-1))
    # the dead ones stand last, and are two of four
    assert silent[-1] < ground[0]
    assert abs(len(ground) - len(silent)) <= 2


def test_nothing_is_compiled_anew_for_another_epoch_or_a_ragged_batch():
    model, x = nets.sequential(), nets.images(50)
    first = kv.unit_census(model, x, batch=16)
    traces = probe(model).traces
    model.get_layer("conv_1").bias.assign_sub(np.full(4, 1e6))
    second = kv.unit_census(model, x[:33], batch=16)
    assert probe(model).traces == traces
    assert second.column("dead")[:4] == [True] * 4
    assert not any(first.column("dead")[:4])


def test_files_hold_every_unit(tmp_path):
    census = kv.unit_census(nets.sequential(), nets.images())
    with np.load(census.save(tmp_path / "units.npz")) as file:
        assert file["dead"].dtype == bool
        np.testing.assert_array_equal(file["share of zeros"], census.column("share of zeros"))
        assert file["layer"].tolist() == ["conv_1"] * 4 + ["conv_2"] * 6 + ["preds"] * 5
    assert len(census.save(tmp_path / "units.csv").read_text().splitlines()) == 16


@pytest.mark.parametrize(
    ("layers", "error", "words"),
    [
        ([], ValueError, "`layers` is empty"),
        ("conv_3", ValueError, "Did you mean 'conv_"),
        (3, TypeError, "`layers` must be a layer's name"),
    ],
)
def test_layers_that_are_not_there_are_named(layers, error, words):
    with pytest.raises(error, match=words):
        kv.unit_census(nets.sequential(), nets.images(), layers=layers)


def test_a_model_without_activations_is_told_what_to_do():
    model = keras.Sequential([keras.Input((4, 4, 1)), L.Flatten(), L.Dense(3, name="dense")])
    with pytest.raises(ValueError, match="no layer of model .* ends in an activation.*Name those.*dense"):
        kv.unit_census(model, np.zeros((2, 4, 4, 1)))


def test_a_net_that_has_diverged_is_named_with_the_layer_and_the_image():
    # of a NaN, TensorFlow's rectifier on a processor makes 0
    model, x = nets.sequential(activation="tanh"), nets.images(20)
    model.get_layer("conv_2").bias.assign(np.full(6, np.nan))
    with pytest.raises(ValueError, match=r"'conv_2' gives NaN or infinite.*image 0.*diverged"):
        kv.unit_census(model, x)
    with pytest.raises(TypeError, match="`data` must be"):
        kv.unit_census(model, 3)


@pytest.mark.parametrize("side", [64, 512])
def test_on_large_maps_a_small_deviation_beside_a_large_mean_is_not_lost(side):
    model = keras.Sequential(
        [keras.Input((side, side, 1)), keras.layers.Conv2D(1, 1, activation="relu", use_bias=False, name="same")]
    )
    model.set_weights([np.ones((1, 1, 1, 1))])
    x = (10 + np.random.default_rng(0).random((2, side, side, 1)) * 1e-3).astype("float32")
    values = kv.unit_census(model, x).values
    exact = x.astype(np.float64)
    assert values["mean"][0] == pytest.approx(exact.mean(), rel=1e-9)
    assert values["std"][0] == pytest.approx(exact.std(), rel=1e-5)


def test_activations_near_the_end_of_float32_are_finite():
    model = keras.Sequential(
        [keras.Input((2, 2, 1)), keras.layers.Conv2D(1, 1, activation="relu", use_bias=False, name="same")]
    )
    model.set_weights([np.full((1, 1, 1, 1), 1e30)])
    values = kv.unit_census(model, np.array([1, 2, 3, 4], np.float32).reshape(1, 2, 2, 1)).values
    assert values["mean"][0] == pytest.approx(2.5e30)
    assert values["max"][0] == pytest.approx(4e30)
    assert values["std"][0] == np.inf  # its squares are beyond float32, and that is said


def given_back(activation: str) -> keras.Model:
    """A net whose one unit gives each pixel, through an activation."""
    model = keras.Sequential(
        [keras.Input((2, 2, 1)), L.Conv2D(1, 1, use_bias=False, name="conv"), L.Activation(activation, name="act")]
    )
    model.set_weights([np.ones((1, 1, 1, 1))])
    return model


def test_a_value_one_hundredth_from_an_end_is_saturated():
    x = np.array([0.06, 5.94, 0.0601, 5.9399], np.float32).reshape(1, 2, 2, 1)
    assert kv.unit_census(given_back("relu6"), x, layers="act").column("saturated") == [0.5]


def test_the_summary_has_the_lowest_and_the_highest_of_a_layer_and_its_mean_saturation():
    model, x = nets.sequential(activation="tanh"), 8 * nets.images(60)
    summary = kv.unit_census(model, x, layers=["conv_1", "conv_2"]).summary()
    for i, layer in enumerate(("conv_1", "conv_2")):
        values = activations(model, x, layer)
        assert summary.column("min")[i] == pytest.approx(values.min(), rel=1e-5)
        assert summary.column("max")[i] == pytest.approx(values.max(), rel=1e-5)
        assert summary.column("saturated")[i] == pytest.approx((np.abs(values) >= 0.98).mean(), abs=1e-3)


def test_the_image_that_is_named_is_counted_over_all_of_the_data():
    model = keras.Sequential([keras.Input((2, 2, 1)), L.Lambda(tf.math.log, name="log")])
    x = np.ones((20, 2, 2, 1), np.float32)
    x[[13, 14]] = -1
    with pytest.raises(ValueError, match="'log' gives NaN or infinite.*image 13. "):
        kv.unit_census(model, x, layers="log", batch=4)


def test_the_figures_of_a_census_cannot_be_written_over():
    census = kv.unit_census(nets.sequential(), nets.images())
    for values in census.values.values():
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1
