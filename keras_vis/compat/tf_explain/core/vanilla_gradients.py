"""Which pixels would change a class most?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import keras
import numpy as np

from keras_vis.compat.absent import in_their_words
from keras_vis.compat.ask import class_target
from keras_vis.compat.tf_explain import grid
from keras_vis.engine.batch import take
from keras_vis.engine.target import Target
from keras_vis.methods.gradients import saliency
from keras_vis.picture import HeatMaps


class VanillaGradients(grid.Saves):
    """Differentiate a class with respect to every pixel."""

    _instead: ClassVar[Mapping[str, str]] = {
        "compute_gradients": "keras_vis.saliency(model, images, class_index).values has the numbers.",
        **dict.fromkeys(
            ("get_score_model", "explain_score_model"),
            "explain((images, None), model, class_index) differentiates the logit, with the softmax left on or without "
            "it: give it the model as it is.",
        ),
    }

    def explain(self, validation_data: object, model: keras.Model, class_index: int | Target) -> np.ndarray:
        """Return the maps of `keras_vis.saliency` in grey: the largest size over the channels.

        What differs from tf-explain: the logit is differentiated however the softmax is written, and each image has its
        own scale; there the maps were brought to mean 0 over all images, and what fell out of 8 bits was undefined.

        Args:
            validation_data: images ``(n, h, w, c)``, of one channel also ``(n, h, w)``; and labels or None.
            model: any Keras model of images.
            class_index: the unit of the output; or a `keras_vis.Target`.

        Returns:
            uint8 ``(rows * h, columns * w)``, a cell for each image.

        Raises:
            TypeError: an argument of another kind.
            ValueError: no such class; images that do not fit the model.

        Example:
            >>> grid = VanillaGradients().explain((digits[:4], None), model, class_index=3)
        """
        return grid.grey(gradients(model, grid.images_of(validation_data), class_index))


def gradients(model: keras.Model, images: object, class_index: int | Target) -> HeatMaps:
    """Return the maps."""
    with in_their_words(images="validation_data"):
        return saliency(model, images, class_target(model, take(model, images), class_index), progress=False)
