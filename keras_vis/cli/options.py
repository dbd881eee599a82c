"""Which options does a method have on the command line?

They are made of its signature: what an annotation names that can be written in a word or two becomes an option, what
it names besides (arrays, functions, targets) is left to Python.
"""

from __future__ import annotations

import argparse
import inspect
import re
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any

from keras_vis.cli import docs, targets
from keras_vis.cli.commands import PICTURES, Method
from keras_vis.cli.errors import UsageError

_HANDLED = ("model", *PICTURES, "labels", "progress", "value_range")
_NOT_HERE = ("input",)  # of a model of several inputs, which is asked in Python
CLASSES = "CLASS"


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line each."""

    def error(self, message: str) -> typing.NoReturn:
        """Raise instead of printing all of the usage: the one line that matters is then the one that is seen."""
        raise UsageError(f"{message} (--help explains)")


def add(group: Any, method: Method) -> None:
    """Add an option for each of a method's own arguments that can be written.

    Args:
        group: what options are added to: a parser, or a group of it.
        method: the method.
    """
    told = docs.read(method.function).args
    for name, part in method.parameters.items():
        if name in (*_HANDLED, *_NOT_HERE):
            continue
        needed = part.default is part.empty
        default = "" if needed or part.default is None else f" (default {_shown(part.default)})"
        text = docs.at_terminal(told.get(name, "")).replace("%", "%%")
        flag = f"--{name.replace('_', '-')}"
        common: dict[str, Any] = {"dest": name, "required": needed, "default": argparse.SUPPRESS}
        if is_classes(part):
            kinds = f", or {targets.KINDS}" if takes_targets(part) else ""
            each = "one for each picture with commas between"
            if not method.pictures:
                each = "several with commas between for one image each"
            text = f"{text} A number, a name of --labels, {each}{kinds}."
            group.add_argument(flag, metavar=CLASSES, help=text, **common)
        elif part.annotation is bool:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, help=text + default, **common)
        elif part.annotation == tuple[float, float]:
            group.add_argument(flag, nargs=2, type=_number, metavar=("LOW", "HIGH"), help=text + default, **common)
        elif reader := _reader(part.annotation):
            read, metavar = reader
            group.add_argument(flag, type=read, metavar=metavar, help=text + default, **common)


def is_classes(part: inspect.Parameter) -> bool:
    """Tell whether an argument is a class or a target: an int, an array of them, or more."""
    return {int, object} <= set(_members(part.annotation))


def takes_targets(part: inspect.Parameter) -> bool:
    """Tell whether an argument may be any target."""
    return any(getattr(member, "__name__", "") == "Target" for member in _members(part.annotation))


def left_out(method: Method) -> list[str]:
    """Return the arguments of a method that cannot be said on a command line."""
    parser = argparse.ArgumentParser()
    add(parser, method)
    said = {action.dest for action in parser._actions}
    return [name for name in method.parameters if name not in said and name not in _HANDLED]


def _members(annotation: Any) -> tuple[Any, ...]:
    """The kinds that an annotation names, one by one."""
    union = isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union
    return typing.get_args(annotation) if union else (annotation,)


def _reader(annotation: Any) -> tuple[Callable[[str], Any], str] | None:
    """How an argument's text is read, and what stands for it in the help; None where it cannot be written."""
    members = _members(annotation)
    kinds = [kind for kind in (int, float, str) if kind in members]
    if not kinds:
        return None
    several = any(
        typing.get_origin(member) in (list, tuple, Sequence, typing.get_origin(Sequence[int])) for member in members
    )
    pair = any(typing.get_origin(member) is tuple and ... not in typing.get_args(member) for member in members)

    def one(text: str) -> Any:
        for kind, pattern in ((int, r"[+-]?\d+"), (float, r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")):
            if kind in kinds and re.fullmatch(pattern, text):
                return kind(text)
        if str in kinds and text:
            return text
        if str in kinds:
            raise argparse.ArgumentTypeError("a name is wanted, and here it is empty")
        wanted = "a whole number" if kinds == [int] else "a number"
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")

    def read(text: str) -> Any:
        if not several or "," not in text:
            return one(text)
        parts = [one(part.strip()) for part in text.split(",")]
        if pair and len(parts) != 2:
            raise argparse.ArgumentTypeError(f"{text!r} must be one number, or two with a comma between")
        return tuple(parts) if pair else parts

    metavar = "NAME" if kinds == [str] else "N" if str not in kinds else "VALUE"
    return read, f"{metavar}[,{metavar}{'' if pair else '...'}]" if several else metavar


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)
