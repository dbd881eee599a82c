"""Which callbacks did tf-explain have?

    model.fit(x, y, callbacks=[GradCAMCallback((x_val[:16], None), class_index=3, output_dir="logs")])

Each draws before training and after each epoch, by `keras_vis.EpochVisualizer`.
"""

from __future__ import annotations

from keras_vis.compat.tf_explain.callbacks.activations_visualization import ActivationsVisualizationCallback
from keras_vis.compat.tf_explain.callbacks.grad_cam import GradCAMCallback
from keras_vis.compat.tf_explain.callbacks.gradients_inputs import GradientsInputsCallback
from keras_vis.compat.tf_explain.callbacks.integrated_gradients import IntegratedGradientsCallback
from keras_vis.compat.tf_explain.callbacks.occlusion_sensitivity import OcclusionSensitivityCallback
from keras_vis.compat.tf_explain.callbacks.smoothgrad import SmoothGradCallback
from keras_vis.compat.tf_explain.callbacks.vanilla_gradients import VanillaGradientsCallback

__all__ = [
    "ActivationsVisualizationCallback",
    "GradCAMCallback",
    "GradientsInputsCallback",
    "IntegratedGradientsCallback",
    "OcclusionSensitivityCallback",
    "SmoothGradCallback",
    "VanillaGradientsCallback",
]
