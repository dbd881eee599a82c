"""How often is the model right where an attribute of the images is small, and where it is large?"""

from __future__ import annotations

import numpy as np
import pytest

from keras_vis.draw import axes as axes_
from keras_vis.draw import binned
from keras_vis.picture import Chart


def values(bins: int = 5, size: tuple[int, ...] = (28, 28, 1)) -> dict[str, np.ndarray]:
    edges = np.linspace(0, 1, bins + 1)
    shares = np.linspace(0.5, 1, bins)
    return {
        "edges": np.stack([edges[:-1], edges[1:]], axis=1),
        "counts": np.full(bins, 10),
        "middles": (edges[:-1] + edges[1:]) / 2,
        "accuracy": shares,
        "interval": np.stack([shares - 0.1, np.minimum(shares + 0.1, 1)], axis=1),
        "overall": np.array(0.75),
        "attribute": np.random.default_rng(0).random(50),
        "examples": np.random.default_rng(1).random((bins, *size)).astype(np.float32),
    }


@pytest.mark.parametrize("bins", [1, 2, 10, 40])
@pytest.mark.parametrize("size", [(28, 28, 1), (20, 64, 3), (150, 100, 3)])
def test_any_number_of_bins_is_as_wide_as_a_page(bins, size):
    drawn = Chart("accuracy", values(bins, size)).draw()
    assert drawn.shape[1] == 900
    assert 400 < drawn.shape[0] < 700


def test_examples_stand_in_order_without_covering_each_other_and_near_their_points():
    wanted = np.array([10.0, 12, 14, 500, 850])
    found = np.array(binned._spread(wanted, 88, 808))
    assert (np.diff(found) >= 88).all()
    assert found.min() >= 8
    assert found.max() <= 808
    assert abs(found[3] - 500) <= 1
    crowded = np.array(binned._spread(np.full(10, 440.0), 88, 808))
    assert (np.diff(crowded) >= 87).all()
    assert crowded.min() >= 7
    assert crowded.max() <= 808


def test_the_axis_ends_where_nearly_all_images_are():
    given = values()
    given["edges"][-1, 1] = 1000.0
    low, high = binned._ends({**given, "attribute": np.append(np.linspace(0, 1, 2000), 1000.0)})
    assert -0.1 < low < 0
    assert 1 < high < 1.1


def test_a_mean_confidence_is_drawn_where_there_is_one():
    given = values()
    plain = Chart("accuracy", given).draw()
    assert (Chart("accuracy", {**given, "confidence": given["accuracy"]}).draw() != plain).any()


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.796, 0.995), (0.9, 0.98), (0.95, 0.99), (0.992, 0.998), (0.9995, 1)]
)
def test_every_tick_says_where_it_stands_and_all_have_equal_decimals(low, high):
    given = values()
    shares = np.linspace(low, high, 5)
    given |= {"accuracy": shares, "interval": np.stack([shares, shares], axis=1), "overall": shares[2]}
    with axes_.own_style():
        _, axes = axes_.figure(9, 3, {})
        binned._points(axes, given, (0, 1), "accuracy")
    labels = [label.get_text().removesuffix(" %") for label in axes.get_yticklabels()]
    assert len(labels) > 1
    np.testing.assert_allclose([float(label) for label in labels], 100 * axes.get_yticks(), rtol=0, atol=1e-6)
    assert len({len(label.partition(".")[2]) for label in labels}) == 1


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("counts", np.zeros(3, int), r"`counts` must be \(5,\), of 5 bins"),
        ("interval", np.zeros((5, 3)), r"`interval` must be \(5, 2\)"),
        ("examples", np.zeros((4, 28, 28, 1)), r"`examples` must be \(5, h, w, c\)"),
        ("confidence", np.zeros(4), r"`confidence` must be \(5,\)"),
        ("attribute", np.zeros(0), r"`attribute` must be \(n,\) and not empty"),
    ],
)
def test_what_cannot_be_drawn_is_named(name, array, words):
    with pytest.raises(ValueError, match=words):
        Chart("accuracy", {**values(), name: array})
