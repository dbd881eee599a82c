"""How does a picture move?"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_vis.draw import colour, dither, gallery, grid, sheet, text

if TYPE_CHECKING:
    from PIL import Image

_BAR = 4  # pixels: how thick the bar under a frame is


def image_sheets(
    frames: np.ndarray,
    *,
    captions: Sequence[str],
    value_range: tuple[float, float] | None,
    columns: int | None,
    title: str,
    notes: Sequence[str],
) -> list[np.ndarray]:
    """Draw each frame as a sheet of images, all in one range.

    Args:
        frames: `(m, n, h, w, c)`.
        captions: n, or none.
        value_range: black and white; None stretches each image over all its frames.
        columns: tiles in a row, or None to choose.
        title: above the sheets.
        notes: m, below the title, in small letters; of as many lines each.

    Returns:
        m times uint8 RGB, of one size.
    """
    if value_range is not None:
        return [
            grid.image_sheet(frame, captions=captions, value_range=value_range, columns=columns, title=title, note=note)
            for frame, note in zip(frames, notes, strict=True)
        ]
    count, shape = frames.shape[1], frames.shape[2:4]
    # the frames of an image under each other, so that they are stretched together
    ways = sheet.stretch(frames.swapaxes(0, 1).reshape(count, -1, *frames.shape[3:]), None)
    columns, size = sheet.layout(count, shape, gap=8, columns=columns)
    below = [text.block(caption, size[1]) for caption in captions or [""] * count]
    drawn = []
    for images, note in zip(np.split(ways, len(frames), axis=1), notes, strict=True):
        cells = [sheet.stack([gallery.tile(image, size), told], 3) for image, told in zip(images, below, strict=True)]
        drawn.append(sheet.frame(sheet.titled(sheet.tile(cells, columns, 8), title, note)))
    return drawn


def reel(drawn: np.ndarray, size: tuple[int, int], words: str, share: float) -> np.ndarray:
    """Make a sheet a frame of a film: words above it, below it a bar that fills, and white where it is too small.

    Args:
        drawn: uint8 RGB `(height, width, 3)`.
        size: the height and width of the largest sheet of the film; a smaller one lies at the top left.
        words: one line, at most so wide.
        share: how far the bar is filled, 0 to 1.

    Returns:
        uint8 RGB.
    """
    page = sheet.blank(*size)
    page[: drawn.shape[0], : drawn.shape[1]] = drawn
    # greys alone, so that a film of grey sheets keeps every grey
    bar = np.full((_BAR, size[1] - 2 * sheet.MARGIN, 3), colour.RULE, np.uint8)
    bar[:, : round(share * bar.shape[1])] = colour.INK
    head, bar = sheet.frame(text.block(words, bar.shape[1])), sheet.frame(bar)
    return np.concatenate([head, page, bar])


def gif(
    sheets: Iterable[np.ndarray],
    seconds: float,
    last: float,
    *,
    comment: str = "",
    colours: dither.Colours | None = None,
) -> bytes:
    """Show sheets one after the other, for ever.

    A grey sheet keeps every grey. One in colours has 224 of its own and is dithered where it has colours: without, the
    smooth ones that are climbed to break into contour lines. Its white, its letters and grey areas are not.

    Args:
        sheets: uint8 RGB `(height, width, 3)`, of one size; at least one. They are taken one by one, and each is kept
            as one byte a pixel until the end.
        seconds: how long each is shown.
        last: how long the last one is shown.
        comment: kept in the file.
        colours: of all sheets alike, so that what does not change between two does not flicker; None gives each its
            own.

    Returns:
        A GIF. A sheet that is the same as the one before makes no frame: that one is shown longer.
    """
    frames = _timed(map(colours.index if colours else dither.alone, sheets), round(1000 * seconds), round(1000 * last))
    file = io.BytesIO()
    next(frames).save(file, "GIF", save_all=True, append_images=frames, loop=0, comment=comment.encode())
    return file.getvalue()


def _timed(images: Iterator[Image.Image], each: int, last: int) -> Iterator[Image.Image]:
    """Tell each image how many milliseconds it is shown."""
    image = next(images)
    for following in images:
        image.info["duration"] = each
        yield image
        image = following
    image.info["duration"] = last
    yield image
