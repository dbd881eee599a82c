"""Which part of the image must not be covered?"""

from __future__ import annotations

import keras
import numpy as np

from keras_vis.compat.absent import in_their_words
from keras_vis.compat.ask import class_target
from keras_vis.compat.tf_explain import grid
from keras_vis.engine.batch import take
from keras_vis.engine.target import Target
from keras_vis.methods.occlusion import occlusion
from keras_vis.picture import HeatMaps


class OcclusionSensitivity(grid.Saves):
    """Cover a patch at every position; show how far a class falls.

    Args:
        batch_size: covered images at once; the values do not depend on it.
    """

    def __init__(self, batch_size: int | None = None) -> None:
        self.batch_size = batch_size

    def explain(
        self,
        validation_data: object,
        model: keras.Model,
        class_index: int | Target,
        patch_size: int,
        colormap: int = grid.VIRIDIS,
    ) -> np.ndarray:
        """Return the maps of `keras_vis.occlusion` over the images: how far the logit falls.

        What differs from tf-explain: a patch has the mean colour of its image, where it had the value 127.5 whatever
        the range of the pixels; the fall of the logit is shown, not 1 less the probability; all of an image that is
        not square is covered; what rises under cover is not coloured.

        Args:
            validation_data: images ``(n, h, w, c)``, and labels or None.
            model: any Keras model of images.
            class_index: the unit of the output; or a `keras_vis.Target`.
            patch_size: height and width of the patch, in pixels.
            colormap: one of OpenCV's.

        Returns:
            uint8 RGB ``(rows * h, columns * w, 3)``, a cell for each image.

        Raises:
            TypeError, ValueError: as for `VanillaGradients.explain`; a patch larger than the image.

        Example:
            >>> grid = OcclusionSensitivity().explain((digits[:4], None), model, 3, patch_size=4)
        """
        images = grid.images_of(validation_data)
        return grid.coloured(covered(model, images, class_index, patch_size, self.batch_size), images, colormap)


def covered(
    model: keras.Model, images: object, class_index: int | Target, patch_size: int, batch: int | None = None
) -> HeatMaps:
    """Return the maps."""
    with in_their_words(images="validation_data", patch="patch_size", batch="batch_size"):
        asked = class_target(model, take(model, images), class_index)
        return occlusion(model, images, asked, patch=patch_size, batch=batch, progress=False)
