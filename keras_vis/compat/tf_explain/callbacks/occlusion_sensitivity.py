"""Which part of the image must not be covered, epoch after epoch?"""

from __future__ import annotations

import os

from keras_vis.compat.tf_explain.callbacks.base import Draws, of_class
from keras_vis.compat.tf_explain.core.occlusion_sensitivity import covered
from keras_vis.engine.target import Target


class OcclusionSensitivityCallback(Draws):
    """Draw `keras_vis.occlusion` before training and after each epoch; see `Draws` for where.

    Args:
        validation_data: images ``(n, h, w, c)``, and labels or None.
        class_index: the unit of the output; or a `keras_vis.Target`.
        patch_size: height and width of the patch, in pixels.
        output_dir: where to write.

    Example:
        >>> callback = OcclusionSensitivityCallback((x_val[:16], None), class_index=3, patch_size=4)
        >>> model.fit(x, y, callbacks=[callback])
    """

    def __init__(
        self,
        validation_data: object,
        class_index: int | Target,
        patch_size: int,
        output_dir: str | os.PathLike[str] = "logs/occlusion_sensitivity",
    ) -> None:
        name = of_class("occlusion_sensitivity", class_index)
        super().__init__(covered, validation_data, name, output_dir, class_index=class_index, patch_size=patch_size)
