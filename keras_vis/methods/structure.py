"""What is the network made of, and what is joined to what?"""

from __future__ import annotations

import logging
import pathlib
import re
import tempfile
from typing import Any

import keras

from keras_vis.draw import dot, graph
from keras_vis.engine import wiring
from keras_vis.picture import Diagram, Table, about

# Where Keras keeps a class says what kind it is; so a user's own `class MyConv(Conv2D)` is a convolution too.
_KINDS = {
    "convolutional": "convolution",
    "pooling": "pooling",
    "normalization": "normalization",
    "regularization": "dropout",
    "reshaping": "reshape",
    "merging": "merge",
    "activations": "activation",
    "rnn": "sequence",
    "attention": "sequence",
}
_NOTE = "layers in order of creation; call() joins them"
_DENSE = (keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Embedding)
_OPS = {
    "merge": "Add Subtract Multiply Divide TrueDivide Maximum Minimum Concatenate Stack Matmul Einsum",
    "reshape": "Reshape Transpose Squeeze ExpandDims Ravel Pad GetItem Moveaxis Swapaxes Split Flip",
}
_TIMES = "\u00d7"


def summary_table(model: keras.Model) -> Table:
    """List every layer with its output shape and parameters; count each weight once.

    Args:
        model: any built `keras.Model`.

    Returns:
        A `Table` with one row a layer (path, type, output shape, parameters, trainable, connections): the rows of
        ``model.summary(expand_nested=True)`` and, indented, the layers inside of your own composite layers. `trainable`
        counts the parameters that training changes. `connections` are the layers whose outputs come in, with
        ``[call][output]`` where that is not the first, as Keras writes it. A row that holds others counts theirs too;
        the last row counts the model.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: it is not built.

    Source:
        `keras.Model.summary`. In the total each weight counts once, however many layers share it, as in
        `model.count_params()`.

    Example:
        >>> kv.summary_table(model).save("layers.csv")
    """
    parts = wiring.read(model)
    rows = []
    for depth, part in wiring.walk(parts):
        total, trainable = wiring.parameters(part.operation)
        kind = type(part.operation).__name__
        rows.append(("  " * depth + part.path, kind, _plain(part), total, trainable, ", ".join(part.names)))
    total, trainable = wiring.parameters(model)
    rows.append(("total", "", "", total, trainable, ""))
    columns = ("path", "type", "output shape", "parameters", "trainable", "connections")
    facts = about("summary_table", model=model.name, parameters=total, trainable=trainable, layers=len(rows) - 1)
    return Table(
        columns, tuple(rows), title=f"{model.name}: {total:,} parameters, {trainable:,} trainable", about=facts
    )


def plot_structure(
    model: keras.Model, *, shapes: bool = True, activations: bool = True, nested: bool = True, direction: str = "TB"
) -> Diagram:
    """Draw one box a layer and one arrow for each tensor that goes from one to another.

    A box names the layer, its type and kernel, the shape of its output without the batch axis, its parameters, and at
    its foot the activation. Its fill tells the kind: convolution, pooling, normalization, dense, activation, merge,
    reshape, dropout. A layer that is called twice is one box with two arrows in. `keras.ops` in a functional model are
    boxes too.

    Args:
        model: any built `keras.Model`.
        shapes: whether to write the shapes.
        activations: whether to write the activations.
        nested: whether a model inside the model is a frame with its layers (or one box).
        direction: "TB" from top to bottom, "BT", "LR" from left to right, "RL".

    Returns:
        A `Diagram`; `.dot` is the graph as DOT text, in which each layer is a node called by its path.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: it is not built, or `direction` is none of the four.
        RuntimeError: Graphviz cannot lay it out.

    Source:
        `keras.utils.plot_model`, which needs Graphviz on the system. Where a model is subclassed, what joins its layers
        is the Python code of its `call`: they are shown in order of creation, without arrows, and a note says so.

    Example:
        >>> kv.plot_structure(model).save("model.svg")
    """
    parts = wiring.read(model)
    used = {part.path for _, part in wiring.walk(parts)}
    items: list[dot.Box | dot.Frame] = []
    arrows: list[tuple[str, str]] = []
    if isinstance(model, keras.Sequential):
        # a Sequential does not list its input; the picture starts with it all the same
        for tensor in model.inputs if parts and model._functional else ():
            name = tensor._keras_history.operation.name
            key = wiring.unused(name, used)
            items.append(dot.Box(key, name, "input", ("Input", *([_shown(tuple(tensor.shape))] if shapes else []))))
            arrows.append((key, wiring.entrance(parts[0], 0, nested)))
    arrows += wiring.arrows(parts, nested)
    items += [_draw(part, shapes, activations, nested) for part in parts]
    if not wiring.flows(model):
        items = [dot.Frame(wiring.unused(model.name, used), _title(model), tuple(items), note=_NOTE)]
    text = dot.to_dot(items, arrows, direction=direction)
    options = {"shapes": shapes, "activations": activations, "nested": nested, "direction": direction}
    facts = about("plot_structure", model=model.name, parameters=wiring.parameters(model)[0], **options)
    return Diagram(text, graph.layout(text), about=facts)


def open_in_netron(model: keras.Model, *, port: int = 0, browser: bool = False) -> str:
    """Save the model to memory and serve it with Netron, to this machine only.

    Args:
        model: any built `keras.Model`.
        port: of the address; 0 takes a free one. Whatever Netron serves at a given port is replaced.
        browser: whether to open the page.

    Returns:
        The address, ``http://127.0.0.1:...``. It is served until the program ends or `netron.stop()` is called. Netron
        shows one model at a time: a second call puts the second model at both addresses.

    Raises:
        TypeError: `model` is no Keras model, `port` no whole number.
        ValueError: the model is not built, or `port` is out of range.
        ImportError: Netron is not installed.

    Source:
        Lutz Roeder, Netron, https://github.com/lutzroeder/netron. No file stays behind: the `.keras` file is written to
        a temporary folder, read and removed.

    Example:
        >>> kv.open_in_netron(model, browser=True)
    """
    wiring.read(model)
    if isinstance(port, bool) or not isinstance(port, int):
        raise TypeError(f"`port` must be a whole number; received {type(port).__name__}.")
    if not 0 <= port <= 65535:
        raise ValueError(f"`port={port}` must lie between 0 (any free one) and 65535.")
    try:
        import netron
    except ImportError as error:
        raise ImportError('Netron is not installed: pip install "keras-vis-toolkit[netron]"') from error
    # Netron sets up logging for the whole program unless someone has: meanwhile someone has
    root, quiet = logging.getLogger(), logging.NullHandler()
    root.addHandler(quiet)
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, re.sub(r"\W+", "_", model.name) + ".keras")
            model.save(file)
            data = bytearray(file.read_bytes())
        # the folder is gone by now, so that nothing beside the model can be asked for
        host, port = netron.serve(str(file), data, address=("127.0.0.1", port), browse=browser)
    finally:
        root.removeHandler(quiet)
    return f"http://{host}:{port}"


def _plain(part: wiring.Part) -> str:
    return ", ".join(str(shape) for shape in part.shapes) or "?"


def _shown(shape: wiring.Shape) -> str:
    """A shape for one image: (None, 28, 28, 1) is 28 × 28 × 1."""
    return f" {_TIMES} ".join("?" if size is None else str(size) for size in shape[1:]) or "one number"


def _draw(part: wiring.Part, shapes: bool, activations: bool, nested: bool) -> dot.Box | dot.Frame:
    operation = part.operation
    if nested and part.parts:
        inside = tuple(_draw(inner, shapes, activations, nested) for inner in part.parts)
        return dot.Frame(part.path, _title(operation), inside, note="" if wiring.flows(operation) else _NOTE)
    kind = _kind(operation)
    foot = _activation(operation) if activations else ""
    kind_line = [type(operation).__name__ if kind != "input" else "Input", _detail(operation)]
    if kind == "activation":  # the box is of an activation's colour already
        kind_line, foot = [*kind_line, foot], ""
    size_line = [", ".join(_shown(shape) for shape in part.shapes) if shapes else "", _count(operation)]
    lines = (" ".join(filter(None, kind_line)), " · ".join(filter(None, size_line)))
    return dot.Box(part.path, operation.name, kind, tuple(filter(None, lines)), foot)


def _title(holder: Any) -> str:
    return " · ".join(filter(None, (holder.name, type(holder).__name__, _count(holder))))


def _count(operation: Any) -> str:
    total = wiring.parameters(operation)[0]
    return f"{total:,} params" if total else ""


def _kind(operation: Any) -> str:
    if isinstance(operation, keras.layers.InputLayer):
        return "input"
    if isinstance(operation, keras.layers.Flatten | keras.layers.Identity):
        return "reshape"
    if isinstance(operation, _DENSE):
        return "dense"
    if isinstance(operation, keras.layers.Layer):
        homes = (base.__module__.split(".") for base in type(operation).__mro__ if base.__module__.startswith("keras."))
        return next((_KINDS[place] for home in homes for place in home if place in _KINDS), "other")
    name = type(operation).__name__
    if type(operation).__module__.endswith("ops.nn"):
        return "pooling" if "Pool" in name else "convolution" if "Conv" in name else "activation"
    return next((kind for kind, names in _OPS.items() if name in names.split()), "other")


def _detail(operation: Any) -> str:
    """Of a convolution or pooling, the window and the stride: "3×3, stride 2"."""
    window = getattr(operation, "kernel_size", None) or getattr(operation, "pool_size", None)
    strides = getattr(operation, "strides", None)
    if not isinstance(window, tuple):
        return ""
    text = _TIMES.join(map(str, window))
    # a pooling's stride is its window unless said otherwise
    if not isinstance(strides, tuple) or strides == (window if hasattr(operation, "pool_size") else (1,) * len(window)):
        return text
    return f"{text}, stride {_TIMES.join(map(str, strides[:1] if len(set(strides)) == 1 else strides))}"


def _activation(operation: Any) -> str:
    function = getattr(operation, "activation", None)
    if function is None or not callable(function):
        return ""
    name = getattr(function, "name", None) or getattr(function, "__name__", None) or type(function).__name__
    return "" if name == "linear" else str(name)
