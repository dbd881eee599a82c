"""What if each image of a batch is asked a question of its own?

Ten classes, the 64 channels of a layer, a neuron beside a logit: what is made for each is one batch, and one graph.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_vis.engine.tap import Activations
from keras_vis.engine.target import Combination, Feed, Names, Target, as_target

if TYPE_CHECKING:
    from keras_vis.engine.outline import Outline


@dataclass(frozen=True)
class Several(Target):
    """A target for each image; made by `as_targets`.

    Attributes:
        kinds: one of each form that there is.
        each: the target of each image.
    """

    kinds: tuple[Target, ...]
    each: tuple[Target, ...] = field(compare=False)

    @property
    def layers(self) -> tuple[str, ...]:  # type: ignore[override]
        """All layers that they read."""
        return tuple(dict.fromkeys(layer for kind in self.kinds for layer in kind.layers))

    @property
    def output(self) -> str | None:  # type: ignore[override]
        """The output of the first that reads one."""
        return next((kind.output for kind in self.kinds if kind.output is not None), None)

    @property
    def alone(self) -> bool:  # type: ignore[override]
        """Whether every one looks at its image alone."""
        return all(kind.alone for kind in self.kinds)

    def feed(self, n: int) -> Feed:
        """Return the content of each, kind by kind, and of which kind each image's is."""
        del n
        contents = []
        for kind in self.kinds:
            # An image of another kind is fed something too, and its answer left out.
            rows = [target.feed(1) if target == kind else kind.feed(1) for target in self.each]
            contents.append(keras.tree.map_structure(lambda *parts: np.concatenate(parts), *rows))
        return tuple(contents), np.array([self.kinds.index(target) for target in self.each], np.int32)

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return each image's number of its own target."""
        contents, which = feed
        scores = [tf.cast(kind.score(acts, part), tf.float32) for kind, part in zip(self.kinds, contents, strict=True)]
        if len(scores) == 1:
            return scores[0]
        return tf.add_n([tf.where(which == i, score, tf.zeros_like(score)) for i, score in enumerate(scores)])

    def resolve(self, outline: Outline, n: int) -> Target:
        """Check the number of images; the rest has been checked."""
        del outline
        if n != len(self.each):
            raise ValueError(f"`target` has {len(self.each)} entries, but there are {n} images.")
        return self

    def describe(self, names: Names) -> str:
        """Return what is asked about, of each where there are few."""
        told = list(dict.fromkeys(target.describe(names) for target in self.each))
        return ", ".join(told) if len(told) < 4 else f"each of {len(self.each)} targets"

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.each))}]"


def as_targets(target: object, outline: Outline, argument: str = "target") -> Several:
    """Return a target for each image that is to be made, from what the user asked for.

    Args:
        target: an int, ints, a Target (one of whose content is an array asks for as many images), or a list of ints
            and Targets.
        outline: of the model.
        argument: the name of the argument in messages.

    Raises:
        TypeError: none of these.
        ValueError: nothing is asked for, or something does not fit the model.
    """
    if target is None:
        raise ValueError(
            f"`{argument}` must say what to climb: there is no image yet of which a class could be predicted. Give a "
            "class (int), several, or a Target."
        )
    given: list[Any] = (
        list(target) if isinstance(target, Sequence) and not isinstance(target, str | bytes) else [target]
    )
    each: list[Target] = []
    for one in given:
        if one is None:
            raise ValueError(f"`{argument}` holds None, and there is no image yet of which a class could be predicted.")
        if isinstance(one, Target):
            each += [part.resolve(outline, 1) for part in _split(one)]
        elif np.size(one) or not np.ndim(one):
            each += _split(as_target(one, outline, np.size(one), argument))
    if not each:
        raise ValueError(f"`{argument}` is empty. Give at least one class (int) or Target.")
    for one in each:
        as_target(one, outline, 1, argument)  # that it can be hashed
        asked = one.indices(1)
        if asked is not None and asked[0] < 0:
            raise ValueError(f"`{argument}`: {one} speaks of the predicted class, and there is no image yet.")
    return Several(tuple(dict.fromkeys(each)), tuple(each))


def _split(target: Target) -> list[Target]:
    """Return a target whose content is of several images as one for each."""
    count = _count(target)
    return [target] if count is None else [_entry(target, i) for i in range(count)]


def _terms(target: Target) -> tuple[Target, ...]:
    return target.terms if isinstance(target, Combination) else ()


def _count(target: Target) -> int | None:
    """Of how many images a target speaks; None where it speaks of all alike."""
    arrays = [getattr(target, name) for name in target.indexed]
    counts = {len(array) for array in arrays if np.ndim(array)} | {_count(term) for term in _terms(target)}
    counts -= {None} if counts <= {None, 1} else {None, 1}
    if len(counts) > 1:
        shown = " and ".join(map(str, sorted(count for count in counts if count is not None)))
        raise ValueError(f"`target`: {target} speaks of {shown} images at once.")
    return next(iter(counts), None)


def _entry(target: Target, i: int) -> Target:
    """Return what a target says of one of its images."""
    if isinstance(target, Combination):
        return dataclasses.replace(target, terms=tuple(_entry(term, i) for term in target.terms))
    held = {name: np.asarray(getattr(target, name)) for name in target.indexed if np.ndim(getattr(target, name))}
    changed = {name: array[i if len(array) > 1 else 0] for name, array in held.items()}
    return dataclasses.replace(target, **changed) if changed else target  # type: ignore[type-var]
