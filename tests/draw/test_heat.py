"""How is a map shown over its image?"""

from __future__ import annotations

import numpy as np
import pytest

from keras_vis.draw import colour, heat, sheet
from keras_vis.picture import HeatMaps


def images(count: int, size: int = 28, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(count).random((count, size, size, channels), np.float32)


def maps(count: int, size: int = 7) -> np.ndarray:
    return np.random.default_rng(100 + count).normal(size=(count, size, size)).astype(np.float32)


def places(drawn: np.ndarray, tile: np.ndarray) -> list[tuple[int, int]]:
    """Where a tile stands on a sheet, to the byte."""
    sheet_codes, codes = (image.astype(np.int32) @ [1 << 16, 1 << 8, 1] for image in (drawn, tile))
    # start from its rarest colour: white and black are everywhere
    seen, counts = np.unique(sheet_codes, return_counts=True)
    at = np.searchsorted(seen, codes).clip(max=len(seen) - 1)
    row, column = np.unravel_index(np.where(seen[at] == codes, counts[at], 0).argmin(), codes.shape)
    found = []
    for top, left in np.argwhere(sheet_codes == codes[row, column]) - (row, column):
        window = sheet_codes[max(top, 0) : top + len(codes), max(left, 0) : left + codes.shape[1]]
        if window.shape == codes.shape and (window == codes).all():
            found.append((int(top), int(left)))
    return found


@pytest.mark.parametrize("count", range(1, 18))
def test_every_image_and_every_map_is_drawn_once_and_in_order(count):
    picture = HeatMaps(maps(count), images(count))
    drawn = picture.draw()
    assert drawn.shape[1] <= 900
    _, size = sheet.layout(count, (28, 28), across=2, below=30)
    bases = sheet.to_rgb(sheet.stretch(picture.images, None))
    seen = []
    for base, map_, scale in zip(bases, np.abs(picture.values), picture.scales(), strict=True):
        base = sheet.resize(base, size, squares=True)
        over = sheet.overlay(
            base, sheet.resize(map_ / scale, size, squares=False), name="inferno", signed=False, relief=True
        )
        (left,), (right,) = places(drawn, colour.to_bytes(base)), places(drawn, colour.to_bytes(over))
        assert right == (left[0], left[1] + size[1] + sheet.PAIR_GAP)
        seen.append(left)
    assert seen == sorted(seen)


def test_channels_are_reduced_to_the_largest_absolute_value_or_the_sum():
    values = np.array([[[[1, -3, 2]]]], np.float32)
    assert heat.reduce_channels(values, "max").tolist() == [[[-3]]]
    assert heat.reduce_channels(values, "sum").tolist() == [[[0]]]
    both = [
        HeatMaps(values * np.ones((1, 8, 8, 1)), images(1), channels=how, scale=1.0).draw() for how in ("max", "sum")
    ]
    assert (both[0] != both[1]).any()


def test_an_image_is_drawn_the_same_whatever_stands_beside_it():
    values, under = maps(2), images(2)
    louder = values * np.array([1, 1000], np.float32)[:, None, None]
    _, size = sheet.layout(2, (28, 28), across=2, below=30)
    one, other = HeatMaps(values, under).draw(), HeatMaps(louder, under).draw()
    first = slice(sheet.MARGIN, sheet.MARGIN + size[0])
    np.testing.assert_array_equal(one[first], other[first])


def test_a_shared_scale_shows_which_map_is_louder():
    values = maps(1).repeat(2, 0) * np.array([1, 0.1], np.float32)[:, None, None]
    under = np.zeros((2, 28, 28, 1), np.float32)

    def colourfulness(drawn: np.ndarray) -> list[float]:
        half = drawn.shape[0] // 2
        return [float(np.ptp(part[..., :].astype(float), axis=-1).mean()) for part in (drawn[:half], drawn[half:])]

    own = colourfulness(HeatMaps(values, under).draw())
    shared = colourfulness(HeatMaps(values, under, scale=float(np.abs(values).max())).draw())
    assert own[1] > 0.8 * own[0]
    assert shared[1] < 0.6 * shared[0]


def test_a_map_of_zeros_is_drawn_as_its_image():
    under = images(1, channels=3)
    for signed in (False, True):
        picture = HeatMaps(np.zeros((1, 7, 7)), under, signed=signed)
        tile = colour.to_bytes(sheet.resize(sheet.stretch(under, None)[0], (224, 224), squares=True))
        assert picture.scales().tolist() == [0]
        assert len(places(picture.draw(), tile)) == 2


def test_a_map_with_the_resolution_of_a_digit_keeps_its_pixels():
    drawn = HeatMaps(maps(1, 28), images(1)).draw()
    right = drawn[8 : 8 + 224, 8 + 228 : 8 + 228 + 224].reshape(28, 8, 28, 8, 3)
    assert (right == right[:, :1, :, :1]).all()


def test_sign_matters_only_to_a_signed_map():
    values, under = maps(1), images(1)
    same = [HeatMaps(sign * values, under).draw() for sign in (1, -1)]
    np.testing.assert_array_equal(*same)
    other = [HeatMaps(sign * values, under, signed=True).draw() for sign in (1, -1)]
    assert (other[0] != other[1]).any()


def test_captions_add_ink_below_and_change_nothing_above():
    plain = HeatMaps(maps(1), images(1)).draw()
    named = HeatMaps(maps(1), images(1), captions=("7  p = 0.998",)).draw()
    np.testing.assert_array_equal(plain[: 8 + 224], named[: 8 + 224])
    assert (named[8 + 224 :] < 100).all(-1).sum() > 20


def test_a_photograph_alone_is_drawn_large():
    assert HeatMaps(maps(1), images(1, 224, 3)).draw().shape[1] >= 2 * 320


def test_a_wide_image_keeps_its_shape():
    under = np.random.default_rng(0).random((1, 100, 300, 1), np.float32)
    drawn = HeatMaps(maps(1), under).draw()
    tile = colour.to_bytes(sheet.to_rgb(sheet.resize(sheet.stretch(under, None)[0], (133, 400), squares=False)))
    assert places(drawn, tile) == [(8, 8)]
