"""What do the callbacks cost: in time, beside the same picture by hand and an epoch, and in memory over 200 epochs?

python -m tests.benchmarks.training
"""

from __future__ import annotations

import gc
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import keras_vis as kv
from keras_vis.report.animation import write_gif
from mnist_demo.net import tutorial_net
from tests.benchmarks.datasets import MANY, digits, memory

X = digits(MANY)[:1000] / np.float32(255)
LABELS = np.arange(1000) % 10
TURNS = 7
EPOCHS, EARLY = 200, 20  # over which the memory is watched, and from which on
PICTURES, FRAMES = 20, 60  # on the page; of a film

# What each callback is given, by its name: sixteen digits with the method's own defaults, or what is said here.
GIVEN: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "ActivationMaximization": ((range(10),), {}),
    "DeepDream": ((X[:4], kv.Energy("conv_2")), {}),
    "EmbedCodes": ((X[:256],), {"layer": "dense", "labels": LABELS[:256]}),
    "EpochVisualizer": ((kv.top_predictions, X[:16]), {}),
    "FeatureMaps": ((X[:1], "conv_2"), {}),
    "Filters": ((), {}),
    "ModelStructure": ((), {"every": 1}),
    "Occlusion": ((X[:16],), {}),
    "Rise": ((X[:1],), {}),
    "ScoreCAM": ((X[:4],), {}),
    "TopPatches": ((X, "conv_2", range(8)), {}),
    "UnitCensus": ((X,), {}),
}


def main() -> int:
    """Print the tables; or, with an argument, what a training of many epochs holds in memory."""
    if len(sys.argv) > 1:
        return tell_growth(*sys.argv[1:])
    keras.utils.set_random_seed(0)
    epoch = epoch_of_training()
    print(f"an epoch of the tutorial's net on {MANY:,} digits: {epoch:.1f} s\n")
    print(f"{'callback':24}{'method ms':>10}{'and saved':>11}{'callback ms':>13}{'ratio':>7}{'of an epoch':>13}")
    for name in kv.callbacks.__all__:
        with tempfile.TemporaryDirectory() as folder:
            computed, saved, ours, ratio = costs(name, pathlib.Path(folder))
        share = 100 * ours / epoch
        print(
            f"{name:24}{1e3 * computed:10.1f}{1e3 * saved:11.1f}{1e3 * ours:13.1f}{ratio:7.2f}{share:11.2f} %",
            flush=True,
        )
    print(f"\nfrom epoch {EARLY} to epoch {EPOCHS} of a tiny training")
    print(f"{'':24}{'process MB':>11}{'of Python MB':>14}{'objects':>9}")  # Python's: of six of the seven
    for callbacks in ("without callbacks", "with seven callbacks"):
        resident, _, objects = growth(callbacks, "resident")
        _, traced, _ = growth(callbacks, "traced")
        print(f"{callbacks:24}{resident:+11.1f}{traced:+14.2f}{objects:+9.0f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print(f"\nthe page of {PICTURES} pictures of {EPOCHS} epochs: {1e3 * page(pathlib.Path(folder)):.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        seconds, size = film(pathlib.Path(folder))
    print(f"a film of {FRAMES} frames of {size}: {seconds:.1f} s")
    return 0


def epoch_of_training() -> float:
    """Seconds of one epoch of 60,000 digits, in batches of 128, after a first that compiles."""
    model, x = tutorial_net(), digits(MANY) / np.float32(255)
    y = np.arange(len(x)) % 10
    model.fit(x[:1280], y[:1280], batch_size=128, verbose=0)
    begun = time.perf_counter()
    model.fit(x, y, batch_size=128, verbose=0)
    return time.perf_counter() - begun


def costs(name: str, folder: pathlib.Path) -> tuple[float, float, float, float]:
    """Seconds of the method, of the method and its file, of a callback's turn; the last two's median ratio."""
    net = tutorial_net()
    model = kv.with_gap_head(net) if name == "GapCAM" else net
    args, options = GIVEN.get(name, ((X[:16],), {}))
    callback = getattr(kv.callbacks, name)(*args, directory=folder / "vis", gif=False, **options)
    begin(callback, model)
    rounds = []
    for turn in range(TURNS):

        def by_hand() -> float:
            begun = time.perf_counter()
            picture = callback.explain(model, *callback.args, **callback.options)
            computed = time.perf_counter() - begun
            picture.save(folder / "picture.png")
            return computed

        parts: dict[Callable[[], Any], tuple[float, Any]] = {}
        turned = lambda epoch=turn: callback.on_epoch_end(epoch, {"loss": 1.0})  # noqa: E731
        # who goes first changes, so that neither gains by it
        for work in (by_hand, turned) if turn % 2 else (turned, by_hand):
            begun = time.perf_counter()
            found = work()
            parts[work] = time.perf_counter() - begun, found
        rounds.append((parts[by_hand][1], parts[by_hand][0], parts[turned][0]))
    callback.on_train_end()
    # The first draws the net before training once more, on the scale of the run.
    computed, saved, ours = (statistics.median(column) for column in zip(*rounds[1:], strict=True))
    return computed, saved, ours, statistics.median(turned / hand for _, hand, turned in rounds[1:])


def begin(callback: Any, model: keras.Model) -> None:
    """Bring a callback to its first epoch."""
    callback.set_model(model)
    callback.set_params({"epochs": EPOCHS})
    callback.on_train_begin()
    callback.on_epoch_begin(0)


def growth(callbacks: str, what: str) -> list[float]:
    """By how much a process of its own grows: resident MB, MB that Python holds, living objects."""
    command = [sys.executable, "-m", "tests.benchmarks.training", callbacks, what]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(word) for word in told.split()[-3:]]


def tell_growth(callbacks: str, what: str) -> int:
    """Train for many epochs, and print how much more there is at the end than early on."""
    from tests import nets

    x, found = nets.images(32), {}

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            if epoch + 1 in (EARLY, EPOCHS):
                gc.collect()
                traced = tracemalloc.get_traced_memory()[0] / 2**20
                found[epoch + 1] = memory("VmRSS"), traced, len(gc.get_objects())

    if what == "traced":
        tracemalloc.start()
    model = nets.sequential()
    model.compile("adam", "sparse_categorical_crossentropy")
    with tempfile.TemporaryDirectory() as folder:
        c, options = kv.callbacks, {"directory": folder, "save_values": True}
        ours = [
            c.Saliency(x[:4], **options),
            c.GradCAM(x[:4], layer="conv_2", **options),
            c.SmoothGrad(x[:2], samples=5, **options),
            c.FeatureMaps(x[:2], "conv_1", **options),
            c.Filters(**options),
            c.ActivationMaximization(range(2), steps=5, **options),
        ]
        if what != "traced":  # with that, matplotlib's charts take minutes
            ours.append(c.UnitCensus(x, **options))
        used = ours if callbacks != "without callbacks" else []
        model.fit(x, np.arange(32) % 5, epochs=EPOCHS, verbose=0, callbacks=[*used, Watch()])
    print(*(late - early for early, late in zip(found[EARLY], found[EPOCHS], strict=True)))
    return 0


def page(folder: pathlib.Path) -> float:
    """Seconds of writing the page of many pictures."""
    shape = (420, 800, 3)
    sheet = kv.Images(np.random.default_rng(0).random((1, 64, 64, 3), dtype="float32"))
    content = sheet.save(folder / "one.png").read_bytes()
    (folder / "one.png").unlink()
    epochs = range(EPOCHS + 1)
    told = {
        "frames": {str(e): {"seconds": 0.1, "drift": 0.2, "width": shape[1], "height": shape[0]} for e in epochs},
        "logs": {str(e): {"loss": 1 / e, "val_loss": 1.1 / e} for e in epochs[1:]},
        "epoch_seconds": {str(e): 12.0 for e in epochs[1:]},
        "about": {"method": "grad_cam", "layer": "conv_2"},
        "drift_measure": "1 - rank correlation",
    }
    for number in range(PICTURES):
        place = folder / f"picture_{number}"
        place.mkdir()
        (place / "frames.json").write_text(json.dumps(told))
        for epoch in epochs:
            (place / f"epoch-{epoch:04d}.png").write_bytes(content)
    took = []
    for _ in range(11):
        begun = time.perf_counter()
        kv.report.write_page(folder)
        took.append(time.perf_counter() - begun)
    return statistics.median(took[1:])


def film(folder: pathlib.Path) -> tuple[float, str]:
    """Seconds of a film, and the size of its frames."""
    model, drawn = tutorial_net(), None
    for epoch in range(FRAMES):
        kernel = model.get_layer("conv_2").kernel
        kernel.assign(kernel * 0.99)
        picture = kv.grad_cam(model, X[:16])
        drawn = picture.draw()
        picture.save(folder / f"epoch-{epoch:04d}.png")
    begun = time.perf_counter()
    write_gif(folder)
    assert drawn is not None
    return time.perf_counter() - begun, f"{drawn.shape[1]} x {drawn.shape[0]}"


if __name__ == "__main__":
    sys.exit(main())
