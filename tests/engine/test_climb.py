"""Is every step of an ascent the one that its equation says, and do its pieces change nothing?"""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vis.engine import climb as room_
from keras_vis.engine.batch import take
from keras_vis.engine.climb import Way, climb
from keras_vis.engine.fourier import smoothed
from keras_vis.engine.penalties import Norm, TotalVariation
from keras_vis.engine.probe import probe
from keras_vis.engine.several import as_targets
from keras_vis.engine.target import Target, as_target
from keras_vis.engine.transforms import Jitter, Rotate, Scale
from keras_vis.engine.units import Channel, Diversity
from tests import nets

L = keras.layers
SHAPE = (4, 5, 2)


def linear(classes=3, shape=SHAPE, seed=4):
    """f(x) = x W, and W for each class as an image, in float64."""
    model = keras.Sequential([keras.Input(shape), L.Flatten(), L.Dense(classes, use_bias=False)])
    nets.draw_weights(model, seed, 1.0)
    return model, model.get_weights()[0].T.reshape(classes, *shape).astype("float64")


def go(model, x, target, *, low=-1e3, high=1e3, stride=0.1, steps=1, **options):
    """Climb from these images, an int for all or a list with a target for each."""
    start = take(model, x)
    outline = probe(model).outline(start)
    asked = as_targets(target, outline) if isinstance(target, list) else as_target(target, outline, len(start))
    return climb(model, start, asked, low=low, high=high, stride=stride, steps=steps, **options)


def unit(values):
    values = np.asarray(values, "float64")
    return values / np.sqrt((values**2).mean(axis=tuple(range(1, values.ndim)), keepdims=True))


def test_a_step_is_the_stride_along_the_gradient_divided_by_its_rms():
    model, weights = linear()
    x = nets.images(3, shape=SHAPE)
    found = go(model, x, [0, 2, 1], stride=0.25)
    wanted = x + 0.25 * unit(weights[[0, 2, 1]])
    np.testing.assert_allclose(found.images, wanted, atol=1e-6)
    np.testing.assert_allclose(np.sqrt(((found.images - x) ** 2).mean(axis=(1, 2, 3))), 0.25, rtol=1e-5)
    assert found.stops() == {}


@pytest.mark.parametrize("size", [1e-30, 1e-3, 1e30])
def test_a_step_is_as_long_however_steep_the_target(size):
    model, weights = linear()
    model.set_weights([(model.get_weights()[0] * size).astype("float32")])
    x = nets.images(1, shape=SHAPE)
    np.testing.assert_allclose(go(model, x, 1).images, x + 0.1 * unit(weights[1:2]), atol=1e-5)


def test_an_ascent_of_a_plane_ends_in_the_corner_of_its_bounds():
    model, weights = linear()
    # Of w between 0.5 and 3, 100 steps of 0.1 · w / RMS(w) are longer than the 3 from one bound to the other.
    model.set_weights([np.sign(model.get_weights()[0]) * (0.5 + np.abs(model.get_weights()[0]))])
    found = go(model, nets.images(1, shape=SHAPE), 1, low=-2, high=0.5, steps=100)
    np.testing.assert_array_equal(found.images[0], np.where(weights[1] > 0, 0.5, -2))


def test_a_step_with_a_penalty_by_hand():
    # Along unit(unit(w) − N ∇(mean u²)), u = x / span: N ∇ of the mean of u² is 2u.
    model, weights = linear()
    x, span = 3 * nets.images(2, shape=SHAPE), 5.0
    found = go(model, x, 2, span=span, way=Way(penalty=0.7 * Norm(2)))
    wanted = x + 0.1 * unit(unit(weights[[2, 2]]) - 0.7 * 2 * x / span)
    np.testing.assert_allclose(found.images, wanted, atol=2e-6)
    # The target's own number alone is told.
    np.testing.assert_allclose(found.scores[0], (x * weights[2]).sum(axis=(1, 2, 3)), rtol=1e-4)


def variation(u):
    """The total variation of an image (1, h, w, 1), by its definition."""
    right, down = np.zeros(u.shape), np.zeros(u.shape)
    right[:, :, :-1], down[:, :-1] = u[:, :, 1:] - u[:, :, :-1], u[:, 1:] - u[:, :-1]
    return (right**2 + down**2).mean()


def slope_of(cost, u):
    """The gradient of a cost, by central differences in float64."""
    slope = np.zeros(u.shape)
    for place in np.ndindex(*u.shape):
        nudge = np.zeros(u.shape)
        nudge[place] = 1e-4
        slope[place] = (cost(u + nudge) - cost(u - nudge)) / 2e-4
    return slope


def test_a_step_against_total_variation_by_a_finite_difference():
    model, weights = linear(shape=(4, 5, 1))
    x, span = nets.images(1, shape=(4, 5, 1)), 2.0
    slope = slope_of(variation, x.astype("float64") / span)
    found = go(model, x, 0, span=span, way=Way(penalty=0.3 * TotalVariation()))
    np.testing.assert_allclose(found.images, x + 0.1 * unit(unit(weights[:1]) - 0.3 * x.size * slope), atol=1e-5)


def test_the_penalty_sees_the_image_as_it_is_and_the_target_the_moved_one():
    model, weights = linear(shape=(4, 5, 1))
    x, move = nets.images(1, shape=(4, 5, 1)), Jitter(2)
    found = go(model, x, 0, seed=3, way=Way(penalty=TotalVariation(), transforms=(move,)))
    shift = move.shift(x.shape, tf.constant([3, 0])).numpy()
    assert shift.all()
    back, slope = np.roll(weights[:1], -shift, axis=(1, 2)), slope_of(variation, x.astype("float64"))
    np.testing.assert_allclose(found.images, x + 0.1 * unit(unit(back) - x.size * slope), atol=1e-5)
    assert found.scores[0, 0] == pytest.approx((np.roll(x, shift, axis=(1, 2)) * weights[0]).sum(), rel=1e-4)


def test_each_step_and_each_transform_has_a_seed_of_its_own():
    # The shifts of step t are those of seeds (seed, 2t) and (seed, 2t + 1).
    model, weights = linear(shape=(9, 8, 1))
    moves, x = (Jitter(2), Jitter(3)), nets.images(1, shape=(9, 8, 1))
    found = go(model, x, 0, steps=5, seed=11, way=Way(transforms=moves))
    wanted = x.astype("float64")
    for step in range(5):
        shift = sum(move.shift(x.shape, tf.constant([11, 2 * step + i])).numpy() for i, move in enumerate(moves))
        wanted += 0.1 * unit(np.roll(weights[:1], -shift, axis=(1, 2)))
    np.testing.assert_allclose(found.images, wanted, atol=2e-6)


def test_a_step_by_sign_is_the_stride_for_every_pixel():
    model, weights = linear()
    x = nets.images(2, shape=SHAPE)
    found = go(model, x, [1, 0], stride=0.03, steps=2, way=Way(sign=True))
    np.testing.assert_allclose(found.images, x + 0.06 * np.sign(weights[[1, 0]]), atol=1e-6)


@pytest.mark.parametrize("shape", [SHAPE, (6, 4, 3)])
def test_a_step_in_fourier_coordinates_is_a_smoothed_one(shape):
    model, weights = linear(shape=shape)
    x = nets.images(1, shape=shape)
    found = go(model, x, 0, way=Way(fourier=True))
    wanted = unit(smoothed(tf.constant(unit(weights[:1]), tf.float32)))
    np.testing.assert_allclose(found.images, x + 0.1 * wanted, atol=2e-6)
    assert np.abs(wanted - unit(weights[:1])).max() > 0.5


def test_settling_steps_become_smaller_evenly_down_to_nothing():
    # 0.1 · (1 + 3/4 + 2/4 + 1/4): the frames lie 0.1, 0.075, 0.05, 0.025 apart.
    model, weights = linear()
    x = nets.images(1, shape=SHAPE)
    found = go(model, x, 0, steps=4, frames=5, way=Way(settling=True))
    apart = np.sqrt((np.diff(found.frames, axis=0) ** 2).mean(axis=(1, 2, 3, 4)))
    np.testing.assert_allclose(apart, [0.1, 0.075, 0.05, 0.025], rtol=1e-4)
    np.testing.assert_allclose(found.images, x + 0.25 * unit(weights[:1]), atol=2e-6)


def test_the_bounds_of_each_pixel_hold_at_every_step():
    model, x = nets.sequential(), nets.images(3)
    rng = np.random.default_rng(2)
    low, high = (x - rng.uniform(0, 0.3, x.shape).astype("float32")), x + rng.uniform(0, 0.3, x.shape).astype("float32")
    found = go(model, x, [0, 3, 1], low=low, high=high, stride=0.2, steps=6, frames=7)
    assert len(found.frames) == 7
    assert (found.frames >= low).all()
    assert (found.frames <= high).all()
    assert (found.images == low).any(axis=(1, 2, 3)).all()
    assert (found.images == high).any(axis=(1, 2, 3)).all()


def test_each_score_is_that_of_the_image_before_the_step():
    model, x = nets.sequential(None), nets.images(3)
    classes = [4, 0, 2]
    found = go(model, x, classes, steps=6, frames=7)
    np.testing.assert_array_equal(found.frame_steps, np.arange(7))
    np.testing.assert_array_equal(found.frames[0], x)
    np.testing.assert_array_equal(found.frames[-1], found.images)
    wanted = [model.predict(frame, verbose=0)[np.arange(3), classes] for frame in found.frames[:-1]]
    np.testing.assert_allclose(found.scores, wanted, rtol=1e-4, atol=1e-5)
    assert (found.scores[-1] > found.scores[0] + 0.1).all()


def test_frames_are_as_even_as_whole_steps_can_be_and_change_nothing():
    model, x = nets.sequential(), nets.images(2)
    plain = go(model, x, 1, steps=10)
    assert plain.frames.shape == (0, 2, *nets.SHAPE)
    every = go(model, x, 1, steps=10, frames=11)
    for frames, steps in ((2, [0, 10]), (5, [0, 2, 5, 8, 10]), (40, list(range(11)))):
        found = go(model, x, 1, steps=10, frames=frames)
        np.testing.assert_array_equal(found.frame_steps, steps)
        np.testing.assert_array_equal(found.frames, every.frames[steps])
        np.testing.assert_array_equal(found.images, plain.images)
        np.testing.assert_array_equal(found.scores, plain.scores)


class Bar:
    """What has been told to a bar."""

    def __init__(self):
        self.told = []

    def update(self, count):
        self.told.append(count)


def test_pieces_change_no_bit(monkeypatch):
    model, x = nets.sequential(), nets.images(2)
    way = Way(penalty=0.1 * Norm(2), transforms=(Jitter(2), Rotate(), Scale()), fourier=True, settling=True)
    options = {"steps": 13, "seed": 5, "frames": 4, "way": way, "low": -1, "high": 1}
    whole = go(model, x, [1, 3], **options)
    for first, piece in ((1, 0.0), (5, 100.0)):
        monkeypatch.setattr(room_, "_FIRST_PIECE", first)
        monkeypatch.setattr(room_, "_PIECE", piece)
        shown = Bar()
        pieces = go(model, x, [1, 3], shown=shown, **options)
        assert len(shown.told) >= (13 if first == 1 else 2)
        assert sum(shown.told) == 13 * 2
        for name in ("images", "scores", "frames", "frame_steps", "stopped"):
            np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


def test_a_piece_takes_as_long_as_the_last_one_says(monkeypatch):
    # A clock that moves 0.1 s a step: after a first piece of 8 steps each later one has 1 s / 0.1 s = 10.
    clock = iter(np.cumsum([0, 0.8, 0, 1.0, 0, 0.3, 0, 0.9]))
    monkeypatch.setattr(room_.time, "perf_counter", lambda: next(clock))
    marks = np.array([0, 21, 30])
    assert list(room_._pieces(30, marks, True)) == [(0, 8), (8, 10), (18, 3), (21, 9)]
    monkeypatch.undo()
    assert list(room_._pieces(30, marks, False)) == [(0, 21), (21, 9)]


def test_a_smaller_batch_gives_the_same():
    model, x = nets.sequential(), nets.images(5)
    way = Way(penalty=0.1 * TotalVariation(), transforms=(Jitter(), Scale()))
    asked = [0, 4, Channel("conv_2", 2), 1, Channel("conv_1", 3)]
    whole = go(model, x, asked, steps=4, frames=3, way=way)
    for batch in (1, 3):
        parts = go(model, x, asked, steps=4, frames=3, way=way, batch=batch)
        np.testing.assert_allclose(parts.images, whole.images, atol=1e-5)
        np.testing.assert_allclose(parts.frames, whole.frames, atol=1e-5)
        np.testing.assert_allclose(parts.scores, whole.scores, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(parts.stopped, whole.stopped)


def test_each_image_climbs_its_own_target():
    model, x = nets.sequential(), nets.images(2)
    asked = [3, Channel("conv_2", 2)]
    together = go(model, x, asked, steps=5)
    for i, target in enumerate(asked):
        alone = go(model, x[i : i + 1], [target], steps=5)
        np.testing.assert_allclose(together.images[i], alone.images[0], atol=2e-5)
        np.testing.assert_allclose(together.scores[:, i], alone.scores[:, 0], rtol=1e-4, atol=1e-6)


def test_another_seed_is_another_way():
    model, x = nets.sequential(), nets.images(1)
    way = Way(transforms=(Jitter(3),))
    first, again, other = (go(model, x, 1, steps=3, seed=seed, way=way).images for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.05
    # Without transforms nothing is drawn.
    np.testing.assert_array_equal(go(model, x, 1, seed=0).images, go(model, x, 1, seed=1).images)


def test_one_graph_serves_all_classes_steps_strides_seeds_and_weights():
    model, room = nets.sequential(), None
    for n, classes, weight, steps, stride, seed in ((1, [0], 0.1, 3, 0.1, 0), (3, [1, 4, 1], 5.0, 7, 0.2, 9)):
        way = Way(penalty=weight * Norm(2), transforms=(Jitter(2),))
        go(model, nets.images(n), classes, steps=steps, stride=stride, seed=seed, span=1.0 + n, way=way, frames=n)
        if room is None:
            room = probe(model)
            traces = room.traces
    assert room.traces == traces
    go(model, nets.images(1), [0], way=Way(penalty=Norm(2), transforms=(Jitter(3),)))
    assert room.traces == traces + 1


def two_inputs():
    """f(a, b) = sum of (a + 2 b³) w, a and b images."""
    a, b = keras.Input(SHAPE, name="a"), keras.Input(SHAPE, name="b")
    model = keras.Model([a, b], L.Dense(1, use_bias=False)(L.Flatten()(a + 2 * b * b * b)))
    nets.draw_weights(model, 4, 1.0)
    return model, model.get_weights()[0].reshape(1, *SHAPE).astype("float64")


@pytest.mark.parametrize("which", [0, 1])
def test_of_two_inputs_the_other_stays_as_it_is(which):
    model, weights = two_inputs()
    given = [nets.images(2, seed=7, shape=SHAPE), nets.images(2, seed=8, shape=SHAPE)]
    before = [array.copy() for array in given]
    found = go(model, given, 0, which=which, steps=3, frames=4, way=Way(penalty=0.5 * Norm(2)))
    x = before[which].astype("float64")
    for step in range(3):
        a, b = (x, before[1]) if which == 0 else (before[0], x)
        np.testing.assert_allclose(found.scores[step], ((a + 2 * b**3) * weights).sum(axis=(1, 2, 3)), rtol=1e-3)
        slope = weights * (np.ones(x.shape) if which == 0 else 6 * x**2)
        # The penalty is of the input that is climbed.
        x = x + 0.1 * unit(unit(slope) - 0.5 * 2 * x)
        np.testing.assert_allclose(found.frames[step + 1], x, atol=1e-5)
    for array, held in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, held)


def rectified(weights, *biases, activation="relu"):
    """relu(w · x + b), and a rectifier more for each further b."""
    layers = [L.Dense(1, activation=activation) for _ in biases]
    model = keras.Sequential([keras.Input(weights.shape), L.Flatten(), *layers])
    given = [np.ravel(weights)[:, None], *[np.ones((1, 1))] * (len(biases) - 1)]
    model.set_weights([part for kernel, bias in zip(given, biases, strict=True) for part in (kernel, np.array([bias]))])
    return model


@pytest.mark.parametrize(
    ("activation", "biases", "sign", "start"),
    [
        ("relu", [-5.0], 1, 0.0),
        ("relu6", [-5.0], 1, 0.0),
        ("relu", [-3.0, -2.0], 1, 0.0),
        ("relu6", [-3.0, -2.0], 1, 0.0),
        ("relu6", [0.0], -1, 1.0),  # above 6, and to be made less
    ],
)
def test_a_dead_unit_is_raised(activation, biases, sign, start):
    weights = np.random.default_rng(0).uniform(0.5, 1, SHAPE).astype("float32")
    model, x = rectified(weights, *biases, activation=activation), np.full((1, *SHAPE), start, "float32")
    unit_ = sign * Channel(model.layers[-1].name, 0)
    # The plain gradient is zero, so that without its revival the image would stay.
    np.testing.assert_array_equal(probe(model).run(x, unit_).grads[0], 0)
    found = go(model, x, unit_, low=0, high=1, steps=20, frames=2)
    np.testing.assert_allclose(go(model, x, unit_, steps=1).images, x + sign * 0.1 * unit(weights[None]), atol=1e-6)
    held = 0.0 if sign > 0 else -6.0
    assert found.scores[0, 0] == held
    assert model.predict(found.images, verbose=0)[0, 0] * sign > held + 1
    assert found.stops() == {}


def test_beside_a_dead_image_others_climb_their_own_gradient():
    # f(x) = relu(a · x − 5) + relu(b · x − 5): of x = 0 both are dead, and a + b is let through; of x along a the first
    # lives, and its gradient a alone is climbed, although b would be let through too.
    rng = np.random.default_rng(0)
    a, b = unit(rng.normal(size=(2, *SHAPE)))
    b -= a * (a * b).mean()
    inputs = keras.Input(SHAPE)
    flat = L.Flatten()(inputs)
    model = keras.Model(inputs, L.Dense(1, activation="relu")(flat) + L.Dense(1, activation="relu")(flat))
    model.set_weights([a.reshape(-1, 1), np.array([-5.0]), b.reshape(-1, 1), np.array([-5.0])])
    x = np.stack([np.zeros(SHAPE), a, b]).astype("float32")
    np.testing.assert_allclose(probe(model).run(x, 0).grads[0], [0 * a, a, b], atol=1e-6)
    np.testing.assert_allclose(go(model, x, 0).images, x + 0.1 * unit([a + b, a, b]), atol=1e-6)


def test_a_unit_at_its_ceiling_is_let_be():
    model, x = rectified(np.ones(SHAPE, "float32"), 0.0, activation="relu6"), np.ones((1, *SHAPE), "float32")
    found = go(model, x, 0, steps=3)
    np.testing.assert_array_equal(found.scores, 6)
    np.testing.assert_array_equal(found.images, x)


def test_by_sign_a_gradient_of_zero_moves_nothing():
    model, x = rectified(np.ones(SHAPE, "float32"), -5.0), np.zeros((1, *SHAPE), "float32")
    np.testing.assert_array_equal(go(model, x, 0, steps=3, way=Way(sign=True)).images, x)
    assert go(model, x, 0, steps=3).images.min() > 0.2


def test_a_unit_that_nothing_can_raise_stays_silent():
    model = rectified(np.full(SHAPE, -1.0, "float32"), 0.0)
    found = go(model, np.full((1, *SHAPE), 0.5), Channel(model.layers[-1].name, 0), low=0, high=1, steps=10)
    np.testing.assert_array_equal(found.scores, 0)
    # What would raise it is less, and it cannot be less than 0.
    np.testing.assert_array_equal(found.images, 0)
    assert found.stops() == {}


@dataclasses.dataclass(frozen=True)
class Cliff(Target):
    """The sum of the pixels, no number where their mean is above 0.35."""

    def score(self, acts, feed):
        image = acts.inputs[0]
        mean = tf.reduce_mean(image, axis=(1, 2, 3))
        return tf.reduce_sum(image, axis=(1, 2, 3)) + 0 * tf.math.log(0.35 - mean)


@pytest.mark.parametrize("pieces", [False, True])
def test_an_image_stops_where_its_number_is_none_and_the_others_go_on(pieces, monkeypatch):
    # Each step is 0.1 for each pixel. From 0: 0.1, 0.2, 0.3, 0.4, of which step 4 finds no number; from −1 none is met;
    # from 0.2: 0.3, 0.4, of step 2. What comes back is the image of which there was one.
    model, _ = linear()
    monkeypatch.setattr(room_, "_FIRST_PIECE", 3)
    monkeypatch.setattr(room_, "_PIECE", 0.0)
    x = np.broadcast_to(np.reshape([0, -1, 0.2], (3, 1, 1, 1)), (3, *SHAPE))
    found = go(model, x, Cliff(), steps=8, frames=9, shown=Bar() if pieces else None)
    np.testing.assert_array_equal(found.stopped, [4, -1, 2])
    assert found.stops() == {0: 4, 2: 2}
    for image, value in zip(found.images, (0.3, -0.2, 0.3), strict=True):
        np.testing.assert_allclose(image, value, atol=1e-6)
    wanted = 40 * np.array([[0, -1, 0.2], [0.1, -0.9, 0.3], [0.2, -0.8, 0.3], [0.3, -0.7, 0.3], [0.3, -0.6, 0.3]])
    np.testing.assert_allclose(found.scores[:5], wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.scores[5:, 1], [-20, -16, -12], rtol=1e-5)
    np.testing.assert_allclose(found.frames[:, 0].mean(axis=(1, 2, 3)), [0, 0.1, 0.2, 0.3, 0.4, *[0.3] * 4], atol=1e-6)


def test_a_gradient_that_is_no_number_stops_too():
    # The root of a pixel has at 0 an infinite slope: the image with a pixel of 0.05 falls there with the first step.
    model = keras.Sequential([keras.Input((2, 2, 1)), L.Flatten(), L.Lambda(lambda z: -keras.ops.sqrt(z))])
    x = np.array([0.05, 0.9], "float32").reshape(2, 1, 1, 1) * np.ones((2, 2, 2, 1), "float32")
    found = go(model, x, 0, low=0, steps=4)
    np.testing.assert_array_equal(found.stopped, [1, -1])
    np.testing.assert_array_equal(found.images[0], x[0])
    np.testing.assert_allclose(found.images[1, 0, 0, 0], 0.9 - 4 * 0.1 * 2, atol=1e-6)  # one of four pixels: RMS 1/2
    np.testing.assert_allclose(found.scores[:, 0], -np.sqrt([0.05, 0, 0, 0]), atol=1e-6)


@pytest.mark.parametrize("start", [0.5, 0.35])
def test_no_number_at_the_start_is_an_error(start):
    model, _ = linear()
    x = np.stack([np.zeros(SHAPE), np.full(SHAPE, start)])
    with pytest.raises(ValueError, match="`target`: Cliff or its gradient is not finite for the image to start"):
        go(model, x, Cliff())


def test_images_without_an_axis_of_channels_climb_as_with_one():
    model, weights = linear(shape=(8, 6))
    twin, _ = linear(shape=(8, 6, 1))
    x = nets.images(2, shape=(8, 6))
    np.testing.assert_allclose(go(model, x, 1).images, x + 0.1 * unit(weights[[1, 1]]), atol=1e-6)
    moves = (Jitter(2), Rotate(), Scale())
    for way in (Way(TotalVariation(), moves), Way(fourier=True)):
        found, wanted = go(model, x, 1, steps=3, way=way), go(twin, x[..., None], 1, steps=3, way=way)
        np.testing.assert_allclose(found.images, wanted.images[..., 0], atol=1e-6)
        np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-5)


def in_half(make):
    policy = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_float16")
        return make()
    finally:
        keras.config.set_dtype_policy(policy)


@pytest.mark.parametrize("sizes", [(1e-3, 3e-4), (1.0, 1.0), (1.0, 300.0)])
def test_half_precision_climbs_as_full_precision_does(sizes):
    # Small weights give gradients that half floats do not hold, large ones such as they do not hold times 1,024.
    full, x = nets.sequential(None), nets.images(2)
    half = in_half(lambda: nets.sequential(None))
    full.set_weights([w * s for w, s in zip(full.get_weights(), [1, 1, sizes[0], 1, sizes[1], 0], strict=True)])
    half.set_weights(full.get_weights())
    wanted, found = (go(model, x, [1, 3], steps=5, stride=0.05) for model in (full, half))
    assert found.stops() == {}
    assert found.images.dtype == np.float32
    # Correlated, not equal: where a rectifier is near zero, half a float decides which way it falls. Of the smallest
    # weights 0.985; without the scale of the score 0.915.
    assert np.corrcoef((found.images - x).ravel(), (wanted.images - x).ravel())[0, 1] > 0.97
    np.testing.assert_allclose(found.scores, wanted.scores, atol=0.02 * np.abs(wanted.scores).max())
    if sizes[0] == 1:  # otherwise the score rises by less than a half float
        assert (np.diff(found.scores, axis=0) > 0).all()


def test_the_image_that_is_given_is_not_changed():
    model, x = nets.sequential(), nets.images(2)
    before, weights = x.copy(), [w.copy() for w in model.get_weights()]
    go(model, x, 1, steps=3)
    np.testing.assert_array_equal(x, before)
    for now, then in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_target_that_does_not_see_the_image_is_refused():
    class Constant(Target):
        def score(self, acts, feed):
            return tf.zeros(tf.shape(acts.inputs[0])[0])

    model, x = nets.sequential(), nets.images(1)
    with pytest.raises(ValueError, match="`target`: Constant does not depend on the input"):
        go(model, x, Constant())
    with pytest.raises(ValueError, match="`penalty`: Constant does not depend on the input"):
        go(model, x, 1, way=Way(penalty=Constant()))


def test_what_compares_images_needs_them_at_once():
    model, x = nets.sequential(), nets.images(3)
    room = probe(model)
    way = Way(penalty=(0.5 * Diversity("conv_2")).resolve(room.outline(x), 3))
    message = "`target`: what compares the images of a batch needs them all at once: `batch` ≥ 3"
    with pytest.raises(ValueError, match=message):
        go(model, x, 1, way=way, batch=2)
    with pytest.raises(ValueError, match=message):
        go(model, x, -1 * Diversity("conv_2"), batch=2)
    # Together, and held against the definition: unit(g) − N ∇ of the mean cosine.
    found = go(model, x, 1, way=way, batch=3)
    grads = probe(model).run(x, 1).grads[0]
    with tf.GradientTape() as tape:
        tape.watch(given := tf.constant(x))
        maps = model.get_layer("conv_2")(model.get_layer("conv_1")(given))
        code = tf.reshape(maps, [3, -1, 6])
        gram = tf.reshape(tf.einsum("npi,npj->nij", code, code), [3, -1])
        gram /= tf.norm(gram, axis=1, keepdims=True)
        # Each image's mean cosine with the two others; the sum over the images.
        cost = (tf.reduce_sum(gram @ tf.transpose(gram)) - 3) / 2
    slope = tape.gradient(cost, given).numpy().astype("float64") * x[0].size
    np.testing.assert_allclose(found.images, x + 0.1 * unit(unit(grads) - 0.5 * slope), atol=1e-5)


@pytest.mark.parametrize("batch", [0, -1, 2.5, True])
def test_a_batch_of_no_images_is_refused(batch):
    model, _ = linear()
    with pytest.raises(ValueError, match="`batch` must be a positive whole number of images"):
        go(model, nets.images(1, shape=SHAPE), 0, batch=batch)
