"""Which pixels would change the target most, and which have made it what it is?"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_vis.engine.batch import Batch, fill, pack, take
from keras_vis.engine.noise import STATISTICS, Noise
from keras_vis.engine.probe import probe
from keras_vis.engine.target import Target
from keras_vis.engine.variants import Variants
from keras_vis.engine.words import Labels, captions, number, question
from keras_vis.picture import HeatMaps, about


def saliency(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps:
    """Differentiate the target with respect to every pixel and channel.

    Args:
        model: any Keras model of images.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class.
        input: which input's pixels, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
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


def input_x_gradient(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps:
    """Multiply every pixel and channel by the target's derivative with respect to it.

    On a net of rectifiers without biases the products sum to the target. A pixel of value 0 gets 0, whatever it means.

    Args:
        model: any Keras model of images.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class.
        input: which input's pixels, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h, w, c)``, in units of the target: what speaks for it is positive. Drawn is the
        sum over the channels.

    Raises:
        TypeError, ValueError: as for `saliency`.

    Source:
        Shrikumar, Greenside, Shcherbina & Kundaje 2016, arXiv:1605.01713, section 3.2, who show that it equals
        layer-wise relevance propagation there.

    Example:
        >>> kv.input_x_gradient(model, digits[:4]).values.sum(axis=(1, 2, 3))
    """
    data = take(model, images)
    which = data.pick_input(input)
    result = probe(model).run(data, target, wrt=(which,), batch=batch, progress=progress)
    return HeatMaps(
        data.arrays[which] * result.grads[0],
        data.shown(which),
        signed=True,
        channels="sum",
        captions=captions(result, labels),
        title=f"Input × gradient of the {question(result, labels)}",
        about=about("input_x_gradient", target=str(result.target), input=data.names[which]),
    )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Attributions(HeatMaps):
    """Maps that share out what the target has changed by, and how far they miss it.

    Attributes:
        completeness: ``(n,)``, the sum of each map less the change of the target; 0 where nothing is lost.
    """

    completeness: np.ndarray


def integrated_gradients(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    steps: int = 50,
    baseline: float | object = 0.0,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Attributions:
    """Average the target's gradient along the straight line from a baseline to the image; multiply by their difference.

    The values sum to the change of the target from the baseline to the image, but for the error of the quadrature.

    Args:
        model: any Keras model of images.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default each image's predicted class. What it leaves to
            the image, such as the predicted class, is taken from the image and kept along the line.
        steps: points on the line, at least 1: the nodes of the Gauss-Legendre rule.
        baseline: where the line begins: a number, in units of the model's input, one image ``(h, w, c)`` or one for
            each, ``(n, h, w, c)``. Pixels that equal it get 0.
        input: which input's pixels, by name or index; by default the only one that holds images. Others stay as they
            are along the line.
        labels: names of the classes, for captions; by default their numbers.
        batch: points at once, by default 64 of small or 32 of large images; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h, w, c)``, in units of the target: what speaks for it is positive. Drawn is the
        sum over the channels. `completeness`, ``(n,)``, is Σ values − (f(x) − f(baseline)); the caption tells the sum
        and what it should be.

    Raises:
        TypeError: as for `saliency`; `baseline` is no number and no image.
        ValueError: as for `saliency`; `steps` < 1; a `baseline` of another shape than the image.

    Source:
        Sundararajan, Taly & Yan 2017, arXiv:1703.01365, equation 1 and proposition 1 (completeness). Where they take a
        Riemann sum (equation 3), the Gauss-Legendre rule is taken here, which gains more from each point.

    Example:
        >>> kv.integrated_gradients(model, digits[:4], steps=100).completeness
    """
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise ValueError(f"`steps` must be a whole number of points, at least 1; received {steps!r}.")
    data = take(model, images)
    which = data.pick_input(input)
    x = data.floats(which)
    start = fill(baseline, x, "baseline")
    room = probe(model)
    ends, settled = room.ask(data, target, instead=data.put(which, np.broadcast_to(start, x.shape)), batch=batch)
    told = captions(ends, labels)
    nodes, weights = _quadrature(int(steps))
    line = Variants(_between, len(nodes), lambda image, version: nodes[version], start, weights, which)
    result = room.run(
        data, settled, wrt=(which,), variants=line, batch=batch, progress=progress and "integrated_gradients"
    )
    values = (x - start) * result.grads[0]
    sums = values.sum(axis=tuple(range(1, values.ndim)), dtype=np.float64)
    change = ends.scores.astype(np.float64) - np.asarray(ends.instead)
    told = tuple(f"{line}\n{_share(*pair)}" for line, *pair in zip(told, sums, change, strict=True))
    origin = f"{np.asarray(baseline).item():g}" if np.ndim(baseline) == 0 else "a baseline"  # type: ignore[arg-type]
    return Attributions(
        values,
        data.shown(which),
        signed=True,
        channels="sum",
        captions=told,
        completeness=(sums - change).astype(np.float32),
        title=f"Integrated gradients from {origin} of the {question(ends, labels)}",
        about=about(
            "integrated_gradients",
            target=str(ends.target),
            input=data.names[which],
            steps=int(steps),
            baseline=np.asarray(baseline),
            completeness=sums - change,
        ),
    )


@functools.lru_cache(maxsize=8)
def _quadrature(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in (0, 1), and weights that sum to 1, of the Gauss-Legendre rule."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return ((nodes + 1) / 2).astype(np.float32), (weights / 2).astype(np.float32)


def _between(images: Any, baseline: Any, share: Any) -> Any:
    """The point at a share of the way from the baseline to the image."""
    return baseline + keras.ops.reshape(share, (-1, *[1] * (len(images.shape) - 1))) * (images - baseline)


def _share(total: float, change: float) -> str:
    """Say what the values sum to, what they should, and by how much they miss it."""
    missed = f", {100 * abs(total - change) / abs(change):.1f} % off" if change else ""
    return f"sum {number(total)} of {number(change)}{missed}"


def smooth(
    method: Callable[..., HeatMaps],
    *,
    samples: int = 50,
    noise: float = 0.15,
    statistic: str = "mean",
    seed: int = 0,
) -> Callable[..., HeatMaps]:
    """Return a function like `method` whose values are averaged over noisy copies of each image.

    Args:
        method: ``(model, images, target, *, options) -> HeatMaps``: of this package, or your own.
        samples: copies of each image, at least 1. They are streamed: memory does not grow with them.
        noise: standard deviation of the noise, as a share of each image's max − min; 0 gives the method itself.
        statistic: of the copies' values v: ``"mean"``; ``"square"``, the mean of v²; ``"variance"``, the mean of
            (v − mean)².
        seed: of the noise, which is the same for every image of a call.

    Returns:
        A function with the method's arguments, and these options besides, which may be given anew at each call; where
        the method has an option of the same name, that is meant. What `target` leaves to the image, such as the
        predicted class, is taken from the image itself and kept for its copies. An option with an array for each image
        (a baseline) is handed on with the copies.

    Raises:
        TypeError: `method` takes no model, images and target; later, it returns no `HeatMaps`.
        ValueError: an option that cannot be; later, a model's input of integers, to which no noise can be added.

    Source:
        Smilkov, Thorat, Kim, Viégas & Wattenberg 2017, arXiv:1706.03825: M̂(x) = 1/n Σ M(x + N(0, σ²)), section 3.
        ``"square"`` and ``"variance"`` (VarGrad): Hooker et al. 2018, arXiv:1806.10758, section 4.2; Adebayo et al.
        2018, arXiv:1810.03292. Copies come in pairs x + ε, x − ε: the expectation is the same, the error smaller.

    Example:
        >>> kv.smooth(kv.guided_backprop, samples=20)(model, digits[:4], 3)
        >>> model.fit(x, y, callbacks=[kv.EpochVisualizer(kv.smooth(kv.grad_cam), x[:16])])
    """
    own = inspect.signature(_checked(method)).parameters
    takes_any = any(part.kind is part.VAR_KEYWORD for part in own.values())
    inner = getattr(method, "func", method)  # a functools.partial has no name, but what it wraps has
    of = str(getattr(inner, "__name__", type(inner).__name__))
    name = f"smooth_{of}"
    given = dataclasses.asdict(Noise(samples, noise, statistic, seed))

    def smoothed(model: keras.Model, images: object, target: object = None, **options: Any) -> HeatMaps:
        copied = Noise(**{key: value if key in own else options.pop(key, value) for key, value in given.items()})
        ask = {key: options.get(key) for key in ("input", "labels", "batch")}
        shown = bool(options.get("progress", True))
        # What the method does not know is for the smoothing alone.
        for key in (*ask, "progress"):
            if key not in own and not takes_any:
                options.pop(key, None)
        if "progress" in own:
            options["progress"] = False  # one bar for all
        data = take(model, images)
        which = data.pick_input(ask["input"])
        x, size = data.floats(which), data.at_once(ask["batch"])
        bound = {**getattr(method, "keywords", {}), **options}
        each = {key: array for key, value in bound.items() if (array := _for_each(key, value, x)) is not None}
        result, settled = probe(model).ask(data, target, batch=size)
        told = captions(result, ask["labels"])
        made: list[HeatMaps] = []

        def answer(copies: Batch, owner: np.ndarray) -> np.ndarray:
            theirs = {key: array[owner] for key, array in each.items()}
            picture = method(model, pack(copies.structure, copies.arrays), settled.take(owner), **{**options, **theirs})
            if not isinstance(picture, HeatMaps) or len(picture.values) != len(copies):
                raise TypeError(
                    f"`method`: {of} must return `HeatMaps`, a map for each image; it returned "
                    f"{type(picture).__name__}. (Of several layers, smooth each on its own.)"
                )
            made[:] = [picture]
            return picture.values

        values = copied.average(answer, data, which, size=size, what=name, progress=shown)
        like = made[0]
        mean = copied.statistic == "mean"
        # The method's own facts, but for what it says of the copies.
        facts = {key: fact for key, fact in like.about.items() if key not in ("completeness", "versions", *each)}
        whole = {key: facts[key] for key in ("target", "input", "layer") if key in facts}
        return HeatMaps(
            values,
            data.shown(which),
            signed=like.signed and mean,
            origin=like.origin if mean else None,
            channels=like.channels,
            colours=like.colours,
            value_range=like.value_range,
            captions=told,
            title=f"{like.title}, {STATISTICS[copied.statistic]} over {copied.samples:,} noisy copies",
            about=about(name, **whole, **dataclasses.asdict(copied), smoothed=facts),
        )

    smoothed.__name__ = smoothed.__qualname__ = name
    smoothed.__doc__ = f"Average the values of `{of}` over noisy copies of each image; see `keras_vis.smooth`."
    # What tab completion shows: model, images and target; options by name; ``**options`` last.
    theirs = [
        part if i < 3 or part.kind is not part.POSITIONAL_OR_KEYWORD else part.replace(kind=part.KEYWORD_ONLY)
        for i, part in enumerate(own.values())
    ]
    ours = [inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=value) for key, value in given.items()]
    shown_as = sorted((*theirs, *(part for part in ours if part.name not in own)), key=lambda part: part.kind)
    smoothed.__signature__ = inspect.Signature(shown_as, return_annotation=HeatMaps)  # type: ignore[attr-defined]
    return smoothed


def smooth_grad(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    samples: int = 50,
    noise: float = 0.15,
    statistic: str = "mean",
    seed: int = 0,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps:
    """Average the gradient of the target over noisy copies of each image: `smooth` of `saliency`.

    Args:
        model: any Keras model of images.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default the class predicted of the image itself.
        samples: noisy copies of each image, at least 1.
        noise: standard deviation of the noise, as a share of each image's max − min.
        statistic: ``"mean"``, ``"square"`` or ``"variance"``, see `smooth`.
        seed: of the noise, which is the same for every image.
        input: which input's pixels, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: copies at once, by default 64 of small or 32 of large images; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h, w, c)``, in units of the target per unit of the pixel (their squares, for the
        other statistics). Drawn is the largest absolute value over the channels.

    Raises:
        TypeError, ValueError: as for `saliency` and `smooth`.

    Source:
        Smilkov et al. 2017, arXiv:1706.03825; see `smooth`.

    Example:
        >>> kv.smooth_grad(model, digits[:4], 3, samples=20).save("three.png")
    """
    smoothed = smooth(saliency, samples=samples, noise=noise, statistic=statistic, seed=seed)
    picture = smoothed(model, images, target, input=input, labels=labels, batch=batch, progress=progress)
    return dataclasses.replace(
        picture,
        title=picture.title.replace("Saliency: ", "SmoothGrad: "),
        about={**picture.about, "method": "smooth_grad"},
    )


def _checked(method: Callable[..., HeatMaps]) -> Callable[..., HeatMaps]:
    if not callable(method):
        raise TypeError(f"`method` must be a function (model, images, target, ...); received {method!r}.")
    signature = inspect.signature(method)
    try:
        signature.bind(None, None, None)
    except TypeError:
        raise TypeError(f"`method` must take a model, images and a target; received {method!r}{signature}.") from None
    return method


def _for_each(key: str, value: object, images: np.ndarray) -> np.ndarray | None:
    """Return an option that holds an image for each image, as one array; None for any other."""
    several = isinstance(value, list | tuple) and all(hasattr(part, "__array__") for part in value)
    if not several and not hasattr(value, "__array__"):
        return None
    array, one = np.asarray(value), images.shape[1:]
    if array.shape[1:] not in (one, one[:-1] if one[-1] == 1 else one) or len(array) == 1:
        return None
    if len(array) != len(images):
        raise ValueError(f"`{key}` has {len(array)} entries, but there are {len(images)} images. Give one for each.")
    return array
