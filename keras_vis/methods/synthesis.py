"""Which image does a unit want to see?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import keras
import numpy as np

from keras_vis.engine import layers
from keras_vis.engine.batch import bar, take, with_channels
from keras_vis.engine.blank import NOISE, blank, repeated
from keras_vis.engine.bounds import ends, inside, positive, whole
from keras_vis.engine.climb import Climb, Way, climb
from keras_vis.engine.penalties import Norm, TotalVariation
from keras_vis.engine.probe import probe
from keras_vis.engine.settled import Settled
from keras_vis.engine.several import as_targets
from keras_vis.engine.target import Combination, Target, as_target
from keras_vis.engine.transforms import Jitter, Rotate, Scale, Transform
from keras_vis.engine.units import Likeness, Neuron, StrongestNeuron
from keras_vis.engine.words import Labels, captions, check_labels, number, of_each, percent, question
from keras_vis.measure.drift import Drift
from keras_vis.picture import Ascent, Gallery, Images, about

if TYPE_CHECKING:
    from keras_vis.engine.outline import Outline

# Chosen by looking, at digits and at a MobileNet's photographs: the notebook shows what else was tried.
_STEP = 0.02  # of the value range
_PENALTY = 0.1 * Norm(2)
_MOVES: tuple[Transform, ...] = (Jitter(), Rotate(), Scale())
_COORDINATES = {"fourier": "Fourier coordinates", "pixels": "pixels"}
_LEAST = 8  # pixels along the shorter side of an octave


def activation_maximization(
    model: keras.Model,
    target: int | object | Target,
    *,
    penalty: Target | None = _PENALTY,
    steps: int = 256,
    step_size: float = _STEP,
    parameterization: str = "fourier",
    transforms: Sequence[Transform] = _MOVES,
    value_range: tuple[float, float] = (0.0, 1.0),
    initial: object = None,
    frames: int | None = None,
    seed: int = 0,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Ascent:
    """Climb the gradient of a target, or of a list of targets at once, from noise to an image.

    At each step the image is moved by the transforms; its target is differentiated with respect to it and the gradient
    divided by its RMS over the image; N times the gradient of the penalty is taken off, N being the number of values in
    the image, and the image measured in units of the value range; what is left is divided by its RMS again and laid on,
    times `step_size`; and what leaves the value range is cut off. So `step_size` and the weights of penalties mean the
    same for every model and unit and however wide the range is; a norm is measured from zero, wherever that lies in it.

    Args:
        model: any Keras model of images.
        target: a class (int), classes, a `keras_vis.Target`, or a list of these: an image for each. A target with an
            array of classes or channels, such as ``Channel("conv_1", range(32))``, asks for an image for each.
        penalty: what the image should not be: `TotalVariation`, `Norm`, sums and multiples of them, by default
            ``0.1 * Norm(2)``; None for none.
        steps: how many.
        step_size: RMS of a step, as a share of the value range.
        parameterization: ``"fourier"`` takes steps that grow large forms before small ones, in the colours of natural
            images; ``"pixels"`` takes them along the gradient.
        transforms: how the image is moved at random before the model sees it, in this order, by default ``(Jitter(),
            Rotate(), Scale())``; ``()`` for not at all.
        value_range: the lowest and the highest value of a pixel, as the model's preprocessing leaves them.
        initial: what to start from: None for noise about the middle of the value range, ``"mean"`` for that middle
            itself, or images, one or one for each target; of a model of several inputs an array for each.
        frames: how many images of the way to keep, for a GIF; None for none.
        seed: of noise and transforms, which are the same for all images of a call.
        input: which input is the image, where `initial` holds several, by name or index.
        labels: names of the classes, for captions; by default their numbers.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `Ascent` with `values` ``(n, h, w, c)`` in the value range, an image for each target, and `scores` ``(steps,
        n)``, the targets' numbers before each step, of the moved images; ``.curve()`` draws them. With `frames`,
        ``.save("way.gif")`` shows how the images grew.

    Raises:
        TypeError: `model` is no Keras model; `target`, `penalty` or a transform is none of what it may be.
        ValueError: nothing is asked for; a layer, class or start that does not fit the model; a value range that is
            empty; a target that does not depend on the image.

    Warns:
        RuntimeWarning: an image's gradient is not finite: it is the last of which all was; the step is named.

    Source:
        Erhan, Bengio, Courville & Vincent 2009, "Visualizing Higher-Layer Features of a Deep Network", section 3;
        Simonyan, Vedaldi & Zisserman 2013, arXiv:1312.6034, equation 1, with the L2 penalty; Mahendran & Vedaldi 2015,
        arXiv:1412.0035, with total variation; Olah, Mordvintsev & Schubert 2017, doi:10.23915/distill.00007, with the
        transforms and the Fourier coordinates. Here gradients are divided by their RMS. Where a gradient is
        zero everywhere, as that of a silent unit, it is let through the rectifiers, as Lucid does in its first steps.

    Example:
        >>> kv.activation_maximization(model, range(10))
    """
    low, high = ends(value_range)
    if not isinstance(parameterization, str) or parameterization not in _COORDINATES:
        raise ValueError(
            f"`parameterization={parameterization!r}` is unknown. Give one of {', '.join(map(repr, _COORDINATES))}."
        )
    moves, kept = _transforms(transforms), _frames(frames)
    whole(steps, "steps")
    positive(step_size, "step_size")
    start, which = blank(model, initial, (low, high), whole(seed, "seed", 0), input)
    room = probe(model)
    asked = as_targets(target, room.outline(start))
    check_labels(labels, asked, room.outline(start))
    start = repeated(start, len(asked.each))
    cost = None if penalty is None else _penalty(penalty).resolve(room.outline(start), len(start))
    with bar(steps * len(start), "activation_maximization", progress) as shown:
        way = climb(
            model,
            start,
            asked,
            low=low,
            high=high,
            stride=step_size * (high - low),
            steps=steps,
            span=high - low,
            which=which,
            way=Way(cost, moves, fourier=parameterization == "fourier"),
            seed=seed,
            frames=kept,
            batch=batch,
            shown=shown if progress else None,
        )
    made = start.put(which, way.images)
    scores = room.run(made, asked, wrt=(), batch=batch).scores
    told, names = of_each(asked, scores, room.outputs(made, batch=batch), labels)
    still = [np.array_equal(*pair) for pair in zip(way.images, start.arrays[which], strict=True)]
    told = tuple(f"{line}\nnever moved: gradient 0" if same else line for line, same in zip(told, still, strict=True))
    few = len(asked.each) < 4
    return _ascent(
        way,
        told,
        names=names,
        value_range=(low, high),
        title=f"Activation maximisation of the {', '.join(names)}" if few else "Activation maximisation",
        note="; ".join(
            (
                f"{steps} steps in {_COORDINATES[parameterization]}",
                "no penalty" if cost is None else f"penalty {cost.describe(str)}",
                _moves(moves),
            )
        ),
        about=about(
            "activation_maximization",
            target=str(asked),
            penalty=None if penalty is None else str(penalty),
            steps=steps,
            step_size=step_size,
            parameterization=parameterization,
            transforms=[repr(move) for move in moves],
            value_range=[low, high],
            initial=initial if isinstance(initial, str) else "noise" if initial is None else "given",
            seed=seed,
            stopped=way.stops(),
        ),
    )


def deep_dream(
    model: keras.Model,
    images: object,
    target: int | object | Target,
    *,
    octaves: int = 3,
    octave_scale: float = 1.4,
    steps: int = 20,
    step_size: float = _STEP,
    transforms: Sequence[Transform] = _MOVES[:1],
    value_range: tuple[float, float] = (0.0, 1.0),
    frames: int | None = None,
    seed: int = 0,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Ascent:
    """Climb the gradient of a target from photographs, first in small copies of them, then in larger ones.

    The smallest copy (octave) is climbed; what has been added to it is enlarged and laid on the next copy, which is
    climbed in turn, up to the image itself. The steps are those of `activation_maximization` in pixels, without a
    penalty.

    Args:
        model: any Keras model of images. For octaves it must be one that can look at smaller images, as convolutions
            can, or at least its layers up to the one that is asked about.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what to see more of: `keras_vis.Energy` of a layer, or any other, see `keras_vis.Target`; None is each
            image's predicted class.
        octaves: how many sizes; 1 is the image's own alone.
        octave_scale: each size to the next smaller one, above 1.
        steps: how many in each octave.
        step_size: RMS of a step, as a share of the value range.
        transforms: how the image is moved at random before the model sees it, in this order, by default
            ``(Jitter(),)``; ``()`` for not at all.
        value_range: the lowest and the highest value of a pixel, as the model's preprocessing leaves them.
        frames: how many images of the way, at the largest size, to keep, for a GIF; None for none.
        seed: of the transforms, which are the same for all images of a call.
        input: which input is the image, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `Ascent` with `values` ``(n, h, w, c)`` in the value range and `scores` ``(octaves * steps, n)``, the target's
        number before each step; those of different octaves are of images of different size.

    Raises:
        TypeError: as for `activation_maximization`.
        ValueError: an image outside the value range; an octave that is too small for the model, or at which it cannot
            look; what does not fit the model.

    Warns:
        RuntimeWarning: an image's gradient is not finite: it is the last of which all was; the step is named.

    Source:
        Mordvintsev, Olah & Tyka 2015, "Inceptionism: Going Deeper into Neural Networks", and the notebook published
        with it, which divides the gradient by its mean absolute value; here by its RMS.

    Example:
        >>> kv.deep_dream(model, photo, kv.Energy("conv_pw_6"))
    """
    data = take(model, images)
    which = data.pick_input(input)
    low, high = inside(data, which, value_range)
    moves = _transforms(transforms)
    kept = _frames(frames)
    whole(steps, "steps")
    whole(seed, "seed", 0)
    positive(step_size, "step_size")
    sizes = _octaves(data.arrays[which].shape[1:3], whole(octaves, "octaves"), octave_scale)
    room = probe(model)
    asked = as_target(target, room.outline(data), len(data))
    if octaves > 1 and any(isinstance(term, Neuron) for term in _terms(asked)):
        raise ValueError(f"`target`: {asked} names a place, which is another at each size. Give `octaves=1`.")
    check_labels(labels, asked, room.outline(data))
    data = data.looking(which)
    before = room.run(data, asked, wrt=(), batch=batch)
    classes, wanted = asked.indices(len(data)), asked
    if asked.alone and not any(isinstance(term, StrongestNeuron) for term in _terms(asked)):
        # The class that is predicted of the image, not of what becomes of it.
        wanted = room.ask(data, asked, batch=batch)[1]
    given, added, ways = data.arrays[which], np.zeros(0), list[Climb]()
    with bar(len(sizes) * steps * len(data), "deep_dream", progress) as shown:
        for octave, size in enumerate(sizes):
            base = _resized(given, size)
            begun = (base + (_resized(added, size) if ways else 0.0)).clip(low, high)
            way = climb(
                model,
                data.put(which, begun),
                wanted,
                low=low,
                high=high,
                stride=step_size * (high - low),
                steps=steps,
                which=which,
                way=Way(transforms=moves),
                seed=seed + octave,  # the transforms of each octave are others
                frames=kept if size == sizes[-1] else 0,
                batch=batch,
                resized=size != sizes[-1],
                again=octave > 0,
                shown=shown if progress else None,
            )
            ways.append(way)
            added = way.images - base
    made = data.put(which, ways[-1].images)
    after = room.run(made, wanted, wrt=(), batch=batch)
    told = [f"{number(a)} \u2192 {number(b)}" for a, b in zip(before.scores, after.scores, strict=True)]
    if classes is not None and isinstance(wanted, Settled):
        # Of a class one also wants to hear how sure the model is now.
        named = dataclasses.replace(asked, index=wanted.content[0])  # type: ignore[type-var]
        lines = captions(dataclasses.replace(after, target=named), labels)
        told = [f"{line}\n{change}" for line, change in zip(lines, told, strict=True)]
    stops = [
        next((o * steps + int(way.stopped[i]) for o, way in enumerate(ways) if way.stopped[i] >= 0), -1)
        for i in range(len(data))
    ]
    way = dataclasses.replace(ways[-1], scores=np.concatenate([one.scores for one in ways]), stopped=np.array(stops))
    return _ascent(
        way,
        told,
        value_range=(low, high),
        title=f"Deep dream: the {question(before, labels)}",
        note=f"{octaves} octaves of {steps} steps; {_moves(moves)}",
        about=about(
            "deep_dream",
            target=str(asked),
            octaves=octaves,
            octave_scale=octave_scale,
            steps=steps,
            step_size=step_size,
            transforms=[repr(move) for move in moves],
            value_range=[low, high],
            seed=seed,
            input=data.names[which],
            stopped=way.stops(),
        ),
    )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Inversion(Ascent):
    """Images with nearly the code of others, and how nearly.

    Attributes:
        errors: ``(n,)``, ‖Φ(x) − Φ₀‖ / ‖Φ₀‖: 0 where the code is the same.
        originals: ``(n, h, w, c)``, the images whose code it is.
        layer: whose activations the code is.
    """

    errors: np.ndarray
    originals: np.ndarray
    layer: str

    def _drift(self, earlier: Self) -> Drift | None:
        return super()._drift(earlier) if np.array_equal(self.originals, earlier.originals) else None


def inversion(
    model: keras.Model,
    images: object,
    layer: str | keras.layers.Layer | Sequence[str | keras.layers.Layer],
    *,
    steps: int = 512,
    alpha: float = 6.0,
    norm: float = 0.1,
    total_variation: float = 0.05,
    step_size: float = 0.05,
    value_range: tuple[float, float] = (0.0, 1.0),
    frames: int | None = None,
    seed: int = 0,
    input: int | str | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Inversion | Gallery:
    """Look, from noise, for an image whose activations at a layer are those of a given image.

    Descends E(x) = ‖Φ(x) − Φ₀‖² / ‖Φ₀‖² + `norm` · mean |x|^alpha + `total_variation` · TV(x), x measured from the
    middle of the value range and in units of it, by steps along the gradient divided by its RMS that become smaller,
    evenly down to nothing. What the layer has lost cannot come back: the picture shows what it has kept.

    Args:
        model: any Keras model of images.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        layer: whose activations: a name, a path or the layer; a list of them for a `Gallery` with a column for each.
        steps: how many.
        alpha: the power of the norm.
        norm: its weight.
        total_variation: weight of the mean squared difference of neighbouring pixels.
        step_size: RMS of the first step, as a share of the value range.
        value_range: the lowest and the highest value of a pixel, as the model's preprocessing leaves them.
        frames: how many images of the way to keep, for a GIF; None for none.
        seed: of the noise, which is the same for all images of a call.
        input: which input is the image, by name or index; by default the only one that holds images.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `Inversion` with `values` ``(n, h, w, c)`` in the value range, `errors` ``(n,)``, the relative errors ‖Φ(x) −
        Φ₀‖ / ‖Φ₀‖, and `scores` ``(steps, n)``, −E at each step. Of several layers a `Gallery` of the images and, from
        ``.parts[1]`` on, these.

    Raises:
        TypeError: `model` is no Keras model, `images` no numbers, `layer` no layer.
        ValueError: shapes or layers that do not fit the model; an image outside the value range; a layer that is zero
            everywhere for an image, or does not depend on it.

    Warns:
        RuntimeWarning: an image's gradient is not finite: it is the last of which all was; the step is named.

    Source:
        Mahendran & Vedaldi 2015, arXiv:1412.0035, equations 1 to 4. Norm and total variation are means here, not sums,
        so that their weights do not depend on the size; they descend with momentum.

    Example:
        >>> kv.inversion(model, digits[:4], ["conv_1", "pool", "dense"])
    """
    data = take(model, images)
    which = data.pick_input(input)
    low, high = inside(data, which, value_range)
    whole(steps, "steps")
    stride = positive(step_size, "step_size") * (high - low)
    several = list(layer) if isinstance(layer, list | tuple) else [layer]
    if not several:
        raise ValueError("`layer` is empty. Give at least one layer.")
    paths = [layers.find(model, one)[0] for one in several]
    twice = [path for path in paths if paths.count(path) > 1]
    if twice:
        raise ValueError(f"`layer` names {twice[0]!r} {len(twice)} times. Give each layer once.")
    kept = _frames(frames)
    room, span = probe(model), high - low
    codes = room.activations(data, list(dict.fromkeys(paths)), batch=batch)
    penalty = _weight(norm, "norm") / span ** positive(alpha, "alpha") * Norm(alpha, (low + high) / 2)
    penalty += _weight(total_variation, "total_variation") / span**2 * TotalVariation()
    shape = data.arrays[which].shape
    grain = span * NOISE * np.random.default_rng(whole(seed, "seed", 0)).standard_normal(shape[1:], np.float32)
    begun = data.put(which, np.broadcast_to(grain + np.float32((low + high) / 2), shape).clip(low, high))
    found = []
    with bar(len(paths) * steps * len(data), "inversion", progress) as shown:
        for path in paths:
            likeness = _code(path, codes[path], room.outline(data), len(data))
            way = climb(
                model,
                begun,
                likeness,
                low=low,
                high=high,
                stride=stride,
                steps=steps,
                which=which,
                way=Way(penalty, fourier=True, relative=False, settling=True),
                frames=kept,
                batch=batch,
                shown=shown if progress else None,
            )
            made = begun.put(which, way.images)
            errors = np.sqrt(-room.run(made, likeness, wrt=(), batch=batch).scores)
            found.append(
                _ascent(
                    way,
                    [f"error {percent(error)}" for error in errors],
                    Inversion,
                    errors=errors,
                    originals=with_channels(data.arrays[which]),
                    layer=path,
                    value_range=(low, high),
                    title=f"Inversion of {path}: images with nearly the same activations there",
                    note=f"{steps} steps; error: distance of the activations, as a share of their norm",
                    about=about(
                        "inversion",
                        layer=path,
                        steps=steps,
                        alpha=alpha,
                        norm=norm,
                        total_variation=total_variation,
                        step_size=step_size,
                        value_range=[low, high],
                        seed=seed,
                        input=data.names[which],
                        stopped=way.stops(),
                    ),
                )
            )
    if not isinstance(layer, list | tuple):
        return found[0]
    original = Images(
        with_channels(data.arrays[which]), value_range=(low, high), about=about("inversion", layer="the images")
    )
    return original.beside(
        *found,
        names=("the image" if "image" in paths else "image", *paths),
        title="Inversion: what has each layer kept of the image?",
    )


def _code(path: str, code: np.ndarray, outline: Outline, n: int) -> Target:
    """What climbs towards a layer's activations."""
    silent = [i for i, one in enumerate(code) if not one.any()]
    if silent:
        raise ValueError(
            f"`layer={path!r}` is zero everywhere for entry {silent[0]} of `images`, so there is no code to come "
            "near to. Give another layer."
        )
    return Likeness(path, code).resolve(outline, n)


def _ascent(way: Climb, told: Sequence[str], kind: type[Any] = Ascent, **fields: Any) -> Any:
    """Return the picture of where an ascent has led, and say where it had to stop."""
    stops = way.stops()
    way.warn()
    lines = [f"stopped at step {stops[i]}: gradient not finite" if i in stops else line for i, line in enumerate(told)]
    frames = {}
    if len(way.frames):
        kept = np.stack([with_channels(frame) for frame in way.frames])
        frames = {"frames": kept, "frame_steps": tuple(way.frame_steps.tolist())}
    return kind(with_channels(way.images), scores=way.scores, captions=lines, **frames, **fields)


def _octaves(size: tuple[int, int], octaves: int, scale: object) -> list[tuple[int, int]]:
    """The sizes of an image, the smallest first and its own last."""
    ratio = positive(scale, "octave_scale")
    if ratio <= 1:
        raise ValueError(f"`octave_scale` must be above 1; received {scale!r}.")
    sizes = [(round(size[0] / ratio**k), round(size[1] / ratio**k)) for k in reversed(range(octaves))]
    if octaves > 1 and min(sizes[0]) < _LEAST:
        raise ValueError(
            f"`octaves={octaves}`: the smallest copy of the image would have {sizes[0][0]} x {sizes[0][1]} pixels. "
            "Give fewer octaves, or a smaller `octave_scale`."
        )
    return sizes


def _resized(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Images of another size; smaller ones are means, so that nothing small shines through as something else."""
    if images.shape[1:3] == size:
        return images
    made = keras.ops.image.resize(with_channels(images), size, interpolation="bilinear", antialias=True)
    return np.asarray(made, np.float32).reshape(len(images), *size, *images.shape[3:])


def _terms(target: Target) -> tuple[Target, ...]:
    return target.terms if isinstance(target, Combination) else (target,)


def _transforms(given: object) -> tuple[Transform, ...]:
    if (
        isinstance(given, Transform)
        or not isinstance(given, Sequence)
        or not all(isinstance(t, Transform) for t in given)
    ):
        raise TypeError(
            f"`transforms` must be a sequence of Jitter, Rotate, Scale or a Transform of your own; received {given!r}."
        )
    for one in given:
        try:
            hash(one)
        except TypeError:
            raise TypeError(
                f"`transforms`: a {type(one).__name__} cannot be hashed. Make it a frozen dataclass."
            ) from None
    return tuple(given)


def _penalty(given: object) -> Target:
    if not isinstance(given, Target):
        raise TypeError(
            f"`penalty` must be a Target, such as 0.1 * TotalVariation() + 0.1 * Norm(2), or None; received {given!r}."
        )
    return given


def _frames(given: object) -> int:
    return 0 if given is None else whole(given, "frames", 2)


def _weight(given: object, argument: str) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | np.number) or not 0 <= given < np.inf:
        raise ValueError(f"`{argument}` must be a number of at least 0; received {given!r}.")
    return float(given)


def _moves(moves: Sequence[Transform]) -> str:
    return ", ".join(str(move) for move in moves) or "not moved"
