"""Which units of a layer have learnt a concept that people have a word for?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_vis.engine import layers
from keras_vis.engine.concepts import Concepts
from keras_vis.engine.field import field_of
from keras_vis.engine.places import lines
from keras_vis.engine.probe import probe
from keras_vis.engine.stream import Stream
from keras_vis.measure.overlap import Axis, Grid, Overlap
from keras_vis.measure.quantile import Quantile
from keras_vis.picture import about
from keras_vis.picture.dissection import Dissection

_COLUMNS = ("unit", "concept", "IoU", "threshold", "detector")


def dissect(
    model: keras.Model,
    data: object,
    masks: object,
    layer: str | keras.layers.Layer,
    *,
    quantile: float = 0.995,
    iou: float = 0.04,
    names: str | Sequence[str] | None = None,
    units: int | Sequence[int] | None = None,
    align: str = "field",
    top: int = 5,
    most: int = 32,
    input: int | str | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Dissection:
    """Cut each unit's maps at its quantile; divide what is on and in a concept's mask by what is on or in it.

    The data are gone through three times as a rule: twice for the quantile, which is exact, and once for the overlap,
    which is summed over all images; what is drawn is looked up once more. A unit k is on where its map is at least T_k.
    Where T_k is the lowest value that the unit has, as the 0 of one that is rarely above it, the unit is on where it is
    above T_k: otherwise it would be on everywhere. As a unit is on in about a share 1 - `quantile` of all places, its
    IoU with a concept that covers a larger share is at most the quotient of the two.

    Args:
        model: any Keras model of images.
        data: ``(n, h, w, c)``, or what gives batches of images: see `engine/stream.py`.
        masks: where in each image each concept is, 0 or 1, over the whole image in any resolution ``(H, W)``: a mapping
            from names to ``(n, H, W)``; ``(n, H, W)``, one concept; ``(n, H, W, m)``, of which several may be true in a
            pixel; a function that makes any of these of images ``(r, h, w, c)``, float32, as `digit_concepts`, a copy
            in which it may write; an iterable of batches in the order of the data; or None, where the data give
            ``(images, masks)``.
        layer: whose maps ``(h', w', k)``: a name, a path or the layer.
        quantile: the share of a unit's values, over all positions of all images, that are at most T_k.
        iou: above which intersection over union a unit is a detector of a concept.
        names: of the concepts, where `masks` have none.
        units: which of the k channels; by default all.
        align: where a map's positions lie: ``"field"``, in the middle of their receptive fields; ``"stretch"``, as if
            the map were drawn over the whole image. These are the same but for layers that lose the edges.
        top: how many images are kept for each detector.
        most: how many detectors are drawn at most, in turn the next best of each concept; the table has all. It bounds
            the images that are kept.
        input: which input the masks are of, by name or index; by default the only one that holds images.
        batch: images at once, by default 256 small or 16 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `Dissection`, a `Table` of a row for each unit, with `iou` ``(k, m)``, `thresholds` ``(k,)`` and `detectors`. A
        concept that is nowhere in the data has an IoU of 0.

    Raises:
        TypeError: `model` is no Keras model; `data` or `masks` of a wrong kind.
        ValueError: shapes or layers that do not fit the model, a layer without maps, or one whose rows are not those of
            the image, with ``align="field"``; a unit that it does not have; an iterator, that gives its images once;
            masks of the wrong rank or number, or of other values than 0 and 1; names that are not different or not one
            for each concept; a number out of its range.

    Source:
        Bau, Zhou, Khosla, Oliva & Torralba 2017, arXiv:1704.05796, section 2.4: P(a_k > T_k) = 0.005 at the maps' own
        resolution, maps enlarged bilinearly to the masks and anchored at the centres of the receptive fields,
        IoU > 0.04. There every pixel above the quantile counts over all images that have labels of the concept's
        kind, here over all images. Masks that are coarser than the maps are enlarged instead, each of their pixels as
        an area: none of the map's detail is lost, and none is invented for the mask. A detector need not have been
        learnt: of the units of the tutorial's net, which see 5 x 5 pixels of digits, half are detectors of strokes
        before any training. Dissect the untrained net, too.

    Example:
        >>> kv.dissect(model, digits, kv.digit_concepts, "conv_2").detectors
        >>> kv.dissect(model, photos, {"sky": sky, "water": water}, "conv5").save("dissection.png")
    """
    quantile, iou = _share(quantile, "quantile", open_=True), _share(iou, "iou")
    if align not in ("field", "stretch"):
        raise ValueError(f"`align={align!r}` must be 'field' or 'stretch'.")
    for name, value, of in (("top", top, "images"), ("most", most, "detectors")):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"`{name}` must be a positive whole number of {of}; received {value!r}.")
    stream = Stream(model, data, batch=batch, passes=3)
    which = stream.first.pick_input(input)
    path, _ = layers.find(model, layer)
    shape = probe(model).outline(stream.first).single(path)
    if len(shape) != 3:
        these = list(probe(model).outline(stream.first).maps())[-6:]
        raise ValueError(f"`layer={path!r}` gives no maps (h', w', k) but {shape}. These do: {', '.join(these)}.")
    picked = layers.check_units(units, shape[2] or 0)
    concepts = Concepts(masks, names, stream, which)
    maps = _Maps(model, stream, path, None if units is None else tuple(picked), which, align)
    thresholds, lowest, scores, indices = maps.thresholds(quantile, int(top), progress)
    # Above the lowest value is the same as from the next number on.
    least = np.where(thresholds == lowest, np.nextafter(thresholds, np.float32(np.inf)), thresholds)
    overlap = Overlap(least, len(concepts.names))
    for piece, covered in concepts.walk(stream.walk("dissect: overlap", progress)):
        found = maps.of(piece.batch)
        overlap.see(found, covered, maps.grid(found, covered))
    shown = _shown(overlap.iou, iou, int(most))
    drawn = maps.drawn(concepts, least, overlap.iou, shown, indices, progress)
    best, high = overlap.iou.argmax(axis=1), overlap.iou.max(axis=1)
    rows = [
        (picked[i], concepts.names[best[i]] if high[i] else "", float(high[i]), float(thresholds[i]), told)
        for i in np.argsort(-high, kind="stable")
        for told in ["yes" if high[i] > iou else "no"]
    ]
    return Dissection(
        _COLUMNS,
        rows,
        title=f"What do the units of {path} detect?",
        iou=overlap.iou,
        thresholds=thresholds,
        units=np.array(picked),
        concepts=concepts.names,
        limit=iou,
        covered=overlap.covered / overlap.places,
        scores=scores,
        indices=indices,
        shown=shown,
        **drawn,
        about=about(
            "dissect",
            layer=path,
            quantile=quantile,
            iou=iou,
            concepts=concepts.names,
            units="all" if units is None else picked,
            align=align,
            images=len(stream),
            input=stream.first.names[which],
        ),
    )


class _Maps:
    """The maps of some units of a layer, over a data set."""

    def __init__(
        self, model: keras.Model, stream: Stream, path: str, units: tuple[int, ...] | None, which: int, align: str
    ) -> None:
        self._room, self._stream, self._path, self._which = probe(model), stream, path, which
        self._finish = _of_units(path, units)
        self._size = stream.first.arrays[which].shape[1:3]
        self._lines: tuple[np.ndarray, np.ndarray] | None = None
        if align == "field":
            field = field_of(model, path, which, self._size)
            # A field that holds the whole image has a middle yet; but not where positions are lost.
            self._lines = lines(field) if any(field.stride) else None
            if self._lines is None and any(field.stride):
                raise ValueError(
                    f"`align='field'`: the rows of {path!r} do not run along those of the image, as after a "
                    "transposition or a roll, so that its maps cannot be laid on the masks. Take an earlier layer; or "
                    "align='stretch', which draws them over the image as they are."
                )

    def of(self, batch: Any) -> np.ndarray:
        """Return ``(r, h', w', k)``."""
        found = self._room.activations(batch, [self._path], finish=self._finish, batch=self._stream.size)
        return np.asarray(found)

    def grid(self, maps: np.ndarray, masks: np.ndarray) -> Grid:
        """Return on which grid such maps and masks are compared."""
        return Grid(*(Axis.between(maps.shape[i + 1], masks.shape[i + 1], self._centres(i)) for i in (0, 1)))

    def _centres(self, side: int) -> np.ndarray | None:
        """Return where along the image the positions of a map lie; None where they all see the same of it."""
        if self._lines is None or self._lines[side][0] == self._lines[side][-1]:
            return None
        return (self._lines[side] + 0.5) / self._size[side]

    def thresholds(
        self, quantile: float, top: int, progress: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return T and the lowest value of each unit, ``(k,)``; its highest scores and their images, ``(k, t)``."""
        answer, rounds = Quantile(quantile), 0
        scores, indices = np.zeros((0, 0), np.float32), np.zeros((0, 0), np.int64)
        while answer.open:
            for piece in self._stream.walk("dissect: thresholds", progress):
                maps = self.of(piece.batch)
                answer.see(maps)
                if not rounds:
                    scores, indices = _highest(scores, indices, maps.max(axis=(1, 2)), piece.start, top)
            answer.turn()
            rounds += 1
        return answer.values, answer.lowest, scores.T, indices.T

    def drawn(
        self,
        concepts: Concepts,
        least: np.ndarray,
        iou: np.ndarray,
        shown: np.ndarray,
        indices: np.ndarray,
        progress: bool,
    ) -> dict[str, np.ndarray]:
        """Look up the images of the units that are shown, and where these and their concepts are."""
        wanted, picks = np.unique(indices[shown], return_inverse=True)
        picks = picks.reshape(len(shown), indices.shape[1])
        images: list[np.ndarray] = []
        on, there = (np.zeros((*picks.shape, 0, 0), bool) for _ in range(2))
        if not len(wanted):
            blank = self._stream.first.shown(self._which)[:0]
            return {"images": blank, "picks": picks, "on": on, "there": there}
        best = iou.argmax(axis=1)
        done = 0
        for piece, covered in concepts.walk(self._stream.walk("dissect: images", progress), wanted):
            maps = self.of(piece.batch)
            grid = self.grid(maps, covered)
            images.append(piece.batch.shown(self._which))
            if not on.size:
                size = len(grid.rows), len(grid.columns)
                on, there = (np.zeros((*picks.shape, *size), bool) for _ in range(2))
            for i, j in np.argwhere((picks >= done) & (picks < done + len(piece))):
                row, unit = slice(picks[i, j] - done, picks[i, j] - done + 1), shown[i]
                on[i, j] = grid.maps(maps[row, :, :, unit, None])[0, ..., 0] >= least[unit]
                there[i, j] = grid.masks(covered[row, ..., best[unit], None])[0, ..., 0]
            done += len(piece)
        return {"images": np.concatenate(images), "picks": picks, "on": on, "there": there}


@functools.lru_cache(maxsize=64)
def _of_units(path: str, units: tuple[int, ...] | None) -> Callable[[Mapping[str, Any]], Any]:
    """Return what takes some units of a layer; the same function each time, for the graph is kept under it."""

    def some(acts: Mapping[str, Any]) -> Any:
        return acts[path] if units is None else keras.ops.take(acts[path], units, axis=-1)

    return some


def _highest(
    scores: np.ndarray, indices: np.ndarray, new: np.ndarray, start: int, top: int
) -> tuple[np.ndarray, np.ndarray]:
    """Merge the highest activations, ``(t, k)``, with those of further images; of equal ones the first stays."""
    places = np.broadcast_to(np.arange(start, start + len(new))[:, None], new.shape)
    if scores.size:
        new, places = np.concatenate([scores, new]), np.concatenate([indices, places])
    order = np.argsort(-new, axis=0, kind="stable")[:top]
    return np.take_along_axis(new, order, 0), np.take_along_axis(places, order, 0)


def _shown(iou: np.ndarray, limit: float, most: int) -> np.ndarray:
    """Return the detectors that are drawn, from the largest IoU down: in turn the next best of each concept."""
    best, high = iou.argmax(axis=1), iou.max(axis=1)
    order = [int(i) for i in np.argsort(-high, kind="stable") if high[i] > limit]
    turns = sorted(range(len(order)), key=lambda i: sum(best[j] == best[order[i]] for j in order[:i]))
    return np.array([order[i] for i in sorted(turns[:most])], np.intp)


def _share(value: object, argument: str, *, open_: bool = False) -> float:
    number = float(value) if isinstance(value, int | float | np.number) and not isinstance(value, bool) else np.nan
    if not (0 < number < 1 if open_ else 0 <= number < 1):
        low = "above 0" if open_ else "0 or more"
        raise ValueError(f"`{argument}` must be a share, {low} and below 1; received {value!r}.")
    return number
