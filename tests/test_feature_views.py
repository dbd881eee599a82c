"""Are the landscape, the distribution and the figures of feature maps those of the activations?"""

from __future__ import annotations

import numpy as np
import pytest

import keras_vis as kv
from keras_vis.draw.surface import _finer
from keras_vis.picture import Chart, FeatureMaps

RNG = np.random.default_rng(5)
VALUES = np.maximum(RNG.normal(size=(3, 8, 6, 4)), 0).astype(np.float32)
VALUES[..., 3] = 0


def test_a_surface_has_the_heights_of_its_unit():
    maps = FeatureMaps(VALUES, units=[7, 2, 9, 4], layer="conv_2", captions=("a", "b", "c"))
    chart = maps.surface(9)
    np.testing.assert_array_equal(chart.values["heights"], VALUES[..., 2])
    assert chart.text["names"] == ("a", "b", "c")
    assert chart.text["title"] == "Unit 9 of conv_2"
    assert chart.about["unit"] == 9


@pytest.mark.parametrize(
    ("unit", "units", "error", "words"),
    [
        (3, [7, 2, 9, 4], ValueError, "not among these maps. There are: 7, 2, 9, 4"),
        (4, None, ValueError, "There are: 0 to 3"),
        (-1, None, ValueError, "There are: 0 to 3"),
        (1.0, None, TypeError, "must be a whole number"),
        (True, None, TypeError, "must be a whole number"),
    ],
)
def test_a_unit_that_is_not_there_is_told_of_with_those_that_are(unit, units, error, words):
    with pytest.raises(error, match=f"`unit.*{words}"):
        FeatureMaps(VALUES, units=units).surface(unit)


def test_a_surface_is_drawn_of_maps_of_every_shape():
    for shape in ((1, 8, 6), (3, 1, 9), (2, 1, 1), (1, 130, 4)):
        drawn = Chart("surface", {"heights": RNG.normal(size=shape)}).draw()
        assert 600 < drawn.shape[1] <= 900
        # more than the axes: the colours of the landscape
        assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 100
    assert Chart("surface", {"heights": np.zeros((1, 4, 4))}).draw().shape[2] == 3


def test_between_cells_a_surface_is_straight_and_at_them_it_is_the_map():
    map_ = RNG.normal(size=(5, 4))
    fine = _finer(map_)
    rows, columns = (fine.shape[0] - 1) // 4, (fine.shape[1] - 1) // 3
    np.testing.assert_allclose(fine[::rows, ::columns], map_)
    np.testing.assert_allclose(fine[: rows + 1, 0], np.linspace(map_[0, 0], map_[1, 0], rows + 1))


def test_a_higher_peak_has_another_colour_and_the_same_scale_holds_for_all():
    one = np.zeros((1, 9, 9))
    one[0, 3:6, 3:6] = 1
    low, both = 0.25 * one, np.concatenate([0.25 * one, one])
    yellow = np.array([253, 231, 37])

    def yellows(heights: np.ndarray) -> int:
        landscape = Chart("surface", {"heights": heights}).draw()[90:, :440]  # the first, below the colour bar
        return int((np.abs(landscape.astype(int) - yellow).max(axis=-1) < 40).sum())

    assert yellows(low) > 0  # alone, on its own scale
    assert yellows(both) == 0  # beside one that is four times as high


def test_a_histogram_and_its_zeros_are_all_activations_of_each_unit():
    chart = FeatureMaps(VALUES, layer="conv_2").histogram(bins=20)
    flat = VALUES.reshape(-1, 4)
    np.testing.assert_array_equal(chart.values["zeros"], (flat == 0).sum(axis=0))
    np.testing.assert_array_equal(chart.values["counts"].sum(axis=1) + chart.values["zeros"], [len(flat)] * 4)
    for unit in range(3):
        counts, edges = np.histogram(flat[flat[:, unit] > 0, unit], 20, (0, flat[:, unit].max()))
        np.testing.assert_array_equal(chart.values["counts"][unit], counts)
        np.testing.assert_allclose(chart.values["edges"][unit], edges)
    assert chart.values["counts"].shape == (4, 20)
    assert "unit 3: 100 % zeros" in chart.text["names"][3]
    assert chart.draw().shape[2] == 3


def test_a_histogram_of_numbers_of_both_signs_has_zero_in_it_and_no_note():
    values = RNG.normal(size=(2, 5, 5, 2)).astype(np.float32)
    chart = FeatureMaps(values).histogram()
    assert (chart.values["edges"][:, 0] < 0).all()
    assert (chart.values["edges"][:, -1] > 0).all()
    assert chart.text["names"] == ["unit 0", "unit 1"]
    for bins in (0, 2.5, True):
        with pytest.raises(ValueError, match="`bins` must be a positive whole number"):
            FeatureMaps(values).histogram(bins=bins)


def test_statistics_are_numpys_of_each_unit():
    table = FeatureMaps(VALUES, units=[7, 2, 9, 4]).statistics()
    flat = VALUES.reshape(-1, 4).astype(np.float64)
    assert table.column("unit") == [7, 2, 9, 4]
    figures = {"min": flat.min(0), "max": flat.max(0), "mean": flat.mean(0), "std": flat.std(0)}
    for name, figure in {**figures, "share of zeros": (flat == 0).mean(0)}.items():
        np.testing.assert_allclose(table.column(name), figure, rtol=1e-9, err_msg=name)


def test_the_views_go_to_files(tmp_path):
    maps = FeatureMaps(VALUES, layer="conv_2", about={"method": "feature_maps"})
    with np.load(maps.surface(0).save(tmp_path / "surface.npz")) as file:
        np.testing.assert_array_equal(file["heights"], VALUES[..., 0])
    assert kv.picture.told_by(maps.surface(0).save(tmp_path / "surface.png"))["view"] == "surface"
