"""What is asked of a layer: its channels, its neurons, all of it?"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_vis.engine.tap import Activations
from keras_vis.engine.target import Feed, Names, Target, check_index, find_layer, mean, pick, short

if TYPE_CHECKING:
    from keras_vis.engine.outline import Outline


@dataclass(frozen=True)
class Channel(Target):
    """The mean activation of one channel of a layer, or the activation of one unit of a dense layer.

    Attributes:
        layer: the layer's name or path.
        index: which channel; an int, or an array ``(n,)`` with each image's own.

    Example:
        >>> kv.activation_maximization(model, kv.Channel("conv_2", range(4)), steps=32)
    """

    indexed = ("index",)

    layer: str
    index: Any = field(compare=False)

    @property
    def layers(self) -> tuple[str, ...]:  # type: ignore[override]
        """The layer that it reads."""
        return (self.layer,)

    def feed(self, n: int) -> Feed:
        """Return the channels."""
        return (np.broadcast_to(np.asarray(self.index, np.int32), (n,)),)

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return the mean of the channel over its positions."""
        return tf.reduce_mean(_channel(acts[self.layer], feed[0]), axis=-1)

    def resolve(self, outline: Outline, n: int) -> Target:
        """Find the layer, and check the channels against it."""
        path, shape = find_layer(self.layer, outline)
        if not shape:
            raise ValueError(f"`target`: layer {path!r} has no channels.")
        index = check_index(self.index, n, shape[-1], f"channel of layer {path!r}")
        return dataclasses.replace(self, layer=path, index=index)

    def describe(self, names: Names) -> str:
        """Return which channel of which layer."""
        del names
        return f"channel {short(self.index)} of {self.layer}"

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.layer!r}, {np.asarray(self.index).tolist()})"


class StrongestNeuron(Channel):
    """The activation of a channel where it is highest; at the first of several equal positions. As `Channel`.

    Example:
        >>> kv.guided_backprop(model, digits[:4], kv.StrongestNeuron("conv_2", 7))
    """

    def feed(self, n: int) -> Feed:
        """Return the channels, and −1 for the position: the highest."""
        return *super().feed(n), np.full(n, -1, np.int32)

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return the channel's highest activation."""
        # A gather, not reduce_max: that would spread the gradient over all positions that tie.
        return pick(_channel(acts[self.layer], feed[0]), self.settle(acts, feed)[1])

    def settle(self, acts: Activations, feed: Feed) -> Feed:
        """Choose the position where the channel is highest."""
        index, position = feed
        highest = tf.argmax(_channel(acts[self.layer], index), axis=-1, output_type=tf.int32)
        return index, tf.where(position < 0, highest, position)

    def describe(self, names: Names) -> str:
        """Return which channel of which layer."""
        return f"strongest neuron of {super().describe(names)}"


@dataclass(frozen=True)
class Neuron(Target):
    """The activation of one channel at one position of a layer that gives maps.

    Attributes:
        layer: the layer's name or path.
        index, row, column: which; each an int or an array ``(n,)``.

    Example:
        >>> kv.saliency(model, digits[:4], kv.Neuron("conv_2", 7, row=12, column=10))
    """

    indexed = ("index", "row", "column")

    layer: str
    index: Any = field(compare=False)
    row: Any = field(compare=False)
    column: Any = field(compare=False)

    @property
    def layers(self) -> tuple[str, ...]:  # type: ignore[override]
        """The layer that it reads."""
        return (self.layer,)

    def feed(self, n: int) -> Feed:
        """Return row, column and channel."""
        where = np.stack(
            [np.broadcast_to(np.asarray(part, np.int32), (n,)) for part in (self.row, self.column, self.index)], axis=-1
        )
        return (where,)

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return the activation there."""
        return tf.gather_nd(acts[self.layer], feed[0], batch_dims=1)

    def resolve(self, outline: Outline, n: int) -> Target:
        """Find the layer, and check position and channel against it."""
        path, shape = find_layer(self.layer, outline)
        if len(shape) != 3:
            raise ValueError(
                f"`target`: layer {path!r} gives no maps (h', w', k) but {shape}; use Channel for its units."
            )
        sizes = {"row": shape[0], "column": shape[1], "index": shape[2]}
        checked = {
            name: check_index(getattr(self, name), n, size, f"{name} of layer {path!r}") for name, size in sizes.items()
        }
        return dataclasses.replace(self, layer=path, **checked)

    def describe(self, names: Names) -> str:
        """Return which channel of which layer, and where."""
        del names
        return f"channel {short(self.index)} of {self.layer} at row {short(self.row)}, column {short(self.column)}"

    def __str__(self) -> str:
        return f"Neuron({self.layer!r}, {short(self.index)}, {short(self.row)}, {short(self.column)})"


@dataclass(frozen=True)
class Energy(Target):
    """The mean square of a layer's activations: what deep dream climbs.

    Attributes:
        layer: the layer's name or path.

    Example:
        >>> kv.deep_dream(model, photo, kv.Energy("conv_pw_6"), steps=4)
    """

    layer: str

    @property
    def layers(self) -> tuple[str, ...]:  # type: ignore[override]
        """The layer that it reads."""
        return (self.layer,)

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return the mean square over positions and channels."""
        del feed
        return mean(tf.square(acts[self.layer]))

    def resolve(self, outline: Outline, n: int) -> Target:
        """Find the layer."""
        del n
        return dataclasses.replace(self, layer=find_layer(self.layer, outline)[0])

    def describe(self, names: Names) -> str:
        """Return of which layer."""
        del names
        return f"energy of {self.layer}"

    def __str__(self) -> str:
        return f"Energy({self.layer!r})"


@dataclass(frozen=True)
class Likeness(Target):
    """Minus the squared distance of a layer's activations to a given code, relative to the code's own square.

    −‖Φ(x) − code‖² / ‖code‖²: 0 where they are equal. Mahendran & Vedaldi 2015, equation 1.

    Attributes:
        layer: the layer's name or path.
        code: activations ``(n, h', w', k)``, or those of one image for all.

    Example:
        >>> code = kv.feature_maps(model, digits[:1], "conv_1").values
        >>> kv.activation_maximization(model, kv.Likeness("conv_1", code), penalty=None, steps=32)
    """

    layer: str
    code: Any = field(compare=False)

    @property
    def layers(self) -> tuple[str, ...]:  # type: ignore[override]
        """The layer that it reads."""
        return (self.layer,)

    def feed(self, n: int) -> Feed:
        """Return the code."""
        code = np.asarray(self.code, np.float32)
        return (np.broadcast_to(code, (n, *code.shape[1:])),)

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return minus the relative squared distance."""
        code = feed[0]
        return -mean(tf.square(acts[self.layer] - code)) / mean(tf.square(code))

    def resolve(self, outline: Outline, n: int) -> Target:
        """Find the layer, and check the code against it."""
        path, shape = find_layer(self.layer, outline)
        code = np.asarray(self.code, np.float32)
        if code.ndim == len(shape):
            code = code[None]
        fits = code.ndim == len(shape) + 1 and all(w in (None, s) for s, w in zip(code.shape[1:], shape, strict=True))
        if not fits or len(code) not in (1, n):
            raise ValueError(
                f"`target`: the code has shape {code.shape}; layer {path!r} gives {shape} for each of {n} images."
            )
        if not np.isfinite(code).all() or not code.reshape(len(code), -1).any(axis=1).all():
            raise ValueError(
                "`target`: the code must be finite and not zero everywhere: the distance is relative to it."
            )
        return dataclasses.replace(self, layer=path, code=code)

    def describe(self, names: Names) -> str:
        """Return of which layer."""
        del names
        return f"likeness of {self.layer}"

    def __str__(self) -> str:
        return f"Likeness({self.layer!r})"


@dataclass(frozen=True)
class Diversity(Target):
    """A penalty: how alike the images of a batch look to a layer.

    The cosine between the Gram matrices of an image and each other image of the batch, averaged over the others. Olah
    2017. The images of a batch depend on each other here, which no other target does.

    Attributes:
        layer: the layer's name or path.

    Example:
        >>> kv.activation_maximization(model, [3, 3, 3], penalty=kv.Diversity("conv_2"), steps=32)
    """

    layer: str
    alone = False

    @property
    def layers(self) -> tuple[str, ...]:  # type: ignore[override]
        """The layer that it reads."""
        return (self.layer,)

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return each image's mean cosine with the others; 0 for an image alone."""
        del feed
        code = acts[self.layer]
        code = tf.reshape(code, [tf.shape(code)[0], -1, code.shape[-1]])
        gram = tf.matmul(code, code, transpose_a=True)
        flat = tf.math.l2_normalize(tf.reshape(gram, [tf.shape(gram)[0], -1]), axis=-1)
        cosine = tf.matmul(flat, flat, transpose_b=True)
        others = tf.reduce_sum(cosine, axis=-1) - tf.linalg.diag_part(cosine)
        return others / tf.cast(tf.maximum(tf.shape(code)[0] - 1, 1), tf.float32)

    def resolve(self, outline: Outline, n: int) -> Target:
        """Find the layer."""
        del n
        return dataclasses.replace(self, layer=find_layer(self.layer, outline)[0])

    def describe(self, names: Names) -> str:
        """Return of which layer."""
        del names
        return f"likeness of the images at {self.layer}"

    def __str__(self) -> str:
        return f"Diversity({self.layer!r})"


def _channel(activation: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """One channel of each image, ``(n, positions)``."""
    channel = (
        tf.gather(activation, index, axis=activation.shape.rank - 1, batch_dims=1)
        if activation.shape.rank == 2
        else None
    )
    if channel is not None:
        return channel[:, None]
    flat = tf.reshape(activation, [tf.shape(activation)[0], -1, activation.shape[-1]])
    return tf.gather(flat, index, axis=2, batch_dims=1)
