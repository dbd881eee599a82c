"""Does every line of the README run, and is everything there named in it?"""

from __future__ import annotations

import inspect
import pathlib
import re
import shlex

import nbformat
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


def block(word: str) -> str:
    """The one block with this word in it."""
    (found,) = [each for each in BLOCKS if word in each]
    return found


@pytest.fixture
def ready(digits, tmp_path, monkeypatch):
    """The names that the blocks use, in an empty folder."""
    import keras_vis as kv
    from mnist_demo.net import tutorial_net

    monkeypatch.chdir(tmp_path)
    x, y = digits
    return {"model": tutorial_net(), "x": x[:64], "y": y[:64], "kv": kv}


@pytest.mark.parametrize("word", ["three_not_eight", "compat.vis", "compat.tf_explain"])
def test_each_block_runs(word, ready, tmp_path):
    import keras_vis as kv

    exec(block(word), ready)
    if word == "three_not_eight":
        assert (tmp_path / "three_not_eight.png").is_file()
    elif word == "compat.vis":
        ours = np.abs(kv.guided_backprop(ready["model"], ready["x"][:1], 3).values[0, ..., 0])
        np.testing.assert_allclose(ready["grads"], (ours - ours.min()) / (ours.max() - ours.min()), atol=1e-6)
        assert ready["digit"].shape[:2] == ready["where"].shape[:2] == (28, 28)
    else:
        assert (tmp_path / "four.png").is_file()
        assert (tmp_path / "logs" / "grad_cam-class_3" / "epoch-0001.png").is_file()


def test_no_block_is_left_out_here():
    assert len(BLOCKS) == 6


def test_the_five_lines_for_jupyter_are_five_and_save_a_film_of_forty_frames(ready, tmp_path):
    from PIL import Image

    code = block("ten_digits")
    assert len([line for line in code.splitlines() if line]) == 5
    exec(code, ready)
    with Image.open(tmp_path / "ten_digits.gif") as film:
        assert film.n_frames == 40


def test_the_five_lines_for_fit_are_five_and_draw_each_epoch(ready, tmp_path):
    code = block("epochs=5")
    assert len([line for line in code.splitlines() if line]) == 5
    exec(code, ready)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png")} == {
        *(f"vis/grad_cam/epoch-000{i}.png" for i in range(6)),
        *(f"vis/feature_maps-conv_2/epoch-000{i}.png" for i in (0, 2, 4, 5)),
        *(f"vis/top_predictions/epoch-000{i}.png" for i in range(6)),
    }


def test_the_method_that_it_adds_is_its_equation_and_draws_while_a_net_trains(ready, tmp_path):
    import keras
    import tensorflow as tf

    code = block("def hires_cam")
    assert len(code.strip().splitlines()) < 15
    exec(code, ready)
    x = ready["x"][:3]
    model = ready["model"]
    maps = ready["hires_cam"](model, x, 3, layer="conv_2").values
    # by an independent tape, through the layers one by one
    with tf.GradientTape() as tape:
        seen = model.get_layer("conv_2")(model.get_layer("conv_1")(x))
        tape.watch(seen)
        at = seen
        for name in ("pool", "flatten", "dense"):
            at = model.get_layer(name)(at)
        last = model.get_layer("preds")
        score = keras.ops.matmul(at, last.kernel)[:, 3] + last.bias[3]
    expected = np.sum(np.asarray(seen) * np.asarray(tape.gradient(score, seen)), axis=-1)
    np.testing.assert_allclose(maps, expected, atol=1e-5)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_line_writes_what_it_says(command, ready, tmp_path):
    from PIL import Image

    from keras_vis.cli.main import main

    ready["model"].save(tmp_path / "model.keras")
    grey = np.rint(255 * ready["x"][0, ..., 0]).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "digit.png")
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "keras_vis"]
    if words[3:] == ["--help"]:
        assert main(["--help"]) == 0
        return
    assert main(words[3:]) == 0
    assert (tmp_path / words[words.index("--out") + 1]).is_file()


def test_the_two_commands_are_those_that_ci_runs_in_a_fresh_environment():
    ci = (ROOT / ".ci" / "run").read_text()
    commands = [line.strip() for line in README.splitlines() if line.startswith("    python -m pip install")]
    assert commands == [
        'python -m pip install ".[demo]" && python -m mnist_demo',
        'python -m pip install ".[test]" && python -m pytest',
        'python -m pip install ".[docs]" && python -W ignore -m pdoc -d google -o site keras_vis',
    ]
    for word in ('python -m pip install ".[test]"', "python -m pytest", "python -m mnist_demo"):
        assert word in ci


def test_the_pictures_and_notebooks_that_it_shows_are_there_and_none_lies_unseen():
    shown = set(re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)) | set(re.findall(r'<img src="([^"]+)"', README))
    for file in [*shown, *re.findall(r"\]\((notebooks/[^)]+)\)", README)]:
        assert (ROOT / file).is_file(), file
    lying = {str(path.relative_to(ROOT)) for path in (ROOT / "notebooks" / "pictures").rglob("*.png")}
    assert lying == shown
    for path in (ROOT / "notebooks").glob("*.ipynb"):  # by its question, as it asks it
        question = nbformat.read(path, as_version=4).cells[0].source.partition("\n")[0].removeprefix("# ")
        assert f"[{question}](notebooks/{path.name})" in README


def test_every_public_function_and_callback_is_named():
    import keras_vis as kv

    for name in [*kv.__all__, *kv.callbacks.__all__]:
        thing = getattr(kv, name, None) or getattr(kv.callbacks, name)
        kind = inspect.isclass(thing) and issubclass(thing, kv.Target | kv.EpochVisualizer) and thing is not kv.Target
        if inspect.isfunction(thing) or kind:
            assert re.search(rf"`[^`]*\b{name}\b", README), name


def test_every_method_that_draws_an_image_has_its_picture_in_the_table():
    import keras_vis as kv

    rows = [line for line in README.splitlines() if line.startswith("| <img")]
    for name in [*kv.callbacks.__all__]:
        if name != "EpochVisualizer":
            assert [row for row in rows if f"`{name}`" in row], name
