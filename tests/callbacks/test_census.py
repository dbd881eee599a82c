"""Do the curves of dead units and of zeros tell of every epoch, in one training and over several?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.callbacks import census
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
        census, "shares_over_epochs", lambda told: (seen.append(sorted(told)), shares_over_epochs(told))[1]
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


@pytest.fixture
def panels(monkeypatch):
    """The axes of the panels that are drawn."""
    from keras_vis.draw import shares

    seen, pixels = [], shares.axes_.pixels
    monkeypatch.setattr(shares.axes_, "pixels", lambda figure: (seen.append(figure.axes[0]), pixels(figure))[1])
    return seen


def test_each_panel_has_its_own_lines_over_the_epochs_and_their_ends_beside_them(panels):
    dead, zeros = np.array([[0, 0.25, 0.5], [0.125, 0, np.nan]]), np.array([[0.5, 0.75, 1], [0.25, 0.5, np.nan]])
    values = {"x": np.array([0, 4, 20]), "dead": dead, "zeros": zeros}
    kv.Chart("shares", values, text={"names": ["first", "second"]}).draw()
    told = [["50 %", "first", "0 %", "second"], ["100 %", "first", "50 %", "second"]]
    for axes, wanted, words, name in zip(panels, (dead, zeros), told, ("dead units", "zeros among"), strict=True):
        assert axes.get_ylabel().startswith(name)
        assert [text.get_text() for text in axes.texts] == words
        for line, row, place in zip(axes.lines, wanted, (0, 2), strict=True):
            np.testing.assert_array_equal(line.get_xdata(), [0, 4, 20])
            np.testing.assert_array_equal(line.get_ydata(), row)
            assert {text.get_color() for text in axes.texts[place : place + 2]} == {line.get_color()}


@pytest.mark.parametrize(("layers", "palette"), [(10, True), (11, False)])
def test_up_to_ten_layers_have_the_colours_of_the_palette(panels, layers, palette):
    from keras_vis.draw.colour import PALETTE

    lines = np.zeros((layers, 2))
    names = [f"layer_{i}" for i in range(layers)]
    kv.Chart("shares", {"x": np.arange(2), "dead": lines, "zeros": lines}, text={"names": names}).draw()
    shades = [line.get_color() for line in panels[0].lines]
    assert len(set(shades)) == layers
    assert (shades == list(PALETTE)[:layers]) == palette


def test_a_path_that_is_too_long_keeps_its_end(panels):
    lines = np.zeros((1, 2))
    path = "a_backbone_with_a_long_name/block_12/conv_2"
    kv.Chart("shares", {"x": np.arange(2), "dead": lines, "zeros": lines}, text={"names": [path]}).draw()
    written = panels[0].texts[1].get_text()
    assert written.startswith("\u2026")
    assert written.endswith("/conv_2")


def test_dead_and_zeros_are_of_the_same_layers():
    values = {"x": np.arange(2), "dead": np.zeros((3, 2)), "zeros": np.zeros((2, 2))}
    with pytest.raises(ValueError, match="`dead` and `zeros`"):
        kv.Chart("shares", values, text={"names": ["a", "b", "c"]})
