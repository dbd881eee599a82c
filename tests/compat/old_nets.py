"""Nets of which every number can be worked out by hand, and how the old libraries brought maps to [0, 1]."""

from __future__ import annotations

import keras
import numpy as np

L = keras.layers
# The weights of a class of `linear`, pixel by pixel.
ROW = np.array([[1.0, -2.0], [3.0, -4.0]], np.float32)


def linear(last: str | None = "softmax") -> keras.Sequential:
    """The logit of class 0 is the sum of pixels times `ROW`, that of class 1 their plain sum."""
    model = keras.Sequential(
        [keras.Input((2, 2, 1)), L.Flatten(name="flatten"), L.Dense(2, activation=last, name="preds")]
    )
    model.set_weights([np.stack([ROW.ravel(), np.ones(4, np.float32)], 1), np.array([0.5, -0.5], np.float32)])
    return model


def rectified(seed: int = 3) -> tuple[keras.Sequential, np.ndarray, np.ndarray, np.ndarray]:
    """One class, v · relu(W x); and x, W, v."""
    rng = np.random.default_rng(seed)
    x, w, v = (rng.normal(size=shape).astype("float32") for shape in ((3, 3, 1), (9, 8), (8, 1)))
    model = keras.Sequential(
        [
            keras.Input((3, 3, 1)),
            L.Flatten(),
            L.Dense(8, activation="relu", use_bias=False, name="hidden"),
            L.Dense(1, use_bias=False, name="preds"),
        ]
    )
    model.set_weights([w, v])
    return model, x, w, v


def scaled(values: np.ndarray) -> np.ndarray:
    """From 0, the lowest, to 1, the highest."""
    return (values - values.min()) / (values.max() - values.min())
