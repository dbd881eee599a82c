"""Which pixels would change a class most, epoch after epoch?"""

from __future__ import annotations

import os

from keras_vis.compat.tf_explain.callbacks.base import Draws, of_class
from keras_vis.compat.tf_explain.core.vanilla_gradients import gradients
from keras_vis.engine.target import Target


class VanillaGradientsCallback(Draws):
    """Draw `keras_vis.saliency` before training and after each epoch; see `Draws` for where.

    Args:
        validation_data: images ``(n, h, w, c)``, and labels or None.
        class_index: the unit of the output; or a `keras_vis.Target`.
        output_dir: where to write.

    Example:
        >>> callback = VanillaGradientsCallback((x_val[:16], None), class_index=3)
        >>> model.fit(x, y, callbacks=[callback])
    """

    def __init__(
        self,
        validation_data: object,
        class_index: int | Target,
        output_dir: str | os.PathLike[str] = "logs/vanilla_gradients",
    ) -> None:
        name = of_class("vanilla_gradients", class_index)
        super().__init__(gradients, validation_data, name, output_dir, class_index=class_index)
