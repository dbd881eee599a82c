"""Which target is meant by the index of a class, or of a layer and its filters?"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from keras_vis.engine import layers
from keras_vis.engine.batch import Batch
from keras_vis.engine.outline import Outline, OutputFacts
from keras_vis.engine.probe import probe
from keras_vis.engine.sight import Sight
from keras_vis.engine.target import Logit, Target
from keras_vis.engine.units import Channel


def class_target(model: keras.Model, data: Batch, index: object, argument: str = "class_index") -> Target:
    """Return the target that the index of an output's unit stands for.

    Args:
        model: the model.
        data: what goes into it.
        index: of the unit; or a `keras_vis.Target`, which is taken as it is.
        argument: its name, in messages.

    Raises:
        TypeError: it is neither.
        ValueError: the output has no such unit.
    """
    if isinstance(index, Target):
        return index
    outline = probe(model).outline(data)
    name = outline.pick_output(None) if len(outline.outputs) == 1 else None
    if name is None:
        several = ", ".join(map(repr, outline.outputs))
        raise ValueError(
            f"`{argument}={index!r}`: the model has several outputs, {several}. Give a target: "
            f"keras_vis.Logit(3, output={next(iter(outline.outputs))!r})."
        )
    end = outline.outputs[name]
    if np.ndim(index) or index is None:  # type: ignore[arg-type]
        raise TypeError(f"`{argument}` must be one whole number, or a keras_vis.Target; received {index!r}.")
    (unit,) = layers.check_units(index, end.shape[-1] or 0, argument)
    return _logit(end, name, unit)


def layer_at(model: keras.Model, index: object, argument: str = "layer_idx") -> tuple[str, int]:
    """Return the path of a layer, and its place in ``model.layers`` counted from the front.

    Raises:
        TypeError: `index` is no whole number.
        ValueError: there is no such place.
    """
    layers.check_model(model)
    if isinstance(index, bool) or not isinstance(index, int | np.integer):
        raise TypeError(
            f"`{argument}` must be a place in `model.layers`, a whole number; received {index!r}. "
            "utils.find_layer_idx(model, name) gives that of a name."
        )
    count = len(model.layers)
    if not -count <= index < count:
        raise ValueError(f"`{argument}={index}`: the model has {count} layers, 0 to {count - 1}.")
    place = int(index) % count
    return layers.find(model, model.layers[place])[0], place


def layer_target(
    model: keras.Model, data: Batch, layer_idx: object, filter_indices: int | Sequence[int] | None
) -> Target:
    """Return the target that a layer and its filters stand for: their logits, or their means; several are summed.

    Args:
        model: the model.
        data: what goes into it.
        layer_idx: a place in ``model.layers``.
        filter_indices: one, several, or None for all.

    Raises:
        TypeError: they are no whole numbers.
        ValueError: there is no such layer or filter.
    """
    path, _ = layer_at(model, layer_idx)
    outline = probe(model).outline(data)
    shape = outline.single(path, "layer_idx")
    if not shape:
        raise ValueError(f"`layer_idx={layer_idx}`: layer {path!r} has no filters.")
    units = layers.check_units(filter_indices, shape[-1] or 0, "filter_indices")
    output = _given_by(path, outline)
    if output is None:
        return sum([Channel(path, unit) for unit in units[1:]], Channel(path, units[0]))
    end = outline.outputs[output]
    return sum([_logit(end, output, unit) for unit in units[1:]], _logit(end, output, units[0]))


def layer_before(model: keras.Model, data: Batch, layer_idx: object) -> str | None:
    """Return the last layer with maps below a hidden layer; None below an output, where the default will do.

    Raises:
        ValueError: there is none.
    """
    path, _ = layer_at(model, layer_idx)
    outline = probe(model).outline(data)
    if _given_by(path, outline) is not None:
        return None
    usable = [other for other in Sight(outline, read=frozenset({path})).usable() if other != path]
    if not usable:
        raise ValueError(f"`layer_idx={layer_idx}`: no layer whose result is a map lies below layer {path!r}.")
    return usable[-1]


def _logit(end: OutputFacts, name: str, unit: int) -> Target:
    # The one unit of a single sigmoid speaks for class 1 here, and class 0 is its opposite.
    return Logit(unit + end.classes - (end.shape[-1] or 0), name)


def _given_by(path: str, outline: Outline) -> str | None:
    """Return the output that a layer gives, with or without its softmax; None for a hidden layer."""
    facts = outline.layers[path]
    for name, end in outline.outputs.items():
        ours = len(outline.outputs) == 1 or name == path
        # What has a part in the logits, and is not them, is hidden.
        last = name in facts.heads or name not in facts.feeds
        if ours and last and len(end.shape) == 1 and facts.shape == end.shape:
            return name
    return None
