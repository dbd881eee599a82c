"""Which pixels have made a class what it is, epoch after epoch: input times gradient?"""

from __future__ import annotations

import os

from keras_vis.compat.tf_explain.callbacks.base import Draws, of_class
from keras_vis.compat.tf_explain.core.gradients_inputs import products
from keras_vis.engine.target import Target


class GradientsInputsCallback(Draws):
    """Draw `keras_vis.input_x_gradient` before training and after each epoch; see `Draws` for where.

    Args:
        validation_data: images ``(n, h, w, c)``, and labels or None.
        class_index: the unit of the output; or a `keras_vis.Target`.
        output_dir: where to write.

    Example:
        >>> callback = GradientsInputsCallback((x_val[:16], None), class_index=3)
        >>> model.fit(x, y, callbacks=[callback])
    """

    def __init__(
        self,
        validation_data: object,
        class_index: int | Target,
        output_dir: str | os.PathLike[str] = "logs/gradients_inputs",
    ) -> None:
        name = of_class("gradients_inputs", class_index)
        super().__init__(products, validation_data, name, output_dir, class_index=class_index)
