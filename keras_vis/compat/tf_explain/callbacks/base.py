"""When is what drawn, and where to?"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from typing import Any

from keras_vis.callbacks import EpochVisualizer
from keras_vis.compat.tf_explain.grid import images_of
from keras_vis.engine.target import Target
from keras_vis.picture import Picture


class Draws(EpochVisualizer):
    """Draw before training and after each epoch into a folder: PNGs, a page and, where it is installed, TensorBoard.

    It writes ``<output_dir>/<name>/epoch-0003.png``, ``<output_dir>/index.html`` with a slider for the epochs, and, if
    the package tensorboard is there, the same pictures as events in ``<output_dir>/keras_vis``. The pictures are this
    package's own, with captions and scale. Of tf-explain there were events alone, in a folder named after the time.
    See `keras_vis.EpochVisualizer` for all that it does and does not do.

    Args:
        explain: makes the picture of the model, images and options.
        validation_data: images, and labels or None.
        name: of the folder.
        output_dir: what it is in.
        **options: of `explain`.
    """

    def __init__(
        self,
        explain: Callable[..., Picture],
        validation_data: object,
        name: str,
        output_dir: str | os.PathLike[str],
        **options: Any,
    ) -> None:
        logs = output_dir if importlib.util.find_spec("tensorboard") else None
        images = images_of(validation_data)
        super().__init__(explain, images, directory=output_dir, name=name, tensorboard=logs, **options)


def of_class(method: str, class_index: int | Target, *more: str | None) -> str:
    """Return the name of a folder, another for each class and layer, so that one training can have several."""
    return "-".join([method, f"class_{class_index}", *(part for part in more if part)])
