"""Draws a small picture of each method, for the README's table.

    KERAS_VIS_DATA=folder python notebooks/thumbnails.py

KERAS_VIS_DATA holds MNIST, MobileNet's ImageNet weights and photographs.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable

import cv2
import keras
import numpy as np
from PIL import Image

import keras_vis as kv
from mnist_demo.data import load_digits
from mnist_demo.look import one_of_each
from mnist_demo.net import trained_net
from mnist_demo.photographs import load_photographs

HERE = pathlib.Path(__file__).parent / "pictures" / "methods"
HEIGHT, WIDTH = 200, 300  # twice what the README shows, for fine screens
_TILE = 90  # pixels: what is smaller than a tile of a sheet is a letter or a bar


def main() -> int:
    """Draw."""
    photographs = load_photographs()
    if photographs is None:
        return 2
    HERE.mkdir(parents=True, exist_ok=True)
    digits = load_digits()
    model = trained_net(digits, images=60_000)
    x, _ = one_of_each(digits)
    test = digits.first(None, 2000)
    net, fish, photo = photographs.model, photographs.x[1:2], photographs.images[1:2]
    averaging = kv.with_gap_head(keras.models.clone_model(model), layer="pool", units=64)
    averaging.compile("adam", "sparse_categorical_crossentropy")
    averaging.fit(digits.x_train[:12_000], digits.y_train[:12_000], batch_size=64, epochs=2, verbose=0)

    def over(maps: kv.HeatMaps) -> np.ndarray:
        return tile(maps.over(photo))

    drawn: dict[str, Callable[[], np.ndarray]] = {
        "summary_table": lambda: whole(kv.summary_table(model)),
        "plot_structure": lambda: top(kv.plot_structure(model), tall=1.5),
        "inspect_images": lambda: whole(kv.inspect_images(x[8:9])),
        "weight_histograms": lambda: whole(kv.weight_histograms(model, "conv_1")),
        "filters": lambda: top(kv.filters(model, "conv_1")),
        "feature_maps": lambda: whole(kv.feature_maps(model, x[8:9], "conv_2", units=range(8))),
        "top_predictions": lambda: whole(kv.top_predictions(model, x[8:9], k=3)),
        "unit_census": lambda: whole(kv.unit_census(model, test.x_test)),
        "top_patches": lambda: whole(kv.top_patches(model, test.x_test, "conv_2", [7], k=6)),
        "dissect": lambda: top(kv.dissect(model, test.x_test, kv.digit_concepts, "conv_2")),
        "embed_codes": lambda: whole(kv.embed_codes(model, test.x_test, "dense", labels=test.y_test)),
        "correspondence": lambda: whole(kv.correspondence(model, x[4], np.roll(x[4], (-3, -3), (0, 1)), "conv_2")),
        "accuracy_by": lambda: whole(kv.accuracy_by(model, digits.x_test, digits.y_test, "slant")),
        "compare_raters": lambda: whole(kv.compare_raters(model, test.x_test, test.y_test, {}).confusion()),
        "saliency": lambda: over(kv.saliency(net, fish)),
        "smooth_grad": lambda: over(kv.smooth_grad(net, fish)),
        "input_x_gradient": lambda: pair(kv.input_x_gradient(model, x[8:9])),
        "integrated_gradients": lambda: pair(kv.integrated_gradients(model, x[8:9])),
        "guided_backprop": lambda: over(kv.guided_backprop(net, fish)),
        "deconvnet": lambda: pair(kv.deconvnet(model, x[8:9])),
        "gap_cam": lambda: pair(kv.gap_cam(averaging, x[8:9])),
        "grad_cam": lambda: over(kv.grad_cam(net, fish)),
        "grad_cam_plus_plus": lambda: over(kv.grad_cam_plus_plus(net, fish)),
        "layer_cam": lambda: over(kv.layer_cam(net, fish)),
        "guided_grad_cam": lambda: over(kv.guided_grad_cam(net, fish)),
        "score_cam": lambda: over(kv.score_cam(net, fish, channels=128)),
        "occlusion": lambda: over(kv.occlusion(net, fish, patch=32, stride=16)),
        "rise": lambda: pair(kv.rise(model, x[8:9])),
        "activation_maximization": lambda: whole(kv.activation_maximization(model, [3, 4, 8])),
        "deep_dream": lambda: tile(kv.deep_dream(net, fish, kv.Energy("conv_pw_6_relu"), value_range=(-1, 1))),
        "inversion": lambda: tile(kv.inversion(model, x[8:9], "dense")),
        "adversarial": lambda: whole(kv.adversarial(model, x[8:9], epsilon=0.25)),
        "fooling_image": lambda: tile(kv.fooling_image(model, 8)),
    }
    wanted = sys.argv[1:] or drawn
    for name in wanted:
        save(drawn[name](), name)
        print(name, flush=True)
    return 0


def tile(picture: kv.Picture, which: int = -1) -> np.ndarray:
    """One image of a sheet, without letters; the last by default."""
    return tiles(picture.draw())[which]


def tiles(sheet: np.ndarray) -> list[np.ndarray]:
    """The images on a sheet, in reading order: what is not white and larger than a letter."""
    inked = (sheet < 250).any(axis=-1).astype(np.uint8)
    inked = cv2.morphologyEx(inked, cv2.MORPH_OPEN, np.ones((_TILE // 2, _TILE // 2), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(inked)
    found = [(row, column, high, wide) for column, row, wide, high, _ in boxes[1:] if min(wide, high) >= _TILE]
    return [sheet[row : row + high, column : column + wide] for row, column, high, wide in sorted(found)]


def pair(maps: kv.HeatMaps) -> np.ndarray:
    """A digit and its map, whose tiles the black of a digit would join."""
    sheet = whole(maps)
    inked = (sheet < 250).any(axis=-1).mean(axis=1)
    rows = np.flatnonzero(inked > 0.9)  # of the tiles: letters and bars leave more of a row white
    return sheet[rows.min() : rows.max() + 1]


def whole(picture: kv.Picture) -> np.ndarray:
    """All of a sheet but its white edges."""
    sheet = picture.draw()
    rows, columns = np.nonzero((sheet < 250).any(axis=-1))
    return sheet[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def top(picture: kv.Picture, tall: float = HEIGHT / WIDTH) -> np.ndarray:
    """The upper part of a long sheet."""
    sheet = whole(picture)
    return sheet[: round(sheet.shape[1] * tall)]


def save(sheet: np.ndarray, name: str) -> None:
    """Make it as small as the table wants it."""
    factor = min(HEIGHT / sheet.shape[0], WIDTH / sheet.shape[1])
    size = (round(sheet.shape[1] * factor), round(sheet.shape[0] * factor))
    how = Image.Resampling.NEAREST if factor > 1 else Image.Resampling.LANCZOS
    small = Image.fromarray(sheet).resize(size, how).quantize(128, dither=Image.Dither.FLOYDSTEINBERG)
    small.save(HERE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    sys.exit(main())
