"""Which pixels have made a class what it is, along the way from black?"""

from __future__ import annotations

import keras
import numpy as np

from keras_vis.compat.absent import in_their_words
from keras_vis.compat.ask import class_target
from keras_vis.compat.tf_explain import grid
from keras_vis.engine.batch import take
from keras_vis.engine.target import Target
from keras_vis.methods.gradients import integrated_gradients
from keras_vis.picture import HeatMaps


class IntegratedGradients(grid.Saves):
    """Average the gradients of a class on the way from zero to the image; multiply by the image."""

    def explain(
        self, validation_data: object, model: keras.Model, class_index: int | Target, n_steps: int = 10
    ) -> np.ndarray:
        """Return the maps of `keras_vis.integrated_gradients` in grey: the size of the sum over the channels.

        What differs from tf-explain: there the mean gradient was not multiplied by the way from zero to the image, so
        that the values did not sum to the change of the class; here they do. The points on the way are those of
        Gauss and Legendre. Each image has its own scale.

        Args:
            validation_data: images ``(n, h, w, c)``, and labels or None.
            model: any Keras model of images.
            class_index: the unit of the output; or a `keras_vis.Target`.
            n_steps: points on the way.

        Returns:
            uint8 ``(rows * h, columns * w)``, a cell for each image.

        Raises:
            TypeError, ValueError: as for `VanillaGradients.explain`; `n_steps` < 1.

        Example:
            >>> grid = IntegratedGradients().explain((digits[:4], None), model, class_index=3, n_steps=20)
        """
        return grid.grey(path_gradients(model, grid.images_of(validation_data), class_index, n_steps))


def path_gradients(model: keras.Model, images: object, class_index: int | Target, n_steps: int = 10) -> HeatMaps:
    """Return the maps."""
    with in_their_words(images="validation_data", steps="n_steps"):
        asked = class_target(model, take(model, images), class_index)
        return integrated_gradients(model, images, asked, steps=n_steps, progress=False)
