"""Small runs for the tests of the page, and how a test waits for it."""

from __future__ import annotations

import json

import numpy as np

import keras_vis as kv

LAST = 4


def drawn(path, grey=0.5, *, n=1, **about):
    """A picture of one grey."""
    return kv.Images(np.full((n, 4, 4, 1), grey), value_range=(0, 1), about=about).save(path)


def run(directory, names=("grad_cam", "filters-conv_1"), epochs=range(LAST + 1), logs=None, measure="1 - cosine"):
    """Write a run: each epoch's frames are of another grey, and the loss is 1 over the epoch."""
    said = {epoch: {"loss": 1 / epoch, "val_loss": 2 / epoch} for epoch in epochs if epoch} if logs is None else logs
    for place, name in enumerate(names):
        for epoch in epochs:
            drawn(directory / name / f"epoch-{epoch:04d}.png", epoch / 10, method=name)
        told = {
            "frames": {
                epoch: {"seconds": 0.25, "drift": (place + 1) / 10 / epoch if epoch else None} for epoch in epochs
            },
            "logs": said,
            "drift_measure": measure,
        }
        (directory / name / "frames.json").write_text(json.dumps(told))
    kv.report.write_page(directory)
    return directory


def until(page, true, given=None):
    """Wait until an expression is true. (Playwright's own wait is code that the page's policy forbids.)"""
    for _ in range(100):
        if page.evaluate(true, given):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never came true: {true} of {given}")


def sources(page):
    """The files that the cards show."""
    return page.eval_on_selector_all(".sheet img", "all => all.map(one => one.src.match(/([^/]+)[?]/)[1])")


def settled(page, file, place=0):
    """Wait until a card shows a file."""
    until(
        page,
        "([place, file]) => document.querySelectorAll('.sheet')[place].querySelector('img')?.src.includes(file)",
        [place, file],
    )
