"""Do boxes, frames and arrows become the DOT text that says the same?"""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pydot
import pytest
from PIL import ImageFont

from keras_vis.draw import dot, text
from keras_vis.draw.dot import Box, Frame

ODD = ['say "hi"', "a<b>&c", "{x|y}", "back\\slash\\", "&lt;", "größe 层", "one\ntwo", "\\N", "port:1", "\x00bell\x07"]


def parsed(source):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydot calls pyparsing by old names
        (graph,) = pydot.graph_from_dot_data(source)
    return graph


def word(quoted):
    assert quoted.startswith('"')
    return quoted[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def edges(graph, seen=False):
    """All edges, in clusters too; `seen`: only those that are drawn."""
    for edge in graph.get_edges():
        if not (seen and edge.get("style") == "invis"):
            yield word(edge.get_source()), word(edge.get_destination())
    for inner in graph.get_subgraphs():
        yield from edges(inner, seen)


def test_an_arrow_given_twice_is_drawn_twice():
    graph = parsed(dot.to_dot([Box("a", "a"), Box("b", "b")], [("a", "b"), ("a", "b")]))
    assert list(edges(graph)) == [("a", "b"), ("a", "b")]


@pytest.mark.parametrize("name", ODD)
def test_any_name_is_one_node_of_the_text(name):
    graph = parsed(dot.to_dot([Box(name, name), Box("next", "next")], [(name, "next")]))
    nodes = [word(node.get_name()) for node in graph.get_nodes() if node.get_name().startswith('"')]
    (edge,) = edges(graph)
    assert len(nodes) == 2
    assert edge == (nodes[0], "next")
    assert nodes[0] == "".join(" " if ord(c) < 32 else c for c in name)


def test_a_frame_with_a_note_holds_its_boxes_in_order_without_an_arrow_that_is_drawn():
    frame = Frame("f", "f", tuple(Box(key, key) for key in "abc"), note="in order")
    graph = parsed(dot.to_dot([Box("x", "x"), frame, Box("y", "y")], [("x", "f"), ("f", "y")]))
    drawn = list(edges(graph, seen=True))
    assert drawn == [("x", "f"), ("f (end)", "y")]
    hidden = set(edges(graph)) - set(drawn)
    assert hidden == {("f", "a"), ("a", "b"), ("b", "c"), ("c", "f (end)")}
    # and the arrows stop at the frame
    (into, out) = graph.get_edges()
    assert into.get("lhead") == out.get("ltail") == '"cluster_f"'


def test_a_box_is_as_wide_as_its_widest_line_in_the_font_it_is_drawn_in():
    name = "W" * 40
    source = dot.to_dot([Box("k", name, lines=("i",))], [])
    (node,) = (node for node in parsed(source).get_nodes() if node.get_name() == '"k"')
    bold = ImageFont.truetype(text.font(11, True).path, 1000).getlength(name) / 1000 * 11
    assert bold < 72 * float(node.get("width")) < bold + 40


@pytest.mark.parametrize("wrong", ["tb", "up", "", None])
def test_a_wrong_direction_is_named_with_the_right_ones(wrong):
    with pytest.raises(ValueError, match=r"`direction=.*'TB', 'BT', 'LR', 'RL'"):
        dot.to_dot([], [], direction=wrong)


def rgb(colour):
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def linear(colour):
    value = rgb(colour)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("kind", dot.FILLS)
def test_text_stands_out_from_every_fill_seven_to_one(kind):
    # WCAG 2.1, 1.4.6: 7:1; the grey lines too, 4.5:1 (1.4.3)
    light = luminance(dot.FILLS[kind]) + 0.05
    assert light / (luminance(dot.INK) + 0.05) >= 7
    assert light / (luminance(dot.GREY) + 0.05) >= 4.5


# Machado, Oliveira, Fernandes 2009, table 1, severity 1.0; on linear RGB
BLIND = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def lab(linear_rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear_rgb
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", BLIND)
def test_the_kinds_of_a_convolutional_net_are_told_apart_by_every_common_eye(eye):
    kinds = ["convolution", "pooling", "dense", "activation", "merge"]
    for one, other in itertools.combinations(kinds, 2):
        a, b = (lab(np.clip(BLIND[eye] @ linear(dot.FILLS[kind]), 0, 1)) for kind in (one, other))
        assert np.linalg.norm(a - b) > 9, f"{one} and {other}: {np.linalg.norm(a - b):.1f}"
