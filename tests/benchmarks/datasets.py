"""What does it cost to go through a whole data set: in time beside the same passes by hand, and in memory?

python -m tests.benchmarks.datasets
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

MANY, FEW = 60_000, 1_024
TIMED, BATCH = 10_000, 256
# name, work, passes over the data
WORKS: tuple[tuple[str, Callable[..., object], int], ...] = (
    ("unit_census", kv.unit_census, 1),
    ("top_patches", functools.partial(kv.top_patches, layer="conv_2", units=range(8)), 1),
    ("codes", functools.partial(kv.codes, layer="dense"), 1),
    ("dissect", functools.partial(kv.dissect, masks=kv.digit_concepts, layer="conv_2"), 3),
    ("embed_codes", functools.partial(kv.embed_codes, layer="dense"), 1),
)


def digits(count: int) -> np.ndarray:
    """MNIST's training images in 8 bits, or noise where there are none."""
    file = pathlib.Path(os.environ.get("KERAS_VIS_DATA", ""), "mnist.npz")
    if file.is_file():
        with np.load(file) as archive:
            return archive["x_train"][:count, ..., None]
    return np.random.default_rng(0).integers(0, 256, (count, 28, 28, 1), dtype=np.uint8)


class Batches:
    """Images in [0, 1], a batch at a time: nothing of them stays."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images

    def __iter__(self):
        for start in range(0, len(self.images), BATCH):
            yield self.images[start : start + BATCH] / np.float32(255)


def passes_by_hand(model: keras.Model, data: Batches, passes: int) -> Callable[[], None]:
    """Forward passes of the whole net, whose outputs are thrown away."""
    call = tf.function(lambda x: model(x, training=False))
    call(tf.zeros((BATCH, 28, 28, 1)))

    def work() -> None:
        for _ in range(passes):
            for batch in data:
                call(tf.convert_to_tensor(batch)).numpy()

    return work


def main() -> int:
    """Print the table; or, with arguments, the seconds and the peak memory of one piece of work."""
    if len(sys.argv) > 1:
        return tell(*sys.argv[1:])
    print(f"{'':14}{'time beside the passes by hand':>32}{'peak memory above loading, MB':>34}{'seconds':>12}")
    print(f"{'':14}{f'{TIMED:,} images':>32}{f'{FEW:,} images':>20}{f'{MANY:,}':>14}{f'{MANY:,}':>12}")
    keras.utils.set_random_seed(0)
    model, data = tutorial_net(), Batches(digits(TIMED))
    for name, work, passes in WORKS:
        ratio = ""
        if name != "embed_codes":  # t-SNE is no pass through a net
            theirs = passes_by_hand(model, data, passes)
            ours = functools.partial(work, model, data, progress=False)
            found = []
            for turn in range(6):
                pair = []
                for run in (ours, theirs) if turn % 2 else (theirs, ours):
                    begun = time.perf_counter()
                    run()
                    pair.append(time.perf_counter() - begun)
                found.append(pair[0] / pair[1] if turn % 2 else pair[1] / pair[0])
            ratio = f"{statistics.median(found[1:]):.2f}, {passes} {'pass' if passes == 1 else 'passes'}"
        few, many = (measured(name, count) for count in (FEW, MANY))
        print(f"{name:14}{ratio:>32}{few[1]:20.0f}{many[1]:14.0f}{many[0]:12.0f}", flush=True)
    return 0


def measured(name: str, count: int) -> tuple[float, float]:
    """Seconds and peak memory in MB of a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.datasets", name, str(count)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, peak = map(float, out.split()[-2:])
    return seconds, peak


def tell(name: str, count: str) -> int:
    """Do a piece of work once; print its seconds, and how far the memory of this process rose above loading, in MB."""
    (work,) = (work for known, work, _ in WORKS if known == name)
    keras.utils.set_random_seed(0)
    model, images = tutorial_net(), digits(MANY)
    kv.top_predictions(model, np.zeros((1, 28, 28, 1)))
    before = memory("VmRSS")
    begun = time.perf_counter()
    work(model, Batches(images[: int(count)]), progress=False)
    print(time.perf_counter() - begun, memory("VmHWM") - before)
    return 0


def memory(which: str) -> float:
    """Of this process, in MB; of Linux."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition(f"{which}:")[2].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
