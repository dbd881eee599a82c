"""What does the model say of each image, in words? The captions under pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from keras_vis.engine.probe import Pass
from keras_vis.engine.region import Region
from keras_vis.engine.several import Several
from keras_vis.engine.target import Target, probabilities

if TYPE_CHECKING:
    from keras_vis.engine.outline import Outline

Labels = Sequence[str] | Mapping[int, str]


def captions(result: Pass, labels: Labels | None = None) -> tuple[str, ...]:
    """Return a caption for each image: the class asked about, its probability, and the one predicted instead.

    A target that asks about no class is put into words, with its number. Of a class over a region, the share of the
    region is told that the model gives to it.

    Args:
        result: what the model gave.
        labels: the names of the classes.

    Raises:
        ValueError: `labels` does not name every class.
    """
    index, logits = result.target.indices(len(result.scores)), result.logits
    names = _names(result, labels)
    if index is None or logits is None:
        asked_about = result.target.describe(names)
        return tuple(f"{asked_about} = {number(score)}" for score in result.scores)
    if isinstance(result.target, Region):
        return _of_region(result, result.target, names)
    chance = probabilities(logits, result.head)
    best = logits.argmax(axis=1)
    lines = []
    for i, (asked, predicted) in enumerate(zip(index, best, strict=True)):

        def line(c: int, i: int = i) -> str:
            sure = f"logit {number(logits[i, c])}" if chance is None else percent(chance[i, c])
            return f"{names(c)}  {sure}"

        # With a single output of no head there is nothing else that could have been predicted.
        if asked in (-1, predicted) or logits.shape[1] == 1:
            lines.append(line(predicted if asked < 0 else asked))
        else:
            lines.append(f"asked: {line(asked)}\npredicted: {line(predicted)}")
    return tuple(lines)


def _of_region(result: Pass, target: Region, names: Callable[[int], str]) -> tuple[str, ...]:
    logits = cast(np.ndarray, result.logits)
    if logits.shape[-1] == 1 and result.head == "linear":  # a regression: there are no classes
        return tuple(f"mean {number(score)} over the region" for score in result.scores)
    classes, shares = target.told(logits, result.head)
    lines = []
    for asked, c, share in zip(target.indices(len(logits)), classes, shares, strict=True):
        line, most = f"{names(c)}  on {percent(share[c])} of the region", int(share.argmax())
        other = asked >= 0 and share[most] > share[c]
        lines.append(f"asked: {line}\nmost: {names(most)}  on {percent(share[most])}" if other else line)
    return tuple(lines)


def of_each(
    asked: Several, scores: np.ndarray, outputs: Mapping[str, tuple[np.ndarray, str]], labels: Labels | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a caption for each image that was made for a target of its own, and what that target is, in words.

    Args:
        asked: the targets.
        scores: ``(n,)``, their numbers for these images.
        outputs: what the model says of these images: the logits of each output, and its head, by name.
        labels: the names of the classes.

    Raises:
        ValueError: `labels` does not name every class.
    """
    lines, questions = [], []
    for i, target in enumerate(asked.each):
        logits, head = outputs[target.output] if target.output else (None, "linear")
        own = Pass(target, head, scores[i : i + 1], logits=None if logits is None else logits[i : i + 1])
        (line,), wanted = captions(own, labels), question(own, labels)
        # The number alone does not tell a logit from a probability.
        several = len(asked.kinds) > 1 and target.indices(1) is not None
        wanted += (
            f" of {target.output}"
            if len({one.output for one in asked.each if one.output}) > 1 and target.output
            else ""
        )
        lines.append(f"{wanted}\n{line}" if several else line)
        questions.append(wanted)
    return tuple(lines), tuple(questions)


def check_labels(labels: Labels | None, target: Target, outline: Outline) -> None:
    """Check that there is a name for every class that is asked about, before the work.

    Raises:
        TypeError, ValueError: see `class_names`.
    """
    for one in target.each if isinstance(target, Several) else (target,):
        if labels is not None and one.output is not None:
            class_names(labels, outline.outputs[one.output].classes or 0)


def question(result: Pass, labels: Labels | None = None) -> str:
    """Return what was asked about in words: for a title."""
    return result.target.describe(_names(result, labels))


def _names(result: Pass, labels: Labels | None) -> Callable[[int], str]:
    given = None if labels is None or result.logits is None else class_names(labels, result.logits.shape[-1])
    return lambda c: str(c) if given is None else given[c]


def number(value: float) -> str:
    """Return a number to three digits, with a minus that is one."""
    return f"{value:.3g}".replace("-", "\u2212")


def class_names(labels: Labels | None, classes: int, argument: str = "labels") -> list[str]:
    """Return a name for each class: those given, else its number.

    Raises:
        TypeError: `labels` is neither a sequence nor a mapping of names.
        ValueError: it does not name every class.
    """
    if labels is None:
        return [str(i) for i in range(classes)]
    if isinstance(labels, str | bytes) or not isinstance(labels, Sequence | Mapping | np.ndarray):
        raise TypeError(
            f"`{argument}` must be the classes' names in order, or a dict of them; received {type(labels).__name__}."
        )
    if isinstance(labels, Mapping):
        missing = [i for i in range(classes) if i not in labels]
        if missing:
            raise ValueError(f"`{argument}` has no name for class {missing[0]}; the model has {classes} classes.")
        return [str(labels[i]) for i in range(classes)]
    if len(labels) != classes:
        raise ValueError(f"`{argument}` has {len(labels)} names, but the model has {classes} classes.")
    return [str(label) for label in labels]


def percent(share: float) -> str:
    """Return a probability as it should be read: never 0 or 100 % where it is not."""
    if share > 0.9995:
        return "> 99.9 %" if share < 1 else "100 %"
    if share < 0.0005:
        return "< 0.1 %" if share > 0 else "0 %"
    return f"{100 * share:.1f} %"
