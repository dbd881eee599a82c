"""Is a model still what its graphs were compiled for?"""

from __future__ import annotations

import weakref
import zlib
from collections.abc import Hashable
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def stamp_of(model: keras.Model) -> Hashable:
    """What a graph was compiled for: it changes when layers or activations are added, taken away or swapped.

    New values of the weights do not change it: the graph reads the variables themselves.
    """
    # Keras's own lists, one pass: `flatten` and `model.variables` take milliseconds, and this is asked at each call. A
    # layer that is quantised or gets LoRA has other variables than before; one that is adapted, another mean.
    return tuple(
        (
            _reference(layer),
            _reference(vars(layer).get("activation")),
            _reference(vars(layer).get("mean")),
            len(vars(layer).get("_trainable_variables", ())),
            len(vars(layer).get("_non_trainable_variables", ())),
        )
        for layer in model._flatten_layers(include_self=False)
    )


def weights_sum(model: keras.Model) -> int:
    """A checksum of all weights: it tells whether they were set anew in between."""
    total = 0
    for variable in model.variables:
        array = np.ascontiguousarray(tf.convert_to_tensor(variable.value).numpy())
        total = zlib.crc32(array.reshape(-1).view(np.uint8).data, total)
    return total


def _reference(thing: Any) -> Hashable:
    # Not its id, which something else may bear when it is gone; and nothing that keeps it alive.
    try:
        return None if thing is None else _Identity(weakref.ref(thing), id(thing))
    except TypeError:
        return id(thing)


class _Identity:
    """Equal to another one of the same living thing, and to nothing once that is gone."""

    def __init__(self, thing: weakref.ref[Any], number: int) -> None:
        self._thing, self._number = thing, number

    def __eq__(self, other: object) -> bool:
        mine = self._thing()
        return isinstance(other, _Identity) and mine is not None and mine is other._thing()

    def __hash__(self) -> int:
        return self._number
