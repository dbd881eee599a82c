"""Is what a callback is given what its method takes, and what is its folder called?"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_FEW, _LONG = 3, 100  # layers that a folder is named after, and bytes of its name: no file system takes more than 255


def bound(
    explain: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], own: Iterable[str]
) -> inspect.BoundArguments:
    """Check what a function is to be called with; of a name that it does not know the nearest is told.

    Args:
        explain: the function.
        args: what it takes after the model.
        options: its options; a bar of its own is turned off here.
        own: the names of the callback's own options.
    """
    if not callable(explain):
        raise TypeError(f"`explain` must be a function (model, ...) -> Picture; received {type(explain).__name__}.")
    parameters = inspect.signature(explain).parameters
    # Keras draws a bar of its own.
    if "progress" in parameters:
        options.setdefault("progress", False)
    try:
        return inspect.signature(explain).bind(None, *args, **options)
    except TypeError as error:
        takes = [name for name, parameter in parameters.items() if parameter.kind is not parameter.VAR_POSITIONAL]
        known = [*takes, *own]
        near = [
            f"`{close[0]}`"
            for name in options
            if name not in takes and (close := difflib.get_close_matches(name, known))
        ]
        hint = f" Did you mean {' and '.join(near)}?" if near else ""
        raise TypeError(
            f"{name_of(explain)}({', '.join(takes)}) does not take these arguments: {str(error).rstrip('.')}.{hint}"
        ) from None


def check_times(every: object, at_start: bool, max_overhead: object) -> None:
    """Refuse what says no time, or none at all."""
    if every is not None and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
        raise ValueError(f"`every` must be a positive whole number of epochs, or None; received {every!r}.")
    if every is None and not at_start:
        raise ValueError("`every=None` and `at_start=False` leave nothing to draw.")
    if max_overhead is None:
        return
    if isinstance(max_overhead, bool) or not isinstance(max_overhead, int | float) or not 0 < max_overhead <= 1:
        raise ValueError(
            f"`max_overhead` must be a share of the training's time, above 0 and at most 1, or None; "
            f"received {max_overhead!r}."
        )


def check_repeatable(name: str, values: tuple[object, ...], *, once: bool = False) -> None:
    """Refuse data that can be gone through once, or not twice in the same order: each frame wants them.

    Args:
        name: of the function, in messages.
        values: what it is called with.
        once: whether there is one frame alone.
    """
    for value in values:
        if isinstance(value, Iterator) and not once:
            raise ValueError(
                f"{name}: an iterator ({type(value).__name__}) gives its images once, and each frame wants them. Give "
                "an array, a tf.data.Dataset, or a list of its batches: list(data)."
            )
        # Each passage takes the next order, also from `fit`: with the training's own data it would be another training.
        if _is_shuffled_anew(value):
            raise ValueError(
                f"{name}: this tf.data.Dataset is shuffled anew whenever it is gone through: its order would be "
                "another in each frame, and the training another, if `fit` goes through it too. Give it as it is "
                "before `.shuffle()`, or after `.shuffle(..., reshuffle_each_iteration=False)`, or a list of its "
                "batches: list(data)."
            )


def _is_shuffled_anew(data: object) -> bool:
    """Whether a tf.data.Dataset, or one that it is made of, has another order each time."""
    # What a cache holds stays as it is. The names are TensorFlow's own: without them nothing is known, and all is well.
    if type(data).__name__ == "CacheDataset" or not hasattr(data, "element_spec"):
        return False
    if getattr(data, "_reshuffle_each_iteration", False) is not False:
        return True
    return any(map(_is_shuffled_anew, getattr(data, "_inputs", list)()))


def name_of(explain: Callable[..., Any]) -> str:
    """What a function is called."""
    inner = getattr(explain, "func", explain)  # a functools.partial has no name, but what it wraps has
    return str(getattr(inner, "__name__", type(inner).__name__))


def default_name(explain: Callable[..., Any], bound: inspect.BoundArguments) -> str:
    """The name of a picture that was given none: its method's, and its layer's."""
    layer = bound.arguments.get("layer", bound.arguments.get("options", {}).get("layer"))
    several = layer if isinstance(layer, list | tuple) else [layer]
    names = [getattr(one, "name", one) for one in several]
    texts = [name for name in names if isinstance(name, str)]
    more = [f"and-{len(texts) - _FEW}-more"] if texts[_FEW:] else []
    name = "-".join([name_of(explain), *texts[:_FEW], *more])
    return name.encode()[:_LONG].decode(errors="ignore")


def check_name(name: str | None) -> None:
    """Refuse what can name no folder."""
    if name is not None and not safe(name):
        raise ValueError(f"`name={name!r}` must have a letter or a digit in it: it names a folder.")
    if name is not None and len(safe(name).encode()) > 2 * _LONG:
        raise ValueError(f"`name={name[:30]!r}...` must have at most {2 * _LONG} bytes: it names a folder.")


def safe(name: str) -> str:
    """A name as a folder may bear it on every system."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") if re.search(r"\w", name) else ""
