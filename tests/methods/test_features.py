"""Feature maps and predictions: are they what the model computes?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_vis as kv
from tests import nets


def test_feature_maps_equal_those_of_a_keras_model_that_ends_there():
    model, x = nets.functional(), nets.images()
    for layer in ("conv_1", "conv_2", "pool"):
        wanted = keras.Model(model.inputs, model.get_layer(layer).output).predict(x, verbose=0)
        np.testing.assert_allclose(kv.feature_maps(model, x, layer).values, wanted, rtol=1e-5, atol=1e-6)


def test_units_are_picked_in_the_order_given():
    model, x = nets.sequential(), nets.images(2)
    whole = kv.feature_maps(model, x, "conv_2").values
    picture = kv.feature_maps(model, x, "conv_2", units=[4, 1])
    np.testing.assert_array_equal(picture.values, whole[..., [4, 1]])
    assert tuple(picture.units) == (4, 1)
    assert kv.feature_maps(model, x, "conv_2", units=3).values.shape[-1] == 1


@pytest.mark.parametrize(
    ("units", "error", "words"),
    [
        ([6], ValueError, "6 is no unit of the layer, which has 6: 0 to 5"),
        ([], ValueError, "is empty"),
        ([0.5], TypeError, "whole number"),
    ],
)
def test_units_that_are_not_there_are_named(units, error, words):
    with pytest.raises(error, match=f"`units`.*{words}"):
        kv.feature_maps(nets.sequential(), nets.images(), "conv_2", units=units)


def test_a_layer_without_maps_is_refused():
    with pytest.raises(ValueError, match=r"`layer='flatten'` gives no maps"):
        kv.feature_maps(nets.sequential(), nets.images(), "flatten")


def test_statistics_equal_numpys():
    picture = kv.feature_maps(nets.sequential(), nets.images(), "conv_2")
    table = picture.statistics()
    flat = picture.values.reshape(-1, 6).astype("float64")
    np.testing.assert_allclose(table.column("mean"), flat.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(table.column("max"), flat.max(axis=0), rtol=1e-5)
    np.testing.assert_allclose(table.column("share of zeros"), (flat == 0).mean(axis=0))


def test_top_predictions_are_the_models_output_sorted():
    model, x = nets.sequential(), nets.images()
    p = model.predict(x, verbose=0)
    chart = kv.top_predictions(model, x, k=3)
    order = np.argsort(-p, axis=1)[:, :3]
    np.testing.assert_array_equal(chart.values["indices"], order)
    np.testing.assert_allclose(chart.values["probabilities"], np.take_along_axis(p, order, axis=1), rtol=1e-5)
    logits = nets.sequential(None).predict(x, verbose=0)
    np.testing.assert_allclose(chart.values["logits"], np.take_along_axis(logits, order, axis=1), rtol=1e-5, atol=1e-6)


def test_a_sigmoid_gives_each_class_its_own_probability_and_a_linear_head_none():
    x = nets.images(2)
    model = nets.sequential("sigmoid")
    chart = kv.top_predictions(model, x, k=5)
    p = model.predict(x, verbose=0)
    np.testing.assert_allclose(chart.values["probabilities"], -np.sort(-p, axis=1), rtol=1e-5)
    assert "probabilities" not in kv.top_predictions(nets.sequential(None), x).values


def test_a_single_sigmoid_has_two_classes():
    model, x = nets.sequential("sigmoid", classes=1), nets.images(3)
    p = model.predict(x, verbose=0)[:, 0]
    chart = kv.top_predictions(model, x)
    np.testing.assert_array_equal(chart.values["indices"][:, 0], (p > 0.5).astype(int))
    np.testing.assert_allclose(chart.values["probabilities"].sum(axis=1), 1, rtol=1e-5)


def test_all_classes_where_there_are_fewer_than_k_and_no_fewer_than_one():
    assert kv.top_predictions(nets.sequential(), nets.images(1), k=50).values["indices"].shape == (1, 5)
    with pytest.raises(ValueError, match="`k` must be a positive"):
        kv.top_predictions(nets.sequential(), nets.images(1), k=0)
