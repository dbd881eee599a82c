"""For which images does the model fail: the thin, the slanted, the dark?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np

from keras_vis.engine.batch import with_channels
from keras_vis.engine.layers import nearest
from keras_vis.engine.stream import Stream
from keras_vis.engine.verdicts import classifier, fits, ratings, verdicts
from keras_vis.measure.bins import Sample, edges_of, summary
from keras_vis.picture import Chart, about

Attribute = Callable[[np.ndarray], object]
_FINE = 4  # a small image is enlarged by this before its strokes are measured: they are two to four pixels wide
_SMALL = 64  # pixels


def accuracy_by(
    model: keras.Model,
    images: object,
    labels: object,
    attribute: str | Attribute,
    *,
    bins: int | Sequence[float] = 10,
    k: int = 1,
    output: str | None = None,
    input: int | str | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Chart:
    """Sort the images by an attribute into bins of equal numbers, and count in each how many are classified rightly.

    What an attribute is measured of is the image as the model gets it, the mean of its channels:

    - ``"brightness"``: its mean; ``"contrast"``: its standard deviation;
    - ``"ink"``: the share of pixels above the middle between the image's lowest and highest value; bright on dark;
    - ``"stroke_width"``, in pixels: that of a straight bar with as much ink, as far from its ground on average. With
      the ink's area A and the mean distance D to the ground, w solves D = w/4 − w³/12A;
    - ``"slant"``, in degrees: arctan(−μ₁₁/μ₀₂) of the second moments of the brightness above the lowest, positive where
      the top leans to the right. Sheared back by it, rows and columns are uncorrelated;
    - ``"sharpness"``: the variance of the Laplacian, the sum of the four neighbours minus four times the pixel.

    Args:
        model: any Keras model of images that ends in a vector of classes.
        images: ``(n, h, w, c)``, a `tf.data.Dataset`, a `PyDataset` or an iterable of batches; gone through once.
        labels: ``(n,)``, the true classes; None for those that come with the images.
        attribute: a name from above, or a function of images ``(r, h, w, c)`` that returns ``(r,)`` finite numbers;
            the images are a copy, in which it may write.
        bins: how many, each of as many images but for equal values, which stay together; or the edges, rising, the last
            one included. Images beyond them are left out.
        k: an image is right if the true class is among the k of the highest logits.
        output: which output, by name, for a model of several.
        input: which input is measured, by name or index; by default the only one that holds images.
        batch: images at once, by default 256 small or 16 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        A `Chart` of kind ``"accuracy"`` with `values`, for b bins without empty ones: ``edges`` ``(b, 2)``; ``counts``
        ``(b,)``; ``middles`` ``(b,)``, the median of the attribute; ``accuracy`` ``(b,)``; ``interval`` ``(b, 2)``,
        where it lies with 95 % (Wilson); ``confidence`` ``(b,)``, the mean probability of the predicted class, absent
        where the model gives none; ``examples`` ``(b, h, w, c)``, of a
        sample of its images the one that is nearest to the median, photographs at half size or less;
        ``overall``, the accuracy of all bins; ``attribute`` ``(n,)`` and ``correct`` ``(n,)`` of every image.

    Raises:
        TypeError: `model` is no Keras model, `images` no images, `labels` no numbers, `attribute` no name or function.
        ValueError: labels that are not as many as the images or no classes of the model; an unknown attribute or
            output; `bins` that cannot be, or hold no image; a function that does not return one finite number for each
            image.

    Source:
        The interval: Wilson 1927, "Probable inference, the law of succession, and statistical inference". The slant:
        second moments, by which digits are often deskewed (as in LeCun et al. 1998, section III).

    Example:
        >>> kv.accuracy_by(model, x_test, y_test, "stroke_width").save("width.png")
        >>> kv.accuracy_by(model, x_test, y_test, lambda images: images[:, 14:].mean(axis=(1, 2, 3)))
    """
    stream = Stream(model, images, batch=batch, argument="images")
    name, measure, axis = _attribute(attribute)
    given = _bins(bins)
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"`k` must be a positive whole number of classes; received {k!r}.")
    which = stream.first.pick_input(input)
    end, facts = classifier(model, stream, output)
    truth = None if labels is None else ratings(labels, facts.classes, "labels")
    if truth is not None and stream.count is not None:
        fits(truth, stream.count, "labels")
    measured, right, sure, sample = [], [], [], Sample(given)
    for part in verdicts(model, stream, truth, end, what="accuracy_by", progress=progress):
        batch_ = part.piece.batch
        value = _numbers(measure, with_channels(np.array(batch_.arrays[which], np.float32)), name, part.piece.start)
        sample.offer(value, batch_.shown(which))
        measured.append(value)
        right.append(part.rank < k)
        sure.append(part.sure)
    value, correct, chance = np.concatenate(measured), np.concatenate(right), np.concatenate(sure)
    values = summary(value, correct, chance, edges_of(value, given))
    values["examples"] = sample.nearest(values["edges"], values["middles"])
    outside = len(value) - int(values["counts"].sum())
    kept = f", {outside:,} beyond the bins" if outside else ""
    hit = "accuracy" if k == 1 else f"top-{k} accuracy"
    return Chart(
        "accuracy",
        values,
        text={
            "title": f"How does the {hit} depend on {_called(name)}?",
            "note": f"{len(value):,} images, {int((~correct).sum()):,} of them wrong{kept}",
            "x": axis,
            "y": hit,
        },
        about=about("accuracy_by", attribute=name, bins=bins, k=int(k), output=end, input=stream.first.names[which]),
    )


def _bins(bins: object) -> int | np.ndarray:
    if isinstance(bins, int | np.integer) and not isinstance(bins, bool):
        if bins < 1:
            raise ValueError(f"`bins` must be a positive number of bins, or their edges; received {bins!r}.")
        return int(bins)
    try:
        edges = np.asarray(bins, np.float64)
    except (TypeError, ValueError):
        edges = np.zeros(0)
    if edges.ndim != 1 or len(edges) < 2 or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise ValueError(f"`bins` must be a positive number of bins, or two or more rising edges; received {bins!r}.")
    return edges


def _numbers(measure: Attribute, images: np.ndarray, name: str, start: int) -> np.ndarray:
    count = len(images)
    found = np.asarray(measure(images))
    if found.shape != (count,) or found.dtype.kind not in "buif":
        raise ValueError(
            f"`attribute={name}` must return one finite number for each of {count} images, ({count},); received "
            f"{found.dtype} {found.shape}."
        )
    broken = np.flatnonzero(~np.isfinite(found))
    if broken.size:
        raise ValueError(
            f"`attribute={name}` must return one finite number for each image; for image {start + broken[0]} of "
            f"`images` it is {found[broken[0]]:g}."
        )
    return found.astype(np.float64)


def _called(name: str) -> str:
    return f"the {name.replace('_', ' ')}" if name in ATTRIBUTES else name


def _attribute(attribute: object) -> tuple[str, Attribute, str]:
    """Return an attribute's name, what measures it, and what is written on its axis."""
    if isinstance(attribute, str):
        if attribute not in ATTRIBUTES:
            raise ValueError(
                f"`attribute={attribute!r}` is not known.{nearest(attribute, ATTRIBUTES)} There are: "
                f"{', '.join(ATTRIBUTES)}; or give a function of images."
            )
        return attribute, *ATTRIBUTES[attribute]
    if not callable(attribute):
        raise TypeError(
            f"`attribute` must be one of {', '.join(ATTRIBUTES)}, or a function of images; "
            f"received {type(attribute).__name__}."
        )
    name = getattr(attribute, "__name__", type(attribute).__name__)
    name = "a function of the image" if name == "<lambda>" else name
    return name, attribute, name


def _grey(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float64).mean(axis=-1)


def _brightness(images: np.ndarray) -> np.ndarray:
    return _grey(images).mean(axis=(1, 2))


def _contrast(images: np.ndarray) -> np.ndarray:
    return _grey(images).std(axis=(1, 2))


def _inked(grey: np.ndarray) -> np.ndarray:
    """Tell which pixels are above the middle between the lowest and the highest value; none of an even image."""
    ends = grey.min(axis=(1, 2), keepdims=True), grey.max(axis=(1, 2), keepdims=True)
    return grey > (ends[0] + ends[1]) / 2


def _ink(images: np.ndarray) -> np.ndarray:
    return _inked(_grey(images)).mean(axis=(1, 2))


def _stroke_width(images: np.ndarray) -> np.ndarray:
    import cv2

    fine = _FINE if max(images.shape[1:3]) <= _SMALL else 1
    widths = np.zeros(len(images))
    for i, grey in enumerate(_grey(images).astype(np.float32)):
        large = cv2.resize(grey, None, fx=fine, fy=fine, interpolation=cv2.INTER_LINEAR)
        # beyond the edge there is ground
        ink = np.pad(_inked(large[None])[0], 1).astype(np.uint8)
        area = int(ink.sum())
        if area:
            # a pixel's middle is half a pixel nearer to the edge than to the next one's
            depth = cv2.distanceTransform(ink, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[ink > 0].mean(dtype=np.float64) - 0.5
            # the cubic's root between 0 and √A, a square's; a disc lies a little beyond it
            sine = min(6 * depth / np.sqrt(area), 1.0)
            widths[i] = 2 * np.sqrt(area) * np.sin(np.arcsin(sine) / 3) / fine
    return widths


def _slant(images: np.ndarray) -> np.ndarray:
    mass = _grey(images)
    mass -= mass.min(axis=(1, 2), keepdims=True)
    total = mass.sum(axis=(1, 2))
    safe = np.where(total > 0, total, 1)
    rows, columns = np.arange(mass.shape[1])[None], np.arange(mass.shape[2])[None]
    down, across = mass.sum(axis=2), mass.sum(axis=1)
    y = rows - ((down * rows).sum(axis=1) / safe)[:, None]
    x = columns - ((across * columns).sum(axis=1) / safe)[:, None]
    tall = (down * y**2).sum(axis=1)
    mixed = np.einsum("nij,ni,nj->n", mass, y, x, optimize=True)
    return np.degrees(np.arctan2(-mixed, np.where(tall > 0, tall, 1)))


def _sharpness(images: np.ndarray) -> np.ndarray:
    grey = _grey(images)
    if min(grey.shape[1:]) < 3:
        return np.zeros(len(grey))
    inner = grey[:, 1:-1, 1:-1]
    edges = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * inner
    return edges.var(axis=(1, 2))


ATTRIBUTES: Mapping[str, tuple[Attribute, str]] = {
    "brightness": (_brightness, "brightness: the image's mean"),
    "contrast": (_contrast, "contrast: the image's standard deviation"),
    "ink": (_ink, "ink: share of bright pixels"),
    "stroke_width": (_stroke_width, "stroke width, in pixels"),
    "slant": (_slant, "slant in degrees: leaning to the left below 0, to the right above"),
    "sharpness": (_sharpness, "sharpness: variance of the Laplacian"),
}
