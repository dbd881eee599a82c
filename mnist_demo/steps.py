"""Which pictures does the demo draw, while its net trains and afterwards?

A folder for each step of the tutorial, and for what lies beyond it; on the page each is a section.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Collection
from pathlib import Path

import keras

import keras_vis as kv
from mnist_demo.data import Digits
from mnist_demo.learnt import LEARNT, UNITS, WATCHED
from mnist_demo.look import BLOCK, Drawn, Look, occluder, one_of_each
from mnist_demo.names import step_of
from mnist_demo.tutorial import MAPS, PRELIMINARY
from mnist_demo.wanted import IMAGINED, WANTED

PICTURES: Drawn = {**PRELIMINARY, **WANTED, **MAPS, **IMAGINED, **LEARNT}


def callbacks(digits: Digits, out: Path, ascent: int, steps: Collection[str]) -> list[keras.callbacks.Callback]:
    """Return what draws while the net trains: one picture for each method and epoch, from the untrained net on.

    Args:
        digits: the test digits are looked at.
        out: where the pictures go.
        ascent: steps of an ascent.
        steps: whose pictures are wanted.
    """
    return [drawer for step, drawer in _drawers(digits, out, ascent) if step in steps]


def clear(digits: Digits, out: Path, ascent: int, steps: Collection[str]) -> None:
    """Remove what an earlier run has drawn and this one will not: beside what this one draws it would mislead.

    Args:
        digits: as for `callbacks`, as are the others.
        out: where the pictures are.
        ascent: steps of an ascent.
        steps: which will be drawn.
    """
    for name in PICTURES:
        (out / f"{name}.png").unlink(missing_ok=True)
    for step, drawer in _drawers(digits, out, ascent):
        if step not in steps and (drawer.folder / "frames.json").exists():
            shutil.rmtree(drawer.folder)


def draw(look: Look, out: Path, steps: Collection[str]) -> list[Path]:
    """Draw the trained net, and say of each picture what to look for.

    Args:
        look: the net, and what it is shown.
        out: where the pictures go.
        steps: whose pictures are wanted.

    Returns:
        The files, in the order of the steps.
    """
    files = []
    for name, (told, picture_of) in PICTURES.items():
        picture = picture_of(look) if step_of(name) in steps else None
        if picture is None:
            continue
        # the page shows the note below the name
        noted = dataclasses.replace(picture, about={**picture.about, "note": told})
        files.append(noted.save(out / f"{name}.png"))
        print(f"  {name:44}{told}", flush=True)
    kv.report.write_page(out, title="What a small convolutional net sees in handwritten digits")
    return files


def _drawers(digits: Digits, out: Path, ascent: int) -> list[tuple[str, kv.EpochVisualizer]]:
    """Each with the step that it belongs to."""
    x, y = one_of_each(digits)
    watched = digits.first(None, WATCHED)
    draw = kv.callbacks
    return [
        ("structure", draw.ModelStructure(directory=out)),
        ("filters", draw.Filters("conv_1", directory=out)),
        ("filters", draw.EpochVisualizer(kv.weight_histograms, directory=out)),
        ("feature_maps", draw.FeatureMaps(x[7:8], "conv_1", directory=out)),
        ("feature_maps", draw.FeatureMaps(x[7:8], "conv_2", directory=out)),
        ("mistakes", draw.EpochVisualizer(kv.top_predictions, x, k=3, directory=out)),
        ("saliency", draw.Saliency(x, y, directory=out)),
        ("saliency", draw.GuidedBackprop(x, y, directory=out)),
        ("saliency", draw.DeconvNet(x, y, directory=out)),
        ("saliency", draw.SmoothGrad(x, y, directory=out)),
        ("saliency", draw.InputXGradient(x, y, directory=out)),
        ("saliency", draw.IntegratedGradients(x, y, directory=out)),
        ("maximisation", draw.ActivationMaximization(range(len(x)), steps=ascent, directory=out)),
        ("occlusion", draw.Occlusion(x, y, patch=BLOCK, fill=occluder(), directory=out)),
        ("class_activation_maps", draw.GradCAM(x, y, directory=out)),
        ("class_activation_maps", draw.GuidedGradCAM(x, y, directory=out)),
        ("class_activation_maps", draw.GradCAMPlusPlus(x, y, directory=out)),
        ("class_activation_maps", draw.LayerCAM(x, y, directory=out)),
        ("class_activation_maps", draw.ScoreCAM(x, y, directory=out)),
        ("units", draw.UnitCensus(watched.x_test, directory=out)),
        ("units", draw.TopPatches(watched.x_test, "conv_2", UNITS, directory=out)),
        ("codes", draw.EmbedCodes(watched.x_test, "dense", labels=watched.y_test, directory=out)),
    ]
