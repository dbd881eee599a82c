"""Which units of a model are dead, silent or at their ends, over a whole data set?"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_vis.engine import layers as layers_
from keras_vis.engine.curve import Ends, curves
from keras_vis.engine.outline import Outline
from keras_vis.engine.probe import probe
from keras_vis.engine.stream import Stream
from keras_vis.picture import about
from keras_vis.picture.census import Census

_NEAR = 0.01  # of the distance between the ends of an activation
_COLUMNS = ("layer", "unit", "dead", "share of zeros", "saturated", "mean", "std", "min", "max")


def unit_census(
    model: keras.Model,
    data: object,
    *,
    layers: str | keras.layers.Layer | Sequence[str | keras.layers.Layer] | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Census:
    """Run a data set through the model, and count for each unit of each layer what it ever gave.

    A unit is a channel of maps ``(h', w', k)``, a feature of a sequence ``(t, k)``, or an entry of a vector ``(k,)``.
    Its values are those at every position of every image.

    Args:
        model: any Keras model of images.
        data: ``(n, h, w, c)``, or what gives batches: see `engine/stream.py`.
        layers: whose units: names, paths or layers, one or several. By default every layer that ends in an activation,
            however it is written; of a convolution, a normalisation and a ReLU in a row that is the last. What has no
            activation cannot die. An activation that is in no layer, as ``keras.ops.relu(...)`` in a model's own call,
            cannot be seen: name the layer before it, or make it a layer.
        batch: images at once, by default 256 small or 16 large ones; the figures do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `Census`, a `Table` of a row for each unit, with ``layer`` and ``unit`` and

        - ``dead``: it gave 0 and nothing else. Of a rectifier: it was never above 0, and no gradient comes through it.
          A unit of a linear layer, or one of tanh, that is never above 0 is not dead.
        - ``share of zeros``: of its values, from 0 to 1, those that are exactly 0.
        - ``saturated``: the share of its values that lie within 1 % of the distance between the two ends of the
          activation from either of them, where its slope is next to nothing; None where there are no two (ReLU, ELU,
          linear) and of a softmax. The ends are read off the traced graph: −1 and 1 of tanh, 0 and 1 of a sigmoid or
          a hard sigmoid, 0 and 6 of a ReLU6, whose zeros are thus counted, too.
        - ``mean``, ``std``, ``min``, ``max`` of its values; ``std`` is infinite where its squares are beyond float32.

    Raises:
        TypeError: `model` is no Keras model, `data` give no images, `layers` are no names.
        ValueError: data or layers that do not fit the model; a layer without units, or one that runs more than once; no
            layer ends in an activation; activations that are NaN or infinite.

    Source:
        The share of zeros: Hu et al. 2016, arXiv:1607.03250, equation 1 (APoZ). Dead units and rates that are too high:
        Maas, Hannun & Ng 2013; Lu et al. 2019, arXiv:1903.06733. Saturation: Glorot & Bengio 2010, section 3, who look
        at the distributions of tanh, softsign and sigmoid units over the epochs; the 1 % is ours.

    Example:
        >>> census = kv.unit_census(model, x_test)
        >>> census.summary().column("share of dead")
        >>> census.save("units.csv")
    """
    stream = Stream(model, data, batch=batch)
    room = probe(model)
    ended = curves(model, stream.first)
    outline = room.outline(stream.first)
    paths = _default(ended, outline, model.name) if layers is None else _chosen(model, layers)
    widths = [_units(outline, path) for path in paths]
    finish = _figures(tuple((path, *_both(ended.get(path))) for path in paths))
    sums = {path: _Sums(width) for path, width in zip(paths, widths, strict=True)}
    for piece in stream.walk("unit_census", progress):
        found = room.activations(piece.batch, paths, finish=finish, batch=stream.size)
        for path, figures in found.items():
            sums[path].add(figures, path, piece.start)
    rows: list[tuple[object, ...]] = []
    columns: dict[str, list[np.ndarray]] = {name: [] for name in _COLUMNS[2:]}
    for path, units in sums.items():
        bounded = all(map(math.isfinite, _both(ended.get(path))))
        own = units.columns(bounded)
        for name, values in own.items():
            columns[name].append(values)
        rows += [
            (path, unit, *(None if name == "saturated" and not bounded else own[name][unit].item() for name in own))
            for unit in range(units.width)
        ]
    arrays = {name: np.concatenate(parts) for name, parts in columns.items()}
    shares = {name: {path: float(own.columns(False)[name].mean()) for path, own in sums.items()} for name in _TOLD}
    facts = about("unit_census", model=model.name, layers=paths, images=len(stream), shares=shares)
    title = f"What do the units of {model.name} do?"
    return Census(_COLUMNS, rows, title=title, images=len(stream), values=arrays, about=facts)


_TOLD = ("dead", "share of zeros")  # of each layer, in `about`: a frame of a training says what its curves are made of


class _Sums:
    """What is known of a layer's units so far, in float64."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._count = 0.0
        self._zeros, self._saturated, self._mean, self._squares = np.zeros((4, width))
        self._low, self._high = np.full(width, np.inf), np.full(width, -np.inf)

    def add(self, figures: Mapping[str, np.ndarray], path: str, start: int) -> None:
        """Add some images, ``(r, k)`` of each figure.

        Raises:
            ValueError: an activation is NaN or infinite.
        """
        centre, away, squares = (figures[name].astype(np.float64) for name in ("centre", "away", "squares"))
        bad = ~np.isfinite(centre + figures["low"] + figures["high"]).all(axis=1)
        if bad.any():
            raise ValueError(
                f"`model`: layer {path!r} gives NaN or infinite activations, first of image {start + bad.argmax()}. "
                "Has the training diverged?"
            )
        positions = float(figures["positions"][0, 0])
        mean, squares = centre + away / positions, np.maximum(squares - away**2 / positions, 0)
        count = self._count + positions * len(mean)
        # Means and squares about them, joined as Chan, Golub & LeVeque 1983 have it: nothing large is subtracted.
        whole = (self._count * self._mean + positions * mean.sum(axis=0)) / count
        self._squares += self._count * (self._mean - whole) ** 2
        self._squares += squares.sum(axis=0) + positions * ((mean - whole) ** 2).sum(axis=0)
        self._mean, self._count = whole, count
        self._zeros += figures["zeros"].sum(axis=0, dtype=np.float64)
        if "saturated" in figures:
            self._saturated += figures["saturated"].sum(axis=0, dtype=np.float64)
        self._low = np.minimum(self._low, figures["low"].min(axis=0))
        self._high = np.maximum(self._high, figures["high"].max(axis=0))

    def columns(self, bounded: bool) -> dict[str, np.ndarray]:
        """Return each column of a census, ``(k,)``."""
        return {
            "dead": (self._low >= 0) & (self._high <= 0),
            "share of zeros": self._zeros / self._count,
            "saturated": self._saturated / self._count if bounded else np.full(self.width, np.nan),
            "mean": self._mean,
            "std": np.sqrt(self._squares / self._count),
            "min": self._low,
            "max": self._high,
        }


@functools.lru_cache(maxsize=64)
def _figures(ends: tuple[tuple[str, float, float], ...]) -> Callable[[Mapping[str, Any]], Any]:
    """Return what makes figures of each image of activations; the same object each time: a graph is kept by it."""

    def finish(acts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        return {path: _of_image(acts[path], low, high) for path, low, high in ends}

    return finish


def _of_image(values: Any, low: float, high: float) -> dict[str, Any]:
    """Sum up ``(n, ..., k)`` over the positions of each image: ``(n, k)`` of each figure."""
    shape = ops.shape(values)
    values = ops.reshape(values, (shape[0], -1, shape[-1]))
    count = ops.shape(values)[1]
    every = ops.ones((1, count), "float32")

    def total(terms: Any) -> Any:
        # A product with ones: a third of the time of a sum over the middle axis.
        return ops.matmul(every, terms)[:, 0]

    # About a first mean, whose rounding is then made good: one sum over a large map loses digits.
    centre = total(values) / ops.cast(count, "float32")
    away = values - centre[:, None]
    figures = {}
    if math.isfinite(low):
        near = _NEAR * (high - low)
        close = (values <= low + near) | (values >= high - near)
        figures["saturated"] = total(ops.cast(close, "float32"))
    return {
        **figures,
        "positions": ops.ones_like(centre) * ops.cast(count, "float32"),
        "zeros": total(ops.cast(values == 0, "float32")),
        "centre": centre,
        "away": total(away),
        "squares": total(ops.square(away)),
        "low": ops.min(values, axis=1),
        "high": ops.max(values, axis=1),
    }


def _both(ends: Ends | None) -> Ends:
    """The two ends of an activation; infinite where it has not two, so that nothing is near one."""
    return ends if ends is not None and all(map(math.isfinite, ends)) else (-math.inf, math.inf)


def _default(ended: Mapping[str, Ends], outline: Outline, name: str) -> list[str]:
    """Return the layers that end in an activation, each number of them once."""
    found: list[str] = []
    for path in ended:
        facts = outline.layers[path]
        if facts.calls == 1 and facts.sees_input and facts.shape and facts.shape[-1] is not None:
            found.append(path)
    if not found:
        raise ValueError(
            f"`layers=None`: no layer of model {name!r} ends in an activation, so that there is none whose units can "
            f"die. Name those that you want: {', '.join(list(outline.layers)[-6:])}."
        )
    return found


def _chosen(model: keras.Model, given: Any) -> list[str]:
    several = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    paths = list(dict.fromkeys(layers_.find(model, layer, "layers")[0] for layer in several))
    if not paths:
        raise ValueError("`layers` is empty. Give at least one, or None for all that end in an activation.")
    return paths


def _units(outline: Outline, path: str) -> int:
    shape = outline.single(path, "layers")
    if not shape or shape[-1] is None:
        raise ValueError(f"`layers`: {path!r} has no units: it gives {shape} for each image.")
    return shape[-1]
