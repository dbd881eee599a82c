"""What does the tutorial do, from the first digit to the last picture?"""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

import keras

from mnist_demo import steps
from mnist_demo.data import Digits
from mnist_demo.look import Look
from mnist_demo.names import STEPS
from mnist_demo.net import tutorial_net

_BATCH = 128  # the tutorial's


def run(
    digits: Digits, *, epochs: int, out: Path, seed: int, ascent: int = 256, only: Collection[str] = tuple(STEPS)
) -> float:
    """Build, train, test and look into the tutorial's net, and say on stdout what happens.

    Args:
        digits: what to train on and to test with.
        epochs: how often the training goes through ``digits.x_train``.
        out: an existing folder for the pictures.
        seed: of the first weights, the order of the images and the dropout.
        ascent: in how many steps an image is made that the net wants to see.
        only: the steps that are drawn, by default all.

    Returns:
        The share of the test images that is classified rightly, in [0, 1].
    """
    keras.utils.set_random_seed(seed)
    model = tutorial_net()
    model.summary()
    steps.clear(digits, out, ascent, only)
    print(f"\nTraining on {len(digits.x_train):,} images, {epochs} {'epoch' if epochs == 1 else 'epochs'}:", flush=True)
    model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=_BATCH,
        epochs=epochs,
        # only watched, as in the tutorial: nothing is chosen by it, so that it stays a test
        validation_data=(digits.x_test, digits.y_test),
        callbacks=steps.callbacks(digits, out, ascent, only),
        verbose=1 if sys.stdout.isatty() else 2,  # a bar to watch, or a line an epoch to keep
    )
    print(f"\nDrawing to {out}:", flush=True)
    pictures = steps.draw(Look(model, digits, ascent), out, only)
    _, accuracy = model.evaluate(digits.x_test, digits.y_test, batch_size=_BATCH, verbose=0)
    page = out / "index.html"
    print(f"\nAccuracy on {len(digits.x_test):,} test images: {100 * accuracy:.2f} %")
    print(f"{len(pictures)} pictures of the trained net, and those of every epoch: {page if page.exists() else out}")
    return float(accuracy)
