"""Which photographs, and which net that knows photographs, are at hand?

For the notebooks, where a digit is too simple to show what a method does. The folder that ``KERAS_VIS_DATA`` names is
taken first; else Keras's ImageNet weights, from its cache or the network, and the two photographs of scikit-learn.
"""

from __future__ import annotations

import dataclasses
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

_SIDE = 224  # pixels; what the weights were trained on
_WIDTH = 0.75  # of the net: 10 MB of weights
_WEIGHTS = "mobilenet_0.75_224_imagenet.weights.h5"  # in the folder of the user
_CACHED = "models/mobilenet_7_5_224_tf.h5"  # in Keras's
_HOST = "storage.googleapis.com"  # where Keras keeps them
_SAMPLES = ("flower.jpg", "china.jpg")  # of scikit-learn


@dataclasses.dataclass(frozen=True, eq=False)  # eq=False: arrays have no single truth value
class Photographs:
    """A MobileNet that knows the 1,000 classes of ImageNet, and photographs for it.

    Attributes:
        model: from ``(n, 224, 224, 3)`` to probabilities ``(n, 1000)``.
        images: the photographs ``(n, 224, 224, 3)``, uint8.
        x: the same as the model takes them, float32 in [−1, 1].
        labels: the names of the 1,000 classes.
    """

    model: keras.Model
    images: NDArray[np.uint8]
    x: NDArray[np.float32]
    labels: list[str]


def load_photographs(*, offline_seconds: float = 5) -> Photographs | None:
    """Find ImageNet weights and photographs.

    Args:
        offline_seconds: how long the network may take to answer, where the weights are neither in the folder that
            ``KERAS_VIS_DATA`` names nor in Keras's cache.

    Returns:
        The net, and the photographs of the user's folder or, where that holds none, scikit-learn's of a flower and of
        a temple. None where there are no weights; a line says so.

    Example:
        >>> photographs = load_photographs()
        >>> if photographs:
        ...     kv.grad_cam(photographs.model, photographs.x, labels=photographs.labels).over(photographs.images)
    """
    folder = Path(os.environ.get("KERAS_VIS_DATA") or os.devnull)
    try:
        model, labels = _own(folder) if (folder / _WEIGHTS).is_file() else _keras(offline_seconds)
    except OSError as error:
        print(
            f"No ImageNet weights, so no photographs here: {error}. KERAS_VIS_DATA may name a folder with {_WEIGHTS}."
        )
        return None
    images = np.stack(_photographs(folder) or _samples())
    return Photographs(model, images, keras.applications.mobilenet.preprocess_input(images.astype("float32")), labels)


def _own(folder: Path) -> tuple[keras.Model, list[str]]:
    model = _mobilenet(None)
    model.load_weights(folder / _WEIGHTS)
    lines = (folder / "imagenet_synset_words.txt").read_text().splitlines()
    # "n01443537 goldfish, Carassius auratus"
    return model, [line.partition(" ")[2].partition(",")[0] for line in lines]


def _keras(offline_seconds: float) -> tuple[keras.Model, list[str]]:
    cache = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    if not all((cache / "models" / name).is_file() for name in (Path(_CACHED).name, "imagenet_class_index.json")):
        # Keras would wait for minutes, and without a word
        socket.create_connection((_HOST, 443), timeout=offline_seconds).close()
    classes = keras.applications.mobilenet.decode_predictions(np.eye(1000), top=1)
    return _mobilenet("imagenet"), [each[0][1].replace("_", " ") for each in classes]


def _mobilenet(weights: str | None) -> keras.Model:
    return keras.applications.MobileNet(alpha=_WIDTH, input_shape=(_SIDE, _SIDE, 3), weights=weights)


def _photographs(folder: Path) -> list[NDArray[np.uint8]]:
    from PIL import Image

    return [_square(Image.open(path).convert("RGB")) for path in sorted(folder.glob("photos/*.jpg"))]


def _samples() -> list[NDArray[np.uint8]]:
    from PIL import Image
    from sklearn.datasets import load_sample_image

    return [_square(Image.fromarray(load_sample_image(name))) for name in _SAMPLES]


def _square(image: Image.Image) -> NDArray[np.uint8]:
    """The middle of a photograph, as the net takes it."""
    from PIL import ImageOps

    return np.asarray(ImageOps.fit(image, (_SIDE, _SIDE)))
