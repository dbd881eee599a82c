"""How do 256 colours do for a sheet, and for a film of sheets?"""

from __future__ import annotations

import numpy as np

from keras_vis.draw import dither

RNG = np.random.default_rng(11)


def hues(turn: float) -> np.ndarray:
    """All hues, light and dark: thousands of colours."""
    x, y = np.meshgrid(np.linspace(0, 2 * np.pi, 96), np.linspace(0.2, 1, 96))
    waves = np.stack([np.cos(x + turn + k) for k in (0, 2.1, 4.2)], -1) / 2 + 0.5
    return np.rint(255 * y[..., None] * waves).astype(np.uint8)


def shown(*sheets: np.ndarray) -> list[np.ndarray]:
    colours = dither.Colours()
    for drawn in sheets:
        colours.add(drawn)
    return [np.asarray(colours.index(drawn).convert("RGB")) for drawn in sheets]


def test_what_stays_the_same_in_two_sheets_is_the_same_in_both_pixel_for_pixel():
    one, two = hues(0), hues(0)
    two[:60] = hues(2)[:60]
    seen = shown(one, two)
    np.testing.assert_array_equal(seen[0][60:], seen[1][60:])
    assert (seen[0][:60] != seen[1][:60]).mean() > 0.5
    # with colours of its own for each, what stays would flicker
    alone = [np.asarray(dither.alone(drawn).convert("RGB")) for drawn in (one, two)]
    assert (alone[0][60:] != alone[1][60:]).any(-1).mean() > 0.3


def test_areas_of_six_pixels_have_their_mean_colour_to_a_hundredth_where_single_pixels_are_off_by_more():
    one, two = hues(0), hues(1)
    for drawn, seen in zip((one, two), shown(one, two), strict=True):
        off = [
            np.abs(seen.astype(float) - drawn).mean(),
            np.abs((seen.astype(float) - drawn).reshape(16, 6, 16, 6, 3).mean((1, 3))).mean(),
        ]
        assert off[1] < 255 / 100
        assert off[1] < 0.6 * off[0]


def test_two_hundred_flat_colours_are_kept_as_they_are():
    flat = np.array(list(np.ndindex(6, 6, 6)), np.uint8)[:200] * np.array([51, 50, 49], np.uint8)
    drawn = flat[RNG.integers(0, 200, (64, 64))]
    seen = shown(drawn)[0]
    assert np.abs(seen.astype(int) - drawn).max() <= 255 / 31 / 2  # of greys there are 32
    coloured = (drawn != drawn[..., :1]).any(-1)
    np.testing.assert_array_equal(seen[coloured], drawn[coloured])


def test_a_bar_of_sixty_blues_has_them_to_two_levels_beside_a_hundred_thousand_pixels_of_red():
    drawn = np.zeros((400, 300, 3), np.uint8)
    drawn[..., 0] = RNG.integers(100, 256, (400, 1))
    drawn[..., 1] = RNG.integers(0, 64, 300)
    blues = np.stack([np.arange(60), 2 * np.arange(60), np.full(60, 200)], -1)
    drawn[-8:, :120] = blues.repeat(2, 0)
    seen = shown(drawn)[0][-8:, :120]
    assert np.abs(seen.astype(float).reshape(8, 60, 2, 3).mean((0, 2)) - blues).mean() < 2


def test_letters_and_white_beside_colours_stay_grey_and_in_sheets_without_colours_each_of_256_greys_stays():
    drawn = hues(0)
    drawn[:8] = 255
    drawn[8:16] = 56
    seen = shown(drawn)[0]
    assert (seen[:8] == 255).all()
    # 56 is the seventh of 31 steps: 57.6
    assert np.unique(seen[8:16].reshape(-1, 3), axis=0).tolist() == [[58, 58, 58]]
    greys = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, -1)
    np.testing.assert_array_equal(shown(greys)[0], greys)


def test_one_colour_is_left_for_as_before():
    seen = dither.Colours()
    seen.add(RNG.integers(0, 256, (256, 256, 3), np.uint8))
    assert np.asarray(seen.index(RNG.integers(0, 256, (256, 256, 3), np.uint8))).max() == 254
