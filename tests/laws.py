"""What the laws of the house are tried on: every public function, found through `__all__`."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import tensorflow as tf

import keras_vis as kv

FUNCTIONS = {name: getattr(kv, name) for name in kv.__all__ if inspect.isfunction(getattr(kv, name))}
# What is composed obeys them too.
for composed in (kv.smooth(kv.grad_cam, samples=5), kv.smooth(kv.integrated_gradients, samples=3)):
    FUNCTIONS[composed.__name__] = composed


def parameters(name: str) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(FUNCTIONS[name]).parameters)


def wanted(name: str) -> list[str]:
    """The arguments that a function cannot do without."""
    return [key for key, parameter in parameters(name).items() if parameter.default is parameter.empty]


# Those with one answer for a whole data set.
OF_DATA = [
    name
    for name in FUNCTIONS
    if "data" in list(parameters(name))[1:2]
    or (*list(parameters(name))[1:3],) in (("images", "labels"), ("images", "truth"))
]


def everything(picture: object) -> str:
    """All that a picture says, for telling whether two say the same."""
    if not dataclasses.is_dataclass(picture):
        return repr(np.asarray(picture).tolist())
    parts = {f.name: getattr(picture, f.name) for f in dataclasses.fields(picture)}
    return repr(
        [(name, value.tolist() if isinstance(value, np.ndarray) else str(value)) for name, value in parts.items()]
    )


@contextlib.contextmanager
def rewritten() -> Iterator[None]:
    """Let TensorFlow rewrite graphs before they run, as it does for every user; see conftest.py."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


class Bar:
    """Stands in for tqdm's, and remembers what it is told; `Bar.all` holds every one since `Bar.seen`."""

    all: ClassVar[list[Bar]] = []

    def __init__(self, total: int | None, disable: bool, **rest: object) -> None:
        self.total, self.disable, self.done = total, disable, list[int]()
        Bar.all.append(self)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def update(self, count: int) -> None:
        self.done.append(count)

    @classmethod
    def seen(cls) -> list[Bar]:
        """Those that are shown, of all since this was last asked."""
        shown, cls.all = [bar for bar in cls.all if not bar.disable], []
        return shown
