"""What does a function's docstring tell someone at a terminal?"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_SECTION = re.compile(r"^(Args|Returns|Raises|Warns|Source|Example):\s*$", re.MULTILINE)
_ARGUMENT = re.compile(r"^(\w+): ", re.MULTILINE)


@dataclass(frozen=True)
class Docs:
    """A docstring in parts, as plain text.

    Attributes:
        first: its first sentence.
        more: what else stands before its sections.
        args: what it says of each argument.
        returns: what comes back.
        source: the papers, or nothing.
    """

    first: str
    more: str
    args: dict[str, str]
    returns: str
    source: str


def read(function: Callable[..., Any]) -> Docs:
    """Take a docstring in Google's style apart.

    Args:
        function: any of the package.
    """
    head, *rest = _SECTION.split(inspect.getdoc(function) or "")
    sections = dict(zip(rest[::2], map(textwrap.dedent, rest[1::2]), strict=True))
    _, *entries = _ARGUMENT.split(textwrap.dedent(sections.get("Args", "").strip("\n")))
    args = {name: plain(text) for name, text in zip(entries[::2], entries[1::2], strict=True)}
    first, _, more = head.strip().partition("\n\n")
    return Docs(plain(first), plain(more), args, plain(sections.get("Returns", "")), plain(sections.get("Source", "")))


def question(function: Callable[..., Any]) -> str:
    """Give the question that a function's file answers."""
    return (sys.modules[function.__module__].__doc__ or "").partition("\n")[0]


def plain(text: str) -> str:
    """Write text as one paragraph, without the marks of code."""
    return " ".join(text.replace("`", "").split())
