"""Which chart answers which question?"""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from keras_vis.draw import colour, panels
from keras_vis.picture import Chart

BLUE = colour.palette(0)


def blue(drawn: np.ndarray) -> np.ndarray:
    return (drawn == np.array(BLUE, np.uint8)).all(-1)


def test_a_histograms_bars_are_as_high_as_their_counts():
    counts = np.array([[10, 20, 40, 0]])
    drawn = blue(Chart("histograms", {"counts": counts, "edges": np.array([[0, 1, 2, 3, 4]])}).draw())
    columns = drawn[:, drawn.any(0)].sum(0)
    assert sorted(set(columns.tolist())) == [20, 40, 80]
    assert [int((columns == tall).sum()) for tall in (20, 40, 80)] == [70, 70, 70]


def test_a_single_weight_among_thousands_is_seen():
    counts = np.array([[100000, 0, 1]])
    drawn = blue(Chart("histograms", {"counts": counts, "edges": np.array([[0, 1, 2, 3]])}).draw())
    assert drawn.any(0).sum() == pytest.approx(280 * 2 / 3, abs=1)


def test_every_panel_is_drawn():
    for count in range(1, 10):
        counts = np.ones((count, 2))
        drawn = Chart("histograms", {"counts": counts, "edges": np.arange(3) * np.ones((count, 1))}).draw()
        width = 280 if count <= 2 else (884 - 20 * (min(count, 4) - 1)) // min(count, 4)
        assert blue(drawn).sum() == count * width * 80


def test_bars_are_as_long_as_their_probabilities():
    values = {
        "images": np.zeros((1, 28, 28, 1)),
        "indices": np.array([[7, 3]]),
        "probabilities": np.array([[0.8, 0.2]]),
    }
    drawn = Chart("predictions", values, text={"names": [["7", "3"]]}).draw()
    first = blue(drawn).any(0).sum()
    second = (drawn == np.array(panels._QUIET, np.uint8)).all(-1).any(0).sum()
    assert first / second == pytest.approx(4, rel=0.02)


def test_a_negative_logit_points_to_the_other_side():
    values = {"images": np.zeros((1, 28, 28, 1)), "indices": np.array([[7, 3]]), "logits": np.array([[2.0, -2.0]])}
    drawn = Chart("predictions", values).draw()
    first = np.flatnonzero(blue(drawn).any(0))
    second = np.flatnonzero((drawn == np.array(panels._QUIET, np.uint8)).all(-1).any(0))
    assert second.max() < first.min()
    assert abs(len(first) - len(second)) <= 1


def test_no_probability_is_called_zero_that_is_not():
    assert panels._note(0.0001, float("nan")) == "<0.001"
    assert panels._note(0.0, float("nan")) == "0.000"
    assert panels._note(0.25, -1.5) == "0.250  (logit \u22121.5)"
    assert panels._note(float("nan"), -1.5) == "\u22121.50"


def test_a_curve_has_its_colour_and_does_not_follow_the_users_style():
    values = {"x": np.arange(1, 6), "y": np.array([[1, 2, np.nan, 4, 5], [5, 4, 3, 2, 1]], float)}
    text = {"names": ["train", "validation"], "title": "Does it rise?", "x": "epoch", "y": "accuracy"}
    plain = Chart("curves", values, text=text).draw()
    assert blue(plain).sum() > 50
    with matplotlib.rc_context({"figure.facecolor": "black", "font.size": 30, "lines.linewidth": 9}):
        before = dict(matplotlib.rcParams)
        np.testing.assert_array_equal(Chart("curves", values, text=text).draw(), plain)
        assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("kind", "values", "text", "message"),
    [
        ("pie", {}, {}, "`kind='pie'` is no chart. There are: histograms, predictions, curves"),
        ("curves", {"x": np.arange(3)}, {}, "must hold x, y, and none may be called"),
        (
            "curves",
            {"x": np.arange(3), "y": np.zeros((2, 4))},
            {},
            r"`x` must be \(p,\) and `y` \(m, p\). Received: x \(3,\)",
        ),
        ("curves", {"x": np.arange(3), "y": np.zeros((2, 3))}, {"names": ["a"]}, "`names` must have 2 entries"),
        ("histograms", {"counts": np.ones((2, 3)), "edges": np.ones((2, 3))}, {}, "`edges`"),
        (
            "predictions",
            {"images": np.ones((1, 8, 8, 1)), "indices": np.ones((1, 2))},
            {},
            "`logits`, `probabilities` or both",
        ),
    ],
)
def test_a_wrong_chart_fails_when_it_is_made(kind, values, text, message):
    with pytest.raises(ValueError, match=message):
        Chart(kind, values, text=text)
