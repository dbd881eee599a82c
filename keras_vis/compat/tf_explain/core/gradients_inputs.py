"""Which pixels have made a class what it is: input times gradient?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import keras
import numpy as np

from keras_vis.compat.absent import in_their_words
from keras_vis.compat.ask import class_target
from keras_vis.compat.tf_explain import grid
from keras_vis.compat.tf_explain.core.vanilla_gradients import VanillaGradients
from keras_vis.engine.batch import take
from keras_vis.engine.target import Target
from keras_vis.methods.gradients import input_x_gradient
from keras_vis.picture import HeatMaps


class GradientsInputs(grid.Saves):
    """Multiply every pixel by the derivative of a class with respect to it."""

    # There it was derived from VanillaGradients.
    _instead: ClassVar[Mapping[str, str]] = {
        **VanillaGradients._instead,
        "compute_gradients": "keras_vis.input_x_gradient(model, images, class_index).values has the numbers.",
    }

    def explain(self, validation_data: object, model: keras.Model, class_index: int | Target) -> np.ndarray:
        """Return the maps of `keras_vis.input_x_gradient` in grey: the size of the sum over the channels.

        What differs from tf-explain: see `VanillaGradients.explain`; and there the sizes were summed, here the products
        are, as they share out the logit.

        Args:
            validation_data: images ``(n, h, w, c)``, and labels or None.
            model: any Keras model of images.
            class_index: the unit of the output; or a `keras_vis.Target`.

        Returns:
            uint8 ``(rows * h, columns * w)``, a cell for each image.

        Raises:
            TypeError, ValueError: as for `VanillaGradients.explain`.

        Example:
            >>> grid = GradientsInputs().explain((digits[:4], None), model, class_index=3)
        """
        return grid.grey(products(model, grid.images_of(validation_data), class_index))


def products(model: keras.Model, images: object, class_index: int | Target) -> HeatMaps:
    """Return the maps."""
    with in_their_words(images="validation_data"):
        return input_x_gradient(model, images, class_target(model, take(model, images), class_index), progress=False)
