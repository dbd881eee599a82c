"""What hid the differences between TensorFlow and Theano there? Here there is one of them."""

from __future__ import annotations

from keras_vis.compat.absent import absent

__getattr__ = absent(
    __name__,
    {
        "modify_model_backprop": "Give the word, backprop_modifier='guided' or 'relu'; no model is changed.",
        "set_random_seed": "utils.set_random_seed is, beside apply_modifications.",
    },
)
