"""Which pixels have made a class what it is, epoch after epoch, along the way from black?"""

from __future__ import annotations

import os

from keras_vis.compat.tf_explain.callbacks.base import Draws, of_class
from keras_vis.compat.tf_explain.core.integrated_gradients import path_gradients
from keras_vis.engine.target import Target


class IntegratedGradientsCallback(Draws):
    """Draw `keras_vis.integrated_gradients` before training and after each epoch; see `Draws` for where.

    Args:
        validation_data: images ``(n, h, w, c)``, and labels or None.
        class_index: the unit of the output; or a `keras_vis.Target`.
        n_steps: points on the way.
        output_dir: where to write.

    Example:
        >>> callback = IntegratedGradientsCallback((x_val[:16], None), class_index=3)
        >>> model.fit(x, y, callbacks=[callback])
    """

    def __init__(
        self,
        validation_data: object,
        class_index: int | Target,
        n_steps: int = 5,
        output_dir: str | os.PathLike[str] = "logs/integrated_gradients",
    ) -> None:
        name = of_class("integrated_gradients", class_index)
        super().__init__(path_gradients, validation_data, name, output_dir, class_index=class_index, n_steps=n_steps)
