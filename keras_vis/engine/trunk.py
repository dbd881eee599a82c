"""How is a model cut off after one of its layers?

From the calls that Keras has recorded, level by level: Keras itself cannot make a model that ends inside a nested one.
The layers are shared; the model is left as it is, and not even a call of one of its layers is recorded.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_vis.engine import layers
from keras_vis.engine.wiring import unused

_OPEN = 224  # what stands for a size that the model leaves open: an image of ImageNet's


def check_graph(model: keras.Model) -> None:
    """Check that Keras knows how a model's layers are joined.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: it is not built, or subclassed.
    """
    layers.check_model(model)
    if isinstance(model, keras.Sequential) and not model.built:
        raise layers.NotBuiltError(
            f"`model` {model.name!r} is not built yet. Begin it with keras.Input(shape), or call it on a batch of "
            "images first."
        )
    if _graph(model) is None:
        raise ValueError(
            f"`model` {model.name!r} is subclassed: its layers are joined by Python code, which cannot be cut. Where "
            "that is made of Keras layers and keras.ops, `inputs = keras.Input(shape)` and "
            "`keras.Model(inputs, model.call(inputs))` make of it a functional model with the same layers."
        )


def sample(model: keras.Model) -> Any:
    """Return zeros that a model whose graph is known takes, one entry each."""
    return keras.tree.map_structure(
        lambda tensor: np.zeros([size or _OPEN for size in (1, *tensor.shape[1:])], np.float32), _graph(model).input
    )


def nearest_cut(model: keras.Model, path: str) -> str:
    """Return the path of a layer, or of what it is a part of, after which a model can be cut."""
    found = layers.flatten(model)
    names = path.split("/")
    for depth in range(1, len(names)):
        holder = "/".join(names[:depth])
        if _graph(found[holder]) is None:
            return holder
    return path


def trunk(model: keras.Model, path: str, name: str = "trunk") -> keras.Model:
    """Return a functional model that ends in what a layer gives, and shares the layers of `model`.

    It takes those of the model's inputs that the layer depends on.

    Args:
        model: one that `check_graph` lets pass.
        path: of a layer that runs once, see `layers.flatten`, and `nearest_cut` leaves alone.
        name: of what is returned.
    """
    found = layers.flatten(model)
    names = path.split("/")
    chain = [found["/".join(names[: depth + 1])] for depth in range(len(names))]
    if len(chain) == 1:
        graph = _graph(model)
        end = _call(graph, chain[0]).output_tensors[0]
        return keras.Model(_needed(graph, end), end, name=name)
    # What comes before the nested model, then its own layers, up to the next one nested in it.
    used: set[str] = set()
    given: Any = None
    flowing: Any = None
    args: tuple[Any, ...] = ()
    options: dict[str, Any] = {}
    for holder, layer in zip([model, *chain], chain, strict=False):
        graph = _graph(holder)
        call = _call(graph, layer)
        end = call.output_tensors[0] if layer is chain[-1] else call.arguments.args[0]
        taken = _needed(graph, end) if holder is model else graph.input
        if given is None:
            given = flowing = fresh(taken)
        if end is not taken:
            piece = keras.Model(taken, end, name=unused("start" if holder is model else holder.name, used))
            flowing = piece(flowing, *args, **options)
        # How the nested model is called, such as with training=False, is part of what it does.
        args, options = call.arguments.args[1:], call.arguments.kwargs
    return keras.Model(given, flowing, name=name)


def fresh(inputs: Any) -> Any:
    """Return new inputs like these, in their structure."""
    return keras.tree.map_structure(
        lambda tensor: keras.Input(
            batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor._keras_history.operation.name
        ),
        inputs,
    )


def _graph(holder: Any) -> Any:
    """Return the functional model that a model is or that a Sequential holds; None where its call is other code."""
    functional = getattr(holder, "_functional", None) if isinstance(holder, keras.Sequential) else holder
    if not hasattr(functional, "_nodes_by_depth"):
        return None
    caller = next(kind for kind in type(holder).__mro__ if "call" in vars(kind))
    return functional if caller.__module__.partition(".")[0] == "keras" else None


def _call(graph: Any, layer: keras.layers.Layer) -> Any:
    """Return the one call of a layer in a functional model: what Keras calls a node."""
    return next(node for nodes in graph._nodes_by_depth.values() for node in nodes if node.operation is layer)


def _needed(graph: Any, end: Any) -> Any:
    """Return the inputs of a functional model that tensors of it depend on, in the model's structure."""
    todo, seen = list(keras.tree.flatten(end)), set()
    while todo:
        tensor = todo.pop()
        if id(tensor) not in seen:
            seen.add(id(tensor))
            history = tensor._keras_history
            todo += history.operation._inbound_nodes[history.node_index].input_tensors
    structure = graph.input
    if isinstance(structure, dict):
        return {key: tensor for key, tensor in structure.items() if id(tensor) in seen}
    needed = [tensor for tensor in keras.tree.flatten(structure) if id(tensor) in seen]
    return needed if len(needed) != 1 else needed[0]
