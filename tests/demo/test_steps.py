"""The demo draws the steps that are asked for, each in its folder, and nothing of an earlier run stays beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnist_demo.__main__ import main
from mnist_demo.names import STEPS, chosen, step_of


@pytest.fixture
def few(digits: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> list[str]:
    """The arguments for 64 digits to train on and as many to test with."""
    x, y = digits
    x = np.rint(255 * x[..., 0]).astype(np.uint8)
    np.savez(tmp_path / "few.npz", x_train=x[:64], y_train=y[:64], x_test=x[64:128], y_test=y[64:128])
    return ["--data", str(tmp_path / "few.npz"), "--epochs", "1", "--out", str(tmp_path / "vis")]


def drawn(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.png")}


FRAMES = {f"{name}/epoch-000{epoch}.png" for name in ("filters-conv_1", "weight_histograms") for epoch in (0, 1)}
SINGLE = {"0_data/digits.png", "3_filters/all.png", "3_filters/the_first.png"}


def test_two_steps_draw_their_pictures_and_one_step_later_removes_them(
    few: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "vis" / "mine" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("not the demo's")
    assert main([*few, "--steps", "filters,data"]) == 0
    assert drawn(tmp_path / "vis") == FRAMES | SINGLE
    said = capsys.readouterr().out
    assert said.index("0_data/digits") < said.index("3_filters/the_first") < said.index("3_filters/all")
    assert "6_saliency" not in said
    page = (tmp_path / "vis" / "index.html").read_text()
    assert "3_filters/" in page
    assert "nine weights: what conv_1" in page  # what to look for
    assert main([*few, "--steps", "structure"]) == 0
    assert drawn(tmp_path / "vis") == {
        "2_structure/graph.png",
        "2_structure/layers.png",
        "plot_structure/epoch-0000.png",
    }
    assert "3_filters" not in (tmp_path / "vis" / "index.html").read_text()
    assert mine.read_text() == "not the demo's"


def test_steps_are_drawn_in_the_tutorials_order_and_the_nearest_name_is_told() -> None:
    assert chosen("saliency, Structure ,saliency") == ("structure", "saliency")
    with pytest.raises(ValueError, match="'salience' is no step. Did you mean 'saliency'"):
        chosen("structure,salience")
    with pytest.raises(ValueError, match="names no step; there are: data, structure, "):
        chosen(" ,")


def test_every_picture_and_every_callback_is_of_a_step_and_every_step_has_a_picture(
    digits: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    from mnist_demo.data import Digits
    from mnist_demo.steps import PICTURES, callbacks

    assert {step_of(name) for name in PICTURES} == set(STEPS)
    x, y = digits
    few = Digits(x[:64], y[:64], x[64:128], y[64:128], "the first of the test digits")
    each = [len(callbacks(few, tmp_path, 2, {step})) for step in STEPS]
    assert sum(each) == len(callbacks(few, tmp_path, 2, STEPS)) >= 20


def test_an_unknown_step_is_refused_in_one_line_before_anything_is_made(
    few: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*few, "--steps", "gradcam"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "vis").exists()
