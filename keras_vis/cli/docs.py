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
# What the docstrings say to who writes Python, and what is said at a terminal.
_IN_PYTHON = (
    (r",? see keras_vis\.Target", ""),
    (r" Of a segmentation, keras_vis\.Region\.", ""),
    (r" A target with an array of .*? asks for an image for each\.", ""),
    (r"classes, a keras_vis\.Target, or a list of these", "or several"),
    (r"keras_vis\.Energy of a layer", "energy:LAYER"),
    (r", keras_vis\.Probability", ", probability:CLASS"),
    (r"an int, one for each image, or a Logit", "a class, or one for each image"),
    (r"the class, an int or a Logit, or several", "the class, or several"),
    (r"[aA] list or tuple of layers: ", "Several: "),
    (r"a list or tuple of layers gives", "several give"),
    (r"[aA] list of them gives", "Several give"),
    (r"a list of them for", "several for"),
    (r"([oO])f a list of layers", r"\1f several layers"),
    (r"in the order of the list", "in their order"),
    (r"a path or the layer\b", "or a path"),
    (r", None for none|; None for none", ""),
    (r"\bNone (is|shows)\b|\bNone:", "by default"),
    (r"; \.curve\(\) draws them", ""),
    (r"With frames, \.save\(\"(\w+\.gif)\"\) shows", r"With --frames N, --out \1 shows"),
    (r"; \.statistics\(\) is the table of these|, and \.statistics\(\) of each unit", ""),
)


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


def at_terminal(text: str) -> str:
    """Leave out of a docstring's words what can be said in Python alone, or say it as a command line does.

    Args:
        text: of an argument, or of what comes back.
    """
    for python, shell in _IN_PYTHON:
        text = re.sub(python, shell, text)
    return text


def plain(text: str) -> str:
    """Write text as one paragraph, without the marks of code."""
    return " ".join(text.replace("`", "").split())
