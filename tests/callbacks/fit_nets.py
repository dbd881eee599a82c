"""A training with everything in it that has a state, and every callback there is, for the tests of `fit`."""

from __future__ import annotations

import itertools
import pathlib
import random
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import keras_vis as kv
from tests import nets

L = keras.layers
X, Y = nets.images(32, seed=4), np.arange(32) % nets.CLASSES


def net(seed: int = 0, deferred: bool = False, loss: str = "sparse_categorical_crossentropy", **compiling: Any) -> Any:
    """Augmentation, dropout, batch normalisation, Adam; and a head whose class activation maps can be read."""
    keras.utils.set_random_seed(seed)
    start = [] if deferred else [keras.Input(nets.SHAPE)]
    model = keras.Sequential(
        [
            *start,
            L.RandomFlip(seed=3),
            L.Conv2D(4, 3, name="conv_1"),
            L.BatchNormalization(),
            L.ReLU(name="relu"),
            L.Conv2D(6, 3, activation="relu", name="conv_2"),
            L.GlobalAveragePooling2D(name="gap"),
            L.Dropout(0.5),
            L.Dense(nets.CLASSES, activation="softmax", name="preds"),
        ]
    )
    model.compile(compiling.pop("optimizer", "adam"), loss, metrics=["accuracy"], **compiling)
    return model


# What each callback is given, by its name: a new one has no entry, and the tests of all of them say so.
GIVEN: dict[str, Callable[[type[Any], dict[str, Any]], Any]] = {
    "ActivationMaximization": lambda kind, o: kind([0, 1], steps=3, **o),
    "DeconvNet": lambda kind, o: kind(X[:2], 0, **o),
    "DeepDream": lambda kind, o: kind(abs(X[:1]), kv.Energy("conv_2"), octaves=1, steps=2, **o),
    "EmbedCodes": lambda kind, o: kind(X[:16], "gap", labels=Y[:16], method="pca", **o),
    "EpochVisualizer": lambda kind, o: kind(kv.top_predictions, X[:3], **o),
    "FeatureMaps": lambda kind, o: kind(X[:2], "conv_1", **o),
    "Filters": lambda kind, o: kind(**o),
    "GapCAM": lambda kind, o: kind(X[:2], **o),
    "GradCAM": lambda kind, o: kind(X[:2], [0, 1], layer="conv_2", **o),
    "GradCAMPlusPlus": lambda kind, o: kind(X[:2], layer="conv_2", **o),
    "GuidedBackprop": lambda kind, o: kind(X[:2], 0, **o),
    "GuidedGradCAM": lambda kind, o: kind(X[:2], layer="conv_2", **o),
    "InputXGradient": lambda kind, o: kind(X[:2], 0, **o),
    "IntegratedGradients": lambda kind, o: kind(X[:2], 0, steps=4, **o),
    "LayerCAM": lambda kind, o: kind(X[:2], layer=["conv_1", "conv_2"], **o),
    "ModelStructure": lambda kind, o: kind(**o),
    "Occlusion": lambda kind, o: kind(X[:2], patch=4, **o),
    "Rise": lambda kind, o: kind(X[:1], samples=8, grid=3, **o),
    "Saliency": lambda kind, o: kind(X[:2], 0, **o),
    "ScoreCAM": lambda kind, o: kind(X[:2], layer="conv_2", **o),
    "SmoothGrad": lambda kind, o: kind(X[:2], 0, samples=3, **o),
    "TopPatches": lambda kind, o: kind(X, "conv_2", [0, 1], k=2, **o),
    "UnitCensus": lambda kind, o: kind(X, **o),
}


def every_callback(folder: pathlib.Path, **options: Any) -> list[Any]:
    """One of each kind, all into one directory."""
    made = []
    for name in kv.callbacks.__all__:
        assert name in GIVEN, f"`kv.callbacks.{name}` is new: say in fit_nets.py what it is given."
        made.append(GIVEN[name](getattr(kv.callbacks, name), {"directory": folder, **options}))
    return made


class Keeper(keras.callbacks.Callback):
    """Keep the weights before training and after each epoch, by the number of epochs trained; and what is asked."""

    def __init__(self, ask: Callable[[], Any] = lambda: None) -> None:
        super().__init__()
        self.weights: dict[int, list[np.ndarray]] = {}
        self.asked: list[Any] = []
        self.ask = ask

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self.model.built:
            self.weights.setdefault(epoch, self.model.get_weights())

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.weights[epoch + 1] = self.model.get_weights()
        self.asked.append(self.ask())


def frames(folder: pathlib.Path) -> list[int]:
    """The epochs of which there is a drawing."""
    return sorted(int(path.stem.removeprefix("epoch-")) for path in folder.glob("epoch-*.png"))


def numbers(folder: pathlib.Path, epoch: int) -> np.ndarray:
    """The raw numbers of a frame."""
    with np.load(folder / f"epoch-{epoch:04d}.npz") as told:
        return told["values"]


def check_frames(callback: Any, keeper: Keeper, model: Any, epochs: list[int]) -> None:
    """Hold the frames of these epochs, and no others, against the method on a net with the weights of each epoch.

    The numbers of two epochs differ by far more than the two ways to come to them.
    """
    assert frames(callback.folder) == epochs
    found = {}
    for epoch in epochs:
        model.set_weights(keeper.weights[epoch])
        found[epoch] = callback.explain(model, *callback.args, **callback.options).values
        size = np.abs(found[epoch]).max()
        np.testing.assert_allclose(numbers(callback.folder, epoch), found[epoch], rtol=1e-4, atol=1e-5 * size)
    for one, other in itertools.pairwise(epochs):
        assert np.abs(found[one] - found[other]).max() > 1e-3 * np.abs(found[other]).max(), (one, other)


def randomness() -> tuple[object, ...]:
    """Where every global generator of random numbers stands; drawing from one changes it, so this is asked once."""
    legacy = np.random.get_state()[1]  # noqa: NPY002 - it is the global generator that is asked about
    return (
        random.getstate(),
        tuple(legacy),
        float(keras.random.uniform(())),
        float(tf.random.uniform(())),
        tuple(tf.random.get_global_generator().state.numpy()),
    )


def state(model: Any) -> list[np.ndarray]:
    """All that a training leaves in a net: weights, statistics, the optimiser's variables, seeds, metrics."""
    return [variable.numpy() for variable in (*model.variables, *model.optimizer.variables, *model.metrics_variables)]


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """Whether two states are the same bit for bit."""
    return len(one) == len(other) and all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))
