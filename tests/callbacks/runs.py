"""Trainings that take a moment, of a picture whose numbers are known; and a look at whether their files are whole."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import functools
import json
import pathlib
import re
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from PIL import Image

import keras_vis as kv
from keras_vis.picture import told_by

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
IMAGE = np.linspace(0, 1, 32).reshape(1, 4, 8, 1)


@functools.cache
def _net() -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, name="dense")])
    model.compile(keras.optimizers.SGD(0.3), "mse")
    return model


def fit(*callbacks: Any, epochs: int = 6, start: int = 0) -> Any:
    """Train one and the same net, compiled once for all tests; from epoch 0 on it begins anew."""
    model = _net()
    if start == 0:
        weights = np.random.default_rng(1).normal(size=(4, 8)).astype("float32")
        model.set_weights([weights, np.zeros(8, "float32")])
    y = np.zeros((8, 8), "float32")
    model.fit(X, y, batch_size=8, initial_epoch=start, epochs=epochs, verbose=0, shuffle=False, callbacks=[*callbacks])
    return model.history.history


def weights(model: Any) -> kv.HeatMaps:
    """The picture: its numbers are the net's weights, so that each epoch has its own."""
    values = model.get_layer("dense").kernel.numpy()[None]
    return kv.HeatMaps(values, IMAGE, about={"method": "weights", "trained": int(model.optimizer.iterations)})


def watch(folder: pathlib.Path, name: str = "weights", explain: Callable[..., Any] = weights, **options: Any) -> Any:
    """A callback that draws it; without a film, which takes a while."""
    return kv.EpochVisualizer(explain, directory=folder, name=name, **{"gif": False, **options})


def at(epoch: int, hook: str, do: Callable[[], object]) -> Any:
    """A callback that does something once, at the beginning, at the end or in the batch of an epoch, counted from 1."""
    now = [0]

    class At(keras.callbacks.Callback):
        def on_epoch_begin(self, index: int, logs: Any = None) -> None:
            now[0] = index + 1
            self._do("begin")

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self._do("batch")

        def on_epoch_end(self, index: int, logs: Any = None) -> None:
            self._do("end")

        def _do(self, here: str) -> None:
            if now[0] == epoch and here == hook:
                do()

    return At()


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Moody(kv.HeatMaps):
    """A picture that does something while it is drawn or saved."""

    when_drawn: Callable[[], object] = lambda: None
    when_saved: Callable[[], object] = lambda: None
    when_compared: Callable[[], object] = lambda: None

    def draw(self) -> np.ndarray:
        """See `Picture.draw`."""
        self.when_drawn()
        return super().draw()

    def save(self, path: Any) -> pathlib.Path:
        """See `Picture.save`."""
        self.when_saved()
        return super().save(path)

    def drift(self, earlier: Any) -> Any:
        """See `Picture.drift`."""
        self.when_compared()
        return super().drift(earlier)


def moody(model: Any, **moods: Callable[[], object]) -> Moody:
    """The same numbers, in such a picture."""
    return Moody(weights(model).values, IMAGE, about={"method": "moody"}, **moods)


class Disk:
    """A disk without room while `full`: of a file whose name holds `kind` half is written, and then there is an error.

    Args:
        monkeypatch: pytest's.
        kind: what a name holds; all files do by default.
        instead: what to do in the middle of a write, other than to say that there is no room.
    """

    def __init__(self, monkeypatch: Any, kind: str = "", instead: Callable[[], object] | None = None) -> None:
        self.full, self.refused, self.instead = False, list[str](), instead
        opened = pathlib.Path.open

        def open_(path: pathlib.Path, mode: str = "r", *args: Any, **options: Any) -> Any:
            file = opened(path, mode, *args, **options)
            return _Half(file, self, path.name) if mode == "xb" and kind in path.name else file

        monkeypatch.setattr(pathlib.Path, "open", open_)

    def fill(self) -> None:
        """Leave no room."""
        self.full = True

    def clear(self) -> None:
        """Make room."""
        self.full = False


class _Half:
    def __init__(self, file: Any, disk: Disk, name: str) -> None:
        self._file, self._disk, self._name = file, disk, name

    def write(self, content: bytes) -> int:
        if not self._disk.full:
            return int(self._file.write(content))
        self._file.write(content[: len(content) // 2])
        self._file.flush()
        self._disk.refused.append(re.sub(r"^\.|\.[0-9a-f]{8}\.part$", "", self._name))
        if self._disk.instead is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._disk.instead()
        self._file.write(content[len(content) // 2 :])
        return len(content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Half:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


def frames(folder: pathlib.Path, suffix: str = "png") -> list[int]:
    """The epochs of which there is a file."""
    return sorted(int(path.stem[6:]) for path in folder.glob(f"epoch-*.{suffix}"))


def known(folder: pathlib.Path) -> dict[str, Any]:
    """What its `frames.json` says, which must be JSON as the standard has it."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return dict(json.loads((folder / "frames.json").read_text(), parse_constant=refuse))


def page(directory: pathlib.Path) -> str:
    """The page, which must have both its ends."""
    text = (directory / "index.html").read_text()
    assert text.lower().startswith("<!doctype html>")
    assert text.rstrip().endswith("</html>")
    return text


def content(folder: pathlib.Path) -> dict[str, bytes]:
    """All drawings and numbers, byte for byte; not what is written anew after each epoch."""
    return {path.name: path.read_bytes() for path in folder.glob("epoch-*")}


def check_whole(directory: pathlib.Path, leftovers: bool = False) -> None:
    """Open every file of a run."""
    found = [path for path in directory.rglob("*") if path.is_file()]
    parts = [path for path in found if path.suffix == ".part"]
    assert leftovers or not parts, parts
    for path in {*found} - {*parts}:
        with contextlib.suppress(FileNotFoundError):  # of another process, which began anew
            if path.suffix == ".png":
                with Image.open(path) as image:
                    image.load()
                assert told_by(path), path
            elif path.suffix == ".npz":
                with np.load(path) as archive:
                    assert all(archive[name] is not None for name in archive.files)
            elif path.name == "frames.json":
                known(path.parent)
            elif path.name == "index.html":
                page(directory)
