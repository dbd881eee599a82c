"""Which pictures does the tutorial draw, while its net trains and afterwards?

A folder for each step of the tutorial, and for what lies beyond it; on the page each is a section.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import keras
import numpy as np

import keras_vis as kv
from mnist_demo.data import Digits
from mnist_demo.gap import gap_cams
from mnist_demo.learnt import UNITS, WATCHED, learnt
from mnist_demo.wanted import wanted

_MISTAKES = 12
_BLOCK, _FIELD = 4, 20  # pixels

# What is drawn of the trained net, and what to look for in it.
_TOLD = {
    "0_data/digits": "what goes in: numbers from 0 to 1, most of them 0",
    "2_structure/layers": "layers, shapes, parameters",
    "2_structure/graph": "the same as a graph",
    "3_filters/the_first": "nine weights: what conv_1's first unit looks for",
    "3_filters/all": "edges in all directions?",
    "4_maximisation/wrong_range": "what one gets who says that pixels go to 255, where the net knows 0 to 1",
    "4_maximisation/perception": "what the net takes for each digit: strokes, and more of them than anyone would draw",
    "4_maximisation/penalties": "what total variation and a norm do to it, from nothing to too much",
    "4_maximisation/two_classes": "two digits at once: the sum of their logits",
    "4_maximisation/softmax": "the same with the softmax on: a net that is sure has nothing more to ask for",
    "4_maximisation/targets": "a neuron, a channel, a layer, a logit and a probability",
    "4_maximisation/channels": "conv_2's 64 channels: strokes and edges of every direction",
    "4_maximisation/inversion": "what each layer has kept of a digit",
    "4_maximisation/fooling": "noise in which the net is 99 % sure to see each digit",
    "4_maximisation/adversarial": "the digits changed a little, and what the net says now",
    "4_maximisation/adversarial_accuracy": "how the accuracy falls with the size of the change",
    "5_occlusion/scores": "where a block that covers the digit lowers its logit most",
    "5_occlusion/classes": "which digit is predicted wherever the block lies, and how often",
    "6_saliency/saliency": "pixels whose change would change the digit's logit most: plain, guided, deconvolution",
    "6_saliency/other_gradients": "less noise, and what each pixel has contributed: SmoothGrad and its relatives",
    "7_class_activation_maps/grad_cam": "where conv_2 sees what speaks for the digit: plain, guided, deconvolution",
    "7_class_activation_maps/other_weights": "the same with other weights of the channels",
    "7_class_activation_maps/gap_cam": "the net cut after pool and after conv_2: finer maps, of less of the digit",
    "beyond_feature_maps/conv_1": "what the 32 units of conv_1 make of a 7",
    "beyond_feature_maps/conv_2": "and the 64 of conv_2: fewer answer, and to more",
    "beyond_feature_maps/pool": "the same, a quarter of the size",
    "beyond_feature_maps/surface": "one of these maps as a landscape",
    "beyond_feature_maps/histogram": "how much of them is zero, and how high the rest is",
    "beyond_units/census": "over all test digits: which units never answer, and how seldom the others do",
    "beyond_units/top_patches": "what of all test digits excites six units of conv_2 most: strokes of a direction",
    "beyond_units/top_images": "four units of dense: whole digits",
    "beyond_units/dissection": "units of conv_2 that answer where strokes run in one direction, at loops, at ends",
    "beyond_codes/embedding": "t-SNE: which digits dense holds to be alike",
    "beyond_codes/grid": "the digits themselves in that order",
    "beyond_codes/correspondence": "which places of a digit conv_2 finds again where it is shifted",
    "beyond_mistakes/accuracy_by_slant": "is the net worse at digits that lean?",
    "beyond_mistakes/accuracy_by_stroke_width": "and at thin or thick ones?",
    "beyond_mistakes/raters": "where the net and the labels differ, and how far they agree beyond chance",
    "beyond_mistakes/mistakes": "the digits where they differ, the surest mistakes first",
    "beyond_mistakes/saliency": "the worst mistakes: pixels that matter for the true digit",
    "beyond_mistakes/grad_cam": "the worst mistakes: what speaks for the true digit",
}


def callbacks(digits: Digits, out: Path, ascent: int) -> list[keras.callbacks.Callback]:
    """Return what draws while the net trains: one picture for each method and epoch, from the untrained net on.

    Args:
        digits: the test digits are looked at.
        out: where the pictures go.
        ascent: steps of an ascent.
    """
    x, y = one_of_each(digits)
    draw = kv.callbacks
    return [
        draw.ModelStructure(directory=out),
        draw.Filters("conv_1", directory=out),
        draw.EpochVisualizer(kv.weight_histograms, directory=out),
        draw.FeatureMaps(x[7:8], "conv_1", directory=out),
        draw.FeatureMaps(x[7:8], "conv_2", directory=out),
        draw.EpochVisualizer(kv.top_predictions, x, k=3, directory=out),
        draw.Saliency(x, y, directory=out),
        draw.GuidedBackprop(x, y, directory=out),
        draw.DeconvNet(x, y, directory=out),
        draw.SmoothGrad(x, y, directory=out),
        draw.InputXGradient(x, y, directory=out),
        draw.IntegratedGradients(x, y, directory=out),
        draw.ActivationMaximization(range(10), steps=ascent, directory=out),
        draw.Occlusion(x, y, patch=_BLOCK, fill=_occluder(), directory=out),
        draw.GradCAM(x, y, directory=out),
        draw.GuidedGradCAM(x, y, directory=out),
        draw.GradCAMPlusPlus(x, y, directory=out),
        draw.LayerCAM(x, y, directory=out),
        draw.ScoreCAM(x, y, directory=out),
        draw.UnitCensus(digits.x_test[:WATCHED], directory=out),
        draw.TopPatches(digits.x_test[:WATCHED], "conv_2", UNITS, directory=out),
        draw.EmbedCodes(digits.x_test[:WATCHED], "dense", labels=digits.y_test[:WATCHED], directory=out),
    ]


def clear(out: Path) -> None:
    """Remove what an earlier run has drawn of its trained net: beside the frames of this one it would mislead."""
    for name in _TOLD:
        (out / f"{name}.png").unlink(missing_ok=True)


def draw(model: keras.Model, digits: Digits, out: Path, ascent: int) -> list[Path]:
    """Draw the trained net, and say of each picture what to look for.

    Args:
        model: the tutorial's net.
        digits: the test digits are looked at.
        out: where the pictures go.
        ascent: steps of an ascent.

    Returns:
        The files, in the order of the steps.
    """
    x, y = one_of_each(digits)
    wrong_x, wrong_y = _mistakes(model, digits)
    covered = kv.occlusion(model, x, y, patch=_BLOCK, fill=_occluder())
    pictures: dict[str, kv.Picture] = {
        "0_data/digits": kv.inspect_images(x),
        "2_structure/layers": kv.summary_table(model),
        "2_structure/graph": kv.plot_structure(model),
        "3_filters/the_first": kv.filters(model, "conv_1", units=0),
        "3_filters/all": kv.filters(model, "conv_1"),
        **wanted(model, x, digits, ascent),
        "5_occlusion/scores": covered,
        "5_occlusion/classes": covered.class_map(),
        "6_saliency/saliency": _in_jet(kv.saliency(model, x, y)).beside(
            _in_jet(kv.guided_backprop(model, x, y)),
            _in_jet(kv.deconvnet(model, x, y)),
            names=("saliency", "guided", "deconvolution"),
            title="Which pixels would change the logit of the digit most?",
        ),
        "6_saliency/other_gradients": kv.smooth_grad(model, x, y).beside(
            kv.input_x_gradient(model, x, y),
            kv.integrated_gradients(model, x, y),
            names=("SmoothGrad", "input × gradient", "integrated gradients"),
            title="Which pixels matter to the logit of the digit, and which speak for it (red) and against it (blue)?",
        ),
        "7_class_activation_maps/grad_cam": _in_jet(kv.grad_cam(model, x, y)).beside(
            _in_jet(kv.guided_grad_cam(model, x, y)),
            _in_jet(_on(kv.grad_cam(model, x, y), kv.deconvnet(model, x, y))),
            names=("Grad-CAM", "guided Grad-CAM", "with deconvolution"),
            title="Where does conv_2 see what speaks for the digit, and which pixels there?",
        ),
        "7_class_activation_maps/other_weights": kv.grad_cam_plus_plus(model, x, y).beside(
            kv.layer_cam(model, x, y),
            kv.score_cam(model, x, y),
            names=("Grad-CAM++", "LayerCAM", "Score-CAM"),
            title="Where does conv_2 see what speaks for the digit? Three that weigh its channels otherwise",
        ),
        "7_class_activation_maps/gap_cam": gap_cams(model, digits, x, y),
        **learnt(model, x, digits),
    }
    if len(wrong_x):
        pictures["beyond_mistakes/saliency"] = kv.saliency(model, wrong_x, wrong_y)
        pictures["beyond_mistakes/grad_cam"] = kv.grad_cam(model, wrong_x, wrong_y)
    files = []
    for name, picture in pictures.items():
        # the page shows the note below the name
        noted = dataclasses.replace(picture, about={**picture.about, "note": _TOLD[name]})
        files.append(noted.save(out / f"{name}.png"))
        print(f"  {name:44}{_TOLD[name]}", flush=True)
    kv.report.write_page(out, title="What a small convolutional net sees in handwritten digits")
    return files


def _occluder() -> np.ndarray:
    """Return the tutorial's: a block of 0.5 in a field of 0, ``(20, 20, 1)``."""
    field = np.zeros((_FIELD, _FIELD, 1), np.float32)
    middle = slice((_FIELD - _BLOCK) // 2, (_FIELD + _BLOCK) // 2)
    field[middle, middle] = 0.5
    return field


def _on(cam: kv.HeatMaps, pixels: kv.HeatMaps) -> kv.HeatMaps:
    """Multiply what a rule gives each pixel by a class activation map, as Guided Grad-CAM does with its own rule."""
    size = pixels.values.shape[2:0:-1]
    large = np.stack([cv2.resize(map_, size, interpolation=cv2.INTER_LINEAR) for map_ in cam.values])
    return dataclasses.replace(pixels, values=pixels.values * large[..., None])


def _in_jet(maps: kv.HeatMaps) -> kv.HeatMaps:
    """Take the colours of the tutorial; everywhere else they are the package's own, whose lightness grows evenly."""
    return dataclasses.replace(maps, colours="jet")


def one_of_each(digits: Digits) -> tuple[np.ndarray, np.ndarray]:
    """Return the first test image of each digit that there is, in order, and the digits."""
    labels, first = np.unique(digits.y_test, return_index=True)
    return digits.x_test[first], labels


def _mistakes(model: keras.Model, digits: Digits) -> tuple[np.ndarray, np.ndarray]:
    """Return the test images that the net is most wrong about, worst first, and what they are."""
    chance = model.predict(digits.x_test, batch_size=512, verbose=0)
    truth = chance[np.arange(len(chance)), digits.y_test]
    wrong = np.flatnonzero(chance.argmax(axis=1) != digits.y_test)
    worst = wrong[np.argsort(truth[wrong], kind="stable")][:_MISTAKES]
    return digits.x_test[worst], digits.y_test[worst]
