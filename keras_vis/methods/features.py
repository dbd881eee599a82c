"""What does each layer make of an image, and what does the model say in the end?"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from keras_vis.engine import layers
from keras_vis.engine.batch import take
from keras_vis.engine.probe import probe
from keras_vis.engine.target import probabilities
from keras_vis.engine.words import Labels, class_names, percent
from keras_vis.picture import Chart, FeatureMaps, about


def feature_maps(
    model: keras.Model,
    images: object,
    layer: str | keras.layers.Layer,
    *,
    units: int | Sequence[int] | None = None,
    input: int | str | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> FeatureMaps:
    """Run the images through the model, and keep what a layer gives.

    Args:
        model: any Keras model of images.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        layer: whose maps ``(h', w', k)``: a name, a path or the layer.
        units: which of its k channels; by default all.
        input: which input is drawn beside the maps, by name or index; by default the only one that holds images.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `FeatureMaps` with `values` ``(n, h', w', k)``, the raw activations, and `.statistics()` of each unit.

    Raises:
        TypeError: `model` is no Keras model, `images` no numbers, `units` no whole numbers.
        ValueError: shapes or layers that do not fit the model, a layer without maps, a unit that it does not have.

    Source:
        Zeiler & Fergus 2013, arXiv:1311.2901, figure 2, and many before: the activations themselves.

    Example:
        >>> kv.feature_maps(model, digits[:1], "conv_2", units=range(16))
    """
    data = take(model, images)
    which = data.pick_input(input)
    path, _ = layers.find(model, layer)
    room = probe(model)
    shape = room.outline(data).single(path)
    if len(shape) != 3:
        raise ValueError(
            f"`layer={path!r}` gives no maps (h', w', k) but {shape}. "
            f"These do: {', '.join(list(room.outline(data).maps())[-6:])}."
        )
    picked = layers.check_units(units, shape[2] or 0)
    values = room.activations(data, [path], batch=batch, progress=progress)[path]
    return FeatureMaps(
        values[..., picked],
        images=data.shown(which),
        units=picked,
        layer=path,
        about=about("feature_maps", layer=path, units="all" if units is None else picked),
    )


def top_predictions(
    model: keras.Model,
    images: object,
    *,
    k: int = 5,
    labels: Labels | None = None,
    output: str | None = None,
    input: int | str | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Chart:
    """Run the images through the model, and sort the classes of each by their logit.

    Args:
        model: any Keras model of images that ends in a vector of classes.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        k: how many classes; all, where the model has fewer.
        labels: names of the classes; by default their numbers.
        output: which output, by name, for a model of several.
        input: which input is drawn beside the bars, by name or index; by default the only one that holds images.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        A `Chart` of kind ``"predictions"`` with `values`: ``indices`` ``(n, k)``, the classes from the highest down;
        their ``logits`` ``(n, k)``; their ``probabilities`` ``(n, k)``, absent where the model ends in neither softmax
        nor sigmoid; ``images``. A single sigmoid has two classes, 1 with the logit and 0 with minus the logit.

    Raises:
        TypeError: `model` is no Keras model, `images` no numbers.
        ValueError: shapes that do not fit the model, `k` < 1, `labels` of another number, an unknown output, or one
            that is no vector.

    Example:
        >>> kv.top_predictions(model, photo, labels=names)
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"`k` must be a positive whole number of classes; received {k!r}.")
    data = take(model, images)
    which = data.pick_input(input)
    room = probe(model)
    outline = room.outline(data)
    name = outline.pick_output(output)
    ends = outline.outputs
    if len(ends[name].shape) != 1:
        raise ValueError(f"output {name!r} is no vector of classes but {ends[name].shape} for each image.")
    names = class_names(labels, ends[name].classes)
    logits, head = room.outputs(data, batch=batch, progress=progress)[name]
    # Stable, so that equal logits come in the order of the classes.
    indices = np.argsort(-logits, axis=1, kind="stable")[:, :k]
    chance = probabilities(logits, head)
    best = np.take_along_axis(logits, indices, axis=1)
    sure = np.full(best.shape, np.nan) if chance is None else np.take_along_axis(chance, indices, axis=1)
    values = {"images": data.shown(which), "indices": indices, "logits": best}
    if chance is not None:
        values["probabilities"] = sure.astype(np.float32)
    return Chart(
        "predictions",
        values,
        text={
            "names": [[names[i] for i in row] for row in indices],
            "notes": [[_note(*pair) for pair in zip(*row, strict=True)] for row in zip(sure, best, strict=True)],
            "title": "What does the model see?",
        },
        about=about("top_predictions", k=int(k), output=name, head=head),
    )


def _note(chance: float, logit: float) -> str:
    """What is written at a bar; +0 so that no −0 is written."""
    number = f"{round(float(logit), 1) + 0:.1f}".replace("-", "\u2212")
    return number if np.isnan(chance) else f"{percent(chance)}  (logit {number})"
