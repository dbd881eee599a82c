"""What was told while an image grew? Here the picture knows it afterwards."""

from __future__ import annotations

from keras_vis.compat.absent import absent

_FRAMES = 'keras_vis.activation_maximization(model, target, frames=40).save("way.gif") shows how an image grew.'

__getattr__ = absent(
    __name__,
    {
        "GifGenerator": _FRAMES,
        "OptimizerCallback": f"{_FRAMES} `.scores` has the target's number at each step.",
        "Print": "visualize_activation(..., verbose=True) tells the number at each step.",
    },
)
