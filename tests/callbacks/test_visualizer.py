"""Do callbacks draw what they should, when they should, and leave the training as it is?"""

from __future__ import annotations

import functools
import json
import warnings

import keras
import numpy as np
import pytest
from PIL import Image

import keras_vis as kv
from keras_vis.engine.probe import probe
from tests import nets

L = keras.layers


def data(n=32):
    return nets.images(n, seed=4), np.arange(n) % 5


def compiled(seed=0, deferred=False):
    """A net with everything in it that has a state: dropout, batch normalisation, Adam."""
    keras.utils.set_random_seed(seed)
    start = [] if deferred else [keras.Input(nets.SHAPE)]
    model = keras.Sequential(
        [
            *start,
            L.Conv2D(4, 3, name="conv_1"),
            L.BatchNormalization(),
            L.ReLU(),
            L.Conv2D(6, 3, activation="relu", name="conv_2"),
            L.Dropout(0.5),
            L.Flatten(),
            L.Dense(5, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def every_callback(folder, x, **options):
    c = kv.callbacks
    return [
        c.Saliency(x[:4], [0, 1, 2, 3], directory=folder, **options),
        c.GradCAM(x[:4], layer="conv_2", directory=folder, **options),
        c.FeatureMaps(x[:2], "conv_1", directory=folder, **options),
        c.EpochVisualizer(kv.top_predictions, x[:3], directory=folder, **options),
    ]


def frames(folder, name):
    return sorted(path.name for path in (folder / name).glob("*.png"))


@pytest.mark.parametrize("deferred", [False, True])
def test_training_with_all_callbacks_is_the_same_bit_for_bit(tmp_path, deferred):
    x, y = data()

    def train(*callbacks):
        model = compiled(deferred=deferred)
        history = model.fit(
            x, y, epochs=3, batch_size=8, validation_data=(x[:8], y[:8]), verbose=0, callbacks=list(callbacks)
        )
        state = [v.numpy() for v in model.variables + model.optimizer.variables]
        # every kind of global randomness, to see that none was drawn
        return state, history.history, np.random.random_sample(), float(keras.random.uniform(()))  # noqa: NPY002 - it is the global generator that is asked about

    plain = train()
    extra = (
        [] if deferred else [kv.callbacks.Filters(directory=tmp_path), kv.callbacks.ModelStructure(directory=tmp_path)]
    )
    watched = train(*every_callback(tmp_path, x), *extra)
    assert len(plain[0]) == len(watched[0])
    for a, b in zip(plain[0], watched[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert plain[1:] == watched[1:]
    assert frames(tmp_path, "saliency") == [f"epoch-000{i}.png" for i in range(4)]


def test_every_method_is_traced_once_a_run(tmp_path):
    x, y = data()
    model = compiled()
    counts = []
    look = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: counts.append(probe(model).traces))
    model.fit(x, y, epochs=4, verbose=0, callbacks=[*every_callback(tmp_path, x), look])
    # one outline for each shape of input (one here), and one graph for each of the four pictures
    assert counts == [5, 5, 5, 5]


def test_frames_follow_every_at_start_and_the_last_epoch(tmp_path):
    x, y = data(8)
    for name, options, wanted in (
        ("all", {}, [0, 1, 2, 3, 4, 5]),
        ("second", {"every": 2}, [0, 2, 4, 5]),
        ("late", {"every": 2, "at_start": False}, [2, 4, 5]),
        ("once", {"every": None}, [0]),
        ("rare", {"every": 10}, [0, 5]),
    ):
        compiled().fit(
            x, y, epochs=5, verbose=0, callbacks=[kv.callbacks.Filters(directory=tmp_path, name=name, **options)]
        )
        assert frames(tmp_path, name) == [f"epoch-{epoch:04d}.png" for epoch in wanted], name


def test_a_resumed_training_goes_on_numbering_and_a_new_one_starts_afresh(tmp_path):
    x, y = data(8)
    model = compiled()
    make = functools.partial(kv.callbacks.Filters, directory=tmp_path)
    model.fit(x, y, epochs=2, verbose=0, callbacks=[make()])
    old = {path.name: path.read_bytes() for path in (tmp_path / "filters").glob("*.png")}
    model.fit(x, y, initial_epoch=2, epochs=4, verbose=0, callbacks=[make()])
    assert frames(tmp_path, "filters") == [f"epoch-000{i}.png" for i in range(5)]
    assert all((tmp_path / "filters" / name).read_bytes() == content for name, content in old.items())
    with (
        Image.open(tmp_path / "filters" / "epoch-0001.png") as first,
        Image.open(tmp_path / "filters" / "epoch-0004.png") as last,
    ):
        assert json.loads(first.text["keras_vis"])["scale"] == json.loads(last.text["keras_vis"])["scale"]
    model.fit(x, y, initial_epoch=2, epochs=3, verbose=0, callbacks=[make()])
    assert frames(tmp_path, "filters") == [f"epoch-000{i}.png" for i in range(4)]
    compiled(seed=5).fit(x, y, epochs=1, verbose=0, callbacks=[make()])
    assert frames(tmp_path, "filters") == ["epoch-0000.png", "epoch-0001.png"]


def test_the_picture_is_that_of_the_net_after_the_epoch(tmp_path):
    x, y = data(8)
    model = compiled()
    model.fit(x, y, epochs=1, verbose=0, callbacks=[kv.callbacks.Filters("conv_1", directory=tmp_path)])
    with Image.open(tmp_path / "filters-conv_1" / "epoch-0001.png") as image:
        np.testing.assert_array_equal(np.asarray(image), kv.filters(model, "conv_1").draw())
        assert json.loads(image.text["keras_vis"])["layer"] == "conv_1"


def test_all_frames_have_the_scale_of_the_first_that_follows_training(tmp_path):
    x, y = data(8)
    scales = []

    class Recorded(kv.HeatMaps):
        def save(self, path):
            scales.append((path.name, self.scale))
            return super().save(path)

    def recorded(model, images):
        picture = kv.saliency(model, images, 0)
        return Recorded(picture.values, picture.images)

    kv_callback = kv.EpochVisualizer(recorded, x[:3], directory=tmp_path)
    compiled().fit(x, y, epochs=3, verbose=0, callbacks=[kv_callback])
    assert [name for name, _ in scales] == [
        "epoch-0000.png",
        "epoch-0000.png",
        *(f"epoch-000{i}.png" for i in (1, 2, 3)),
    ]
    assert scales[0][1] is None
    for _, scale in scales[2:]:
        np.testing.assert_array_equal(scale, scales[1][1])
    assert len(scales[1][1]) == 3


def test_a_picture_that_fails_later_warns_once_with_its_traceback_and_the_training_goes_on(tmp_path):
    x, y = data(8)
    calls = []

    def fails(model):
        calls.append(1)
        if len(calls) > 2:
            raise RuntimeError("the seventh seal")
        return kv.filters(model)

    callbacks = [kv.EpochVisualizer(fails, directory=tmp_path), kv.callbacks.Filters(directory=tmp_path)]
    with pytest.warns(RuntimeWarning) as caught:
        history = compiled().fit(x, y, epochs=4, verbose=0, callbacks=callbacks)
    assert len(caught) == 1
    text = str(caught[0].message)
    assert "fails: drawing failed at epoch 2" in text
    assert "the seventh seal" in text
    assert "Traceback" in text
    assert len(history.history["loss"]) == 4
    assert frames(tmp_path, "fails") == ["epoch-0000.png", "epoch-0001.png"]
    assert len(frames(tmp_path, "filters")) == 5


def test_a_picture_that_failed_is_tried_again_in_the_next_training(tmp_path):
    x, y = data(8)
    fail = [True]

    def moody(model):
        if fail[0] and int(model.optimizer.iterations):
            raise RuntimeError("not today")
        return kv.filters(model)

    callback = kv.EpochVisualizer(moody, directory=tmp_path)
    with pytest.warns(RuntimeWarning, match="not today"):
        compiled().fit(x, y, epochs=2, verbose=0, callbacks=[callback])
    fail[0] = False
    compiled().fit(x, y, epochs=2, verbose=0, callbacks=[callback])
    assert frames(tmp_path, "moody") == [f"epoch-000{i}.png" for i in range(3)]


def test_the_axes_of_histograms_are_held_too(tmp_path):
    x, y = data(8)
    callback = kv.EpochVisualizer(kv.weight_histograms, directory=tmp_path)
    compiled().fit(x, y, epochs=3, verbose=0, callbacks=[callback])
    scales = []
    for epoch in range(4):
        with Image.open(tmp_path / "weight_histograms" / f"epoch-000{epoch}.png") as image:
            scales.append(json.loads(image.text["keras_vis"])["scale"])
    assert scales[0] == scales[1] == scales[2] == scales[3]
    assert np.shape(scales[0])[1] == 2


def test_a_failure_does_not_kill_the_training_where_warnings_are_errors(tmp_path, capsys):
    x, y = data(8)

    def fails(model):
        if int(model.optimizer.iterations):
            raise RuntimeError("later")
        return kv.filters(model)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = compiled().fit(x, y, epochs=2, verbose=0, callbacks=[kv.EpochVisualizer(fails, directory=tmp_path)])
    assert len(history.history["loss"]) == 2
    assert "fails: drawing failed at epoch 1" in capsys.readouterr().err


def test_wrong_data_fail_before_the_first_batch(tmp_path):
    x, y = data(8)
    model = compiled()
    for wrong in (
        kv.callbacks.GradCAM(x[:2], layer="conv_9", directory=tmp_path),
        kv.callbacks.Saliency(np.zeros((2, 3, 3, 1)), directory=tmp_path),
        kv.callbacks.Saliency(x[:2], [1, 2, 3], directory=tmp_path),
        kv.callbacks.GradCAM(x[:2], layer="conv_9", at_start=False, directory=tmp_path),
    ):
        with pytest.raises(ValueError, match="`layer|`images|`target"):
            model.fit(x, y, verbose=0, callbacks=[wrong])
    assert int(model.optimizer.iterations) == 0
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_fails_before_the_first_batch(tmp_path):
    x, y = data(8)
    (tmp_path / "file").write_text("in the way")
    model = compiled()
    with pytest.raises(OSError, match="file"):
        model.fit(x, y, verbose=0, callbacks=[kv.callbacks.Filters(directory=tmp_path / "file")])
    assert int(model.optimizer.iterations) == 0


def test_wrong_arguments_fail_at_construction():
    x = nets.images(2)
    with pytest.raises(TypeError, match=r"grad_cam\(.*does not take these arguments: .*'lyer'"):
        kv.callbacks.GradCAM(x, lyer="conv_1")
    with pytest.raises(TypeError, match="missing a required argument: 'layer'"):
        kv.callbacks.FeatureMaps(x)
    with pytest.raises(TypeError, match="`explain` must be a function"):
        kv.EpochVisualizer("saliency", x)
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="`every`"):
            kv.callbacks.Filters(every=wrong)
    for wrong in (0, -0.1, 1.01, True, "0.05", float("nan")):
        with pytest.raises(ValueError, match="`max_overhead` must be a share"):
            kv.callbacks.Filters(max_overhead=wrong)
    with pytest.raises(ValueError, match="nothing to draw"):
        kv.callbacks.Filters(every=None, at_start=False)
    with pytest.raises(ValueError, match="`name='/'`"):
        kv.callbacks.Filters(name="/")


def test_a_function_that_returns_no_picture_is_named(tmp_path):
    x, y = data(8)
    with pytest.raises(TypeError, match="must return a Picture; it returned int"):
        compiled().fit(
            x, y, verbose=0, callbacks=[kv.EpochVisualizer(lambda model: 3, directory=tmp_path, name="three")]
        )


def test_two_callbacks_of_one_training_never_share_a_folder(tmp_path):
    x, y = data(8)
    pair = [kv.callbacks.Saliency(x[:1], c, directory=tmp_path) for c in (0, 1)]
    with pytest.raises(ValueError, match="two callbacks would write to .*saliency.* another `name=`"):
        compiled().fit(x, y, verbose=0, callbacks=pair)
    for callback in pair:  # one after the other is no clash
        compiled().fit(x, y, verbose=0, callbacks=[callback])


def test_names_become_folders_that_every_system_can_have(tmp_path):
    assert kv.callbacks.Filters(directory=tmp_path, name="a/b: c*").folder == tmp_path / "a-b-c"
    assert kv.callbacks.FeatureMaps(nets.images(1), "backbone/conv_1").folder.name == "feature_maps-backbone-conv_1"
    assert kv.EpochVisualizer(functools.partial(kv.filters, layer="conv_1")).folder.name == "filters"

    def mine(model, **options):
        return kv.filters(model, **options)

    assert kv.EpochVisualizer(mine, layer="conv_1").folder.name == "mine-conv_1"
    several = kv.callbacks.LayerCAM(nets.images(1), layer=["backbone/conv_1", L.Conv2D(2, 3, name="conv_2")])
    assert several.folder.name == "layer_cam-backbone-conv_1-conv_2"


def test_the_maps_of_several_layers_keep_each_their_scale(tmp_path):
    x, y = data(8)
    callback = kv.callbacks.LayerCAM(x[:3], layer=["conv_1", "conv_2"], directory=tmp_path)
    compiled().fit(x, y, epochs=2, verbose=0, callbacks=[callback])
    scales = []
    for epoch in range(3):
        with Image.open(tmp_path / "layer_cam-conv_1-conv_2" / f"epoch-000{epoch}.png") as image:
            told = json.loads(image.text["keras_vis"])
        assert told["layer"] == ["conv_1", "conv_2"]
        scales.append(told["scale"])
    assert np.shape(scales[0]) == (2, 3)
    assert scales[0] == scales[1] == scales[2]


def test_named_callbacks_show_the_arguments_of_their_method():
    import inspect

    names = list(inspect.signature(kv.callbacks.GradCAM).parameters)
    assert names[:2] == ["images", "target"]
    assert {"layer", "every", "directory", "at_start"} <= set(names)
    assert "model" not in names
    assert "grad_cam" in kv.callbacks.GradCAM.__doc__


def test_a_net_that_its_first_batch_builds_is_drawn_from_then_on(tmp_path):
    x, y = data(8)
    with pytest.warns(UserWarning, match=r"filters-conv_1: the net is not built .* no picture of epoch 0.*Input"):
        compiled(deferred=True).fit(x, y, verbose=0, callbacks=[kv.callbacks.Filters("conv_1", directory=tmp_path)])
    assert frames(tmp_path, "filters-conv_1") == ["epoch-0001.png"]
    compiled(deferred=True).fit(x, y, verbose=0, callbacks=[kv.callbacks.Filters(directory=tmp_path, at_start=False)])
    assert frames(tmp_path, "filters") == ["epoch-0001.png"]
    # the images of another callback build it before
    pair = [kv.callbacks.Filters(directory=tmp_path), kv.callbacks.Saliency(x[:2], directory=tmp_path)]
    compiled(deferred=True).fit(x, y, verbose=0, callbacks=pair)
    assert frames(tmp_path, "filters") == ["epoch-0000.png", "epoch-0001.png"]


def test_an_iterator_is_refused_before_the_training():
    with pytest.raises(ValueError, match=r"saliency: an iterator .* gives its images once.*list\(data\)"):
        kv.callbacks.Saliency(iter([nets.images()]))
    # one frame alone goes through it once
    assert kv.callbacks.Saliency(iter([nets.images()]), every=None).every is None
