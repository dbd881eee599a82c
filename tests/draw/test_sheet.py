"""How are tiles sized, overlaid and laid out on one sheet?"""

from __future__ import annotations

import numpy as np
import pytest

from keras_vis.draw import colour, sheet, text


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(0).random((40, 30, 3), np.float32)


@pytest.mark.parametrize(("name", "signed"), [("inferno", False), (colour.DIVERGING, True), ("jet", False)])
def test_under_a_map_of_zeros_the_image_stays_as_it_is(photo, name, signed):
    over = sheet.overlay(photo, np.zeros((40, 30), np.float32), name=name, signed=signed)
    np.testing.assert_allclose(over, photo, atol=1e-6)


def test_where_the_evidence_is_zero_no_colour_is_seen(photo):
    strength = np.zeros((40, 30), np.float32)
    strength[:20] = 1
    for name, signed in (("inferno", False), (colour.DIVERGING, True)):
        over = sheet.overlay(photo, strength, name=name, signed=signed)
        assert np.ptp(over[20:], axis=-1).max() < 1e-6
        assert np.ptp(over[:20], axis=-1).min() > 0.1


def test_on_a_black_image_unsigned_evidence_has_the_colour_of_the_bar():
    strength = np.linspace(0, 1, 256, dtype=np.float32)[None]
    over = sheet.overlay(np.zeros((1, 256, 3), np.float32), strength, name="inferno", signed=False)
    np.testing.assert_allclose(over, colour.paint(strength, "inferno", False), atol=0.015)


def test_on_a_white_image_signed_evidence_has_the_colour_of_the_bar():
    strength = np.linspace(-1, 1, 511, dtype=np.float32)[None]
    over = sheet.overlay(np.ones((1, 511, 3), np.float32), strength, name=colour.DIVERGING, signed=True)
    np.testing.assert_allclose(over, colour.paint(strength, colour.DIVERGING, True), atol=1e-6)


def test_each_image_is_stretched_from_its_own_lowest_to_its_own_highest_value():
    images = np.array([[0, 1], [-50, 150]], np.float32).reshape(2, 1, 2, 1)
    assert sheet.stretch(images, None).ravel().tolist() == [0, 1, 0, 1]
    assert sheet.stretch(images, (0, 100)).ravel() == pytest.approx([0, 0.01, 0, 1])


def test_an_image_of_one_value_is_mid_grey_and_the_largest_floats_do_not_overflow():
    assert sheet.stretch(np.full((1, 2, 2, 1), 7.0), None).ravel().tolist() == [0.5] * 4
    most = np.finfo(np.float32).max
    assert sheet.stretch(np.array([-most, most], np.float32).reshape(1, 1, 2, 1), None).ravel().tolist() == [0, 1]


def test_a_digit_is_enlarged_by_whole_factors_and_a_photograph_by_any():
    assert sheet.display_size((28, 28), 150) == (140, 140)
    assert sheet.display_size((3, 5), 24) == (12, 20)
    assert sheet.display_size((224, 112), 100) == (100, 50)
    assert sheet.display_size((100, 100), 400) == (400, 400)
    assert sheet.display_size((224, 224), 240) == (224, 224)


def test_a_small_image_can_be_found_back_under_its_squares():
    digit = np.random.default_rng(1).random((28, 28, 1), np.float32)
    large = sheet.resize(digit, (140, 140), squares=True)
    np.testing.assert_array_equal(large[::5, ::5], digit)
    np.testing.assert_array_equal(large[4::5, 4::5], digit)


def test_a_coarse_map_is_enlarged_bilinearly_with_its_centres_in_place():
    large = sheet.resize(np.array([[0, 1]], np.float32), (1, 4), squares=False)
    assert large.ravel().tolist() == [0, 0.25, 0.75, 1]


def test_shrinking_keeps_the_mean():
    image = np.random.default_rng(2).random((40, 60, 3), np.float32)
    small = sheet.resize(image, (20, 30), squares=False)
    np.testing.assert_allclose(small, image.reshape(20, 2, 30, 2, 3).mean((1, 3)), atol=1e-6)


@pytest.mark.parametrize("across", [1, 2])
@pytest.mark.parametrize("size", [3, 7, 28, 64, 65, 224, 600])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 16, 17, 40])
def test_a_sheet_is_at_most_900_wide_and_its_tiles_can_be_read(count, size, across):
    columns, (height, width) = sheet.layout(count, (size, size), across=across)
    wide = 2 * sheet.MARGIN + columns * (across * width + (across - 1) * sheet.PAIR_GAP) + (columns - 1) * sheet.GAP
    assert wide <= 900
    assert height == width >= 96
    assert columns * -(-count // columns) - count < columns
    assert size > 64 or width % size == 0


@pytest.mark.parametrize("count", range(1, 18))
def test_every_tile_is_in_its_place(count):
    cells = [np.full((5, 6, 3), i, np.uint8) for i in range(count)]
    drawn = sheet.tile(cells, 4, 2)
    for i in range(count):
        top, left = (i // 4) * 7, (i % 4) * 8
        assert (drawn[top : top + 5, left : left + 6] == i).all()
    assert (drawn == 255).all(-1).sum() == drawn[..., 0].size - count * 30


def test_the_bar_has_its_lowest_colour_left_and_its_highest_right():
    bar = sheet.colour_bar(100, (0, 2.5), name="viridis", signed=False)
    assert bar[3, 0].tolist() == colour.to_bytes(colour.paint(np.zeros(1), "viridis", False))[0].tolist()
    assert bar[3, -1].tolist() == colour.to_bytes(colour.paint(np.ones(1), "viridis", False))[0].tolist()
    assert (bar[8:] < 200).any()


@pytest.mark.parametrize("scale", [1, 0.00571, 1.23e-5, 123456])
def test_the_numbers_of_a_bar_do_not_run_into_each_other(scale):
    words = text.number(scale), text.number(-scale)

    def ink(block: np.ndarray) -> int:
        return int((255 - block.astype(int)).sum())

    for width in range(60, 200):
        bar = sheet.colour_bar(width, (-scale, scale), name="inferno", signed=True)[8:]
        shown = [
            [text.number(end, digits) for end in (scale, -scale)] + ["0"] * zero
            for digits in (3, 2)
            for zero in (True, False)
        ]
        wanted = [sum(ink(text.block(word, 200, size=10, colour=colour.FAINT)) for word in row) for row in shown]
        assert any(abs(ink(bar) - whole) < 60 for whole in wanted), (width, words)


def test_relief_shows_edges_under_the_strongest_evidence_and_leaves_the_colour_of_areas():
    base = np.zeros((64, 64, 3), np.float32)
    base[:, 32:] = 1.0
    strength = np.ones((64, 64), np.float32)
    plain = sheet.overlay(base, strength, name="inferno", signed=False)
    relief = sheet.overlay(base, strength, name="inferno", signed=False, relief=True)
    # at the edge light and dark part; far from it nothing changes
    assert plain[32, 30].sum() - relief[32, 30].sum() > 0.3
    np.testing.assert_allclose(relief[:, [2, 61]], plain[:, [2, 61]], atol=1e-3)
    nothing = sheet.overlay(base, 0 * strength, name="inferno", signed=False, relief=True)
    np.testing.assert_array_equal(nothing, base)
