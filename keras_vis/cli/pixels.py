"""How do pictures get the size and the channels that a model takes?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_vis.cli.errors import UsageError
from keras_vis.cli.images import Photo
from keras_vis.cli.models import Wants

_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's "L"
_SHOWN = 512  # pixels along the longer side that a picture under a map keeps
_ONE_SIZE = "Add --size HEIGHT WIDTH."


def fitted(photos: Sequence[Photo], wants: Wants, size: tuple[int, int] | None, fit: str) -> np.ndarray:
    """Return pictures at the size and with the channels of a model.

    Args:
        photos: the pictures.
        wants: what the model takes.
        size: height and width, where the model leaves them open.
        fit: ``"stretch"`` or ``"crop"``.

    Returns:
        ``(n, h, w, c)``, float32, from 0 to 255.

    Raises:
        UsageError: a size that is not the model's, or pictures of several sizes where none is said.
    """
    height, width = wants.size
    if size is not None:
        if (height or size[0], width or size[1]) != size:
            raise UsageError(f"--size {size[0]} {size[1]}: the model takes {height or 'any'} {width or 'any'}.")
        height, width = size
    channels = wants.channels or max(photo.pixels.shape[2] for photo in photos)
    made = []
    for photo in photos:
        pixels = _with_channels(photo.floats(), channels)
        made.append(resized(pixels, (height or pixels.shape[0], width or pixels.shape[1]), fit))
    shapes = {image.shape[:2] for image in made}
    if len(shapes) > 1:
        told = ", ".join(
            f"{photo.path.name} {h}x{w}" for photo, (h, w, _) in zip(photos, (x.shape for x in made), strict=True)
        )
        raise UsageError(f"the pictures have several sizes ({told[:150]}), and no model's size is theirs. {_ONE_SIZE}")
    return np.clip(np.stack(made), 0, 255)  # a mean of whites, rounded, may be a little whiter


def untouched(photos: Sequence[Photo]) -> np.ndarray:
    """Return pictures as they are in their files, ``(n, h, w, c)``, with their own numbers.

    Raises:
        UsageError: they have several sizes, channels or depths.
    """
    kinds = {(*photo.pixels.shape, str(photo.pixels.dtype)): photo.path.name for photo in photos}
    if len(kinds) > 1:
        told = ", ".join(f"{name} {kind[0]}x{kind[1]}x{kind[2]} {kind[3]}" for kind, name in kinds.items())
        raise UsageError(f"pictures of several kinds ({told[:150]}). Give those of one kind at a time.")
    return np.stack([photo.pixels for photo in photos])


def resized(pixels: np.ndarray, size: tuple[int, int], fit: str) -> np.ndarray:
    """Return a picture ``(h, w, c)`` at a size, antialiased: each pixel is a mean of all that it stands for.

    Args:
        pixels: float32.
        size: height and width.
        fit: ``"stretch"`` keeps all of it, ``"crop"`` its proportions and middle.
    """
    from PIL import Image

    (height, width), (wanted_height, wanted_width) = pixels.shape[:2], size
    if (height, width) == tuple(size):
        return pixels
    box = (0.0, 0.0, float(width), float(height))
    if fit == "crop":
        factor = min(height / wanted_height, width / wanted_width)
        left, top = (width - factor * wanted_width) / 2, (height - factor * wanted_height) / 2
        box = (left, top, left + factor * wanted_width, top + factor * wanted_height)
    # bilinear, of all antialiased ones, does not leave the range of the pixels
    planes = [
        Image.fromarray(np.ascontiguousarray(plane)).resize(
            (wanted_width, wanted_height), Image.Resampling.BILINEAR, box
        )
        for plane in np.moveaxis(pixels, -1, 0)
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


def underlay(photos: Sequence[Photo], fed: np.ndarray, fit: str) -> np.ndarray:
    """Return what maps are drawn over, from 0 to 1: the pictures as they are, where each map covers all of its picture.

    Pictures of several sizes, cropped ones, and those smaller than what the model saw are shown as it saw them.
    """
    shapes = {photo.pixels.shape for photo in photos}
    height, width, _ = photos[0].pixels.shape
    if len(shapes) > 1 or fit == "crop" or height < fed.shape[1] or width < fed.shape[2]:
        return fed / np.float32(255)
    factor = min(1, _SHOWN / max(height, width))
    size = (max(1, round(factor * height)), max(1, round(factor * width)))
    return np.stack([resized(photo.floats(), size, "stretch") for photo in photos]) / np.float32(255)


def _with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    if pixels.shape[2] == channels:
        return pixels
    return np.repeat(pixels, 3, axis=2) if channels == 3 else (pixels @ _GREY)[..., None]
