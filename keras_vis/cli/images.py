"""What is in a picture's file?

Pixels as they were meant to be seen: upright, over white where they are transparent, grey or RGB, with their 8 or 16
bits, colours with the upper 8 of 16. Nothing is resized or scaled here.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_vis.cli.errors import UsageError
from keras_vis.engine.layers import nearest

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")  # no EPS, which would start a program
_SUFFIXES = (*(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"), *(".ppm", ".pgm", ".pbm"))
MOST = 89_478_485  # pixels: a quarter of a GiB in RGB; where Pillow, too, begins to warn of a decompression bomb
_NEAR = 0.75  # of 1: how alike a file's name must be to be meant


@dataclass(frozen=True)
class Photo:
    """A picture from a file.

    Attributes:
        path: of the file.
        pixels: ``(h, w, c)``, c 1 or 3, uint8 or uint16, over their whole range.
        told: what was done to it that the user should know.
    """

    path: Path
    pixels: np.ndarray
    told: tuple[str, ...] = ()

    def floats(self) -> np.ndarray:
        """Return the pixels as float32 from 0 to 255, whatever their bits."""
        return self.pixels.astype(np.float32) * np.float32(255 / np.iinfo(self.pixels.dtype).max)


def read(paths: Sequence[str]) -> list[Photo]:
    """Read files of pictures, and all that are in a folder, by name.

    Args:
        paths: of files and folders.

    Raises:
        UsageError: a path that is not there, no picture in a folder, a file that is no picture or is torn, or one that
            is too large to be one.
    """
    return [_read(path) for given in paths for path in _files(_path(given))]


def read_one(given: str, name: str) -> Photo:
    """Read the one picture that an argument stands for.

    Args:
        given: its path.
        name: of the argument, in messages.

    Raises:
        UsageError: as for `read`; a folder.
    """
    path = _path(given)
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder. {name} is one picture's file.")
    return read([given])[0]


def missing(path: Path) -> str:
    """Say that a file is not there, and which of its folder is meant: one that is a slip of the hand away."""
    try:
        others = [other.name for other in path.parent.iterdir()]
        near = nearest(path.name, difflib.get_close_matches(path.name, others, n=1, cutoff=_NEAR))
    except OSError:
        near = ""
    return f"{path}: there is no such file.{near}"


def _path(given: str) -> Path:
    if not given:
        raise UsageError("a picture's path is empty. Wanted: a file or a folder.")
    return Path(given)


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise UsageError(missing(path))
    if not path.is_dir():
        return [path]
    # by suffix alone: what else lies in a folder was not named
    found = sorted(file for file in path.iterdir() if _is_picture(file))
    if not found:
        raise UsageError(f"{path}: no pictures are in this folder ({', '.join(_SUFFIXES)}).")
    return found


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in _SUFFIXES and file.name[0] != "." and file.is_file()


def _read(path: Path) -> Photo:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is looked at here
            file = Image.open(path, formats=_FORMATS)
    except UnidentifiedImageError:
        raise UsageError(f"{path}: this is no picture that can be read. Wanted: {', '.join(_FORMATS)}.") from None
    except Image.DecompressionBombError:
        raise UsageError(f"{path}: more than {MOST:,} pixels. It is not opened; make it smaller first.") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be opened ({error.strerror or error}).") from None
    with file:
        if file.width * file.height > MOST:
            raise UsageError(
                f"{path}: {file.width}x{file.height} are more than {MOST:,} pixels. It is not opened; make it smaller "
                "first."
            )
        try:
            return Photo(path, *_decoded(file))
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None
        except MemoryError:
            raise
        except Exception as error:  # whatever a torn file makes of a decoder
            raise UsageError(f"{path}: the picture is damaged ({error}).") from None


def _decoded(file: Image) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return a file's pixels, and what was done to them."""
    from PIL import ImageOps

    told = []
    frames = getattr(file, "n_frames", 1)
    if frames > 1 and file.format != "MPO":  # a telephone's photograph, with a preview after it
        told.append(f"the first of {frames} frames")
    if ";16" in str(getattr(file, "tile", "")) and not file.mode.startswith(
        "I"
    ):  # before it is loaded; Pillow has no wider colours
        told.append("8 of its 16 bits are read")
    file.load()
    image = ImageOps.exif_transpose(file)
    if image.mode.startswith("I;16") or (image.mode == "I" and file.format == "PPM"):  # whose 16 bits Pillow widens
        return np.asarray(image).astype(np.uint16)[..., None], tuple(told)
    if image.mode in ("I", "F"):
        raise UsageError("32-bit numbers, whose range nothing tells. Save it with 8 or 16 bits.")
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if np.asarray(image.getchannel("A")).min() < 255:
            told.append("over white")
            image = _over_white(image)
    pixels = np.asarray(image.convert("L" if grey else "RGB"))
    return (pixels[..., None] if grey else pixels), tuple(told)


def _over_white(image: Image) -> Image:
    from PIL import Image as Images

    return Images.alpha_composite(Images.new("RGBA", image.size, "white"), image)
