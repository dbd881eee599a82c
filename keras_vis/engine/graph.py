"""How is a function of images compiled, and how do any number of images go through it?"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vis.engine.batch import Batch, bar
from keras_vis.engine.variants import Variants


class Graph:
    """A compiled function of images and a target's content, through which any number of images go in batches."""

    def __init__(self, body: Callable[[tuple[tf.Tensor, ...], Any], Any], batch: Batch, feed: Any = ()) -> None:
        inputs = specs(batch.arrays)
        content = specs(keras.tree.flatten(feed))

        # Flat in, flat out: TensorFlow takes a millisecond to sort nested structures, at each call.
        def flat(*tensors: tf.Tensor) -> list[tf.Tensor]:
            found = body(tensors[: len(inputs)], keras.tree.pack_sequence_as(feed, tensors[len(inputs) :]))
            self._structure = keras.tree.map_structure(lambda tensor: 0, found)
            return keras.tree.flatten(found)

        # Without XLA: on a CPU it is 1.6 to 6 times slower here, and compiles anew for each size of batch.
        self.function = tf.function(flat, autograph=False).get_concrete_function(*inputs, *content)

    def call(self, arrays: Sequence[np.ndarray], feed: Any) -> Any:
        """Return what the body makes of all of these at once, in its structure, as arrays."""
        flat = (*arrays, *keras.tree.flatten(feed))
        found = [np.asarray(tensor) for tensor in self.function(*map(tf.convert_to_tensor, flat))]
        return keras.tree.pack_sequence_as(self._structure, found)

    def through(
        self,
        batch: Batch,
        feed: Any,
        size: int,
        what: str,
        progress: bool,
        variants: Variants | None = None,
        *,
        summed: bool = False,
    ) -> Any:
        """Send a batch through, `size` images at a time, and join what comes back, in the structure of the body.

        Of variants as many go through at a time. What comes back of them ``(n, m, ...)`` has an entry for each, unless
        the body sums them: ``(n, ...)``.
        """
        content = keras.tree.flatten(feed)
        total = len(batch) * (variants.count if variants else 1)
        # What goes through at once has no progress to show.
        with bar(total, what, progress) if total > size else contextlib.nullcontext() as shown:

            def run(part: slice, rows: tuple[Any, ...], count: int) -> list[np.ndarray]:
                flat = *(array[part] for array in (*batch.arrays, *content)), *keras.tree.flatten(rows)
                found = [np.asarray(tensor) for tensor in self.function(*map(tf.convert_to_tensor, flat))]
                if shown is not None:
                    shown.update(count)
                return found

            if variants is None:
                joined = _join(run(part, (), part.stop - part.start) for part in batch.slices(size))
            elif not summed:
                found = _join(run(part, rows, len(rows[-1])) for part, rows in variants.chunks(len(batch), size))
                joined = [piece.reshape(len(batch), variants.count, *piece.shape[1:]) for piece in found]
            else:
                sums: list[np.ndarray] = []
                for part, rows in variants.chunks(len(batch), size):
                    found = run(part, rows, len(rows[-1]))
                    # In float64, so that ten thousand versions lose nothing.
                    sums = sums or [np.zeros((len(batch), *piece.shape[1:])) for piece in found]
                    for whole, piece in zip(sums, found, strict=True):
                        whole[part] += piece
                joined = [whole.astype(np.float32) for whole in sums]
        return keras.tree.pack_sequence_as(self._structure, joined)


def _join(pieces: Iterable[list[np.ndarray]]) -> list[np.ndarray]:
    return [parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in zip(*pieces, strict=True)]


def form(arrays: Sequence[np.ndarray]) -> Hashable:
    """Return what a graph for such arrays depends on: their shapes but for the first axis, and their types.

    Not their `tf.TensorSpec`, which takes longer to compare than the rest of a call.
    """
    return tuple((array.shape[1:], array.dtype.str) for array in arrays)


def specs(arrays: Sequence[np.ndarray]) -> tuple[tf.TensorSpec, ...]:
    """Return what a graph for such arrays takes: any number of them."""
    return tuple(tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in arrays)
