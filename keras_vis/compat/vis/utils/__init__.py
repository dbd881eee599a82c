"""What helped around the pictures?"""

from __future__ import annotations

from keras_vis.compat.vis.utils import utils
from keras_vis.compat.vis.utils.utils import (
    apply_modifications,
    bgr2rgb,
    draw_text,
    find_layer_idx,
    get_img_shape,
    load_img,
    normalize,
    set_random_seed,
    stitch_images,
)

__all__ = [
    "apply_modifications",
    "bgr2rgb",
    "draw_text",
    "find_layer_idx",
    "get_img_shape",
    "load_img",
    "normalize",
    "set_random_seed",
    "stitch_images",
    "utils",
]

__getattr__ = utils.__getattr__
