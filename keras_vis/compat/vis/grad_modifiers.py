"""What is made of a gradient before it is drawn?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from keras_vis.engine.layers import nearest

_EPSILON = 1e-7  # so that nothing is divided by zero


def negate(grads: np.ndarray) -> np.ndarray:
    """Turn the sign: what lowers the target."""
    return -grads


def absolute(grads: np.ndarray) -> np.ndarray:
    """Take the size: what changes the target, either way."""
    return np.abs(grads)


def invert(grads: np.ndarray) -> np.ndarray:
    """Divide 1 by it: the largest become the smallest."""
    return 1.0 / (grads + _EPSILON)


def relu(grads: np.ndarray) -> np.ndarray:
    """Keep what is positive: what raises the target."""
    return np.maximum(grads, 0)


def small_values(grads: np.ndarray) -> np.ndarray:
    """Take the size of 1 divided by it: what hardly changes the target."""
    return np.abs(invert(grads))


_KNOWN = {function.__name__: function for function in (negate, absolute, invert, relu, small_values)}


def get(identifier: str | Callable[..., Any] | None) -> Callable[..., Any]:
    """Return the function that a word stands for; a function itself; of None one that changes nothing.

    Raises:
        TypeError: it is none of these.
        ValueError: the word is unknown.
    """
    if identifier is None:
        return np.asarray
    if callable(identifier):
        return identifier
    if not isinstance(identifier, str):
        raise TypeError(f"`grad_modifier` must be a word, a function of an array, or None; received {identifier!r}.")
    if identifier not in _KNOWN:
        raise ValueError(
            f"`grad_modifier={identifier!r}` is unknown.{nearest(identifier, _KNOWN)} Give one of "
            f"{', '.join(map(repr, _KNOWN))}, a function of an array, or None."
        )
    return _KNOWN[identifier]
