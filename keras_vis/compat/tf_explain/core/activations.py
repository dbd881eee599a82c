"""What does a layer make of an image?"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from keras_vis.compat.absent import in_their_words
from keras_vis.compat.tf_explain import grid
from keras_vis.methods.features import feature_maps
from keras_vis.picture import FeatureMaps


class ExtractActivations(grid.Saves):
    """Show every channel of a layer in grey.

    Args:
        batch_size: images at once; the values do not depend on it.
    """

    def __init__(self, batch_size: int | None = None) -> None:
        self.batch_size = batch_size

    def explain(self, validation_data: object, model: keras.Model, layers_name: str | Sequence[str]) -> np.ndarray:
        """Return the activations of a layer as `keras_vis.feature_maps` has them, in grey.

        Each image has its own scale, from the lowest to the highest of its activations; there all images shared one.

        Args:
            validation_data: images ``(n, h, w, c)``, and labels or None.
            model: any Keras model of images.
            layers_name: the name of one layer, or a list of it, whose maps are ``(h', w', k)``.

        Returns:
            uint8 ``(rows * h', columns * w')``, the k channels of the first image, then those of the next.

        Raises:
            TypeError: `validation_data` is no pair.
            ValueError: no such layer, or one without maps; several layers.

        Example:
            >>> grid = ExtractActivations().explain((digits[:1], None), model, ["conv_2"])
        """
        with in_their_words(images="validation_data", layer="layers_name", batch="batch_size"):
            maps = activations(model, grid.images_of(validation_data), one_layer(layers_name), self.batch_size).values
        low, high = (end(axis=(1, 2, 3), keepdims=True) for end in (maps.min, maps.max))
        share = (maps - low) / np.where(high > low, high - low, 1)
        cells = np.moveaxis(share, 3, 1).reshape(-1, *share.shape[1:3])
        return grid.lay(np.rint(255 * cells).astype(np.uint8))


def activations(model: keras.Model, images: object, layer: str, batch: int | None = None) -> FeatureMaps:
    """Return what the layer gives."""
    return feature_maps(model, images, layer, batch=batch, progress=False)


def one_layer(layers_name: str | Sequence[str]) -> str:
    """Return the name of the layer, of a list of one.

    Raises:
        TypeError: it is no name.
        ValueError: there are several; there `explain` failed on them.
    """
    names = [layers_name] if isinstance(layers_name, str) else layers_name
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"`layers_name` must be the name of a layer, or a list of it; received {layers_name!r}.")
    if len(names) != 1:
        raise ValueError(f"`layers_name` must name one layer; received {len(names)}. Call it once for each.")
    return names[0]
