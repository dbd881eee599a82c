"""Digits drawn by hand: are their strokes, loops, ends and crossings where they were drawn?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.methods import digit_concepts as module

STROKES = ("horizontal stroke", "rising stroke", "vertical stroke", "falling stroke")


def parts(mask: np.ndarray) -> int:
    """How many connected parts a mask ``(h, w)`` has."""
    return cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[0] - 1


def drawn(*lines: tuple[int, int, int, int], size: int = 28, thick: int = 3) -> np.ndarray:
    image = np.zeros((size, size), np.uint8)
    for left, top, right, bottom in lines:
        cv2.line(image, (left, top), (right, bottom), 255, thick)
    return image


def written(digit: int, size: int = 28) -> np.ndarray:
    image = np.zeros((4 * size, 4 * size), np.uint8)
    letters = str(digit or "O")  # some fonts give the 0 a stroke across, and so two loops
    cv2.putText(image, letters, (size, 3 * size + size // 2), cv2.FONT_HERSHEY_SIMPLEX, size / 8, 255, size // 3)
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)


def ellipse(*rings: tuple[int, int, int, int]) -> np.ndarray:
    image = np.zeros((28, 28), np.uint8)
    for column, row, wide, tall in rings:
        cv2.ellipse(image, (column, row), (wide, tall), 0, 0, 360, 255, 2)
    return image


@pytest.mark.parametrize(("digit", "loops"), [*enumerate((1, 0, 0, 0, 1, 0, 1, 0, 2, 1))])
def test_an_8_has_two_loops_and_a_1_none(digit, loops):
    for size in (28, 56):
        assert parts(kv.digit_concepts(written(digit, size))["loop"][0]) == loops


def test_a_loop_is_the_ground_that_a_ring_shuts_off():
    eight = ellipse((14, 8, 5, 4), (14, 19, 6, 6))
    loop = kv.digit_concepts(eight)["loop"][0]
    assert parts(loop) == 2
    assert loop[8, 14]
    assert loop[19, 14]
    assert not loop[0, 0]
    assert not (loop & (eight > 0)).any()
    np.testing.assert_array_equal(loop, _filled(eight) & (eight == 0))


def _filled(image: np.ndarray) -> np.ndarray:
    """What cannot be reached from the corner."""
    flood = (image > 0).astype(np.uint8)
    cv2.floodFill(flood, None, (0, 0), 2)
    return flood != 2


def test_a_faint_stroke_closes_a_loop_and_one_of_a_tenth_does_not():
    ring = ellipse((14, 14, 8, 8))
    for strength, loops in ((0.3, 1), (0.1, 0)):
        faint = ring.astype(np.float32) / 255
        faint[12:17, :10] *= strength
        assert parts(kv.digit_concepts(faint)["loop"][0]) == loops


@pytest.mark.parametrize(
    ("name", "line"),
    [*zip(STROKES, [(4, 14, 24, 14), (5, 23, 23, 5), (14, 4, 14, 24), (5, 5, 23, 23)], strict=True)],
)
def test_a_line_is_a_stroke_of_its_direction_and_of_no_other(name, line):
    image = drawn(line)
    found = kv.digit_concepts(image)
    middle = np.zeros((28, 28), bool)
    middle[8:20, 8:20] = image[8:20, 8:20] > 0
    assert middle.sum() > 20
    assert found[name][0][middle].all()
    assert not any(found[other][0][middle].any() for other in STROKES if other != name)
    assert not found[name][0][image == 0].any()


@pytest.mark.parametrize("angle", [0, 30, 60, 90, 120, 150])
def test_six_directions_are_named_by_their_angle(angle):
    reach = 10 * np.array([np.cos(np.deg2rad(angle)), -np.sin(np.deg2rad(angle))])
    ends = np.rint([14 - reach[0], 14 - reach[1], 14 + reach[0], 14 + reach[1]]).astype(int)
    found = kv.digit_concepts(drawn(tuple(map(int, ends))), directions=6)
    assert found[f"stroke at {angle}°"][0, 11:18, 11:18].sum() > 10
    others = [mask for name, mask in found.items() if name.startswith("stroke") and name != f"stroke at {angle}°"]
    assert len(others) == 5
    assert not any(mask[0, 11:18, 11:18].any() for mask in others)


def test_a_plus_has_four_ends_and_one_crossing_where_they_were_drawn():
    found = kv.digit_concepts(drawn((4, 14, 24, 14), (14, 4, 14, 24)))
    end, crossing = found["end"][0], found["crossing"][0]
    assert parts(end) == 4
    assert parts(crossing) == 1
    assert crossing[14, 14]
    for row, column in ((14, 5), (14, 23), (5, 14), (23, 14)):
        assert end[row, column]
    assert np.argwhere(crossing).min() >= 10
    assert np.argwhere(crossing).max() <= 18


@pytest.mark.parametrize("thick", [1, 2, 3, 4, 5])
def test_a_line_of_any_width_has_two_ends_and_no_crossing(thick):
    for line in ((6, 14, 22, 14), (8, 22, 20, 6), (14, 5, 14, 23), (6, 8, 22, 18)):
        found = kv.digit_concepts(drawn(line, thick=thick))
        assert parts(found["end"][0]) == 2
        assert not found["crossing"].any()


def test_real_digits_have_the_loops_and_ends_of_their_class(data_folder):
    with np.load(data_folder / "mnist.npz") as archive:
        x, y = archive["x_test"][:2000], archive["y_test"][:2000]
    found = kv.digit_concepts(x)
    loops, ends = (np.array([parts(mask) for mask in found[name]]) for name in ("loop", "end"))
    for digit, count, share in ((0, 1, 0.85), (1, 0, 0.99), (7, 0, 0.98), (8, 2, 0.65), (9, 1, 0.8)):
        assert (loops[y == digit] == count).mean() >= share
    for digit, count, share in ((0, 0, 0.75), (1, 2, 0.95), (5, 2, 0.8), (7, 2, 0.85)):
        assert (ends[y == digit] == count).mean() >= share


def test_range_kind_and_axes_of_the_images_change_nothing():
    image = written(4)
    wanted = kv.digit_concepts(image)
    for same in (image[None], image[..., None], image[None, ..., None], image / 255, image.astype(np.float32) * 2 - 7):
        found = kv.digit_concepts(same)
        for name, mask in wanted.items():
            assert mask.shape == (1, 28, 28)
            np.testing.assert_array_equal(found[name], mask)


def test_each_digit_stands_alone_however_many_there_are(monkeypatch):
    images = np.stack([written(digit) for digit in range(10)])
    whole = kv.digit_concepts(images)
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    for name, mask in kv.digit_concepts(images).items():
        np.testing.assert_array_equal(mask, whole[name])
    for i, image in enumerate(images):
        for name, mask in kv.digit_concepts(image).items():
            np.testing.assert_array_equal(mask[0], whole[name][i])


@pytest.mark.parametrize("shape", [(27, 27), (33, 20)])
def test_each_digit_stands_alone_whatever_its_height(shape):
    noise = np.random.default_rng(0).random((30, *shape))
    images = np.stack([cv2.GaussianBlur(image, (0, 0), 1.5) for image in noise])
    whole = kv.digit_concepts(images)
    for i, image in enumerate(images):
        for name, mask in kv.digit_concepts(image).items():
            np.testing.assert_array_equal(mask[0], whole[name][i], err_msg=f"{name} of {i}")


def test_a_blank_image_has_nothing():
    assert not any(mask.any() for mask in kv.digit_concepts(np.full((2, 28, 28), 0.7)).values())


def test_ink_at_the_border_and_images_that_are_not_square_are_taken():
    image = np.zeros((20, 33), np.uint8)
    image[9:12] = 255
    found = kv.digit_concepts(image)
    assert found["horizontal stroke"][0, 10, 6:27].all()
    assert parts(found["end"][0]) == 2


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (np.zeros((2, 28, 28, 3)), ValueError, r"Digits are grey: images.mean\(axis=-1\)"),
        (np.zeros(28), ValueError, r"wanted are \(n, h, w, 1\)"),
        (np.zeros((0, 28, 28)), ValueError, "there is no pixel"),
        (np.full((1, 4, 4), np.nan), ValueError, "NaN"),
        ("digits", TypeError, "must hold numbers"),
    ],
)
def test_what_is_no_digit_is_refused(images, error, words):
    with pytest.raises(error, match=f"`images`.*{words}"):
        kv.digit_concepts(images)


@pytest.mark.parametrize("directions", [1, 2.5, True])
def test_directions_are_two_or_more(directions):
    with pytest.raises(ValueError, match="`directions` must be a whole number, at least 2"):
        kv.digit_concepts(np.zeros((28, 28)), directions=directions)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("thick", [1, 3])
def test_a_t_has_three_ends_and_one_crossing(turns, thick):
    image = np.rot90(drawn((4, 8, 24, 8), (14, 8, 14, 24), thick=thick), turns)
    found = kv.digit_concepts(image)
    assert parts(found["end"][0]) == 3
    assert parts(found["crossing"][0]) == 1
    assert np.rot90(found["crossing"][0], -turns)[8, 14]


def test_twice_as_large_a_digit_has_its_parts_twice_as_large():
    plus = (4, 14, 24, 14), (14, 4, 14, 24)
    small = kv.digit_concepts(drawn(*plus))
    large = kv.digit_concepts(drawn(*(tuple(2 * end for end in line) for line in plus), size=56, thick=6))
    for name, count in (("end", 4), ("crossing", 1)):
        assert parts(small[name][0]) == parts(large[name][0]) == count
        assert large[name].sum() / small[name].sum() == pytest.approx(4, rel=0.2)


@pytest.mark.parametrize(("size", "wide", "loops"), [(28, 2, 0), (28, 3, 1), (56, 11, 0), (56, 12, 1)])
def test_a_hole_is_a_loop_from_three_pixels_of_28_on(size, wide, loops):
    image = np.zeros((size, size))
    image[10:20, 6:26] = 1
    image[15, 8 : 8 + wide] = 0
    assert parts(kv.digit_concepts(image)["loop"][0]) == loops


def test_holes_that_meet_at_a_corner_are_two():
    image = np.zeros((28, 28))
    image[10:20, 6:26] = 1
    image[14, 10:12] = image[15, 12:14] = 0  # of two pixels each: both too small
    assert not kv.digit_concepts(image)["loop"].any()


@pytest.mark.parametrize("lines", [((12, 22, 6, 7), (9, 14, 12, 14)), ((11, 18, 5, 6), (8, 12, 5, 12))])
def test_where_a_short_branch_was_cut_off_there_is_no_crossing(lines):
    found = kv.digit_concepts(drawn(*lines, thick=1))
    assert parts(found["end"][0]) == 2
    assert not found["crossing"].any()


def test_a_dark_digit_beside_bright_ones_has_the_same_parts():
    images = np.stack([written(8), written(4) // 4 + 190, written(2) // 3]).astype(np.float32)
    whole = kv.digit_concepts(images)
    for i, image in enumerate(images):
        for name, mask in kv.digit_concepts(image).items():
            np.testing.assert_array_equal(whole[name][i], mask[0])


def test_ink_that_touches_the_edges_of_one_digit_is_not_seen_by_the_next():
    full = np.zeros((28, 28), np.uint8)
    full[:, :4] = full[:, -4:] = full[:4] = full[-4:] = 255
    images = np.stack([full, drawn((4, 1, 24, 1)), full, drawn((4, 26, 24, 26)), full])
    whole = kv.digit_concepts(images)
    for i, image in enumerate(images):
        for name, mask in kv.digit_concepts(image).items():
            np.testing.assert_array_equal(whole[name][i], mask[0], err_msg=name)


def _thinned_by_hand(ink: np.ndarray) -> np.ndarray:
    """Zhang & Suen's thinning as it is written: P2 ... P9 clockwise from the north, two turns until nothing changes."""
    lines, changed = ink.astype(int), True
    while changed:
        changed = False
        for turn in (0, 1):
            gone = []
            for row, column in np.argwhere(lines):
                north, south = lines[row - 1], lines[row + 1]
                around = [north[column], north[column + 1], lines[row, column + 1], south[column + 1]]
                around += [south[column], south[column - 1], lines[row, column - 1], north[column - 1]]
                rises = sum(a < b for a, b in zip(around, around[1:] + around[:1], strict=True))
                p2, p4, p6, p8 = around[::2]
                edge = p2 * p4 * p6 == p4 * p6 * p8 == 0 if turn == 0 else p2 * p4 * p8 == p2 * p6 * p8 == 0
                if 2 <= sum(around) <= 6 and rises == 1 and edge:
                    gone.append((row, column))
            for row, column in gone:
                lines[row, column] = 0
            changed = changed or bool(gone)
    return lines > 0


def test_lines_are_thinned_as_zhang_and_suen_have_it(monkeypatch):
    monkeypatch.setattr(module, "_slender", lambda lines: lines)
    rng = np.random.default_rng(0)
    ragged = cv2.GaussianBlur(rng.random((40, 40)), (0, 0), 1.2) > 0.5  # with bays and corners
    ragged[[0, -1]] = ragged[:, [0, -1]] = False
    for ink in (ragged, np.pad(written(8) > 127, 1), np.pad(written(3) > 127, 1)):
        np.testing.assert_array_equal(module._thinned(ink), _thinned_by_hand(ink))


def test_lines_keep_no_corner_that_holds_nothing_together():
    # of a staircase every second pixel; which one stands at which place in rows and columns makes no difference
    for down in (0, 1):
        for right in (0, 1):
            stairs = np.zeros((20, 20), bool)
            for i in range(3, 12):
                stairs[i + down, i + right] = stairs[i + down, i + right + 1] = True
            slender = module._slender(stairs)
            assert cv2.connectedComponents(slender.astype(np.uint8), connectivity=8)[0] == 2
            assert slender.sum() <= 10


def test_ink_is_what_is_brighter_than_the_middle():
    for share, inked in ((0.45, False), (0.55, True)):
        image = drawn((4, 14, 24, 14)) / 255 * share
        image[2, 2] = 1
        assert kv.digit_concepts(image)["horizontal stroke"][0, 14, 8:20].any() == inked
