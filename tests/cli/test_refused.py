"""What cannot be done is said in one line that names it; what goes wrong by accident is not hidden."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

import keras_vis as kv
from keras_vis.cli import explain
from keras_vis.cli.main import main
from tests.cli.conftest import SHAPE, Command, net

L = keras.layers
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "--help"),
        ("grad_cma {m} {p}", "Did you mean 'grad_cam'?"),
        ("accuracy_by {m} {p}", "Call keras_vis.accuracy_by in Python"),
        ("--target 3 grad_cam", "before the command"),
        ("grad_cam", "MODEL, PICTURE"),
        ("grad_cam {m}", "PICTURE"),
        ("grad_cam {m}x {p}", "small.kerasx: there is no such file. Did you mean 'small.keras'?"),
        ("grad_cam {m} {p}x", "a.pngx: there is no such file. Did you mean 'a.png'?"),
        ("grad_cam {p} {p}", "a.png: wanted a .keras or .h5 file"),
        ("grad_cam {m} {m}", "small.keras: this is no picture"),
        ("grad_cam {m} {p} --layer conv_9", "--layer conv_9 is not in model 'small'. Did you mean 'conv_"),
        ("grad_cam {m} {p} --target 5", "--target: 5 is no class"),
        ("grad_cam {m} {p} --target 1,2", "but there is 1 image."),
        ("grad_cam {m} {p} --target neuron:conv_1:2", "channel:LAYER:NUMBER"),
        ("adversarial {m} {p} --target energy:conv_1", "classes alone"),
        ("grad_cam {m} {p} --laier conv_1", "Did you mean '--layer'?"),
        ("grad_cam {m} {p} --batch many", "'many' is not a whole number"),
        ("grad_cam {m} {p} --batch 0", "--batch must be a positive whole number"),
        ("occlusion {m} {p} --patch 1,2,3", "two with a comma"),
        ("occlusion {m} {p} --patch 99", "patch"),
        ("feature_maps {m} {p}", "--layer"),
        ("deep_dream {m} {p}", "--target"),
        ("grad_cam {m} {p} --out x.pgn", "Did you mean '.png'?"),
        ("grad_cam {m} {p} --out x.svg", ".npz, .png"),
        ("grad_cam {m} {p} --out {p}", "one of those that are read"),
        ("inversion {m} {p} --layer conv_1 --out x.gif", "--frames"),
        ("grad_cam {m} {p} --range 1 0", "--range 1 0"),
        ("grad_cam {m} {p} --range 0 1 --preprocess vgg16", "not allowed with"),
        ("grad_cam {m} {p} --preprocess vgg-16", "Did you mean 'vgg16'?"),
        ("grad_cam {m} {p} --preprocess imagenet_utils", "wanted one of"),
        ("grad_cam {m} {p} --fit squeeze", "'squeeze'"),
        ("grad_cam {m} {p} --size 8 8", "the model takes 12 10"),
        ("grad_cam {m} {p} --labels {p}", "no text"),
        ("grad_cam {m} {p} --labels none.txt", "none.txt: there is no such file"),
        ("plot_structure {m} --direction UP", "UP"),
        ("correspondence {m} {d} {p} --layer conv_1", "this is a folder. IMAGE_A is one picture's file"),
        ("grad_cam {m} {p} --out=", "--out is empty"),
        ("grad_cam {m} {p} --target=", "a class is wanted, and here it is empty"),
        ("grad_cam {m} {p} --labels=", "--labels is empty"),
        ("grad_cam {m} {p} --layer=", "--layer: a name is wanted"),
        ("grad_cam {m} {p} --layer a,,b", "--layer: a name is wanted"),
        ("grad_cam {m} {p} --size 100000 100000", "--size 100000 100000: more than 89,478,485 pixels"),
        ("grad_cam nosuch.keras {p}", "nosuch.keras: there is no such file.\n"),
    ],
)
def test_a_wrong_word_is_one_line_and_leaves_no_file(
    words: str, says: str, command: Command, model_file: Path, pictures: Path, tmp_path: Path
) -> None:
    filled = words.replace("{m}", str(model_file)).replace("{p}", str(pictures / "a.png"))
    filled = filled.replace("{d}", str(pictures)).split()
    assert says in command.refused(*filled)
    assert list(tmp_path.iterdir()) == []


def test_labels_must_name_every_class(command: Command, model_file: Path, pictures: Path) -> None:
    Path("four.txt").write_text("a\nb\nc\nd\n")
    Path("gap.txt").write_text("a\n\nb\n")
    words = ("grad_cam", model_file, pictures / "a.png", "--labels")
    assert "--labels four.txt: has 4 names, but the model has 5" in command.refused(*words, "four.txt")
    assert "line 2 is empty" in command.refused(*words, "gap.txt")


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_lambda_in_a_file_is_not_run(command: Command, pictures: Path, tmp_path: Path, suffix: str) -> None:
    trap = tmp_path / "run"
    code = f"__import__('pathlib').Path({str(trap)!r}).touch()"
    unsafe = keras.Sequential(
        [keras.Input(SHAPE), L.Lambda(lambda z, code=code: (exec(code), z)[1]), L.Conv2D(2, 3), L.Flatten(), L.Dense(2)]
    )
    unsafe.save(tmp_path / f"unsafe.{suffix}")
    trap.unlink(missing_ok=True)  # building it has run the code
    assert "a Lambda layer holds Python code" in command.refused("saliency", f"unsafe.{suffix}", pictures / "a.png")
    assert not trap.exists()


class Own(L.Layer):
    """A layer that Keras does not know."""

    def call(self, x: object) -> object:
        return x


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_what_is_no_model_is_named(command: Command, tmp_path: Path) -> None:
    net().save_weights(tmp_path / "w.weights.h5")
    keras.Sequential([keras.Input(SHAPE), Own(), L.Conv2D(2, 3)]).save(tmp_path / "own.keras")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"")
    (tmp_path / "text.keras").write_text("hello")
    (tmp_path / "text.h5").write_text("hello")
    (tmp_path / "model.onnx").write_text("hello")
    whole = tmp_path / "whole.keras"
    net().save(whole)
    (tmp_path / "torn.keras").write_bytes(whole.read_bytes()[:2000])
    for name, says in (
        ("w.weights.h5", "weights alone"),
        ("own.keras", "needs 'Own', which is not Keras's own"),
        ("saved", "a SavedModel folder"),
        (".", "a folder"),
        ("text.keras", "no .keras file"),
        ("torn.keras", "no .keras file"),
        ("text.h5", "no HDF5 file"),
        ("model.onnx", "wanted a .keras or .h5 file"),
    ):
        assert says in command.refused("summary_table", name)


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_model_that_was_saved_unbuilt_answers_nothing(command: Command, pictures: Path) -> None:
    keras.Sequential([L.Conv2D(2, 3), L.Flatten(), L.Dense(2)]).save("unbuilt.keras")
    says = "the model was saved before it was built; the file holds no weights"
    assert says in command.refused("saliency", "unbuilt.keras", pictures / "a.png")


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_model_in_hdf5_is_the_same_model(command: Command, pictures: Path, tmp_path: Path) -> None:
    net().save(tmp_path / "old.h5")
    assert command("saliency", "old.h5", pictures / "a.png", "--range", 0, 255, "--out", "s.npz") == 0
    x = np.asarray(Image.open(pictures / "a.png"), np.float32)
    with np.load("s.npz") as found:
        np.testing.assert_allclose(found["values"], kv.saliency(net(), x).values, rtol=1e-4, atol=1e-6)


def test_models_of_several_inputs_or_of_no_pictures_are_left_to_python(
    command: Command, pictures: Path, tmp_path: Path
) -> None:
    a, b = keras.Input((4, 4, 3), name="a"), keras.Input((4, 4, 3), name="b")
    keras.Model([a, b], L.Flatten()(L.Add()([a, b]))).save(tmp_path / "two.keras")
    keras.Sequential([keras.Input((7,)), L.Dense(2)]).save(tmp_path / "row.keras")
    assert "2 inputs (a, b)" in command.refused("saliency", "two.keras", pictures / "a.png")
    assert "takes (7)" in command.refused("saliency", "row.keras", pictures / "a.png")


def test_an_accident_in_our_own_code_keeps_its_traceback_and_a_word_to_the_user_is_a_line(
    monkeypatch: pytest.MonkeyPatch, model_file: Path, command: Command
) -> None:
    def ours(body: str) -> Callable[..., str]:
        space: dict[str, Any] = {"__name__": "keras_vis.methods.made"}
        exec(f"def run(*args):\n    {body}", space)
        return space["run"]

    monkeypatch.setattr(explain, "run", ours("raise ValueError('`bins=0` is too few')"))
    assert command.refused("weight_histograms", model_file) == "keras_vis: --bins 0 is too few\n"
    monkeypatch.setattr(explain, "run", ours("return int('three')"))
    with pytest.raises(ValueError, match="three"):
        command("weight_histograms", model_file)


def test_messages_name_what_a_command_line_has(command: Command, model_file: Path, pictures: Path) -> None:
    x = keras.Input((12, 10, 1))
    maps = L.Conv2D(2, 3, name="maps")(x)
    flat = L.Flatten()(maps)
    keras.Model(x, L.Dense(3)(flat)).save("Dense.KERAS.keras")
    Path("Dense.KERAS.keras").rename("dense.KERAS")
    keras.Model(x, [L.Dense(3, name="o1")(flat), L.Dense(2, name="o2")(flat)]).save("two.keras")
    keras.Sequential([keras.Input((None, None, 3)), L.Conv2D(2, 3), L.GlobalAveragePooling2D()]).save("open.keras")
    picture = pictures / "a.png"
    assert command.refused("saliency", "two.keras", picture).endswith("'o1', 'o2'. Ask it in Python.\n")
    assert command.refused("gap_cam", "dense.KERAS", picture).startswith("keras_vis: the model must end in")
    said = command.refused("activation_maximization", "open.keras", "--target", 1)
    assert "--initial" not in said
    assert "Ask it in Python" in said
    said = command.refused("deep_dream", "dense.KERAS", picture, "--target", 1, "--octaves", 2, "--octave-scale", 1.2)
    assert "--octaves 1" in said
    assert "Exception" not in said
    assert "--preprocess vgg16: this is for" in command.refused(
        "saliency", "dense.KERAS", picture, "--preprocess", "vgg16"
    )


def test_too_little_memory_is_a_line(monkeypatch: pytest.MonkeyPatch, model_file: Path, command: Command) -> None:
    def full(*args: object) -> str:
        raise MemoryError

    monkeypatch.setattr(explain, "run", full)
    assert "not enough memory" in command.refused("summary_table", model_file)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_narrow_terminal_gets_what_it_can_show(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    explain.tell("α ≥ 1")
    assert written.getvalue() == b"\\u03b1 \\u2265 1\n"


def test_ctrl_c_while_keras_is_imported_is_a_line(tmp_path: Path) -> None:
    # who imports h5py, deep in Keras's own import, is stopped there
    (tmp_path / "h5py.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = program("--help", folder=tmp_path, path=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nkeras_vis: stopped by Ctrl-C\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_stdout_is_a_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = program("--version", folder=tmp_path, stdout=full)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "nothing can be written to stdout" in done.stderr


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("in a trace: KeyboardInterrupt")])
def test_ctrl_c_is_130(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, model_file: Path, command: Command
) -> None:
    def stopped(*args: object) -> str:
        raise error

    monkeypatch.setattr(explain, "run", stopped)
    assert command("summary_table", model_file) == 130
    assert command.err == "\nkeras_vis: stopped by Ctrl-C\n"


def test_a_warning_is_a_line(monkeypatch: pytest.MonkeyPatch, model_file: Path, command: Command) -> None:
    def warned(*args: object) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("one\nthing", RuntimeWarning, stacklevel=1)
        return "done"

    monkeypatch.setattr(explain, "run", warned)
    shown = warnings.showwarning
    assert command("summary_table", model_file) == 0
    assert command.err == "keras_vis: warning: one thing\n"
    assert warnings.showwarning is shown


def test_what_is_out_of_reach_is_not_written(command: Command, model_file: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "a file is where its folder should be" in command.refused("summary_table", model_file, "--out", "file/t.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "this is a folder" in command.refused("summary_table", model_file, "--out", "folder.csv")
    # a name longer than file systems take
    long = "n" * 300 + ".csv"
    assert f"{long}: " in command.refused("summary_table", model_file, "--out", long)
    assert f"{long}: " in command.refused("summary_table", long)


def program(
    *words: str, folder: Path, path: Path | None = None, stdout: Any = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, filter(None, (path, ROOT))))
    command = [sys.executable, "-m", "keras_vis", *words]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, cwd=folder, env=environment
    )


def test_the_program_draws_a_picture_and_its_stderr_is_empty(model_file: Path, pictures: Path, tmp_path: Path) -> None:
    done = program("grad_cam", str(model_file), str(pictures / "a.png"), "--target", "3", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("grad_cam.png: ")
    assert [path.name for path in tmp_path.iterdir()] == ["grad_cam.png"]


def test_help_of_the_program_teaches_every_command_and_a_typo_is_2(tmp_path: Path, capsys: object) -> None:
    done = program("grad_cma", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("keras_vis: grad_cma: no such command. Did you mean 'grad_cam'?")
    assert done.stderr.count("\n") == 1
    before = set(sys.modules)
    assert main(["--help"]) == 0
    assert {name for name in set(sys.modules) - before if name.startswith(("tensorflow", "PIL", "matplotlib"))} == set()
    text = capsys.readouterr().out  # type: ignore[attr-defined]
    from keras_vis.cli.commands import methods, without_command

    assert all(f"\n  {name} " in text for name in methods())
    assert all(name in text.partition("Without a command")[2] for name in without_command())
    assert text.index("What is the network made of") < text.index("Where in the image") < text.index("Which image does")
    assert text.count("\n  python -m keras_vis ") == 3
