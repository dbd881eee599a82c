"""Which pictures did keras-vis draw?"""

from __future__ import annotations

import keras
import numpy as np

from keras_vis.compat.absent import absent
from keras_vis.compat.vis.visualization.activation_maximization import visualize_activation
from keras_vis.compat.vis.visualization.saliency import visualize_cam, visualize_saliency

__all__ = ["get_num_filters", "overlay", "visualize_activation", "visualize_cam", "visualize_saliency"]

__getattr__ = absent(
    __name__,
    {
        "visualize_activation_with_losses": "Climb a target, which may be any sum of targets: "
        'keras_vis.activation_maximization(model, keras_vis.Logit(3) - 0.1 * keras_vis.Channel("conv_2", 5)).',
        "visualize_saliency_with_losses": "Differentiate a target: keras_vis.saliency(model, images, target).",
        "visualize_cam_with_losses": "Ask about a target: keras_vis.grad_cam(model, images, target, layer=...).",
    },
)


def get_num_filters(layer: keras.layers.Layer) -> int:
    """Return how many filters a layer has: channels of a convolution, units of a dense layer.

    Args:
        layer: of a model that is built.

    Returns:
        Their number.

    Raises:
        TypeError: `layer` is no layer.
        ValueError: it does not say what it gives.

    Example:
        >>> get_num_filters(model.layers[0])
        32
    """
    if not isinstance(layer, keras.layers.Layer):
        raise TypeError(f"`layer` must be a layer, such as model.layers[0]; received {type(layer).__name__}.")
    count = getattr(layer, "filters", None) or getattr(layer, "units", None)
    if count is None:
        try:
            count = layer.output.shape[-1]
        except (AttributeError, ValueError) as error:
            raise ValueError(
                f"`layer` {layer.name!r} does not say what it gives: {error} Build its model on keras.Input first."
            ) from error
    return int(count)


def overlay(array1: np.ndarray, array2: np.ndarray, alpha: float = 0.5) -> np.ndarray:
    """Lay one array over another: ``alpha * array1 + (1 - alpha) * array2``.

    A map ``(h, w)`` in [0, 1], as `visualize_saliency` and `visualize_cam` give it, is first painted in "jet" if the
    other is an image with channels: from 0 to 255 over an image of whole numbers, from 0 to 1 over one of floats.

    Args:
        array1: what is laid over; its dtype is that of the result.
        array2: what is under it, of the same shape; under a map ``(h, w)`` an image ``(h, w, 3)`` or ``(h, w, 1)``.
        alpha: the share of `array1`, from 0 to 1.

    Returns:
        An array of the same shape; ``(h, w, 3)`` of a map over an image with channels.

    Raises:
        ValueError: `alpha` is out of range; the shapes differ; an image of floats goes beyond 1 under a map.

    Example:
        >>> plt.imshow(overlay(visualize_cam(model, -1, 281, photo), photo))
    """
    array1, array2 = np.asarray(array1), np.asarray(array2)
    if not 0 <= alpha <= 1:
        raise ValueError(f"`alpha` must lie between 0 (array2 alone) and 1 (array1 alone); received {alpha!r}.")
    if array2.ndim == 2 and array1.ndim == 3 and array1.shape[:2] == array2.shape:
        raise ValueError(
            f"`array1` is laid over `array2`: give the map first, and then the image, overlay(map, image); received "
            f"{array1.shape} and {array2.shape}."
        )
    if array1.ndim == 2 and array2.shape in ((*array1.shape, 1), (*array1.shape, 3)):
        array2 = np.broadcast_to(array2, (*array1.shape, 3))
        array1 = _painted(array1, array2)
    if array1.shape != array2.shape:
        raise ValueError(
            f"`array1` and `array2` must have one shape; received {array1.shape} and {array2.shape}. Or give a map "
            "(h, w), and then its image (h, w, 1) or (h, w, 3): overlay(map, image)."
        )
    return (array1 * alpha + array2 * (1 - alpha)).astype(array1.dtype)


def _painted(heat: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Paint a map in the colours of the old library, in the units of the image."""
    from keras_vis.draw import colour

    if heat.min() < 0 or heat.max() > 1:
        raise ValueError(f"`array1`: a map must lie in [0, 1]; received {heat.min():g} to {heat.max():g}.")
    floats = image.dtype.kind == "f"
    if floats and not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(
            f"`array2`: an image of floats must lie in [0, 1] under a map; received {image.min():g} to "
            f"{image.max():g}. If it runs from 0 to 255, give array2.astype('uint8')."
        )
    painted = colour.paint(heat, "jet", False)
    return painted.astype(image.dtype) if floats else (painted * 255).astype(np.uint8)
