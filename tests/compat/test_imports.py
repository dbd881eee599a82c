"""Do the old imports find what they look for, and say what to do where it is not there?"""

from __future__ import annotations

import copy
import importlib
import inspect

import keras
import pytest

FORMS = """
from keras_vis.compat.vis.visualization import visualize_activation, visualize_saliency, visualize_cam
from keras_vis.compat.vis.visualization import overlay, get_num_filters
from keras_vis.compat.vis.utils import utils; utils.apply_modifications, utils.find_layer_idx, utils.stitch_images
from keras_vis.compat.vis.utils.utils import find_layer_idx, apply_modifications, load_img, draw_text, normalize
from keras_vis.compat.vis.input_modifiers import Jitter
from keras_vis.compat.vis.utils import utils; utils.set_random_seed, utils.get_img_shape
from keras_vis.compat.vis import utils; utils.find_layer_idx, utils.utils.find_layer_idx
from keras_vis.compat import vis; vis.visualize_saliency, vis.utils.apply_modifications, vis.utils.utils.load_img
from keras_vis.compat import vis; vis.visualization.visualize_cam, vis.input_modifiers.Jitter, vis.overlay
import keras_vis.compat.vis as vis; vis.visualization.get_num_filters, vis.grad_modifiers.small_values
from keras_vis.compat.tf_explain.core.grad_cam import GradCAM
from keras_vis.compat.tf_explain.core.activations import ExtractActivations
from keras_vis.compat.tf_explain.core.vanilla_gradients import VanillaGradients
from keras_vis.compat.tf_explain.core.smoothgrad import SmoothGrad
from keras_vis.compat.tf_explain.core.integrated_gradients import IntegratedGradients
from keras_vis.compat.tf_explain.core.gradients_inputs import GradientsInputs
from keras_vis.compat.tf_explain.core.occlusion_sensitivity import OcclusionSensitivity
from keras_vis.compat.tf_explain.core import GradCAM, SmoothGrad, ExtractActivations, GradientsInputs
from keras_vis.compat.tf_explain.core import IntegratedGradients, OcclusionSensitivity, VanillaGradients
from keras_vis.compat.tf_explain.callbacks.grad_cam import GradCAMCallback
from keras_vis.compat.tf_explain.callbacks.activations_visualization import ActivationsVisualizationCallback
from keras_vis.compat.tf_explain.callbacks.vanilla_gradients import VanillaGradientsCallback
from keras_vis.compat.tf_explain.callbacks.smoothgrad import SmoothGradCallback
from keras_vis.compat.tf_explain.callbacks.integrated_gradients import IntegratedGradientsCallback
from keras_vis.compat.tf_explain.callbacks.gradients_inputs import GradientsInputsCallback
from keras_vis.compat.tf_explain.callbacks.occlusion_sensitivity import OcclusionSensitivityCallback
from keras_vis.compat.tf_explain.callbacks import GradCAMCallback, ActivationsVisualizationCallback
from keras_vis.compat.tf_explain.utils.display import grid_display, filter_display
from keras_vis.compat.tf_explain.utils.saver import save_grayscale, save_rgb
import keras_vis.compat.tf_explain as tf_explain; tf_explain.utils.display.grid_display
import keras_vis.compat.tf_explain as tf_explain; tf_explain.callbacks.SmoothGradCallback, tf_explain.core.GradCAM
""".strip().splitlines()


@pytest.mark.parametrize("form", FORMS)
def test_an_old_import_needs_its_package_changed_and_nothing_else(form):
    exec(form, {})


@pytest.mark.parametrize(
    ("module", "name", "remedy"),
    [
        ("visualization", "visualize_activation_with_losses", "activation_maximization"),
        ("visualization", "visualize_saliency_with_losses", "keras_vis.saliency"),
        ("visualization", "visualize_cam_with_losses", "keras_vis.grad_cam"),
        ("losses", "ActivationMaximization", "keras_vis.Channel"),
        ("losses", "Loss", "keras_vis.Logit"),
        ("optimizer", "Optimizer", "activation_maximization"),
        ("regularizers", "TotalVariation", "tv_weight"),
        ("regularizers", "LPNorm", "lp_norm_weight"),
        ("callbacks", "Print", "verbose=True"),
        ("callbacks", "GifGenerator", "frames="),
        ("callbacks", "OptimizerCallback", ".scores"),
        ("backprop_modifiers", "guided", "backprop_modifier='guided'"),
        ("backprop_modifiers", "deconv", "backprop_modifier='relu'"),
        ("input_modifiers", "InputModifier", "keras_vis.Transform"),
        ("utils.utils", "get_imagenet_label", "decode_predictions"),
        ("utils", "slicer", "images[:, :, :, 0]"),
        ("utils.vggnet", "VGG16", "keras.applications.VGG16"),
        ("backend", "modify_model_backprop", "backprop_modifier='guided'"),
        ("backend", "set_random_seed", "apply_modifications"),
    ],
)
def test_an_old_name_that_is_not_here_says_what_does_its_work(module, name, remedy):
    with pytest.raises(ImportError, match=f"{name} is not here") as caught:
        exec(f"from keras_vis.compat.vis.{module} import {name}", {})
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("module", "name", "remedy"),
    [
        ("display", "heatmap_display", "keras_vis.grad_cam"),
        ("display", "image_to_uint_255", "keras_vis.grad_cam"),
        ("image", "apply_grey_patch", "keras_vis.occlusion(model, images, target, patch=4)"),
        ("image", "transform_to_normalized_grayscale", "keras_vis.saliency"),
    ],
)
def test_a_helper_of_tf_explain_that_is_not_here_says_what_does_its_work(module, name, remedy):
    with pytest.raises(ImportError, match=f"{name} is not here") as caught:
        exec(f"from keras_vis.compat.tf_explain.utils.{module} import {name}", {})
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("explainer", "name", "remedy"),
    [
        ("VanillaGradients", "get_score_model", "give it the model as it is"),
        ("VanillaGradients", "explain_score_model", "differentiates the logit"),
        ("VanillaGradients", "compute_gradients", "keras_vis.saliency(model, images, class_index).values"),
        ("GradientsInputs", "get_score_model", "give it the model as it is"),
        ("GradientsInputs", "compute_gradients", "keras_vis.input_x_gradient(model, images, class_index).values"),
        ("SmoothGrad", "get_averaged_gradients", "It has explain() and save()"),
    ],
)
def test_a_step_of_an_explainer_that_is_not_here_says_what_does_its_work(explainer, name, remedy):
    made = getattr(importlib.import_module("keras_vis.compat.tf_explain.core"), explainer)()
    assert not hasattr(made, name)
    with pytest.raises(AttributeError, match=f"{explainer}.{name} is not here") as caught:
        getattr(made, name)
    assert remedy in str(caught.value)
    assert vars(copy.deepcopy(made)) == vars(made)


def test_what_those_messages_advise_is_there():
    import keras_vis as kv

    assert "patch" in inspect.signature(kv.occlusion).parameters
    assert "step_size" in inspect.signature(kv.activation_maximization).parameters
    assert callable(keras.applications.VGG16)
    assert all(hasattr(kv, name) for name in ("Channel", "Logit", "Norm", "TotalVariation", "Transform", "layer_cam"))
    assert "frames" in inspect.signature(kv.activation_maximization).parameters
    assert callable(keras.applications.imagenet_utils.decode_predictions)


def test_a_name_that_never_was_is_an_ordinary_missing_attribute():
    losses = importlib.import_module("keras_vis.compat.vis.losses")
    assert not hasattr(losses, "NeverThere")


@pytest.mark.parametrize(
    ("function", "names"),
    [
        ("visualize_saliency", "model layer_idx filter_indices seed_input backprop_modifier grad_modifier"),
        (
            "visualize_cam",
            "model layer_idx filter_indices seed_input penultimate_layer_idx backprop_modifier grad_modifier",
        ),
        (
            "visualize_activation",
            "model layer_idx filter_indices seed_input input_range backprop_modifier grad_modifier act_max_weight "
            "lp_norm_weight tv_weight",
        ),
        ("overlay", "array1 array2 alpha"),
    ],
)
def test_arguments_by_place_are_those_of_version_0_4(function, names):
    visualization = importlib.import_module("keras_vis.compat.vis.visualization")
    places = [
        name
        for name, part in inspect.signature(getattr(visualization, function)).parameters.items()
        if part.kind is part.POSITIONAL_OR_KEYWORD
    ]
    assert places == names.split()


@pytest.mark.parametrize(
    ("explainer", "names"),
    [
        ("ExtractActivations", "layers_name"),
        ("GradCAM", "class_index layer_name use_guided_grads colormap image_weight"),
        ("GradientsInputs", "class_index"),
        ("IntegratedGradients", "class_index n_steps"),
        ("OcclusionSensitivity", "class_index patch_size colormap"),
        ("SmoothGrad", "class_index num_samples noise"),
        ("VanillaGradients", "class_index"),
    ],
)
def test_arguments_by_place_are_those_of_tf_explain_0_3(explainer, names):
    core = importlib.import_module("keras_vis.compat.tf_explain.core")
    explain = getattr(core, explainer).explain
    assert list(inspect.signature(explain).parameters) == ["self", "validation_data", "model", *names.split()]


@pytest.mark.parametrize(
    ("callback", "names"),
    [
        ("ActivationsVisualizationCallback", "layers_name output_dir"),
        ("GradCAMCallback", "class_index layer_name output_dir use_guided_grads"),
        ("GradientsInputsCallback", "class_index output_dir"),
        ("IntegratedGradientsCallback", "class_index n_steps output_dir"),
        ("OcclusionSensitivityCallback", "class_index patch_size output_dir"),
        ("SmoothGradCallback", "class_index num_samples noise output_dir"),
        ("VanillaGradientsCallback", "class_index output_dir"),
    ],
)
def test_a_callback_takes_what_it_took_there(callback, names):
    callbacks = importlib.import_module("keras_vis.compat.tf_explain.callbacks")
    found = list(inspect.signature(getattr(callbacks, callback)).parameters)
    assert found == ["validation_data", *names.split()]
