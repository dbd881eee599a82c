"""Does a checksum of the weights tell whether any of them has changed?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_vis.engine.stamp import weights_sum

L = keras.layers


def net():
    """Weights of a nested model, the mean of a batch normalisation, half floats and a whole number."""
    keras.utils.set_random_seed(1)
    inner = keras.Sequential([keras.Input((6, 6, 2)), L.Conv2D(2, 3, name="conv")], name="inner")
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            inner,
            L.BatchNormalization(name="norm"),
            L.Flatten(),
            L.Dense(3, dtype="float16", name="half"),
        ]
    )
    model.counter = model.add_weight(shape=(), dtype="int64", initializer="zeros", trainable=False, name="counter")
    return model


def conv(model):
    return model.get_layer("inner").get_layer("conv").kernel


def norm(model):
    return model.get_layer("norm").moving_mean


def half(model):
    return model.get_layer("half").kernel


def test_equal_weights_have_one_sum_and_a_run_does_not_change_it():
    first, second = net(), net()
    before = weights_sum(first)
    assert before == weights_sum(second) != weights_sum(keras.Sequential())
    first.predict(np.ones((2, 6, 6, 2), "float32"), verbose=0)
    assert weights_sum(first) == before


@pytest.mark.parametrize("variable", [conv, norm, half, lambda model: model.counter])
def test_one_number_of_any_variable_that_is_the_next_one_is_another_sum(variable):
    model = net()
    before, values = weights_sum(model), np.array(variable(model).numpy())
    changed = values.copy()
    # the next number that there is
    changed.flat[-1] = values.flat[-1] + 1 if values.dtype.kind == "i" else np.nextafter(values.flat[-1], 9)
    variable(model).assign(changed)
    assert weights_sum(model) != before
    variable(model).assign(values)
    assert weights_sum(model) == before


def test_two_weights_that_change_places_are_another_sum():
    model = net()
    before, kernel = weights_sum(model), conv(model).numpy()
    conv(model).assign(kernel[::-1])
    assert weights_sum(model) != before
