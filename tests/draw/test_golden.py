"""Do the pictures still look as they did when someone last looked at them?

`KERAS_VIS_DRAW_GOLDEN=1 pytest tests/draw/test_golden.py` draws them anew, to be looked at before they are kept.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_vis.picture import Chart, FeatureMaps, HeatMaps, Images, Picture, Table

GOLDEN = Path(__file__).parent.parent / "golden"


def _hill(size: int, row: float, column: float, width: float = 0.2) -> np.ndarray:
    y, x = np.mgrid[:size, :size] / (size - 1)
    return np.exp(-((y - row) ** 2 + (x - column) ** 2) / width**2).astype(np.float32)


def _ring(size: int = 28) -> np.ndarray:
    y, x = np.mgrid[:size, :size] / (size - 1) - 0.5
    return np.clip(6 - 40 * np.abs(np.hypot(y, 1.4 * x) - 0.3), 0, 1).astype(np.float32)[..., None]


def _maps() -> Picture:
    values = np.stack([_hill(7, 0.3, 0.6) - _hill(7, 0.8, 0.3), _hill(7, 0.5, 0.2)])
    return HeatMaps(
        values, np.stack([_ring(), _ring()]), signed=True, captions=("0  p = 0.998", "0  p = 0.62, truth: 6")
    )


def _unsigned() -> Picture:
    colour = np.stack([_hill(28, 0.5, c, 0.5) for c in (0.2, 0.5, 0.8)], -1)
    return HeatMaps(_hill(28, 0.4, 0.6)[None], colour[None], captions=("a hill",), scale=0.8)


def _comparison() -> Picture:
    fine = np.stack([_hill(28, 0.3, 0.6, 0.1) - _hill(28, 0.8, 0.3, 0.1), _hill(28, 0.5, 0.2, 0.1)])
    coarse = np.stack([_hill(7, 0.5, 0.5), 0 * _hill(7, 0.5, 0.5)])
    images, captions = np.stack([_ring(), _ring()]), ("0  99.8 %", "asked: 0  13.4 %\npredicted: 6  41.5 %")
    first = HeatMaps(fine, images, signed=True, captions=captions, about={"method": "guided_backprop"})
    second, third = (HeatMaps(coarse, images, about={"method": "grad_cam", "layer": f"conv_{k}"}) for k in (1, 2))
    jet = HeatMaps(fine, images, colours="jet", about={"method": "saliency"})
    return first.beside(jet, second, third.at(0.5), title="What speaks for a zero?")


def _kernels() -> Picture:
    values = np.sin(np.arange(8 * 16 * 9, dtype=np.float32)).reshape(-1, 3, 3, 1)
    return Images(values, value_range=(-1, 1), columns=16, axes=("input channel", "output channel"))


def _features() -> Picture:
    values = np.stack([_hill(12, 0.2 + 0.1 * k, 0.5) * (k != 3) for k in range(6)], -1)[None]
    return FeatureMaps(values, images=_ring()[None], layer="conv_1", captions=("0",))


def _table() -> Picture:
    rows = (("input", "InputLayer", 0), ("  conv_1", "Conv2D", 36928), ("total", "", 1199882))
    return Table(("layer", "type", "parameters"), rows, title="The tutorial's net")


def _predictions() -> Picture:
    chances = np.array([[0.93, 0.07, 0.0001]])
    values = {"images": _ring()[None], "indices": np.array([[0, 6, 8]]), "probabilities": chances}
    return Chart("predictions", values, text={"title": "Which digit is it?"})


def _classes() -> Picture:
    y, x = np.mgrid[:7, :7]
    one = np.where(y == 5, 6, np.where((x == 3) & (y < 3), 8, 0))
    two = np.where(np.hypot(y - 2, x - 4) < 1.5, 3, 9 - 4 * (x + y == 9) - 2 * ((y == 6) & (x == 0)))
    values = {
        "images": np.stack([_ring(), _ring()[::-1]]),
        "classes": np.stack([one, two]),
        "expected": np.array([0, 9]),
    }
    text = {
        "captions": ("0  99.8 %", "9  41.5 %, truth: 0"),
        "title": "Which digit is predicted where a part is covered?",
        "note": "a patch of 4 × 4 pixels at each of 49 positions",
    }
    return Chart("classes", values, text=text)


@pytest.mark.parametrize(
    "make",
    [_maps, _unsigned, _comparison, _kernels, _features, _table, _predictions, _classes],
    ids=lambda make: make.__name__[1:],
)
def test_looks_as_it_did(make):
    drawn = make().draw()
    path = GOLDEN / f"{make.__name__[1:]}.png"
    if os.environ.get("KERAS_VIS_DRAW_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        Image.fromarray(drawn).save(path, optimize=True)
    with Image.open(path) as image:
        wanted = np.asarray(image.convert("RGB")).astype(int)
    assert drawn.shape == wanted.shape
    apart = np.abs(drawn - wanted)
    # letters and colour maps move by a shade between versions of FreeType and matplotlib
    assert apart.mean() < 0.5
    assert (apart.max(-1) > 24).mean() < 0.01
