"""Where in the image does a layer see what speaks for the target?"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict, Unpack, overload

import keras
import numpy as np
from keras import ops

from keras_vis.engine import reach
from keras_vis.engine.batch import Batch, take
from keras_vis.engine.outline import Outline
from keras_vis.engine.probe import Finish, Pass, Probe, probe
from keras_vis.engine.sight import looked_at
from keras_vis.engine.target import Target, as_target
from keras_vis.engine.words import Labels, captions, question
from keras_vis.picture import Comparison, HeatMaps, about

_One: TypeAlias = str | keras.layers.Layer | None
_Several: TypeAlias = list[Any] | tuple[Any, ...]


class _Options(TypedDict, total=False):
    input: int | str | None
    labels: Labels | None
    batch: int | None
    progress: bool


@overload
def grad_cam(
    model: keras.Model, images: object, target: object = None, *, layer: _Several, **options: Unpack[_Options]
) -> Comparison: ...
@overload
def grad_cam(
    model: keras.Model, images: object, target: object = None, *, layer: _One = None, **options: Unpack[_Options]
) -> HeatMaps: ...
def grad_cam(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    layer: str | keras.layers.Layer | list[Any] | tuple[Any, ...] | None = None,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps | Comparison:
    """Weigh each channel of a layer by the target's mean gradient there, sum the channels, and keep what is positive.

    A map is zero everywhere where no position's sum is positive: a mean over all positions may speak against a class
    which some of them speak for. `layer_cam` and `grad_cam_plus_plus` leave out what is negative before they sum.

    Args:
        model: any Keras model of images with a convolution.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class. Of a segmentation,
            `keras_vis.Region`.
        layer: whose maps ``(h', w', k)``: a name, a path or the layer. By default, walking back from the head, the
            last layer whose output is a map of more than one position and that is no dropout, pooling, padding,
            reshape or flatten. A list or tuple of layers: a map of each, in one run.
        input: over which input the maps are drawn, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: images that go through the model at once, by default 64 small or 32 large ones; the values do not depend
            on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h', w')`` ≥ 0, at the layer's own resolution; drawing enlarges them bilinearly.
        Of a list of layers a `Comparison`, whose `maps` are such `HeatMaps`, in the order of the list.

    Raises:
        TypeError: `model` is no Keras model, `images` no numbers, `target` none of what it may be.
        ValueError: shapes, classes or layers that do not fit the model; a layer without maps, or that does not depend
            on the images, or on which the target does not depend.

    Source:
        Selvaraju et al. 2017, arXiv:1610.02391, equations 1 and 2: α_k = mean of ∂y_c/∂A_k over positions,
        L = ReLU(Σ_k α_k A_k), with y_c the class's logit.

    Example:
        >>> kv.grad_cam(model, photo, 281, layer="block5_conv3").save("cat.png")
        >>> kv.grad_cam(model, photo, 281, layer=["block3_conv3", "block5_conv3"])  # side by side
    """
    seen = _look(_grad_cam, model, images, target, layer, input, batch, progress)
    return seen.picture("grad_cam", "Grad-CAM", labels)


@overload
def grad_cam_plus_plus(
    model: keras.Model, images: object, target: object = None, *, layer: _Several, **options: Unpack[_Options]
) -> Comparison: ...
@overload
def grad_cam_plus_plus(
    model: keras.Model, images: object, target: object = None, *, layer: _One = None, **options: Unpack[_Options]
) -> HeatMaps: ...
def grad_cam_plus_plus(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    layer: str | keras.layers.Layer | list[Any] | tuple[Any, ...] | None = None,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps | Comparison:
    """Weigh each channel by its positive gradients, the less the more the channel holds; sum; keep what is positive.

    Where `grad_cam` takes the mean, so that a small object counts for little, here every position with a positive
    gradient counts: several objects of one class, and all parts of one, get nearer to equal heat.

    Args:
        model: any Keras model of images with a convolution.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class.
        layer: whose maps ``(h', w', k)``, as for `grad_cam`; a list or tuple of layers gives a map of each. The formula
            is made for maps ≥ 0, after a ReLU: where the sum of a channel is negative, its weight may be of any size.
        input: over which input the maps are drawn, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: images that go through the model at once, by default 64 small or 32 large ones; the values do not depend
            on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h', w')`` ≥ 0, at the layer's own resolution; of a list of layers a `Comparison`.

    Raises:
        TypeError, ValueError: as for `grad_cam`.

    Source:
        Chattopadhay, Sarkar, Howlader & Balasubramanian 2018, arXiv:1710.11063, equation 19, with g = ∂y_c/∂A_k:
        α = g² / (2 g² + ΣA_k · g³), w_k = Σ α · ReLU(g), L = ReLU(Σ_k w_k A_k). The paper's score is
        exp(y_c), by which all w_k of an image are multiplied; that factor, infinite for a logit of 89, is left out. So
        is a division of the α of a channel by their sum, which is in the authors' code and not in the paper.

    Example:
        >>> kv.grad_cam_plus_plus(model, photo, 281).save("cats.png")
    """
    seen = _look(_plus_plus, model, images, target, layer, input, batch, progress)
    return seen.picture("grad_cam_plus_plus", "Grad-CAM++", labels)


@overload
def layer_cam(
    model: keras.Model, images: object, target: object = None, *, layer: _Several, **options: Unpack[_Options]
) -> Comparison: ...
@overload
def layer_cam(
    model: keras.Model, images: object, target: object = None, *, layer: _One = None, **options: Unpack[_Options]
) -> HeatMaps: ...
def layer_cam(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    layer: str | keras.layers.Layer | list[Any] | tuple[Any, ...] | None = None,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps | Comparison:
    """Multiply each activation by the positive part of the gradient there, sum the channels, and keep what is positive.

    No mean over positions is taken, so that it keeps its place in early layers, where one channel answers to many
    things: ask for several layers, ``layer=["block2_conv2", "block4_conv3"]``.

    Args:
        model: any Keras model of images with a convolution.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class.
        layer: whose maps ``(h', w', k)``, as for `grad_cam`; a list or tuple of layers gives a map of each.
        input: over which input the maps are drawn, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: images that go through the model at once, by default 64 small or 32 large ones; the values do not depend
            on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h', w')`` ≥ 0, at the layer's own resolution; of a list of layers a `Comparison`.

    Raises:
        TypeError, ValueError: as for `grad_cam`.

    Source:
        Jiang, Zhang, Hou, Cheng & Wei 2021, "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization",
        doi:10.1109/TIP.2021.3089943: L = ReLU(Σ_k ReLU(∂y_c/∂A_k) · A_k). The tanh by which they scale early layers
        before they fuse them with later ones is left out: each map is drawn on its own scale.

    Example:
        >>> kv.layer_cam(model, photo, layer=["block2_conv2", "block3_conv3", "block5_conv3"])
    """
    seen = _look(_layer_cam, model, images, target, layer, input, batch, progress)
    return seen.picture("layer_cam", "LayerCAM", labels)


@overload
def guided_grad_cam(
    model: keras.Model, images: object, target: object = None, *, layer: _Several, **options: Unpack[_Options]
) -> Comparison: ...
@overload
def guided_grad_cam(
    model: keras.Model, images: object, target: object = None, *, layer: _One = None, **options: Unpack[_Options]
) -> HeatMaps: ...
def guided_grad_cam(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    layer: str | keras.layers.Layer | list[Any] | tuple[Any, ...] | None = None,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps | Comparison:
    """Multiply the pixels of guided backprop by Grad-CAM, enlarged bilinearly to the image.

    Fine lines where `grad_cam` is warm. Only that is specific to the target: the lines themselves hardly change with
    it, see `guided_backprop`.

    Args:
        model: any Keras model of images with a convolution. Where it has other activations than ReLU and ReLU6, a
            warning names their layers, as `guided_backprop` does.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class.
        layer: of the Grad-CAM, as for `grad_cam`; a list or tuple of layers gives a map of each.
        input: which input's pixels, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: images that go through the model at once, by default 64 small or 32 large ones; the values do not depend
            on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h, w, c)``, signed; of a list of layers a `Comparison`. Drawn is the largest
        absolute value over the channels. `about` names in `unreached` the layers that the rule does not reach.

    Raises:
        TypeError, ValueError: as for `grad_cam`; an input of integers.

    Source:
        Selvaraju et al. 2017, arXiv:1610.02391, section 3.2 and figure 1.

    Example:
        >>> kv.guided_grad_cam(model, photo, 281).save("cat.png")
    """
    # One bar for both passes: on the longer one.
    seen = _look(_grad_cam, model, images, target, layer, input, batch, progress=False)
    seen.data.floats(seen.which)
    guided = seen.room.run(seen.data, seen.asked, wrt=(seen.which,), relu="guided", batch=batch, progress=progress)
    reach.warn("guided_grad_cam", guided.unreached)
    (grads,) = guided.grads
    size = grads.shape[1:3]
    values = {}
    for path, maps in seen.values.items():
        large = ops.image.resize(maps[..., None], size, interpolation="bilinear", data_format="channels_last")
        values[path] = ops.convert_to_numpy(large).reshape(*grads.shape[:3], *[1] * (grads.ndim - 3)) * grads
    facts = {"input": seen.data.names[seen.which], "unreached": guided.unreached}
    return dataclasses.replace(seen, values=values).picture("guided_grad_cam", "Guided Grad-CAM", labels, **facts)


@dataclass(frozen=True)
class _Seen:
    """What was looked at, and what was seen.

    Attributes:
        values: the maps of each layer, by path.
        sizes: height and width of each layer's own maps.
        several: whether a list of layers was asked for.
    """

    room: Probe
    data: Batch
    which: int
    asked: Target
    result: Pass
    values: dict[str, np.ndarray]
    sizes: dict[str, str]
    several: bool

    def picture(self, method: str, name: str, labels: Labels | None, **facts: object) -> HeatMaps | Comparison:
        """Return the maps as a picture; of several layers, side by side."""
        said, target = question(self.result, labels), str(self.result.target)
        told, images = captions(self.result, labels), self.data.shown(self.which)
        maps = [
            HeatMaps(
                values,
                images,
                captions=told,
                title=f"{name} of the {said} at {path} ({self.sizes[path]})",
                about=about(method, target=target, layer=path, **facts),
            )
            for path, values in self.values.items()
        ]
        if not self.several:
            return maps[0]
        # What all paths begin with is said once: columns are narrow.
        holders = zip(*(path.split("/")[:-1] for path in self.sizes), strict=False)
        holder = "/".join(names[0] for names in itertools.takewhile(lambda names: len(set(names)) == 1, holders))
        return Comparison(
            maps,
            names=[f"{path.removeprefix(f'{holder}/')} {size}" for path, size in self.sizes.items()],
            title=f"{name} of the {said}{f', in {holder}' if holder else ''}",
            about=about(method, target=target, layer=list(self.values), **facts),
        )


def _look(
    finish: Finish,
    model: keras.Model,
    images: object,
    target: object,
    layer: object,
    input: int | str | None,
    batch: int | None,
    progress: bool,
) -> _Seen:
    """Run the images, and weigh what the layers see."""
    data = take(model, images)
    which = data.pick_input(input)
    room = probe(model)
    outline = room.outline(data)
    asked = as_target(target, outline, len(data))
    paths = looked_at(model, outline, asked, layer, which)
    # What came back of several layers is cut apart by their sizes; where one is open, each runs alone.
    together = [paths] if all(None not in outline.single(path)[:2] for path in paths) else [(path,) for path in paths]
    values: dict[str, np.ndarray] = {}
    for group in together:
        result = room.run(data, asked, wrt=group, finish=finish, batch=batch, progress=progress)
        values |= _apart(np.asarray(result.values), group, outline)
    sizes = {path: "×".join(map(str, maps.shape[1:])) for path, maps in values.items()}
    return _Seen(room, data, which, asked, result, values, sizes, isinstance(layer, list | tuple))


def _apart(values: np.ndarray, paths: tuple[str, ...], outline: Outline) -> dict[str, np.ndarray]:
    """Cut what `_finish` has joined."""
    if len(paths) == 1:
        return {paths[0]: values}
    sizes = [outline.single(path)[:2] for path in paths]
    parts = np.split(values, np.cumsum([h * w for h, w in sizes])[:-1], axis=1)  # type: ignore[operator]
    return {path: part.reshape(-1, *size) for path, part, size in zip(paths, parts, sizes, strict=True)}


def _finish(weigh: Callable[[Any, Any], Any]) -> Finish:
    """Weigh each layer's ``(n, h', w', k)`` to ``(n, h', w')``; of several layers, join the maps to ``(n, all)``."""

    def finish(grads: tuple[Any, ...], acts: Mapping[str, Any]) -> Any:
        maps = [weigh(*pair) for pair in zip(grads, acts.values(), strict=True)]
        return maps[0] if len(maps) == 1 else ops.concatenate([ops.reshape(m, (ops.shape(m)[0], -1)) for m in maps], 1)

    return finish


@_finish
def _grad_cam(grads: Any, maps: Any) -> Any:
    """Equations 1 and 2 of the paper."""
    return ops.relu(ops.einsum("nk,nijk->nij", ops.mean(grads, axis=(1, 2)), maps))


@_finish
def _plus_plus(grads: Any, maps: Any) -> Any:
    """Equation 19 of the paper."""
    # Both parts of α divided by g²: 1 / (2 + ΣA·g). No power is taken, so that none is lost below 1e-38 or above 1e38;
    # and where g is 0, the 0/0 of the paper is no matter, for α is multiplied by g.
    below = 2 + ops.sum(maps, axis=(1, 2), keepdims=True) * grads
    weights = ops.sum(ops.divide_no_nan(ops.relu(grads), below), axis=(1, 2))
    return ops.relu(ops.einsum("nk,nijk->nij", weights, maps))


@_finish
def _layer_cam(grads: Any, maps: Any) -> Any:
    """No mean over positions."""
    return ops.relu(ops.sum(ops.relu(grads) * maps, axis=-1))
