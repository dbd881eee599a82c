"""Which part of the image must not be covered?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import keras
import numpy as np

from keras_vis.engine import masks
from keras_vis.engine.batch import fill as filled
from keras_vis.engine.batch import take
from keras_vis.engine.probe import probe
from keras_vis.engine.target import Target
from keras_vis.engine.variants import Variants
from keras_vis.engine.words import Labels, captions, class_names, question
from keras_vis.picture import Chart, HeatMaps, about


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Occlusion(HeatMaps):
    """Maps of what covering a patch takes from the target, and what the model said each time.

    Attributes:
        scores: ``(n, rows, columns)``, the target's number with the patch at each position.
        classes: ``(n, rows, columns)``, the class then predicted; −1 where the target reads no classes.
        whole: ``(n,)``, the target's number for the image itself.
        predicted: ``(n,)``, the class predicted of it.
        windows: ``(rows, columns, 4)``, where the patch lay: top, bottom, left, right, the second and last one past the
            end.
        names: of the classes.
    """

    scores: np.ndarray
    classes: np.ndarray
    whole: np.ndarray
    predicted: np.ndarray
    windows: np.ndarray
    names: list[str] = field(default_factory=list)

    def counts(self) -> tuple[dict[int, int], ...]:
        """Return at how many positions each class is predicted, for each image, the most frequent first."""
        self._has_classes()
        return tuple(dict(Counter(found.ravel().tolist()).most_common()) for found in self.classes)

    def class_map(self) -> Chart:
        """Return the class predicted at each position beside each image, and the count of each."""
        self._has_classes()
        return Chart(
            "classes",
            {
                "images": self.images,
                "classes": self.classes,
                "expected": self.predicted,
                "boxes": self.windows,
            },
            text={"names": self.names, "captions": self.captions, "title": "Which class is predicted under cover?"},
            about=self.about,
        )

    def _has_classes(self) -> None:
        if (self.classes < 0).any():
            raise ValueError("the target reads no classes of the model, so that none was predicted under cover.")


def occlusion(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    patch: int | tuple[int, int] = 4,
    stride: int | tuple[int, int] | None = None,
    fill: str | float | object = "mean",
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Occlusion:
    """Cover a patch at every position; give each pixel the mean fall of the target over the patches that cover it.

    It costs a forward pass for each position. The covered images are made on the device, a batch at a time.

    Args:
        model: any Keras model of images.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default the class predicted of the image itself.
        patch: height and width of the patch in pixels; one number for both.
        stride: from one position to the next, in pixels, no more than the patch; by default the patch. The last
            position of a row or column is cut off at the edge where it does not fit, so that every pixel is covered.
        fill: what is seen in the patch: a number, in units of the model's input; ``"mean"``, that of each channel of
            the image; ``"blur"``, the image under a Gaussian as wide (σ) as half the patch; an image ``(h, w, c)``, or
            one for each; or an occluder of its own, ``(height, width, c)``, at least as large as the patch, on whose
            middle it is laid.
        input: which input is covered, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: covered images at once, by default 256 small or 16 large ones; the values do not depend on it.
        progress: show a bar, with the time that is left, where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h, w)``, in units of the target: positive where covering lowers it. It also holds
        `scores`, `classes` and `windows`, of every position, and gives `counts()` and `class_map()`.

    Raises:
        TypeError: as for `saliency`; `fill` is no number, word or image.
        ValueError: as for `saliency`; a patch larger than the image, a stride larger than the patch, a `fill` whose
            shape is neither an image's nor an occluder's.

    Source:
        Zeiler & Fergus 2013, arXiv:1311.2901, section 4.2. They draw the score at each position; here each pixel gets
        the mean of f(x) − f(covered) over the windows that cover it (`scores` has theirs).

    Example:
        >>> kv.occlusion(model, digits[:1], patch=4).counts()
    """
    data = take(model, images)
    which = data.pick_input(input)
    x = data.floats(which)
    size = _pair("patch", patch, x.shape[1:3])
    step = size if stride is None else _pair("stride", stride, size)
    places = masks.windows(x.shape[1:3], size, step)
    flat = places.reshape(-1, 4)
    make, content, around = _content(fill, x, size)
    laid = flat + np.array([-around[0], around[0], -around[1], around[1]], np.int32)
    if make is masks.under_stamp:  # as large as it is, also where the patch is cut off
        laid[:, [1, 3]] = laid[:, [0, 2]] + content.shape[1:3]
    room = probe(model)
    result, settled = room.ask(data, target, batch=batch)
    told = captions(result, labels)
    covered = Variants(make, len(flat), lambda image, version: laid[version], content, which=which)
    scores, classes = room.versions(data, settled, covered, batch=batch, progress=progress and "occlusion")
    scores, classes = (found.reshape(len(data), *places.shape[:2]) for found in (scores, classes))
    values = _spread(result.scores[:, None, None] - scores.astype(np.float64), places, x.shape[1:3])
    shape = f"a patch of {size[0]}×{size[1]}"
    if make is masks.under_stamp:
        shape = f"an occluder of {content.shape[1]}×{content.shape[2]} on each {shape[2:]}"
    several = result.logits is not None and result.logits.ndim == 2 and result.logits.shape[1] > 1
    logits = result.logits if several else None  # a regression has no classes
    predicted = np.full(len(data), -1) if logits is None else logits.argmax(axis=1)
    kept = (classes == predicted[:, None, None]).sum(axis=(1, 2))
    if logits is not None:
        told = tuple(f"{line}\nkept: {k} of {len(flat)}" for line, k in zip(told, kept, strict=True))
    return Occlusion(
        values.astype(np.float32),
        data.shown(which),
        signed=True,
        captions=told,
        scores=scores,
        classes=classes.astype(np.int32),
        whole=result.scores,
        predicted=predicted.astype(np.int32),
        windows=places,
        names=[] if logits is None else class_names(labels, logits.shape[1]),
        title=f"Occlusion: fall of the {question(result, labels)} under {shape}",
        about=about(
            "occlusion",
            target=str(result.target),
            input=data.names[which],
            patch=size,
            stride=step,
            fill=fill if isinstance(fill, str) else np.asarray(fill),
        ),
    )


def rise(
    model: keras.Model,
    images: object,
    target: int | object | Target | None = None,
    *,
    samples: int = 4000,
    grid: int = 7,
    keep: float = 0.5,
    seed: int = 0,
    input: int | str | None = None,
    labels: Labels | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HeatMaps:
    """Average random masks, each weighed by the target's number where only what it lets through is seen.

    A mask is a grid of zeros and ones, enlarged bilinearly and shifted at random; the image is multiplied by it. It
    costs a forward pass for each mask. The masked images are made on the device, a batch at a time.

    Args:
        model: any Keras model of images.
        images: ``(n, h, w, c)``, one image ``(h, w, c)``, or a list or dict of arrays for several inputs.
        target: what is asked about, see `keras_vis.Target`; by default the class predicted of the image itself. The
            paper's is its probability, `keras_vis.Probability`.
        samples: masks, the same for every image.
        grid: cells of a mask along each side, before it is enlarged.
        keep: the share of cells that let the image through, in (0, 1).
        seed: of the masks.
        input: which input is masked, by name or index; by default the only one that holds images.
        labels: names of the classes, for captions; by default their numbers.
        batch: masked images at once, by default 256 small or 16 large ones; the values do not depend on it.
        progress: show a bar, with the time that is left, where it takes longer than a second.

    Returns:
        `HeatMaps` with `values` ``(n, h, w)``, in units of the target: about its mean over the masks that show a pixel
        (it is divided by the number of these that is expected). Colours begin at the lowest value of each map.

    Raises:
        TypeError: as for `saliency`.
        ValueError: as for `saliency`; `samples` < 1, `grid` < 1 or more than the image has pixels, `keep` not within
            0 and 1, `seed` < 0.

    Source:
        Petsiuk, Das & Saenko 2018, arXiv:1806.07421, equation 6: S = 1/(E[M]·N) Σ f(I ∘ M_i) M_i, and section 3.2 for
        the masks.

    Example:
        >>> kv.rise(model, photo, kv.Probability(281)).save("cat.png")
    """
    for name, value, least in (("samples", samples, 1), ("grid", grid, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"`{name}` must be a whole number, at least {least}; received {value!r}.")
    if isinstance(keep, bool) or not isinstance(keep, int | float | np.number) or not 0 < keep < 1:
        raise ValueError(f"`keep` must be a share of the grid's cells, between 0 and 1; received {keep!r}.")
    samples, grid, seed = int(samples), int(grid), int(seed)  # a product of narrow ones would wrap
    data = take(model, images)
    which = data.pick_input(input)
    shape = data.floats(which).shape[1:3]
    if grid > min(shape):
        raise ValueError(f"`grid` must have no more cells than the image has pixels, {min(shape)}; received {grid}.")
    rng = np.random.default_rng(seed)
    coarse = (rng.random((samples, grid, grid)) < keep).astype(np.float32)
    place = rng.integers(0, masks.cells(shape, grid), (samples, 2)).astype(np.int32)
    masked = Variants(
        masks.by_grid,
        samples,
        lambda image, version: (coarse[version], place[version]),
        weights=np.full(samples, 1 / (samples * keep), np.float32),
        which=which,
    )
    room = probe(model)
    result, settled = room.ask(data, target, batch=batch)
    told = captions(result, labels)
    (values,) = room.versions(
        data, settled, masked, tally=masks.through_grid, batch=batch, progress=progress and "rise"
    )
    return HeatMaps(
        values,
        data.shown(which),
        origin="lowest",  # what every pixel has, the mean over all masks, tells nothing of where
        captions=told,
        title=f"RISE: {question(result, labels)} where a pixel is seen, over {samples:,} random masks",
        about=about(
            "rise",
            target=str(result.target),
            input=data.names[which],
            samples=samples,
            grid=grid,
            keep=keep,
            seed=seed,
        ),
    )


def _pair(name: str, value: object, most: tuple[int, ...]) -> tuple[int, int]:
    """Return height and width of a patch, or the steps of a stride: a number for both, or two."""
    array = np.asarray(value)
    if array.dtype.kind not in "iu" or array.shape not in ((), (2,)) or (array < 1).any():
        raise ValueError(f"`{name}` must be a whole number of pixels, at least 1, or two of them; received {value!r}.")
    tall, wide = (int(side) for side in np.broadcast_to(array, 2))
    if tall > most[0] or wide > most[1]:
        why = (
            f"larger than the image, {most[0]}×{most[1]}"
            if name == "patch"
            else f"larger than the patch, {most[0]}×{most[1]}: pixels between would never be covered"
        )
        raise ValueError(f"`{name}` of {tall}×{wide} is {why}.")
    return tall, wide


def _content(
    fill: object, images: np.ndarray, patch: tuple[int, int]
) -> tuple[masks.Make, np.ndarray, tuple[int, int]]:
    """Return how a patch is filled, with what ``(n, ...)``, and how far an occluder reaches beyond it on each side."""
    none = (0, 0)
    if isinstance(fill, str):
        if fill == "mean":
            mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
            return masks.through_window, mean.astype(np.float32), none
        if fill == "blur":
            return masks.through_window, _blurred(images, max(patch) / 2), none
        raise ValueError(f"`fill={fill!r}` must be 'mean', 'blur', a number or an array.")
    given = np.shape(np.asarray(fill))
    beyond = [given[i] - patch[i] for i in (0, 1)] if images.ndim == 4 and len(given) == 3 else []
    fits = beyond and given[2] == images.shape[3] and min(beyond) >= 0 and not any(side % 2 for side in beyond)
    if fits and given != images.shape[1:]:
        stamp = np.broadcast_to(filled(fill, np.empty((1, *given), np.float32), "fill"), (len(images), *given))
        return masks.under_stamp, stamp, (beyond[0] // 2, beyond[1] // 2)
    try:
        return masks.through_window, filled(fill, images, "fill"), none
    except ValueError as error:
        if "shape" not in str(error):
            raise
        raise ValueError(
            f"{error} Or an occluder (height, width, {images.shape[-1]}), larger than a patch of {patch[0]}×{patch[1]} "
            "by an even number of pixels each way."
        ) from None


def _blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    """Return the images under a Gaussian, mirrored at the edges."""
    import cv2  # with the first blur, as with the first picture

    # Channel by channel: cv2 takes four at most.
    maps = np.moveaxis(images.reshape(*images.shape[:3], -1), -1, 1)
    blurred = [
        [cv2.GaussianBlur(np.ascontiguousarray(map_), (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for map_ in image]
        for image in maps
    ]
    return np.moveaxis(np.stack(blurred), 1, -1).reshape(images.shape)


def _spread(falls: np.ndarray, places: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Give each pixel the mean of what fell at the windows that cover it: ``(n, rows, columns)`` to ``(n, h, w)``."""
    rows, columns = places[:, 0, :2], places[0, :, 2:]
    tall, wide = (
        ((np.arange(size)[:, None] >= sides[:, 0]) & (np.arange(size)[:, None] < sides[:, 1])).astype(np.float64)
        for size, sides in zip(shape, (rows, columns), strict=True)
    )
    return (tall @ falls @ wide.T) / np.outer(tall.sum(axis=1), wide.sum(axis=1))
