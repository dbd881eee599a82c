"""What does an old name that is not here say? What to use instead."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn


def absent(module: str, instead: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module, which tells of each absent name what does its work here.

    Args:
        module: its name.
        instead: by name, what to do.

    Example:
        >>> __getattr__ = absent(__name__, {"Optimizer": "Use keras_vis.activation_maximization."})
    """

    def find(name: str) -> NoReturn:
        # No AttributeError: of that `from module import name` would make a message of its own.
        if name in instead:
            raise ImportError(f"{module}.{name} is not here. {instead[name]}")
        raise AttributeError(f"module {module!r} has no attribute {name!r}.")

    return find


@contextlib.contextmanager
def in_their_words(**old: str) -> Iterator[None]:
    """Have errors name the arguments by the names that the caller knows.

    Args:
        **old: by our name of an argument, the old one.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        told = re.sub(r"`(\w+)(?=[`=\[:])", lambda found: f"`{old.get(found[1], found[1])}", str(error))
        if told == str(error):
            raise
        raise type(error)(told) from error
