"""Where does a layer see what speaks for a class, epoch after epoch?"""

from __future__ import annotations

import os

from keras_vis.compat.tf_explain.callbacks.base import Draws, of_class
from keras_vis.compat.tf_explain.core.grad_cam import check_gradients, class_activation
from keras_vis.engine.target import Target


class GradCAMCallback(Draws):
    """Draw `keras_vis.grad_cam` before training and after each epoch; see `Draws` for where.

    Args:
        validation_data: images ``(n, h, w, c)``, and labels or None.
        class_index: the unit of the output; or a `keras_vis.Target`.
        layer_name: whose maps; by default the last with maps that is no pooling.
        output_dir: where to write.
        use_guided_grads: False; True is refused, as by `GradCAM`.

    Example:
        >>> callback = GradCAMCallback((x_val[:16], None), class_index=3)
        >>> model.fit(x, y, callbacks=[callback])
    """

    def __init__(
        self,
        validation_data: object,
        class_index: int | Target,
        layer_name: str | None = None,
        output_dir: str | os.PathLike[str] = "logs/grad_cam",
        use_guided_grads: bool = False,
    ) -> None:
        check_gradients(use_guided_grads)
        name = of_class("grad_cam", class_index, layer_name)
        super().__init__(
            class_activation,
            validation_data,
            name,
            output_dir,
            class_index=class_index,
            layer_name=layer_name,
        )
