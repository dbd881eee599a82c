"""What did the keras-vis library (``vis``) call it?

Code that was written for it runs with a changed import:

    from keras_vis.compat import vis

    vis.visualize_saliency(model, vis.utils.find_layer_idx(model, "preds"), filter_indices=3, seed_input=image)
"""

from __future__ import annotations

from keras_vis.compat.vis import grad_modifiers, input_modifiers, utils, visualization
from keras_vis.compat.vis.visualization import (
    get_num_filters,
    overlay,
    visualize_activation,
    visualize_cam,
    visualize_saliency,
)

__all__ = [
    "get_num_filters",
    "grad_modifiers",
    "input_modifiers",
    "overlay",
    "utils",
    "visualization",
    "visualize_activation",
    "visualize_cam",
    "visualize_saliency",
]
