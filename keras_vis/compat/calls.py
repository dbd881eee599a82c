"""What is said to a call that was written for another version? Which argument stands where, and what it is called."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from keras_vis.engine.layers import nearest

_P = ParamSpec("_P")
_R = TypeVar("_R")


def old_call(
    instead: Mapping[str, str], shifted: Callable[[Mapping[str, Any]], bool] | None = None
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Return a decorator that tells of arguments by place in the order of keras-vis 0.5, and of unknown names.

    Args:
        instead: by the name of an argument that is not here, what to do.
        shifted: of the arguments that came by place, by name: whether they are in that order, in which `wrt_tensor`
            comes before what it is before here; None where both versions have one order.

    Example:
        >>> @old_call({"seed_img": "It is called `seed_input`."})
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        parts = inspect.signature(function).parameters
        name = getattr(function, "__name__", "function")
        places = [part for part, facts in parts.items() if facts.kind is facts.POSITIONAL_OR_KEYWORD]

        @functools.wraps(function)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            for given in kwargs:
                if given not in parts:
                    told = instead.get(given, f"{nearest(given, list(parts)).strip()} It takes: {', '.join(parts)}.")
                    raise TypeError(f"`{given}` is no argument of {name} here. {told.strip()}")
            by_place = dict(zip(places, args, strict=False))
            if shifted is not None and (len(args) > len(places) or shifted(by_place)):
                raise TypeError(
                    f"{name} takes its arguments by place in the order of keras-vis 0.4: {', '.join(places)}. These "
                    "look like the order of 0.5, which has `wrt_tensor` among them: leave that out, and name every "
                    f"argument after `filter_indices`, {places[3]}=..., {places[4]}=..."
                )
            return function(*args, **kwargs)

        return call

    return decorate
