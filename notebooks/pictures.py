"""Draws the large pictures of the README; `thumbnails.py` those of its table.

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

import keras_vis as kv
from mnist_demo.photographs import load_photographs

HERE = pathlib.Path(__file__).parent / "pictures"


def main() -> int:
    """Draw, and copy from the run."""
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1]).is_dir() or "KERAS_VIS_DATA" not in os.environ:
        print(__doc__, file=sys.stderr)
        return 2
    run = pathlib.Path(sys.argv[1])
    HERE.mkdir(exist_ok=True)
    shutil.copyfile(run / "6_saliency/saliency.png", HERE / "backprop.png")
    known = load_photographs()
    if known is None:
        return 2
    model, labels = known.model, known.labels
    x, photos = known.x[[1, 0]], known.images[[1, 0]]  # the goldfish, and the bear
    kv.grad_cam(model, x, labels=labels).over(photos).save(HERE / "grad_cam.png")
    shutil.copyfile(run / "beyond_units/top_patches.png", HERE / "top_patches.png")
    shutil.copyfile(run / "beyond_codes/grid.png", HERE / "embedding.png")
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
