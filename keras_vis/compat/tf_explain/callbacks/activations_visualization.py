"""What does a layer make of an image, epoch after epoch?"""

from __future__ import annotations

import os
from collections.abc import Sequence

from keras_vis.compat.tf_explain.callbacks.base import Draws
from keras_vis.compat.tf_explain.core.activations import activations, one_layer


class ActivationsVisualizationCallback(Draws):
    """Draw `keras_vis.feature_maps` before training and after each epoch; see `Draws` for where.

    Args:
        validation_data: images ``(n, h, w, c)``, and labels or None.
        layers_name: the name of one layer, or a list of it, whose maps are ``(h', w', k)``.
        output_dir: where to write.

    Example:
        >>> model.fit(x, y, callbacks=[ActivationsVisualizationCallback((x_val[:1], None), ["conv_2"])])
    """

    def __init__(
        self,
        validation_data: object,
        layers_name: str | Sequence[str],
        output_dir: str | os.PathLike[str] = "logs/activations_visualizations",
    ) -> None:
        layer = one_layer(layers_name)
        super().__init__(activations, validation_data, f"activations-{layer}", output_dir, layer=layer)
