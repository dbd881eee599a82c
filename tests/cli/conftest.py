"""What the tests of the command line share: a small net in a file, and pictures of its size."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from keras_vis.cli.main import main
from tests import nets

L = keras.layers
SHAPE = (12, 10, 3)


def net(name: str = "small") -> keras.Model:
    """A net of two convolutions that averages its maps: every method can look at it."""
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            L.Conv2D(4, 3, activation="relu", name="conv_1"),
            L.Conv2D(6, 3, activation="relu", name="conv_2"),
            L.GlobalAveragePooling2D(name="mean"),
            L.Dense(5, activation="softmax", name="preds"),
        ],
        name=name,
    )
    nets.draw_weights(model)
    return model


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small.keras"
    net().save(path)
    return path


@pytest.fixture(scope="session")
def model(model_file: Path) -> keras.Model:
    return keras.models.load_model(model_file)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two pictures of the net's size: a.png and b.png."""
    folder = tmp_path_factory.mktemp("pictures")
    for seed, name in enumerate("ab"):
        noise = np.random.default_rng(seed).integers(0, 256, SHAPE, np.uint8)
        Image.fromarray(noise).save(folder / f"{name}.png")
    return folder


class Command:
    """The command line, called in a folder of its own, with what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: object) -> int:
        code = main([str(word) for word in words])
        self.out, self.err = self._capsys.readouterr()
        return code

    def refused(self, *words: object) -> str:
        """Return the one line with which words are refused; nothing else is written."""
        assert self(*words) == 2
        assert self.out == ""
        assert self.err.startswith("keras_vis: ")
        assert self.err.count("\n") == 1
        return self.err


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(capsys)
