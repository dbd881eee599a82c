"""What has the network stored, and how is it spread?"""

from __future__ import annotations

import io
import os
import pathlib
import re
import secrets
import shutil
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_vis.engine import layers, wiring
from keras_vis.picture import Chart, Table, about, write_whole

_LIST = "weights.csv"
_COLUMNS = ("file", "path", "shape", "dtype", "mean", "std", "min", "max", "zeros")


def export_weights(model: keras.Model, directory: str | os.PathLike[str]) -> Table:
    """Write every weight to a file of its own, and a list of them with their mean, spread, extremes and zeros.

    The files are in the order of `model.weights`, so that reading them back is one line (see the example). A weight
    that several layers share is written once. Types that NumPy's files do not know (bfloat16) are widened to float32,
    which changes no value.

    Args:
        model: any built `keras.Model`.
        directory: the folder to make. One that an earlier export made is replaced as a whole; any other must be empty.

    Returns:
        A `Table`, the same as ``weights.csv`` in the folder: file, path, shape, dtype (in the model), mean, std, min,
        max, and how many entries are zero.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: it is not built or has no weights.
        FileExistsError: `directory` is a file, or holds files that are not of an export.

    Source:
        The figures are NumPy's, in float64; std is that of the entries as a whole population.

    Example:
        >>> table = kv.export_weights(model, "weights")
        >>> model.set_weights([np.load(f"weights/{name}") for name in table.column("file")])
    """
    weights = _named(model)
    target = pathlib.Path(directory).resolve()
    _check_free(target)
    digits = len(str(len(weights) - 1))
    # a folder beside the target, for a rename is one step only within a file system
    token = secrets.token_hex(4)
    fresh, old = (target.with_name(f".{target.name}.{token}.{end}") for end in ("part", "old"))
    try:
        rows = []
        for i, (path, weight) in enumerate(weights):
            array = weight.numpy()
            file = f"{i:0{digits}d}.{_safe(path)}.npy"
            write_whole(fresh / file, _npy(array))
            rows.append((file, path, str(tuple(array.shape)), str(weight.dtype), *_figures(array)))
        facts = about("export_weights", model=model.name, parameters=wiring.parameters(model)[0], files=len(rows))
        table = Table(_COLUMNS, tuple(rows), title=f"Weights of {model.name}", about=facts)
        table.save(fresh / _LIST)
        if target.exists():
            target.rename(old)
        try:
            fresh.rename(target)
        except BaseException:
            if old.exists():
                old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return table


def weight_histograms(model: keras.Model, layer: str | keras.layers.Layer | None = None, *, bins: int = 50) -> Chart:
    """Count how many entries of each weight fall into each of `bins` equal intervals from its lowest to its highest.

    Args:
        model: any built `keras.Model`.
        layer: the layer (name, path or object; a nested model too) whose weights to show; None shows all.
        bins: how many intervals. Where all entries are the same, the intervals reach from half below to half above.

    Returns:
        A `Chart` of m weights (kernels, biases, ...): `counts` `(m, bins)`, which sum to the number of weights, and
        `edges` `(m, bins + 1)`.

    Raises:
        TypeError: `model` is no Keras model, `bins` no whole number.
        ValueError: the model is not built, the layer is not in it or has no weights, `bins` is below 1, or a weight
            holds NaN or infinity.

    Source:
        `numpy.histogram`: intervals are closed on the left, the last one on both sides.

    Example:
        >>> kv.weight_histograms(model, "conv_1").save("conv_1.png")
    """
    weights = _named(model)
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer):
        raise TypeError(f"`bins` must be a whole number; received {type(bins).__name__}.")
    if bins < 1:
        raise ValueError(f"`bins={bins}` must be at least 1.")
    chosen = None
    if layer is not None:
        found: tuple[str, Any] = layers.find(model, layer)
        chosen = found[0]
        wanted = {id(weight) for weight in found[1].weights}
        having = dict.fromkeys(path.rpartition("/")[0] for path, _ in weights)
        weights = [(path, weight) for path, weight in weights if id(weight) in wanted]
        if not weights:
            raise ValueError(f"`layer={chosen!r}` has no weights. These have: {', '.join(filter(None, having))}.")
    counts, edges = np.empty((len(weights), bins), np.int64), np.empty((len(weights), bins + 1))
    for i, (path, weight) in enumerate(weights):
        array = weight.numpy()
        bad = sum(np.count_nonzero(~np.isfinite(piece)) for piece in _pieces(array))
        if bad:
            raise ValueError(
                f"weight {path!r} holds {bad} of {array.size} entries that are NaN or infinite, so that it has no "
                "histogram. Has the training diverged?"
            )
        counts[i], edges[i] = _histogram(array, int(bins))
    title = f"Weights of {chosen or model.name}"
    facts = about("weight_histograms", model=model.name, layer=chosen, bins=int(bins), parameters=int(counts.sum()))
    values = {"counts": counts, "edges": edges}
    return Chart("histograms", values, text={"names": [path for path, _ in weights], "title": title}, about=facts)


def _named(model: keras.Model) -> list[tuple[str, Any]]:
    """The weights in the model's order, each once, under the path of the innermost layer that holds it."""
    wiring.read(model)  # wrong or unbuilt models fail here
    holders: dict[int, tuple[int, str]] = {}
    found: dict[str, Any] = layers.flatten(model)
    for path, layer in found.items():
        depth = path.count("/")
        for weight in layer.weights:
            if id(weight) not in holders or depth > holders[id(weight)][0]:
                holders[id(weight)] = (depth, path)
    weights = list({id(weight): weight for weight in model.weights}.values())
    if not weights:
        raise ValueError(f"`model` {model.name!r} has no weights.")
    used: set[str] = set()
    prefixes = (f"{holders[id(weight)][1]}/" if id(weight) in holders else "" for weight in weights)
    return [
        (wiring.unused(prefix + weight.name, used), weight) for prefix, weight in zip(prefixes, weights, strict=True)
    ]


def _check_free(target: pathlib.Path) -> None:
    if target.is_file():
        raise FileExistsError(f"`directory={str(target)!r}` is a file. Give a folder.")
    if not target.exists():
        return
    # what lies there is deleted, so it had better be ours
    foreign = [item.name for item in sorted(target.iterdir()) if item.is_dir() or not _ours(item.name)]
    if foreign or (any(target.iterdir()) and not (target / _LIST).exists()):
        found = foreign or [item.name for item in sorted(target.iterdir())]
        raise FileExistsError(
            f"`directory={str(target)!r}` holds files that no export made ({', '.join(found[:3])}), and would be "
            "replaced as a whole. Give a new or empty folder."
        )


def _ours(name: str) -> bool:
    return name == _LIST or re.fullmatch(r"\d+\..*\.npy", name) is not None


def _safe(path: str) -> str:
    """A name that every file system takes: word characters, dots and dashes. The number before it keeps names apart."""
    return re.sub(r"[^\w.-]+", "_", path.replace("/", "."))[:100].strip("._") or "weight"


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array if array.dtype.isbuiltin == 1 else array.astype(np.float32), allow_pickle=False)
    return file.getvalue()


def _pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """The entries as float64, a million at a time: the largest layer of VGG16 would take a gigabyte at once."""
    flat = array.reshape(-1)
    for start in range(0, flat.size, 2**20):
        yield flat[start : start + 2**20].astype(np.float64)


def _figures(array: np.ndarray) -> tuple[float | int | None, ...]:
    size = array.size
    if not size:
        return (None, None, None, None, 0)
    # a weight that has diverged is written all the same, with nan for its figures
    with np.errstate(invalid="ignore", over="ignore"):
        mean = sum(piece.sum() for piece in _pieces(array)) / size
        std = np.sqrt(sum(((piece - mean) ** 2).sum() for piece in _pieces(array)) / size)
        low, high = (end([end(piece) for piece in _pieces(array)]) for end in (np.min, np.max))
    zeros = sum(np.count_nonzero(piece == 0) for piece in _pieces(array))
    return float(mean), float(std), float(low), float(high), int(zeros)


def _histogram(array: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    ends = [(piece.min(), piece.max()) for piece in _pieces(array)] or [(0.0, 0.0)]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    edges = np.linspace(low, high, bins + 1)
    if not np.all(np.diff(edges) > 0):  # all the same, or too close for so many intervals
        reach = max(0.5, bins * float(np.spacing(max(abs(low), abs(high)))))
        edges = np.linspace(low - reach, high + reach, bins + 1)
    counts = np.zeros(bins, np.int64)
    for piece in _pieces(array):
        counts += np.histogram(piece, edges)[0]
    return counts, edges
