"""Is a step in Fourier coordinates the one that its powers of the frequency say?"""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from keras_vis.engine.fourier import smoothed
from tests import nets

SHAPES = [(12, 10, 2), (9, 7, 1), (8, 8, 3), (7, 12, 3), (1, 6, 1), (5, 1, 1), (1, 1, 3)]


def step(values):
    return smoothed(tf.constant(values, tf.float32)).numpy().astype("float64")


def by_hand(values):
    """Of one channel: the whole transform, in float64, by its definition."""
    h, w = values.shape
    turn = [np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n) for n in (h, w)]
    each = [np.minimum(np.arange(n), n - np.arange(n)) / n for n in (h, w)]
    frequency = np.sqrt(each[0][:, None] ** 2 + each[1] ** 2)
    frequency[0, 0] = 1 / max(h, w)
    found = turn[0] @ values @ turn[1] / frequency**1.5
    return (turn[0].conj() @ found @ turn[1].conj() / (h * w)).real


@pytest.mark.parametrize("shape", SHAPES)
def test_a_step_is_linear_symmetric_and_upwards(shape):
    x, y = nets.images(2, seed=1, shape=shape), nets.images(2, seed=2, shape=shape)
    one, other = step(x), step(y)
    size = np.abs(one).max()
    np.testing.assert_allclose(step(2 * x - 3 * y), 2 * one - 3 * other, atol=2e-5 * size)
    np.testing.assert_allclose((one * y).sum(), (x * other).sum(), atol=2e-5 * size * np.prod(shape))
    # Along A A^T g the target rises, whatever its gradient g.
    assert ((one * x).sum(axis=(1, 2, 3)) > 0).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_transform_by_its_definition(shape):
    x = nets.images(2, shape=(*shape[:2], 2))
    wanted = np.stack([[by_hand(image[..., c]) for c in range(2)] for image in x])
    np.testing.assert_allclose(step(x).transpose(0, 3, 1, 2), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(12, 16), (9, 15), (8, 11), (7, 6)])
@pytest.mark.parametrize("cycles", [(0, 1), (1, 0), (2, 3), (3, 0), (3, 2)])
def test_a_wave_of_frequency_f_becomes_f_to_the_minus_one_and_a_half_of_it(size, cycles):
    (h, w), (p, q) = size, cycles
    i, j = np.arange(h)[:, None], np.arange(w)[None]
    wave = np.cos(2 * np.pi * (p * i / h + q * j / w) + (0.3 if (2 * p) % h or (2 * q) % w else 0))[None, ..., None]
    frequency = np.hypot(p / h, q / w)
    assert frequency >= 1 / max(h, w)
    np.testing.assert_allclose(step(wave), wave * frequency**-1.5, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(12, 16), (9, 5), (1, 7)])
def test_the_mean_counts_as_the_lowest_frequency(size):
    # Of sides up to 16 pixels the lowest frequency is 1/16, and 16^1.5 = 64.
    wanted = max(size) ** 1.5
    assert size != (12, 16) or wanted == pytest.approx(64)
    np.testing.assert_allclose(step(np.full((1, *size, 1), 0.5)), 0.5 * wanted, rtol=1e-5)
    x = nets.images(1, shape=(*size, 1))
    assert step(x).mean() == pytest.approx(wanted * x.mean(dtype="float64"), rel=1e-3)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_channels_that_are_no_colours_stay_apart(channels):
    x = nets.images(2, shape=(8, 6, channels))
    together = step(x)
    for c in range(channels):
        np.testing.assert_allclose(together[..., c], step(x[..., c : c + 1])[..., 0], rtol=1e-5, atol=1e-5)


def test_colours_are_mixed_by_their_covariance():
    # A dot of one colour, and its step in each. Of (0.26 0.09 0.02), (0.27 0 −0.05), (0.27 −0.09 0.03) for red, green,
    # blue: red with red is 0.26² + 0.09² + 0.02² = 0.0761, with green 0.26 · 0.27 − 0.02 · 0.05 = 0.0692, with blue
    # 0.26 · 0.27 − 0.09² + 0.02 · 0.03 = 0.0627; green with green 0.27² + 0.05² = 0.0754, with blue
    # 0.27² − 0.05 · 0.03 = 0.0714; blue with blue 0.27² + 0.09² + 0.03² = 0.0819.
    mixed = np.array([[0.0761, 0.0692, 0.0627], [0.0692, 0.0754, 0.0714], [0.0627, 0.0714, 0.0819]])
    dot = np.zeros((1, 7, 6, 1))
    dot[0, 2, 3] = 1
    grey = step(dot)[..., 0]
    for colour in range(3):
        image = np.zeros((1, 7, 6, 3))
        image[..., colour] = dot[..., 0]
        for other in range(3):
            np.testing.assert_allclose(step(image)[..., other], mixed[colour, other] * grey, rtol=1e-3, atol=1e-5)


def test_images_of_a_batch_stand_alone():
    x = nets.images(3, shape=(8, 8, 3))
    together = step(x)
    for i in range(3):
        np.testing.assert_allclose(together[i], step(x[i : i + 1])[0], rtol=1e-5, atol=1e-6)
