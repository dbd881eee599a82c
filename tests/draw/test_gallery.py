"""How are several versions of the same images set side by side?"""

from __future__ import annotations

import numpy as np
import pytest

from keras_vis.draw import colour, gallery, sheet, text
from keras_vis.picture import Gallery, Images
from tests.draw.test_heat import places

RNG = np.random.default_rng(5)


def part(count: int, *shape: int, **options: object) -> Images:
    return Images(RNG.random((count, *(shape or (28, 28, 1))), np.float32), **options)


def shown(count: int, parts: int, **options: object) -> Gallery:
    return Gallery([part(count, **options) for _ in range(parts)], names=[f"part {j}" for j in range(parts)])


@pytest.mark.parametrize(("count", "parts"), [(1, 1), (1, 7), (1, 8), (2, 4), (3, 2), (2, 9), (10, 3)])
def test_every_image_of_every_part_is_drawn_once_and_in_order(count, parts):
    picture = shown(count, parts, value_range=(0, 1))
    drawn = picture.draw()
    columns, sizes, per_band = gallery._layout(count, [(28, 28)] * parts)
    times = sizes[0][0] // 28
    tops, lefts = [], []
    for i in range(count):
        tiles = [colour.to_bytes(np.repeat(one.values[i], 3, -1)) for one in picture.parts]
        found = [place for tile in tiles for (place,) in [places(drawn, tile.repeat(times, 0).repeat(times, 1))]]
        # the parts of an image stand in a line of each band, 4 pixels apart, its block 24 from the next
        left = 8 + (i % columns) * (per_band * (28 * times + 4) - 4 + 24)
        assert [x for _, x in found] == [left + (j % per_band) * (28 * times + 4) for j in range(parts)]
        assert [y for y, _ in found] == sorted(y for y, _ in found)
        assert len({y for y, _ in found}) == -(-parts // per_band)
        tops.append(found[0][0])
        lefts.append(found[0][1])
    assert tops == sorted(tops)
    assert len(set(zip(tops, lefts, strict=True))) == count


@pytest.mark.parametrize(
    "shapes",
    [[(28, 28)], [(64, 64)], [(224, 224)], [(60, 240)], [(300, 200)], [(28, 28), (224, 300)], [(28, 28), (20, 30)]],
)
@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 17])
def test_a_sheet_is_at_most_900_wide_and_its_tiles_are_at_least_96(count, shapes):
    for parts in range(1, 20):
        several = (shapes * parts)[:parts]
        columns, sizes, per_band = gallery._layout(count, several)
        assert 1 <= per_band <= parts
        for start in range(0, parts, per_band):
            band = [wide for _, wide in sizes[start : start + per_band]]
            block = sum(band) + 4 * (len(band) - 1)
            assert columns * block + (columns - 1) * 24 + 16 <= 900
        for size, shape in zip(sizes, several, strict=True):
            assert max(size) >= 96
            assert max(shape) > 64 or (size[0] % shape[0], size[1] % shape[1]) == (0, 0)


def test_seven_digits_stand_in_one_row_and_eight_in_two_of_four():
    assert gallery._layout(1, [(28, 28)] * 7) == (1, [(112, 112)] * 7, 7)
    assert gallery._layout(1, [(28, 28)] * 8) == (1, [(196, 196)] * 8, 4)
    assert gallery._layout(1, [(224, 224)] * 8)[2] == 8


def test_ten_digits_and_three_parts_make_two_columns_of_five():
    assert gallery._layout(10, [(28, 28)] * 3) == (2, [(140, 140)] * 3, 3)
    drawn = shown(10, 3).draw()
    for j in range(3):
        (one, other) = places(drawn, text.block(f"part {j}", 140, size=12, bold=True))
        assert one == (other[0], 8 + j * 144)
        assert other[1] - one[1] == 3 * 144 - 4 + 24


def test_each_name_stands_once_above_its_column_of_its_band():
    drawn = shown(3, 9).draw()
    _, sizes, per_band = gallery._layout(3, [(28, 28)] * 9)
    assert per_band == 5
    tops = []
    for j in range(9):
        ((top, left),) = places(drawn, text.block(f"part {j}", sizes[j][1], size=12, bold=True))
        assert left == 8 + j % 5 * (sizes[j][1] + 4)
        tops.append(top)
    assert len(set(tops[:5])) == len(set(tops[5:])) == 1
    assert tops[5] - tops[0] > 3 * sizes[0][0]


def test_each_part_is_drawn_in_its_own_range():
    half = np.full((1, 28, 28, 1), 0.5)
    ramp = np.linspace(3, 7, 784).reshape(1, 28, 28, 1)
    ranges = ((0, 1), (0, 2), (-0.5, 0.5), None)
    parts = [*(Images(half, value_range=ends) for ends in ranges), Images(ramp)]
    drawn = Gallery(parts, names=list("abcde")).draw()
    _, sizes, _ = gallery._layout(1, [(28, 28)] * 5)
    side = sizes[0][0]
    tops = np.flatnonzero((drawn[:, 8 + 2 * (side + 4)] == 255).all(-1) & (drawn[:, 8] == 128).all(-1))
    middle = int(tops.mean())
    greys = [drawn[middle, 8 + j * (side + 4) + side // 2].tolist() for j in range(4)]
    # without a range, one value is neither black nor white
    assert greys == [[128] * 3, [64] * 3, [255] * 3, [128] * 3]
    stretched = drawn[tops[0] : tops[-1] + 1, 8 + 4 * (side + 4) : 8 + 4 * (side + 4) + side]
    assert stretched[0, 0].tolist() == [0, 0, 0]
    assert stretched[-1, -1].tolist() == [255, 255, 255]


def test_grey_stays_grey_beside_colours():
    red = np.full((1, 28, 28, 3), (1, 0, 0.2))
    drawn = Gallery([Images(red, value_range=(0, 1)), part(1)], names=("red", "grey")).draw()
    tile = np.full((100, 100, 3), (255, 0, 51), np.uint8)
    _, ((_, side), _), _ = gallery._layout(1, [(28, 28)] * 2)
    found = places(drawn, tile)
    assert {left for _, left in found} == set(range(8, 8 + side - 99))
    right = drawn[:, 8 + side + 4 :]
    assert (right == right[..., :1]).all()


def test_each_tile_has_the_caption_of_its_part_and_one_without_keeps_its_place():
    named = part(2, captions=("seven  99.8 %", "two"))
    told = part(2, captions=("logit 12.3 of the class that was asked for, and what follows", "3"))
    plain = part(2, value_range=(0, 1))
    drawn = Gallery([named, plain, told], names=list("abc")).draw()
    columns, ((_, side), *_), _ = gallery._layout(2, [(28, 28)] * 3)
    assert columns == 1
    for j, one in ((0, named), (2, told)):
        for caption in one.captions:
            assert [left for _, left in places(drawn, text.block(caption, side))] == [8 + j * (side + 4)]
    tile = colour.to_bytes(np.repeat(plain.values[1], 3, -1)).repeat(side // 28, 0).repeat(side // 28, 1)
    assert [left for _, left in places(drawn, tile)] == [8 + side + 4]


def test_parts_of_other_sizes_are_as_tall_and_keep_their_shape():
    assert gallery._layout(3, [(28, 28), (224, 224), (200, 300)])[1] == [(140, 140), (140, 140), (140, 210)]
    # pixels stay squares: 3 times 64 is less than 7 times 28, and stands on the same line
    sizes = gallery._layout(1, [(28, 28), (64, 64), (14, 14)])[1]
    assert sizes == [(192, 192) if side == 64 else (sizes[2][0] // side * side,) * 2 for side in (28, 64, 14)]
    black = [Images(np.zeros((1, side, side, 1)), value_range=(0, 1)) for side in (28, 64)]
    drawn = Gallery(black, names=("a", "b"), title="?").draw()
    ends = []
    left = 8
    for height, width in gallery._layout(1, [(28, 28), (64, 64)])[1]:
        rows = np.flatnonzero((drawn[:, left + width - 1] == 0).all(-1))
        assert len(rows) == height
        ends.append(rows[-1])
        left += width + 4
    assert ends[0] == ends[1]


def test_the_note_says_what_is_black_and_what_is_white():
    one, two, own = part(1, value_range=(0, 1)), part(1, value_range=(-2, 2)), part(1)

    def note(*parts: Images) -> str:
        return Gallery(parts, names=list("abcd")[: len(parts)])._ranges()

    assert note(one, one) == "from black to white: 0 to 1"
    assert note(one, two, one) == "from black to white: 0 to 1 (a, c); \u22122 to 2 (b)"
    assert note(own, own) == "from black to white: stretched, from each image's lowest to its highest value"
    assert note(own, one, own).endswith("stretched, from each image's lowest to its highest value (a, c); 0 to 1 (b)")
    drawn = Gallery([one, one], names=("a", "b"), title="Two", note="seed 3").draw()
    width = max(drawn.shape[1] - 16, sheet.LEAST_TITLE)
    block = text.block("seed 3\nfrom black to white: 0 to 1", width, size=text.SMALL, colour=colour.FAINT)
    assert len(places(drawn, block)) == 1
