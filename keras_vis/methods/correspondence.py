"""Which place of one image is which place of another, to a layer?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from keras_vis.engine import layers
from keras_vis.engine.batch import Batch, take
from keras_vis.engine.field import ReceptiveField, field_of
from keras_vis.engine.places import lines, middles
from keras_vis.engine.probe import probe
from keras_vis.measure.pairs import Nearest, nearest
from keras_vis.picture import Picture, about


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Correspondence(Picture):
    """Places of one image, and the places of another that a layer finds most like them.

    Attributes:
        a: ``(m, 2)``, float64, row and column in pixels of the first image, the middle of what a position sees; of a
            layer that pads they may lie a little beyond the image.
        b: ``(m, 2)``, of the second image: what each of `a` matches.
        similarity: ``(m,)``, float64, the cosine between their features.
        mutual: ``(m,)``, bool: whether the match of the match is the place itself.
        cells: ``(m, 2, 2)``, int64, the positions of the layer's maps, row and column: of `a` and of `b`.
        images: the two, ``(h, w, c)``, c 1 or 3.
        title: above them.
        note: what more there is to know, in small letters below the title.
    """

    a: np.ndarray
    b: np.ndarray
    similarity: np.ndarray
    mutual: np.ndarray
    cells: np.ndarray
    images: tuple[np.ndarray, np.ndarray]
    title: str = ""
    note: str = ""

    @property
    def points(self) -> np.ndarray:
        """Both places of each match, ``(m, 2, 2)``: in a and in b, row and column."""
        return np.stack([self.a, self.b], axis=1)

    @property
    def shifts(self) -> np.ndarray:
        """How far each place has moved, ``(m, 2)``: rows down and columns to the right, in pixels."""
        return self.b - self.a

    def draw(self) -> np.ndarray:
        """Draw both images, each place in a colour of its own and its match in the same, and lines between the surest.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import matches

        return matches.match_sheet(
            self.images, self.a, self.b, self.similarity, self.mutual, title=self.title, note=self.note
        )

    def _contents(self) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        arrays, rest = super()._contents()
        del rest["images"]
        return {**arrays, "image_a": self.images[0], "image_b": self.images[1]}, rest


def correspondence(
    model: keras.Model,
    image_a: object,
    image_b: object,
    layer: str | keras.layers.Layer,
    *,
    points: Sequence[tuple[float, float]] | None = None,
    input: int | str | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Correspondence:
    """Match the positions of a layer's maps over two images: mutual nearest neighbours by the cosine of their features.

    A position's feature is the vector of its k channels, as the layer gives it. Two positions match if each is, of all
    of its image, the one most like the other, and nothing is as much like it: on an even ground every position is.
    Positions whose channels are all zero are like nothing. A position stands for the middle of its receptive field.

    Args:
        model: any Keras model of images.
        image_a: one image, ``(h, w, c)`` or ``(1, h, w, c)``, or a list or dict of arrays for several inputs.
        image_b: the other; of another size where the model takes any.
        layer: whose maps ``(h', w', k)``: a name, a path or the layer.
        points: (row, column) in pixels of `image_a`: of each the position nearest to it is matched, mutually or not;
            by default all that match mutually.
        input: which input is meant, by name or index; by default the only one that holds images.
        batch: images at once; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `Correspondence` with `a`, `b` and `shifts` ``(m, 2)``, `similarity`, `mutual` and `cells`.

    Warns:
        RuntimeWarning: some of `points` lie where the layer gives zeros only: they have no match, and are left out.

    Raises:
        TypeError: `model` is no Keras model, an image no numbers, `points` no numbers.
        ValueError: shapes or layers that do not fit the model; more than one image; a layer without maps, or whose
            positions all see the whole image; points outside the image; nothing matches.

    Source:
        After Long, Zhang & Darrell 2014, arXiv:1411.1091, who match places by their convolutional features. That they
        are compared by their cosine, and that matches be mutual and alone, is the choice made here.

    Example:
        >>> found = kv.correspondence(model, photo, other, "conv_pw_11_relu")
        >>> np.median(found.shifts, axis=0)
    """
    batches = [_one(model, image, name, input) for image, name in ((image_a, "image_a"), (image_b, "image_b"))]
    shown = [data.shown(data.image)[0] for data in batches]
    path, _ = layers.find(model, layer)
    room = probe(model)
    shape = room.outline(batches[0]).single(path)
    if len(shape) != 3:
        raise ValueError(
            f"`layer={path!r}` gives no maps (h', w', k) but {shape}. "
            f"These do: {', '.join(list(room.outline(batches[0]).maps())[-6:])}."
        )
    wanted = None if points is None else _points(points, shown[0].shape)
    sights = [field_of(model, path, batches[0].image, image.shape[:2]) for image in shown]
    if not any(sights[0].stride):
        raise ValueError(
            f"`layer={path!r}`: each of its positions sees the whole image, and has no place. Take an earlier one."
        )
    maps = [room.activations(data, [path], batch=batch, progress=progress)[path][0] for data in batches]
    sides = [one.reshape(-1, one.shape[-1]) for one in maps]
    found = nearest(*sides)
    places = [_places(sight) for sight in sights]
    if wanted is None:
        chosen = np.flatnonzero(found.mutual)
        note = _said(found, len(chosen))
    else:
        near = ((wanted[:, None] - places[0][None]) ** 2).sum(axis=2).argmin(axis=1)
        chosen = near[found.index[near] >= 0]
        if len(chosen) < len(near):
            lost = wanted[found.index[near] < 0]
            warnings.warn(
                f"correspondence: {len(lost)} of `points` lie where layer {path!r} gives zeros only, the first "
                f"({lost[0][0]:g}, {lost[0][1]:g}); they are left out.",
                RuntimeWarning,
                stacklevel=2,
            )
        mutual = int(found.mutual[chosen].sum())
        note = f"{len(chosen)} of the places given, {mutual} of them matched mutually; dashed: not mutual"
    if not chosen.size:
        raise ValueError(
            f"`layer={path!r}`: nothing of `image_a` matches anything of `image_b`: "
            f"{_said(found, 0)}. Take another layer, or other images."
        )
    index = found.index[chosen]
    cells = [
        np.stack(np.unravel_index(rows, one.shape[:2]), axis=1) for rows, one in zip((chosen, index), maps, strict=True)
    ]
    return Correspondence(
        a=places[0][chosen],
        b=places[1][index],
        similarity=found.similarity[chosen],
        mutual=found.mutual[chosen],
        cells=np.stack(cells, axis=1),
        images=(shown[0], shown[1]),
        title=f"Which place is which, to {path}?",
        note=note,
        about=about(
            "correspondence",
            layer=path,
            points=None if wanted is None else wanted,
            input=batches[0].names[batches[0].image],
        ),
    )


def _one(model: keras.Model, image: object, argument: str, input: int | str | None) -> Batch:
    batch = take(model, image, argument)
    if len(batch) != 1:
        raise ValueError(f"`{argument}` must be one image; received {len(batch)}. Take one of them: {argument}[0].")
    return batch.looking(batch.pick_input(input))


def _points(points: object, shape: Sequence[int]) -> np.ndarray:
    try:
        wanted = np.asarray(points, np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"`points` must be pairs of numbers, (row, column); received {points!r}.") from error
    wanted = wanted[None] if wanted.shape == (2,) else wanted
    if wanted.ndim != 2 or wanted.shape[1] != 2 or not len(wanted):
        raise ValueError(f"`points` must be (m, 2), (row, column) of each; received shape {wanted.shape}.")
    high, wide = shape[:2]
    # written so that NaN is outside, too
    outside = np.flatnonzero(~((wanted > -0.5) & (wanted < [high - 0.5, wide - 0.5])).all(axis=1))
    if outside.size:
        row, column = wanted[outside[0]]
        raise ValueError(
            f"`points[{outside[0]}]` is ({row:g}, {column:g}), outside of `image_a`: rows 0 to {high - 1}, "
            f"columns 0 to {wide - 1}."
        )
    return wanted


def _places(sight: ReceptiveField) -> np.ndarray:
    """Return the middle of what each position sees, ``(h' w', 2)``: not cut off at the edges, if it is on a grid."""
    axes = lines(sight)
    found = middles(sight) if axes is None else np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return found.reshape(-1, 2)


def _said(found: Nearest, count: int) -> str:
    """Say how many match, and why the others do not."""
    silent = int((found.index < 0).sum())
    told = f"{count:,} of {len(found.index):,} positions match mutually"
    if silent:
        told += f"; {silent:,} are silent"
    return told + (f"; {found.tied:,} are like several" if found.tied else "")
