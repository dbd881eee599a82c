"""Which pixels would change a class most, if the image were a little other?"""

from __future__ import annotations

import dataclasses

import keras
import numpy as np

from keras_vis.compat.absent import in_their_words
from keras_vis.compat.ask import class_target
from keras_vis.compat.tf_explain import grid
from keras_vis.engine.batch import take
from keras_vis.engine.target import Target
from keras_vis.methods.gradients import smooth_grad
from keras_vis.picture import HeatMaps


class SmoothGrad(grid.Saves):
    """Average the gradients of a class over noisy copies of each image."""

    def explain(
        self,
        validation_data: object,
        model: keras.Model,
        class_index: int | Target,
        num_samples: int = 5,
        noise: float = 1.0,
    ) -> np.ndarray:
        """Return the maps of `keras_vis.smooth_grad` in grey: the largest size over the channels.

        What differs from tf-explain: the logit is differentiated, not the cross-entropy; the noise is the same at each
        call; each image has its own scale.

        Args:
            validation_data: images ``(n, h, w, c)``, and labels or None; images that are no single colour.
            model: any Keras model of images.
            class_index: the unit of the output; or a `keras_vis.Target`.
            num_samples: noisy copies of each image.
            noise: standard deviation of the noise, in units of the pixels. (`keras_vis.smooth_grad` takes it as a share
                of each image's max − min; the 1.0 of old suits images of 0 to 255, and drowns those of 0 to 1.)

        Returns:
            uint8 ``(rows * h, columns * w)``, a cell for each image.

        Raises:
            TypeError, ValueError: as for `VanillaGradients.explain`; `num_samples` < 1; `noise` < 0; an image of one
                colour.

        Example:
            >>> grid = SmoothGrad().explain((digits[:4], None), model, 3, num_samples=20, noise=0.15)
        """
        return grid.grey(smoothed(model, grid.images_of(validation_data), class_index, num_samples, noise))


def smoothed(
    model: keras.Model, images: object, class_index: int | Target, num_samples: int = 5, noise: float = 1.0
) -> HeatMaps:
    """Return the maps."""
    with in_their_words(images="validation_data", samples="num_samples"):
        data = take(model, images)
        asked = class_target(model, data, class_index)
        pixels = data.floats(data.pick_input(None))
        if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 <= noise < np.inf:
            raise ValueError(f"`noise` must be a number, at least 0; received {noise!r}.")
        spans = np.ptp(pixels.reshape(len(pixels), -1), axis=1)
        if not spans.all():
            raise ValueError(f"`validation_data`: image {int(spans.argmin())} is of one colour, and has no noise.")
        parts = [
            smooth_grad(model, one[None], asked, samples=num_samples, noise=noise / float(span), progress=False)
            for one, span in zip(pixels, spans, strict=True)
        ]
    return dataclasses.replace(
        parts[0],
        values=np.concatenate([part.values for part in parts]),
        images=np.concatenate([part.images for part in parts]),
        captions=[caption for part in parts for caption in part.captions],
        about={**parts[0].about, "noise": float(noise), "unit": "of the pixels"},
    )
