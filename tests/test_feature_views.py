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


def test_a_unit_between_others_is_found_by_its_number_and_not_its_place():
    maps = FeatureMaps(VALUES, units=[2, 0, 1, 3])
    for place, unit in enumerate((2, 0, 1, 3)):
        np.testing.assert_array_equal(maps.surface(unit).values["heights"], VALUES[..., place])


@pytest.mark.parametrize(
    ("units", "told"),
    [
        ([4, 5, 6, 7], "4 to 7"),
        ([4, 5], "4, 5"),
        ([4, 5, 6], "4 to 6"),
        ([4, 6, 7], "4, 6, 7"),
        (list(range(0, 24, 2)), "0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22"),
        (list(range(0, 26, 2)), "0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, ..."),
    ],
)
def test_units_that_follow_each_other_are_told_as_a_range_and_others_one_by_one(units, told):
    with pytest.raises(ValueError, match=f"There are: {told}.$".replace("...", r"\.\.\.")):
        FeatureMaps(np.zeros((1, 2, 2, len(units))), units=units).surface(99)


@pytest.mark.parametrize(
    ("zeros", "told"), [(10_000, "100 %"), (9_999, ">99.9 %"), (9_950, "99.5 %"), (9_990, "99.9 %"), (1, "0.0 %")]
)
def test_nearly_all_zeros_do_not_pass_for_all(zeros, told):
    values = np.ones((1, 100, 100, 1), np.float32)
    values.reshape(-1)[:zeros] = 0
    assert FeatureMaps(values).histogram().text["names"] == [f"unit 0: {told} zeros, not drawn"]


def test_a_histogram_of_zeros_alone_has_an_axis():
    edges = FeatureMaps(VALUES).histogram(bins=4).values["edges"]
    np.testing.assert_array_equal(edges[3], [0, 0.25, 0.5, 0.75, 1])


def test_every_histogram_has_zero_on_its_axis():
    values = np.stack([RNG.uniform(2, 3, (1, 5, 5)), RNG.uniform(-3, -2, (1, 5, 5))], axis=-1).astype(np.float32)
    edges = FeatureMaps(values).histogram().values["edges"]
    np.testing.assert_allclose(edges[:, [0, -1]], [[0, values.max()], [values.min(), 0]], rtol=1e-6)


def test_the_strongest_colour_leaves_out_one_in_a_thousand():
    values = RNG.permutation(10_000).reshape(1, 50, 50, 4).astype(np.float32)
    assert FeatureMaps(values).scales()[0] == pytest.approx(9_990, abs=2)
