"""What should an image not be? Here a penalty says it."""

from __future__ import annotations

from keras_vis.compat.absent import absent

_PENALTY = "Give `{}` to visualize_activation, or to keras_vis.activation_maximization `penalty=0.1 * keras_vis.{}`."

__getattr__ = absent(
    __name__,
    {
        "LPNorm": _PENALTY.format("lp_norm_weight", "Norm(6)"),
        "TotalVariation": _PENALTY.format("tv_weight", "TotalVariation()"),
    },
)
