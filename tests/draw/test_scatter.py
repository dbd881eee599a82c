"""Are points where their numbers say, and named once each?"""

from __future__ import annotations

import numpy as np
import pytest

from keras_vis.draw import colour, mosaic, scatter
from keras_vis.picture import Chart
from keras_vis.picture.mosaic import Mosaic


def groups(count: int, each: int = 40, start: int = 0) -> dict[str, np.ndarray]:
    """Groups on a circle, one for each label."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(count), each)
    turn = 2 * np.pi * labels / count
    return {
        "positions": np.stack([np.cos(turn), np.sin(turn)], 1) * 9 + rng.normal(0, 0.3, (len(labels), 2)),
        "labels": labels + start,
    }


def test_each_group_is_drawn_in_its_labels_colour_where_it_lies():
    drawn = Chart("scatter", groups(4)).draw().astype(int)
    centres = []
    for label in range(4):
        near = np.abs(drawn - colour.palette(label)).sum(axis=-1) < 30
        rows, columns = np.nonzero(near)
        centres.append((columns.mean(), -rows.mean()))
    right, top, left, bottom = centres
    assert right[0] > max(top[0], bottom[0])
    assert left[0] < min(top[0], bottom[0])
    assert top[1] > max(right[1], left[1])
    assert bottom[1] < min(right[1], left[1])


def test_labels_from_0_to_9_have_their_own_colours_and_of_many_others_the_nine_most_frequent():
    assert scatter.shades(np.array([3, 7])) == {3: colour.palette(3), 7: colour.palette(7)}
    assert scatter.shades(np.array([20, 70])) == {20: colour.palette(0), 70: colour.palette(1)}
    many = np.concatenate([np.repeat(np.arange(100, 112), 5), np.arange(104, 112)])
    found = scatter.shades(many)
    assert [label for label, shade in found.items() if shade == scatter.OTHER] == [101, 102, 103]
    assert found[100] == colour.palette(0)
    assert found[104] == colour.palette(1)
    assert found[111] == colour.palette(9)  # the palette's grey is left to the others


def test_no_label_covers_another_because_it_comes_last():
    rng = np.random.default_rng(0)
    values = {"positions": rng.normal(size=(4000, 2)), "labels": np.repeat([0, 3], 2000)}
    drawn = Chart("scatter", values).draw().astype(int)
    blue, red = ((np.abs(drawn - colour.palette(label)).sum(axis=-1) < 120).sum() for label in (0, 3))
    assert 0.75 < blue / red < 1.33


def test_names_stand_apart_inside_the_plane_and_in_their_group():
    values = groups(12)
    box = np.array([[0.0, 0.0], [880.0, 700.0]])
    points = (values["positions"] + 10) * 35
    names = {i: f"a rather long name {i}" for i in range(12)}
    told = scatter._places(points, values["labels"], names, box)
    assert len(told) == 12
    for label, (name, place) in told.items():
        assert name == names[label]
        own = points[values["labels"] == label]
        assert (np.linalg.norm(own - place, axis=1).min()) < 100
        assert (place > 0).all()
        assert (place < box[1]).all()
    centres = np.array([place for _, place in told.values()])
    apart = np.abs(centres[:, None] - centres[None])
    clash = (apart[..., 0] < 140) & (apart[..., 1] < 24)
    assert clash.sum() == 12  # each with itself


def test_a_sheet_is_never_wider_than_a_page():
    for values in (groups(3), groups(30), {"positions": np.zeros((1, 2))}, {"positions": np.array([[0.0, 0], [9, 0]])}):
        assert Chart("scatter", values, text={"title": "x", "note": "y"}).draw().shape[1] <= 900


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"positions": np.zeros((3, 3))}, r"`positions` must be \(n, 2\)"),
        ({"positions": np.full((3, 2), np.nan)}, "must be finite"),
        ({"positions": np.zeros((3, 2)), "labels": np.zeros(2, int)}, "`labels` must be whole numbers, one for each"),
    ],
)
def test_a_wrong_chart_fails_when_it_is_made(wrong, told):
    with pytest.raises(ValueError, match=told):
        Chart("scatter", wrong)


def test_points_that_fill_a_grid_go_to_their_own_cells():
    cells = np.stack(np.divmod(np.arange(20), 5), axis=1)
    order = np.random.default_rng(0).permutation(20)
    points = np.stack([cells[:, 1] * 3.0, -cells[:, 0] * 7.0], axis=1)[order]
    np.testing.assert_array_equal(mosaic.arrange(points, 4, 5), cells[order])


def test_tiles_do_not_overlap_and_are_framed_in_their_labels_colour():
    values = np.stack([np.full((28, 28, 1), 0.5), np.full((28, 28, 1), 0.25)]).astype(np.float32)
    picture = Mosaic(
        values,
        indices=np.array([5, 9]),
        cells=np.array([[0, 0], [1, 1]]),
        labels=np.array([0, 3]),
        names=["0", "3"],
        value_range=(0, 1),
    )
    drawn = picture.draw()[-8 - 2 * 174 : -8]  # below the legend
    for grey, label in ((128, 0), (64, 3)):
        inside = (drawn == grey).all(-1)
        assert inside.sum() == 168 * 168
        rows, columns = np.nonzero(inside)
        ring = drawn[rows.min() - 3 : rows.max() + 4, columns.min() - 3 : columns.max() + 4]
        assert (ring == np.array(colour.palette(label))).all(-1).sum() == 174 * 174 - 170 * 170
        assert (ring == 255).all(-1).sum() == 170 * 170 - 168 * 168
    with pytest.raises(ValueError, match="`cells` has one cell twice"):
        Mosaic(values, indices=np.array([5, 9]), cells=np.zeros((2, 2), int))


def test_a_black_frame_is_seen_round_a_black_image():
    black = next(i for i in range(10) if colour.palette(i) == (0, 0, 0))
    drawn = Mosaic(
        np.zeros((1, 28, 28, 1), np.float32),
        indices=np.array([0]),
        cells=np.array([[0, 0]]),
        labels=np.array([black]),
        names=["black"],
        value_range=(0, 1),
    ).draw()
    across = (drawn[-8 - 87, 8 : 8 + 174] == 0).all(-1)  # a row of pixels through the middle
    assert np.flatnonzero(np.diff(across.astype(int))).tolist() == [1, 2, 170, 171]
