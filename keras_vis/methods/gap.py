"""Where does a net that averages its maps see what speaks for a class, and how is one made of another net?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_vis.engine import layers
from keras_vis.engine.batch import Batch, take
from keras_vis.engine.outline import Outline
from keras_vis.engine.pooled import averaged
from keras_vis.engine.probe import probe
from keras_vis.engine.settled import Settled
from keras_vis.engine.sight import Sight
from keras_vis.engine.target import Combination, Logit, Probability, Target, as_target
from keras_vis.engine.trunk import check_graph, fresh, nearest_cut, sample, trunk
from keras_vis.engine.words import Labels, captions, question
from keras_vis.picture import HeatMaps, about


def gap_cam(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps:
    """Sum the maps that the model averages, each times the weight that its average has in the class's logit.

    Args:
        model: a Keras model of images whose logits are a weighted sum of the averages of a layer's maps: global average
            pooling and one dense layer, however they are written (a mean in a `Lambda`, a 1x1 convolution). What is
            linear or does nothing when the model is asked (dropout, batch normalisation) may stand between.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: the logit of a class, or a weighted sum of logits, see `keras_vis.Target`; by default that of each
            image's predicted class.
        input: over which input the maps are drawn, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: images that go through the model at once, by default 64 small or 32 large ones; the values do not depend
            on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h', w')``, signed, at the resolution of the layer that is averaged. The mean of a
        map is the logit without its bias: red speaks for the class, blue against it.

    Raises:
        TypeError: `model` is no Keras model, `images` no numbers, `target` none of what it may be.
        ValueError: shapes or classes that do not fit the model; a head that is not linear in the averages of a layer's
            maps (for which there is `grad_cam`); a target that is no logit.

    Source:
        Zhou, Khosla, Lapedriza, Oliva & Torralba 2016, arXiv:1512.04150, equation 2: M_c = Σ_k w_kc A_k. Their equation
        1 weighs the sum over positions; nets have the mean, whose weights are those times h'w', and so are the maps.

    Example:
        >>> kv.gap_cam(model, photos, labels=names).save("cat.png")
    """
    data = take(model, images)
    which = data.pick_input(input)
    room = probe(model)
    outline = room.outline(data)
    asked = as_target(target, outline, len(data))
    path = _averaged(model, data, outline, asked)
    result = room.run(data, asked, wrt=(path,), finish=_weigh, batch=batch, progress=progress)
    values = np.asarray(result.values)
    size = "\u00d7".join(map(str, values.shape[1:]))
    return HeatMaps(
        values,
        data.shown(which),
        signed=True,
        captions=captions(result, labels),
        title=f"CAM of the {question(result, labels)} at {path} ({size})",
        about=about("gap_cam", target=str(result.target), layer=path),
    )


def with_gap_head(
    model: keras.Model,
    *,
    layer: str | keras.layers.Layer | None = None,
    classes: int | None = None,
    units: int | None = None,
) -> keras.Model:
    """Cut a model off after a layer, and put global average pooling and one dense softmax in place of the rest.

    That is what Zhou et al. do to AlexNet, VGG and GoogLeNet, so that `gap_cam` can read them. The earlier the cut, the
    more cells the maps have and the less of the image each of them sees.

    The new layers know nothing yet: compile the model and train it. Its trunk is the user's own layers, so that
    training moves the weights of the model that was given, too. To train the new layers alone, freeze the trunk before
    compiling, ``new.get_layer("trunk").trainable = False`` (and set it back to True afterwards, for the layers are
    shared). To keep the model as it is, give a copy: ``keras.models.clone_model(model)``, which draws new weights, and
    then its ``set_weights(model.get_weights())``.

    Args:
        model: a Sequential or functional model, nested ones included, that is built. It is left as it is.
        layer: the last one that is kept, whose maps ``(h', w', k)`` are averaged: a name, a path or the layer. By
            default that of `grad_cam`: the last whose output is a map and that is no dropout, pooling, padding, reshape
            or flatten; of a layer that holds layers and is no model, that layer as a whole.
        classes: how many the new dense layer tells apart; by default as many as the model.
        units: of a new 3x3 convolution with rectifiers between trunk and average, which is then what the map is of; by
            default there is none. Zhou et al. add one of 1,024: what a layer in the middle of a net answers to was
            never meant to be averaged.

    Returns:
        A functional model: its input, ``"trunk"``, ``"cam_conv"`` where there are `units`, ``"gap"`` and ``"preds"``;
        not compiled. The new layers begin with the same weights each time.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: it is subclassed or not built; `layer` gives no maps, or is inside of one that cannot be cut;
            `classes` is less than 2, or is not given and the model has several outputs or none of classes; `units` is
            less than 1.

    Source:
        Zhou et al. 2016, arXiv:1512.04150, section 3.1, with ``units=1024``, cut where the maps are 13x13 or 14x14.

    Example:
        >>> new = kv.with_gap_head(vgg, layer="block4_conv3", classes=10)
        >>> new.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        >>> new.fit(x, y, epochs=1, callbacks=[kv.callbacks.GapCAM(x[:16], y[:16])])
    """
    check_graph(model)
    outline = probe(model).outline(sample(model))
    path = _cut(model, outline, layer)
    width = _classes(outline, classes)
    added = None if units is None else _whole("units", units, 1)
    stem = trunk(model, path)
    given = fresh(stem.input)
    maps = stem(given)
    # In float32 also where the trunk is not, as Keras advises for a softmax; with a seed, for an initializer that has
    # none draws from the user's random state.
    own = {"dtype": "float32", "kernel_initializer": keras.initializers.GlorotUniform(seed=0)}
    if added is not None:
        options = {"padding": "same", "activation": "relu", "data_format": "channels_last", "name": "cam_conv", **own}
        maps = keras.layers.Conv2D(added, 3, **options)(maps)
    mean = keras.layers.GlobalAveragePooling2D(data_format="channels_last", dtype="float32", name="gap")(maps)
    chances = keras.layers.Dense(width, activation="softmax", name="preds", **own)(mean)
    return keras.Model(given, chances, name=f"{model.name}_gap")


def _weigh(grads: tuple[Any, ...], acts: Mapping[str, Any]) -> Any:
    """Equation 2: ``(n, h', w', k)`` of both to ``(n, h', w')``.

    Of a mean over h'w' positions the gradient is w/(h'w') at each of them: the weights are their sum.
    """
    (grad,), (maps,) = grads, acts.values()
    return ops.einsum("nk,nijk->nij", ops.sum(grad, axis=(1, 2)), maps)


def _averaged(model: keras.Model, data: Batch, outline: Outline, asked: Target) -> str:
    """Return the layer of whose averages the target is a weighted sum, or say why there is none."""
    asked = asked.asked if isinstance(asked, Settled) else asked
    terms = asked.terms if isinstance(asked, Combination) else (asked,)
    for term in terms:
        if not isinstance(term, Logit) or isinstance(term, Probability):
            raise ValueError(
                "`target`: gap_cam is of a class's logit or a weighted sum of logits, which alone are weighted sums of "
                f"averages; received {term}. Use grad_cam for it."
            )
    paths = set()
    for output in dict.fromkeys(term.output or "" for term in terms):
        found = averaged(model, data, output)
        if found.layer is None:
            raise ValueError(
                "`model` must end in the average of a layer's maps over all positions and one dense layer. Before the "
                f"logits of output {output!r} stands {found.instead}. Use grad_cam, which takes any head, or train "
                "with_gap_head(model), which gives it such a one."
            )
        paths.add(found.layer)
    if len(paths) > 1:
        raise ValueError(
            f"`target`: its outputs average different layers, {', '.join(sorted(paths))}. Ask about one of them."
        )
    (path,) = paths
    shape = outline.single(path)
    if path not in outline.maps():
        raise ValueError(
            f"`model` averages the maps of {path!r}, which have one position alone, {shape}: they show no place. "
            "Use grad_cam with `layer=`."
        )
    return path


def _cut(model: keras.Model, outline: Outline, layer: str | keras.layers.Layer | None) -> str:
    """Return the layer after which to cut."""
    asked = Sight(outline).last() if layer is None else layers.find(model, layer)[0]
    path = nearest_cut(model, asked)
    if path != asked and layer is not None:
        raise ValueError(
            f"`layer={asked!r}` is inside of {path!r}, whose call is Python code, which cannot be cut. "
            f"Give `layer={path!r}` or another that is not inside of it."
        )
    shape = outline.single(path)
    if path not in outline.maps():
        cuts = [other for other in outline.maps() if nearest_cut(model, other) == other]
        raise ValueError(
            f"`layer={path!r}` gives no maps (h', w', k) of more than one position but {shape}. "
            f"These do: {', '.join(cuts[-6:])}."
        )
    if not outline.layers[path].sees_input:
        raise ValueError(f"`layer={path!r}` does not depend on the model's input, so that its maps show nothing of it.")
    return path


def _classes(outline: Outline, classes: int | None) -> int:
    """Return how many classes the new head is for."""
    if classes is None:
        ends = list(outline.outputs.values())
        if len(ends) != 1 or len(ends[0].shape) != 1 or ends[0].classes < 2:
            told = ", ".join(f"{name!r} {facts.shape}" for name, facts in outline.outputs.items())
            raise ValueError(f"`classes` must be given: the model's outputs, {told}, do not say how many there are.")
        return ends[0].classes
    return _whole("classes", classes, 2)


def _whole(argument: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"`{argument}` must be a whole number of {least} or more; received {value!r}.")
    return int(value)
