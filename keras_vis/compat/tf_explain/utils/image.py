"""What was done to an image there? Here the methods do it."""

from __future__ import annotations

from keras_vis.compat.absent import absent

__getattr__ = absent(
    __name__,
    {
        "apply_grey_patch": "keras_vis.occlusion(model, images, target, patch=4) covers every place of the image.",
        "transform_to_normalized_grayscale": "keras_vis.saliency(model, images, target).save('map.png') draws a map, "
        "`.values` has its numbers.",
    },
)
