"""Is an image moved as said, as much to one side as to the other, and is its gradient moved back exactly?"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from keras_vis.engine.transforms import Affine, Jitter, Rotate, Scale, move, resample
from tests import nets

TURNED = [[0.0, 1.0], [-1.0, 0.0]]


def seeds(n):
    return tf.stack([tf.zeros(n, tf.int32), tf.range(n)], axis=1)


def at_each(draw, n, dtype=tf.float32):
    """What is drawn with each of n seeds, in one graph."""
    return tf.function(lambda: tf.map_fn(draw, seeds(n), fn_output_signature=dtype), autograph=False)().numpy()


def shifts(jitter, shape, n):
    return at_each(lambda seed: jitter.shift(shape, seed), n, tf.int32)


def by_hand(images, matrix):
    """`resample`, pixel by pixel, in float64."""
    images, matrix = images.astype("float64"), np.asarray(matrix, "float64")
    (h, w), found = images.shape[1:3], np.zeros(images.shape)
    middle = np.array([(h - 1) / 2, (w - 1) / 2])
    for row in range(h):
        for column in range(w):
            place = np.clip(matrix @ (np.array([row, column]) - middle) + middle, 0, [h - 1, w - 1])
            for i in range(h):
                for j in range(w):
                    share = max(0, 1 - abs(place[0] - i)) * max(0, 1 - abs(place[1] - j))
                    found[:, row, column] += share * images[:, i, j]
    return found


def test_jitter_shifts_as_far_to_either_side_on_the_average():
    n, most = 4000, 3
    drawn = shifts(Jitter(most), (1, 20, 20, 1), n)
    # The variance of the whole numbers from −3 to 3 is 4.
    assert (np.abs(drawn.mean(axis=0)) < 4 * 2 / math.sqrt(n)).all()
    for axis in range(2):
        values, counts = np.unique(drawn[:, axis], return_counts=True)
        np.testing.assert_array_equal(values, np.arange(-most, most + 1))
        each = 1 / len(values)
        assert (np.abs(counts / n - each) < 4 * math.sqrt(each * (1 - each) / n)).all()
    # Rows and columns are drawn apart.
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 4 / math.sqrt(n)


@pytest.mark.parametrize(("side", "most"), [(1, 1), (10, 1), (32, 2), (100, 6), (224, 14)])
def test_jitter_shifts_by_a_sixteenth_of_the_side(side, most):
    drawn = shifts(Jitter(), (1, side, 48, 1), 300)
    assert np.abs(drawn[:, 0]).max() == most
    assert np.abs(drawn[:, 1]).max() == 3


def test_jitter_is_a_roll():
    x = nets.images(3)
    for seed in seeds(5):
        down, right = Jitter(4).shift(x.shape, seed).numpy()
        np.testing.assert_array_equal(Jitter(4)(tf.constant(x), seed), np.roll(x, (down, right), axis=(1, 2)))


def test_nothing_moved_is_the_image_itself():
    for shape in ((12, 10, 2), (7, 7, 3), (1, 5, 1), (6, 1, 1), (1, 1, 2)):
        x = nets.images(2, shape=shape)
        np.testing.assert_array_equal(resample(tf.constant(x), tf.eye(2)), x)


def test_a_quarter_turn_is_against_the_clock():
    x = nets.images(2, shape=(6, 6, 3))
    turned = resample(tf.constant(x), tf.constant(TURNED))
    np.testing.assert_array_equal(turned, np.rot90(x, 1, axes=(1, 2)))
    # The pixel at the right of the upper edge comes to the left of it.
    np.testing.assert_array_equal(turned[:, 0, 0], x[:, 0, -1])


def test_enlarged_twice_a_ramp_has_half_its_slope():
    # Of 9 columns the middle is 4: f(j) = 3j + 5i + 1 becomes 3 (4 + (j − 4) / 2) + 5 (4 + (i − 4) / 2) + 1.
    i, j = np.meshgrid(np.arange(9.0), np.arange(9.0), indexing="ij")
    ramp = (5 * i + 3 * j + 1)[None, ..., None].astype("float32")
    wanted = 3 * (4 + (j - 4) / 2) + 5 * (4 + (i - 4) / 2) + 1
    np.testing.assert_allclose(resample(tf.constant(ramp), tf.eye(2) / 2)[0, ..., 0], wanted, rtol=1e-6)


def test_shrunk_to_half_the_edge_goes_on():
    # Place 3 + 2 (j − 3) of 0 to 6: −3, −1, 1, 3, 5, 7, 9, cut off at 0 and 6.
    ramp = np.broadcast_to(np.arange(7, dtype="float32")[:, None], (1, 7, 7, 1))
    found = resample(tf.constant(ramp), 2 * tf.eye(2))[0, 3, :, 0]
    np.testing.assert_array_equal(found, [0, 0, 1, 3, 5, 6, 6])


@pytest.mark.parametrize("move", [Jitter(), Rotate(180), Scale(1)])
def test_what_is_the_same_everywhere_stays_so(move):
    x = np.full((2, 9, 6, 3), 0.7, "float32")
    for seed in seeds(8):
        np.testing.assert_allclose(move(tf.constant(x), seed), x, rtol=1e-6)


@pytest.mark.parametrize("shape", [(5, 4, 2), (1, 6, 1), (5, 1, 2), (1, 1, 1)])
@pytest.mark.parametrize("matrix", [TURNED, [[0.8, 0.5], [-0.5, 0.9]], [[1.7, 0.0], [0.0, 1.7]]])
def test_between_pixels_it_is_linear(shape, matrix):
    x = nets.images(2, shape=shape)
    np.testing.assert_allclose(resample(tf.constant(x), tf.constant(matrix)), by_hand(x, matrix), atol=2e-6)


@pytest.mark.parametrize("move", [Rotate(), Rotate(90), Scale(), Scale(0.5), Jitter()])
@pytest.mark.parametrize("shape", [(12, 10, 2), (1, 7, 3), (8, 1, 1)])
def test_the_gradient_is_the_transpose(move, shape):
    x, y = nets.images(3, seed=1, shape=shape), nets.images(3, seed=2, shape=shape)
    for seed in seeds(4):
        with tf.GradientTape() as tape:
            tape.watch(given := tf.constant(x))
            moved = move(given, seed)
        back = tape.gradient(moved, given, output_gradients=tf.constant(y)).numpy()
        one = (moved.numpy().astype("float64") * y).sum()
        other = (x.astype("float64") * back).sum()
        assert one == pytest.approx(other, abs=1e-5)


@pytest.mark.parametrize("move", [Rotate(), Scale(), Jitter()])
def test_the_same_seed_moves_alike_and_another_otherwise(move):
    x = tf.constant(nets.images(1))
    first, again, other = (move(x, tf.constant(seed)).numpy() for seed in ([3, 1], [3, 1], [4, 1]))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
    assert np.abs(first - move(x, tf.constant([3, 2])).numpy()).max() > 1e-3


@pytest.mark.parametrize("move", [Rotate(), Scale(), Jitter()])
def test_the_images_of_a_call_are_moved_alike(move):
    x, seed = nets.images(4), tf.constant([5, 0])
    together = move(tf.constant(x), seed).numpy()
    assert np.abs(together - x).max() > 1e-3
    for i in range(4):
        np.testing.assert_array_equal(together[i], move(tf.constant(x[i : i + 1]), seed)[0])


def test_rotations_are_even_between_the_angles_given():
    # Of x's ramp through the middle, turned by a, the slope downwards is −sin a and to the right cos a.
    i, j = np.meshgrid(np.arange(21.0), np.arange(21.0), indexing="ij")
    ramps = tf.constant(np.stack([i, j])[..., None].astype("float32"))

    def angle(seed):
        turned = Rotate(30)(ramps, seed)[..., 0]
        return tf.atan2(turned[0, 10, 11] - 10, turned[1, 10, 11] - 10)

    angles = np.degrees(at_each(angle, 1500))
    assert 29.5 < np.abs(angles).max() <= 30.01
    # Even in [−30, 30]: a deviation of 30 / √3.
    assert abs(angles.mean()) < 4 * 30 / math.sqrt(3 * 1500)
    assert angles.std() == pytest.approx(30 / math.sqrt(3), rel=0.05)


def test_sizes_are_even_in_the_logarithm():
    i = np.broadcast_to(np.arange(41.0)[:, None], (41, 41))
    ramp = tf.constant(i[None, ..., None].astype("float32"))
    sizes = -np.log(at_each(lambda seed: Scale(0.5)(ramp, seed)[0, 21, 20, 0] - 20, 1500)) / math.log(1.5)
    assert 0.98 < np.abs(sizes).max() <= 1.001
    assert abs(sizes.mean()) < 4 / math.sqrt(3 * 1500)
    assert sizes.std() == pytest.approx(1 / math.sqrt(3), rel=0.05)


@pytest.mark.parametrize("pixels", [0, -1, 1.5, True, "2"])
def test_a_jitter_of_no_whole_pixels_is_refused(pixels):
    with pytest.raises(ValueError, match=f"`pixels` must be a whole number, at least 1; received {pixels!r}"):
        Jitter(pixels)


@pytest.mark.parametrize("degrees", [0, -5.0, 180.5, float("nan")])
def test_a_rotation_by_no_angle_is_refused(degrees):
    with pytest.raises(ValueError, match=f"`degrees` must be (a number above 0|at most 180); received {degrees!r}"):
        Rotate(degrees)


@pytest.mark.parametrize("amount", [0, -0.1, 1.1, float("nan")])
def test_a_scaling_by_nothing_is_refused(amount):
    with pytest.raises(ValueError, match=f"`amount` must be (a number above 0|at most 1); received {amount!r}"):
        Scale(amount)


def test_moves_say_how_far():
    said = [str(move) for move in (Jitter(), Jitter(3), Rotate(), Scale())]
    assert said == ["jitter", "jitter by up to 3 pixels", "rotation by up to 5°", "scaling by up to 5 %"]
    assert Jitter(3) == Jitter(3) != Jitter(2)
    assert len({Rotate(5), Rotate(5.0), Rotate(6)}) == 2


@dataclasses.dataclass(frozen=True)
class Shear(Affine):
    """Rows or columns pushed along, always alike."""

    matrix_: tuple[tuple[float, float], tuple[float, float]]

    def matrix(self, seed):
        return tf.constant(self.matrix_)


def test_affine_moves_in_a_row_are_one_and_in_their_order():
    # Of the ramp 5i + 3j about the middle, sheared by S and then by T, is at p what was at S T p: with S = (1 1; 0 1)
    # and T = (1 0; 1 1) S T = (2 1; 1 1), so that 5i + 3j becomes 5 (2i + j) + 3 (i + j) = 13i + 8j.
    i, j = np.meshgrid(np.arange(-6.0, 7), np.arange(-6.0, 7), indexing="ij")
    ramp = tf.constant((5 * i + 3 * j)[None, ..., None].astype("float32"))
    along, down = Shear(((1.0, 1.0), (0.0, 1.0))), Shear(((1.0, 0.0), (1.0, 1.0)))
    found = move(ramp, (along, down), tf.constant(0), tf.constant(0))[0, ..., 0]
    inner = np.s_[5:8, 5:8]
    np.testing.assert_allclose(found[inner], (13 * i + 8 * j)[inner], atol=1e-5)
    one_by_one = down(along(ramp, tf.constant([0, 0])), tf.constant([0, 1]))[0, ..., 0]
    np.testing.assert_allclose(found[inner], one_by_one[inner], atol=1e-5)


def test_moves_come_one_after_the_other_each_with_a_seed_of_its_own():
    # A jitter between two turns keeps them apart.
    x, moves = tf.constant(nets.images(2)), (Rotate(30), Jitter(3), Scale(0.5), Jitter(2))
    wanted = x
    for number, one in enumerate(moves):
        wanted = one(wanted, tf.constant([7, 4 * 5 + number]))
    np.testing.assert_allclose(move(x, moves, tf.constant(7), tf.constant(5)), wanted, atol=1e-6)
    np.testing.assert_array_equal(move(x, (), tf.constant(7), tf.constant(5)), x)
