"""Where in the image does a layer see what speaks for the target?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_vis.engine import layers
from keras_vis.engine.batch import take
from keras_vis.engine.outline import last_map
from keras_vis.engine.probe import probe
from keras_vis.engine.target import Target, as_target
from keras_vis.engine.words import Labels, captions, question
from keras_vis.picture import HeatMaps, about


def grad_cam(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    layer: str | keras.layers.Layer | None = None,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int = 32,
    progress: bool = True,
) -> HeatMaps:
    """Weigh each channel of a layer by the target's mean gradient there, sum the channels, and keep what is positive.

    Args:
        model: any Keras model of images with a convolution.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class.
        layer: whose maps ``(h', w', k)``: a name, a path or the layer. By default, walking back from the head, the
            last layer whose output is a map of more than one position and that is no dropout, pooling, padding,
            reshape or flatten.
        input: over which input the maps are drawn, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions.
        batch: images that go through the model at once; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h', w')`` ≥ 0, at the layer's own resolution; drawing enlarges them bilinearly.

    Raises:
        TypeError: `model` is no Keras model, `images` no numbers, `target` none of what it may be.
        ValueError: shapes, classes or layers that do not fit the model; a layer without maps, or on which the target
            does not depend.

    Source:
        Selvaraju et al. 2017, arXiv:1610.02391, equations 1 and 2: α_k = mean of ∂y_c/∂A_k over positions,
        L = ReLU(Σ_k α_k A_k), with y_c the class's logit.

    Example:
        >>> kv.grad_cam(model, photo, 281, layer="block5_conv3").save("cat.png")
    """
    data = take(model, images)
    which = data.pick_input(input)
    room = probe(model)
    outline = room.outline(data)
    asked = as_target(target, outline, len(data))
    path = last_map(outline, asked.output) if layer is None else layers.find(model, layer)[0]
    shape = outline.single(path)
    if path not in outline.maps():
        raise ValueError(
            f"`layer={path!r}` gives no maps (h', w', k) of more than one position but {shape}. "
            f"These do: {', '.join(list(outline.maps())[-6:])}."
        )
    result = room.run(data, asked, wrt=(path,), finish=_weigh, batch=batch, progress=progress)
    values = np.asarray(result.values)
    size = "\u00d7".join(map(str, values.shape[1:]))
    return HeatMaps(
        values,
        data.shown(which),
        captions=captions(result, labels),
        title=f"Grad-CAM of the {question(result, labels)} at {path} ({size})",
        about=about("grad_cam", target=str(result.target), layer=path),
    )


def _weigh(grads: tuple[Any, ...], acts: Mapping[str, Any]) -> Any:
    """Equations 1 and 2: ``(n, h', w', k)`` of both to ``(n, h', w')``."""
    (grad,), (maps,) = grads, acts.values()
    return ops.relu(ops.einsum("nk,nijk->nij", ops.mean(grad, axis=(1, 2)), maps))
