"""How does a picture move?"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_vis.draw import gallery, grid, sheet, text

if TYPE_CHECKING:
    from PIL import Image

_GREYS = 32  # of a frame's 256 colours: white and the letters, which stay as they are while the images change
_SAMPLE = 1 << 14  # pixels from which the other colours are chosen: of all of them they are hardly better, and slow


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


def gif(sheets: Sequence[np.ndarray], seconds: float, last: float, *, comment: str = "") -> bytes:
    """Show sheets one after the other, for ever.

    A grey sheet keeps every grey. One in colours has 224 of its own and is dithered where it has colours: without, the
    smooth ones that are climbed to break into contour lines. Its white, its letters and grey areas are not.

    Args:
        sheets: uint8 RGB `(height, width, 3)`, of one size.
        seconds: how long each is shown.
        last: how long the last one is shown.
        comment: kept in the file.

    Returns:
        A GIF. A sheet that is the same as the one before makes no frame: that one is shown longer.
    """
    first, *others = map(_indexed, sheets)
    file = io.BytesIO()
    first.save(
        file,
        "GIF",
        save_all=True,
        append_images=others,
        duration=[round(1000 * seconds)] * len(others) + [round(1000 * last)],
        loop=0,
        comment=comment.encode(),
    )
    return file.getvalue()


def _indexed(drawn: np.ndarray) -> Image.Image:
    """Give a sheet in at most 256 colours."""
    from PIL import Image

    grey = (drawn == drawn[..., :1]).all(-1)
    if grey.all():
        return Image.fromarray(drawn[..., 0])
    greys = np.rint(np.linspace(0, 255, _GREYS)).astype(np.uint8)
    coloured = drawn[~grey][None]
    sample = np.ascontiguousarray(coloured[:, :: -(-coloured.shape[1] // _SAMPLE)])
    # k-means after the median cut: of photographs, a quarter less error
    chosen = Image.fromarray(sample).quantize(256 - _GREYS, Image.Quantize.MEDIANCUT, kmeans=1)
    table = [*greys.repeat(3).tolist(), *(chosen.getpalette() or ())]
    colours = Image.new("P", (1, 1))
    colours.putpalette(table)
    index = np.array(Image.fromarray(drawn).quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG))
    # no grain of a colour on a grey
    index[grey] = np.rint(drawn[grey][:, 0] * ((_GREYS - 1) / 255))
    image = Image.fromarray(index)
    image.putpalette(table)
    return image
