"""What did tf-explain lay out and write with?"""

from __future__ import annotations

from keras_vis.compat.tf_explain.utils import display, image, saver

__all__ = ["display", "image", "saver"]
