"""What of an image does a unit see, and which images of a data set excite it most?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_vis.engine import layers
from keras_vis.engine.batch import with_channels
from keras_vis.engine.field import ReceptiveField, field_of
from keras_vis.engine.probe import probe
from keras_vis.engine.stream import Stream
from keras_vis.picture import Patches, about


def receptive_field(
    model: keras.Model,
    layer: str | keras.layers.Layer,
    *,
    input: int | str | None = None,
    size: tuple[int, int] | None = None,
) -> ReceptiveField:
    """Follow the image through the model's graph; keep, for each position of a layer, the pixels that reach it.

    Args:
        model: any Keras model of images.
        layer: whose maps ``(h', w', k)``: a name, a path or the layer.
        input: of which input, by name or index; by default the only one that holds images.
        size: height and width of the image, for a model that leaves them open.

    Returns:
        A `ReceptiveField`: `size`, `stride` and `offset` of an inner position, and `.box(row, column)`, the pixels of
        each, cut off at the image's edges. It is the smallest box around all that can change the position's value,
        whatever the weights; of operations that are not known, and of what each position has of all others (a global
        pooling, an attention), it is all they get, and `through` names the layer.

    Raises:
        TypeError: `model` is no Keras model, `layer` neither a name nor a layer.
        ValueError: an unknown layer, one without maps or that does not depend on the input; a size that is open and
            not given, or not the model's.

    Source:
        Araujo, Norris & Sim 2019, "Computing receptive fields of convolutional neural networks", Distill. There the
        size comes from recurrences over the layers; here the bounds of every position are followed, so that those
        at the edges, and of maps whose positions differ, are exact too.

    Example:
        >>> kv.receptive_field(model, "conv_2").box(4, 7)
    """
    return field_of(model, layer, input, size)


def top_patches(
    model: keras.Model,
    data: object,
    layer: str | keras.layers.Layer,
    units: int | Sequence[int],
    *,
    k: int = 9,
    input: int | str | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Patches:
    """Find for each unit the images of a data set in which it is highest anywhere, and what it sees there.

    Args:
        model: any Keras model of images.
        data: ``(n, h, w, c)``, a `tf.data.Dataset`, a `PyDataset` or an iterable of batches; see
            `keras_vis.engine.stream`. It is gone through once; of the images only the best are kept.
        layer: whose units: a name, a path or the layer. One that gives maps ``(h', w', k)`` or a vector ``(k,)``.
        units: which of its k channels; one or several.
        k: how many images of each; all, where the data hold fewer. Of equal ones the first in the data.
        input: which input is cut out and drawn, by name or index; by default the only one that holds images.
        batch: images at once, by default 256 small or 16 large ones; the numbers do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `Patches`: the images, best first, with `.scores` ``(u, k)``, the activations; `.boxes` ``(u, k, 4)``, the
        receptive field of the position where each is, clipped to the image; `.indices` ``(u, k)``, which images of the
        data they are; `.positions` ``(u, k, 2)``; `.unit(5)` for one unit alone and `.patches(5)` for what it sees, cut
        out. A unit of a dense layer sees the whole image.

    Raises:
        TypeError: `model` is no Keras model, `data` nothing that gives images, `units` no whole numbers.
        ValueError: shapes or layers that do not fit the model, a layer that gives neither maps nor a vector, a unit
            that it does not have, `k` < 1, images of several sizes, an activation that is not finite.

    Source:
        Girshick et al. 2014, arXiv:1311.2524, section 3.1, and Zhou et al. 2015, arXiv:1412.6856, section 3: one
        position of each image, its highest. The box is the receptive field, of which Zhou et al. find that units use
        the middle most.

    Example:
        >>> kv.top_patches(model, x_test, "conv_2", range(8))
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"`k` must be a positive whole number of images; received {k!r}.")
    stream = Stream(model, data, batch=batch)
    which = stream.first.pick_input(input)
    path, _ = layers.find(model, layer)
    room = probe(model)
    shape = room.outline(stream.first).single(path)
    if len(shape) not in (1, 3):
        raise ValueError(f"`layer={path!r}` gives neither maps (h', w', k) nor a vector (k,), but {shape}.")
    picked = layers.check_units(units, shape[-1] or 0)
    best = _Best(len(picked), int(k))
    for piece in stream.walk("top_patches", progress):
        scores, places = room.activations(piece.batch, [path], finish=_strongest(tuple(picked)))
        if not np.isfinite(scores).all():
            bad = piece.start + int(np.flatnonzero(~np.isfinite(scores).all(axis=1))[0])
            raise ValueError(f"`layer={path!r}` gives NaN or infinity for image {bad} of `data`.")
        best.take(scores, places, with_channels(piece.batch.arrays[which]), piece.start)
    height, width = stream.first.arrays[which].shape[1:3]
    if len(shape) == 3:
        field = field_of(model, path, which, (height, width))
        rows, columns = np.divmod(best.places, field.shape[1])
        boxes, size = np.asarray(field.box(rows, columns)), field.size
    else:
        rows = columns = np.zeros_like(best.places)
        boxes, size = np.broadcast_to([0, 0, height, width], (*rows.shape, 4)), (height, width)
    return Patches(
        best.gathered(),
        units=picked,
        scores=best.scores,
        boxes=boxes,
        indices=best.indices,
        positions=np.stack([rows, columns], axis=-1),
        field=(min(size[0], height), min(size[1], width)),
        layer=path,
        title=f"Which images excite each unit of {path} most" + (", and by what in them?" if len(shape) == 3 else "?"),
        note=_note(best.scores.shape[1], len(stream), boxes, (height, width), size),
        about=about("top_patches", layer=path, units=picked, k=int(k), images=len(stream)),
    )


@functools.lru_cache(maxsize=64)
def _strongest(units: tuple[int, ...]) -> Callable[[Mapping[str, Any]], Any]:
    """Return what finds these units' strongest positions; the same function each time: a graph is kept by it."""

    def finish(acts: Mapping[str, Any]) -> tuple[Any, Any]:
        """Of each image the highest activation of each unit ``(n, u)``, and at which position it is, row by row."""
        (values,) = acts.values()
        values = ops.take(values, units, axis=-1)
        flat = ops.reshape(values, (ops.shape(values)[0], -1, len(units)))
        return ops.max(flat, axis=1), ops.argmax(flat, axis=1)

    return finish


def _note(shown: int, count: int, boxes: np.ndarray, image: tuple[int, int], field: tuple[int, int]) -> str:
    """Say what is seen."""
    best = f"the best {shown} of {count:,} images" if shown < count else f"all {count:,} images, the best first"
    if (boxes == (0, 0, *image)).all():
        return f"a unit sees the whole image; below: its activation; {best}"
    return f"above: what the unit sees, {field[0]} \u00d7 {field[1]} pixels; below: where, and its activation; {best}"


class _Best:
    """The images that are highest for each unit, of all that have been taken; the others are forgotten."""

    def __init__(self, units: int, most: int) -> None:
        self._most = most
        self.scores = np.empty((units, 0), np.float32)
        self.places = self.indices = np.empty((units, 0), np.int64)
        self._images: dict[int, np.ndarray] = {}

    def take(self, scores: np.ndarray, places: np.ndarray, images: np.ndarray, start: int) -> None:
        """Take more images: `scores` and `places` ``(r, units)``, the first of them the data's number `start`."""
        numbers = np.broadcast_to(np.arange(start, start + len(scores)), scores.T.shape)
        joined = [
            np.concatenate(pair, axis=1)
            for pair in ((self.scores, scores.T), (self.places, places.T), (self.indices, numbers))
        ]
        # Stable, so that of equal scores the first in the data stays.
        order = np.argsort(-joined[0], axis=1, kind="stable")[:, : self._most]
        self.scores, self.places, self.indices = (np.take_along_axis(part, order, axis=1) for part in joined)
        kept = {int(i) for i in np.unique(self.indices)}
        self._images = {i: image for i, image in self._images.items() if i in kept}
        # A copy, so that the piece they came in can go.
        self._images |= {i: images[i - start].copy() for i in kept if start <= i < start + len(images)}

    def gathered(self) -> np.ndarray:
        """Return the images, unit by unit, the best first."""
        return np.stack([self._images[int(i)] for i in self.indices.ravel()]).astype(np.float32)
