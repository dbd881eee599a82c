"""Which place of one image is which place of another?"""

from __future__ import annotations

import numpy as np
import pytest

from keras_vis.draw import matches


def drawn(places: np.ndarray, **options: np.ndarray) -> np.ndarray:
    images = [np.random.default_rng(i).random((28, 28, 1)).astype(np.float32) for i in range(2)]
    given = {"similarity": np.linspace(0.5, 1, len(places)), "mutual": np.ones(len(places), bool), **options}
    return matches.match_sheet(images, places, places[::-1], title="title", note="note", **given)


def test_few_matches_are_all_joined_and_of_many_the_most_similar_that_are_apart():
    few = np.array([[1.0, 1.0], [1.1, 1.0], [1.2, 1.0]])
    assert matches._spread(few, np.array([0.1, 0.2, 0.3]), 10).tolist() == [0, 1, 2]
    rng = np.random.default_rng(0)
    many, similarity = rng.random((500, 2)) * 400, rng.random(500)
    joined = matches._spread(many, similarity, 36)
    assert len(joined) == matches._LINES
    assert joined[0] == similarity.argmax()
    assert (np.diff(similarity[joined]) < 0).all()
    apart = np.linalg.norm(many[joined][:, None] - many[joined][None], axis=2)
    assert apart[np.triu_indices(len(joined), 1)].min() >= 36


def test_a_line_that_is_not_mutual_is_dashed():
    places = np.array([[5.0, 5.0], [20.0, 9.0]])
    whole, dashed = drawn(places), drawn(places, mutual=np.array([True, False]))
    assert whole.shape == dashed.shape
    assert (whole != dashed).any()
    assert len(matches._strokes(np.array([[0.0, 0.0], [300.0, 0.0]]), False)) > 5
    assert len(matches._strokes(np.array([[0.0, 0.0], [300.0, 0.0]]), True)) == 1


def test_colours_differ_by_place_also_without_hue():
    corners = np.array([[0, 0], [0, 9], [9, 0], [9, 9], [4.5, 4.5]])
    shades = matches._shades(corners)
    apart = [np.abs(one - other).sum() for i, one in enumerate(shades) for other in shades[:i]]
    assert min(apart) > 120
    # along the columns blue turns to yellow and orange, which all kinds of colour vision tell apart
    assert (shades[[0, 2], 2] > shades[[1, 3], 2] + 150).all()
    assert len(matches._shades(corners[:1])) == 1


@pytest.mark.parametrize("count", [1, 5, 400])
def test_any_number_fits_a_page(count):
    places = np.random.default_rng(1).random((count, 2)) * 30 - 1  # some beyond the edge
    sheet = drawn(places)
    assert sheet.shape[1] <= 900
    np.testing.assert_array_equal(sheet, drawn(places))
