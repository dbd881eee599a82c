"""Is what is no range, or lies outside of it, refused at the door?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_vis.engine.batch import take
from keras_vis.engine.bounds import ends, inside, positive, whole
from tests import nets

L = keras.layers


@pytest.mark.parametrize("given", [(0, 255), [0, 255], np.array([0, 255], "uint8"), (np.float32(0), 255.0)])
def test_two_numbers_are_a_range(given):
    low, high = ends(given)
    assert (low, high) == (0.0, 255.0)
    assert type(low) is type(high) is float


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (None, TypeError, "`value_range` must be two numbers, the lowest and the highest of a pixel; received None"),
        (1, TypeError, "must be two numbers, .* received 1"),
        ("01x", TypeError, "must be two numbers, .* received '01x'"),
        ((0, 1, 2), TypeError, r"must be two numbers, .* received \(0, 1, 2\)"),
        ((0, None), TypeError, r"must be two numbers, .* received \(0, None\)"),
        ((0, float("inf")), ValueError, r"`value_range` must be finite; received \(0, inf\)"),
        ((float("nan"), 1), ValueError, "`value_range` must be finite"),
        ((1, 0), ValueError, r"`value_range=\(1, 0\)` is empty. Give the lowest value of a pixel first"),
        ((1, 1), ValueError, r"`value_range=\(1, 1\)` is empty.*\(0, 1\), \(-1, 1\) or \(0, 255\)"),
    ],
)
def test_what_is_no_range_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        ends(given)


def test_images_outside_their_range_are_named():
    model, x = nets.sequential(), nets.images(2)
    x[0, 0, 0, 0], x[1, 0, 0, 0] = -1, 1
    data = take(model, x)
    assert inside(data, 0, (-1, 1)) == (-1.0, 1.0)
    assert inside(data, 0, (-3, 1)) == (-3.0, 1.0)
    message = r"`images` has values from -1 to 1, outside `value_range=\(0, 1\)`. Give the range that the model's"
    with pytest.raises(ValueError, match=message):
        inside(data, 0, (0, 1))
    with pytest.raises(ValueError, match=r"`start` has values from -1 to 1, outside `value_range=\(-1, 0.5\)`"):
        inside(data, 0, (-1, 0.5), "start")
    with pytest.raises(ValueError, match="is empty"):
        inside(data, 0, (1, -1))


def test_a_thousandth_of_the_range_is_rounding():
    model = nets.sequential()
    for beyond, fine in ((0.0009, True), (0.0011, False)):
        for x in (np.full(nets.SHAPE, 1 + 2 * beyond), np.full(nets.SHAPE, -1 - 2 * beyond)):
            data = take(model, x)
            if fine:
                assert inside(data, 0, (-1, 1)) == (-1, 1)
                continue
            with pytest.raises(ValueError, match="outside `value_range=.-1, 1.`"):
                inside(data, 0, (-1, 1))


def test_whole_numbers_have_no_gradient():
    model = keras.Sequential([keras.Input((4, 4, 1), dtype="int32", name="pixels"), L.Flatten(), L.Dense(2)])
    with pytest.raises(ValueError, match=r"input 'pixels' takes integers \(int32\), which have no gradient"):
        inside(take(model, np.zeros((1, 4, 4, 1))), 0, (0, 255))


@pytest.mark.parametrize(("given", "least"), [(1, 1), (7, 2), (np.int64(3), 3), (0, 0), (np.uint8(9), 1)])
def test_a_whole_number_is_kept(given, least):
    assert whole(given, "steps", least) == given
    assert type(whole(given, "steps", least)) is int


@pytest.mark.parametrize(("given", "least"), [(0, 1), (-2, 1), (1, 2), (1.0, 1), (True, 1), ("3", 1), (None, 1)])
def test_what_is_no_whole_number_is_refused(given, least):
    message = f"`steps` must be a whole number, at least {least}; received {given!r}"
    with pytest.raises(ValueError, match=message):
        whole(given, "steps", least)


@pytest.mark.parametrize("given", [1, 0.5, np.float32(0.25), np.int8(2)])
def test_a_positive_number_is_kept(given):
    assert positive(given, "step_size") == float(given)
    assert type(positive(given, "step_size")) is float


@pytest.mark.parametrize("given", [0, -1.0, float("nan"), float("inf"), True, "1", None, [1.0]])
def test_what_is_not_above_zero_is_refused(given):
    with pytest.raises(ValueError, match="`step_size` must be a number above 0; received "):
        positive(given, "step_size")
