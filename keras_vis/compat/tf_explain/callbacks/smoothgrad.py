"""Which pixels would change a class most, if the image were a little other, epoch after epoch?"""

from __future__ import annotations

import os

from keras_vis.compat.tf_explain.callbacks.base import Draws, of_class
from keras_vis.compat.tf_explain.core.smoothgrad import smoothed
from keras_vis.engine.target import Target


class SmoothGradCallback(Draws):
    """Draw `keras_vis.smooth_grad` before training and after each epoch; see `Draws` for where.

    Args:
        validation_data: images ``(n, h, w, c)``, and labels or None.
        class_index: the unit of the output; or a `keras_vis.Target`.
        num_samples: noisy copies of each image.
        noise: standard deviation of the noise, in units of the pixels.
        output_dir: where to write.

    Example:
        >>> callback = SmoothGradCallback((x_val[:16], None), class_index=3)
        >>> model.fit(x, y, callbacks=[callback])
    """

    def __init__(
        self,
        validation_data: object,
        class_index: int | Target,
        num_samples: int = 5,
        noise: float = 1.0,
        output_dir: str | os.PathLike[str] = "logs/smoothgrad",
    ) -> None:
        name = of_class("smoothgrad", class_index)
        super().__init__(
            smoothed, validation_data, name, output_dir, class_index=class_index, num_samples=num_samples, noise=noise
        )
