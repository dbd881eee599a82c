"""Which class is predicted where a part of the image is covered, and how often is each?"""

from __future__ import annotations

import numpy as np
import pytest

from keras_vis.draw import colour, sheet
from keras_vis.picture import Chart

TILE, LEFT = 224, sheet.MARGIN + 224 + sheet.PAIR_GAP  # of a single digit, and where its map begins


def chart(classes: np.ndarray, expected: list[int], size: tuple[int, ...] = (28, 28, 1), **text: object) -> Chart:
    images = np.random.default_rng(0).random((len(classes), *size), np.float32)
    return Chart("classes", {"images": images, "classes": classes, "expected": np.array(expected)}, text=text)


def grid(*changed: tuple[int, int, int], of: int = 7, kept: int = 7) -> np.ndarray:
    classes = np.full((1, of, of), kept)
    for row, column, index in changed:
        classes[0, row, column] = index
    return classes


def corner(drawn: np.ndarray, row: int, column: int, cell: int = 32) -> np.ndarray:
    """A patch of a cell that no letter reaches."""
    top, left = sheet.MARGIN + row * cell, LEFT + column * cell
    return drawn[top + 2 : top + 5, left + 2 : left + 5]


def bars(drawn: np.ndarray, index: int) -> list[int]:
    """How long the bars of a class's colour are, beside a single digit."""
    return lengths(drawn[:, LEFT + TILE + 14 + 14 + 5 :], colour.palette(index))


def lengths(drawn: np.ndarray, shade: tuple[int, ...]) -> list[int]:
    long = (drawn == np.array(shade)).all(-1).sum(1)
    tops = np.flatnonzero((long > 1) & (np.roll(long, 1) != long))
    return [int(long[top]) for top in tops]


def test_a_cell_has_the_colour_of_the_class_predicted_there():
    for index in [k for k in range(10) if k != 7]:
        drawn = chart(grid((2, 4, index)), [7]).draw()
        assert (corner(drawn, 2, 4) == colour.palette(index)).all()
        named = chart(grid((2, 4, index)), [7], names=[f"digit {k}" for k in range(10)]).draw()
        assert (corner(named, 2, 4) == colour.palette(index)).all()


def test_where_the_class_is_kept_the_image_shines_through_pale():
    # lighter than the lightest cell that changes would have to be to be mistaken, with any class's tint
    for kept in range(10):
        drawn = chart(grid((2, 4, (kept + 1) % 10), kept=kept), [kept]).draw().astype(int)
        for row, column in np.argwhere(grid((2, 4, -1), kept=kept)[0] == kept):
            cell = corner(drawn, row, column)
            assert cell.min() >= 180
            assert np.ptp(cell, axis=-1).max() <= 36


def test_what_is_written_in_cells_can_be_read():
    def luminance(shade):
        parts = np.array(shade) / 255
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    for index in range(10):
        shade = colour.palette(index)
        light, dark = sorted([luminance(shade), luminance(colour.over(shade))])[::-1]
        assert (light + 0.05) / (dark + 0.05) >= 4.5
        drawn = chart(grid((2, 4, index), kept=(index + 1) % 10), [(index + 1) % 10]).draw()
        cell = drawn[sheet.MARGIN + 65 : sheet.MARGIN + 96, LEFT + 129 : LEFT + 160]
        assert (cell == np.array(colour.over(shade))).all(-1).any()
        # in the middle, to half a pixel
        rows, columns = np.nonzero((cell != shade).any(-1))
        assert abs((rows.min() + rows.max()) / 2 - 15) <= 1
        assert abs((columns.min() + columns.max()) / 2 - 15) <= 1


def test_cells_too_small_for_letters_have_none():
    drawn = chart(grid(*((row, 5, 3) for row in range(56)), of=56), [7]).draw()
    assert (drawn[sheet.MARGIN : sheet.MARGIN + TILE, LEFT + 20 : LEFT + 24] == colour.palette(3)).all()


def test_names_are_written_in_cells_where_they_fit_and_numbers_where_they_do_not():
    changed = grid((2, 4, 1))
    numbers = chart(changed, [7]).draw()
    short = chart(changed, [7], names=["a", "b", "c", "d", "e", "f", "g", "h"]).draw()
    long = chart(changed, [7], names=["a name that fits no cell"] * 8).draw()
    tile = (slice(sheet.MARGIN, sheet.MARGIN + TILE), slice(LEFT, LEFT + TILE))
    assert (short[tile] != numbers[tile]).any()
    np.testing.assert_array_equal(long[tile], numbers[tile])


def test_bars_are_as_long_as_the_counts_and_the_most_frequent_stands_first():
    changed = [(row, column, 1) for row in range(4) for column in range(3)] + [(6, k, 2) for k in range(6)]
    drawn = chart(grid(*changed), [7]).draw()
    (most,), (second,), (third,) = bars(drawn, 7), bars(drawn, 1), bars(drawn, 2)
    assert most / second == pytest.approx(31 / 12, rel=0.03)
    assert second / third == pytest.approx(2, rel=0.03)
    beside = drawn[:, LEFT + TILE + 14 + 14 + 5 :]
    tops = [np.flatnonzero((beside == colour.palette(k)).all(-1).sum(1) > 1)[0] for k in (7, 1, 2)]
    assert tops == sorted(tops)


def test_a_class_predicted_once_of_thousands_still_has_a_bar():
    assert bars(chart(grid((9, 9, 3), of=53), [7]).draw(), 3) == [2]


def test_of_more_classes_than_colours_those_that_change_most_have_one_and_the_rest_are_grey():
    changed = [(1 + index // 5, index % 7, 100 + index) for index in range(12)]
    often = [(5, column, 111) for column in range(7)] + [(6, column, 110) for column in range(6)]
    drawn = chart(grid(*changed, *often, kept=900), [900], names=[str(k) for k in range(1000)]).draw()
    assert (corner(drawn, 5, 0) == colour.palette(0)).all()
    assert (corner(drawn, 6, 0) == colour.palette(1)).all()
    of_the_rest = [corner(drawn, row, column) for row, column, _ in changed[:10]]
    palette = {colour.palette(k) for k in range(10)}
    assert all((shade == shade[0, 0]).all() and tuple(shade[0, 0].tolist()) in palette for shade in of_the_rest)
    seen = [tuple(shade[0, 0].tolist()) for shade in of_the_rest]
    assert seen.count(colour.palette(8)) == 3
    assert len(set(seen)) == 8


def test_a_class_has_one_colour_in_all_blocks_of_a_picture():
    classes = np.concatenate([grid((0, 0, 50), kept=3), grid((0, 0, 40), (0, 1, 40), (6, 6, 50), kept=4)])
    drawn = chart(classes, [3, 4], names=[str(k) for k in range(99)]).draw()
    height = (len(drawn) - 2 * sheet.MARGIN - 22) // 2 + 22
    assert (corner(drawn, 0, 0) == colour.palette(1)).all()
    assert (corner(drawn[height:], 0, 0) == colour.palette(0)).all()
    assert (corner(drawn[height:], 6, 6) == colour.palette(1)).all()


def test_windows_side_by_side_are_drawn_where_they_lie_and_overlapping_ones_evenly():
    # 6 windows of 5 pixels, the last cut off to 3; or of 8 pixels, each 4 further
    start = np.arange(6) * 5
    for stop, wide in ((np.minimum(start + 5, 28), 24), (np.minimum(start + 8, 28), 37)):
        side = np.stack([start, stop], 1)
        boxes = np.concatenate([np.repeat(side[:, None], 6, 1), np.repeat(side[None], 6, 0)], 2)
        plain = chart(grid(*((row, 5, 3) for row in range(6)), of=6), [7])
        drawn = Chart("classes", {**plain.values, "boxes": boxes}).draw()
        row = drawn[sheet.MARGIN + 4, LEFT : LEFT + TILE]
        # a line parts it from its neighbour
        assert (row == colour.palette(3)).all(-1).sum() == wide - 1


@pytest.mark.parametrize("count", range(1, 13))
def test_every_image_is_drawn_once_and_nothing_is_cut_off(count):
    rng = np.random.default_rng(count)
    picture = chart(rng.integers(0, 10, (count, 7, 7)), [1] * count, captions=[f"image {k}" for k in range(count)])
    drawn = picture.draw()
    assert drawn.shape[1] <= 900
    margin = sheet.MARGIN
    for side in (drawn[:margin], drawn[-margin:], drawn[:, :margin], drawn[:, -margin:]):
        assert (side == 255).all()
    _, size = sheet.layout(count, (28, 28), across=3, gap=22, below=36)
    columns = 1 if drawn.shape[1] < 800 else 2
    rows = -(-count // columns)
    # blocks differ in height only by their rows of bars, which here fill no more than the tile
    tops = margin + np.arange(rows) * ((len(drawn) - 2 * margin + 22) // rows)
    bases = colour.to_bytes(sheet.to_rgb(sheet.stretch(picture.values["images"], None)))
    for k in range(count):
        top, left = tops[k // columns], margin + (k % columns) * 453
        base = sheet.resize(bases[k], size, squares=True)
        np.testing.assert_array_equal(drawn[top : top + size[0], left : left + size[1]], base)


def test_many_classes_end_in_a_line_that_says_how_many_more():
    classes = np.arange(49).reshape(1, 7, 7)
    few = chart(classes, [0], names=[str(k) for k in range(49)]).draw()
    assert len(few) == 2 * sheet.MARGIN + TILE + 4 + 14
    beside = few[:, LEFT + TILE + 14 :]
    rows = (np.diff((beside != 255).any((1, 2)).astype(int)) == 1).sum()
    assert rows == 8 + 1


def test_a_long_name_is_wrapped_and_a_long_caption_runs_below_the_block():
    name = "a dog of a breed whose name is not short, and which has another name that is longer still"
    for count in (1, 4):
        classes = np.repeat(grid((0, 0, 1), of=28, kept=0), count, 0)
        plain, long = (
            chart(classes, [0] * count, names=names, captions=captions).draw()
            for names, captions in ((["a", "b"], ["c"] * count), ([name, name], [name * 3] * count))
        )
        assert long.shape[1] <= 900
        assert len(long) > len(plain)
        assert (long[:, -sheet.MARGIN :] == 255).all()


def test_the_same_numbers_give_the_same_bytes_and_nothing_of_the_users_changes():
    classes = np.random.default_rng(0).integers(0, 10, (3, 7, 7))
    before = classes.copy()
    one, two = (chart(classes, [1, 2, 3], title="?", note="!").draw() for _ in range(2))
    assert one.tobytes() == two.tobytes()
    np.testing.assert_array_equal(classes, before)


def test_title_note_names_and_captions_all_change_something():
    plain = chart(grid((0, 0, 1)), [7]).draw()
    for text in ({"title": "?"}, {"note": "!"}, {"captions": ["a"]}, {"names": list("abcdefgh")}):
        drawn = chart(grid((0, 0, 1)), [7], **text).draw()
        assert drawn.shape != plain.shape or (drawn != plain).any()


@pytest.mark.parametrize("names", [["", "  ", "c"], ["two\nlines", "b", "c"]])
def test_names_without_letters_or_of_two_lines_are_drawn(names):
    assert chart(grid((0, 0, 1), (0, 1, 0), kept=2), [2], names=names).draw().shape[1] <= 900


@pytest.mark.parametrize(
    ("change", "text", "message"),
    [
        ({"images": np.ones((1, 8, 8, 2))}, {}, r"`images` must be \(n, h, w, c\), c 1 or 3"),
        ({"images": np.full((1, 8, 8, 1), np.nan)}, {}, "`images` must be finite"),
        ({"classes": np.zeros((7, 7), int)}, {}, r"`classes` must be \(n, rows, columns\).* classes \(7, 7\)"),
        ({"classes": np.zeros((2, 7, 7), int)}, {}, "`classes` must be .* each of 1 images"),
        ({"classes": np.zeros((1, 0, 7), int)}, {}, "`classes` must be"),
        ({"classes": np.zeros((1, 7, 7))}, {}, "must be whole numbers from 0 on"),
        ({"classes": np.full((1, 7, 7), -1)}, {}, "must be whole numbers from 0 on"),
        ({"expected": np.array(3)}, {}, r"`expected` must be \(n,\).* expected \(\)"),
        ({"expected": np.array([3, 4])}, {}, r"`expected` must be \(n,\)"),
        ({"expected": np.array([0.5])}, {}, "must be whole numbers from 0 on"),
        ({"boxes": np.zeros((7, 4), int)}, {}, r"`boxes` must be \(7, 7, 4\): top, bottom"),
        ({}, {"names": ["a", "b"]}, "it has 2, and class 3 is predicted"),
        ({}, {"captions": ["a", "b"]}, "`captions` must have 1 entries, or none; it has 2"),
    ],
)
def test_a_wrong_chart_fails_when_it_is_made(change, text, message):
    values = {"images": np.ones((1, 8, 8, 1)), "classes": np.zeros((1, 7, 7), int), "expected": np.array([3])}
    with pytest.raises(ValueError, match=f"In a chart of classes, .*{message}"):
        Chart("classes", {**values, **change}, text=text)
