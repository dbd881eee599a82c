"""How much of the target is left where only what one channel sees is shown?"""

from __future__ import annotations

import functools
from typing import Any, TypeAlias, TypedDict, Unpack, overload

import keras
import numpy as np

from keras_vis.engine import masks
from keras_vis.engine.batch import take
from keras_vis.engine.probe import probe
from keras_vis.engine.sight import looked_at
from keras_vis.engine.target import Target
from keras_vis.engine.variants import Variants
from keras_vis.engine.words import Labels, captions, question
from keras_vis.picture import Comparison, HeatMaps, about

_Several: TypeAlias = list[Any] | tuple[Any, ...]


class _Options(TypedDict, total=False):
    channels: int | None
    input: int | str | None
    labels: Labels | None
    batch: int | None
    progress: bool


@overload
def score_cam(
    model: keras.Model, images: object, target: object = None, *, layer: _Several, **options: Unpack[_Options]
) -> Comparison: ...
@overload
def score_cam(
    model: keras.Model,
    images: object,
    target: object = None,
    *,
    layer: str | keras.layers.Layer | None = None,
    **options: Unpack[_Options],
) -> HeatMaps: ...
def score_cam(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    layer: str | keras.layers.Layer | _Several | None = None,
    channels: int | None = None,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps | Comparison:
    """Weigh each channel of a layer by the target's number where the image is masked by it; sum; keep what is positive.

    A channel's mask is its map, enlarged bilinearly to the image and stretched to 0 .. 1; the image is multiplied by
    it. The weights are the softmax, over the channels, of the target's numbers for the masked images. No gradient is
    taken. It costs a forward pass for each channel; the masked images are made a batch at a time and not kept.

    Args:
        model: any Keras model of images with a convolution.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class.
        layer: whose maps ``(h', w', k)``: a name, a path or the layer; by default that of `grad_cam`. A list of them
            gives a `Comparison`.
        channels: how many to mask with: those whose maps vary most over their positions, in each image; None: all k.
            The others count for nothing.
        input: which input is masked and drawn, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: masked images at once, by default 256 small or 16 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h', w')`` ≥ 0, at the layer's own resolution; drawing enlarges them bilinearly.

    Raises:
        TypeError, ValueError: as for `grad_cam`; `channels` < 1 or more than there are; an input of integers.

    Source:
        Wang et al. 2020, arXiv:1910.01279, definitions 2 and 3 and algorithm 1: α_k = softmax_k(f_c(X ∘ H_k) − f_c(0)),
        L = ReLU(Σ_k α_k A_k). f_c(0) is the same for all channels, and the softmax does not see it. A channel that is
        constant has the mask 0.

    Example:
        >>> kv.score_cam(model, photo, 281, channels=64).save("cat.png")
    """
    data = take(model, images)
    which = data.pick_input(input)
    data.floats(which)
    room = probe(model)
    outline = room.outline(data)
    result, settled = room.ask(data, target, batch=batch)
    paths = looked_at(model, outline, settled, layer, which)
    parts = []
    told = captions(result, labels)
    activations = room.activations(data, paths, batch=batch)
    # Of all layers first, so that what is wrong with one shows before the work on another.
    chosen = {path: _most_varied(activations[path], channels) for path in paths}
    for path, kept in chosen.items():
        maps = activations[path]
        seen = np.take_along_axis(np.moveaxis(maps, -1, 1), kept[:, :, None, None], axis=1)
        masked = Variants(masks.by_map, kept.shape[1], functools.partial(_of, seen), which=which)
        scores, _ = room.versions(data, settled, masked, batch=batch, progress=progress and "score_cam")
        weights = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        values = np.maximum(np.einsum("nk,nkij->nij", weights, seen), 0).astype(np.float32)
        size = "×".join(map(str, values.shape[1:]))
        several = f", {kept.shape[1]} of {maps.shape[-1]} channels" if channels else ""
        part = HeatMaps(
            values,
            data.shown(which),
            captions=told,
            title=f"Score-CAM of the {question(result, labels)} at {path} ({size}{several})",
            about=about("score_cam", target=str(result.target), layer=path, channels=channels),
        )
        parts.append(part)
    if not isinstance(layer, list | tuple):
        return parts[0]
    return Comparison(
        parts,
        names=[f"{path} {'×'.join(map(str, part.values.shape[1:]))}" for path, part in zip(paths, parts, strict=True)],
        title=f"Score-CAM of the {question(result, labels)}",
        about=about("score_cam", target=str(result.target), layer=list(paths), channels=channels),
    )


def _of(seen: np.ndarray, image: np.ndarray, version: np.ndarray) -> np.ndarray:
    return np.asarray(seen[image, version])


def _most_varied(maps: np.ndarray, channels: object) -> np.ndarray:
    """Return the channels of maps ``(n, h', w', k)`` of largest variance over positions, for each image, in order."""
    n, k = len(maps), maps.shape[-1]
    if channels is None:
        return np.tile(np.arange(k), (n, 1))
    if isinstance(channels, bool) or not isinstance(channels, int | np.integer) or not 1 <= channels <= k:
        raise ValueError(
            f"`channels` must be a whole number from 1 to the layer's {k}, or None; received {channels!r}."
        )
    spread = maps.var(axis=(1, 2), dtype=np.float64)
    return np.sort(np.argsort(-spread, axis=1, kind="stable")[:, :channels], axis=1)
