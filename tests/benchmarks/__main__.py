"""How much do the methods cost, beside the same passes written by hand?

    python -m tests.benchmarks            # prints a table; takes some minutes

Each row times one method against a hand-written `tf.function`, compiled once, that does the same forward and backward
passes and nothing else: no captions, no picture, no check of what comes in. The two take turns, and the ratio is the
median of the ratios of neighbouring turns, so that it holds where the machine's speed drifts. Milliseconds mean
something beside their neighbours only.

MobileNet has its ImageNet weights where KERAS_VIS_DATA has them, else random ones: the passes are the same.
"""

from __future__ import annotations

import functools
import os
import pathlib
import statistics
import sys
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

import keras_vis as kv
from mnist_demo.net import tutorial_net

Work = Callable[[], object]


def saliency_by_hand(model: keras.Model, images: np.ndarray) -> Work:
    """Forward, and backward to the pixels, of the predicted class's logit."""
    trunk = without_softmax(model)

    @tf.function(autograph=False)
    def passes(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            score = tf.reduce_max(trunk(x, training=False), axis=1)
        return tape.gradient(score, x)

    return lambda: passes(tf.constant(images)).numpy()


def grad_cam_by_hand(model: keras.Model, images: np.ndarray, layer: str) -> Work:
    """Forward, and backward to the layer alone, of the predicted class's logit; the weighted sum."""
    trunk = without_softmax(model)
    below = keras.Model(trunk.inputs, trunk.get_layer(layer).output)
    x = inputs = keras.Input(below.output.shape[1:])
    names = [part.name for part in trunk.layers]
    for part in trunk.layers[names.index(layer) + 1 :]:
        x = part(x)
    above = keras.Model(inputs, x)

    @tf.function(autograph=False)
    def passes(x: tf.Tensor) -> tf.Tensor:
        maps = below(x, training=False)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(maps)
            score = tf.reduce_max(above(maps, training=False), axis=1)
        weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2))
        return tf.nn.relu(tf.einsum("nk,nijk->nij", weights, maps))

    return lambda: passes(tf.constant(images)).numpy()


def without_softmax(model: keras.Model) -> keras.Model:
    """The model up to its logits, with the same weights; both models here are chains."""
    last = model.layers[-1]
    if not hasattr(last, "kernel"):  # MobileNet: the softmax is a layer of its own
        return keras.Model(model.inputs, model.layers[-2].output)
    x = model.layers[-2].output
    logits = keras.layers.Dense(last.units, name="logits")
    out = keras.Model(model.inputs, logits(x))
    logits.set_weights(last.get_weights())
    return out


def compare(ours: Work, theirs: Work, turns: int) -> tuple[float, float, float, tuple[float, float]]:
    """Milliseconds of both (medians), the median ratio of neighbouring turns, and its middle half."""
    for work in (ours, theirs, ours, theirs):
        work()
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(turns):
        # who goes first changes, so that neither gains by it
        for i in (0, 1) if turn % 2 else (1, 0):
            begun = time.perf_counter()
            (ours, theirs)[i]()
            times[i].append(1000 * (time.perf_counter() - begun))
    ratios = [a / b for a, b in zip(*times, strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4)
    return statistics.median(times[0]), statistics.median(times[1]), statistics.median(ratios), (low, high)


def mobilenet() -> keras.Model:
    """MobileNet 0.75 at 224."""
    model = keras.applications.MobileNet(alpha=0.75, input_shape=(224, 224, 3), weights=None)
    weights = pathlib.Path(os.environ.get("KERAS_VIS_DATA", ""), "mobilenet_0.75_224_imagenet.weights.h5")
    if weights.is_file():
        model.load_weights(weights)
    return model


def main() -> int:
    """Print the table."""
    rng = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    rows = []
    for name, model, shape, counts, layer, turns in (
        ("tutorial net", tutorial_net(), (28, 28, 1), (1, 16, 64), "conv_2", 60),
        ("MobileNet 0.75", mobilenet(), (224, 224, 3), (1, 4, 16), "conv_pw_13_relu", 16),
    ):
        for count in counts:
            x = rng.random((count, *shape), dtype="float32")
            wanted = saliency_by_hand(model, x)()
            np.testing.assert_allclose(
                kv.saliency(model, x).values, wanted, rtol=1e-2, atol=1e-4 * np.abs(wanted).max()
            )
            wanted = grad_cam_by_hand(model, x, layer)()
            np.testing.assert_allclose(
                kv.grad_cam(model, x).values, wanted, rtol=1e-2, atol=1e-4 * np.abs(wanted).max()
            )
            for method, ours, theirs in (
                ("saliency", functools.partial(kv.saliency, model, x, batch=64), saliency_by_hand(model, x)),
                ("Grad-CAM", functools.partial(kv.grad_cam, model, x, batch=64), grad_cam_by_hand(model, x, layer)),
            ):
                rows.append((method, name, count, *compare(ours, theirs, turns)))
    print(f"{'method':10}{'model':16}{'images':>7}{'ours ms':>10}{'by hand ms':>12}{'ratio':>8}   middle half")
    for method, name, count, ours_ms, theirs_ms, ratio, (low, high) in rows:
        print(f"{method:10}{name:16}{count:7d}{ours_ms:10.1f}{theirs_ms:12.1f}{ratio:8.2f}   {low:.2f} to {high:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
