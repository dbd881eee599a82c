"""What does the help say?"""

from __future__ import annotations

import argparse
import re
import shutil
import textwrap
from typing import Any

from keras_vis.cli import docs, options
from keras_vis.cli.commands import Method, methods, without_command

PROGRAM = "python -m keras_vis"
_ABOUT = (
    "See what a Keras network sees: a command for each method, a saved model, files of pictures; a picture comes out."
)
_EXAMPLES = (
    "grad_cam model.keras photo.jpg --target 3 --out three.png",
    "top_predictions model.keras photos/ --labels classes.txt",
    "activation_maximization model.keras --target 0,1,2 --out wanted.npz",
)
_MORE = (
    "The suffix of --out says what is written: .png is drawn, .npz holds the raw numbers.",
    f'"{PROGRAM} grad_cam --help" says what grad_cam does, from which paper, with which options.',
    "It exits with 0; with 2 where an argument or a file is wrong, and with 130 after Ctrl-C.",
)


def parser_of(method: Method) -> options.Parser:
    """Return the parser of a command.

    Args:
        method: which.
    """
    told = docs.read(method.function)
    source = f"Source: {told.source}" if told.source else ""
    parser = options.Parser(
        prog=f"{PROGRAM} {method.name}",
        description=_paragraphs(told.first, told.more, f"Gives: {docs.at_terminal(told.returns)}", source),
        usage=_command(f"{PROGRAM} {_usage(method)}", len("usage: ")).lstrip(),
        epilog=f"example:\n{_command(example(method))}{_not_here(method)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if "model" in method.parameters:
        parser.add_argument("model", metavar="MODEL", help="a .keras or .h5 file; no code in it is run")
    for name in method.pictures:
        several: dict[str, Any] = {"nargs": "+"} if name == "images" else {}
        text = "a picture's file, or a folder of pictures" if several else "a picture's file"
        parser.add_argument(name, metavar="PICTURE" if several else name.upper(), help=text, **several)
    options.add(parser.add_argument_group("options of the method"), method)
    _add_files(parser.add_argument_group("files and numbers"), method)
    return parser


def example(method: Method) -> str:
    """Return a command line for a method.

    Args:
        method: which.
    """
    words = ["model.keras"] if "model" in method.parameters else []
    words += {1: ["photo.jpg"], 2: ["photo.jpg", "other.jpg"]}.get(len(method.pictures), [])
    if "layer" in method.needs:
        words += ["--layer", "conv_2"]
    if "target" in method.parameters:
        words += ["--target", "3"]
    return " ".join([PROGRAM, method.name, *words, "--out", f"{method.name}.png"])


def overview() -> str:
    """Return the help of all: every command under the question that its file answers."""
    lines, asked = [_paragraphs(_ABOUT), "", f"usage: {PROGRAM} COMMAND MODEL PICTURE... [options]"], ""
    for method in methods().values():
        question = docs.question(method.function)
        if question != asked:
            lines += ["", _indented(question, 0)]
            asked = question
        first = docs.read(method.function).first
        lines.append(_indented(f"  {method.name:<24}{first}", 26))
    lines += ["", _paragraphs(f"Without a command, as they want arrays or labels: {', '.join(without_command())}.")]
    lines += ["", "examples:", *(_command(f"{PROGRAM} {words}") for words in _EXAMPLES)]
    return "\n".join([*lines, "", *(_paragraphs(text) for text in _MORE)])


def _add_files(group: Any, method: Method) -> None:
    if method.pictures or "value_range" in method.parameters:
        kinds = group.add_mutually_exclusive_group()
        kinds.add_argument(
            "--range",
            nargs=2,
            type=float,
            metavar=("LOW", "HIGH"),
            help="the model's numbers for black and white, such as 0 255 or -1 1. Not said: 0 255 where the model "
            "rescales itself, the preprocessing of a model of keras.applications with ImageNet's classes, else 0 1; "
            "the last line tells"
            if "model" in method.parameters
            else "numbers for black and white (default: as they are in the file)",
        )
        kinds.add_argument(
            "--preprocess", metavar="NAME", help="preprocess_input of keras.applications.NAME, such as vgg16"
        )
    if method.pictures and "model" in method.parameters:
        group.add_argument("--size", nargs=2, type=_side, metavar=("HEIGHT", "WIDTH"), help="where the model takes any")
        group.add_argument(
            "--fit",
            choices=("stretch", "crop"),
            default="stretch",
            help="how a picture gets the model's proportions: stretched, all of it is seen, as Keras's own loaders do "
            "it; or its middle cut out (default stretch)",
        )
    if {"labels", "target", "truth"} & set(method.parameters):
        group.add_argument("--labels", metavar="FILE", help='classes\' names, one a line; "n01443537 goldfish" will do')
    group.add_argument("--out", metavar="PATH", help=f"the picture (default {method.name}.png)")
    group.add_argument("--quiet", action="store_true", help="no bar, and no line at the end")


def _side(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of pixels, 1 or more")
    return int(text)


def _not_here(method: Method) -> str:
    names = ", ".join(options.left_out(method))
    return f"\n\n{_paragraphs(f'Only in Python, as arguments: {names}.')}" if names else ""


def _usage(method: Method) -> str:
    words = ["MODEL"] if "model" in method.parameters else []
    words += ["PICTURE..." if name == "images" else name.upper() for name in method.pictures]
    words += [f"--{name} {value}" for name, value in (("layer", "NAME"), ("target", "CLASS")) if name in method.needs]
    return " ".join([method.name, *words, "[options]"])


def _columns() -> int:
    return min(shutil.get_terminal_size().columns - 2, 118)


def _command(line: str, by: int = 2) -> str:
    """Write a command line so that it can be copied: broken where the shell lets it."""
    whole = re.sub(r"(--\S+) (?=[^-])", r"\1\0", line)  # an option stays with its value
    fill = textwrap.TextWrapper(_columns() - 2, break_on_hyphens=False)
    fill.initial_indent, fill.subsequent_indent = " " * by, "      "
    return " \\\n".join(fill.wrap(whole)).replace("\0", " ")


def _indented(text: str, by: int) -> str:
    return textwrap.fill(text, _columns(), subsequent_indent=" " * by)


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(textwrap.fill(text, _columns()) for text in texts if text)
