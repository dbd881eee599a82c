"""Does every method that goes through a whole data set obey the laws of the house?"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import weakref
from collections.abc import Mapping

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.engine.probe import probe
from tests import nets
from tests.laws import FUNCTIONS, OF_DATA, Bar, everything, parameters, rewritten, wanted

N = 25
X = np.random.default_rng(0).uniform(0, 1, (N, *nets.SHAPE)).astype("float32")
Y = np.arange(N) % nets.CLASSES


def bright(images: np.ndarray) -> np.ndarray:
    """Two concepts, for dissecting."""
    return np.stack([images[..., 0] > 0.6, images[..., 0] < 0.3], axis=-1)


# What a method wants besides the model and the data.
REST = {
    "masks": bright,
    "units": [0, 2],
    "labels": Y,
    "truth": Y,
    "attribute": "brightness",
}
QUICK = {"embed_codes": {"perplexity": 5.0, "labels": Y}, "adversarial_accuracy": {"steps": 2}}

# A value other than the default for each option there is.
OPTIONS = {
    "layers": "conv_1",
    "layer": "conv_1",
    "units": [1],
    "k": 2,
    "seed": 1,
    "quantile": 0.9,
    "iou": 0.5,
    "method": "pca",
    "pooling": "avg",
    "top": 1,
    "align": "stretch",
    "labels": np.zeros(N, int),
    "truth": np.zeros(N, int),
    "perplexity": 7.0,
    "bins": 3,
    "attribute": "contrast",
    "names": ["a", "b", "c", "d", "e"],
    "epsilon": (0.0, 0.2),
    "steps": 3,
    "value_range": (0.0, 2.0),
    "most": 1,
    "raters": {"someone": (Y + (np.arange(N) % 3 == 0)) % nets.CLASSES},
    "masks": lambda images: {"grey": (images[..., 0] > 0.3) & (images[..., 0] < 0.6)},
}
OWN_OPTIONS = {("dissect", "names"): ["light", "dark"]}
# What an option needs to matter: two units that are detectors, of which one is drawn.
NEEDED = {("dissect", "most"): {"iou": 0.0, "quantile": 0.5}}
UNTRIED = ("batch", "progress", "input", "output")


# One for all laws that leave it alone: what a method has compiled of it serves the next.
held = functools.cache(nets.sequential)


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return -(-N // 4)

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        return X[4 * i : 4 * i + 4], Y[4 * i : 4 * i + 4]


class Again:
    def __iter__(self):
        return (X[i : i + 9] for i in range(0, N, 9))


def call(name: str, model: keras.Model, data: object, **options: object):
    """Call a method on a model and data, with what it cannot do without, and quickly."""
    options = {"progress": False, **QUICK.get(name, {}), **options}
    for need in wanted(name)[2:]:
        layer = next(path for path in probe(model).outline(X).layers if path.endswith("conv_2"))
        options.setdefault(need, layer if need == "layer" else REST[need])
    return FUNCTIONS[name](model, data, **options)


def numbers(found: object, name: str = "values") -> dict[str, np.ndarray]:
    """All raw numbers of a result, by name."""
    if isinstance(found, np.ndarray):
        return {name: found}
    if isinstance(found, Mapping):
        return {key: part for own, value in found.items() for key, part in numbers(value, f"{name}/{own}").items()}
    if isinstance(found, kv.Table):
        cells = {"cells": np.array([[str(cell) for cell in row] for row in found.rows])}
        return cells | fields(found)
    return fields(found) if dataclasses.is_dataclass(found) else {}


def fields(found: object) -> dict[str, np.ndarray]:
    return {
        key: part
        for field in dataclasses.fields(found)
        if field.name not in ("about", "rows")
        for key, part in numbers(getattr(found, field.name), field.name).items()
    }


def assert_same(found: object, other: object) -> None:
    one, two = numbers(found), numbers(other)
    assert list(one) == list(two)
    assert one
    for key, values in one.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(values, two[key], rtol=2e-4, atol=2e-5, err_msg=key)
        elif key != "cells":
            np.testing.assert_array_equal(values, two[key], err_msg=key)


def test_there_are_methods_to_hold_to_the_laws():
    assert {"unit_census", "top_patches", "dissect", "codes", "embed_codes", "accuracy_by", "compare_raters"} <= set(
        OF_DATA
    )


@pytest.mark.parametrize("name", OF_DATA)
def test_the_model_and_the_data_are_untouched_and_no_global_randomness_is_drawn(name):
    def draws():
        return np.random.random_sample(), tf.random.uniform(()).numpy(), float(keras.random.uniform(()))  # noqa: NPY002 - it is the global generator that is asked about

    model, data = nets.sequential(), X.copy()
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)
    weights = [w.copy() for w in model.get_weights()]
    attributes = {layer.name: dict(vars(layer)) for layer in [model, *model._flatten_layers()]}
    keras.utils.set_random_seed(11)
    expected = draws()
    keras.utils.set_random_seed(11)
    first = call(name, model, data)
    assert draws() == expected
    for layer in [model, *model._flatten_layers()]:
        assert {key: id(value) for key, value in vars(layer).items()} == {
            key: id(value) for key, value in attributes[layer.name].items()
        }, layer.name
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(data, X)
    assert everything(call(name, model, data)) == everything(first)


@pytest.mark.parametrize("name", OF_DATA)
def test_neither_the_batch_nor_what_holds_the_data_changes_the_numbers(name):
    model = held()
    first = call(name, model, X)
    for batch in (1, 7):
        assert_same(call(name, model, X, batch=batch), first)
    if "data" in parameters(name) or name in ("accuracy_by", "compare_raters"):
        unlabelled = {} if "labels" in wanted(name) else {"labels": Y} if "labels" in parameters(name) else {}
        first = call(name, model, X, **unlabelled)
        pairs = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)
        for data in (pairs, pairs.map(lambda x, y: x), Batches(), Again(), [X[:3], X[3:]]):
            assert_same(call(name, model, data, **unlabelled), first)


@pytest.mark.parametrize("name", OF_DATA)
def test_compiled_once_and_fresh_after_training(name):
    model = nets.sequential()
    before = call(name, model, X)
    traces = probe(model).traces
    call(name, model, X, batch=7)
    # Dropout and shuffling draw from what tests before have left, and at a rate of 0.5 a layer died now and then.
    keras.utils.set_random_seed(0)
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    model.fit(X, Y, epochs=3, verbose=0)
    after = call(name, model, X)
    assert probe(model).traces == traces
    twin = nets.sequential()
    twin.set_weights(model.get_weights())
    assert_same(after, call(name, twin, X))
    assert everything(after) != everything(before)


@pytest.mark.parametrize("name", OF_DATA)
def test_the_model_can_be_collected(name):
    model = nets.sequential()
    found = call(name, model, X)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
    assert found is not None


@pytest.mark.parametrize("name", OF_DATA)
def test_data_that_do_not_fit_are_named_at_the_door(name):
    model, argument = held(), list(parameters(name))[1]
    for wrong, error in (
        (np.zeros((N, 5, 5, 2)), ValueError),
        (np.full((N, *nets.SHAPE), np.inf), ValueError),
        (np.zeros((0, *nets.SHAPE)), ValueError),
        ("photo.png", TypeError),
    ):
        with pytest.raises(error, match=f"`{argument}"):
            call(name, model, wrong)
    with pytest.raises(ValueError, match="`batch`"):
        call(name, model, X, batch=0)
    if "layer" in parameters(name):
        with pytest.raises(ValueError, match=r"`layer='conv2'` is not in model .* Did you mean 'conv_2'\?"):
            call(name, model, X, layer="conv2")
    for argument in {"labels", "truth"} & set(parameters(name)):
        with pytest.raises(ValueError, match=f"`{argument}.*{N - 3}"):
            call(name, model, X, **{argument: Y[:-3]})


@pytest.mark.parametrize("name", OF_DATA)
def test_every_option_changes_something(name, monkeypatch):
    model = held()
    default = everything(call(name, model, X))
    for option in list(parameters(name))[2:]:
        if option not in UNTRIED:
            other = OWN_OPTIONS.get((name, option), OPTIONS[option])
            needed = NEEDED.get((name, option), {})
            before = everything(call(name, model, X, **needed)) if needed else default
            assert everything(call(name, model, X, **needed, **{option: other})) != before, option

    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    for shown in (True, False):
        Bar.seen()
        call(name, model, X, batch=2, progress=shown)
        seen = Bar.seen()
        assert bool(seen) == shown
        for bar in seen:
            assert bar.total is None or bar.total == sum(bar.done)


@pytest.mark.parametrize("name", OF_DATA)
def test_the_same_numbers_for_every_form_of_the_model(name, tmp_path):
    forms = nets.forms(tmp_path)
    first = call(name, forms["sequential"], X)
    for form, model in forms.items():
        # ... and whether TensorFlow rewrites its graph or runs it as it is written
        with rewritten() if form == "loaded" else contextlib.nullcontext():
            found = call(name, model, X)
        try:
            assert_same(found, first)
        except AssertionError as error:
            raise AssertionError(f"{name} differs for {form}: {error}") from error


@pytest.mark.parametrize("name", [name for name in OF_DATA if name != "codes"])
def test_pictures_draw_themselves_and_say_how_they_were_made(name):
    picture = call(name, held(), X)
    sheet = picture.draw()
    assert sheet.dtype == np.uint8
    assert sheet.std() > 1
    assert sheet.shape[1] <= 1000
    assert picture.about["method"] == name
    assert picture.about["versions"]["keras"] == keras.__version__
