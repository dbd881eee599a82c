"""Which image does a target want? Gradient ascent, all of its steps in one graph.

    climb(model, start, target, low=, high=, stride=, steps=) -> Climb(images, scores, frames, stopped)

At each step the image is moved by its transforms, the target and the penalty are differentiated with respect to it, and
it takes a step along the gradient and stays within its bounds. Where a bar is shown, a long ascent is called in pieces
of a second, so that it moves and Ctrl-C is heard; the numbers do not depend on the pieces.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vis.engine import relu as relu_
from keras_vis.engine import tap
from keras_vis.engine.batch import Batch
from keras_vis.engine.fourier import smoothed
from keras_vis.engine.graph import Graph, form
from keras_vis.engine.probe import HALF_SCALES, Probe, probe
from keras_vis.engine.settled import Settled
from keras_vis.engine.target import Target
from keras_vis.engine.transforms import Transform, move

_NOTHING = 1e-37  # what is smaller has no reciprocal in float32
_FIRST_PIECE, _PIECE = 8, 1.0  # steps in the first piece, seconds in each later one


@dataclass(frozen=True)
class Way:
    """How to climb: what is part of the compiled graph.

    Attributes:
        penalty: taken off the target; it sees the image as it is, before the transforms.
        transforms: how the image is moved at each step before the model looks at it.
        fourier: whether a step is taken in the coordinates of `keras_vis.engine.fourier`.
        sign: whether a step is the gradient's sign instead of the gradient divided by its RMS.
        relative: whether the target's gradient is divided by its RMS before the penalty's is taken off, as in
            `keras_vis.activation_maximization`; else a score is the target's number less the penalty's.
        settling: whether steps become smaller, evenly down to nothing.
    """

    penalty: Target | None = None
    transforms: tuple[Transform, ...] = ()
    fourier: bool = False
    sign: bool = False
    relative: bool = True
    settling: bool = False


@dataclass(frozen=True)
class Climb:
    """Where an ascent has led.

    Attributes:
        images: ``(n, h, w, c)``; of one that stopped the last of which all was finite.
        scores: ``(steps, n)``, the target's number at each step, on the moved image, before the step; after a stop the
            last one that was finite.
        frames: ``(m, n, h, w, c)``, images on the way, the first and the last among them.
        frame_steps: ``(m,)``, after how many steps.
        stopped: ``(n,)``, the step at which an image's gradient was not finite; −1 where it always was.
    """

    images: np.ndarray
    scores: np.ndarray
    frames: np.ndarray
    frame_steps: np.ndarray
    stopped: np.ndarray

    def stops(self) -> dict[int, int]:
        """Return which images have stopped, and at which step."""
        return {i: int(step) for i, step in enumerate(self.stopped) if step >= 0}

    def warn(self) -> None:
        """Say so, if some have; two calls below the user's own."""
        if self.stops():
            each = ", ".join(f"image {i} at step {step}" for i, step in self.stops().items())
            message = f"the gradient is not finite: {each}. What is returned is the last image before that."
            warnings.warn(message, RuntimeWarning, stacklevel=4)


def climb(
    model: keras.Model,
    start: Batch,
    target: Target,
    *,
    low: np.ndarray | float,
    high: np.ndarray | float,
    stride: float,
    steps: int,
    span: float = 1.0,
    which: int = 0,
    way: Way | None = None,
    seed: int = 0,
    frames: int = 0,
    batch: int | None = None,
    resized: bool = False,
    again: bool = False,
    shown: Any = None,
) -> Climb:
    """Climb a target, or one for each image, from given images.

    Args:
        model: the model.
        start: where to begin.
        target: resolved for as many images.
        low: what no pixel falls below: a number, or one for each pixel ``(n, h, w, c)``.
        high: what none rises above, likewise.
        stride: the RMS (or, by sign, the height) of a step.
        steps: how many.
        span: from the lowest to the highest value of a pixel: the penalty sees the image divided by it.
        which: the input that is climbed, by index.
        way: how.
        seed: of the transforms.
        frames: how many images of the way are kept; 0 for none.
        batch: images at once.
        resized: whether the images may be of another size than the model's own: see `Probe.forward`.
        again: whether the ascent goes on from where another has led, so that an image may stop at once.
        shown: a bar of `batch.bar` to move on, by a step of an image at a time; None for none.
    """
    way, room, start = way or Way(), probe(model), start.looking(which)
    kind = target.asked if isinstance(target, Settled) else target
    size = start.at_once(batch)
    if not (target.alone and (way.penalty is None or way.penalty.alone)) and len(start) > size:
        raise ValueError(
            f"`target`: what compares the images of a batch needs them all at once: `batch` ≥ {len(start)}."
        )
    content = keras.tree.map_structure(np.asarray, target.feed(len(start)))
    cost = () if way.penalty is None else keras.tree.map_structure(np.asarray, way.penalty.feed(len(start)))
    bounds = [_each(end, start.arrays[which]) for end in (low, high)]
    marks = np.unique(np.round(np.linspace(0, steps, frames)).astype(int)) if frames else np.zeros(0, int)
    half = any(layer.compute_dtype == "float16" for layer in model._flatten_layers())
    found: list[Climb] = []
    for part in start.slices(size):
        fed = _taken((content, cost, *bounds), part)
        rows = tuple(array[part] for array in start.arrays)
        told = shown
        for scale in HALF_SCALES if half else (1.0,):
            ascent = functools.partial(_graph, room, start, kind, which, way, resized)
            floats = (np.array([value], np.float32) for value in (stride, scale, span))
            numbers = *floats, np.array([seed % 2**31], np.int32), np.array([steps], np.int32)
            pieces = _ascend(ascent, rows, which, (*fed, *numbers), steps, marks, told)
            if (pieces.stopped < 0).all():
                break
            told = None  # it has been moved on
        if (pieces.stopped == 0).any() and not again:
            raise ValueError(f"`target`: {target} or its gradient is not finite for the image to start from.")
        found.append(pieces)
    return Climb(
        np.concatenate([one.images for one in found]),
        np.concatenate([one.scores for one in found], axis=1),
        np.concatenate([one.frames for one in found], axis=1),
        marks,
        np.concatenate([one.stopped for one in found]),
    )


def _taken(content: Any, part: slice) -> Any:
    return keras.tree.map_structure(lambda array: array[part], content)


def _each(end: np.ndarray | float, images: np.ndarray) -> np.ndarray:
    """A bound for each image: one of all its pixels, or one of each."""
    end = np.asarray(end, np.float32)
    return end if end.ndim else np.full((len(images), *[1] * (images.ndim - 1)), end)


def _ascend(
    ascent: Any,
    rows: tuple[np.ndarray, ...],
    which: int,
    fed: tuple[Any, ...],
    steps: int,
    marks: np.ndarray,
    shown: Any,
) -> Climb:
    """Climb with as many images as go through at once, in pieces."""
    x, n = rows[which], len(rows[which])
    before = x
    alive, stopped, last = np.ones(n, bool), np.full(n, -1, np.int32), np.zeros(n, np.float32)
    scores, frames = [], [x] if 0 in marks else []
    for begin, count in _pieces(steps, marks, shown is not None):
        state = (*fed, np.array([begin], np.int32), np.array([count], np.int32), before, alive, stopped, last)
        arrays = tuple(x if i == which else array for i, array in enumerate(rows))
        x, before, alive, stopped, last, path = ascent(arrays, state)
        scores.append(path)
        if begin + count in marks:
            frames.append(x)
        if shown is not None:
            shown.update(n * count)
    kept = np.stack(frames) if frames else np.zeros((0, *x.shape), np.float32)
    return Climb(x, np.concatenate(scores), kept, marks, stopped)


def _pieces(steps: int, marks: np.ndarray, timed: bool) -> Iterator[tuple[int, int]]:
    """Yield where each piece begins and how many steps it has: up to the next mark; if timed, for about a second."""
    done, most = 0, _FIRST_PIECE if timed else steps
    while done < steps:
        end = min(done + most, steps, *(mark for mark in marks if mark > done))
        began = time.perf_counter()
        yield done, int(end - done)
        if timed:
            # A piece of a few steps says how long the others take.
            spent = (time.perf_counter() - began) / (end - done)
            most = max(int(_PIECE / max(spent, 1e-6)), 1)
        done = int(end)


def _graph(
    room: Probe, start: Batch, kind: Target, which: int, way: Way, resized: bool, arrays: Any, state: Any
) -> tuple[np.ndarray, ...]:
    """Run the compiled ascent; compile it the first time."""
    key = "climb", kind, which, way, resized, form(arrays), form(keras.tree.flatten(state))
    body = _body(room, start.structure, kind, which, way, resized)
    try:
        graph = room.compiled(key, lambda: Graph(body, start, state))
    except (ValueError, TypeError) as error:
        if not resized:
            raise
        height, width = arrays[which].shape[1:3]
        raise ValueError(
            f"the model cannot look at images of {height} x {width} pixels for {kind}. Give `octaves=1`, or ask about "
            f"a layer of maps, such as Energy(layer). ({error})"
        ) from error
    return graph.call(arrays, state)


def _body(room: Probe, structure: Any, kind: Target, which: int, way: Way, resized: bool) -> Any:
    """Return what is compiled for one form of target and one way."""
    paths = tuple(dict.fromkeys((*kind.layers, *(way.penalty.layers if way.penalty else ()))))
    reads_output = any(part is not None and part.output is not None for part in (kind, way.penalty))

    def body(inputs: tuple[tf.Tensor, ...], state: Any) -> tuple[tf.Tensor, ...]:
        content, cost, low, high, stride, scale, span, seed, total, begin, count, before, alive, stopped, last = state
        stride, scale, span, seed, total, begin, count = (
            number[0] for number in (stride, scale, span, seed, total, begin, count)
        )
        shape = inputs[which].shape

        def numbers(x: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
            """The target's and the penalty's numbers of images."""
            moved = _with_channels(lambda images: move(images, way.transforms, seed, step), x)
            rows = tuple(moved if i == which else tensor for i, tensor in enumerate(inputs))
            taps: dict[str, tf.Tensor] = {}
            outputs = room.forward(structure, rows, paths, taps.__setitem__, resized=resized)
            if reads_output and not outputs:
                # Left out, as the maps that are asked about too could be had without.
                raise ValueError(f"`target`: {kind} reads an output, which cannot be computed of images of this size.")
            number = tf.cast(kind.score(tap.Activations(rows, taps, outputs, which), content), tf.float32)
            if way.penalty is None:
                return number, None
            laid = tap.Activations(inputs, taps, outputs, x / span)
            return number, tf.cast(way.penalty.score(laid, cost), tf.float32)

        def let_through(x: tf.Tensor, step: tf.Tensor, gradient: tf.Tensor, dead: tf.Tensor) -> tf.Tensor:
            with relu_.rule("revive"):
                number, _ = numbers(x, step)
            revived = tf.cast(tf.gradients(number * scale, x)[0], tf.float32)
            return tf.where(_beside(dead, shape), revived, gradient)

        def step_on(i: Any, x: Any, before: Any, alive: Any, stopped: Any, last: Any, path: Any) -> tuple[Any, ...]:
            step = begin + i
            with tf.GradientTape(watch_accessed_variables=False, persistent=way.penalty is not None) as tape:
                tape.watch(x)
                number, penalty = numbers(x, step)
                scaled = number * scale
            gradient = tape.gradient(scaled, x)
            if gradient is None:
                raise ValueError(f"`target`: {kind} does not depend on the input.")
            gradient = tf.cast(gradient, tf.float32)
            if not way.sign:  # which is as it is: where the gradient is zero, so is its sign
                dead = alive & tf.reduce_all(tf.equal(gradient, 0), axis=list(range(1, shape.rank)))
                gradient = tf.cond(tf.reduce_any(dead), lambda: let_through(x, step, gradient, dead), lambda: gradient)
            push = gradient / scale
            if penalty is not None:
                slope = tape.gradient(penalty, x)
                if slope is None:
                    raise ValueError(f"`penalty`: {way.penalty} does not depend on the input.")
                if way.relative:
                    values = tf.cast(tf.reduce_prod(tf.shape(x)[1:]), tf.float32)
                    push = _unit(push)[0] - values * span * slope
                else:
                    push, number = push - slope, number - penalty
            if way.fourier:
                push = _with_channels(smoothed, push)
            unit, size = _unit(push)
            push = tf.sign(push) if way.sign else unit
            fine = tf.math.is_finite(size) & tf.math.is_finite(number)
            stopped = tf.where(alive & ~fine, step, stopped)
            last = tf.where(alive & tf.math.is_finite(number), number, last)
            alive = alive & fine
            share = 1.0 - tf.cast(step / total, tf.float32) if way.settling else 1.0
            new = tf.minimum(tf.maximum(x + stride * share * push, low), high)
            # Where it stops, back to the last image of which all was finite.
            back = tf.where(_beside(stopped == step, shape), before, x)
            return i + 1, tf.where(_beside(alive, shape), new, back), x, alive, stopped, last, path.write(i, last)

        path = tf.TensorArray(tf.float32, size=count, element_shape=(None,))
        start = (tf.constant(0), inputs[which], before, alive, stopped, last, path)
        _, x, before, alive, stopped, last, path = tf.while_loop(
            lambda i, *rest: i < count, step_on, start, parallel_iterations=1
        )
        return x, before, alive, stopped, last, path.stack()

    return body


def _with_channels(act: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor) -> tf.Tensor:
    """Do something to images that may lack the axis of channels."""
    return act(images) if images.shape.rank == 4 else act(images[..., None])[..., 0]


def _unit(values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Each image's values divided by their RMS, and that RMS, ``(n,)``: not finite where a value is not."""
    over = list(range(1, values.shape.rank))
    # First by the largest, whose square may be no float.
    largest = tf.reduce_max(tf.abs(values), axis=over, keepdims=True)
    largest = tf.where(largest < _NOTHING, tf.zeros_like(largest), largest)
    values *= tf.math.reciprocal_no_nan(largest)
    rms = tf.sqrt(tf.reduce_mean(tf.square(values), axis=over, keepdims=True))
    return values * tf.math.reciprocal_no_nan(rms), tf.reshape(largest * rms, [-1])


def _beside(numbers: tf.Tensor, shape: tf.TensorShape) -> tf.Tensor:
    """A number for each image, with the axes of the images."""
    return tf.reshape(numbers, [-1, *[1] * (shape.rank - 1)])
