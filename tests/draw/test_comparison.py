"""How are several maps set beside one image?"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from keras_vis.draw import colour, comparison, sheet, text
from keras_vis.picture import Comparison, HeatMaps
from tests.draw.test_heat import places

RNG = np.random.default_rng(3)


def compared(count: int, maps: int, size: int = 28, channels: int = 1, **options: object) -> Comparison:
    under = RNG.random((count, size, size, channels), np.float32)
    pictures = [
        HeatMaps(RNG.normal(size=(count, 7, 7)), under, signed=j % 2 == 1, captions=options.get("captions", ()))
        for j in range(maps)
    ]
    names = options.get("names", tuple(f"map {j}" for j in range(maps)))
    return Comparison(pictures, names=names)


def factor(drawn: np.ndarray, tile: np.ndarray) -> int:
    """How many pixels wide a pixel of an image of 28 is drawn, found on the sheet."""
    for times in range(12, 2, -1):
        if places(drawn, tile.repeat(times, 0).repeat(times, 1)):
            return times
    raise AssertionError("the image is not on the sheet")


@pytest.mark.parametrize(("count", "maps"), [(1, 1), (1, 3), (1, 6), (2, 4), (3, 2), (3, 8), (5, 3), (10, 3)])
def test_every_image_and_every_map_is_drawn_once_and_in_order(count, maps):
    picture = compared(count, maps)
    drawn = picture.draw()
    bases = sheet.to_rgb(sheet.stretch(picture.images, None))
    times = factor(drawn, colour.to_bytes(bases[0]))
    rows = []
    for i, base in enumerate(bases):
        base = sheet.resize(base, (28 * times, 28 * times), squares=True)
        tiles = [colour.to_bytes(base), *(part._evidence().over(i, base, (28, 28)) for part in picture.maps)]
        # exactly one place for each
        found = [place for tile in tiles for (place,) in [places(drawn, tile)]]
        assert len(set(found)) == 1 + maps
        assert found == sorted(found)
        rows.append(found)
    assert rows == sorted(rows)


def test_a_map_has_the_colours_that_it_has_alone():
    under = RNG.random((10, 28, 28, 1), np.float32)
    values = RNG.normal(size=(3, 10, 28, 28))
    pictures = [
        HeatMaps(values[0], under, signed=True),
        HeatMaps(values[1], under, colours="jet"),
        HeatMaps(values[2, ..., None] * [1, -2], under, channels="sum", scale=1.5),
    ]
    drawn = pictures[0].beside(*pictures[1:]).draw()
    _, (side, _) = sheet.layout(10, (28, 28), across=2, below=30)
    for picture in pictures:
        # alone its pixels are drawn five wide, beside the others four: each pixel has the same colour
        assert side == 28 * 5
        left = 8 + side + sheet.PAIR_GAP
        tile = picture.draw()[8 : 8 + side : 5, left : left + side : 5]
        assert len(places(drawn, tile.repeat(4, 0).repeat(4, 1))) == 1


def test_an_image_without_evidence_stays_as_it_is():
    under = RNG.random((1, 28, 28, 3), np.float32)
    silent, loud = HeatMaps(np.zeros((1, 7, 7)), under), HeatMaps(np.ones((1, 7, 7)), under)
    drawn = loud.beside(silent, dataclasses.replace(silent, signed=True)).draw()
    tile = colour.to_bytes(sheet.stretch(under, None)[0])
    assert len(places(drawn, tile.repeat(7, 0).repeat(7, 1))) == 3


def test_all_maps_lie_over_the_images_of_the_first():
    under = RNG.random((2, 28, 28, 1), np.float32)
    first = HeatMaps(RNG.normal(size=(2, 7, 7)), under, captions=("a", "b"), value_range=(0, 2))
    other = HeatMaps(RNG.normal(size=(2, 7, 7)), RNG.random((2, 60, 90, 3)), captions=("c", "d"))
    same = dataclasses.replace(other, images=under, value_range=(0, 2), captions=())
    np.testing.assert_array_equal(first.beside(other).draw(), first.beside(same).draw())


@pytest.mark.parametrize("shape", [(28, 28), (64, 64), (224, 224), (60, 240), (300, 200)])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 17])
def test_a_sheet_is_at_most_960_wide_and_its_tiles_are_at_least_96(count, shape):
    for maps in range(1, 20):
        columns, size, per_line = comparison._layout(count, shape, maps)
        block = size[1] * (1 + per_line) + per_line * sheet.PAIR_GAP
        wide = columns * block + (columns - 1) * comparison._GAP + 2 * sheet.MARGIN
        assert wide <= 960
        assert max(size) >= (140 if count == 1 else 96)
        assert max(shape) > 64 or size[0] % shape[0] == 0
        assert per_line <= maps


def test_ten_digits_and_three_maps_make_two_columns_of_five():
    assert comparison._layout(10, (28, 28), 3) == (2, (112, 112), 3)
    assert compared(10, 3).draw().shape[1] == 956


def test_ten_digits_in_one_column_are_drawn_smaller_and_ten_photographs_are_not():
    assert [comparison._layout(count, (28, 28), 4)[:2] for count in (4, 7, 10)] == [
        (1, (168, 168)),
        (1, (140, 140)),
        (1, (112, 112)),
    ]
    assert comparison._layout(10, (224, 224), 4)[1] == (173, 173)


def test_a_photograph_and_four_maps_stand_in_one_line_and_six_maps_in_two():
    assert comparison._layout(1, (224, 224), 4) == (1, (173, 173), 4)
    assert comparison._layout(1, (224, 224), 6) == (1, (218, 218), 3)
    # several images keep their maps in a line as long as they can be read: it is compared down the columns
    assert comparison._layout(3, (224, 224), 6)[2] == 6
    assert [comparison._layout(3, (28, 28), maps)[2] for maps in (6, 7, 8)] == [6, 7, 4]


def test_every_name_stands_above_its_column_of_each_column_of_blocks():
    picture = compared(10, 3, names=("saliency", "guided backprop", "Grad-CAM at conv_2"))
    drawn = picture.draw()
    for name in ("image", *picture.names):
        (one, other) = places(drawn, text.block(name, 112, size=12, bold=True))
        assert (other[0], other[1] - one[1]) == (one[0], 460 + 20)


def test_names_stand_over_every_line_of_a_block_of_two_lines():
    picture = compared(2, 9)
    drawn = picture.draw()
    _, size, per_line = comparison._layout(2, (28, 28), 9)
    assert per_line == 5
    for name in picture.names:
        assert len(places(drawn, text.block(name, size[1], size=12, bold=True))) == 2


def test_a_long_name_is_set_smaller_or_wrapped_and_none_is_cut():
    long = "block_13_expand_relu/conv"
    for width, size, lines in ((260, 12, 1), (170, 10, 1), (112, 10, 2)):
        blocks = comparison.headers(["image", long], width)
        assert len(blocks[1]) == lines * text.line_height(size)
        assert "".join(text.wrap(long, width, size, bold=True)) == long
        # all names in one size
        assert len(blocks[0]) == text.line_height(size)


def test_a_short_caption_stands_under_its_image_and_a_long_one_under_the_block():
    short, long = ("7  99.8 %", "8"), ("a sentence that no tile of this width can hold in four lines of text " * 4, "8")
    plain, named, told = (compared(2, 3, captions=captions).draw().shape[0] for captions in ((), short, long))
    assert named - plain < 10  # beside the colour bars, which are there anyway
    assert told - plain > 25
    drawn = compared(2, 3, captions=long).draw()
    assert len(places(drawn, text.block(long[0], 796))) == 1


def test_each_map_has_a_bar_with_the_number_of_its_own_scale():
    picture = compared(2, 3).at(np.array([[1, 2], [3, 4], [5, 60]]))
    drawn = picture.draw()
    for row, signed in zip(picture.scales(), (False, True, False), strict=True):
        for scale in row:
            ends = (-scale if signed else 0, scale)
            numbers = sheet.colour_bar(190, ends, name="inferno", signed=signed)[8:]
            assert len(places(drawn, numbers)) == 1


def test_the_note_says_on_what_scale_the_maps_are():
    under, values = np.zeros((2, 28, 28, 1)), RNG.random((2, 7, 7))
    own, held = HeatMaps(values, under, about={"method": "a"}), HeatMaps(values, under, scale=2.0)
    assert own.beside(own)._note() == "each map on its own scale, up to the 99th percentile of its values"
    assert own.beside(held, names=("a", "b"))._note().endswith("on a given scale: b")
    assert own.beside(own).at(0.5)._note().startswith("all maps on one given scale; an arrow")
    held = own.beside(own).at(np.ones((2, 2)))
    assert held._note().startswith("each map on the scale given for it; an arrow")
    note = text.block(held._note(), held.draw().shape[1] - 16, size=text.SMALL, colour=colour.FAINT)
    assert places(held.draw(), note) == [(8, 8)]
