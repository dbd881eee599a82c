"""Where in the image does a layer see what speaks for a class?"""

from __future__ import annotations

import keras
import numpy as np

from keras_vis.compat.absent import in_their_words
from keras_vis.compat.ask import class_target
from keras_vis.compat.tf_explain import grid
from keras_vis.engine.batch import take
from keras_vis.engine.target import Target
from keras_vis.methods.cam import grad_cam
from keras_vis.picture import HeatMaps


class GradCAM(grid.Saves):
    """Weigh a layer's channels by what they do for a class; show the sum over the image."""

    def explain(
        self,
        validation_data: object,
        model: keras.Model,
        class_index: int | Target,
        layer_name: str | None = None,
        use_guided_grads: bool = False,
        colormap: int = grid.VIRIDIS,
        image_weight: float = 0.7,
    ) -> np.ndarray:
        """Return the maps of `keras_vis.grad_cam` over the images.

        What differs from tf-explain: the logit is differentiated, not the probability; the weights are the means of the
        gradient as it is, as in the paper, where there its negative part was left out unless one said otherwise; each
        image has its own scale, from 0.

        Args:
            validation_data: images ``(n, h, w, c)``, and labels or None.
            model: any Keras model of images with a convolution.
            class_index: the unit of the output; or a `keras_vis.Target`.
            layer_name: whose maps; by default the last with maps that is no pooling.
            use_guided_grads: False; see `check_gradients`.
            colormap: one of OpenCV's.
            image_weight: what the image is multiplied by before the colours are added, from 0 to 1.

        Returns:
            uint8 RGB ``(rows * h, columns * w, 3)``, a cell for each image.

        Raises:
            TypeError: an argument of another kind.
            ValueError: no such class, layer or colour map; `use_guided_grads=True`; images that do not fit the model.

        Example:
            >>> explainer = GradCAM()
            >>> explainer.save(explainer.explain((photos, None), model, 281), ".", "grad_cam.png")
        """
        images = grid.images_of(validation_data)
        maps = class_activation(model, images, class_index, layer_name, use_guided_grads)
        return grid.coloured(maps, images, colormap, image_weight)


def class_activation(
    model: keras.Model,
    images: object,
    class_index: int | Target,
    layer_name: str | None = None,
    use_guided_grads: bool = False,
) -> HeatMaps:
    """Return the maps."""
    check_gradients(use_guided_grads)
    with in_their_words(images="validation_data", layer="layer_name"):
        asked = class_target(model, take(model, images), class_index)
        return grad_cam(model, images, asked, layer=layer_name, progress=False)


def check_gradients(guided: bool) -> None:
    """Refuse what no paper has: Grad-CAM whose weights are means of the positive gradients where the layer is positive.

    Args:
        guided: `use_guided_grads`; there it was True unless one said otherwise.

    Raises:
        ValueError: it is True.
    """
    if guided:
        raise ValueError(
            "`use_guided_grads=True`: Grad-CAM's weights are here the means of the gradient as it is, as published. "
            "Leave it out, or call keras_vis.layer_cam or keras_vis.grad_cam_plus_plus, which keep what is positive."
        )
