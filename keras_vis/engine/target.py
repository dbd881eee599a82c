"""What number of an image is asked about?

A *target* turns what a model makes of an image into one number. Attribution asks for the gradient of that number,
synthesis climbs it. Users write an int (the logit of that class), an array of ints (each image's own class), None
(each image's predicted class) or a `Target`; nothing else.

Targets add, subtract and are multiplied by numbers: ``Logit(3) - 1e-3 * TotalVariation()``. Two targets are equal
(``==``) when they have the same *form*, that is the same compiled graph; their *content*, such as which class, is fed
and may differ.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import tensorflow as tf

from keras_vis.engine.layers import nearest
from keras_vis.engine.tap import Activations

if TYPE_CHECKING:
    from keras_vis.engine.outline import Outline, OutputFacts

Feed = tuple[Any, ...]
Names = Callable[[int], str]


class Target:
    """One number per image. Write your own by setting `layers` and giving `score`; add `feed` if it has content.

    Make it a frozen dataclass, its content in fields of ``compare=False``: equal targets share one compiled graph.

    Attributes:
        layers: paths of the layers whose activations it reads.
        output: the name of the model's output that it reads, if it reads one.
        alone: whether an image's number is its own, whatever else is in the batch.
        indexed: the fields that may hold an array ``(n,)`` with an entry for each image.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Brightest(kv.Target):
        ...     "The highest of all activations of one layer."
        ...
        ...     layers = ("conv_1",)
        ...
        ...     def score(self, acts, feed):
        ...         return keras.ops.max(acts["conv_1"], axis=(1, 2, 3))
        >>> kv.saliency(model, digits[:4], Brightest()).save("brightest.png")
    """

    layers: tuple[str, ...] = ()
    output: str | None = None
    alone: bool = True
    indexed: ClassVar[tuple[str, ...]] = ()

    def feed(self, n: int) -> Feed:
        """Return its content for n images: (nested tuples of) arrays whose first axis is n."""
        del n
        return ()

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return the numbers ``(n,)``, float32, from what the model made of the images."""
        raise NotImplementedError

    def settle(self, acts: Activations, feed: Feed) -> Feed:
        """Return the content with what it leaves to the images, such as the predicted class, chosen from these."""
        del acts
        return feed

    def resolve(self, outline: Outline, n: int) -> Target:
        """Return the same target with names made whole, or say what of it does not fit the model.

        Raises:
            ValueError: an unknown layer or output, an index out of range, a wrong number of labels.
        """
        del n
        for layer in self.layers:
            find_layer(layer, outline)
        return self

    def indices(self, n: int) -> np.ndarray | None:
        """Return the class asked about for each image, −1 for the predicted one; None if no class is asked about."""
        del n
        return None

    def describe(self, names: Names) -> str:
        """Return what is asked about in words; `names` gives a class's name."""
        del names
        return str(self)

    def __str__(self) -> str:
        # Not its address, which would make each run's picture another.
        return type(self).__name__

    def __add__(self, other: Target) -> Target:
        """Return the sum of two targets."""
        return _combine(self, other, 1.0)

    def __radd__(self, other: object) -> Target:
        """Let `sum` work, which starts from 0."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def __sub__(self, other: Target) -> Target:
        """Return the difference of two targets."""
        return _combine(self, other, -1.0)

    def __mul__(self, weight: float) -> Target:
        """Return the target times a number."""
        if isinstance(weight, bool) or not isinstance(weight, int | float | np.integer | np.floating):
            return NotImplemented
        terms, weights = _terms(self)
        return Combination(terms, tuple(float(weight) * w for w in weights))

    __rmul__ = __mul__

    def __neg__(self) -> Target:
        """Return the target with its sign turned."""
        return self * -1.0


@dataclass(frozen=True)
class Combination(Target):
    """A weighted sum of targets; made by ``+``, ``-`` and ``*``."""

    terms: tuple[Target, ...]
    weights: tuple[float, ...] = field(compare=False)

    @property
    def layers(self) -> tuple[str, ...]:  # type: ignore[override]
        """All layers that the terms read."""
        return tuple(dict.fromkeys(layer for term in self.terms for layer in term.layers))

    @property
    def alone(self) -> bool:  # type: ignore[override]
        """Whether every term looks at each image on its own."""
        return all(term.alone for term in self.terms)

    def feed(self, n: int) -> Feed:
        """Return the content of the terms, and their weights: changing a weight compiles nothing."""
        weights = np.broadcast_to(np.asarray(self.weights, np.float32), (n, len(self.weights)))
        return tuple(term.feed(n) for term in self.terms), weights

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return the weighted sum of the terms' numbers."""
        feeds, weights = feed
        scores = [term.score(acts, part) for term, part in zip(self.terms, feeds, strict=True)]
        return tf.add_n([weights[:, i] * score for i, score in enumerate(scores)])

    def settle(self, acts: Activations, feed: Feed) -> Feed:
        """Settle each term."""
        feeds, weights = feed
        return tuple(term.settle(acts, part) for term, part in zip(self.terms, feeds, strict=True)), weights

    def resolve(self, outline: Outline, n: int) -> Target:
        """Resolve each term."""
        return dataclasses.replace(self, terms=tuple(term.resolve(outline, n) for term in self.terms))

    @property
    def output(self) -> str | None:  # type: ignore[override]
        """The output of the first term that reads one."""
        return next((term.output for term in self.terms if term.output is not None), None)

    def describe(self, names: Names) -> str:
        """Return the terms in words, with their weights and signs."""
        text = ""
        for term, weight in zip(self.terms, self.weights, strict=True):
            sign = ("\u2212" if weight < 0 else "") if not text else (" \u2212 " if weight < 0 else " + ")
            times = "" if abs(weight) == 1 else f"{abs(weight):g} \u00d7 "
            text += f"{sign}{times}{term.describe(names)}"
        return text

    def __str__(self) -> str:
        text = " + ".join(
            f"{term}" if w == 1 else f"{w:g} * {term}" for term, w in zip(self.terms, self.weights, strict=True)
        )
        return text.replace("+ -1 * ", "- ").replace("+ -", "- ")


@dataclass(frozen=True)
class Logit(Target):
    """The logit of a class: the output before its softmax or sigmoid; the output itself where there is neither.

    Of a single sigmoid, class 1 has the logit and class 0 minus the logit.

    Attributes:
        index: an int, an array ``(n,)`` with each image's own, or None: each image's predicted class.
        output: the name of the output, for a model of several.

    Example:
        >>> kv.saliency(model, digits[:4], kv.Logit(3) - kv.Logit(8))  # why 3 and not 8
    """

    indexed = ("index",)

    index: Any = field(default=None, compare=False)
    output: str | None = None

    def indices(self, n: int) -> np.ndarray:
        """Return the class for each image, −1 for the predicted one."""
        return np.broadcast_to(np.asarray(-1 if self.index is None else self.index, np.int32), (n,))

    def feed(self, n: int) -> Feed:
        """Return the classes."""
        return (self.indices(n),)

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return each image's logit of its class."""
        logits, _ = acts.output(self.output or "")
        return pick(logits, predicted(logits, feed[0]))

    def settle(self, acts: Activations, feed: Feed) -> Feed:
        """Choose the class that is predicted, where that is asked about."""
        logits, _ = acts.output(self.output or "")
        return (predicted(logits, feed[0]),)

    def resolve(self, outline: Outline, n: int) -> Target:
        """Find the output, and check the classes against it."""
        name, facts = find_output(self.output, outline, "Logit(3, output={!r})")
        if len(facts.shape) != 1:
            shape = ", ".join("any" if size is None else str(size) for size in facts.shape)
            region = "a region of it, Region(index, mask), or about " if len(facts.shape) == 3 else ""
            raise ValueError(
                f"`target`: output {name!r} is no vector of classes but (n, {shape}). Ask about {region}one of the "
                "model's layers: Channel(layer, index) or Neuron(layer, index, row, column)."
            )
        if self.index is None:
            return type(self)(None, name)
        return type(self)(check_index(self.index, n, facts.classes, f"class of output {name!r}"), name)

    def describe(self, names: Names) -> str:
        """Return which number of which class, and of which output where there are several."""
        single = np.ndim(self.index) == 0 or np.size(self.index) == 1
        if self.index is None:
            which = "the predicted class"
        else:
            which = names(int(np.ravel(self.index)[0])) if single else "each image's class"
        return f"{type(self).__name__.lower()} of {which}"

    def __str__(self) -> str:
        inside = "predicted" if self.index is None else str(np.asarray(self.index).tolist())
        return f"{type(self).__name__}({inside}{f', output={self.output!r}' if self.output else ''})"


class Probability(Logit):
    """The probability of a class, after the softmax or sigmoid. Arguments as for `Logit`.

    Example:
        >>> kv.occlusion(model, digits[:1], kv.Probability(3), patch=7)
    """

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return each image's probability of its class."""
        logits, head = acts.output(self.output or "")
        probability = tf.nn.softmax(logits) if head == "softmax" else tf.nn.sigmoid(logits)
        return pick(probability, predicted(logits, feed[0]))

    def resolve(self, outline: Outline, n: int) -> Target:
        """As `Logit.resolve`; an output without softmax or sigmoid has no probabilities."""
        resolved = super().resolve(outline, n)
        if outline.outputs[resolved.output or ""].head == "linear":
            raise ValueError(
                f"`target`: output {resolved.output!r} ends in neither softmax nor sigmoid, so it gives no "
                "probability. Use Logit, or add the activation to the model."
            )
        return resolved


def as_target(target: object, outline: Outline, n: int, argument: str = "target") -> Target:
    """Return the `Target` that a user's `target` stands for, checked against the model and the number of images.

    Raises:
        TypeError: not an int, an array of ints, None or a Target.
        ValueError: something in it does not fit the model or the images.
    """
    if isinstance(target, Target):
        try:
            hash(target)
        except TypeError:
            raise TypeError(
                f"`{argument}`: a {type(target).__name__} cannot be hashed. Make it a frozen dataclass, its content in "
                "fields of `compare=False`."
            ) from None
        return target.resolve(outline, n)
    if target is None:
        return Logit().resolve(outline, n)
    if isinstance(target, str | bytes | bool | float | dict) or callable(target):
        raise TypeError(
            f"`{argument}` must be a class (int), a class for each image (array of ints), None (the predicted class) "
            f"or a Target; received {type(target).__name__} {target!r}."
        )
    return Logit(np.asarray(target)).resolve(outline, n)


def probabilities(logits: np.ndarray, head: str) -> np.ndarray | None:
    """Return the probabilities ``(n, classes)`` that belong to logits, or None where the head is linear.

    In float64: in float32 a net that is very sure would be shown to be certain.
    """
    if head == "linear":
        return None
    logits = logits.astype(np.float64)
    if head == "sigmoid":
        return np.where(logits >= 0, 1.0, np.exp(-np.abs(logits))) / (1.0 + np.exp(-np.abs(logits)))
    exp = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)


def _combine(a: Target, b: object, sign: float) -> Target:
    if not isinstance(b, Target):
        return NotImplemented
    (terms, weights), (more, others) = _terms(a), _terms(b)
    return Combination(terms + more, weights + tuple(sign * w for w in others))


def _terms(target: Target) -> tuple[tuple[Target, ...], tuple[float, ...]]:
    return (target.terms, target.weights) if isinstance(target, Combination) else ((target,), (1.0,))


def predicted(logits: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """Each image's class: the one asked for, or the one predicted where that is −1."""
    return tf.where(index < 0, tf.argmax(logits, axis=-1, output_type=tf.int32), index)


def pick(values: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """One of each row of ``(n, k)``, by ``(n,)``."""
    return tf.gather(values, index, axis=1, batch_dims=1)


def mean(values: tf.Tensor) -> tf.Tensor:
    """The mean over everything but the images."""
    return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))


def find_output(name: str | None, outline: Outline, example: str) -> tuple[str, OutputFacts]:
    """The name and facts of the output that a target names, or of the only one; `example` has a place for a name."""
    outputs = outline.outputs
    if name is None and len(outputs) > 1:
        shown = ", ".join(map(repr, outputs))
        raise ValueError(
            f"`target`: the model has {len(outputs)} outputs, {shown}. "
            f"Say which: {example.format(next(iter(outputs)))}."
        )
    if name is None:
        name = next(iter(outputs))
    if name not in outputs:
        raise ValueError(f"`target`: no output {name!r}.{nearest(name, outputs)} The model has: {', '.join(outputs)}.")
    return name, outputs[name]


def find_layer(name: str, outline: Outline) -> tuple[str, tuple[int | None, ...]]:
    """The path and shape of a layer that a target names."""
    if not isinstance(name, str):
        raise TypeError(f"`target`: a layer is given by its name or path; received {type(name).__name__} {name!r}.")
    paths = [path for path in outline.layers if path == name] or [
        path for path in outline.layers if path.endswith(f"/{name}")
    ]
    if len(paths) > 1:
        raise ValueError(
            f"`target`: layer {name!r} could be any of {', '.join(map(repr, paths))}. Give the whole path."
        )
    if not paths:
        raise ValueError(f"`target`: no layer {name!r} in the model.{nearest(name, outline.layers)}")
    return paths[0], outline.single(paths[0], "target")


def check_index(index: Any, n: int, size: int | None, what: str, argument: str = "target") -> np.ndarray:
    """The index for all images or for each, as int32."""
    array = np.asarray(index)
    if array.ndim > 1 and array.shape[-1] != 1:
        raise ValueError(
            f"`{argument}` has shape {array.shape}; it must be one int for each of {n} images. If the labels are "
            "one-hot, take labels.argmax(axis=-1)."
        )
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"`{argument}`: a {what} must be an int or an array of ints; received {array.dtype} {short(index)}."
        )
    if array.ndim:
        array = array.reshape(-1)
        if len(array) != n:
            raise ValueError(
                f"`{argument}` has {len(array)} entries, but there are {n} images. Give one for each, or one for all."
            )
    wrong = array[(array < 0) | (array >= (size if size is not None else np.inf))]
    if wrong.size:
        raise ValueError(f"`{argument}`: {int(wrong.flat[0])} is no {what}, which has {size}: 0 to {(size or 0) - 1}.")
    return array.astype(np.int32)


def short(index: Any) -> str:
    """Return an index in few characters, however many images it is for."""
    array = np.asarray(index)
    if array.ndim == 0:
        return str(array[()])
    return f"[{', '.join(map(str, array.flat[:8]))}{', ...' if array.size > 8 else ''}]"
