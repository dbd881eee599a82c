"""What did tf-explain call it?

from keras_vis.compat.tf_explain.core.grad_cam import GradCAM

grid = GradCAM().explain((images, None), model, class_index=281)
"""

from __future__ import annotations

from keras_vis.compat.tf_explain import callbacks, core, utils

__all__ = ["callbacks", "core", "utils"]
