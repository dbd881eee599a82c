"""What does the command line say, and what is wrong with it?"""

from __future__ import annotations

import argparse
import dis
import re
import sys
import warnings
from collections.abc import Sequence
from types import TracebackType
from typing import TextIO

import keras_vis
from keras_vis.cli import explain
from keras_vis.cli.commands import Method, methods, without_command
from keras_vis.cli.errors import UsageError
from keras_vis.cli.help import PROGRAM, overview, parser_of
from keras_vis.cli.start import stopped
from keras_vis.engine.layers import nearest

_KERAS = re.compile(r"\s*\(Exception encountered.*", re.DOTALL)  # its own words for what ours has said: many lines
# What only Python can do, and what is said instead.
_ASK = (
    (r"Say which: .*", "Ask it in Python."),
    (r"Give an image \(1, h, w, c\) or, of several inputs, an array for each\.", "Ask it in Python."),
    (r"^`initial`: ", ""),
    (r"there are 1 images", "there is 1 image"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what a command line asks.

    Args:
        argv: the arguments; those of the command line by default.

    Returns:
        The exit code: 0; 2 where an argument or a file is wrong; 130 after Ctrl-C.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            _run(words)
    except UsageError as error:
        return _refused(error)
    except MemoryError:
        return _refused(UsageError("there is not enough memory. Smaller pictures, or fewer at a time, need less."))
    except OSError as error:  # a path of the user's that the system does not take: too long, not permitted
        if str(error.filename) not in words:
            raise
        return _refused(UsageError(f"{error.filename}: {error.strerror}"))
    except KeyboardInterrupt:
        return stopped()
    except RuntimeError as error:
        # TensorFlow, where it is stopped in the midst of a trace, wraps the interruption.
        if "KeyboardInterrupt" not in str(error):
            raise
        return stopped()
    return 0


def _run(argv: list[str]) -> None:
    if not argv:
        raise UsageError(f"no command. `{PROGRAM} --help` lists them.")
    word, *rest = argv
    if word in ("-h", "--help"):
        explain.tell(overview())
        return
    if word == "--version":
        explain.tell(f"keras_vis {keras_vis.__version__}")
        return
    method = _command(word)
    if "-h" in rest or "--help" in rest:
        explain.tell(parser_of(method).format_help().rstrip())
        return
    args = _parsed(method, rest)
    line = _answer(method, args)
    if not args.quiet:
        explain.tell(line)


def _command(word: str) -> Method:
    name = word.replace("-", "_")
    if name in methods():
        return methods()[name]
    if name in without_command():
        raise UsageError(f"{word} has no command: it wants arrays or labels. Call keras_vis.{name} in Python.")
    what = "an option stands before the command" if word.startswith("-") else "no such command"
    raise UsageError(f"{word}: {what}.{nearest(name, methods())} `{PROGRAM} --help` lists them.")


def _answer(method: Method, args: argparse.Namespace) -> str:
    """Ask the method; what it says of an argument becomes a word about an option."""
    try:
        return explain.run(method, args)
    except (TypeError, ValueError) as error:
        if not _said_by_us(error.__traceback__):
            raise
        raise UsageError(_of_options(str(error), method)) from error


def _of_options(text: str, method: Method) -> str:
    """Write "--layer conv_9" for "`layer='conv_9'`", and only what a command line can do."""
    text = _KERAS.sub("", text)
    for pattern, said in _ASK:
        text = re.sub(pattern, said, text)
    for name in ("model", *method.pictures):
        text = re.sub(rf"`{name}(=[^`]*)?`", "the model" if name == "model" else "the pictures", text)
    for name in method.parameters:
        flag = f"--{name.replace('_', '-')}"
        text = re.sub(rf"`{name}='?([^`']*)'?`", rf"{flag} \1", text).replace(f"`{name}`", flag)
    return text


def _parsed(method: Method, argv: list[str]) -> argparse.Namespace:
    parser = parser_of(method)
    args, unknown = parser.parse_known_intermixed_args(argv)
    if unknown:
        flags = [flag for action in parser._actions for flag in action.option_strings]
        wrong = unknown[0].partition("=")[0]
        close = nearest(wrong, flags) if wrong.startswith("-") else ""
        raise UsageError(f"{wrong}: {method.name} takes no such {'option' if close else 'argument'}.{close}")
    return args


def _said_by_us(where: TracebackType | None) -> bool:
    """Whether an error was raised by a `raise` of this package: a word to the user, no accident."""
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    if where is None or not str(where.tb_frame.f_globals.get("__name__", "")).startswith("keras_vis."):
        return False
    return where.tb_frame.f_code.co_code[where.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning as a line, without the place in the code."""
    del category, filename, lineno, line
    (file or sys.stderr).write(f"keras_vis: warning: {_one_line(message)}\n")


def _refused(error: Exception) -> int:
    sys.stderr.write(f"keras_vis: {_one_line(error)}\n")
    return 2


def _one_line(message: object) -> str:
    return " ".join(str(message).split())
