"""Each command gives the numbers of its function, on pixels that were read independently."""

from __future__ import annotations

import functools
import inspect
import json
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from PIL import Image

import keras_vis as kv
from keras_vis.cli import docs, options
from keras_vis.cli.commands import methods, without_command
from keras_vis.cli.help import parser_of
from tests.cli.conftest import Command, net

# What a command needs besides, or does less of: on the command line, and in Python.
MORE = {
    "feature_maps": ("--layer conv_2 --units 0,3", {"layer": "conv_2", "units": [0, 3]}),
    "inversion": ("--layer conv_1 --steps 3", {"layer": "conv_1", "steps": 3}),
    "correspondence": ("--layer conv_2", {"layer": "conv_2"}),
    "filters": ("--layer conv_1 --units 2", {"layer": "conv_1", "units": 2}),
    "weight_histograms": ("--layer conv_1 --bins 7", {"layer": "conv_1", "bins": 7}),
    "plot_structure": ("--no-shapes", {"shapes": False}),
    "activation_maximization": ("--target 1,3 --steps 3", {"target": [1, 3], "steps": 3}),
    "fooling_image": ("--target 2 --confidence 0.3 --seed 4", {"target": 2, "confidence": 0.3, "seed": 4}),
    "deep_dream": (
        "--target energy:conv_2 --steps 2 --octaves 1",
        {"target": kv.Energy("conv_2"), "steps": 2, "octaves": 1},
    ),
    "adversarial": ("--truth 1,2 --epsilon 0.05", {"truth": np.array([1, 2]), "epsilon": 0.05}),
    "rise": ("--target 1 --samples 20 --keep 0.25", {"target": 1, "samples": 20, "keep": 0.25}),
    "occlusion": ("--patch 3,2 --fill 0.5", {"patch": (3, 2), "fill": 0.5}),
    "smooth_grad": ("--samples 4 --statistic square", {"samples": 4, "statistic": "square"}),
    "integrated_gradients": ("--steps 5 --baseline 0.5", {"steps": 5, "baseline": 0.5}),
    "grad_cam": ("--target channel:conv_2:4 --layer conv_1", {"target": kv.Channel("conv_2", 4), "layer": "conv_1"}),
    "saliency": ("--target probability:3", {"target": kv.Probability(3)}),
    "score_cam": ("--target 0,4 --channels 3", {"target": np.array([0, 4]), "channels": 3}),
    "guided_grad_cam": ("--target 2", {"target": 2}),
    "top_predictions": ("--k 2", {"k": 2}),
}


def read(path: Path) -> np.ndarray:
    """A picture as float32 from 0 to 1, by another library than the one under test."""
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(np.float32) / np.float32(255)


@pytest.mark.parametrize("name", methods())
def test_a_command_saves_the_numbers_of_its_function(
    name: str, command: Command, model: keras.Model, model_file: Path, pictures: Path, tmp_path: Path
) -> None:
    words, keywords = MORE.get(name, ("", {}))
    parameters = inspect.signature(getattr(kv, name)).parameters
    x = {"a": read(pictures / "a.png"), "b": read(pictures / "b.png")}
    files: list[object] = [model_file] if "model" in parameters else []
    given = {"model": model} if "model" in parameters else {}
    if "images" in parameters:
        files, given = [*files, pictures], {**given, "images": np.stack(list(x.values()))}
        if name == "inspect_images":  # of what is in the file
            given["images"] = np.rint(given["images"] * 255).astype(np.uint8)
    for argument in ("image_a", "image_b"):
        if argument in parameters:
            files, given = [*files, pictures / f"{argument[-1]}.png"], {**given, argument: x[argument[-1]]}
    wanted = getattr(kv, name)(**given, **keywords)
    wanted.save(tmp_path / "wanted.npz")
    assert command(name, *files, *words.split(), "--out", "found.npz") == 0, command.err
    assert command.out.startswith("found.npz")
    assert command.out.count("\n") == 1
    with np.load(tmp_path / "wanted.npz") as one, np.load(tmp_path / "found.npz") as other:
        arrays = [key for key in one.files if key not in ("about", "fields")]
        assert sorted(one.files) == sorted(other.files)
        for key in arrays:
            same = np.testing.assert_array_equal
            if one[key].dtype.kind == "f":
                same = functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-6)
            same(other[key], one[key], err_msg=key)
        about, expected = json.loads(str(other["about"])), json.loads(str(one["about"]))
    assert {key: about[key] for key in expected} == expected
    if files:
        assert about.get("pictures", ["a.png", "b.png"]) == ["a.png", "b.png"]


def test_every_function_of_model_and_images_that_gives_a_picture_is_a_command() -> None:
    assert {"grad_cam", "occlusion", "deep_dream", "filters", "inspect_images", "correspondence"} <= set(methods())
    public = {name for name in kv.__all__ if inspect.isfunction(getattr(kv, name))}
    assert set(methods()) | set(without_command()) == public
    for name in without_command():  # arrays, labels, folders, or no picture
        assert set(inspect.signature(getattr(kv, name)).parameters) & {
            *("labels", "truth", "data", "directory", "method", "port", "classes", "size", "directions")
        }, name


@pytest.mark.parametrize("name", methods())
def test_each_argument_is_an_option_with_a_word_of_its_docstring_or_named_as_left_out(name: str) -> None:
    method = methods()[name]
    text = " ".join(parser_of(method).format_help().split())
    told = docs.read(method.function).args
    assert docs.read(method.function).first in text
    for argument in method.parameters:
        if argument in ("model", "images", "image_a", "image_b", "progress", "labels", "value_range"):
            continue
        if argument in options.left_out(method):
            assert f"--{argument.replace('_', '-')} " not in text
            assert argument in text.partition("Only in Python, as arguments: ")[2]
        else:
            assert f"--{argument.replace('_', '-')}" in text
            assert " ".join(docs.at_terminal(told[argument]).split()[:3]) in text


def test_help_speaks_no_python_and_fits_a_terminal(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("", *methods()):
        command(*name.split(), "--help")
        assert max(map(len, command.out.splitlines())) <= 80
        text = " ".join(command.out.partition("options of the method")[2].split())
        for python in ("Logit", "tuple", "None", "keras_vis.Target", "(default True)", " 281"):
            assert python not in text, name
        assert ".curve()" not in command.out


def test_only_values_that_no_command_line_can_say_are_left_out() -> None:
    left = {argument for method in methods().values() for argument in options.left_out(method)}
    assert left == {"input", "penalty", "transforms", "initial", "points"}


def test_a_layer_each_makes_a_comparison(command: Command, model_file: Path, pictures: Path, tmp_path: Path) -> None:
    assert command("layer_cam", model_file, pictures / "a.png", "--layer", "conv_1,conv_2", "--out", "two.npz") == 0
    with np.load(tmp_path / "two.npz") as found:
        sizes = sorted(found[key].shape[1:] for key in found.files if found[key].ndim == 3)
    assert sizes == [(8, 6), (10, 8)]


def test_a_class_is_asked_for_by_its_name_also_in_imagenets_lists(
    command: Command, model_file: Path, pictures: Path, tmp_path: Path
) -> None:
    names = ["tench, Tinca tinca", "goldfish, Carassius auratus", "crane", "crane", "ox"]
    Path("synsets.txt").write_text("".join(f"n0144353{i} {name}\n" for i, name in enumerate(names)))
    Path("plain.txt").write_text("\n".join(["a, b", "goldfish", "c", "d", "e"]))
    ask = ("saliency", model_file, pictures / "a.png", "--labels")
    for file, word in (("synsets.txt", "Goldfish"), ("synsets.txt", "carassius auratus"), ("plain.txt", "goldfish")):
        assert command(*ask, file, "--target", word, "--out", "named.npz") == 0
        assert "goldfish" in command.out
        assert command(*ask, file, "--target", 1, "--out", "number.npz") == 0
        with np.load("named.npz") as one, np.load("number.npz") as other:
            np.testing.assert_array_equal(one["values"], other["values"])
    assert "could be any of 2, 3" in command.refused(*ask, "synsets.txt", "--target", "crane")
    assert "Did you mean 'goldfish'?" in command.refused(*ask, "plain.txt", "--target", "goldfsh")
    assert "--labels FILE" in command.refused("saliency", model_file, pictures / "a.png", "--target", "ox")
    assert command("saliency", model_file, pictures, "--labels", "plain.txt", "--target", "a, b", "--out", "x.png") == 0
    assert command.out.count("a, b") == 2


def test_the_picture_is_named_after_its_command_and_drawn_as_the_file_looks(
    command: Command, model_file: Path, pictures: Path, tmp_path: Path
) -> None:
    assert command("saliency", model_file, pictures / "a.png", "--range", -1, 1) == 0
    assert command.out.startswith("saliency.png: ")
    assert "pixels -1 to 1" in command.out
    told = json.loads(Image.open(tmp_path / "saliency.png").text["keras_vis"])
    assert (told["model_file"], told["pictures"], told["pixels"]) == ("small.keras", ["a.png"], "pixels -1 to 1")
    command("saliency", model_file, pictures / "a.png", "--range", -1, 1, "--out", "s.npz")
    with np.load("s.npz") as found:
        np.testing.assert_allclose(found["images"][0], read(pictures / "a.png"), atol=1e-6)
        np.testing.assert_allclose(
            found["values"], kv.saliency(net(), read(pictures / "a.png") * 2 - 1).values, rtol=1e-4, atol=1e-6
        )


def test_a_quiet_command_writes_nothing_but_its_file(command: Command, model_file: Path) -> None:
    assert command("summary_table", model_file, "--out", "layers.csv", "--quiet") == 0
    assert (command.out, command.err) == ("", "")
    assert "conv_2" in Path("layers.csv").read_text()


def test_range_is_also_that_of_images_which_are_climbed_to(command: Command, model_file: Path) -> None:
    words = ("--target", 2, "--steps", 40, "--step-size", 0.2, "--out", "up.npz")
    assert command("activation_maximization", model_file, *words, "--range", -3, 5) == 0
    with np.load("up.npz") as found:
        assert found["values"].min() == -3
        assert found["values"].max() > 2
