"""Which images does a layer hold to be alike?"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_vis.engine import layers
from keras_vis.engine.batch import bar
from keras_vis.engine.bounds import whole
from keras_vis.engine.marks import Marks, labels_of, named, told_apart
from keras_vis.engine.probe import probe
from keras_vis.engine.stream import Piece, Stream
from keras_vis.engine.words import Labels
from keras_vis.measure import plane
from keras_vis.measure.gathered import Album, Rows
from keras_vis.picture import about
from keras_vis.picture.embedding import Embedding

_POOLINGS = (None, "avg", "max")
_METHODS = ("tsne", "pca")
# Numbers of a code that t-SNE starts from: distances of more say the same (of the tutorial's 128 the agreement of
# labels is 98.5 % with all, with 50 and with 30 of them), and a layer of 9,216 takes no longer than one of 50.
_AXES = 50
_NEAR = 30  # neighbours that are kept of principal components, as many as `perplexity` asks of t-SNE
_SHOWN, _SIDE = 2048, 64  # images that are kept for the grid, and their longer side: 100 MB of coloured ones


def codes(
    model: keras.Model,
    data: object,
    layer: str | keras.layers.Layer,
    *,
    pooling: str | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> np.ndarray:
    """Run a data set through the model, and keep what a layer gives, one row of numbers for each image.

    Args:
        model: any Keras model of images.
        data: images ``(n, h, w, c)``, or what gives batches of them; see `engine/stream.py`. It streams: what is held
            is a batch and the result.
        layer: whose output: a name, a path or the layer.
        pooling: how one number is made of a unit's positions: None keeps all of them, ``"avg"`` their mean, ``"max"``
            the highest. Of the maps ``(h', w', k)`` of a convolution, whose codes are long, h' w' k numbers or k.
        batch: images at once, by default 256 small or 16 large ones; the numbers do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        ``(n, d)``, float32, raw; of maps, the units of a position stand side by side, as `Flatten` has them.

    Raises:
        TypeError: `model` is no Keras model, `data` gives no images.
        ValueError: shapes or a layer that do not fit the model, data that are empty or never end, another `pooling`.

    Source:
        Donahue et al. 2013, arXiv:1310.1531: a trained net's activations as features.

    Example:
        >>> kv.codes(model, x_test[:100], "dense").shape
        (100, 128)
    """
    stream = Stream(model, data, batch=batch)
    found = Rows(stream.count)
    for piece, part in _coded(model, stream, layer, pooling, "codes" if progress else False):
        found.put(piece.start, part)
    return found.all()


def embed_codes(
    model: keras.Model,
    data: object,
    layer: str | keras.layers.Layer,
    *,
    labels: object = None,
    method: str = "tsne",
    perplexity: float = 30.0,
    pooling: str | None = None,
    names: Labels | None = None,
    input: int | str | None = None,
    seed: int = 0,
    batch: int | None = None,
    progress: bool = True,
) -> Embedding:
    """Give each image a place in the plane, so that images whose codes are near are near.

    What to read of t-SNE: which images are neighbours. The size of a group and the distance between two mean nothing,
    and chance makes groups, too (Wattenberg et al. 2016, "How to Use t-SNE Effectively", doi:10.23915/distill.00002).

    Args:
        model: any Keras model of images.
        data: images ``(n, h, w, c)``, or what gives batches of them, with labels or without; see `engine/stream.py`.
            The images stream; their codes, ``(n, d)``, and small copies of at most 2,048 images are held.
        layer: whose output are the codes: a name, a path or the layer.
        labels: what is told of each image by its colour: ``(n,)`` whole numbers or strings, or ``(n, classes)`` with a
            single 1 in each row. None: those that come with the data, if any do.
        method: ``"tsne"``, or ``"pca"``: along the two axes on which the codes vary most.
        perplexity: of t-SNE: how many neighbours each image is drawn to, about; three times as many are looked at, so
            it can be at most a third of the other images.
        pooling: None, ``"avg"`` or ``"max"``; see `codes`.
        names: what the labels are called, in order of the classes, or a dict of them; by default the labels
            themselves.
        input: which input is shown in the grid, by name or index; by default the only one that holds images.
        seed: of the noise with which t-SNE starts, and of which images are kept for the grid. The same seed gives the
            same numbers on one machine.
        batch: images at once, by default 256 small or 16 large ones; the codes do not depend on it but for rounding.
        progress: show a bar where it takes longer than a second.

    Returns:
        `Embedding`, a chart of kind ``"scatter"``: `positions` ``(n, 2)``; `labels`; `.agreement()`, how often
        neighbours have one label, here and by their codes; `.grid()`, the images themselves, laid out by position.

    Raises:
        TypeError: `model` is no Keras model, `data` gives no images, `labels` are of another kind.
        ValueError: not one label for each image; too few images for the `perplexity`; codes that are all the same, or
            not finite; another `method` or `pooling`; shapes or a layer that do not fit the model.

    Source:
        van der Maaten & Hinton 2008, "Visualizing Data using t-SNE"; the repulsion by interpolation, Linderman et al.
        2019, arXiv:1712.09005, or by a tree where they are less than 10,000, by openTSNE (Poličar et al. 2024). As
        there and in scikit-learn: codes of more than 50 numbers are first brought to their 50 principal components, and
        it starts from the first two of these (Kobak & Berens 2019), which keeps the form of the whole and makes no
        run by chance another. Of CNN codes: Karpathy 2014, in CS231n.

    Example:
        >>> picture = kv.embed_codes(model, x_test, "dense", labels=y_test)
        >>> picture.agreement(), picture.agreement(of="codes")
        >>> picture.grid().save("grid.png")
    """
    if method not in _METHODS:
        raise ValueError(f"`method={method!r}` must be one of {', '.join(map(repr, _METHODS))}.")
    seed = whole(seed, "seed", 0)
    stream = Stream(model, data, batch=batch)
    which = stream.first.pick_input(input)
    known = None if labels is None else labels_of(labels)
    if (
        isinstance(perplexity, bool)
        or not isinstance(perplexity, int | float | np.number)
        or not 1 < perplexity < np.inf
    ):
        raise ValueError(f"`perplexity` must be a number of neighbours above 1; received {perplexity!r}.")
    if stream.count is not None:  # else once they have been gone through
        _check_counts(stream.count, known, method, perplexity)
    found, album, beside = Rows(stream.count), Album(_SHOWN, _SIDE, seed), []
    for piece, part in _coded(model, stream, layer, pooling, "embed_codes: codes" if progress else False):
        found.put(piece.start, part)
        album.put(piece.batch.shown(which))
        beside.append(piece.beside)
    if known is None:
        sides = [part for part in beside if part is not None]
        known = told_apart(np.concatenate(sides)) if len(sides) == len(beside) else None
    path, _ = layers.find(model, layer)
    count = len(stream)
    _check_counts(count, known, method, perplexity)
    called = named(known, names)
    rows = found.all()
    _check_codes(rows, path)
    points, shares = plane.principal(rows, _AXES, seed)
    near = plane.neighbours(points, min(int(3 * perplexity) if method == "tsne" else _NEAR, count - 1))
    start = points[:, :2] if points.shape[1] > 1 else np.pad(points, ((0, 0), (0, 1)))
    positions = start
    if method == "tsne":
        with bar(plane.STEPS, "embed_codes: t-SNE", progress) as shown:
            positions = plane.tsne(start, near, perplexity, seed=seed, moved=shown.update if progress else None)
    values = {"positions": np.ascontiguousarray(positions), "neighbours": near[0], **album.all()}
    text: dict[str, object] = {"title": f"Which images does {path} hold to be alike?"}
    if known is not None:
        values["labels"], text["names"] = known[0], called
    if method == "pca":
        share = [f"{100 * part:.1f} % of the variance" for part in (*shares, 0.0)]
        text |= {"way": "the first two principal components", "x": f"first principal component, {share[0]}"}
        text["y"] = f"second principal component, {share[1]}"
    else:
        text["way"] = f"t-SNE (perplexity {perplexity:g})"
    facts: Mapping[str, Any] = {"perplexity": float(perplexity)} if method == "tsne" else {"variance": shares[:2]}
    told = about("embed_codes", layer=path, **{"way": method}, pooling=pooling, images=count, seed=seed, **facts)
    return Embedding("scatter", values, text=text, about=told)


def _coded(
    model: keras.Model, stream: Stream, layer: str | keras.layers.Layer, pooling: str | None, progress: bool | str
) -> Iterator[tuple[Piece, np.ndarray]]:
    """Go through the data, and give each piece with the codes of its images, ``(r, d)``."""
    if pooling not in _POOLINGS:
        raise ValueError(f"`pooling={pooling!r}` must be one of {', '.join(map(repr, _POOLINGS))}.")
    path, _ = layers.find(model, layer)
    room = probe(model)
    room.outline(stream.first).single(path)
    for piece in stream.walk("codes", progress):
        yield piece, room.activations(piece.batch, [path], finish=_flat(pooling), batch=stream.size)


@functools.lru_cache(maxsize=8)
def _flat(pooling: str | None) -> Callable[[Mapping[str, Any]], Any]:
    """Return what makes a row of numbers of what a layer gives; the same function each time, for it is compiled."""

    def finish(acts: Mapping[str, Any]) -> Any:
        (act,) = acts.values()
        if pooling is not None and len(act.shape) > 2:
            places = tuple(range(1, len(act.shape) - 1))
            act = _mean(act, places) if pooling == "avg" else ops.max(act, axis=places)
        return ops.reshape(act, (ops.shape(act)[0], -1))

    return finish


def _check_counts(count: int, known: Marks | None, method: str, perplexity: float) -> None:
    """Check that there are labels for all images, and images enough."""
    if known is not None and len(known[0]) != count:
        raise ValueError(
            f"`labels` has {len(known[0]):,} entries, but there are {count:,} images. Give one for each image, in the "
            "same order."
        )
    least = 3 if method == "pca" else 4
    if count < least:
        raise ValueError(f"`data` holds {count} images; an embedding wants {least} at least.")
    if method == "tsne" and 3 * perplexity > count - 1:
        most, wanted = math.floor(10 * (count - 1) / 3) / 10, math.ceil(3 * perplexity) + 1
        smaller = f"a `perplexity` of at most {most:g}, " if most > 1 else ""
        raise ValueError(
            f"`perplexity={perplexity:g}` wants {wanted:,} images, three neighbours of each for one that counts, and "
            f'`data` holds {count:,}. Give {smaller}more images, or `method="pca"`.'
        )


def _check_codes(rows: np.ndarray, path: str) -> None:
    """Check that the codes are numbers, and not all the same."""
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"`layer={path!r}` gives NaN or infinite values, first for image {int(np.argmin(finite))}, of "
            f"{int((~finite).sum()):,} in all. Look at an earlier layer, or at the weights: has the training diverged?"
        )
    if (rows == rows[0]).all():
        raise ValueError(
            f"`layer={path!r}` gives the same code for all {len(rows):,} images, so that nothing can be told apart. Is "
            "it dead (unit_census), or are the images all the same?"
        )


def _mean(act: Any, places: tuple[int, ...]) -> Any:
    """The mean over all positions: in float32 a sum over a large map would lose digits."""
    return ops.cast(ops.mean(ops.cast(act, "float64"), axis=places), "float32")
