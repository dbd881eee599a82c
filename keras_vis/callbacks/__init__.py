"""When is what drawn, while a network trains?

    model.fit(x, y, callbacks=[kv.callbacks.GradCAM(x_val[:16], y_val[:16]), kv.callbacks.Filters(every=2)])

A callback computes nothing itself: it calls one of the methods after an epoch and saves the picture. Training with it
is the same, bit for bit, as training without it.
"""

from __future__ import annotations

from keras_vis.callbacks.census import UnitCensus
from keras_vis.callbacks.named import named
from keras_vis.callbacks.visualizer import EpochVisualizer
from keras_vis.methods.backprop import deconvnet, guided_backprop
from keras_vis.methods.cam import grad_cam, grad_cam_plus_plus, guided_grad_cam, layer_cam
from keras_vis.methods.codes import embed_codes
from keras_vis.methods.features import feature_maps
from keras_vis.methods.filters import filters
from keras_vis.methods.gap import gap_cam
from keras_vis.methods.gradients import input_x_gradient, integrated_gradients, saliency, smooth_grad
from keras_vis.methods.occlusion import occlusion, rise
from keras_vis.methods.patches import top_patches
from keras_vis.methods.score_cam import score_cam
from keras_vis.methods.structure import plot_structure
from keras_vis.methods.synthesis import activation_maximization, deep_dream

__all__ = [
    "ActivationMaximization",
    "DeconvNet",
    "DeepDream",
    "EmbedCodes",
    "EpochVisualizer",
    "FeatureMaps",
    "Filters",
    "GapCAM",
    "GradCAM",
    "GradCAMPlusPlus",
    "GuidedBackprop",
    "GuidedGradCAM",
    "InputXGradient",
    "IntegratedGradients",
    "LayerCAM",
    "ModelStructure",
    "Occlusion",
    "Rise",
    "Saliency",
    "ScoreCAM",
    "SmoothGrad",
    "TopPatches",
    "UnitCensus",
]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


ActivationMaximization = named("ActivationMaximization", activation_maximization)
DeconvNet = named("DeconvNet", deconvnet)
DeepDream = named("DeepDream", deep_dream)
EmbedCodes = named("EmbedCodes", embed_codes)
FeatureMaps = named("FeatureMaps", feature_maps)
Filters = named("Filters", filters)
GapCAM = named("GapCAM", gap_cam)
GradCAM = named("GradCAM", grad_cam)
GradCAMPlusPlus = named("GradCAMPlusPlus", grad_cam_plus_plus)
GuidedBackprop = named("GuidedBackprop", guided_backprop)
GuidedGradCAM = named("GuidedGradCAM", guided_grad_cam)
InputXGradient = named("InputXGradient", input_x_gradient)
IntegratedGradients = named("IntegratedGradients", integrated_gradients)
LayerCAM = named("LayerCAM", layer_cam)
ModelStructure = named("ModelStructure", plot_structure, every=None)  # training does not change it
Occlusion = named("Occlusion", occlusion)
Rise = named("Rise", rise)
Saliency = named("Saliency", saliency)
ScoreCAM = named("ScoreCAM", score_cam)
SmoothGrad = named("SmoothGrad", smooth_grad)
TopPatches = named("TopPatches", top_patches)
