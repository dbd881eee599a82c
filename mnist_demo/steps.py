"""Which pictures does the tutorial draw, while its net trains and afterwards?

The numbers in the files' names are those of the tutorial's steps.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np

import keras_vis as kv
from mnist_demo.data import Digits

_MISTAKES = 12

# What is drawn of the trained net, and what to look for in it.
_TOLD = {
    "step_2_summary": "layers, shapes, parameters",
    "step_2_structure": "the same as a graph",
    "step_3_the_first_filter": "nine weights: what conv_1's first unit looks for",
    "step_3_all_filters": "edges in all directions?",
    "step_6_saliency": "pixels whose change would change the digit's logit most",
    "step_7_grad_cam": "where conv_2 sees what speaks for the digit",
    "mistakes_saliency": "the worst mistakes: pixels that matter for the true digit",
    "mistakes_grad_cam": "the worst mistakes: what speaks for the true digit",
}


def callbacks(digits: Digits, out: Path) -> list[keras.callbacks.Callback]:
    """Return what draws while the net trains: one picture for each method and epoch, from the untrained net on.

    Args:
        digits: the test digits are looked at.
        out: where the pictures go.
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
        draw.GradCAM(x, y, directory=out),
    ]


def clear(out: Path) -> None:
    """Remove what an earlier run has drawn of its trained net: beside the frames of this one it would mislead."""
    for name in _TOLD:
        (out / f"{name}.png").unlink(missing_ok=True)


def draw(model: keras.Model, digits: Digits, out: Path) -> list[Path]:
    """Draw the trained net, and say of each picture what to look for.

    Args:
        model: the tutorial's net.
        digits: the test digits are looked at.
        out: where the pictures go.

    Returns:
        The files, in the order of the steps.
    """
    x, y = one_of_each(digits)
    wrong_x, wrong_y = _mistakes(model, digits)
    pictures: dict[str, kv.Picture] = {
        "step_2_summary": kv.summary_table(model),
        "step_2_structure": kv.plot_structure(model),
        "step_3_the_first_filter": kv.filters(model, "conv_1", units=0),
        "step_3_all_filters": kv.filters(model, "conv_1"),
        # The colours of the tutorial; everywhere else the package's own, whose lightness grows with the value.
        "step_6_saliency": dataclasses.replace(kv.saliency(model, x, y), colours="jet"),
        "step_7_grad_cam": dataclasses.replace(kv.grad_cam(model, x, y), colours="jet"),
    }
    if len(wrong_x):
        pictures["mistakes_saliency"] = kv.saliency(model, wrong_x, wrong_y)
        pictures["mistakes_grad_cam"] = kv.grad_cam(model, wrong_x, wrong_y)
    files = []
    for name, picture in pictures.items():
        files.append(picture.save(out / f"{name}.png"))
        print(f"  {files[-1].name:28}{_TOLD[name]}", flush=True)
    kv.report.write_page(out, title="What a small convolutional net sees in handwritten digits")
    return files


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
