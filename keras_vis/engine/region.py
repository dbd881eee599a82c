"""What is asked of a place in a map of classes, as a segmentation gives it?"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_vis.engine.tap import Activations
from keras_vis.engine.target import Feed, Names, Target, check_index, find_output, pick, predicted, short

if TYPE_CHECKING:
    from keras_vis.engine.outline import Outline

_FINE = 1e5  # shares of a region that differ by less are equal, however they were summed


@dataclass(frozen=True)
class Region(Target):
    """The mean logit of a class over a region of an output that has one for each pixel, ``(n, h, w, classes)``.

    The logit as in `Logit`: before the softmax or sigmoid over the classes, on the last axis. Vinogradova, Dibrov &
    Myers 2020, arXiv:2002.11434, take the sum over the region; the mean does not grow with its size. Class activation
    maps of it are of more use below the last layers, which see little but the region itself: name one with `layer=`.

    Attributes:
        index: an int, an array ``(n,)`` with each image's own, or None: the class that is the likeliest on most of the
            region.
        mask: ``(h, w)`` for all images, or ``(n, h, w)``, at the output's own resolution: the region, or weights ≥ 0.
        output: the name of the output, for a model of several.

    Example:
        >>> kv.grad_cam(unet, x, kv.Region(3, unet.predict(x).argmax(axis=-1) == 3), layer="bottleneck")
    """

    index: Any = field(compare=False)
    mask: Any = field(compare=False)
    output: str | None = None

    def indices(self, n: int) -> np.ndarray:
        """Return the class for each image, −1 for the predicted one."""
        return np.broadcast_to(np.asarray(-1 if self.index is None else self.index, np.int32), (n,))

    def feed(self, n: int) -> Feed:
        """Return the classes, and the weights of the pixels, which sum to 1."""
        return self.indices(n), self.weights(n).astype(np.float32)

    def weights(self, n: int) -> np.ndarray:
        """Return the weights ``(n, h, w)`` of the pixels in the mean."""
        mask = np.asarray(self.mask, np.float64)
        mask = mask / mask.sum(axis=(-2, -1), keepdims=True)
        return np.broadcast_to(mask, (n, *mask.shape[-2:]))

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return each image's mean logit of its class over the region."""
        logits, _ = acts.output(self.output or "")
        # No matrix product: on some devices that would round to 10 bits.
        return pick(tf.reduce_sum(logits * feed[1][..., None], axis=(1, 2)), self.settle(acts, feed)[0])

    def settle(self, acts: Activations, feed: Feed) -> Feed:
        """Choose the class that is predicted, where that is asked about."""
        logits, _ = acts.output(self.output or "")
        likeliest = tf.one_hot(tf.argmax(logits, axis=-1), logits.shape[-1])
        votes = tf.reduce_sum(likeliest * feed[1][..., None], axis=(1, 2))
        return predicted(tf.round(votes * _FINE), feed[0]), feed[1]

    def told(self, logits: np.ndarray, head: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the class asked about in each image, and of its region the share that each class has.

        Of a sigmoid, a class has what has a probability above 1/2; of others, where it is the likeliest.

        Args:
            logits: ``(n, h, w, classes)``.
            head: softmax, sigmoid or linear.

        Returns:
            ``(n,)`` and ``(n, classes)``.
        """
        n, weights = len(logits), self.weights(len(logits))
        likeliest = logits.argmax(axis=-1)[..., None] == np.arange(logits.shape[-1])
        votes = np.einsum("nijk,nij->nk", likeliest, weights)
        shares = np.einsum("nijk,nij->nk", logits > 0, weights) if head == "sigmoid" else votes
        # Rounded, so that all of it is exactly 1.
        return np.where(self.indices(n) < 0, np.round(votes * _FINE).argmax(axis=1), self.indices(n)), shares.round(9)

    def resolve(self, outline: Outline, n: int) -> Target:
        """Find the output, and check the classes and the mask against it."""
        name, facts = find_output(self.output, outline, "Region(3, mask, output={!r})")
        if len(facts.shape) != 3:
            shape = ", ".join("any" if size is None else str(size) for size in facts.shape)
            raise ValueError(
                f"`target`: output {name!r} is no map of classes (n, h, w, classes) but (n, {shape}), so there is no "
                "region of it. Ask about a class of it: Logit(index)."
            )
        index = self.index
        if index is not None:
            index = check_index(index, n, facts.classes, f"class of output {name!r}")
        return dataclasses.replace(self, index=index, mask=_checked(self.mask, n, facts.shape[:2]), output=name)

    def describe(self, names: Names) -> str:
        """Return which class, over how large a region."""
        if self.index is None:
            which = "the predicted class"
        else:
            which = names(int(np.ravel(self.index)[0])) if np.size(self.index) == 1 else "each image's class"
        return f"mean logit of {which} over {'a region' if np.ndim(self.mask) == 2 else 'its region'}"

    def __str__(self) -> str:
        inside = "predicted" if self.index is None else short(self.index)
        mask = np.asarray(self.mask)
        pixels = f"mask {mask.shape}, {int((mask > 0).sum())} pixels"
        return f"Region({inside}, {pixels}{f', output={self.output!r}' if self.output else ''})"


def _checked(mask: Any, n: int, size: tuple[int | None, ...]) -> np.ndarray:
    """The weights of the pixels, ``(h, w)`` or ``(n, h, w)``."""
    try:
        array = np.asarray(mask)
    except Exception as error:
        raise TypeError(f"`target`: the mask of a region is no array of numbers: {error}") from error
    if array.dtype.kind not in "buif" and array.dtype.name != "bfloat16":
        raise TypeError(f"`target`: the mask of a region must hold numbers; received {array.dtype}.")
    shown = ", ".join("any" if part is None else str(part) for part in size)
    fits = array.ndim in (2, 3) and all(w in (None, s) for s, w in zip(array.shape[-2:], size, strict=True))
    if not fits or (array.ndim == 3 and len(array) != n):
        raise ValueError(
            f"`target`: the mask of a region has shape {array.shape}; it must be ({shown}), as the output is, or "
            f"({n}, {shown}), one for each image."
        )
    array = array.astype(np.float32)
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError(
            "`target`: the mask of a region must hold True and False, or finite weights ≥ 0; some of its numbers are "
            "negative, NaN or infinite."
        )
    empty = np.flatnonzero(~array.any(axis=(-2, -1)))
    if empty.size:
        of = f", that of image {empty[0]}," if array.ndim == 3 else ""
        raise ValueError(
            f"`target`: the mask of a region{of} is zero everywhere: there is nothing to take the mean of."
        )
    return array
