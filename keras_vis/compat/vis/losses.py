"""What was to be minimised there? Here a target is climbed."""

from __future__ import annotations

from keras_vis.compat.absent import absent

_CLIMB = "Climb a target: keras_vis.activation_maximization(model, {}). A keras_vis.Target of your own is any number."

__getattr__ = absent(
    __name__,
    {
        "ActivationMaximization": _CLIMB.format('keras_vis.Channel("conv_2", 3)'),
        "Loss": _CLIMB.format('keras_vis.Logit(3) - 0.1 * keras_vis.Channel("conv_2", 3)'),
    },
)
