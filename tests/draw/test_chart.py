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


def _words(kind: str, word: str) -> np.ndarray:
    """A chart with this word wherever there is one."""
    rng = np.random.default_rng(0)
    text = dict.fromkeys(("title", "note", "x", "y", "z"), word)
    values = {
        "curves": {"x": np.arange(3), "y": rng.normal(size=(2, 3))},
        "scatter": {"positions": rng.normal(size=(40, 2)), "labels": np.repeat([0, 3], 20)},
        "surface": {"heights": rng.normal(size=(2, 4, 4))},
        "shares": {"x": np.arange(3), "dead": rng.random((2, 3)), "zeros": rng.random((2, 3))},
        "accuracy": {
            "edges": np.array([[0, 1], [1, 2]]),
            "counts": np.array([3, 4]),
            "middles": np.array([0.5, 1.5]),
            "accuracy": np.array([0.5, 0.6]),
            "interval": np.array([[0.4, 0.6], [0.5, 0.7]]),
            "examples": rng.random((2, 8, 8, 1)),
            "overall": np.array(0.5),
            "attribute": np.linspace(0, 2, 30),
        },
    }
    return Chart(kind, values[kind], text={**text, "names": [word, "b"]}).draw()


KINDS = ("curves", "scatter", "surface", "shares", "accuracy")


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_between_two_dollars_is_a_word_and_no_formula(kind):
    _words(kind, "$\\frac b$")
    # as formulas they were the same
    first, second = _words(kind, "$x_1$"), _words(kind, "$x_{1}$")
    assert first.shape != second.shape or (first != second).any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("word", ["\u65e5\u672c\u8a9e \U0001f43b", "w" * 300, "long name " * 40])
def test_letters_that_the_font_lacks_and_long_names_are_drawn_without_a_warning(kind, word):
    drawn = _words(kind, word)
    assert drawn.shape[1] <= 900
    assert drawn.std() > 5


def test_a_long_name_leaves_half_of_the_chart_to_the_lines():
    drawn = _words("curves", "w" * 300)
    assert np.ptp(np.flatnonzero(blue(drawn[30:-50, 60:600]).any(0))) > 400
