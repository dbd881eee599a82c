"""How did a picture change over the epochs? A film of the frames in its folder."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from keras_vis.draw import animation, dither, sheet, text
from keras_vis.picture import told_by, write_whole
from keras_vis.report.frames import frame_epoch

__all__ = ["write_gif"]

_LASTS = 8.0  # seconds, all frames together
_SHORTEST, _LONGEST = 0.12, 0.7  # a frame: time to see what has changed, and no longer
_END = 2.0  # seconds, the last frame: the net as it ended up


class _Frame(NamedTuple):
    epoch: int
    path: pathlib.Path
    height: int
    width: int


def write_gif(
    folder: str | os.PathLike[str], *, path: str | os.PathLike[str] | None = None, most: int = 60
) -> pathlib.Path | None:
    """Write the frames of a picture, one after the other, as a GIF that runs for about eight seconds and again.

    Above each frame stands its epoch, below it a bar that fills. All frames share one table of colours, so that
    nothing flickers. Sheets wider than 900 pixels are shrunk to that; of several sizes, the smaller ones lie at the top
    left. What the last frame tells of itself (method, layer, scale, versions) is the file's comment.

    A callback writes this film when its training ends; call it for a training that did not come to its end.

    Args:
        folder: of one picture, `<directory>/<name>`, with frames `epoch-0003.png`. One that cannot be read is left out.
        path: of the film; by default `epochs.gif` in the folder.
        most: at most so many frames, 2 or more: of a longer run they are chosen evenly, the first and the last always
            among them. The film is put together in the memory, with one byte for each pixel of each frame.

    Returns:
        The path; None where fewer than two frames can be read. Then an older film, which would be of another training,
        is removed.

    Raises:
        TypeError: `most` is no whole number.
        ValueError: `most` is less than 2; `path` does not end in `.gif`.
        FileNotFoundError: there is no such folder.
        OSError: the film cannot be written.

    Example:
        >>> kv.report.write_gif("vis/grad_cam")
        PosixPath('vis/grad_cam/epochs.gif')
    """
    folder = pathlib.Path(folder)
    path = folder / "epochs.gif" if path is None else pathlib.Path(path)
    if isinstance(most, bool) or not isinstance(most, int | np.integer):
        raise TypeError(f"`most` must be a whole number of frames; received {type(most).__name__}.")
    if most < 2:
        raise ValueError(f"`most={most}` must be 2 or more: one frame is no film.")
    if path.suffix.lower() != ".gif":
        raise ValueError(f"`path={str(path)!r}` must end in .gif.")
    if not folder.is_dir():
        raise FileNotFoundError(f"`folder={str(folder)!r}` is not there.")
    frames = _readable(folder)
    if len(frames) < 2:
        path.unlink(missing_ok=True)
        return None
    chosen = [frames[k] for k in np.unique(np.rint(np.linspace(0, len(frames) - 1, most)).astype(int))]
    write_whole(path, _film(chosen))
    return path


def _readable(folder: pathlib.Path) -> list[_Frame]:
    """The frames that are whole, in the order of their epochs."""
    from PIL import Image

    found = []
    for path in folder.iterdir():
        epoch = frame_epoch(path.name)
        if epoch is None:
            continue
        try:
            with Image.open(path, formats=["PNG"]) as image:
                width, height = image.size
                image.verify()  # the sums of its parts; nothing is decoded
        # what Pillow raises for a file that ends in the middle depends on where
        except Exception:
            continue
        found.append(_Frame(epoch, path, height, width))
    return sorted(found)


def _film(frames: list[_Frame]) -> bytes:
    """Go through the frames twice, one in the memory at a time: for the colours, and for the film."""
    colours = dither.Colours()
    for drawn in _sheets(frames):
        colours.add(drawn)
    seconds = min(max(_LASTS / len(frames), _SHORTEST), _LONGEST)
    comment = json.dumps(told_by(frames[-1].path), sort_keys=True)
    return animation.gif(_sheets(frames), seconds, _END, comment=comment, colours=colours)


def _sheets(frames: list[_Frame]) -> Iterator[np.ndarray]:
    from PIL import Image

    last = frames[-1].epoch
    scale = min(1.0, sheet.WIDTH / max(frame.width for frame in frames))
    sizes = [(max(1, round(frame.height * scale)), max(1, round(frame.width * scale))) for frame in frames]
    height, width = (max(sides) for sides in zip(*sizes, strict=True))
    width = max(width, text.measure(_words(last, last)) + 2 * sheet.MARGIN)
    for frame, size in zip(frames, sizes, strict=True):
        with Image.open(frame.path, formats=["PNG"]) as image:
            drawn = np.asarray(image.convert("RGB"))
        if scale < 1:
            drawn = np.rint(sheet.resize(drawn.astype(np.float32), size, squares=False)).astype(np.uint8)
        yield animation.reel(drawn, (height, width), _words(frame.epoch, last), frame.epoch / last)


def _words(epoch: int, last: int) -> str:
    return f"epoch {epoch} of {last}"
