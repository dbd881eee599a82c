"""How is a part of an image covered, on the device?

What `Variants` are made by: of rows of images, of something of each image's own, and of something of each version's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

Make = Callable[[Any, Any, Any], Any]  # see `Variants.make`


def windows(shape: tuple[int, int], patch: tuple[int, int], stride: tuple[int, int]) -> np.ndarray:
    """Return where a patch lies that is moved over an image: rows by columns of top, bottom, left, right.

    Every pixel lies under one; the last of a row or column may begin within the image and end at its edge.

    Args:
        shape: height and width of the image.
        patch: of the patch, no larger.
        stride: from one to the next, no larger than the patch.

    Returns:
        int32 ``(rows, columns, 4)``; bottom and right are one past the end.
    """
    sides = []
    for size, length, step in zip(shape, patch, stride, strict=True):
        start = np.arange(-(-(size - length) // step) + 1) * step
        sides.append(np.stack([start, np.minimum(start + length, size)], axis=1))
    rows, columns = sides
    return np.concatenate(
        [np.repeat(rows[:, None], len(columns), 1), np.repeat(columns[None], len(rows), 0)], axis=2
    ).astype(np.int32)


def through_window(images: tf.Tensor, content: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """Show other content ``(r, h, w, c)``, or one colour ``(r, 1, 1, c)``, in a window ``(r, 4)``."""
    return tf.where(_inside(images, window), content, images)


def under_stamp(images: tf.Tensor, stamp: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """Lay a stamp ``(r, height, width, c)`` onto each image, in a window of its size that may reach beyond it."""
    rows = _from(images.shape[1], window[:, 0], stamp.shape[1])
    columns = _from(images.shape[2], window[:, 2], stamp.shape[2])
    laid = tf.gather(tf.gather(stamp, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)
    return tf.where(_inside(images, window), laid, images)


def by_map(images: tf.Tensor, own: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
    """Multiply each image by its map ``(r, h', w')``, enlarged to it and stretched to 0 .. 1; a constant one is 0."""
    del own
    large = tf.image.resize(maps[..., None], images.shape[1:3])
    low = tf.reduce_min(large, axis=(1, 2, 3), keepdims=True)
    span = tf.reduce_max(large, axis=(1, 2, 3), keepdims=True) - low
    return images * _like(images, tf.math.divide_no_nan(large - low, span)[..., 0])


def by_grid(images: tf.Tensor, own: tf.Tensor, grid: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    """Multiply each image by the mask of `grid_mask`."""
    del own
    return images * _like(images, grid_mask(images, grid))


def through_grid(scores: tf.Tensor, images: tf.Tensor, grid: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    """Give what the mask of `grid_mask` lets through the number of its image, ``(r, h, w)``."""
    return scores[:, None, None] * grid_mask(images, grid)


def grid_mask(images: tf.Tensor, grid: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    """Enlarge a coarse mask ``(r, g, g)`` bilinearly to g + 1 cells a side, and cut the image's size out of it.

    Returns:
        ``(r, h, w)``. It is cut from a place ``(r, 2)`` on, row and column, less than the size of a cell: see `cells`.
    """
    coarse, place = grid
    height, width = images.shape[1:3]
    side = coarse.shape[1]
    tall, wide = cells((height, width), side)
    large = tf.image.resize(coarse[..., None], ((side + 1) * tall, (side + 1) * wide))[..., 0]
    large = tf.gather(large, place[:, :1] + tf.range(height), axis=1, batch_dims=1)
    return tf.gather(large, place[:, 1:] + tf.range(width), axis=2, batch_dims=1)


def cells(shape: tuple[int, int], side: int) -> tuple[int, int]:
    """The height and width of a cell of a grid that covers an image."""
    return -(-shape[0] // side), -(-shape[1] // side)


def _inside(images: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """Which pixels lie in the window of their image."""
    edges = window[:, :, None]
    rows, columns = tf.range(images.shape[1]), tf.range(images.shape[2])
    tall = (rows >= edges[:, 0]) & (rows < edges[:, 1])
    wide = (columns >= edges[:, 2]) & (columns < edges[:, 3])
    return _like(images, tall[:, :, None] & wide[:, None])


def _like(images: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Give a mask ``(r, h, w)`` the axis of channels that images have, if they do."""
    return mask if images.shape.rank == 3 else mask[..., None]


def _from(size: int, start: tf.Tensor, length: int) -> tf.Tensor:
    """Which row of a stamp lies on each row of its image, ``(r, size)``; its edge's, where none does."""
    return tf.clip_by_value(tf.range(size) - start[:, None], 0, length - 1)
