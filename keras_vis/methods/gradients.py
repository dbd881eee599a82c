"""Which pixels would change the target most?"""

from __future__ import annotations

import keras

from keras_vis.engine.batch import take
from keras_vis.engine.probe import probe
from keras_vis.engine.target import Target
from keras_vis.engine.words import Labels, captions, question
from keras_vis.picture import HeatMaps, about


def saliency(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int = 32,
    progress: bool = True,
) -> HeatMaps:
    """Differentiate the target with respect to every pixel and channel.

    Args:
        model: any Keras model of images.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class.
        input: which input's pixels, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions.
        batch: images that go through the model at once; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h, w, c)``, signed, in units of the target per unit of the pixel. Drawn is the
        largest absolute value over the channels.

    Raises:
        TypeError: `model` is no Keras model, `images` no numbers, `target` none of what it may be.
        ValueError: shapes, classes or layers that do not fit the model; an input of integers.

    Source:
        Simonyan, Vedaldi & Zisserman 2013, arXiv:1312.6034, section 3.1: w = ∂S_c/∂I. The paper takes the maximum over
        the channels of the absolute value; here that is left to the drawing.

    Example:
        >>> kv.saliency(model, digits[:4], 3).values.shape
        (4, 28, 28, 1)
    """
    data = take(model, images)
    which = data.pick_input(input)
    result = probe(model).run(data, target, wrt=(which,), batch=batch, progress=progress)
    return HeatMaps(
        result.grads[0],
        data.shown(which),
        captions=captions(result, labels),
        title=f"Saliency: gradient of the {question(result, labels)}",
        about=about("saliency", target=str(result.target), input=data.names[which]),
    )
