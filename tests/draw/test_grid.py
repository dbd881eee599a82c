"""How are images, kernels and feature maps set side by side?"""

from __future__ import annotations

import numpy as np
import pytest

from keras_vis.draw import colour, grid, sheet
from keras_vis.picture import FeatureMaps, Images


def find(drawn: np.ndarray, rgb: tuple[int, ...]) -> int:
    """How many pixels have exactly this colour."""
    return int((drawn == np.array(rgb, np.uint8)).all(-1).sum())


def squares(drawn: np.ndarray, rgb: tuple[int, ...], side: int) -> np.ndarray:
    """Where the upper left corners of squares of one colour are."""
    mask = (drawn == np.array(rgb, np.uint8)).all(-1)
    whole = np.lib.stride_tricks.sliding_window_view(mask, (side, side)).all((2, 3))
    return np.argwhere(whole)


@pytest.mark.parametrize("count", range(1, 18))
def test_every_image_is_drawn_once(count):
    values = np.arange(10, 10 + count, dtype=np.float32)[:, None, None, None] * np.ones((1, 28, 28, 1))
    drawn = Images(values, value_range=(0, 255), captions=[str(i) for i in range(count)]).draw()
    _, size = sheet.layout(count, (28, 28), gap=8)
    assert drawn.shape[1] <= 900
    corners = []
    for i in range(count):
        # the bar below has some of these greys too
        rows, columns = np.nonzero((drawn[:-30] == 10 + i).all(-1))
        assert len(rows) >= size[0] * size[1]
        corners.append((int(rows.min()), int(columns.min())))
    assert corners == sorted(corners)


def test_ten_digits_stand_in_two_rows_of_five():
    assert sheet.layout(10, (28, 28), gap=8) == (5, (168, 168))


def test_columns_fix_the_grid():
    values = np.ones((6, 28, 28, 1))
    wide = Images(values, columns=6).draw()
    tall = Images(values, columns=1).draw()
    assert wide.shape[1] > wide.shape[0]
    assert tall.shape[0] > tall.shape[1]


def test_a_kernel_matrix_shows_each_weight_as_a_square_in_its_row_and_column():
    kernel = np.arange(4 * 6 * 9, dtype=np.float32).reshape(24, 3, 3, 1)
    drawn = Images(kernel, value_range=(0, 255), columns=6, axes=("input channel", "output channel")).draw()
    places = np.array([squares(drawn, (value,) * 3, 16) for value in range(216)]).reshape(4, 6, 3, 3, 2)
    step = 3 * 16 + 2
    wanted = np.zeros_like(places)
    wanted[..., 0] = np.arange(4)[:, None, None, None] * step + np.arange(3)[:, None] * 16
    wanted[..., 1] = np.arange(6)[:, None, None] * step + np.arange(3) * 16
    np.testing.assert_array_equal(places - places[0, 0, 0, 0], wanted)


def test_thousands_of_kernels_fit_900_pixels_and_all_are_drawn():
    kernel = np.full((32 * 64, 3, 3, 1), 100, np.float32)
    drawn = Images(kernel, value_range=(0, 255), columns=64, axes=("input channel", "output channel")).draw()
    assert drawn.shape[1] <= 900
    assert len(squares(drawn, (100, 100, 100), 12)) == 32 * 64


def test_a_kernel_of_zeros_is_mid_grey_and_a_grey_rgb_kernel_looks_grey():
    kernel = np.random.default_rng(0).normal(size=(4, 5, 5, 1)).repeat(3, -1)
    kernel[0] = 0
    drawn = Images(kernel, value_range=(-3, 3)).draw()
    assert find(drawn, (128, 128, 128)) >= 96 * 96
    assert (np.ptp(drawn.astype(int), axis=-1) == 0).all()


def test_a_layer_of_768_units_has_all_its_units_within_900_pixels():
    columns, size = grid._unit_layout(768, (7, 7))
    values = np.zeros((1, 7, 7, 768), np.float32)
    values[:, 3, 3] = np.arange(1, 769)
    drawn = FeatureMaps(values).draw()
    assert drawn.shape[1] <= 900
    assert size == (28, 28)
    dark = tuple(int(x) for x in colour.to_bytes(colour.paint(np.zeros(1), "viridis", False))[0])
    assert find(drawn[70:], dark) >= 768 * (28 * 28 - 16)
    assert columns * 32 <= 900


def test_a_unit_that_is_zero_everywhere_is_grey_and_its_number_fainter():
    values = np.ones((1, 12, 12, 4), np.float32)
    quiet = values.copy()
    quiet[..., 0] = 0
    _, size = grid._unit_layout(4, (12, 12))
    assert len(squares(FeatureMaps(values).draw(), colour.NOTHING, size[0])) == 0
    drawn = FeatureMaps(quiet).draw()
    ((top, left),) = squares(drawn, colour.NOTHING, size[0])
    number, beside = (drawn[top + size[0] : top + size[0] + 13, x : x + size[1]] for x in (left, left + size[1] + 4))
    assert number.min() > 150 > beside.min()


def test_one_scale_holds_for_all_units_of_an_image():
    values = np.ones((1, 8, 8, 2), np.float32)
    values[..., 1] = 0.5
    drawn = FeatureMaps(values).draw()
    half, full = (
        tuple(int(x) for x in row) for row in colour.to_bytes(colour.paint(np.array([0.5, 1]), "viridis", False))
    )
    _, size = grid._unit_layout(2, (8, 8))
    assert find(drawn, half) >= size[0] * size[1]
    assert find(drawn, full) >= size[0] * size[1]


def test_negative_activations_turn_the_maps_blue_white_red():
    values = np.zeros((1, 8, 8, 2), np.float32)
    values[..., 0], values[..., 1] = 1, -1
    drawn = FeatureMaps(values).draw()
    assert find(drawn, (178, 24, 43)) > 96 * 96
    assert find(drawn, (33, 102, 172)) > 96 * 96


def test_the_image_that_went_in_is_shown():
    values, under = np.ones((1, 8, 8, 2)), np.ones((1, 28, 28, 3)) * np.array([0.0, 0.5, 1.0])
    assert find(FeatureMaps(values, images=under).draw(), (0, 128, 255)) == 112 * 112


def test_units_and_captions_are_written():
    values = np.ones((1, 8, 8, 2))
    plain = FeatureMaps(values).draw()
    assert (FeatureMaps(values, units=(40, 41)).draw() != plain).any()
    assert FeatureMaps(values, captions=("7",)).draw().shape[0] > plain.shape[0]


@pytest.mark.parametrize("shape", [(300, 4), (4, 300)])
def test_what_stands_under_a_narrow_image_of_a_unit_can_be_read(shape):
    from keras_vis.draw import patches

    options = {"units": [0], "field": (3, 3), "value_range": None, "columns": None, "title": "", "note": ""}
    images, boxes = np.random.default_rng(0).random((3, *shape, 1)), np.array([[0, 0, 3, 3]] * 3)
    drawn = [
        patches.patch_sheet(images, scores=np.array([scores]), boxes=boxes, captions=(), **options)
        for scores in ([0.123, 0.122, 0.121], [0.5, 0.4, 0.3])
    ]
    # a score takes one line, whether it has three digits or one
    assert drawn[0].shape == drawn[1].shape
