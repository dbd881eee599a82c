"""Which class is taken for which?"""

from __future__ import annotations

import numpy as np
import pytest

from keras_vis.draw import matrix
from keras_vis.picture import Chart


def chart(counts: np.ndarray, **text: object) -> Chart:
    return Chart("matrix", {"counts": np.asarray(counts)}, text=text)


def cells(counts: np.ndarray) -> np.ndarray:
    """The colour of each cell, from a corner that no letter reaches."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    wrong = np.where(np.eye(len(counts), dtype=bool), 0, share)
    rows = [
        matrix._row(line, part, i, 30, 10, wrong.max())
        for i, (line, part) in enumerate(zip(counts, wrong, strict=True))
    ]
    return np.stack([[row[2, 2 + 31 * i] for i in range(len(counts))] for row in rows])


def test_a_wrong_cell_is_the_darker_the_larger_its_share_of_the_row():
    found = cells(np.array([[50, 40, 10], [1, 9000, 99], [0, 0, 100]])).astype(int).sum(axis=-1)
    assert found[0, 1] < found[0, 2] < found[1, 0]
    assert found[0, 2] < found[1, 2]  # 99 of 9,100 are fewer than 10 of 100
    assert found[2, 0] == found[2, 1] == 3 * 255


def test_the_diagonal_is_quiet_however_large():
    found = cells(np.array([[1000, 1], [2, 3]]))
    assert (found[[0, 1], [0, 1]] == matrix._RIGHT).all()


def test_another_count_is_another_picture_and_the_same_one_the_same():
    counts = np.array([[5, 1], [2, 5]])
    drawn = chart(counts).draw()
    np.testing.assert_array_equal(drawn, chart(counts.copy()).draw())
    counts[0, 0] = 6
    assert (chart(counts).draw() != drawn).any()


def test_of_many_classes_those_confused_most_are_drawn_and_the_rest_is_told():
    counts = np.diag(np.full(60, 20))
    pairs = [(3 * i, 3 * i + 1) for i in range(12)]
    for a, b in pairs:
        counts[a, b] = 5
    counts[50, 55] = 1
    chosen, told = matrix._chosen(counts)
    assert chosen.tolist() == sorted(i for pair in pairs for i in pair)
    assert told == "24 of 60 classes, those confused most: 60 of 61 confusions"
    # a class of many single confusions does not crowd out a pair that is taken for each other often
    counts[56] = 1
    assert matrix._chosen(counts)[0].tolist() == chosen.tolist()
    assert len(matrix._chosen(np.diag(np.full(60, 20)))[0]) == 24
    assert chart(counts).draw().shape[1] <= 900
    assert chart(counts, names=[f"a rather long name {i}" for i in range(60)]).draw().shape[1] <= 900


@pytest.mark.parametrize("counts", [np.zeros((3, 3), int), np.eye(1, dtype=int), np.full((10, 10), 123_456)])
def test_any_counts_can_be_drawn_within_a_pages_width(counts):
    drawn = chart(counts, title="title", note="note", rows="truth", columns="model").draw()
    assert drawn.dtype == np.uint8
    assert drawn.shape[1] <= 900


@pytest.mark.parametrize(
    ("counts", "text", "words"),
    [
        (np.zeros((2, 3), int), {}, r"`counts` must be \(k, k\)"),
        (np.zeros((2, 2)), {}, "whole numbers"),
        (np.full((2, 2), -1), {}, "whole numbers from 0 on"),
        (np.zeros((2, 2), int), {"names": ["a"]}, "`names` must have 2 entries, or none; it has 1"),
    ],
)
def test_what_cannot_be_drawn_is_named(counts, text, words):
    with pytest.raises(ValueError, match=words):
        chart(counts, **text)
