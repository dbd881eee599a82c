"""Do the table and the plot of a model say what the model is?"""

from __future__ import annotations

import hashlib
import logging
import sys
import urllib.error
import urllib.request
import warnings

import keras
import numpy as np
import pydot
import pytest

from keras_vis.draw import dot
from keras_vis.engine import layers
from keras_vis.methods import structure
from keras_vis.methods.structure import open_in_netron, plot_structure, summary_table
from tests import nets

L = keras.layers


def tutorial():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            L.Conv2D(32, (3, 3), activation="relu", name="conv_1"),
            L.Conv2D(64, (3, 3), activation="relu", name="conv_2"),
            L.MaxPooling2D((2, 2), name="pool"),
            L.Dropout(0.25, name="drop_1"),
            L.Flatten(name="flatten"),
            L.Dense(128, activation="relu", name="dense"),
            L.Dropout(0.5, name="drop_2"),
            L.Dense(10, activation="softmax", name="preds"),
        ],
        name="tutorial",
    )


def branches():
    x = inside = keras.Input((8, 8, 2), name="inside")
    x = L.Conv2D(4, 3, padding="same", activation="relu", name="conv")(x)
    x = L.BatchNormalization(name="norm")(x)
    backbone = keras.Model(inside, L.Add(name="sum")([x, L.Conv2D(4, 1, name="skip")(inside)]), name="backbone")
    image, words = keras.Input((8, 8, 2), name="image"), keras.Input((5,), name="words")
    shared = L.Dense(3, activation="tanh", name="shared")
    x = L.Flatten(name="flat")(keras.ops.relu(backbone(image)))
    x = L.Concatenate(name="join")([shared(L.Dense(5, name="squeeze")(x)), shared(words)])
    return keras.Model([image, words], [L.Dense(2, name="label")(x), L.Dense(1, name="score")(x)], name="branches")


def relu_of(model):
    """The name that Keras gave to `keras.ops.relu`: it counts up in a program."""
    return next(operation.name for operation in model.operations if type(operation).__name__ == "Relu")


def word(quoted):
    return quoted[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def read_back(source):
    """The boxes and the arrows that are drawn, out of the DOT text: label by key, pairs of keys."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydot calls pyparsing by old names
        (graph,) = pydot.graph_from_dot_data(source)
    boxes, arrows, frames = {}, [], {}

    def gather(inside):
        for node in inside.get_nodes():
            if node.get_name().startswith('"') and node.get("style") != "invis":
                # a plain x for the sign, and lines apart
                boxes[word(node.get_name())] = word(node.get("label")).replace("\u00d7", "x").replace("\\n", "\n")
        for edge in inside.get_edges():
            if edge.get("style") != "invis":
                arrows.append((word(edge.get_source()), word(edge.get_destination())))
        for frame in inside.get_subgraphs():
            frames[word(frame.get_name()).removeprefix("cluster_")] = word(frame.get("label"))
            gather(frame)

    gather(graph)
    return boxes, arrows, frames


# ---------------------------------------------------------------------------------------------------------- the table


def test_the_tutorials_net_counted_by_hand():
    table = summary_table(tutorial())
    parameters = dict(zip(table.column("path"), table.column("parameters"), strict=True))
    assert parameters == {
        "conv_1": 3 * 3 * 1 * 32 + 32,
        "conv_2": 3 * 3 * 32 * 64 + 64,
        "pool": 0,
        "drop_1": 0,
        "flatten": 0,
        "dense": 12 * 12 * 64 * 128 + 128,
        "drop_2": 0,
        "preds": 128 * 10 + 10,
        "total": 1_199_882,
    }
    shapes = dict(zip(table.column("path"), table.column("output shape"), strict=True))
    assert shapes["conv_2"] == "(None, 24, 24, 64)"
    assert shapes["flatten"] == "(None, 9216)"
    assert table.column("connections")[1:4] == ["conv_1", "conv_2", "pool"]


def test_training_changes_half_of_a_batch_normalization_and_nothing_that_is_frozen():
    model = branches()
    model.get_layer("shared").trainable = False
    table = summary_table(model)
    rows = {row[0].strip(): row for row in table.rows}
    assert rows["backbone/norm"][3:5] == (16, 8)
    assert rows["shared"][3:5] == (18, 0)
    assert rows["total"][3] - rows["total"][4] == 8 + 18


def test_layers_of_a_nested_model_are_indented_below_it_and_sum_to_it():
    rows = summary_table(branches()).rows
    names = [row[0] for row in rows]
    start = names.index("backbone")
    inner = [row for row in rows[start + 1 :] if row[0].startswith("  ")]
    assert [row[0] for row in inner] == [f"  backbone/{name}" for name in ("inside", "conv", "norm", "skip", "sum")]
    assert sum(row[3] for row in inner) == rows[start][3] == (9 * 2 * 4 + 4) + 16 + (2 * 4 + 4)
    assert inner[-1][5] == "norm, skip"


def test_a_shared_layer_counts_once():
    model = branches()
    table = summary_table(model)
    assert table.column("path").count("shared") == 1
    assert table.rows[-1][3] == model.count_params() == sum(int(np.prod(w.shape)) for w in model.weights)
    assert dict(zip(table.column("path"), table.column("connections"), strict=True))["join"] == "shared, shared[1][0]"


FORMS = [
    *(nets.sequential, nets.added_without_input, nets.functional, nets.nested),
    *(nets.activations_as_layers, nets.activations_as_operations, nets.subclassed),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_of_a_model_has_the_same_total(form):
    # two convolutions and one dense layer on what is left of 12 x 10
    assert summary_table(form()).rows[-1][3] == (9 * 2 * 4 + 4) + (9 * 4 * 6 + 6) + (4 * 3 * 6 * 5 + 5)


# ----------------------------------------------------------------------------------------------------------- the plot


def test_every_layer_and_every_edge_of_branches_is_drawn():
    model = branches()
    boxes, arrows, frames = read_back(plot_structure(model).dot)
    relu = relu_of(model)
    wanted = {path for path in layers.flatten(model) if path != "backbone"} | {relu}
    assert set(boxes) == wanted
    assert list(frames) == ["backbone"]
    assert sorted(arrows) == sorted(
        [
            *[
                ("backbone/inside", "backbone/conv"),
                ("backbone/conv", "backbone/norm"),
                ("backbone/norm", "backbone/sum"),
            ],
            *[("backbone/inside", "backbone/skip"), ("backbone/skip", "backbone/sum")],
            *[("image", "backbone/inside"), ("backbone/sum", relu), (relu, "flat"), ("flat", "squeeze")],
            *[("squeeze", "shared"), ("words", "shared"), ("shared", "join"), ("shared", "join")],
            *[("join", "label"), ("join", "score")],
        ]
    )


def test_keras_own_plot_joins_the_same_layers():
    model = branches()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = keras.utils.model_to_dot(model, expand_nested=True)
    names = {}
    edges = set()

    def gather(graph):
        for node in graph.get_nodes():
            if node.get_name() not in ("node", "graph", "edge"):
                names[node.get_name()] = node.get("label").split("<b>")[1].split("</b>")[0]
        edges.update((edge.get_source(), edge.get_destination()) for edge in graph.get_edges())
        for inner in graph.get_subgraphs():
            gather(inner)

    gather(theirs)
    _, arrows, _ = read_back(plot_structure(model).dot)
    leaf = {(a.rpartition("/")[2], b.rpartition("/")[2]) for a, b in arrows}
    assert leaf == {(names[a], names[b]) for a, b in edges}


def test_a_box_says_name_type_kernel_shape_parameters_and_activation():
    model = branches()
    boxes, _, _ = read_back(plot_structure(model).dot)
    relu = relu_of(model)
    assert boxes["backbone/conv"].split("\n") == ["conv", "Conv2D 3x3", "8 x 8 x 4 · 76 params", "relu"]
    assert boxes["words"].split("\n") == ["words", "Input", "5"]
    assert boxes[relu].split("\n") == [relu, "Relu", "8 x 8 x 4"]
    assert boxes["label"].split("\n") == ["label", "Dense", "2 · 14 params"]


def test_strides_are_told_where_they_are_not_the_usual_ones():
    model = keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            L.Conv2D(2, 3, strides=2, name="c"),
            L.Conv2D(2, (1, 3), strides=(1, 2), name="d"),
            L.MaxPooling2D(2, name="p"),
            L.MaxPooling2D(2, strides=1, name="q"),
        ]
    )
    boxes, _, _ = read_back(plot_structure(model).dot)
    assert [boxes[key].split("\n")[1] for key in "cdpq"] == [
        "Conv2D 3x3, stride 2",
        "Conv2D 1x3, stride 1x2",
        "MaxPooling2D 2x2",
        "MaxPooling2D 2x2, stride 1",
    ]


def test_every_option_changes_the_text_in_its_own_way():
    model = branches()
    usual = plot_structure(model).dot
    assert "8 \u00d7 8 \u00d7 4" in usual
    assert "8 \u00d7 8 \u00d7 4" not in plot_structure(model, shapes=False).dot
    assert "tanh" in usual
    assert "tanh" not in plot_structure(model, activations=False).dot
    boxes, arrows, frames = read_back(plot_structure(model, nested=False).dot)
    assert frames == {}
    assert boxes["backbone"].split("\n") == ["backbone", "Functional", "8 x 8 x 4 · 104 params"]
    assert ("image", "backbone") in arrows
    assert ("backbone", relu_of(model)) in arrows
    tall, wide = plot_structure(model).draw().shape, plot_structure(model, direction="LR").draw().shape
    assert tall[0] > tall[1]
    assert wide[1] > wide[0]


def test_a_sequential_starts_with_its_input():
    boxes, arrows, _ = read_back(plot_structure(tutorial()).dot)
    names = [layer.name for layer in tutorial().layers]
    assert list(boxes)[1:] == names
    assert boxes[next(iter(boxes))].endswith("Input\n28 x 28 x 1")
    assert arrows == list(zip([next(iter(boxes)), *names[:-1]], names, strict=True))


def test_a_subclassed_model_is_a_frame_in_order_of_creation_without_an_arrow():
    diagram = plot_structure(nets.subclassed())
    boxes, arrows, frames = read_back(diagram.dot)
    assert arrows == []
    assert [key for key in boxes if key in {"conv_1", "conv_2", "pool", "flatten", "preds"}] == [
        *("conv_1", "conv_2", "pool", "flatten", "preds")
    ]
    ((key, title),) = frames.items()
    assert "Subclassed" in title
    assert boxes[key] == "layers in order of creation; call() joins them"
    # what is drawn is in that order too
    tops = [diagram.svg.index(f">{name}</text>") for name in ("conv_1", "conv_2", "pool", "flatten", "preds")]
    assert tops == sorted(tops)


def test_a_subclassed_model_inside_a_functional_one_has_its_arrows_at_the_frame():
    x = inputs = keras.Input(nets.SHAPE, name="image")
    x = nets.Subclassed(name="mine")(L.ReLU(name="before")(x))
    boxes, arrows, frames = read_back(plot_structure(keras.Model(inputs, L.ReLU(name="after")(x))).dot)
    assert list(frames) == ["mine"]
    assert "mine/conv_1" in boxes
    assert arrows == [("image", "before"), ("before", "mine"), ("mine (end)", "after")]


@pytest.mark.parametrize("name", ['say "hi"', "a<b>&c", "{x|y}", "back\\slash\\", "&lt;", "größe_层", "one\ntwo"])
def test_any_name_reaches_the_picture_as_it_is(name):
    model = keras.Sequential([keras.Input((3,)), L.Dense(2, name=name), L.Dense(1, name="next")])
    diagram = plot_structure(model)
    boxes, arrows, _ = read_back(diagram.dot)
    shown = name.replace("\n", " ")
    assert shown in boxes
    assert (shown, "next") in arrows
    assert f">{shown.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</text>" in diagram.svg


def kind(layer):
    return structure._kind(layer)


def test_kinds_are_told_apart_and_a_subclass_is_of_its_parents_kind():
    class Mine(L.Conv2D):
        pass

    class Odd(L.Layer):
        pass

    wanted = {
        "convolution": [
            L.Conv2D(1, 1),
            L.DepthwiseConv2D(1),
            L.SeparableConv1D(1, 1),
            L.Conv2DTranspose(1, 1),
            Mine(1, 1),
        ],
        "pooling": [L.MaxPooling2D(), L.AveragePooling1D(2), L.GlobalAveragePooling2D()],
        "normalization": [L.BatchNormalization(), L.LayerNormalization()],
        "dense": [L.Dense(1), L.Embedding(2, 2), L.EinsumDense("ab,bc->ac", 1)],
        "activation": [L.ReLU(), L.Softmax(), L.Activation("relu"), L.LeakyReLU()],
        "merge": [L.Add(), L.Concatenate(), L.Multiply()],
        "reshape": [L.Flatten(), L.Reshape((1,)), L.ZeroPadding2D(), L.UpSampling2D(), L.Permute((1,))],
        "dropout": [L.Dropout(0.1), L.SpatialDropout2D(0.1), L.GaussianNoise(0.1)],
        "sequence": [L.LSTM(1), L.Bidirectional(L.GRU(1)), L.MultiHeadAttention(1, 1)],
        "other": [L.Rescaling(1.0), Odd()],
    }
    for right, examples in wanted.items():
        assert {type(layer).__name__: kind(layer) for layer in examples} == dict.fromkeys(
            (type(layer).__name__ for layer in examples), right
        )
        assert right in dot.FILLS
    x = keras.Input((4, 4, 2))
    made = [keras.ops.relu(x), keras.ops.max_pool(x, 2), x + x, keras.ops.reshape(x, (-1, 32)), keras.ops.mean(x, -1)]
    assert [kind(y._keras_history.operation) for y in made] == ["activation", "pooling", "merge", "reshape", "other"]


def test_the_same_model_gives_the_same_picture():
    model = branches()
    one, two = plot_structure(model), plot_structure(model)
    assert one.dot == two.dot
    assert one.svg == two.svg
    assert one._repr_png_() == two._repr_png_()


def test_a_sequential_that_runs_only_eagerly_is_a_chain():
    class Eager(L.Layer):
        def call(self, x):
            return x * 2.0

        def compute_output_spec(self, x):
            raise NotImplementedError

    model = keras.Sequential([L.Dense(2, name="a"), Eager(name="b"), L.Dense(2, name="c")])
    model(np.zeros((1, 3), "float32"))
    if not model.built:
        pytest.skip("this Keras does not build it")
    _, arrows, _ = read_back(plot_structure(model).dot)
    assert arrows[-2:] == [("a", "b"), ("b", "c")]


def test_looking_changes_nothing():
    model = branches()
    before = [hashlib.sha256(weight.tobytes()).hexdigest() for weight in model.get_weights()]
    config = model.to_json()
    state = keras.utils.set_random_seed(3) or np.random.get_state()[1].tolist()  # noqa: NPY002
    summary_table(model)
    plot_structure(model)
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002
    assert model.to_json() == config
    assert [hashlib.sha256(weight.tobytes()).hexdigest() for weight in model.get_weights()] == before


# ---------------------------------------------------------------------------------------------------------- at the door


@pytest.mark.parametrize("function", [summary_table, plot_structure, open_in_netron])
def test_what_is_no_built_model_is_refused(function):
    with pytest.raises(TypeError, match=r"`model` must be a keras.Model.*str"):
        function("model.keras")
    with pytest.raises(ValueError, match="is not built"):
        function(keras.Sequential([L.Dense(2)]))


@pytest.mark.parametrize("direction", ["tb", "down", None])
def test_a_wrong_direction_is_refused(direction):
    with pytest.raises(ValueError, match=r"`direction=.*'TB', 'BT', 'LR', 'RL'"):
        plot_structure(tutorial(), direction=direction)


# ------------------------------------------------------------------------------------------------------------- Netron


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's, when it saves
def test_netron_serves_the_model_to_this_machine_only_and_logging_is_left_alone(monkeypatch):
    netron = pytest.importorskip("netron")
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    address = open_in_netron(tutorial())
    try:
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=10) as answer:
            page = answer.read().decode()
        assert 'content="/data/tutorial.keras"' in page
        with urllib.request.urlopen(f"{address}/data/tutorial.keras", timeout=10) as answer:
            assert answer.read()[:2] == b"PK"  # a .keras file is a zip
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/data/setup.cfg", timeout=10)
        assert logging.getLogger().handlers == []
    finally:
        netron.stop()


def test_without_netron_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "netron", None)
    with pytest.raises(ImportError, match=r'pip install "keras-vis-toolkit\[netron\]"'):
        open_in_netron(tutorial())


@pytest.mark.parametrize(
    ("port", "error"), [(-1, ValueError), (70000, ValueError), ("80", TypeError), (True, TypeError)]
)
def test_a_wrong_port_is_refused(port, error):
    with pytest.raises(error, match="`port"):
        open_in_netron(tutorial(), port=port)
