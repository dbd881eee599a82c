"""Which pixels does the net trace the target back to, where rectifiers let only positive signals back?"""

from __future__ import annotations

import keras

from keras_vis.engine import reach
from keras_vis.engine.batch import take
from keras_vis.engine.probe import probe
from keras_vis.engine.target import Target
from keras_vis.engine.words import Labels, captions, question
from keras_vis.picture import HeatMaps, about


def guided_backprop(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps:
    """Differentiate the target with respect to every pixel, each ReLU passing only what is positive both ways.

    A ReLU passes the signal that comes back to it where the signal is positive and the ReLU's own input was (for a
    ReLU6, between 0 and 6); all else passes its gradient.

    The pictures show what there is in the image that excites the net, more than what decided the target: they hardly
    change when the weights of the last layers are drawn anew at random, as an edge detector's would not, and fail
    "Sanity Checks for Saliency Maps" (Adebayo et al. 2018, arXiv:1810.03292). Nie et al. 2018, arXiv:1805.07039,
    explain why: the rule recovers parts of the image, whatever the class. Ask `saliency` or `grad_cam` what a decision
    rests on.

    Args:
        model: any Keras model of images. Where it has other activations than ReLU and ReLU6, a warning names their
            layers: for them there is no rule, and the picture lies between this method's and `saliency`'s.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class. The values of a
            sum of targets are not the sum of their values: a ReLU passes the signals' sum where that is positive.
        input: which input's pixels, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h, w, c)``, signed, in units of the target per unit of the pixel. Drawn is the
        largest absolute value over the channels. `about` names in `unreached` the layers that the rule does not reach.

    Raises:
        TypeError: `model` is no Keras model, `images` no numbers, `target` none of what it may be.
        ValueError: shapes, classes or layers that do not fit the model; an input of integers.

    Source:
        Springenberg, Dosovitskiy, Brox & Riedmiller 2014, arXiv:1412.6806, section 3.4 and figure 1:
        R^l = (f^l > 0) · (R^{l+1} > 0) · R^{l+1}. The paper has no ReLU6; the upper bound is ours, and shuts as the
        lower one does.

    Example:
        >>> kv.guided_backprop(model, digits[:4], 3).save("three.png")
    """
    return _ruled("guided_backprop", "Guided backprop", "guided", model, images, target, input, labels, batch, progress)


def deconvnet(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps:
    """Trace the target back to every pixel, each ReLU passing the positive part of what comes back to it.

    Whether the ReLU was open on the way up makes no difference. A max-pooling sends the signal back to where its
    maximum was (its switch), a convolution through its transposed kernels; all else passes its gradient.

    ``deconvnet(model, images, kv.StrongestNeuron(layer, k))`` is the paper's own procedure: of a feature map, the
    strongest activation is kept, all others are set to zero, and it is projected down to pixels. From a class it is the
    same way down.

    The image has a part in the way down by the switches alone: without max-poolings (in a MobileNet) one class has the
    same values for every image. `guided_backprop` was made for such nets.

    The pictures show what there is in the image that excites the net, more than what decided the target: they hardly
    depend on the class, or on the weights of the last layers, and so fail "Sanity Checks for Saliency Maps" (Adebayo et
    al. 2018, arXiv:1810.03292). That paper tried `guided_backprop`, not this; of both, Nie et al. 2018,
    arXiv:1805.07039, show that they recover parts of the image, whatever the class, and Mahendran & Vedaldi 2016
    ("Salient Deconvolutional Networks") that the picture depends little on the neuron asked. Ask `saliency` or
    `grad_cam` what a decision rests on.

    Args:
        model: any Keras model of images. Where it has other activations than ReLU and ReLU6, a warning names their
            layers: for them there is no rule, and the picture lies between this method's and `saliency`'s.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class. The values of a
            sum of targets are not the sum of their values: a ReLU passes the positive part of the signals' sum.
        input: which input's pixels, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h, w, c)``, signed, in units of the target per unit of the pixel. Drawn is the
        largest absolute value over the channels. `about` names in `unreached` the layers that the rule does not reach.

    Raises:
        TypeError: `model` is no Keras model, `images` no numbers, `target` none of what it may be.
        ValueError: shapes, classes or layers that do not fit the model; an input of integers.

    Source:
        Zeiler & Fergus 2013, arXiv:1311.2901, section 2.1: unpool with switches, rectify, filter with the transposed
        kernels. The signal starts at 1, not at the activation's height, which would only scale it. Where windows of a
        pooling overlap, what they send back to one place is summed. The contrast normalisation between the paper's own
        layers is no part of its way down; here a model's normalisations pass their gradient.

    Example:
        >>> kv.deconvnet(model, digits[:4], kv.StrongestNeuron("conv_2", 7))
    """
    return _ruled("deconvnet", "Deconvnet", "deconv", model, images, target, input, labels, batch, progress)


def _ruled(
    method: str,
    name: str,
    rule: str,
    model: keras.Model,
    images: object,
    target: object,
    input: int | str | None,
    labels: Labels | None,
    batch: int | None,
    progress: bool,
) -> HeatMaps:
    """Differentiate with a backward rule, and warn of the layers that it does not reach."""
    data = take(model, images)
    which = data.pick_input(input)
    result = probe(model).run(data, target, wrt=(which,), relu=rule, batch=batch, progress=progress)
    reach.warn(method, result.unreached)
    return HeatMaps(
        result.grads[0],
        data.shown(which),
        captions=captions(result, labels),
        title=f"{name} of the {question(result, labels)}",
        about=about(method, target=str(result.target), input=data.names[which], unreached=result.unreached),
    )
