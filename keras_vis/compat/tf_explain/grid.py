"""How do maps become one sheet, a cell for each image, as tf-explain drew them?"""

from __future__ import annotations

import io
import math
import os
import pathlib
from collections.abc import Mapping
from typing import ClassVar, NoReturn

import numpy as np

from keras_vis.draw import heat, sheet
from keras_vis.picture import HeatMaps, write_whole

VIRIDIS = 16  # cv2.COLORMAP_VIRIDIS
_LAST = 21  # cv2.COLORMAP_DEEPGREEN
_WHOLE = "It has explain() and save(); the methods of keras_vis, such as keras_vis.grad_cam, return numbers."


def images_of(validation_data: object) -> object:
    """Return the images of what tf-explain calls validation data.

    Raises:
        TypeError: it is no pair of images and labels.
    """
    if isinstance(validation_data, list | tuple) and len(validation_data) == 2:
        return validation_data[0]
    raise TypeError(
        "`validation_data` must be a pair (images, labels), or (images, None); "
        f"received {type(validation_data).__name__}."
    )


def grey(maps: HeatMaps) -> np.ndarray:
    """Return each map's size in grey, white at its own 99th percentile: uint8 ``(rows * h, columns * w)``."""
    return lay(np.rint(255 * np.clip(np.abs(_strength(maps)), 0, 1)).astype(np.uint8))


def coloured(maps: HeatMaps, images: object, colormap: int = VIRIDIS, image_weight: float = 0.7) -> np.ndarray:
    """Return what is positive of each map in colours, added to its image: uint8 ``(rows * h, columns * w, 3)``.

    Args:
        maps: n maps, of any size.
        images: as they were given: those of 8 bits are shown as they are, others from their lowest to their highest.
        colormap: a number of OpenCV's, such as ``cv2.COLORMAP_VIRIDIS``.
        image_weight: what the image is multiplied by, from 0 to 1.

    Raises:
        ValueError: no such colour map; a weight out of range.
    """
    import cv2

    if isinstance(colormap, bool) or not isinstance(colormap, int | np.integer) or not 0 <= colormap <= _LAST:
        raise ValueError(f"`colormap` must be one of OpenCV's, cv2.COLORMAP_..., 0 to {_LAST}; received {colormap!r}.")
    if not 0 <= image_weight <= 1:
        raise ValueError(f"`image_weight` must lie between 0 and 1; received {image_weight!r}.")
    whole = all(np.asarray(image).dtype == np.uint8 for image in images)  # type: ignore[attr-defined]
    bases = sheet.to_rgb(sheet.stretch(maps.images, (0, 255) if whole else None))
    cells = []
    for base, strength in zip(bases, _strength(maps), strict=True):
        large = sheet.resize(strength, base.shape[:2], squares=False)
        levels = np.rint(255 * np.clip(large, 0, 1)).astype(np.uint8)
        painted = cv2.applyColorMap(levels, colormap)[..., ::-1]  # OpenCV's order is blue, green, red
        cells.append(np.rint(np.clip(255 * image_weight * base + painted, 0, 255)).astype(np.uint8))
    return lay(np.stack(cells))


def lay(cells: np.ndarray, down: int | None = None, across: int | None = None) -> np.ndarray:
    """Set n cells ``(n, h, w)`` or ``(n, h, w, c)`` into a grid, by default square; places left over are black."""
    side = math.ceil(math.sqrt(len(cells)))
    down, across = down or side, across or side
    rest = np.zeros((down * across - len(cells), *cells.shape[1:]), cells.dtype)
    rows = np.concatenate([cells, rest]).reshape(down, across, *cells.shape[1:])
    joined = np.moveaxis(rows, 1, 2)  # rows, height, columns, width
    return joined.reshape(down * cells.shape[1], across * cells.shape[2], *cells.shape[3:])


def save(grid: np.ndarray, output_dir: str | os.PathLike[str], output_name: str) -> pathlib.Path:
    """Write a grid to a file, whole or not at all; folders above it are made.

    Args:
        grid: uint8 ``(h, w)`` or ``(h, w, 3)``.
        output_dir: the folder.
        output_name: of the file; its suffix says what is written: .png, .jpg, .bmp, .tif or .webp.

    Raises:
        TypeError: `grid` is not of 8 bits.
        ValueError: the suffix is unknown.
    """
    from PIL import Image

    path = pathlib.Path(output_dir) / output_name
    kinds = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".tif": "TIFF", ".webp": "WEBP"}
    if path.suffix.lower() not in kinds:
        raise ValueError(f"`output_name={output_name!r}` must end in one of {', '.join(kinds)}.")
    if np.asarray(grid).dtype != np.uint8:
        raise TypeError(f"`grid` must be uint8, as explain() returns it; received {np.asarray(grid).dtype}.")
    file = io.BytesIO()
    Image.fromarray(np.asarray(grid)).save(file, kinds[path.suffix.lower()])
    write_whole(path, file.getvalue())
    return path


class Saves:
    """What all of tf-explain's explainers can do, and what is said of their steps, which are none here."""

    _instead: ClassVar[Mapping[str, str]] = {}  # by the name of a step, what to do

    def save(self, grid: np.ndarray, output_dir: str | os.PathLike[str], output_name: str) -> None:
        """Write a grid that `explain` has returned; see `keras_vis.compat.tf_explain.grid.save`."""
        save(grid, output_dir, output_name)

    def __getattr__(self, name: str) -> NoReturn:
        said = f"{type(self).__name__}.{name} is not here."
        # of names that begin so Python asks by itself, to copy or to show an object
        instead = "" if name.startswith("__") else f" {self._instead.get(name, _WHOLE)}"
        raise AttributeError(said + instead, name=name, obj=self)


def _strength(maps: HeatMaps) -> np.ndarray:
    """One number a pixel, 1 where a map has the value of its own scale."""
    scales = maps.scales()
    reduced = heat.reduce_channels(maps.values, maps.channels)
    # without a scale the map is zero everywhere
    return reduced / np.where(scales > 0, scales, 1)[:, None, None]
