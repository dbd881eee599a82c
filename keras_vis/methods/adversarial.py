"""Which small change deceives the model?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import keras
import numpy as np

from keras_vis.engine.batch import Batch, bar, take, with_channels
from keras_vis.engine.blank import blank, repeated
from keras_vis.engine.bounds import ends, inside, positive, whole
from keras_vis.engine.climb import Way, climb
from keras_vis.engine.loss import LogOdds
from keras_vis.engine.outline import Outline
from keras_vis.engine.probe import Pass, probe
from keras_vis.engine.settled import Settled
from keras_vis.engine.several import as_targets
from keras_vis.engine.target import Logit, Target, check_index, probabilities
from keras_vis.engine.words import Labels, class_names, percent
from keras_vis.measure.drift import Drift, by_rank
from keras_vis.picture import Ascent, Chart, Gallery, Images, about

_REACH = 2.5  # times ε: how far all steps go together, so that the ball's border is reached (Madry et al. 2017)
_ROWS = 64  # images at once in float64, so that 60,000 do not fill the memory
_PIECE = 4  # steps between two looks at how sure the model is; a look costs about a third of a step


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Adversarial(Images):
    """Images that were changed a little to deceive the model, and what it said before and after.

    They are drawn beside the images that they were made of, with the change between.

    Attributes:
        originals: ``(n, h, w, c)``, the images before.
        epsilon: the largest change of a pixel, in units of the image.
        before: ``(n,)``, the class predicted of each image.
        after: ``(n,)``, that predicted of it after the change.
        chances: ``(n, 2)``, the probability of each of the two, before and after.
        original_captions: below the images before; `captions` are below those after.
    """

    originals: np.ndarray
    epsilon: float
    before: np.ndarray
    after: np.ndarray
    chances: np.ndarray
    original_captions: Sequence[str] = ()

    @property
    def changed(self) -> np.ndarray:
        """Of which images another class is predicted now: ``(n,)``, bool."""
        return self.before != self.after

    def draw(self) -> np.ndarray:
        """Draw each image, the change, and the image after it, side by side.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        change = [f"ε = {self.epsilon:.3g}"] * len(self.values)
        scale = (-self.epsilon, self.epsilon)
        parts = (
            Images(self.originals, captions=self.original_captions, value_range=self.value_range),
            Images(self.values - self.originals, captions=change, value_range=scale),
            Images(self.values, captions=self.captions, value_range=self.value_range),
        )
        names = ("image", "change", "image + change")
        return Gallery(parts, names=names, title=self.title, note=self.note).draw()

    def _drift(self, earlier: Self) -> Drift | None:
        # of the change alone: the images themselves, nearly all of the numbers, are the same each time
        if not np.array_equal(self.originals, earlier.originals):
            return None
        return by_rank(self.values - self.originals, earlier.values - earlier.originals)


def adversarial(
    model: keras.Model,
    images: object,
    target: int | object | Logit | None = None,
    *,
    epsilon: float = 0.1,
    steps: int = 1,
    step_size: float | None = None,
    truth: int | object | None = None,
    value_range: tuple[float, float] = (0.0, 1.0),
    input: int | str | None = None,
    output: str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Adversarial:
    """Move every pixel by ε in the direction in which the loss rises, or falls for a class that is wanted.

    A pixel and channel whose gradient is 0 does not move.

    Args:
        model: a Keras model of images that ends in softmax or sigmoid.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: the class that the model should see: an int, one for each image, or a `Logit`. By default none is
            wanted, and the images are moved away from `truth`.
        epsilon: the most that a pixel changes, in units of the image.
        steps: in how many steps; after each one the gradient is taken anew.
        step_size: by how much a step moves a pixel, in units of the image; by default ε for one step, else
            2.5 ε / `steps`. No step leads out of the ball of ε round the image, or out of `value_range`.
        truth: the true class, for all images or for each; by default the class predicted of the image itself. Not with
            `target`.
        value_range: the lowest and the highest value of a pixel.
        input: which input is changed, by name or index; by default the only one that holds images.
        output: the name of the output, for a model of several.
        labels: names of the classes, for captions; by default their numbers.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `Images` with `values` ``(n, h, w, c)``, in units of the image, and `originals`, `before`, `after`, `changed`.
        Grey in the middle is no change.

    Warns:
        RuntimeWarning: an image's gradient is not finite: it is the last of which all was; the step is named.

    Raises:
        TypeError: `model` is no Keras model, `images` no numbers, `target` or `truth` no classes.
        ValueError: shapes or classes that do not fit the model; both `target` and `truth`; images outside
            `value_range`; a size that is not above 0; an output without softmax and sigmoid; an input of integers.

    Source:
        Goodfellow, Shlens & Szegedy 2014, arXiv:1412.6572, section 4: x + ε sign(∂J/∂x), J the cross-entropy with the
        true class, or with the predicted one, which leaks no label (Kurakin et al. 2016, arXiv:1611.01236). Towards a
        class, and in steps: Kurakin, Goodfellow & Bengio 2016, arXiv:1607.02533, section 2; the size of a step: Madry
        et al. 2017, arXiv:1706.06083, whose random start is left out. Differentiated are the log odds of the class:
        their gradient is the loss's times a negative number, and does not vanish where the model is sure (Carlini &
        Wagner 2016, arXiv:1608.04644).

    Example:
        >>> kv.adversarial(model, digits[:8], truth=labels[:8], epsilon=0.25).save("fooled.png")
        >>> kv.adversarial(model, digits[:8], 3, steps=10).after
    """
    if target is not None and truth is not None:
        raise ValueError("`target` leads towards a class, `truth` away from one: give one of them, or none.")
    epsilon, steps = positive(epsilon, "epsilon"), whole(steps, "steps")
    stride = _stride(epsilon, steps, step_size)
    data = take(model, images)
    which = data.pick_input(input)
    low, high = inside(data, which, value_range)
    room = probe(model)
    outline = room.outline(data)
    given, argument = (truth, "truth") if target is None else (target, "target")
    odds = _odds(given, outline, len(data), output, argument)
    names = class_names(labels, outline.outputs[str(odds.output)].classes)
    clean, settled = room.ask(data, (-1.0 if target is None else 1.0) * odds, batch=batch)
    x = data.floats(which)
    with bar(steps * len(data), "adversarial", progress) as shown:
        shown = shown if progress else None
        found = _moved(model, data, which, settled, epsilon, stride, steps, (low, high), batch, shown)
    moved, _ = room.ask(data.put(which, found), settled, batch=batch)
    sure = [_chances(result) for result in (clean, moved)]
    before, after = (chance.argmax(axis=1) for chance in sure)
    rows = np.arange(len(data))
    asked = None if given is None else odds.indices(len(data))
    told = _captions(names, sure, None if target is None else asked, asked if target is None else None)
    return Adversarial(
        with_channels(found),
        captions=told[1],
        value_range=(low, high),
        originals=with_channels(x),
        epsilon=epsilon,
        before=before.astype(np.int32),
        after=after.astype(np.int32),
        chances=np.stack([sure[0][rows, before], sure[1][rows, after]], axis=1).astype(np.float32),
        original_captions=told[0],
        title=f"{_called(steps, epsilon)} {_whither(asked, target is not None, names)}",
        note=_count(before, after, asked, target is not None),
        about=about(
            "adversarial",
            target=None if target is None else str(odds),
            truth=None if truth is None else asked,
            output=odds.output,
            input=data.names[which],
            epsilon=epsilon,
            steps=steps,
            step_size=stride,
            value_range=(low, high),
        ),
    )


def adversarial_accuracy(
    model: keras.Model,
    images: object,
    truth: object,
    *,
    epsilon: float | Sequence[float] = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3),
    steps: int = 1,
    value_range: tuple[float, float] = (0.0, 1.0),
    input: int | str | None = None,
    output: str | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Chart:
    """Count how many images the model still gets right when each is moved away from its true class by ε.

    Args:
        model: a Keras model of images that ends in softmax or sigmoid.
        images: as for `adversarial`.
        truth: the true classes, ``(n,)``.
        epsilon: one or several, rising, in units of the image; 0 is the images as they are.
        steps: as for `adversarial`.
        value_range: the lowest and the highest value of a pixel.
        input: which input is changed, by name or index; by default the only one that holds images.
        output: the name of the output, for a model of several.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        A `Chart` of `x`, each ε, and `y` ``(1, p)``, the share that is right, from 0 to 1; besides, `predicted`
        ``(p, n)``, the class predicted of each image.

    Raises:
        TypeError, ValueError: as for `adversarial`; `epsilon` falls, or is below 0.

    Source:
        Goodfellow, Shlens & Szegedy 2014, arXiv:1412.6572, section 4, who tell the error at ε = 0.25 of digits; as a
        curve: Madry et al. 2017, arXiv:1706.06083, section 5. See `adversarial`.

    Example:
        >>> kv.adversarial_accuracy(model, x_test[:1000], y_test[:1000]).values["y"]
    """
    sizes, steps = _sizes(epsilon), whole(steps, "steps")
    if truth is None:
        raise ValueError("`truth` must be the true classes: accuracy is counted against them.")
    data = take(model, images)
    which = data.pick_input(input)
    limits = inside(data, which, value_range)
    room = probe(model)
    odds = _odds(truth, room.outline(data), len(data), output, "truth")
    clean, settled = room.ask(data, -1.0 * odds, batch=batch)
    predicted = []
    passes = sum(size > 0 for size in sizes) * steps * len(data)
    with bar(passes, "adversarial_accuracy", progress) as shown:
        shown = shown if progress else None
        for size in sizes:
            logits = _logits(clean)
            if size > 0:
                stride = _stride(size, steps, None)
                found = _moved(model, data, which, settled, size, stride, steps, limits, batch, shown)
                logits = _logits(room.ask(data.put(which, found), settled, batch=batch)[0])
            predicted.append(logits.argmax(axis=1).astype(np.int32))
    right = (np.stack(predicted) == odds.indices(len(data))).mean(axis=1)
    how = "one step (FGSM)" if steps == 1 else f"{steps} steps"
    return Chart(
        "curves",
        {"x": np.array(sizes), "y": right[None], "predicted": np.stack(predicted)},
        text={
            "title": "How large a change does the model bear?",
            "x": f"ε: the most that a pixel changes, in {how} away from the true class",
            "y": f"accuracy, share of {len(data):,} images",
        },
        about=about(
            "adversarial_accuracy",
            output=odds.output,
            input=data.names[which],
            epsilon=sizes,
            steps=steps,
            value_range=limits,
        ),
    )


def fooling_image(
    model: keras.Model,
    target: int | object | Logit,
    *,
    confidence: float = 0.99,
    steps: int = 1000,
    step_size: float = 0.01,
    value_range: tuple[float, float] = (0.0, 1.0),
    initial: object = None,
    seed: int = 0,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Ascent:
    """Climb the log odds of a class from noise, until the model is that sure of it.

    Args:
        model: a Keras model of images that ends in softmax or sigmoid.
        target: the class, an int or a `Logit`, or several: an image is made for each.
        confidence: the probability at which an image is done, in (0, 1).
        steps: at most.
        step_size: RMS of a step, as a share of the value range.
        value_range: the lowest and the highest value of a pixel, as the model's preprocessing leaves them.
        initial: what to start from: None for uniform noise over the value range, ``"mean"`` for the middle of it, or
            images, one or one for each target; of a model of several inputs an array for each.
        seed: of the noise, which is the same for all images of a call.
        input: which input is the image, where `initial` holds several, by name or index.
        labels: names of the classes, for captions; by default their numbers.
        batch: images at once, by default 64 small or 32 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `Ascent` with `values` ``(n, h, w, c)``, in units of the image. `scores`, ``(steps + 1, n)``, are the
        probabilities before each step and, in the last row, of the images. How sure the model is, is looked at every
        four steps.

    Raises:
        TypeError: `model` is no Keras model, `target` no class.
        ValueError: a class that the model does not have; an option that cannot be; an output without softmax and
            sigmoid; a model of several inputs, or of images of no fixed size, without `initial`; the model is not that
            sure after `steps`.

    Source:
        Nguyen, Yosinski & Clune 2015, arXiv:1412.1897, section 3, figure 13, to 0.9999, from the mean image with a
        little noise. Here it is from noise alone, which nobody takes for a class, and by the log odds: they rise with
        the probability, whose own gradient vanishes where the model is sure that it sees something else.

    Example:
        >>> kv.fooling_image(model, range(10)).save("fooling.png")
    """
    if isinstance(confidence, bool) or not isinstance(confidence, int | float | np.number) or not 0 < confidence < 1:
        raise ValueError(f"`confidence` must be a probability, between 0 and 1; received {confidence!r}.")
    steps, seed = whole(steps, "steps"), whole(seed, "seed", 0)
    low, high = ends(value_range)
    stride = positive(step_size, "step_size") * (high - low)
    room = probe(model)
    data, which = blank(model, initial, (low, high), seed, input)
    x = data.floats(which)
    if initial is None:
        x = np.random.default_rng(seed).uniform(low, high, x.shape).astype(np.float32)
    outline = room.outline(data)
    index, name = _classes(target, outline)
    names = class_names(labels, outline.outputs[name].classes)
    data = repeated(data.put(which, x), len(index))
    with bar(steps * len(index), "fooling_image", progress) as shown:
        shown = shown if progress else None
        x, path, taken = _until_sure(
            model, data, which, index, name, confidence, steps, stride, (low, high), batch, shown
        )
    sure = path[-1]
    if (sure < confidence).any():
        worst = sure.argmin()
        raise ValueError(
            f"`steps={steps}` are not enough: the model gives class {names[index[worst]]} a probability of "
            f"{percent(sure[worst])}, and `confidence={confidence:g}` is asked for. Take more `steps`, a larger "
            f"`step_size` than {step_size:g}, a lower `confidence`, or another `seed`."
        )
    begun = "noise" if initial is None else "grey" if isinstance(initial, str) else "given images"
    return Ascent(
        with_channels(x),
        captions=[
            f"{names[c]}  {percent(share)}\n{f'after {count} steps' if count else 'from the start'}"
            for c, share, count in zip(index, sure, taken, strict=True)
        ],
        value_range=(low, high),
        title=f"Fooling images: climbed from {begun} until the model is {100 * confidence:g} % sure",
        scores=path.astype(np.float32),
        names=[names[c] for c in index],
        about=about(
            "fooling_image",
            target=index,
            output=name,
            confidence=float(confidence),
            steps=taken,
            step_size=step_size,
            value_range=(low, high),
            initial=initial if isinstance(initial, str) else "noise" if initial is None else "given",
            seed=seed,
            input=data.names[which],
        ),
    )


def _stride(epsilon: float, steps: int, step_size: object) -> float:
    if step_size is not None:
        return positive(step_size, "step_size")
    return epsilon if steps == 1 else _REACH * epsilon / steps


def _sizes(epsilon: object) -> tuple[float, ...]:
    """Return one or several rising numbers, none below 0."""
    try:
        sizes = np.asarray(epsilon, np.float64).reshape(-1)
    except (TypeError, ValueError):
        sizes = np.zeros(0)
    if not sizes.size or not np.isfinite(sizes).all() or (sizes < 0).any() or (np.diff(sizes) <= 0).any():
        raise ValueError(f"`epsilon` must be one or several rising numbers, none below 0; received {epsilon!r}.")
    return tuple(sizes.tolist())


def _output(outline: Outline, output: str | None) -> str:
    """Return the name of the output that is asked about, of which there are probabilities."""
    name = outline.pick_output(output)
    facts = outline.outputs[name]
    if len(facts.shape) != 1:
        shape = ", ".join("any" if size is None else str(size) for size in facts.shape)
        raise ValueError(f"`model`: output {name!r} is no vector of classes but (n, {shape}).")
    if facts.head == "linear":
        raise ValueError(
            f"`model`: output {name!r} ends in neither softmax nor sigmoid, so that there is no probability of a "
            "class. If it gives logits, add the activation: keras.Sequential([model, keras.layers.Softmax()])."
        )
    return name


def _odds(given: object, outline: Outline, n: int, output: str | None, argument: str) -> LogOdds:
    """Return the log odds of the classes that are given; of the predicted ones for None."""
    if isinstance(given, Target):
        if type(given) is not Logit or argument == "truth" or given.index is None:
            raise TypeError(
                f"`{argument}` must be a class (int), or one for each image; received {given}, which is no class."
            )
        if output is not None and given.output not in (None, output):
            raise ValueError(f"`target`: {given} and `output={output!r}` are two outputs. Leave one of them out.")
        output, given = given.output or output, given.index
    name = _output(outline, output)
    if given is None:
        return LogOdds(None, name)
    return LogOdds(check_index(given, n, outline.outputs[name].classes, f"class of output {name!r}", argument), name)


def _classes(target: object, outline: Outline) -> tuple[np.ndarray, str]:
    """Return the class of each image that is to be made, and the output that it is a class of."""
    if not isinstance(target, Target) and len(outline.outputs) == 1:
        _output(outline, None)
    each = as_targets(target, outline).each
    for one in each:
        if type(one) is not Logit:
            raise TypeError(
                f"`target` must be a class (int), a `Logit`, or several; received {one}, which is no class. "
                "activation_maximization climbs any target."
            )
    names = {str(one.output) for one in each}
    if len(names) > 1:
        raise ValueError(f"`target` holds classes of {len(names)} outputs, {', '.join(sorted(names))}. Ask about one.")
    return np.concatenate([one.indices(1) for one in each]), _output(outline, names.pop())


def _moved(
    model: keras.Model,
    data: Batch,
    which: int,
    target: Settled,
    epsilon: float,
    stride: float,
    steps: int,
    limits: tuple[float, float],
    batch: int | None,
    shown: Any,
) -> np.ndarray:
    """Return the images after some steps by the sign of the gradient, within ε and the value range."""
    low, high = _ball(data.floats(which), epsilon, limits)
    found = climb(
        model,
        data,
        target,
        low=low,
        high=high,
        stride=stride,
        steps=steps,
        which=which,
        way=Way(sign=True),
        batch=batch,
        shown=shown,
    )
    found.warn()
    return found.images


def _until_sure(
    model: keras.Model,
    data: Batch,
    which: int,
    index: np.ndarray,
    output: str,
    confidence: float,
    steps: int,
    stride: float,
    limits: tuple[float, float],
    batch: int | None,
    shown: Any,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Climb to each image's class.

    Returns:
        The images; the probabilities before each step and at the end, ``(steps + 1, n)``; how many steps each took.
    """
    room, pending = probe(model), np.arange(len(data))
    x, sure, taken = data.arrays[which].copy(), np.zeros(len(data)), np.zeros(len(data), int)
    path: list[np.ndarray] = []
    for done in range(0, steps + _PIECE, _PIECE):
        now = _some(data.put(which, x), pending)
        chance = _chances(room.ask(now, LogOdds(index[pending], output), batch=batch)[0])
        sure[pending] = chance[np.arange(len(pending)), index[pending]]
        pending, count = pending[sure[pending] < confidence], min(_PIECE, steps - done)
        if not pending.size or count <= 0:
            break
        found = climb(
            model,
            _some(data.put(which, x), pending),
            LogOdds(index[pending], output),
            low=limits[0],
            high=limits[1],
            stride=stride,
            steps=count,
            which=which,
            batch=batch,
            again=done > 0,
            shown=shown,
        )
        if found.stops():
            first, step = next(iter(found.stops().items()))
            raise ValueError(
                f"`target`: its gradient is not finite for model {model.name!r}, first for class "
                f"{index[pending[first]]} at step {done + step}."
            )
        rows = np.repeat(sure[None], count, axis=0)
        rows[:, pending] = 0.5 + 0.5 * np.tanh(0.5 * found.scores.astype(np.float64))  # e^z / (1 + e^z)
        path.append(rows)
        x[pending] = found.images
        taken[pending] += count
    return x, np.concatenate([*path, sure[None]]), taken


def _ball(x: np.ndarray, epsilon: float, limits: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest value of each pixel."""
    low, high = np.empty_like(x), np.empty_like(x)
    for begin in range(0, len(x), _ROWS):
        rows = slice(begin, begin + _ROWS)
        # In float64, and rounded inwards: in float32 x + ε may lie beyond ε.
        wide = x[rows].astype(np.float64)
        # Where an image lies a little outside the value range, by a rounding before, it may stay there.
        low[rows] = _inwards(np.maximum(wide - epsilon, np.minimum(limits[0], wide)), np.inf)
        high[rows] = _inwards(np.minimum(wide + epsilon, np.maximum(limits[1], wide)), -np.inf)
    return low, high


def _inwards(ends: np.ndarray, inner: float) -> np.ndarray:
    """Return float32 numbers, on the side of `inner` where they cannot be the same."""
    near = ends.astype(np.float32)
    out = near < ends if inner > 0 else near > ends
    return np.where(out, np.nextafter(near, np.float32(inner)), near)


def _some(data: Batch, which: np.ndarray) -> Batch:
    """Return some of the images, with what belongs to them."""
    return dataclasses.replace(data, arrays=tuple(array[which] for array in data.arrays))


def _logits(result: Pass) -> np.ndarray:
    assert result.logits is not None  # the target reads an output
    return result.logits


def _chances(result: Pass) -> np.ndarray:
    """Return the probability of each class, ``(n, classes)``, float64."""
    found = probabilities(_logits(result), result.head)
    assert found is not None  # other outputs have been refused
    return found


def _captions(
    names: list[str], sure: list[np.ndarray], wanted: np.ndarray | None, true: np.ndarray | None
) -> tuple[list[str], list[str]]:
    """Say what is predicted of each image, before and after."""
    before, after = [], []
    for i, (old, new) in enumerate(zip(*sure, strict=True)):
        first, now = int(old.argmax()), int(new.argmax())
        before.append(f"{names[first]}  {percent(old[first])}")
        after.append(f"{'still' if now == first else 'now'} {names[now]}  {percent(new[now])}")
        if true is not None and true[i] != first:
            before[-1] += f"\ntrue: {names[true[i]]}"
        if wanted is not None and wanted[i] != now:
            after[-1] += f"\nasked: {names[wanted[i]]}  {percent(new[wanted[i]])}"
    return before, after


def _called(steps: int, epsilon: float) -> str:
    return f"FGSM, one step of ε = {epsilon:.3g}" if steps == 1 else f"FGSM in {steps} steps within ε = {epsilon:.3g}"


def _count(before: np.ndarray, after: np.ndarray, asked: np.ndarray | None, towards: bool) -> str:
    """Say how many were deceived."""
    if asked is None:
        return f"{(before != after).sum()} of {len(after)} have another class now"
    if towards:
        return f"{(after == asked).sum()} of {len(after)} have the class asked for, {(before == asked).sum()} before"
    return f"{(after == asked).sum()} of {len(after)} are right, {(before == asked).sum()} before"


def _whither(asked: np.ndarray | None, towards: bool, names: list[str]) -> str:
    """Say towards which class, or away from which."""
    if asked is None:
        return "away from the predicted class"
    if not towards:
        return "away from the true class"
    return f"towards {names[asked[0]]}" if len(set(asked.tolist())) == 1 else "towards a class for each image"
