"""Where do the digits come from?

From the path that is given; else from the folder that ``KERAS_VIS_DATA`` names; else from Keras's cache; else from
the network; and where that gives nothing, from scikit-learn, which ships 1,797 real handwritten digits. A path that
is given is used or refused: nothing else is taken in its place.
"""

from __future__ import annotations

import dataclasses
import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_demo import fetch
from mnist_demo.formats import DataError, Raw, hold_back, read, read_npz

__all__ = ["DataError", "Digits", "load_digits", "sklearn_digits"]


@dataclasses.dataclass(frozen=True, eq=False)  # eq=False: arrays have no single truth value
class Digits:
    """Handwritten digits, split into a part to train on and one to test with.

    Attributes:
        x_train: images ``(n, 28, 28, 1)``, float32 in [0, 1]; ink is 1.
        y_train: labels ``(n,)``, int64, 0 to 9.
        x_test: as ``x_train``.
        y_test: as ``y_train``.
        source: one line that says where they come from.
    """

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    source: str

    def first(self, train: int | None, test: int | None = None) -> Digits:
        """The same digits, no more than the first ``train`` and ``test`` of them; None keeps all."""
        return dataclasses.replace(
            self,
            x_train=self.x_train[:train],
            y_train=self.y_train[:train],
            x_test=self.x_test[:test],
            y_test=self.y_test[:test],
        )


def load_digits(path: str | os.PathLike[str] | None = None, *, offline_seconds: float = 5) -> Digits:
    """Find digits, and give them in one form.

    Args:
        path: Keras's ``mnist.npz``; the ``train.csv`` of Kaggle's Digit Recognizer (a fixed fifth becomes the test
            part); or a folder that holds one of the two or the four IDX files of MNIST, plain or .gz. None searches, in
            the order that stands at the head of this file.
        offline_seconds: how long the network may stay silent before scikit-learn's digits are taken.

    Returns:
        The digits; ``source`` says which.

    Raises:
        DataError: ``path``, or the folder that ``KERAS_VIS_DATA`` names, holds no digits that can be read.

    Example:
        >>> digits = load_digits("train.csv")
        >>> digits.x_train.shape
        (33600, 28, 28, 1)
    """
    if path is not None:
        return _digits(read(Path(path).expanduser(), f"`{os.fspath(path)}`"), str(path))
    folder = os.environ.get("KERAS_VIS_DATA")
    if folder:
        return _digits(read(Path(folder).expanduser(), f"`KERAS_VIS_DATA={folder}`"), f"{folder} (KERAS_VIS_DATA)")
    data = fetch.cached()
    if data is not None:
        return _digits(read_npz(io.BytesIO(data)), f"{fetch.cache_path()} (Keras's cache)")
    try:
        return _digits(read_npz(io.BytesIO(fetch.download(offline_seconds))), "keras.datasets.mnist (downloaded)")
    except OSError as error:
        reason = str(error)
    if fetch.cache_path().exists():
        reason += f"; {fetch.cache_path()} is not the file that Keras accepts"
    source = f"scikit-learn, enlarged from 8x8 to 28x28, as MNIST could not be fetched ({reason}); --data PATH gives it"
    return _digits(hold_back(*sklearn_digits()), source)


def sklearn_digits() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The 1,797 handwritten digits of scikit-learn, drawn as MNIST draws its own.

    Each is enlarged from 8x8 to 20x20 (cubic), its grey margins are stretched away, and it is put into 28x28 with its
    centre of mass in the middle, which is how MNIST was made.

    Returns:
        Images ``(1797, 28, 28)`` and labels ``(1797,)``, both uint8.
    """
    import cv2  # here, with scikit-learn: together half a second, needed only where the network gives nothing
    from sklearn.datasets import load_digits as load_small

    small = load_small()
    images = np.zeros((len(small.images), 28, 28), np.uint8)
    positions = np.arange(28)
    for image, digit in zip(images, small.images, strict=True):
        large = cv2.resize(digit / 16, (20, 20), interpolation=cv2.INTER_CUBIC)
        # The pixels of the 8x8 are counts of ink, so strokes come out broad and grey. Stretched from .3-.9, their
        # mean ink is MNIST's (.133 and .131), and a net trained on MNIST reads 84 % of them instead of 69 %.
        image[4:24, 4:24] = np.rint(255 * np.clip((large - 0.3) / 0.6, 0, 1))
        centre = [image.sum(axis) @ positions / image.sum() for axis in (1, 0)]
        image[:] = np.roll(image, [round(13.5 - at) for at in centre], (0, 1))
    return images, small.target.astype(np.uint8)


def _digits(raw: Raw, source: str) -> Digits:
    """Scale to [0, 1], and say in one line what there is."""
    x_train, x_test = (np.divide(x[..., None], 255, dtype=np.float32) for x in (raw.x_train, raw.x_test))
    line = f"{len(x_train):,} to train on and {len(x_test):,} to test with, from {source}"
    return Digits(x_train, raw.y_train.astype(np.int64), x_test, raw.y_test.astype(np.int64), line)
