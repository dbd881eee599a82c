"""What is told of each image, by a number or by a word, and what is it called?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from keras_vis.engine.words import Labels

Marks = tuple[np.ndarray, list[str] | None]  # a whole number for each image, int32; the words for them, if there are
_MISSING = ("None", "nan", "NaT", "<NA>")  # as they are written: pandas need not be there


def labels_of(labels: object) -> Marks:
    """Return the label of each image as a whole number, int32, and the words for them, where they are words.

    Raises:
        TypeError: neither whole numbers nor strings.
        ValueError: another shape, or one is missing.
    """
    array = np.asarray(labels)
    if array.dtype.kind == "O" or (array.dtype.kind == "f" and np.isnan(array).any()):
        _check_none_lacks(array)
        array = _of_one_kind(array)
    if array.dtype.kind not in "biufSU":
        raise TypeError(f"`labels` must be whole numbers or strings, one for each image; received {array.dtype}.")
    found = told_apart(array)
    if found is None:
        raise ValueError(
            f"`labels` must be (n,) whole numbers or strings, or (n, classes) with a single 1 in each row; received "
            f"{array.dtype} {array.shape}."
        )
    return found


def _check_none_lacks(array: np.ndarray) -> None:
    """Check that there is a label for each image: what is missing is None, NaN, NaT or pandas' NA."""
    lacking = [
        (place[0], label)
        for place, label in np.ndenumerate(np.atleast_1d(array))
        if not isinstance(label, str) and str(label) in _MISSING
    ]
    if lacking:
        raise ValueError(
            f"`labels` lacks {len(lacking):,} of {array.size:,}: the first is {lacking[0][1]}, in entry "
            f"{lacking[0][0]}. Give one for each image, or leave out the images that have none."
        )


def _of_one_kind(array: np.ndarray) -> np.ndarray:
    """Return numbers or strings that came as objects, as pandas may keep them, in a type of their own."""
    if all(isinstance(label, str) for label in array.flat):
        return array.astype(str)
    if all(isinstance(label, int | float | np.number | np.bool_) for label in array.flat):
        return array.astype(np.float64)
    return array


def told_apart(array: np.ndarray) -> Marks | None:
    """Return the label of each image, and the words for them; None where they are no labels."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2 and array.dtype.kind in "biuf":
        one = ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()
        return (array.argmax(axis=1).astype(np.int32), None) if one else None
    if array.ndim != 1:
        return None
    if array.dtype.kind in "SUO":
        if array.dtype.kind != "U":
            array = np.array([x.decode() if isinstance(x, bytes) else str(x) for x in array])
        words, index = np.unique(array, return_inverse=True)
        return index.astype(np.int32), [str(word) for word in words]
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (abs(array) < 2**31).all()):
        return None
    whole = array.astype(np.int32)
    return (whole, None) if (whole == array).all() else None


def named(known: Marks | None, names: Labels | None) -> list[str]:
    """Return the name of each label that occurs, ascending.

    Raises:
        TypeError: `names` are neither a sequence nor a mapping.
        ValueError: they lack a label that occurs, or there are none to name.
    """
    if known is None:
        if names is not None:
            raise ValueError("`names` are of labels, and there are none. Give `labels`, one for each image.")
        return []
    index, told = known
    found = np.unique(index).tolist()
    if names is None:
        return [told[i] if told else str(i) for i in found]
    if told:
        raise ValueError("`labels` are words, and `names` other ones for them. Leave `names` out.")
    if found[0] < 0:
        raise ValueError(f"`names` are of classes, which are counted from 0; `labels` holds {found[0]}.")
    if isinstance(names, str | bytes) or not isinstance(names, Sequence | Mapping | np.ndarray):
        raise TypeError(
            f"`names` must be the labels' names in order, or a dict of them; received {type(names).__name__}."
        )
    lacking = [i for i in found if (i not in names if isinstance(names, Mapping) else i >= len(names))]
    if lacking:
        raise ValueError(f"`names` has {len(names)} entries and none for {lacking[0]}, which is among the `labels`.")
    return [str(names[i]) for i in found]
