"""What changed the way back through a net there? Here a word does."""

from __future__ import annotations

from keras_vis.compat.absent import absent

_WORD = "Give the word, backprop_modifier={!r}; or call keras_vis.{}(model, images, target). No model is changed."

__getattr__ = absent(
    __name__,
    {
        "guided": _WORD.format("guided", "guided_backprop"),
        **{name: _WORD.format("relu", "deconvnet") for name in ("relu", "rectified", "deconv")},
    },
)
