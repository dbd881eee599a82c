"""How much do the methods cost, beside the same passes written by hand?

    python -m tests.benchmarks            # prints two tables; takes some minutes

Each row times one method against a hand-written `tf.function`, compiled once, that does the same forward and backward
passes and nothing else: no captions, no picture, no check of what comes in. The two take turns, and the ratio is the
median of the ratios of neighbouring turns, so that it holds where the machine's speed drifts. Milliseconds mean
something beside their neighbours only.

Methods that make many versions of an image are held against the same number of passes over images that are there
already, in batches of the best size: with the class known, nothing made, nothing summed.

Ascents are held against the same passes, one after the other, of images that stay as they are.

The second table is about memory: the peak of a fresh process that does the work once, less that of one which runs a
single image through the model.

MobileNet has its ImageNet weights where KERAS_VIS_DATA has them, else random ones: the passes are the same.
"""

from __future__ import annotations

import functools
import os
import pathlib
import statistics
import subprocess
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


def gap_cam_by_hand(model: keras.Model, images: np.ndarray) -> Work:
    """Forward, and the maps weighed by the dense layer's weights of the predicted class."""
    trunk, dense = model.get_layer("trunk"), model.get_layer("preds")

    @tf.function(autograph=False)
    def passes(x: tf.Tensor) -> tf.Tensor:
        maps = trunk(x, training=False)
        logits = tf.reduce_mean(maps, axis=(1, 2)) @ dense.kernel + dense.bias
        weights = tf.gather(tf.transpose(dense.kernel), tf.argmax(logits, axis=1))
        return tf.einsum("nk,nijk->nij", weights, maps)

    return lambda: passes(tf.constant(images)).numpy()


def gradients_by_hand(model: keras.Model, rows: np.ndarray, classes: np.ndarray, size: int) -> Work:
    """Forward, and backward to the pixels, of the logits of given classes, `size` rows at a time."""
    trunk = without_softmax(model)

    @tf.function(autograph=False)
    def passes(x: tf.Tensor, c: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            score = tf.gather(trunk(x, training=False), c, axis=1, batch_dims=1)
        return tape.gradient(score, x)

    parts = [slice(start, start + size) for start in range(0, len(rows), size)]
    return lambda: [passes(tf.constant(rows[part]), tf.constant(classes[part])).numpy() for part in parts]


def forward_by_hand(model: keras.Model, rows: np.ndarray, classes: np.ndarray, size: int) -> Work:
    """Forward alone, to the logits of given classes, `size` rows at a time."""
    trunk = without_softmax(model)

    @tf.function(autograph=False)
    def passes(x: tf.Tensor, c: tf.Tensor) -> tf.Tensor:
        return tf.gather(trunk(x, training=False), c, axis=1, batch_dims=1)

    parts = [slice(start, start + size) for start in range(0, len(classes), size)]
    # The same rows again and again: 40,000 of them would be more memory than there is.
    return lambda: [
        passes(tf.constant(rows[: len(classes[part])]), tf.constant(classes[part])).numpy() for part in parts
    ]


def loop_by_hand(model: keras.Model, shape: tuple[int, ...], classes: int, steps: int) -> Work:
    """Forward and backward for an image of each class, again and again, and nothing done with it."""
    trunk, x, c = without_softmax(model), tf.random.uniform((classes, *shape)), tf.range(classes)

    @tf.function(autograph=False)
    def passes(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            score = tf.gather(trunk(x, training=False), c, axis=1, batch_dims=1)
        return tape.gradient(score, x)

    return lambda: [passes(x) for _ in range(steps)][-1].numpy()


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


# name, model, shape of an image, layer for Grad-CAM, numbers of images, and of images of which many versions are made
MODELS = (
    ("tutorial net", tutorial_net, (28, 28, 1), "conv_2", (1, 16, 64), (1, 4, 16)),
    ("MobileNet 0.75", mobilenet, (224, 224, 3), "conv_pw_13_relu", (1, 4, 16), (1, 2)),
)
BEST = {"tutorial net": 64, "MobileNet 0.75": 32}  # rows at a time, by hand
VERSIONS = (
    ("IG, 50 steps", 50, kv.integrated_gradients),
    ("SmoothGrad 20", 20, functools.partial(kv.smooth_grad, samples=20)),
    ("SmoothGrad 50", 50, kv.smooth_grad),
)


# name, model, options, images, forward passes for each image
FORWARD = (
    ("occlusion", "tutorial net", kv.occlusion, {"patch": 4}, (1, 64), 49),
    ("occl., stride 1", "tutorial net", kv.occlusion, {"patch": 4, "stride": 1}, (1, 64), 625),
    ("RISE 1000", "tutorial net", kv.rise, {"samples": 1000}, (1,), 1000),
    ("Score-CAM", "tutorial net", kv.score_cam, {}, (1, 16), 64),
    ("occlusion", "MobileNet 0.75", kv.occlusion, {"patch": 28}, (1, 4), 64),
    ("RISE 500", "MobileNet 0.75", kv.rise, {"samples": 500}, (1,), 500),
    ("Score-CAM", "MobileNet 0.75", kv.score_cam, {}, (1,), 768),
    ("Score-CAM 64", "MobileNet 0.75", kv.score_cam, {"channels": 64}, (1, 3), 64),
)
# name, options of an ascent
COST = {"penalty": 0.1 * kv.TotalVariation() + 0.1 * kv.Norm(2), "transforms": (kv.Jitter(),)}
ASCENTS = (
    ("pixels", {**COST, "parameterization": "pixels"}),
    ("Fourier", COST),
    ("default", {}),
)


def main() -> int:
    """Print the tables; or, with arguments, the peak memory of one piece of work."""
    if len(sys.argv) > 1:
        return tell_peak(*sys.argv[1:])
    keras.utils.set_random_seed(0)
    print(f"{'method':15}{'model':16}{'images':>7}{'ours ms':>10}{'by hand ms':>12}{'ratio':>8}   middle half")
    for name, make, shape, layer, counts, few in MODELS:
        model, turns = make(), 60 if shape[0] < 100 else 16
        for count in counts:
            x = np.random.default_rng(0).random((count, *shape), dtype="float32")
            by_hand = saliency_by_hand(model, x), grad_cam_by_hand(model, x, layer)
            for method, ours, theirs in zip(("saliency", "Grad-CAM"), (kv.saliency, kv.grad_cam), by_hand, strict=True):
                wanted = theirs()
                np.testing.assert_allclose(
                    ours(model, x).values, wanted, rtol=1e-2, atol=1e-4 * np.abs(wanted).max(), err_msg=method
                )
                tell(method, name, count, *compare(functools.partial(ours, model, x), theirs, turns))
            # The same passes as Grad-CAM; guided, those of saliency besides: the rule changes what is passed, no more.
            for method, ours in (("Grad-CAM++", kv.grad_cam_plus_plus), ("LayerCAM", kv.layer_cam)):
                tell(method, name, count, *compare(functools.partial(ours, model, x), by_hand[1], turns))
            both = functools.partial(kv.guided_grad_cam, model, x)
            tell("guided G.-CAM", name, count, *compare(both, lambda works=by_hand: [work() for work in works], turns))
        headed = kv.with_gap_head(model)
        for count in counts:
            x = np.random.default_rng(0).random((count, *shape), dtype="float32")
            theirs = gap_cam_by_hand(headed, x)
            np.testing.assert_allclose(kv.gap_cam(headed, x).values, theirs(), rtol=1e-3, atol=1e-5)
            tell("CAM", name, count, *compare(functools.partial(kv.gap_cam, headed, x), theirs, turns))
        for count in few:
            x = np.random.default_rng(0).random((count, *shape), dtype="float32")
            for method, versions, ours in VERSIONS:
                classes = np.repeat(model.predict(x, verbose=0).argmax(axis=1), versions)
                shares = np.polynomial.legendre.leggauss(versions)[0].astype("float32") / 2 + 0.5
                rows = np.concatenate([shares[:, None, None, None] * image for image in x])
                theirs = gradients_by_hand(model, rows, classes, BEST[name])
                if "IG" in method:
                    weights = np.polynomial.legendre.leggauss(versions)[1] / 2
                    grads = np.concatenate(theirs()).reshape(count, versions, *shape)
                    wanted = x * np.einsum("m,nmhwc->nhwc", weights, grads)
                    np.testing.assert_allclose(
                        ours(model, x).values, wanted, rtol=1e-2, atol=5e-3 * np.abs(wanted).max(), err_msg=method
                    )
                work = functools.partial(ours, model, x, progress=False)
                tell(method, name, count, *compare(work, theirs, max(5, turns // (count * versions // 10))))
    for name, make, shape, *_ in MODELS:
        model, classes, steps = make(), *((10, 256) if shape[0] < 100 else (4, 64))
        theirs = loop_by_hand(model, shape, classes, steps)
        for method, options in ASCENTS:
            work = functools.partial(
                kv.activation_maximization, model, range(classes), steps=steps, progress=False, **options
            )
            tell(f"climb, {method}", name, classes, *compare(work, theirs, 12 if shape[0] < 100 else 6))
    for method, name, function, options, counts, each in FORWARD:
        (make, shape), *_ = [(make, shape) for known, make, shape, *_ in MODELS if known == name]
        model = make()
        for count in counts:
            x = np.random.default_rng(0).random((count, *shape), dtype="float32")
            classes = np.repeat(model.predict(x, verbose=0).argmax(axis=1), each).astype("int32")
            rows = np.random.default_rng(1).random((256 if shape[0] < 100 else 16, *shape), dtype="float32")
            work = functools.partial(function, model, x, progress=False, **options)
            turns = int(np.clip(3000 // (count * each * (1 if shape[0] < 100 else 10)), 3, 40))
            tell(method, name, count, *compare(work, forward_by_hand(model, rows, classes, len(rows)), turns))
    print(f"\n{'peak memory, MB':31}{'ours':>10}{'by hand':>12}")
    for name, *_ in MODELS:
        base = peak_of(name, "one pass")
        for method in ("IG, 50 steps", "SmoothGrad 50", "SmoothGrad 1000", "occl. 16 by 4", "Score-CAM"):
            ours = peak_of(name, method) - base
            theirs = f"{peak_of(name, 'by hand') - base:12.0f}" if "50" in method else ""
            print(f"{method:15}{name:16}{ours:10.0f}{theirs}", flush=True)
    return 0


def tell(
    method: str, name: str, count: int, ours: float, theirs: float, ratio: float, half: tuple[float, float]
) -> None:
    """Print one row."""
    low, high = half
    print(f"{method:15}{name:16}{count:7d}{ours:10.1f}{theirs:12.1f}{ratio:8.2f}   {low:.2f} to {high:.2f}", flush=True)


def peak_of(name: str, work: str) -> float:
    """The peak memory of a process that does a piece of work once, in MB."""
    command = [sys.executable, "-m", "tests.benchmarks", name, work]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def tell_peak(name: str, work: str) -> int:
    """Do a piece of work once, and print the peak memory of this process, in MB."""
    (make, shape), *_ = [(make, shape) for known, make, shape, *_ in MODELS if known == name]
    model, x = make(), np.random.default_rng(0).random((1, *shape), dtype="float32")
    kv.saliency(model, x)
    if work == "by hand":
        rows = np.repeat(x, 50, axis=0)
        gradients_by_hand(model, rows, np.zeros(50, "int32"), BEST[name])()
    elif work == "IG, 50 steps":
        kv.integrated_gradients(model, x, progress=False)
    elif work == "Score-CAM":
        kv.score_cam(model, x, progress=False)
    elif work == "occl. 16 by 4":  # 2,809 positions of a photograph
        kv.occlusion(model, x, patch=16, stride=4, progress=False)
    elif work != "one pass":
        kv.smooth_grad(model, x, samples=int(work.split()[-1]), progress=False)
    # Of Linux, in kB. Not getrusage's, which begins at that of the process which started this one.
    status = pathlib.Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    return 0


if __name__ == "__main__":
    sys.exit(main())
