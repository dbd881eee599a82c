"""Is the quantile of what streams by the one of all of it at once?"""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from keras_vis.measure.quantile import Quantile

RNG = np.random.default_rng(0)
SHAPE = (37, 7, 5, 6)
DATA = {
    "rectified": np.maximum(RNG.normal(-1, 1, SHAPE), 0),
    "negative": -np.exp(RNG.normal(0, 3, SHAPE)),
    "both signs": RNG.normal(0, 1e-3, SHAPE),
    "rising, so that the first guess is far too low": np.sort(RNG.normal(0, 1, SHAPE), axis=0),
    "falling, so that it is far too high": np.sort(RNG.normal(0, 1, SHAPE), axis=0)[::-1],
    "one number": np.full(SHAPE, -3.3),
    "five numbers": RNG.integers(-2, 3, SHAPE),
    "rarely above zero": (RNG.random(SHAPE) < 0.002) * 2.0,
    "extremes": RNG.choice([-3.4e38, -1e-45, -0.0, 0.0, 1e-45, 3.4e38], SHAPE),
}


def streamed(pieces, share: float) -> tuple[Quantile, int]:
    quantile, rounds = Quantile(share), 0
    while quantile.open:
        for piece in pieces:
            quantile.see(piece)
        quantile.turn()
        rounds += 1
    return quantile, rounds


@pytest.mark.parametrize("share", [0.995, 0.9, 0.5, 0.01])
@pytest.mark.parametrize("name", DATA)
def test_it_is_numpys_of_ragged_pieces(name, share):
    values = DATA[name].astype(np.float32)
    quantile, rounds = streamed([values[:3], values[3:20], values[20:21], values[21:]], share)
    flat = values.reshape(-1, 6)
    np.testing.assert_array_equal(quantile.values, np.quantile(flat, share, axis=0, method="inverted_cdf"))
    np.testing.assert_array_equal(quantile.lowest, flat.min(axis=0))
    assert quantile.total == len(flat)
    assert rounds <= 3


def test_it_is_the_lowest_value_with_no_larger_share_above_it():
    values = np.maximum(np.random.default_rng(1).normal(0, 1, (1000, 3)), 0).astype(np.float32)
    for share in (0.995, 0.9, 0.29):
        found = streamed([values], share)[0].values
        for unit, value in enumerate(found):
            own = values[:, unit]
            assert value in own
            assert (own > value).mean() <= 1 - share + 1e-12
            lower = own[own < value]
            assert not lower.size or (own > lower.max()).mean() > 1 - share


def test_shares_are_taken_as_they_are_written():
    # 0.07 * 100 is 7.000000000000001 in floats, which would be the eighth.
    assert streamed([np.arange(100, dtype=np.float32)[:, None]], 0.07)[0].values == 6


def test_two_rounds_are_enough_of_data_in_no_order():
    values = np.random.default_rng(2).normal(0, 1, (64, 8, 8, 4)).astype(np.float32)
    assert streamed(np.array_split(values, 4), 0.995)[1] == 2


def test_a_single_value_is_its_own_quantile():
    assert streamed([np.array([[2.5, -1.0]], np.float32)], 0.995)[0].values.tolist() == [2.5, -1.0]


def test_ten_times_the_data_take_no_more_memory():
    rng, peaks = np.random.default_rng(3), []
    piece = rng.normal(0, 1, (2048, 4)).astype(np.float32)
    for count in (2, 20):
        tracemalloc.start()
        streamed([piece] * count, 0.995)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_counts_grow_before_they_overflow(monkeypatch):
    values = np.random.default_rng(4).integers(0, 4, (500, 2)).astype(np.float32)
    monkeypatch.setattr("keras_vis.measure.quantile._MANY", 100)
    quantile = Quantile(0.5)
    quantile.see(values[:50])
    small = quantile._counts.dtype.itemsize
    quantile.see(values[50:])
    assert (small, quantile._counts.dtype.itemsize) == (4, 8)
    quantile.turn()
    while quantile.open:
        quantile.see(values)
        quantile.turn()
    np.testing.assert_array_equal(quantile.values, np.quantile(values, 0.5, axis=0, method="inverted_cdf"))


def test_nan_and_a_shorter_round_are_errors():
    with pytest.raises(ValueError, match="NaN in 1 of 2 units"):
        streamed([np.ones((4, 2), np.float32), np.array([[1, np.nan]], np.float32)], 0.9)
    quantile = Quantile(0.9)
    quantile.see(np.arange(20, dtype=np.float32)[:, None])
    quantile.turn()
    quantile.see(np.arange(19, dtype=np.float32)[:, None])
    with pytest.raises(ValueError, match="19 values of each unit, the first 20"):
        quantile.turn()


def test_values_looked_at_in_parts_are_all_counted(monkeypatch):
    monkeypatch.setattr("keras_vis.measure.quantile._AT_ONCE", 60)  # ten rows at once: 1,295 are not a multiple
    for share in (0.995, 0.5):
        values = DATA["rising, so that the first guess is far too low"].astype(np.float32).reshape(-1, 6)
        found = streamed([values], share)[0].values
        np.testing.assert_array_equal(found, np.quantile(values, share, axis=0, method="inverted_cdf"))


def test_a_negative_whole_number_is_found_though_it_ends_its_interval():
    # The lower half of the bits of -1.0 is the highest that there is.
    values = np.repeat(np.array([-3, -1], np.float32), [60, 40])[:, None]
    assert streamed([values], 0.9)[0].values == -1


def test_one_round_is_enough_where_the_quantile_is_the_lowest_value():
    assert streamed([DATA["rarely above zero"]], 0.9)[1] == 1
    assert streamed([DATA["one number"]], 0.5)[1] == 1


def test_two_rounds_are_enough_where_the_first_piece_is_large():
    values = np.random.default_rng(2).normal(0, 1, (20_000, 2)).astype(np.float32)
    assert streamed([values], 0.995)[1] == 2
