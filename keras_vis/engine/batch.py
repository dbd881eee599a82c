"""The door: what did the user pass, and what does the model take?

Everything that a user hands over as ``images`` becomes a `Batch` here: float32 arrays in the order of the model's
inputs, checked against their shapes, or one error that names the argument.
"""

from __future__ import annotations

import dataclasses
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_vis.engine import layers

_SMALL = 64  # pixels along an image's longer side


@dataclass(frozen=True)
class Batch:
    """What goes into a model: one array for each of its inputs, all with the same first axis.

    Attributes:
        arrays: one array an input, ``(n, ...)``, float32 where the model takes numbers, its own integer type where it
            takes integers (tokens).
        structure: how the model's ``call`` wants them packed: a leaf for a single input, else a list, tuple or dict.
        names: what the inputs are called.
        image: which input is looked at, by index.
    """

    arrays: tuple[np.ndarray, ...]
    structure: Any
    names: tuple[str, ...]
    image: int = 0

    def __len__(self) -> int:
        return len(self.arrays[0])

    def at_once(self, batch: object, *, forward: bool = False) -> int:
        """Return how many images go through the model at once: what is asked for; None chooses.

        Of digits 64 are 15 % faster than 32 and no slower than 256; photographs gain nothing above 16, and twice the
        number takes twice the memory. Forward alone, 256 digits are 20 % faster than 64, and 16 photographs
        10 % faster than 32.

        Raises:
            ValueError: not a positive whole number.
        """
        if batch is None:
            large = any(is_large(array.shape) for array in self.arrays)
            return (16 if large else 256) if forward else (32 if large else 64)
        if isinstance(batch, bool) or not isinstance(batch, int | np.integer) or batch < 1:
            raise ValueError(f"`batch` must be a positive whole number of images; received {batch!r}.")
        return int(batch)

    def slices(self, size: int) -> Iterator[slice]:
        """Yield the batch in pieces of at most `size` images."""
        for start in range(0, len(self), size):
            yield slice(start, min(start + size, len(self)))

    def floats(self, which: int) -> np.ndarray:
        """Return what goes into an input that takes numbers.

        Raises:
            ValueError: it takes integers, which have no gradient and can be no fraction of each other.
        """
        array = self.arrays[which]
        if array.dtype.kind != "f":
            raise ValueError(
                f"the model's input {self.names[which]!r} takes integers ({array.dtype}), which have no gradient. Ask "
                "about the layer after it, or build the model with a float input."
            )
        return array

    def put(self, which: int, array: np.ndarray) -> Batch:
        """Return the batch with other numbers in an input, which is the one that is looked at."""
        arrays = tuple(array if i == which else kept for i, kept in enumerate(self.arrays))
        return dataclasses.replace(self, arrays=arrays, image=which)

    def looking(self, which: int) -> Batch:
        """Return the same, with this input as the one that is looked at."""
        return dataclasses.replace(self, image=which)

    def shown(self, which: int) -> np.ndarray:
        """Return an input as images that can be drawn: other than one or three channels as their mean, in grey."""
        images = with_channels(np.asarray(self.arrays[which], np.float32))
        return images if images.shape[-1] in (1, 3) else images.mean(axis=-1, keepdims=True)

    def pick_input(self, which: int | str | None, argument: str = "input") -> int:
        """Return the index of the input to look at: the one named, else the only one that holds images.

        Raises:
            ValueError: no such input, none or several that hold images, or one that takes integers.
        """
        shown = ", ".join(f"{name!r} {array.shape[1:]}" for name, array in zip(self.names, self.arrays, strict=True))
        if which is None:
            # An image without an axis of channels counts where there are none with one.
            pictures = [i for i, array in enumerate(self.arrays) if array.ndim == 4]
            pictures = pictures or [i for i, array in enumerate(self.arrays) if array.ndim == 3]
            if len(pictures) == 1:
                return pictures[0]
            lack = "Several inputs hold images" if pictures else "No input of the model holds images (n, h, w, c)"
            shown = ", ".join(f"{self.names[i]!r} {self.arrays[i].shape[1:]}" for i in pictures) or shown
            choose = f" Choose one with `{argument}=`, by name or index." if pictures else ""
            raise ValueError(f"{lack}: {shown}.{choose}")
        index = self.names.index(which) if isinstance(which, str) and which in self.names else which
        if isinstance(index, bool) or not isinstance(index, int | np.integer) or not 0 <= index < len(self.arrays):
            raise ValueError(f"`{argument}={which!r}` is not an input of the model; it has {shown}.")
        if self.arrays[index].ndim not in (3, 4):
            raise ValueError(f"`{argument}={which!r}` holds no images (n, h, w, c) but {self.arrays[index].shape}.")
        return int(index)


def is_large(shape: Sequence[int]) -> bool:
    """Whether images ``(n, h, w, ...)`` are large: a batch of them is small."""
    return len(shape) > 2 and max(shape[1:3]) > _SMALL


def with_channels(images: np.ndarray) -> np.ndarray:
    """Return images ``(n, h, w)`` or ``(n, h, w, c)`` with an axis of channels."""
    return images[..., None] if images.ndim == 3 else images


def take(model: keras.Model, images: object, argument: str = "images", *, start: int = 0) -> Batch:
    """Return what the model takes, from what the user passed.

    Args:
        model: a Keras model. A Sequential that is not built yet is built for the shape of these images.
        images: an array or tensor ``(n, h, w, c)``, one image ``(h, w, c)``, a list of images of one size, or, for a
            model of several inputs, a list, tuple or dict of arrays. 8-bit, 64-bit and boolean numbers are cast. Where
            the model's images have one channel, that axis may be left out.
        argument: the name of the argument in messages.
        start: the number of the first image, in messages.

    Raises:
        TypeError: no numbers.
        ValueError: a shape that does not fit the model, no image at all, inputs of different lengths, NaN or infinity.
    """
    layers.check_model(model)
    specs = _specs(model)
    if specs is None:
        structure, values = _split_unknown(images)
        names = (
            tuple(map(str, structure))
            if isinstance(structure, dict)
            else tuple(f"input_{i}" for i in range(len(values)))
        )
        wanted: Sequence[tuple[int | None, ...] | None] = (
            [_built_shape(model)] if len(values) == 1 else [None] * len(values)
        )
        dtypes = ["float32"] * len(values)
    else:
        structure, names, wanted, dtypes = specs
        values = _split(images, structure, names, argument)
    arrays = []
    for value, name, shape, dtype in zip(values, names, wanted, dtypes, strict=True):
        where = argument if len(values) == 1 else f"{argument}[{name!r}]"
        arrays.append(_numbers(value, shape, dtype, where, start))
    lengths = {len(array) for array in arrays}
    if len(lengths) > 1:
        each = ", ".join(f"{name!r} {len(array)}" for name, array in zip(names, arrays, strict=True))
        raise ValueError(f"`{argument}`: every input needs as many entries; received {each}.")
    if lengths == {0}:
        raise ValueError(f"`{argument}` is empty: received shape {arrays[0].shape}. Give at least one image.")
    batch = Batch(tuple(arrays), structure, names)
    _build(model, batch)
    return batch


def input_shapes(model: keras.Model) -> dict[str, tuple[int | None, ...]] | None:
    """Return the shapes of a model's inputs, without the axis of images, by name; None where Keras does not know them.

    A size that is open is None.
    """
    layers.check_model(model)
    specs = _specs(model)
    return None if specs is None else {name: shape[1:] for name, shape in zip(specs[1], specs[2], strict=True)}


def _specs(model: keras.Model) -> tuple[Any, tuple[str, ...], list[tuple[int | None, ...]], list[str]] | None:
    """Return the structure, names, shapes and types of a model's inputs, or None where Keras does not know them."""
    functional = getattr(model, "_functional", None) if isinstance(model, keras.Sequential) else model
    inputs = getattr(functional, "inputs", None)
    if not inputs:
        return None
    structure = functional.input  # type: ignore[union-attr]
    parts = (
        structure.values() if isinstance(structure, dict) else structure if isinstance(structure, list | tuple) else ()
    )
    if any(isinstance(part, list | tuple | dict) for part in parts):
        raise ValueError(f"model {model.name!r}: inputs in structures of more than one level cannot be taken.")
    keys = list(structure) if isinstance(structure, dict) else [tensor.name for tensor in inputs]
    if isinstance(structure, dict):  # Keras's own flat order of a dict is that of its sorted keys
        keys = sorted(keys)
        inputs = [structure[key] for key in keys]
    packing = dict.fromkeys(keys, 0) if isinstance(structure, dict) else ([0] * len(keys) if len(keys) > 1 else 0)
    return packing, tuple(keys), [tuple(tensor.shape) for tensor in inputs], [str(tensor.dtype) for tensor in inputs]


def _built_shape(model: keras.Model) -> tuple[int | None, ...] | None:
    """Return what is known of the input of a subclassed model: how many axes, and channels, it was built for.

    Its height and width bind nobody: a net that ends in a pooling takes others.
    """
    shape = (model.get_build_config() or {}).get("input_shape") if model.built else None
    flat = isinstance(shape, list | tuple) and all(size is None or isinstance(size, int) for size in shape)
    return (*[None] * (len(shape) - 1), shape[-1]) if flat and shape else None


def _split(images: object, structure: Any, names: tuple[str, ...], argument: str) -> list[object]:
    """Sort what was passed by the model's inputs."""
    shown = ", ".join(map(repr, names))
    if isinstance(images, Mapping):
        missing = [name for name in names if name not in images]
        if missing:
            raise ValueError(f"`{argument}` lacks {', '.join(map(repr, missing))}; the model's inputs are {shown}.")
        return [images[name] for name in names]
    if len(names) == 1:
        if isinstance(images, list | tuple) and len(images) == 1 and np.ndim(images[0]) == 4:
            return [images[0]]
        return [images]
    if isinstance(structure, dict):
        raise ValueError(
            f"`{argument}` must be a dict with the model's inputs {shown}; received {type(images).__name__}."
        )
    if not isinstance(images, list | tuple) or len(images) != len(names):
        count = f" of {len(images)}" if isinstance(images, list | tuple) else ""
        raise ValueError(
            f"`{argument}` must be a list of {len(names)} arrays, one for each of the model's inputs {shown}; "
            f"received {type(images).__name__}{count}."
        )
    return list(images)


def _split_unknown(images: object) -> tuple[Any, list[object]]:
    """Sort what was passed by its own structure: the model does not say what it takes (subclassed, or not built)."""
    if isinstance(images, Mapping):
        keys = sorted(images)
        return dict.fromkeys(keys, 0), [images[key] for key in keys]
    # A list of images of three axes is one batch; a list of whole batches is several inputs.
    if isinstance(images, list | tuple) and len(images) > 1 and all(np.ndim(part) != 3 for part in images):
        shapes = {np.shape(part) for part in images}
        if any(len(shape) >= 2 for shape in shapes) and (len(shapes) > 1 or all(len(shape) == 4 for shape in shapes)):
            return type(images)([0] * len(images)), list(images)
    return 0, [images]


def _numbers(value: object, shape: tuple[int | None, ...] | None, dtype: str, argument: str, start: int) -> np.ndarray:
    """Return one input's numbers as an array that has the model's shape."""
    try:
        array = np.asarray(value)
    except Exception as error:
        raise TypeError(f"`{argument}` is no array of numbers: {error}") from error
    if array.dtype.kind not in "buif" and array.dtype.name != "bfloat16":
        several = array.dtype.kind == "O" and isinstance(value, list | tuple)
        hint = " All images of a list must have one size." if several else ""
        hint = " Take a batch of it: next(iter(data))." if hasattr(value, "element_spec") else hint
        raise TypeError(f"`{argument}` must hold numbers; received {type(value).__name__} of {array.dtype}.{hint}")
    array = _with_axes(array, shape, argument)
    if dtype.startswith(("int", "uint")):
        whole = array.astype(dtype)
        if not (whole == array).all():
            raise ValueError(
                f"`{argument}`: the model takes {dtype}, which cannot hold all of these numbers, from {array.min():g} "
                f"to {array.max():g}. Give whole numbers in its range, as before any scaling."
            )
        return whole
    array = np.ascontiguousarray(array, dtype=np.float32)
    if not np.isfinite(array).all():
        bad = [i for i, image in enumerate(array) if not np.isfinite(image).all()]
        raise ValueError(
            f"`{argument}` has NaN or infinite values, first in entry {start + bad[0]}. Clean the data first."
        )
    return array


def _with_axes(array: np.ndarray, shape: tuple[int | None, ...] | None, argument: str) -> np.ndarray:
    """Add the axes that may be left out (the batch; one channel), then hold the rest against the model's shape."""
    if shape is None:
        if array.ndim == 3:
            raise ValueError(
                f"`{argument}` has shape {array.shape}, and the model does not say what it takes: is it one image, or "
                "several grey ones? Give all axes, (n, h, w, c)."
            )
        return array
    tail, received = shape[1:], array.shape
    if not _fits(array.shape[1:], tail):
        if _fits(array.shape, tail):
            array = array[None]
        elif len(tail) == 3 and tail[-1] == 1 and array.ndim in (2, 3) and _fits((*array.shape, 1)[-3:], tail):
            array = array[..., None] if array.ndim == 3 else array[None, ..., None]
        else:
            wanted = ", ".join("any" if size is None else str(size) for size in tail)
            hint = ""
            if (
                len(tail) == 3
                and len(received) in (3, 4)
                and _fits(np.moveaxis(np.empty(received[-3:]), 0, -1).shape, tail)
            ):
                hint = " The channels come first: move them, np.moveaxis(images, -3, -1)."
            raise ValueError(f"`{argument}` has shape {received}; the model takes (n, {wanted}).{hint}")
    return array


def _fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(shape) == len(wanted) and all(w is None or s == w for s, w in zip(shape, wanted, strict=True))


def _build(model: keras.Model, batch: Batch) -> None:
    """Build a model that has not seen its first batch, as its first batch would.

    Its weights get the values that training would have given them: Keras draws each initialiser's seed when the layer
    is made, not when it is built.
    """
    if model.built:
        return
    if isinstance(model, keras.Sequential) and len(batch.arrays) == 1:
        model.build((None, *batch.arrays[0].shape[1:]))
    else:
        sample = [array[:1] for array in batch.arrays]
        model(pack(batch.structure, [keras.ops.convert_to_tensor(array) for array in sample]), training=False)


def pack(structure: Any, flat: Sequence[Any]) -> Any:
    """Put a model's inputs back into the structure in which it takes them."""
    if isinstance(structure, dict):
        return dict(zip(structure, flat, strict=True))
    if isinstance(structure, list | tuple):
        return type(structure)(flat)
    return flat[0]


def fill(value: object, images: np.ndarray, argument: str) -> np.ndarray:
    """Return an image for each of these images: from a number, one image for all, or one for each.

    Args:
        value: a number, ``(h, w, c)`` or ``(n, h, w, c)``; a single channel's axis may be left out.
        images: ``(n, h, w, c)``.
        argument: the name of the argument in messages.

    Returns:
        float32 ``(n, h, w, c)``, or ``(n, 1, 1, 1)`` of a number.

    Raises:
        TypeError: no numbers.
        ValueError: another shape, NaN or infinity.
    """
    try:
        array = np.asarray(value)
    except Exception as error:
        raise TypeError(f"`{argument}` is no array of numbers: {error}") from error
    if array.dtype.kind not in "buif" and array.dtype.name != "bfloat16":
        raise TypeError(f"`{argument}` must be a number or an image; received {type(value).__name__} {value!r}.")
    array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"`{argument}` has NaN or infinite values.")
    one, given = images.shape[1:], array.shape
    if array.ndim == 0:
        return np.full((len(images), *[1] * len(one)), array)
    if one[-1] == 1 and array.shape[-2:] == one[:-1]:
        array = array[..., None]
    if array.shape not in (one, (1, *one), images.shape):
        raise ValueError(
            f"`{argument}` has shape {given}; it must be a number, one image {one}, or one for each, {images.shape}."
        )
    return np.broadcast_to(array, images.shape)


def bar(total: int | None, what: str, shown: bool) -> Any:
    """Return a tqdm progress bar that stays hidden for the first second and leaves nothing behind."""
    # Lazy: tqdm is wanted only when there is much to do, not when the package is imported.
    with warnings.catch_warnings():
        # in Jupyter without ipywidgets it is drawn in text, and need not be said
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm

    return tqdm(total=total, desc=what, disable=not shown, delay=1, leave=False, file=sys.stderr)
