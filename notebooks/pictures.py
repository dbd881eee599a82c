"""Draws the pictures of the README.

    KERAS_VIS_DATA=folder python notebooks/pictures.py RUN

RUN is the folder of a finished `python -m mnist_demo`; KERAS_VIS_DATA holds photographs and MobileNet's ImageNet
weights.
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
    shutil.copyfile(run / "mistakes_saliency.png", HERE / "saliency.png")
    shutil.copyfile(run / "step_6_saliency.png", HERE / "backprop.png")
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
    shutil.copyfile(run / "step_4_beyond_inversion.png", HERE / "inversion.png")
    shutil.copyfile(run / "beyond_top_patches.png", HERE / "top_patches.png")
    shutil.copyfile(run / "beyond_embedding_grid.png", HERE / "embedding.png")
    shutil.copyfile(run / "beyond_accuracy_slant.png", HERE / "accuracy.png")
    classes = [labels.index(name) for name in ("goldfish", "brown bear", "flamingo", "daisy")]
    wanted = kv.activation_maximization(model, classes, value_range=(-1, 1), labels=labels, progress=False)
    dataclasses.replace(wanted, columns=4).save(HERE / "synthesis.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
