"""Do the curves of dead units and of zeros tell of every epoch, in one training and over several?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.picture import told_by
from keras_vis.picture.census import shares_over_epochs
from tests import nets

L = keras.layers
X = np.random.default_rng(0).random((32, 6, 6, 1)).astype("float32")
Y = np.arange(32) % 3


def net(rate: float = 0.1) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), L.Flatten(), L.Dense(16, "relu", name="dense"), L.Dense(3, "softmax", name="preds")]
    )
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
    return model


def test_lines_are_the_shares_of_each_census_and_gaps_where_a_layer_was_not_looked_at():
    model = nets.sequential()
    first = kv.unit_census(model, nets.images(), layers=["conv_1", "conv_2"])
    model.get_layer("conv_1").bias.assign_sub([1e6, 0, 0, 0])
    second = kv.unit_census(model, nets.images(), layers=["conv_1"])
    chart = shares_over_epochs({4: second.about, 0: first.about})
    assert chart.text["names"] == ["conv_1", "conv_2"]
    assert chart.values["x"].tolist() == [0, 4]
    np.testing.assert_array_equal(chart.values["dead"][0], [0, 0.25])
    zeros = [np.mean(census.column("share of zeros")[:4]) for census in (first, second)]
    np.testing.assert_allclose(chart.values["zeros"][0], zeros)
    assert np.isnan(chart.values["dead"][1, 1])
    assert chart.draw().shape[1] <= 900


@pytest.mark.parametrize("layers", [1, 10, 11, 40])
def test_a_chart_of_any_number_of_layers_names_them_all(layers):
    lines = np.random.default_rng(0).random((layers, 5))
    text = {"names": [f"a_layer_with_a_name_that_is_too_long_to_stand_beside_a_line_{i}" for i in range(layers)]}
    drawn = kv.Chart("shares", {"x": np.arange(5), "dead": lines, "zeros": lines}, text=text).draw()
    assert drawn.shape[1] <= 900
    assert drawn.shape[0] > 2 * 15 * layers  # a line of letters for each, in both panels


def test_a_rate_that_is_too_high_shows_in_the_curves_of_a_training(tmp_path):
    for rate in (0.1, 1000.0):
        callback = kv.callbacks.UnitCensus(X, directory=tmp_path, name=f"rate {rate:g}")
        net(rate).fit(X, Y, epochs=2, verbose=0, callbacks=[callback])
        told = [told_by(tmp_path / f"rate-{rate:g}" / f"epoch-000{i}.png")["shares"]["dead"]["dense"] for i in range(3)]
        assert told[0] < 0.2
        assert (told[-1] > 0.5) == (rate > 1)
        assert (tmp_path / f"rate-{rate:g}_over_epochs.png").is_file()


def test_a_resumed_training_goes_on_with_the_lines(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        kv.callbacks, "shares_over_epochs", lambda told: (seen.append(sorted(told)), shares_over_epochs(told))[1]
    )
    model = net()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[kv.callbacks.UnitCensus(X, directory=tmp_path)])
    assert seen[-1] == [0, 1, 2]
    again = kv.callbacks.UnitCensus(X, directory=tmp_path)
    model.fit(X, Y, initial_epoch=2, epochs=4, verbose=0, callbacks=[again])
    assert seen[-1] == [0, 1, 2, 3, 4]
    # one that begins anew replaces them
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[again])
    assert seen[-1] == [0, 1]
    assert "unit_census_over_epochs" in (tmp_path / "index.html").read_text()
