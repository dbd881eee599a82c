"""Draws the pictures of the README.

    KERAS_VIS_DATA=folder python notebooks/pictures.py RUN

RUN is the folder of a finished `python -m mnist_demo`; KERAS_VIS_DATA holds photographs and MobileNet's ImageNet
weights. The page is photographed by Chromium, which playwright finds as `chromium`.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import sys

import keras
import numpy as np
from PIL import Image

import keras_vis as kv

HERE = pathlib.Path(__file__).parent / "pictures"


def main() -> int:
    """Draw, and copy from the run."""
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1]).is_dir() or "KERAS_VIS_DATA" not in os.environ:
        print(__doc__, file=sys.stderr)
        return 2
    data, run = pathlib.Path(os.environ["KERAS_VIS_DATA"]), pathlib.Path(sys.argv[1])
    HERE.mkdir(exist_ok=True)
    shutil.copyfile(run / "beyond_mistakes/saliency.png", HERE / "saliency.png")
    shutil.copyfile(run / "6_saliency/saliency.png", HERE / "backprop.png")
    model = keras.applications.MobileNet(alpha=0.75, input_shape=(224, 224, 3), weights=None)
    model.load_weights(data / "mobilenet_0.75_224_imagenet.weights.h5")
    lines = (data / "imagenet_synset_words.txt").read_text().splitlines()
    labels = [line.split(" ", 1)[1].split(",")[0].strip() for line in lines]
    photos = np.stack(
        [
            np.asarray(Image.open(data / "photos" / f"{name}.jpg").convert("RGB").resize((224, 224)))
            for name in ("goldfish", "bear")
        ]
    )
    x = keras.applications.mobilenet.preprocess_input(photos.astype("float32"))
    kv.grad_cam(model, x, labels=labels).over(photos).save(HERE / "grad_cam.png")
    several = kv.saliency(model, x, labels=labels).beside(
        kv.smooth_grad(model, x),
        kv.input_x_gradient(model, x),
        kv.integrated_gradients(model, x),
        names=("saliency", "SmoothGrad", "input × gradient", "integrated gradients"),
        title="Which pixels is the class read from?",
    )
    several.over(photos).save(HERE / "gradients.png")
    shutil.copyfile(run / "4_maximisation/inversion.png", HERE / "inversion.png")
    shutil.copyfile(run / "beyond_units/top_patches.png", HERE / "top_patches.png")
    shutil.copyfile(run / "beyond_codes/grid.png", HERE / "embedding.png")
    shutil.copyfile(run / "beyond_mistakes/accuracy_by_slant.png", HERE / "accuracy.png")
    classes = [labels.index(name) for name in ("goldfish", "brown bear", "flamingo", "daisy")]
    wanted = kv.activation_maximization(model, classes, value_range=(-1, 1), labels=labels, progress=False)
    dataclasses.replace(wanted, columns=4).save(HERE / "synthesis.png")
    _photograph(run, HERE / "page.png")
    return 0


def _photograph(run: pathlib.Path, path: pathlib.Path) -> None:
    """The page of the run after its second epoch, beside the untrained net."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 1500})
        page.goto((run / "index.html").resolve().as_uri() + "#epoch=2&with=0")
        page.wait_for_timeout(2000)  # for the pictures to be there
        page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
