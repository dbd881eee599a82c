"""How do boxes and arrows become DOT text?

Labels are plain lines, which every Graphviz knows (HTML-like ones, not all). How much room they need is measured here,
in the font that `draw.graph` draws them with; what they cannot say - bold titles, a tint behind the last line - it sets
on the SVG, going by `class`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keras_vis.draw.text import font

if TYPE_CHECKING:
    import pydot

DIRECTIONS = ("TB", "BT", "LR", "RL")

# Tints of the Okabe-Ito palette, light enough for dark text. They differ in lightness or in blue against yellow, which
# every common kind of colour blindness leaves apart; and each box names its type in words.
FILLS = {
    "input": "#d9d9d9",
    "convolution": "#bcd9f2",
    "pooling": "#d3efe3",
    "normalization": "#e6e0f3",
    "dense": "#f7cf9e",
    "activation": "#fff4b3",
    "merge": "#eebfd4",
    "reshape": "#ffffff",
    "dropout": "#f2f2f2",
    "sequence": "#b5d6c5",
    "other": "#f3ebe0",
}

FAMILY = "DejaVu Sans"
SIZE = 11.0  # of the text, in points
LINE = 14.0  # from one line to the next
_PAD = 6.0  # between text and box
INK, GREY, FRAME = "#1f1f1f", "#4d4d4d", "#9a9a9a"


@dataclass(frozen=True)
class Box:
    """One box: a bold title, lines below it, and a foot on its own tint.

    Attributes:
        key: what arrows call it; unique.
        title: the first line.
        kind: a key of `FILLS`.
        lines: further lines.
        foot: a last line on the tint of an activation, or nothing.
    """

    key: str
    title: str
    kind: str = "other"
    lines: tuple[str, ...] = ()
    foot: str = ""


@dataclass(frozen=True)
class Frame:
    """A titled frame around boxes and further frames.

    Attributes:
        key: what arrows call it; unique.
        title: stands in the frame's upper left corner.
        items: what it holds.
        note: where given, the items are not joined by arrows: they stand one after the other below this note, and an
            arrow to or from the frame ends at its border.
    """

    key: str
    title: str
    items: tuple[Box | Frame, ...] = ()
    note: str = ""


def to_dot(items: Sequence[Box | Frame], arrows: Iterable[tuple[str, str]], *, direction: str = "TB") -> str:
    """Write boxes, frames and arrows as DOT text.

    Args:
        items: boxes and frames, in the order in which they are to stand.
        arrows: pairs of keys, from and to; a pair given twice is drawn twice.
        direction: where the arrows point: "TB" downwards, "BT", "LR" to the right, "RL".

    Returns:
        The text. Every key is a node of that name, except those of frames with arrows inside.

    Raises:
        ValueError: `direction` is none of the four.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"`direction={direction!r}` is not known. It is one of {', '.join(map(repr, DIRECTIONS))}.")
    import pydot

    letters: dict[str, Any] = {"fontname": f'"{FAMILY}"', "fontsize": f"{SIZE:g}", "fontcolor": f'"{INK}"'}
    space: dict[str, Any] = {"nodesep": "0.3", "ranksep": "0.24", "pad": "0.15"}
    graph = pydot.Dot(
        "structure", rankdir=direction, compound="true", **space, bgcolor="white", labeljust="l", **letters
    )
    graph.set_node_defaults(shape="box", style="filled", margin="0", **letters)
    graph.set_edge_defaults(color='"#6b6b6b"', arrowsize="0.6")
    opaque: dict[str, str] = {}  # frames without arrows inside: key -> the name of their cluster
    for item in items:
        _add(graph, item, opaque)
    for source, sink in arrows:
        ends: dict[str, Any] = {"ltail": _quote(opaque[source])} if source in opaque else {}
        ends |= {"lhead": _quote(opaque[sink])} if sink in opaque else {}
        start = _end(source) if source in opaque else source
        # twice the length, because the frame's border takes its place on the way
        length: dict[str, Any] = {"minlen": "2"} if ends else {}
        graph.add_edge(pydot.Edge(_quote(start), _quote(sink), **ends, **length))
    return str(graph.to_string())


def _quote(text: str) -> str:
    r"""Make any text one DOT word: its quotes and backslashes mean themselves, and no end of line stays in it."""
    return '"' + " ".join(_printable(text).split("\n")).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _printable(text: str) -> str:
    # XML takes no control characters, in whatever spelling
    return "".join(
        c if c == "\n" or (ord(c) >= 32 and not 0xD800 <= ord(c) <= 0xDFFF and ord(c) < 0xFFFE) else " " for c in text
    )


def _label(lines: Iterable[str], *, left: bool = False) -> str:
    # Graphviz reads "&lt;" in a label as "<": the ampersand is escaped so that a name shows as it is
    texts = [_quote(line.replace("&", "&amp;"))[1:-1] for line in lines]
    return '"' + ("".join(f"{text}\\l" for text in texts) if left else "\\n".join(texts)) + '"'


def _end(key: str) -> str:
    return f"{key} (end)"


def _add(graph: pydot.Graph, item: Box | Frame, opaque: dict[str, str]) -> None:
    """Add a box, or a frame with what it holds."""
    import pydot

    if isinstance(item, Box):
        graph.add_node(_node(item))
        return
    name = _quote(f"cluster_{item.key}")
    # bold letters are wider than those Graphviz measures: spaces make up for it
    short = _text_width(item.title, bold=True) - _text_width(item.title, bold=False)
    title = item.title + "\u00a0" * math.ceil(short / _text_width("\u00a0", bold=False))
    look: dict[str, Any] = {"class": "frame", "style": "rounded", "color": f'"{FRAME}"', "margin": "10"}
    frame = pydot.Subgraph(name, label=_label([title], left=True), **look)
    if item.note:
        opaque[item.key] = f"cluster_{item.key}"
        _stack(frame, item, opaque)
    else:
        for inner in item.items:
            _add(frame, inner, opaque)
    graph.add_subgraph(frame)


def _node(box: Box) -> pydot.Node:
    import pydot

    lines = [box.title, *box.lines, *([box.foot] if box.foot else [])]
    widths = [_text_width(line, bold=i == 0) for i, line in enumerate(lines)]
    width, height = max(72.0, max(widths) + 4 * _PAD), LINE * len(lines) + 2 * _PAD
    fill = FILLS[box.kind]
    look: dict[str, Any] = {
        "class": f'"{box.kind}{" foot" if box.foot else ""}"',
        "style": '"filled,dashed"' if box.kind == "dropout" else "filled",
        "fillcolor": f'"{fill}"',
        "color": f'"{_darker(fill)}"',
        "width": f"{width / 72:.3f}",
        "height": f"{height / 72:.3f}",
    }
    return pydot.Node(_quote(box.key), label=_label(lines), **look)


def _stack(graph: pydot.Graph, frame: Frame, opaque: dict[str, str]) -> None:
    """Add items in a row, held by arrows that are not drawn: from the note to the first, from the last to a point."""
    import pydot

    width = (_text_width(frame.note, bold=False) + 2 * _PAD) / 72
    look: dict[str, Any] = {"class": "note", "shape": "plaintext", "style": '""', "fontcolor": f'"{GREY}"'}
    size: dict[str, Any] = {"width": f"{width:.3f}", "height": f"{LINE / 72:.3f}"}
    graph.add_node(pydot.Node(_quote(frame.key), label=_label([frame.note]), **look, **size))
    last = frame.key
    for item in frame.items:
        _add(graph, item, opaque)
        graph.add_edge(pydot.Edge(_quote(last), _quote(_first(item)), style="invis"))
        last = _last(item)
    hidden: dict[str, Any] = {"label": '""', "style": "invis", "shape": "point", "width": "0.01", "height": "0.01"}
    graph.add_node(pydot.Node(_quote(_end(frame.key)), **hidden))
    graph.add_edge(pydot.Edge(_quote(last), _quote(_end(frame.key)), style="invis"))


def _first(item: Box | Frame) -> str:
    return item.key if isinstance(item, Box) or item.note or not item.items else _first(item.items[0])


def _last(item: Box | Frame) -> str:
    if isinstance(item, Box):
        return item.key
    return _end(item.key) if item.note else _last(item.items[-1]) if item.items else item.key


def _darker(colour: str) -> str:
    return "#" + "".join(f"{round(0.72 * int(colour[i : i + 2], 16)):02x}" for i in (1, 3, 5))


@functools.cache
def characters() -> frozenset[int]:
    """Return the code points that DejaVu Sans has."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(font(100).path)).get_charmap()) | {ord("\n")}


def _text_width(text: str, *, bold: bool) -> float:
    """Width of a line in points. Characters that DejaVu lacks count as wide ones: another font will draw them."""
    known = "".join(c for c in text if ord(c) in characters())
    return font(100, bold).getlength(known) * SIZE / 100 + (len(text) - len(known)) * SIZE * 1.1
