"""What did a method find, and how is it looked at and kept?

A picture holds raw numbers, never scaled, and can draw and save itself. A method that has more to tell than a kind of
picture holds derives from it: the further fields are saved with it.

    @dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
    class Occlusion(HeatMaps):
        scores: np.ndarray
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import io
import json
import math
import os
import pathlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Self

import numpy as np

__all__ = ["Chart", "Diagram", "FeatureMaps", "HeatMaps", "Images", "Picture", "Table", "about"]

_RESERVED = ("about", "fields", "file", "allow_pickle")  # in the .npz; the last two are savez's own
_DISTRIBUTIONS = {"keras_vis": "keras-vis-toolkit"}  # where the name of the package is another
_LONG = 1000  # a longer array in `about` is described, not written out


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
    """

    about: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make `about` plain."""
        if not isinstance(self.about, Mapping):
            raise TypeError(f"`about` must be a mapping. Received: {type(self.about).__name__}.")
        self._set("about", _plain(self.about))

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
                tables `.txt` and `.csv`.

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

    def _repr_png_(self) -> bytes:
        from PIL import Image, PngImagePlugin

        info = PngImagePlugin.PngInfo()
        info.add_text("keras_vis", json.dumps(self.about, sort_keys=True))
        file = io.BytesIO()
        Image.fromarray(self.draw()).save(file, "PNG", pnginfo=info)
        return file.getvalue()

    def __repr__(self) -> str:
        """Name the shapes, not the numbers."""
        parts = []
        for name, value in self._fields().items():
            if isinstance(value, np.ndarray):
                parts.append(f"{name} {value.dtype} {value.shape}")
            elif isinstance(value, bool | int | float | str) and len(str(value)) < 40:
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

    def _fields(self) -> dict[str, object]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "about"}

    def _set(self, name: str, value: object) -> None:
        # the one way to put a checked value into a frozen dataclass
        object.__setattr__(self, name, value)


@dataclass(frozen=True, eq=False, repr=False)
class HeatMaps(Picture):
    """Maps over images, one for each.

    Attributes:
        values: `(n, h, w)` or `(n, h, w, c)`, float32, raw. A map may be coarser than its image.
        images: `(n, height, width, c)`, c 1 or 3: what lies under the maps.
        signed: whether the sign means for and against. Drawn blue - white - red, zero in the middle; otherwise inferno,
            of the absolute value.
        captions: one for each image, or none.
        scale: the value that gets the strongest colour. None: of each image's own map the 99th percentile of the
            absolute value, or its highest where that is 0. A number: the same for all, with one colour bar. `(n,)`: one
            for each image; where it is 0, the image's own.
        channels: how one number is made of c for drawing: `"max"` the one of largest absolute value, or `"sum"`.
        colours: one of matplotlib's colour maps instead.
        value_range: black and white of the images; None stretches each image on its own.
    """

    values: np.ndarray
    images: np.ndarray
    _: KW_ONLY
    signed: bool = False
    captions: Sequence[str] = ()
    scale: float | np.ndarray | None = None
    channels: str = "max"
    colours: str | None = None
    value_range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        self._set("values", _floats("values", self.values, (3, 4), "(n, h, w) or (n, h, w, c)"))
        self._set("images", _pixels("images", self.images, len(self.values)))
        self._set("captions", _captions(self.captions, len(self.values)))
        self._set("scale", _scale(self.scale, len(self.values)))
        self._set("value_range", _value_range(self.value_range))
        if self.channels not in ("max", "sum"):
            raise ValueError(f"`channels={self.channels!r}` must be 'max' or 'sum'.")
        if self.colours is not None:
            from keras_vis.draw import colour

            colour.check(self.colours)

    def scales(self) -> np.ndarray:
        """Give the value that gets the strongest colour, for each image.

        Returns:
            float32 `(n,)`; 0 where a map is zero everywhere.
        """
        return _scales_in_force(self.scale, self._maps(), 99)

    def at(self, scale: float | np.ndarray) -> Self:
        """Give the same picture at another scale, such as that of an earlier one.

        Args:
            scale: a number, or `(n,)`.
        """
        return dataclasses.replace(self, scale=scale)

    def over(self, images: np.ndarray) -> Self:
        """Give the same maps over other images, such as those before preprocessing.

        Args:
            images: `(n, height, width, c)`, of any size; each is stretched on its own.
        """
        return dataclasses.replace(self, images=images, value_range=None)

    def draw(self) -> np.ndarray:
        """Draw each image, and beside it its map over it.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import colour, heat

        return heat.heat_sheet(
            self._maps(),
            self.images,
            signed=self.signed,
            scales=self.scales(),
            shared=self.scale is not None and np.ndim(self.scale) == 0,
            captions=self.captions,
            name=self.colours or (colour.DIVERGING if self.signed else colour.SEQUENTIAL),
            value_range=self.value_range,
        )

    def _maps(self) -> np.ndarray:
        from keras_vis.draw import heat

        return heat.reduce_channels(self.values, self.channels)


@dataclass(frozen=True, eq=False, repr=False)
class Images(Picture):
    """Images or kernels, side by side.

    Attributes:
        values: `(n, h, w, c)`, c 1 or 3, float32, raw.
        captions: one for each image, or none.
        value_range: what is black and what is white, for all; a bar with numbers says so. None stretches each image on
            its own. Kernels take `(-m, m)`: zero is mid-grey.
        columns: images in a row; None chooses.
        axes: what the rows and the columns of a matrix are, as `("input channel", "output channel")`: tiles become
            small and close, and have their numbers along the edges. Wants `columns`; `values` come row by row.
    """

    values: np.ndarray
    _: KW_ONLY
    captions: Sequence[str] = ()
    value_range: tuple[float, float] | None = None
    columns: int | None = None
    axes: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        self._set("values", _pixels("values", self.values))
        self._set("captions", _captions(self.captions, len(self.values)))
        self._set("value_range", _value_range(self.value_range))
        if self.columns is not None and (self.columns != int(self.columns) or self.columns < 1):
            raise ValueError(f"`columns={self.columns!r}` must be a whole number, at least 1.")
        if self.axes is not None:
            if self.columns is None or isinstance(self.axes, str) or len(self.axes) != 2:
                raise ValueError(
                    f"`axes={self.axes!r}` must be two names, of the rows and of the columns, and wants `columns`. "
                    f"Received: columns={self.columns!r}."
                )
            if self.captions:
                raise ValueError(
                    "`captions` and `axes` exclude each other: the tiles of a matrix have numbers along its edges."
                )

    def scales(self) -> np.ndarray:
        """Give the m of a value range `(-m, m)`.

        Returns:
            float32 `(1,)`, or `(0,)` where the range is another or each image has its own: there is then nothing to
            hold.
        """
        low, high = self.value_range or (0.0, 0.0)
        return np.array([high] if low < 0 and low == -high else [], np.float32)

    def at(self, scale: float | np.ndarray) -> Self:
        """Give the same picture with the value range `(-scale, scale)`.

        Args:
            scale: a number, or what `scales()` of such a picture gave; nothing changes if that was empty.
        """
        scale = np.asarray(scale, np.float32).reshape(-1)
        if scale.size > 1:
            raise ValueError(f"`scale` has {scale.size} entries, but images share one. Give one number.")
        if scale.size == 0 or scale[0] == 0:
            return self
        return dataclasses.replace(self, value_range=(-float(scale[0]), float(scale[0])))

    def draw(self) -> np.ndarray:
        """Draw every image as a tile.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import grid

        if self.axes is not None and self.columns is not None:
            return grid.kernel_sheet(self.values, value_range=self.value_range, columns=self.columns, axes=self.axes)
        return grid.image_sheet(self.values, captions=self.captions, value_range=self.value_range, columns=self.columns)


@dataclass(frozen=True, eq=False, repr=False)
class FeatureMaps(Picture):
    """What the units of a layer answer to each image.

    Attributes:
        values: `(n, h', w', k)`, float32, raw activations. Drawn in viridis, or blue - white - red if any is negative.
        images: `(n, h, w, c)`, c 1 or 3: what went in; or None.
        units: the k channel numbers; None for 0 .. k-1.
        layer: its name.
        captions: one for each image, or none.
        scale: the value that gets the strongest colour, over all units. None: for each image the 99.9th percentile of
            the absolute value, or the highest where that is 0. A number, or `(n,)`; where it is 0, the image's own.
    """

    values: np.ndarray
    _: KW_ONLY
    images: np.ndarray | None = None
    units: Sequence[int] | None = None
    layer: str = ""
    captions: Sequence[str] = ()
    scale: float | np.ndarray | None = None

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        self._set("values", _floats("values", self.values, (4,), "(n, h', w', k)"))
        count, units = len(self.values), self.values.shape[3]
        if self.images is not None:
            self._set("images", _pixels("images", self.images, count))
        numbers = tuple(range(units)) if self.units is None else tuple(int(unit) for unit in self.units)
        self._set("units", numbers)
        if len(numbers) != units:
            raise ValueError(
                f"`units` has {len(numbers)} entries, but there are {units} maps of each image. "
                "Give one for each or none."
            )
        self._set("captions", _captions(self.captions, count))
        self._set("scale", _scale(self.scale, count))

    def scales(self) -> np.ndarray:
        """Give the value that gets the strongest colour, for each image.

        Returns:
            float32 `(n,)`; 0 where every activation is 0.
        """
        return _scales_in_force(self.scale, self.values, 99.9)

    def at(self, scale: float | np.ndarray) -> Self:
        """Give the same picture at another scale.

        Args:
            scale: a number, or `(n,)`.
        """
        return dataclasses.replace(self, scale=scale)

    def statistics(self) -> Table:
        """Sum up each unit over all images and positions: lowest, highest, mean, deviation, zeros.

        Returns:
            One row for each unit.
        """
        flat = self.values.reshape(-1, self.values.shape[3]).astype(np.float64)
        figures = (flat.min(0), flat.max(0), flat.mean(0), flat.std(0), (flat == 0).mean(0))
        rows = tuple((unit, *(float(x) for x in row)) for unit, *row in zip(self._numbers(), *figures, strict=True))
        columns = ("unit", "min", "max", "mean", "std", "share of zeros")
        return Table(columns, rows, title=f"Activations of {self.layer or 'a layer'}", about=self.about)

    def draw(self) -> np.ndarray:
        """Draw for each image the map of every unit.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import grid

        return grid.feature_sheet(
            self.values,
            images=self.images,
            units=self._numbers(),
            layer=self.layer,
            captions=self.captions,
            scales=self.scales(),
            scale_is=f"activation, {'up to its 99.9th percentile' if self.scale is None else 'on a given scale'}",
        )

    def _numbers(self) -> Sequence[int]:
        return self.units or ()


@dataclass(frozen=True, eq=False, repr=False)
class Chart(Picture):
    """Numbers on axes.

    Attributes:
        kind: one of `keras_vis.draw.chart.KINDS`: `"histograms"`, `"predictions"`, `"curves"`; what each draws from
            which arrays is said there.
        values: its arrays, raw.
        text: names, title, labels of the axes.
    """

    kind: str
    values: Mapping[str, np.ndarray]
    _: KW_ONLY
    text: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        from keras_vis.draw import chart

        if self.kind not in chart.KINDS:
            raise ValueError(f"`kind={self.kind!r}` is no chart. There are: {', '.join(chart.KINDS)}.")
        missing = [name for name in chart.KINDS[self.kind].needs if name not in self.values]
        if missing or set(self.values) & set(_RESERVED):
            raise ValueError(
                f"`values` of a chart of {self.kind} must hold {', '.join(chart.KINDS[self.kind].needs)}, "
                "and none may be called "
                f"{' or '.join(_RESERVED)}. Received: {', '.join(self.values) or 'none'}."
            )
        self._set("values", {name: _frozen(np.asarray(value)) for name, value in self.values.items()})
        self._set("text", dict(self.text))
        fault = chart.KINDS[self.kind].fault(self.values, self.text)
        if fault:
            shapes = ", ".join(f"{name} {value.shape}" for name, value in self.values.items())
            raise ValueError(f"In a chart of {self.kind}, {fault}. Received: {shapes}.")

    def draw(self) -> np.ndarray:
        """Draw the chart.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import chart

        return chart.KINDS[self.kind].draw(self.values, self.text)

    def _contents(self) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        arrays, rest = super()._contents()
        del rest["values"]
        return {**arrays, **self.values}, rest


@dataclass(frozen=True, eq=False, repr=False)
class Diagram(Picture):
    """A graph: what is connected to what.

    Attributes:
        dot: the graph in Graphviz's language.
        svg: the graph drawn.
    """

    dot: str
    svg: str

    def draw(self) -> np.ndarray:
        """Turn the SVG into pixels.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import graph

        return graph.rasterise(self.svg)

    def _formats(self) -> dict[str, Callable[[], bytes]]:
        return {**super()._formats(), ".svg": self.svg.encode, ".dot": self.dot.encode}


@dataclass(frozen=True, eq=False, repr=False)
class Table(Picture):
    """Rows and columns.

    Attributes:
        columns: the names of the columns.
        rows: a tuple of cells for each row: numbers, strings, None for an empty one. Leading spaces of a name indent
            it.
        title: a line above.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    _: KW_ONLY
    title: str = ""

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        self._set("columns", tuple(str(name) for name in self.columns))
        self._set("rows", tuple(tuple(row) for row in self.rows))
        if not self.columns or len(set(self.columns)) < len(self.columns):
            raise ValueError(
                f"`columns` must be different names, at least one. Received: {', '.join(self.columns) or 'none'}."
            )
        for i, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"`rows[{i}]` has {len(row)} cells, but there are {len(self.columns)} columns: "
                    f"{', '.join(self.columns)}."
                )

    def column(self, name: str) -> list[object]:
        """Give the cells of one column, from the top.

        Args:
            name: of the column.

        Raises:
            ValueError: there is no such column.
        """
        if name not in self.columns:
            raise ValueError(f"`name={name!r}` is no column. There are: {', '.join(self.columns)}.")
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def draw(self) -> np.ndarray:
        """Draw the table, every row of it.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import table

        return table.table_sheet(self.columns, self.rows, self.title)

    def __str__(self) -> str:
        """Set the table as lines of text."""
        from keras_vis.draw import table

        return table.table_text(self.columns, self.rows, self.title)

    def _formats(self) -> dict[str, Callable[[], bytes]]:
        return {**super()._formats(), ".txt": lambda: f"{self}\n".encode(), ".csv": self._csv}

    def _csv(self) -> bytes:
        file = io.StringIO(newline="")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(["" if cell is None else str(cell) for cell in row] for row in self.rows)
        return file.getvalue().encode()

    def _contents(self) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        from keras_vis.draw import table

        arrays = {}
        for name in self.columns:
            cells = self.column(name)
            key = f"{name}_" if name in _RESERVED else name
            if table.numeric(cells):
                arrays[key] = np.array([np.nan if cell is None or cell == "" else cell for cell in cells])
            else:
                arrays[key] = np.array(["" if cell is None else str(cell) for cell in cells], dtype=np.str_)
        return arrays, {"columns": self.columns, "title": self.title}


def _frozen(array: np.ndarray) -> np.ndarray:
    # a view: the caller's own array stays writable
    array = array.view()
    array.flags.writeable = False
    return array


def _floats(name: str, values: object, ranks: tuple[int, ...], shape: str) -> np.ndarray:
    array = np.asarray(values, np.float32)
    if array.ndim not in ranks or array.size == 0:
        raise ValueError(f"`{name}` must be {shape} and not empty. Received: shape {array.shape}.")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ValueError(
            f"`{name}` must be finite, to be drawn. Received: {bad} of {array.size} numbers are NaN or infinite."
        )
    return _frozen(array)


def _pixels(name: str, values: object, count: int | None = None) -> np.ndarray:
    array = _floats(name, values, (4,), "(n, h, w, c)")
    if array.shape[3] not in (1, 3):
        raise ValueError(
            f"`{name}` must have 1 (grey) or 3 (RGB) channels on the last axis. Received: shape {array.shape}."
        )
    if count is not None and len(array) != count:
        raise ValueError(f"`{name}` has {len(array)} entries, but there are {count} maps. Give one image for each map.")
    return array


def _captions(captions: Sequence[str], count: int) -> tuple[str, ...]:
    if isinstance(captions, str):
        raise ValueError(f"`captions={captions!r}` is one string. Give a sequence with one for each image, or none.")
    captions = tuple(str(caption) for caption in captions)
    if captions and len(captions) != count:
        raise ValueError(
            f"`captions` has {len(captions)} entries, but there are {count} images. Give one for each image or none."
        )
    return captions


def _scale(scale: object, count: int) -> float | np.ndarray | None:
    if scale is None:
        return None
    array = np.asarray(scale, np.float32)
    if array.ndim > 1 or (array.ndim == 1 and len(array) != count):
        raise ValueError(
            f"`scale` must be one number or one for each of {count} images. Received: shape {array.shape}."
        )
    if not np.isfinite(array).all() or (array < 0).any() or (array.ndim == 0 and array == 0):
        raise ValueError(f"`scale` must be positive and finite. Received: {array.tolist()}.")
    return float(array) if array.ndim == 0 else _frozen(array)


def _scales_in_force(scale: float | np.ndarray | None, values: np.ndarray, percentile: float) -> np.ndarray:
    count = len(values)
    if scale is not None and np.ndim(scale) == 0:
        return np.full(count, scale, np.float32)
    sizes = np.abs(values).reshape(count, -1)
    # a value of the map itself: between the only hot spot and the zeros around it there is none
    own = np.percentile(sizes, percentile, axis=1, method="higher")
    own = np.where(own > 0, own, sizes.max(1))
    return own if scale is None else np.where(scale > 0, scale, own)


def _value_range(value_range: Sequence[float] | None) -> tuple[float, float] | None:
    if value_range is None:
        return None
    ends = tuple(float(end) for end in value_range)
    if len(ends) != 2 or not all(map(math.isfinite, ends)) or not ends[0] < ends[1]:
        raise ValueError(f"`value_range` must be (low, high), low < high, both finite. Received: {value_range!r}.")
    return ends


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
