"""Which colour stands for which number?"""

from __future__ import annotations

import numpy as np
import pytest

from keras_vis.draw import colour


def test_zero_is_white_in_the_middle_of_the_diverging_map():
    assert colour.paint(np.zeros(1), colour.DIVERGING, True).tolist() == [[1, 1, 1]]
    table = colour.table(colour.DIVERGING, True)
    assert len(table) == 511
    assert table[255].tolist() == [1, 1, 1]
    assert (table == 1).all(-1).sum() == 1


def test_both_arms_of_the_diverging_map_are_equally_light():
    strength = np.linspace(0, 1, 256)
    weights = np.array([0.2126, 0.7152, 0.0722])

    def lightness(colours: np.ndarray) -> np.ndarray:
        linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4) @ weights
        return 116 * np.cbrt(np.maximum(linear, 0.008856)) - 16

    red = lightness(colour.paint(strength, colour.DIVERGING, True))
    blue = lightness(colour.paint(-strength, colour.DIVERGING, True))
    assert (np.diff(red) < 0).all()
    assert (np.diff(blue) < 0).all()
    assert np.abs(red - blue).max() < 6


def test_a_sign_changes_red_for_blue():
    red, blue = colour.paint(np.array([0.7, -0.7]), colour.DIVERGING, True)
    assert red[0] > red[2]
    assert blue[2] > blue[0]


def test_numbers_beyond_the_scale_get_the_colour_of_the_end():
    past, end = colour.paint(np.array([7.0, 1.0]), "inferno", False)
    assert past.tolist() == end.tolist()
    past, end = colour.paint(np.array([-7.0, -1.0]), colour.DIVERGING, True)
    assert past.tolist() == end.tolist()


def test_the_sequential_map_is_matplotlibs_own():
    import matplotlib

    wanted = matplotlib.colormaps["inferno"](np.linspace(0, 1, 256))[:, :3]
    np.testing.assert_allclose(colour.paint(np.linspace(0, 1, 256), "inferno", False), wanted, atol=1e-6)


def test_class_0_has_one_colour_and_the_first_ten_differ():
    assert colour.palette(0) == (0, 114, 178)
    assert len({colour.palette(i) for i in range(10)}) == 10
    assert colour.palette(10) == colour.palette(0)


def test_a_pointed_end_takes_only_the_corners():
    plain = colour.ramp(50, 7, "viridis", False)
    pointed = colour.ramp(50, 7, "viridis", False, beyond=(False, True))
    changed = (plain != pointed).any(-1)
    assert changed.sum() == 2 * (3 + 2 + 1)
    assert not changed[:, :40].any()
    assert not changed[3].any()


def test_an_unknown_colour_map_is_named():
    with pytest.raises(ValueError, match=r"`colours='jat'` is no colour map"):
        colour.check("jat")
