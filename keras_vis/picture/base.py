"""What do all pictures have: where they come from, and how they are kept?"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import math
import os
import pathlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from keras_vis.measure.drift import Drift

RESERVED = ("about", "fields", "file", "allow_pickle")  # in the .npz; the last two are savez's own
_DISTRIBUTIONS = {"keras_vis": "keras-vis-toolkit"}  # where the name of the package is another
_LONG = 1000  # a longer array in `about` is described, not written out
# of `about`, what was asked: pictures that differ in it are not one picture at two times
_QUESTION = ("method", "layer", "units", "target", "output", "places")


def about(method: str, **facts: object) -> dict[str, object]:
    """Gather what a picture should say of itself: the method, the given facts, and the versions of what made it.

    Args:
        method: the name of the method.
        facts: options, target, layer, scale, seed.

    Returns:
        A dictionary for a picture's `about`.
    """
    return {"method": method, **facts, "versions": dict(_versions())}


@functools.cache
def _versions() -> dict[str, str]:
    from importlib import metadata

    found = {}
    for name in ("keras_vis", "keras", "tensorflow", "numpy"):
        try:
            found[name] = metadata.version(_DISTRIBUTIONS.get(name, name))
        except metadata.PackageNotFoundError:
            found[name] = "0+unknown"
    return found


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Picture:
    """Numbers that can draw and save themselves.

    Attributes:
        about: what the picture shows and how it was made, as plain JSON values; see `about()`. It is written into every
            file that can hold it.

    Example:
        >>> kv.filters(model, "conv_1").about["method"]
        'filters'
    """

    about: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make `about` plain."""
        if not isinstance(self.about, Mapping):
            raise TypeError(f"`about` must be a mapping. Received: {type(self.about).__name__}.")
        self._set("about", _plain(self.about))
        for part in dataclasses.fields(self):
            value = getattr(self, part.name)
            if isinstance(value, np.ndarray):
                value = value.view()  # the user's own stays writable
                value.flags.writeable = False
                self._set(part.name, value)

    def draw(self) -> np.ndarray:
        """Draw the sheet.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str]) -> pathlib.Path:
        """Write the picture to a file, whole or not at all; folders above it are made.

        Args:
            path: its suffix says what is written: `.png` the drawing, with `about` in the text chunk "keras_vis";
                `.npz` the raw numbers, `about` and the other fields as JSON. Diagrams also know `.svg` and `.dot`,
                tables `.txt` and `.csv`, ascents with frames `.gif`.

        Returns:
            The path.

        Raises:
            ValueError: the suffix is unknown.
        """
        path = pathlib.Path(path)
        formats = self._formats()
        if path.suffix.lower() not in formats:
            raise ValueError(
                f"`path={str(path)!r}` must end in one of {', '.join(formats)}: "
                f"{type(self).__name__} knows no other file."
            )
        write_whole(path, formats[path.suffix.lower()]())
        return path

    def drift(self, earlier: Picture) -> Drift | None:
        """Measure how much the picture has changed since an earlier one, as from epoch to epoch of a training.

        Raw values are compared, with their signs, even where the drawing takes their size; scales and captions are not.
        1 - the rank correlation of all numbers of each map with those of the same map earlier: of `HeatMaps` and
        `Images` for each image (of adversarial ones, their change alone), of a `Comparison` for each map of each image,
        one map after the other, of a `Gallery` likewise, without the images that were put in, and of `FeatureMaps` for
        each unit, over all images. It knows order alone: a map that has become twice as strong has not changed. 1 - the
        cosine for each filter, over all its inputs, of kernels. What is constant, or zero, in both has not changed;
        what is in one alone has 1.

        An image that was climbed to may have changed more than the net: from one start two nets that differ a little
        can be climbed to two motifs, or to one in two places. So a low value says that nothing has changed, a high one
        not that much has. What is left of the start in the end, as of a deep dream's photograph or a fooling image's
        noise, is in both, and makes it lower.

        Args:
            earlier: the same picture of another time, made with the same arguments.

        Returns:
            A value for each map, unit or filter, ``values`` ``(n,)``, float32, in [0, 2], 0 where nothing has changed
            and 2 where it has become its opposite; their ``mean``; and ``measure``, ``"1 - rank correlation"`` or
            ``"1 - cosine"``. None where no number can be compared with its earlier self: for charts, tables, diagrams,
            patches, mosaics, inspections and correspondences, and where `earlier` is of another kind, method, layer,
            target, image, shape or other units.

        Raises:
            TypeError: `earlier` is no picture.

        Source:
            Spearman 1904; Adebayo et al. 2018, arXiv:1810.03292, tell saliency maps apart by it.

        Example:
            >>> before = kv.filters(model, "conv_1")
            >>> model.fit(x, y)
            >>> kv.filters(model, "conv_1").drift(before).mean
        """
        if not isinstance(earlier, Picture):
            raise TypeError(
                f"`earlier` must be a Picture, the same one of another time. Received: {type(earlier).__name__}."
            )
        same = type(earlier) is type(self) and all(
            self.about.get(fact) == earlier.about.get(fact) for fact in _QUESTION
        )
        return self._drift(earlier) if same else None

    def _drift(self, earlier: Self) -> Drift | None:
        """Compare with a picture of the same kind and question; None where numbers cannot be."""
        del earlier
        return None

    def _repr_png_(self) -> bytes:
        from PIL import Image, PngImagePlugin

        info = PngImagePlugin.PngInfo()
        info.add_text("keras_vis", json.dumps(self._facts(), sort_keys=True))
        file = io.BytesIO()
        Image.fromarray(self.draw()).save(file, "PNG", pnginfo=info)
        return file.getvalue()

    def __repr__(self) -> str:
        """Name the shapes, not the numbers."""
        parts = []
        for name, value in self._fields().items():
            if isinstance(value, np.ndarray):
                parts.append(f"{name} {value.dtype} {value.shape}")
            elif isinstance(value, bool | int | float | str) and 0 < len(str(value)) < 40:
                parts.append(f"{name}={value!r}")
        method = self.about.get("method")
        return f"{type(self).__name__}({', '.join(parts + ([f'method={method!r}'] if method else []))})"

    def _formats(self) -> dict[str, Callable[[], bytes]]:
        return {".png": self._repr_png_, ".npz": self._npz}

    def _npz(self) -> bytes:
        arrays, rest = self._contents()
        everything: dict[str, Any] = {
            **arrays,
            "about": json.dumps(self.about, sort_keys=True),
            "fields": json.dumps(_plain(rest), sort_keys=True),
        }
        file = io.BytesIO()
        np.savez_compressed(file, **everything)
        return file.getvalue()

    def _contents(self) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        fields = self._fields()
        arrays = {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}
        return arrays, {name: value for name, value in fields.items() if name not in arrays}

    def _facts(self) -> dict[str, object]:
        """What is written into the drawing: `about` and, where numbers became colours, on what scale."""
        scales = np.asarray(self.scales() if hasattr(self, "scales") else ())
        if not scales.size:
            return dict(self.about)
        return {
            **self.about,
            "scale": np.array([float(f"{x:.6g}") for x in scales.flat]).reshape(scales.shape).tolist(),
        }

    def _fields(self) -> dict[str, object]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "about"}

    def _set(self, name: str, value: object) -> None:
        # the one way to put a checked value into a frozen dataclass
        object.__setattr__(self, name, value)


def _plain(value: object) -> object:
    """Turn a value into what JSON knows, and the same one each time."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, np.ndarray):
        if value.size > _LONG:
            return f"array {value.dtype} {value.shape}"
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_plain(entry) for entry in value), key=str)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_plain(entry) for entry in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return value.__qualname__
    text = repr(value)
    # an address in memory would make each run's file another
    return type(value).__name__ if " at 0x" in text else text


def told_by(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a PNG that a picture wrote says of itself: its `about` and its scale; nothing if it says nothing.

    Args:
        path: of the file.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            return dict(json.loads(getattr(image, "text", {}).get("keras_vis", "{}")))
    except Exception:  # whatever a torn file makes of a decoder
        return {}


def write_whole(path: pathlib.Path, content: bytes) -> None:
    """Write a file whole or not at all: what was there before stays until the new one is complete.

    Args:
        path: of the file; folders above it are made.
        content: all of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # in the same folder, because a rename is one step only within a file system
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
