"""Which class does the model see in each image of a data set, how sure is it, and which is true?

for part in verdicts(model, Stream(model, images, argument="images"), labels, name):    # a piece of the data each
    part.predicted == part.truth
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from keras_vis.engine.outline import OutputFacts
from keras_vis.engine.probe import probe
from keras_vis.engine.stream import Piece, Stream
from keras_vis.engine.target import probabilities

_UNRATED = -1  # stands for no class, as in `measure/agreement.py`


@dataclass(frozen=True)
class Verdicts:
    """What the model says of some images of a data set.

    Attributes:
        piece: the images.
        predicted: ``(r,)``, int64, the class of the highest logit.
        sure: ``(r,)``, float64, its probability; NaN where the model gives none.
        lead: ``(r,)``, float64, its logit minus the next one's.
        truth: ``(r,)``, int64.
        rank: ``(r,)``, int64: how many classes stand before the true one.
    """

    piece: Piece
    predicted: np.ndarray
    sure: np.ndarray
    lead: np.ndarray
    truth: np.ndarray
    rank: np.ndarray


def classifier(model: keras.Model, stream: Stream, output: str | None) -> tuple[str, OutputFacts]:
    """Return the output that tells classes apart: the one named, else the only one.

    Raises:
        ValueError: an unknown output, several and none named, or one that is no vector of two classes or more.
    """
    outline = probe(model).outline(stream.first)
    name = outline.pick_output(output)
    facts = outline.outputs[name]
    if len(facts.shape) != 1 or facts.classes < 2:
        shape = ", ".join("any" if size is None else str(size) for size in facts.shape)
        hint = " If it is the logit of two classes, add the sigmoid." if facts.shape == (1,) else ""
        raise ValueError(f"`model`: output {name!r} does not tell classes apart: it is (n, {shape}).{hint}")
    return name, facts


def verdicts(
    model: keras.Model,
    stream: Stream,
    labels: np.ndarray | None,
    output: str,
    *,
    what: str,
    progress: bool,
) -> Iterator[Verdicts]:
    """Go through a data set once, and yield what the model says of each piece of it.

    Args:
        model: the model.
        stream: the images.
        labels: what `ratings` made of the classes; None for those that come with the images.
        output: what `classifier` gave.
        what: the name of the bar.
        progress: whether it is shown.

    Raises:
        ValueError: labels that are not as many as the images, or, of those that come with them, none or no classes;
            logits that are NaN or infinite.
    """
    room = probe(model)
    classes = room.outline(stream.first).outputs[output].classes
    count = 0
    for piece in stream.walk(what, progress):
        count += len(piece)
        if labels is not None:
            fits(labels, count, "labels", more=True)
            truth = labels[piece.rows]
        elif piece.beside is None:
            raise ValueError(
                "`labels` is None, and `images` come without labels, or with some in a dict or a list, which is not "
                "looked through. Give the true class of each image: labels=(n,)."
            )
        else:
            truth = ratings(piece.beside, classes, "labels")
        logits, head = room.outputs(piece.batch, batch=stream.size)[output]
        broken = ~np.isfinite(logits).all(axis=1)
        if broken.any():
            raise ValueError(
                f"`model`: output {output!r} gives NaN or infinity for image {piece.start + broken.argmax()} of "
                "`images`. Has the training diverged?"
            )
        rows = np.arange(len(logits))
        predicted = logits.argmax(axis=1)
        chance = probabilities(logits, head)
        two = np.partition(logits.astype(np.float64), -2, axis=1)[:, -2:]
        own = logits[rows, truth][:, None]
        # of equal logits the first class is the one predicted
        before = (logits > own) | ((logits == own) & (np.arange(classes) < truth[:, None]))
        yield Verdicts(
            piece,
            predicted,
            np.full(len(rows), np.nan) if chance is None else chance[rows, predicted],
            two[:, 1] - two[:, 0],
            truth,
            before.sum(axis=1),
        )
    if labels is not None:
        fits(labels, count, "labels")


def fits(given: np.ndarray, count: int, argument: str, *, more: bool = False) -> None:
    """Check that there is one class for each image.

    Raises:
        ValueError: there are fewer, or more; unless more images may come.
    """
    if len(given) < count or (len(given) > count and not more):
        least = "at least " if more else ""
        raise ValueError(
            f"`{argument}` has {len(given):,} entries, but there are {least}{count:,} images. Give one class for each "
            "image, in the same order."
        )


def ratings(given: object, classes: int, argument: str, *, unrated: bool = False) -> np.ndarray:
    """Return classes, one for each image, as int64.

    Args:
        given: ``(n,)`` or ``(n, 1)``; of one image its class alone.
        classes: how many there are.
        argument: the name of the argument in messages.
        unrated: whether an image may have none: −1, NaN or None, which become −1.

    Raises:
        TypeError: no numbers.
        ValueError: one-hot, of another rank, no whole numbers, missing, or outside the classes.
    """
    array = np.asarray(given)
    if array.dtype.kind == "O":
        array = _plain(array, argument, unrated)
    if array.ndim == 0:
        array = array[None]
    if array.dtype.kind not in "iuf":
        raise TypeError(f"`{argument}` must be whole numbers, the classes' indices; received {array.dtype}.")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        hint = " If they are one-hot, give np.argmax(labels, axis=-1)." if array.ndim == 2 else ""
        raise ValueError(f"`{argument}` must be (n,), one class for each image; received shape {array.shape}.{hint}")
    if array.dtype.kind == "f":
        array = np.where(np.isnan(array), _UNRATED, array) if unrated else array
        broken = np.flatnonzero(~np.isfinite(array) | (array != np.floor(array)))
        if broken.size:
            raise ValueError(
                f"`{argument}` must be whole numbers, the classes' indices; entry {broken[0]} is {array[broken[0]]:g}."
            )
    array = array.astype(np.int64)
    wrong = np.flatnonzero((array < (_UNRATED if unrated else 0)) | (array >= classes))
    if wrong.size:
        none = f", or {_UNRATED} for none" if unrated else ""
        raise ValueError(
            f"`{argument}`: entry {wrong[0]} is {array[wrong[0]]}, but the model has {classes} classes: "
            f"0 to {classes - 1}{none}."
        )
    return array


def _plain(array: np.ndarray, argument: str, unrated: bool) -> np.ndarray:
    """Return what stands in an array of objects, as that of a column with gaps, as numbers; NaN where there is none."""
    entries = array.ravel().tolist()
    # pandas's own for what is missing is neither equal to itself nor not
    missing = [i for i, entry in enumerate(entries) if entry is None or type(entry).__name__ == "NAType"]
    if missing and not unrated:
        raise ValueError(f"`{argument}`: entry {missing[0]} is {entries[missing[0]]}. Give the class of every image.")
    for i in missing:
        entries[i] = np.nan
    return np.array(entries).reshape(array.shape)
