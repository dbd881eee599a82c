"""Is the correlation of ranks Spearman's, the cosine that of the angle, and each map's number its own?"""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.stats import spearmanr

from keras_vis.measure.drift import Drift, by_cosine, by_rank, cosines, joined, rank_correlations

RNG = np.random.default_rng(3)


def noise(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def test_equal_numbers_share_the_mean_of_their_ranks():
    # ranks 1.5 1.5 3 4 and 1 3 3 3, from their mean -1 -1 0.5 1.5 and -1.5 0.5 0.5 0.5: 2 / sqrt(4.5 * 3)
    values, earlier = np.array([[[5, 5], [7, 9]]], np.float32), np.array([[[0, 8], [8, 8]]], np.float32)
    np.testing.assert_allclose(rank_correlations(values, earlier), [2 / np.sqrt(13.5)], rtol=1e-15)


def test_without_ties_it_is_spearman_s_sum_of_squared_differences():
    values, earlier = noise(5, 6, 7), noise(5, 6, 7)
    for one, other, found in zip(values, earlier, rank_correlations(values, earlier), strict=True):
        ranks = [1 + np.argsort(np.argsort(part.ravel())) for part in (one, other)]
        n, squares = one.size, ((ranks[0] - ranks[1]) ** 2).sum()
        assert found == pytest.approx(1 - 6 * squares / (n * (n**2 - 1)), rel=1e-13)


def test_it_is_scipy_s_with_ties_and_over_all_channels():
    values, earlier = np.maximum(noise(4, 9, 9, 3), 0), np.round(noise(4, 9, 9, 3))
    values[1] += earlier[1]
    for i, found in enumerate(rank_correlations(values, earlier)):
        assert found == pytest.approx(spearmanr(values[i].ravel(), earlier[i].ravel()).statistic, abs=1e-13)


@pytest.mark.parametrize("lowest", [0, 75_000])
def test_what_rises_with_the_map_leaves_exactly_0_and_its_negative_exactly_2(lowest):
    # of a photograph's size, all numbers different, or half of them the lowest
    maps = np.maximum(RNG.permuted(np.arange(224.0 * 224 * 3).reshape(1, 224, 224, 3)), lowest)
    for risen in (2 * maps, maps - 80_000, maps**3, np.arctan(maps / 1e5), maps.astype(np.float32)):
        np.testing.assert_array_equal(by_rank(risen, maps).values, 0)
        np.testing.assert_array_equal(by_rank(-risen, maps).values, 2)


def test_two_constant_maps_have_kept_their_order_and_one_alone_has_lost_it():
    values, earlier = noise(3, 4, 4), noise(3, 4, 4)
    values[0], earlier[0], values[1], earlier[2] = 0.0, 5.0, 1.0, 0.0
    np.testing.assert_array_equal(rank_correlations(values, earlier), [1, 0, 0])
    values, earlier = noise(3, 4), noise(3, 4)
    values[:2], earlier[0], earlier[2] = 0, 0, 0
    np.testing.assert_array_equal(cosines(values, earlier), [1, 0, 0])


def test_a_scaled_filter_has_0_its_negative_2_one_at_a_right_angle_1():
    kernels = noise(4, 3, 3, 2)
    np.testing.assert_allclose(by_cosine(kernels * [[[[1e-3]]]], kernels).values, 0, atol=1e-15)
    np.testing.assert_array_equal(by_cosine(-2 * kernels, kernels).values, 2)
    edges = np.array([[[1, 0], [-1, 0]]], np.float32)
    assert by_cosine(edges, np.array([[[1, 0], [1, 0]]], np.float32)).values == 1
    # 60 degrees, and weights whose squares no float32 holds
    third = np.array([[0.5, np.sqrt(0.75)]])
    for size in (1e-30, 1.0, 1e30):
        turned, first = (size * third).astype(np.float32), np.array([[size, 0]], np.float32)
        np.testing.assert_allclose(by_cosine(turned, first).values, 0.5, rtol=1e-6)


@pytest.mark.parametrize("measure", [rank_correlations, cosines])
def test_each_number_is_that_of_its_map_alone(measure):
    values, earlier = noise(5, 6, 6), noise(5, 6, 6)
    together = measure(values, earlier)
    for i in range(5):
        assert measure(values[[i]], earlier[[i]])[0] == together[i]
    values[1:] = noise(4, 6, 6)
    assert measure(values, earlier)[0] == together[0]
    assert len(set(together)) == 5


def test_40_maps_take_no_more_memory_than_two():
    peaks = []
    maps, earlier = noise(40, 64, 64), noise(40, 64, 64)
    by_rank(maps[:2], earlier[:2])  # what is loaded only once
    for count in (2, 40):
        tracemalloc.start()
        rank_correlations(maps[:count], earlier[:count])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + maps[0].nbytes


def test_other_shapes_and_single_numbers_cannot_be_compared():
    maps = noise(2, 4, 4)
    assert by_rank(maps, maps[:1]) is None
    assert by_cosine(maps, maps[..., :3]) is None
    assert by_rank(maps[:, :1, :1], maps[:, :1, :1]) is None
    assert by_cosine(-maps[:, :1, :1], maps[:, :1, :1]).mean == 2
    for measure in (rank_correlations, cosines):
        with pytest.raises(ValueError, match=r"one shape. Received: \(2, 4, 4\) and \(1, 4, 4\)"):
            measure(maps, maps[:1])


def test_parts_are_joined_in_order_if_all_have_one_measure():
    one, two = Drift("1 - cosine", np.float32([0.5, 1])), Drift("1 - cosine", np.float32([0]))
    np.testing.assert_array_equal(joined([one, two]).values, np.float32([0.5, 1, 0]))
    assert joined([one, two]).mean == 0.5
    assert joined([one, None]) is None
    assert joined([one, Drift("1 - rank correlation", np.float32([0]))]) is None
