"""How does a grid get into a file?"""

from __future__ import annotations

import os

import numpy as np

from keras_vis.compat.tf_explain import grid


def save_grayscale(image: np.ndarray, output_dir: str | os.PathLike[str], output_name: str) -> None:
    """Write an image in grey, whole or not at all; folders above it are made.

    Args:
        image: uint8 ``(h, w)`` or ``(h, w, 1)``.
        output_dir: the folder.
        output_name: of the file; its suffix says what is written, see `keras_vis.compat.tf_explain.grid.save`.

    Raises:
        TypeError: `image` is not of 8 bits.
        ValueError: it is not in grey; the suffix is unknown.

    Example:
        >>> save_grayscale(VanillaGradients().explain((digits[:4], None), model, 3), ".", "gradients.png")
    """
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    _write(image, image.ndim == 2, "(h, w) or (h, w, 1)", output_dir, output_name)


def save_rgb(image: np.ndarray, output_dir: str | os.PathLike[str], output_name: str) -> None:
    """Write an image in colours, whole or not at all; folders above it are made.

    Args:
        image: uint8 ``(h, w, 3)``: red, green and blue.
        output_dir: the folder.
        output_name: of the file; its suffix says what is written, see `keras_vis.compat.tf_explain.grid.save`.

    Raises:
        TypeError: `image` is not of 8 bits.
        ValueError: it is not in colours; the suffix is unknown.

    Example:
        >>> save_rgb(GradCAM().explain((photos, None), model, 281), ".", "grad_cam.png")
    """
    image = np.asarray(image)
    _write(image, image.ndim == 3 and image.shape[-1] == 3, "(h, w, 3)", output_dir, output_name)


def _write(image: np.ndarray, fits: bool, wanted: str, output_dir: str | os.PathLike[str], output_name: str) -> None:
    if image.dtype != np.uint8:
        raise TypeError(f"`image` must be uint8, from 0 to 255; received {image.dtype}.")
    if not fits:
        raise ValueError(f"`image` must be {wanted}; received {image.shape}.")
    grid.save(image, output_dir, output_name)
