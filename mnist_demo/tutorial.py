"""What does the tutorial draw of its trained net, but for what the net wants to see?"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

import keras_vis as kv
from mnist_demo.gap import gap_cams
from mnist_demo.look import Drawn, Look


def _saliency(look: Look) -> kv.Comparison:
    return _in_jet(kv.saliency(look.model, look.x, look.y)).beside(
        _in_jet(kv.guided_backprop(look.model, look.x, look.y)),
        _in_jet(kv.deconvnet(look.model, look.x, look.y)),
        names=("saliency", "guided", "deconvolution"),
        title="Which pixels would change the logit of the digit most?",
    )


def _other_gradients(look: Look) -> kv.Comparison:
    return kv.smooth_grad(look.model, look.x, look.y).beside(
        kv.input_x_gradient(look.model, look.x, look.y),
        kv.integrated_gradients(look.model, look.x, look.y),
        names=("SmoothGrad", "input × gradient", "integrated gradients"),
        title="Which pixels matter to the logit of the digit, and which speak for it (red) and against it (blue)?",
    )


def _grad_cam(look: Look) -> kv.Comparison:
    return _in_jet(look.cam).beside(
        _in_jet(kv.guided_grad_cam(look.model, look.x, look.y)),
        _in_jet(_on(look.cam, kv.deconvnet(look.model, look.x, look.y))),
        names=("Grad-CAM", "guided Grad-CAM", "with deconvolution"),
        title="Where does conv_2 see what speaks for the digit, and which pixels there?",
    )


def _other_weights(look: Look) -> kv.Comparison:
    return kv.grad_cam_plus_plus(look.model, look.x, look.y).beside(
        kv.layer_cam(look.model, look.x, look.y),
        kv.score_cam(look.model, look.x, look.y),
        names=("Grad-CAM++", "LayerCAM", "Score-CAM"),
        title="Where does conv_2 see what speaks for the digit? Three that weigh its channels otherwise",
    )


def _on(cam: kv.HeatMaps, pixels: kv.HeatMaps) -> kv.HeatMaps:
    """Multiply what a rule gives each pixel by a class activation map, as Guided Grad-CAM does with its own rule."""
    size = pixels.values.shape[2:0:-1]
    large = np.stack([cv2.resize(map_, size, interpolation=cv2.INTER_LINEAR) for map_ in cam.values])
    return dataclasses.replace(pixels, values=pixels.values * large[..., None])


def _in_jet(maps: kv.HeatMaps) -> kv.HeatMaps:
    """Take the colours of the tutorial; everywhere else they are the package's own, whose lightness grows evenly."""
    return dataclasses.replace(maps, colours="jet")


PRELIMINARY: Drawn = {
    "0_data/digits": (
        "what goes in: numbers from 0 to 1, most of them 0",
        lambda look: kv.inspect_images(look.x),
    ),
    "2_structure/layers": (
        "layers, shapes, parameters",
        lambda look: kv.summary_table(look.model),
    ),
    "2_structure/graph": (
        "the same as a graph",
        lambda look: kv.plot_structure(look.model),
    ),
    "3_filters/the_first": (
        "nine weights: what conv_1's first unit looks for",
        lambda look: kv.filters(look.model, "conv_1", units=0),
    ),
    "3_filters/all": (
        "edges in all directions?",
        lambda look: kv.filters(look.model, "conv_1"),
    ),
}

MAPS: Drawn = {
    "5_occlusion/scores": (
        "where a block that covers the digit lowers its logit most",
        lambda look: look.covered,
    ),
    "5_occlusion/classes": (
        "which digit is predicted wherever the block lies, and how often",
        lambda look: look.covered.class_map(),
    ),
    "6_saliency/saliency": (
        "pixels whose change would change the digit's logit most: plain, guided, deconvolution",
        _saliency,
    ),
    "6_saliency/other_gradients": (
        "less noise, and what each pixel has contributed: SmoothGrad and its relatives",
        _other_gradients,
    ),
    "7_class_activation_maps/grad_cam": (
        "where conv_2 sees what speaks for the digit: plain, guided, deconvolution",
        _grad_cam,
    ),
    "7_class_activation_maps/other_weights": (
        "the same with other weights of the channels",
        _other_weights,
    ),
    "7_class_activation_maps/gap_cam": (
        "the net cut after pool and after conv_2: finer maps, of less of the digit",
        lambda look: gap_cams(look.model, look.digits, look.x, look.y, least=3 * look.ascent),
    ),
}
