"""Where did VGG16 come from there? Here from Keras."""

from __future__ import annotations

from keras_vis.compat.absent import absent

__getattr__ = absent(
    __name__, {"VGG16": "Keras has it, with its weights: keras.applications.VGG16(weights='imagenet')."}
)
