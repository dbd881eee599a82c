"""Where is a layer, how does a changed activation take effect, and how do pictures come together?"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_vis.compat.absent import absent
from keras_vis.engine.layers import check_model, flatten, nearest

__getattr__ = absent(
    __name__,
    {
        "deprocess_input": "visualize_activation gives its image in `input_range`.",
        "get_imagenet_label": "keras.applications.imagenet_utils.decode_predictions has the names.",
        "random_array": "Give visualize_activation no seed_input: it begins with noise.",
        "slicer": "Images are (n, h, w, c) here: write the slice itself, images[:, :, :, 0].",
    },
)


def set_random_seed(seed_value: int = 1337) -> None:
    """Seed Python's, NumPy's and the backend's global random states: `keras.utils.set_random_seed`.

    Nothing here draws from them; what is trained or drawn around it does.

    Args:
        seed_value: a whole number, at least 0.

    Example:
        >>> utils.set_random_seed()
    """
    keras.utils.set_random_seed(seed_value)


def get_img_shape(img: Any) -> tuple[int | None, ...]:
    """Return the shape of images with the channels after the number of images, wherever Keras has them.

    Args:
        img: an array or a tensor ``(n, h, w, c)``; ``(n, c, h, w)`` where Keras has the channels first.

    Returns:
        ``(n, c, h, w)``; None where a size is open.

    Raises:
        TypeError: `img` has no shape.
        ValueError: it is a shape without images and channels.

    Example:
        >>> utils.get_img_shape(model.input)
        (None, 1, 28, 28)
    """
    if not hasattr(img, "shape"):
        raise TypeError(f"`img` must be an array or a tensor; received {type(img).__name__}.")
    shape = tuple(img.shape)
    if len(shape) < 3:
        raise ValueError(f"`img` must be images (n, h, w, c); received {shape}.")
    if keras.config.image_data_format() == "channels_first":
        return shape
    return (shape[0], shape[-1], *shape[1:-1])


def find_layer_idx(model: keras.Model, layer_name: str) -> int:
    """Return the place of a layer in ``model.layers``.

    Args:
        model: any Keras model.
        layer_name: the layer's name.

    Returns:
        The place, from 0. Of a Sequential the input is no layer.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: it has no layer of that name.

    Example:
        >>> layer_idx = utils.find_layer_idx(model, "preds")
    """
    names = [layer.name for layer in check_model(model).layers]
    if layer_name not in names:
        raise ValueError(
            f"`layer_name={layer_name!r}` is no layer of model {model.name!r}.{nearest(str(layer_name), names)} "
            f"It has: {', '.join(names)}."
        )
    return names.index(layer_name)


def apply_modifications(model: keras.Model, custom_objects: Mapping[str, Any] | None = None) -> keras.Model:
    """Build the model anew from what its layers say of themselves, a changed activation included; copy its weights.

    Nothing here needs it: `visualize_saliency` and the others take the logit of a class whether its softmax was taken
    off or not, and see a changed activation without being told.

    Args:
        model: any Keras model that can say how it is built. It is left as it is.
        custom_objects: your own classes and functions, by name, where they are not registered with Keras.

    Returns:
        A model of the same weights; not compiled.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: it is not built, or cannot be built anew.

    Example:
        >>> model.layers[layer_idx].activation = keras.activations.linear
        >>> model = utils.apply_modifications(model)
    """
    if not check_model(model).built:
        raise ValueError(f"`model` {model.name!r} is not built yet. Call it on a batch of images first.")
    before = random.getstate()  # Keras draws the seeds of new weights from it
    try:
        config = {**keras.saving.serialize_keras_object(model), "compile_config": None}
        # It is the user's own, from memory and not from a file: there is nothing to be safe from.
        rebuilt = keras.saving.deserialize_keras_object(
            config, custom_objects=None if custom_objects is None else dict(custom_objects), safe_mode=False
        )
        _copy(model, rebuilt)
    except Exception as error:
        # of an error of Keras's the cause, without the whole of the configuration
        why = str(error).rpartition("Exception encountered: ")[2].partition(" Full object config")[0]
        raise ValueError(
            f"`model` {model.name!r} cannot be built anew ({type(error).__name__}: {why}). Give its own classes and "
            "functions in `custom_objects`; or leave this step out, nothing in keras_vis needs it."
        ) from error
    finally:
        random.setstate(before)
    return rebuilt


def _copy(model: keras.Model, rebuilt: keras.Model) -> None:
    """Copy weights, and what the code of a subclassed model does not know of: activations that were changed later."""
    rebuilt.set_weights(model.get_weights())
    for new, old in zip(flatten(rebuilt).values(), flatten(model).values(), strict=True):
        activation = getattr(old, "activation", None)
        if callable(activation) and not isinstance(activation, keras.layers.Layer):
            new.activation = activation


def normalize(array: np.ndarray, min_value: float = 0.0, max_value: float = 1.0) -> np.ndarray:
    """Map values to a range: the lowest to `min_value`, the highest to `max_value`. A constant becomes `min_value`."""
    array = np.asarray(array, np.float64 if np.asarray(array).dtype == np.float64 else np.float32)
    low, high = array.min(), array.max()
    share = (array - low) / (high - low) if high > low else np.zeros_like(array)
    return (max_value - min_value) * share + min_value


def stitch_images(images: Sequence[np.ndarray], margin: int = 5, cols: int = 5) -> np.ndarray | None:
    """Set images ``(h, w, c)`` into rows of `cols`, with a black margin between them; None where there are none."""
    if len(images) == 0:
        return None
    if len({np.shape(image) for image in images}) > 1 or np.ndim(images[0]) != 3:
        raise ValueError(f"`images` must have one shape (h, w, c); received {sorted({np.shape(i) for i in images})}.")
    (h, w, c), across = images[0].shape, min(len(images), cols)
    down = math.ceil(len(images) / cols)
    sheet = np.zeros((down * (h + margin) - margin, across * (w + margin) - margin, c), images[0].dtype)
    for i, image in enumerate(images):
        top, left = i // cols * (h + margin), i % cols * (w + margin)
        sheet[top : top + h, left : left + w] = image
    return sheet


def load_img(
    path: str | os.PathLike[str], grayscale: bool = False, target_size: tuple[int, int] | None = None
) -> np.ndarray:
    """Read an image.

    Args:
        path: of the file.
        grayscale: ``(h, w)`` of grey instead of ``(h, w, 3)``.
        target_size: the height and width to bring it to, bilinearly.

    Returns:
        uint8.
    """
    mode = "grayscale" if grayscale else "rgb"
    return np.asarray(keras.utils.load_img(path, color_mode=mode, target_size=target_size, interpolation="bilinear"))


def draw_text(
    img: np.ndarray,
    text: str,
    position: tuple[int, int] = (10, 10),
    font: str | None = None,
    font_size: int = 14,
    color: tuple[int, int, int] = (0, 0, 0),
) -> np.ndarray:
    """Write over a copy of an image.

    Args:
        img: uint8 ``(h, w, 3)``; or in grey, ``(h, w, 1)`` or ``(h, w)``.
        text: what to write.
        position: of its upper left corner, x and y.
        font: the file of a TrueType font; None is DejaVu Sans, the same on every machine.
        font_size: in pixels.
        color: red, green and blue, 0 to 255; on an image in grey their luminance is written.

    Returns:
        uint8, of the shape of `img`.

    Raises:
        TypeError: `img` is not of 8 bits.
        ValueError: it has another shape; `font` cannot be opened.
    """
    from PIL import Image, ImageDraw, ImageFont

    from keras_vis.draw import text as ours

    img = np.asarray(img)
    if img.dtype != np.uint8:
        raise TypeError(f"`img` must be uint8, from 0 to 255; received {img.dtype}.")
    grey = img.ndim == 2 or img.shape[2:] == (1,)
    if not grey and img.shape[2:] != (3,):
        raise ValueError(f"`img` must be one image, (h, w, 3), (h, w, 1) or (h, w); received {img.shape}.")
    try:
        letters = ours.font(font_size) if font is None else ImageFont.truetype(font, font_size)
    except OSError as error:
        raise ValueError(
            f"`font={font!r}` cannot be opened ({error}). Give the path of a TrueType font's file, or leave it out: "
            "DejaVu Sans, the same on every machine."
        ) from error
    # A colour is one of red, green and blue; from grey to those and back is without a loss.
    sheet = Image.fromarray(img.reshape(img.shape[:2]) if grey else img).convert("RGB")
    ImageDraw.Draw(sheet).text(position, text, fill=color, font=letters)
    return np.array(sheet.convert("L") if grey else sheet).reshape(img.shape)


def bgr2rgb(img: np.ndarray) -> np.ndarray:
    """Turn the order of the channels round."""
    return img[..., ::-1]
