"""What took the steps there? Here every method takes its own."""

from __future__ import annotations

from keras_vis.compat.absent import absent

__getattr__ = absent(
    __name__,
    {
        "Optimizer": "keras_vis.activation_maximization(model, target, penalty=..., steps=...) climbs any target; "
        "keras_vis.saliency(model, images, target).values is its gradient.",
    },
)
