"""Does every method obey the laws of the house? A method is found through `__all__`; it needs no word here."""

from __future__ import annotations

import contextlib
import functools
import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.engine.probe import probe
from tests import nets
from tests.laws import FUNCTIONS, OF_DATA, Bar, everything, parameters, rewritten, wanted

OF_MODELS = [name for name in FUNCTIONS if next(iter(parameters(name))) == "model"]
OF_IMAGES = [name for name in OF_MODELS if list(parameters(name))[1:2] == ["images"] and name not in OF_DATA]
TARGETED = [name for name in OF_IMAGES if "target" in parameters(name)]
OF_CLASSES = ["adversarial"]  # no other target will do
LAYERED = [
    name for name in OF_MODELS if "layer" in parameters(name) and set(wanted(name)) <= {"model", "images", "layer"}
]

# Methods that want a net of another kind than the reference, and every form of it.
MODELS = {"gap_cam": nets.gap}
FORMS = {"gap_cam": nets.gap_forms}

# A value other than the default for each option there is, and what it may be tried with.
OPTIONS = {
    "layer": "conv_1",
    "labels": ["a", "b", "c", "d", "e"],
    "units": [1],
    "k": 2,
    "steps": 3,
    "baseline": 0.5,
    "samples": 4,
    "channels": 2,
    "patch": (2, 5),
    "stride": 2,
    "fill": 0.5,
    "grid": 3,
    "keep": 0.25,
    "noise": 0.3,
    "statistic": "square",
    "seed": 1,
    "octaves": 1,
    "octave_scale": 1.25,
    "step_size": 0.07,
    "transforms": (kv.Rotate(20),),
    "value_range": (-2.0, 1.5),
    "frames": 2,
    "alpha": 2.0,
    "norm": 2.0,
    "total_variation": 2.0,
    "epsilon": 0.05,
    "truth": [0, 1, 2, 3, 4],
    "input": None,  # needs two inputs: tried below
    "output": None,
}


def net(name: str) -> keras.Sequential:
    """A net that a method takes, its layers called conv_1 and conv_2."""
    return MODELS.get(name, nets.sequential)()


# One for all laws that leave it alone: what a method has compiled of it serves the next.
held = functools.cache(net)

# Less of what takes long and changes no law; and the range of the images.
QUICK = {
    "rise": {"samples": 50},
    "deep_dream": {"steps": 2, "value_range": (-1.0, 1.0)},
    "inversion": {"steps": 4, "value_range": (-1.0, 1.0)},
    "adversarial": {"value_range": (-1.0, 1.0)},
}


def call(name: str, model: keras.Model, *args: object, **options: object):
    """Call a method on a model (and images), with a layer where it wants one."""
    if "layer" in wanted(name) and "layer" not in options:
        options["layer"] = next(path for path in probe(model).outline(args[0]).layers if path.endswith("conv_2"))
    if "progress" in parameters(name):
        options.setdefault("progress", False)
    if name == "deep_dream":
        classes = len(args) > 1 or "target" in options
        # The reference ends in a dense layer, which knows one size of image.
        options = {**({"octaves": 1} if classes else {"octaves": 2, "octave_scale": 1.2}), **options}
        args = args if classes else (*args, kv.Energy("conv_2"))
    for option, value in QUICK.get(name, {}).items():
        options.setdefault(option, value)
    return FUNCTIONS[name](model, *args, **options)


def arrays(picture) -> dict[str, np.ndarray]:
    """All raw numbers of a picture that has one entry an image."""
    held = picture.values if isinstance(picture.values, dict) else {"values": picture.values}
    return {name: value for name, value in held.items() if name != "images"}


def assert_same(a, b, **tolerance):
    for name, values in arrays(a).items():
        np.testing.assert_allclose(values, arrays(b)[name], **{"rtol": 1e-4, "atol": 1e-6, **tolerance}, err_msg=name)


def test_there_are_methods_to_hold_to_the_laws():
    assert {"saliency", "grad_cam", "feature_maps", "top_predictions"} <= set(OF_IMAGES)


@pytest.mark.parametrize("name", OF_IMAGES)
def test_1_the_model_is_untouched(name):
    model, x = net(name), nets.images()
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, np.zeros(6), verbose=0)
    model.predict(x, verbose=0)
    before = [w.copy() for w in model.get_weights()]
    attributes = {layer.name: dict(vars(layer)) for layer in [model, *model._flatten_layers()]}
    kept = x.copy()
    call(name, model, x)
    for layer in [model, *model._flatten_layers()]:
        assert {key: id(value) for key, value in vars(layer).items()} == {
            key: id(value) for key, value in attributes[layer.name].items()
        }, layer.name
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("name", OF_IMAGES)
def test_2_no_global_randomness_is_drawn_and_the_numbers_repeat(name):
    def draws():
        return np.random.random_sample(), tf.random.uniform(()).numpy(), float(keras.random.uniform(()))  # noqa: NPY002 - it is the global generator that is asked about

    model, x = net(name), nets.images()
    keras.utils.set_random_seed(11)
    wanted = draws()
    keras.utils.set_random_seed(11)
    first = call(name, model, x)
    assert draws() == wanted
    for key, values in arrays(call(name, model, x)).items():
        np.testing.assert_array_equal(values, arrays(first)[key])


@pytest.mark.parametrize("name", OF_IMAGES)
def test_3_each_image_stands_alone(name):
    model, x = held(name), nets.images(5)
    together = arrays(call(name, model, x))
    for i in range(5):
        for key, values in arrays(call(name, model, x[i])).items():
            assert len(values) == 1
            np.testing.assert_allclose(values[0], together[key][i], rtol=1e-4, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("name", OF_IMAGES)
def test_4_values_are_raw_float32_finite_and_one_for_each_image(name):
    model, x = held(name), nets.images(3)
    for key, values in arrays(call(name, model, x)).items():
        assert values.dtype == np.float32 or values.dtype.kind == "i", key
        assert np.isfinite(values).all(), key
        assert len(values) == 3, key


@pytest.mark.parametrize("name", OF_IMAGES)
def test_6_compiled_once_over_targets_labels_ragged_batches_and_epochs(name):
    model, x = net(name), nets.images(7)
    call(name, model, x)
    if name in TARGETED:
        call(name, model, x, 1)
    traces = probe(model).traces
    call(name, model, x, batch=3)
    call(name, model, x[0])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, np.zeros(7), verbose=0)
    call(name, model, x)
    if name in TARGETED:
        for target in (0, 4, np.arange(7) % 5, kv.Logit(2)):
            call(name, model, x, target)
    assert probe(model).traces == traces


@pytest.mark.parametrize("name", OF_IMAGES)
def test_7_answers_are_fresh_after_training(name):
    model, x = net(name), nets.images()
    before = call(name, model, x)
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    model.fit(x, np.arange(6) % 5, verbose=0)
    twin = net(name)
    twin.set_weights(model.get_weights())
    after = call(name, model, x)
    assert_same(after, call(name, twin, x))
    assert everything(after) != everything(before)


@pytest.mark.parametrize("name", OF_IMAGES)
def test_8_the_model_can_be_collected(name):
    model = net(name)
    picture = call(name, model, nets.images())
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
    assert picture is not None


@pytest.mark.parametrize("name", OF_MODELS)
def test_9_a_model_that_is_none_is_named_at_the_door(name):
    with pytest.raises(TypeError, match="`model` must be a keras.Model"):
        FUNCTIONS[name]("model.keras", *[nets.images() for _ in wanted(name)[1:]])


@pytest.mark.parametrize("name", OF_IMAGES)
def test_9_images_that_do_not_fit_are_named_at_the_door(name):
    model = held(name)
    layer = {"layer": "conv_2"} if "layer" in parameters(name) else {}
    for wrong, error in (
        (np.zeros((2, 5, 5, 2)), ValueError),
        (np.full((1, *nets.SHAPE), np.inf), ValueError),
        (np.zeros((0, *nets.SHAPE)), ValueError),
        ("photo.png", TypeError),
    ):
        with pytest.raises(error, match="`images`"):
            call(name, model, wrong, **layer)
    with pytest.raises(ValueError, match="`batch`"):
        call(name, model, nets.images(), batch=0)


@pytest.mark.parametrize("name", TARGETED)
def test_9_targets_that_do_not_fit_are_named_at_the_door(name):
    for wrong, error in (
        (9, ValueError),
        ([1, 2], ValueError),
        ("cat", TypeError),
        (kv.Channel("nowhere", 0), TypeError if name in OF_CLASSES else ValueError),
    ):
        with pytest.raises(error, match="`target`"):
            call(name, held(name), nets.images(), wrong)


@pytest.mark.parametrize("name", LAYERED)
def test_9_a_layer_that_is_not_there_is_answered_with_the_nearest(name):
    data = [nets.images()] if name in OF_IMAGES else []
    with pytest.raises(ValueError, match=r"`layer='conv2'` is not in model .* Did you mean 'conv_2'\?"):
        call(name, held(name), *data, layer="conv2")


@pytest.mark.parametrize("name", OF_IMAGES)
def test_10_every_option_changes_something(name, monkeypatch):
    model, x = held(name), nets.images(5)
    default = everything(call(name, model, x))
    for option in list(parameters(name))[2:]:
        if option in ("batch", "progress"):
            continue
        if option == "target":
            assert everything(call(name, model, x, 3)) != default
        elif option == "labels" and name in TARGETED:
            assert everything(call(name, model, x, 3, labels=OPTIONS[option])) != everything(call(name, model, x, 3))
        elif option in ("input", "output"):
            continue  # with two inputs and outputs, below
        else:
            assert everything(call(name, model, x, **{option: OPTIONS[option]})) != default, option

    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    for shown in (True, False):
        Bar.seen()
        call(name, model, x, batch=2, progress=shown)
        seen = Bar.seen()
        assert len(seen) == shown  # one bar, not one for each part
        for bar in seen:
            assert bar.total == sum(bar.done)
            assert bar.total % 5 == 0
            most = 2 * QUICK.get(name, {}).get("steps", 1)
            assert max(bar.done) <= most  # never more than a batch, or the first few steps of one


@pytest.mark.parametrize("name", [name for name in OF_IMAGES if "input" in parameters(name)])
def test_10_input_and_output_choose_among_several(name):
    shape = (8, 8, 1)
    left, right = keras.Input(shape, name="left"), keras.Input(shape, name="right")
    maps = [keras.layers.Conv2D(2, 3, name=end)(part) for end, part in (("conv_1", left), ("conv_2", right))]
    pool = keras.layers.GlobalAveragePooling2D() if name in MODELS else keras.layers.Flatten()
    flat = pool(keras.layers.Subtract(name="both")(maps))
    ends = [keras.layers.Dense(3, activation="softmax", name=end)(flat) for end in ("one", "two")]
    model = keras.Model([left, right], ends)
    data = [nets.images(2, seed, shape) for seed in (1, 2)]
    target = {"target": kv.Logit(1, output="one")} if name in TARGETED else {}
    target |= {"layer": "both"} if name == "inversion" else {}
    output = {"output": "one"} if "output" in parameters(name) else {}
    with pytest.raises(ValueError, match="Several inputs hold images: 'left' .* Choose one with `input="):
        call(name, model, data, **target, **output)
    pictures = [call(name, model, data, input=which, **target, **output) for which in ("left", "right", 1)]
    assert everything(pictures[0]) != everything(pictures[1]) == everything(pictures[2])
    if output:
        assert everything(call(name, model, data, input=0, output="two")) != everything(pictures[0])
        with pytest.raises(ValueError, match="`output='twoo'` is not in the model. Did you mean 'two'"):
            call(name, model, data, input=0, output="twoo")
        with pytest.raises(ValueError, match="Choose one with `output="):
            call(name, model, data, input=0)


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    made = {None: nets.forms(folder), **{name: make(folder) for name, make in FORMS.items()}}
    return lambda name: made.get(name, made[None])


@pytest.mark.parametrize("name", OF_IMAGES)
def test_11_the_same_numbers_for_every_form_of_the_model(name, forms):
    x = nets.images()
    of_it = forms(name)
    wanted = call(name, of_it["sequential"], x)
    for form, model in of_it.items():
        # ... and whether TensorFlow rewrites its graph or runs it as it is written
        with rewritten() if form == "loaded" else contextlib.nullcontext():
            found = call(name, model, x)
        try:
            assert_same(found, wanted)
        except AssertionError as error:
            raise AssertionError(f"{name} differs for {form}: {error}") from error


@pytest.mark.parametrize("name", OF_IMAGES)
def test_pictures_draw_themselves_and_say_how_they_were_made(name):
    picture = call(name, held(name), nets.images())
    sheet = picture.draw()
    assert sheet.dtype == np.uint8
    assert sheet.std() > 1
    assert picture.about["method"] == name
    assert picture.about["versions"]["keras"] == keras.__version__
