"""Is every form of `fit` the same training with callbacks as without, and is each frame of the net of its epoch?"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import types
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.callbacks import training
from keras_vis.engine.probe import probe
from tests import nets
from tests.callbacks.fit_nets import (
    Keeper,
    X,
    Y,
    check_frames,
    every_callback,
    frames,
    net,
    numbers,
    randomness,
    same,
    state,
)

L = keras.layers
Data = Callable[[], dict[str, Any]]


def arrays() -> dict[str, Any]:
    return {"x": X, "y": Y, "batch_size": 8}


def trained(make: Callable[[], Any], data: Data, callbacks: list[Any], **options: Any) -> tuple[Any, Any, Any, Any]:
    model = make()
    history = model.fit(**{"epochs": 2, "verbose": 0, "callbacks": callbacks, **data(), **options}).history
    return model, history, state(model), randomness()


def two(folder: pathlib.Path, **options: Any) -> list[Any]:
    kind = {"directory": folder, "save_values": True, "gif": False, **options}
    return [kv.callbacks.Saliency(X[:2], 0, **kind), kv.callbacks.GradCAM(X[:3], [0, 1, 2], layer="conv_2", **kind)]


def check(
    folder: pathlib.Path,
    drawn: list[int],
    *,
    make: Callable[[], Any] = net,
    data: Data = arrays,
    ours: Callable[..., list[Any]] = two,
    others: Callable[[list[Any]], list[Any]] = lambda ours: ours,
    every: int = 1,
    **options: Any,
) -> dict[str, Any]:
    """Train with and without, hold all against each other, and each frame against the net of its epoch."""
    _, plain_history, plain_state, plain_random = trained(make, data, others([]), **options)
    callbacks, keeper = ours(folder, every=every), Keeper()
    model, history, found, after = trained(make, data, [keeper, *others(callbacks)], **options)
    assert same(plain_state, found)
    assert plain_history == history
    assert plain_random == after
    for callback in callbacks:
        check_frames(callback, keeper, model, drawn)
        told = json.loads((callback.folder / "frames.json").read_text())["logs"]
        begun = options.get("initial_epoch", 0)
        assert [told[str(begun + i + 1)]["loss"] for i in range(len(history["loss"]))] == history["loss"]
    return {"history": history, "keeper": keeper, "model": model, "callbacks": callbacks, "state": found}


def test_nothing_of_a_training_changes_with_all_callbacks_and_none_traces_twice(tmp_path):
    plain_model, plain_history, plain_state, plain_random = trained(net, arrays, [], epochs=3)
    keeper = Keeper(lambda: probe(keeper.model).traces)
    keeper.on_train_begin = lambda logs: keeper.asked.append(probe(keeper.model).traces)
    # So small a share leaves out all but the first frames and the last.
    options = {"save_values": True, "gif": True, "max_overhead": 1e-9, "tensorboard": tmp_path / "logs"}
    callbacks = every_callback(tmp_path / "vis", **options)
    with pytest.warns(UserWarning, match="`max_overhead` is 1e-09"):
        _, history, found, drawn = trained(net, arrays, [*callbacks, keeper], epochs=3)
    assert same(plain_state, found)
    assert plain_history == history
    assert plain_random == drawn
    # Whatever was compiled was compiled before the first batch.
    assert keeper.asked == [keeper.asked[0]] * 4
    assert probe(plain_model).traces == 0 < keeper.asked[0]
    assert len(callbacks) == len(kv.callbacks.__all__)
    for callback in callbacks:
        wanted = [0] if isinstance(callback, kv.callbacks.ModelStructure) else [0, 1, 3]
        assert frames(callback.folder) == wanted
        assert len(list(callback.folder.glob("*.npz"))) == len(wanted)
        assert (callback.folder / "epochs.gif").is_file() == (len(wanted) > 1)
    assert (tmp_path / "vis" / "index.html").is_file()
    assert list((tmp_path / "logs").rglob("*tfevents*"))


def shuffled() -> dict[str, Any]:
    return {"x": tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(32, seed=5).batch(4)}


def test_a_tf_data_set_with_several_steps_at_once_and_validation_now_and_then(tmp_path):
    found = check(
        tmp_path,
        [0, 2, 3],
        make=lambda: net(steps_per_execution=3),
        data=shuffled,
        every=2,
        epochs=3,
        validation_data=(X[:8], Y[:8]),
        validation_freq=2,
        shuffle=False,  # it is in the pipeline
        class_weight={0: 2.0, 1: 0.5, 2: 1.0, 3: 1.0, 4: 1.5},
    )
    told = json.loads((tmp_path / "saliency" / "frames.json").read_text())["logs"]
    assert ["val_loss" in told[epoch] for epoch in "123"] == [False, True, False]
    assert told["2"]["val_loss"] == found["history"]["val_loss"][0]


def test_a_set_that_fit_goes_through_too_is_taken_only_where_that_changes_nothing(tmp_path):
    x = tf.data.Dataset.from_tensor_slices((X, Y))
    steady = x.shuffle(32, seed=5, reshuffle_each_iteration=False).batch(8)
    make = lambda: net(run_eagerly=True)  # noqa: E731
    _, plain_history, plain_state, plain_random = trained(make, lambda: {"x": steady}, [], shuffle=False)
    callback = kv.callbacks.UnitCensus(steady, layers="conv_2", directory=tmp_path)
    _, history, found, after = trained(make, lambda: {"x": steady}, [callback], shuffle=False)
    assert same(plain_state, found)
    assert (plain_history, plain_random) == (history, after)
    assert frames(callback.folder) == [0, 1, 2]
    # Each passage through this one takes an order from the next.
    anew = x.shuffle(32, seed=5)
    for data in (anew, anew.batch(8).prefetch(1), tf.data.Dataset.zip(x, anew)):
        for every in (1, None):
            with pytest.raises(ValueError, match=r"unit_census: .* shuffled anew .*reshuffle_each_iteration=False"):
                kv.callbacks.UnitCensus(data, every=every)
    for data in (x.batch(8), steady.take(2), anew.cache().batch(8), list(anew.batch(8))):
        kv.callbacks.UnitCensus(data)


class Pieces(keras.utils.PyDataset):
    """Batches whose order changes with each epoch."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.turn = 0

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.random.default_rng(self.turn).permutation(32)[index::4]
        return X[rows], Y[rows]

    def on_epoch_end(self) -> None:
        self.turn += 1


def stopper() -> keras.callbacks.Callback:
    """Stops after the second epoch, because the loss falls, and puts the weights of the first one back."""
    return keras.callbacks.EarlyStopping("loss", mode="max", patience=1, restore_best_weights=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_py_dataset_that_stops_early_is_drawn_as_the_last_epoch_left_it(tmp_path, workers):
    # Ours stand once after and once before the one that stops the training and puts other weights back.
    found = check(
        tmp_path,
        [0, 2],
        data=lambda: {"x": Pieces(workers=workers)},
        others=lambda ours: [stopper(), *ours] if workers == 1 else [*ours, stopper()],
        every=5,
        epochs=9,
    )
    model, keeper = found["model"], found["keeper"]
    assert sorted(keeper.weights) == [0, 1, 2]
    first, last = keeper.weights[1], keeper.weights[2]
    # `check` has set the net's weights; what the training left are those of the first epoch.
    ended = next(v for v in found["state"] if v.shape == (3, 3, 4, 6))
    kernel = [w.path for w in model.weights].index(model.get_layer("conv_2").kernel.path)
    np.testing.assert_array_equal(ended, first[kernel])
    assert not np.array_equal(ended, last[kernel])


def test_a_resumed_training_in_half_floats(tmp_path):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        found = check(tmp_path, [3, 4, 5], initial_epoch=3, epochs=5)
    finally:
        keras.config.set_dtype_policy("float32")
    assert found["model"].get_layer("conv_2").compute_dtype == "float16"
    assert set(json.loads((tmp_path / "saliency" / "frames.json").read_text())["logs"]) == {"4", "5"}


def test_a_training_compiled_by_xla(tmp_path):
    check(tmp_path, [0, 1], make=lambda: net(jit_compile=True, optimizer="sgd"), epochs=1)


def test_an_eager_training_of_one_epoch_and_the_same_callbacks_in_a_second(tmp_path):
    found = check(tmp_path, [0, 1], make=lambda: net(run_eagerly=True), epochs=1)
    keeper, model, callbacks = Keeper(), net(seed=7, run_eagerly=True), found["callbacks"]
    earlier = numbers(callbacks[0].folder, 1)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[*callbacks, keeper])
    for callback in callbacks:
        check_frames(callback, keeper, model, [0, 1, 2])
    assert np.abs(numbers(callbacks[0].folder, 1) - earlier).max() > 1e-3
    # They go on with a net that was trained on: what they held of the first part is read from the folder.
    model.set_weights(keeper.weights[2])
    keeper = Keeper()
    model.fit(X, Y, initial_epoch=2, epochs=3, verbose=0, callbacks=[*callbacks, keeper])
    assert [frames(callback.folder) for callback in callbacks] == [[0, 1, 2, 3]] * 2


def test_a_sequential_that_its_first_batch_builds(tmp_path):
    def ours(folder: pathlib.Path, every: int) -> list[Any]:
        kind = {"directory": folder, "save_values": True, "gif": False, "every": every}
        return [kv.callbacks.FeatureMaps(X[:2], "conv_1", name="late", at_start=False, **kind)]

    check(tmp_path, [1, 2], make=lambda: net(deferred=True, run_eagerly=True), ours=ours)

    def blind(folder: pathlib.Path, every: int) -> list[Any]:
        kind = {"directory": folder, "save_values": True, "gif": False}
        # training changes no structure: it is drawn once, as soon as there is one
        model.fit(X[:8], Y[:8], verbose=0, epochs=2, callbacks=[kv.callbacks.ModelStructure(directory=folder)])
        return [kv.callbacks.Filters("conv_2", every=every, **kind)]

    model = net(deferred=True, run_eagerly=True)
    with pytest.warns(UserWarning, match="the net is not built before its first batch"):
        check(tmp_path, [1, 2], make=lambda: net(deferred=True, run_eagerly=True), ours=blind)
    assert frames(tmp_path / "plot_structure") == [1]


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.flip = L.RandomFlip(seed=3)
        self.conv_1 = L.Conv2D(4, 3, activation="relu", name="conv_1")
        self.conv_2 = L.Conv2D(6, 3, activation="relu", name="conv_2")
        self.gap = L.GlobalAveragePooling2D(name="gap")
        self.preds = L.Dense(nets.CLASSES, activation="softmax", name="preds")

    def call(self, x, training=False):
        return self.preds(self.gap(self.conv_2(self.conv_1(self.flip(x, training=training)))))


def subclassed() -> Any:
    keras.utils.set_random_seed(0)
    model = Subclassed()
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def test_a_subclassed_net_is_drawn_by_all_and_one_says_what_it_needs_before_the_first_batch(tmp_path):
    model = subclassed()
    with pytest.raises(ValueError, match=r"`initial`: model .* does not say what it takes.* an image \(1, h, w, c\)"):
        model.fit(X, Y, verbose=0, callbacks=[kv.callbacks.ActivationMaximization(0, steps=2, directory=tmp_path)])
    assert int(model.optimizer.iterations) == 0
    assert not list(tmp_path.iterdir())

    drawn = every_callback(tmp_path, save_values=True, gif=False)
    for callback in drawn:
        if isinstance(callback, kv.callbacks.ActivationMaximization):
            callback.options["initial"] = abs(X[:1])
    _, plain_history, plain_state, plain_random = trained(subclassed, arrays, [], epochs=1)
    keeper = Keeper()
    model, history, found, after = trained(subclassed, arrays, [keeper, *drawn], epochs=1)
    assert same(plain_state, found)
    assert plain_history == history
    assert plain_random == after
    for callback in drawn:
        assert frames(callback.folder) == ([0] if callback.every is None else [0, 1]), callback.folder.name
    check_frames(next(c for c in drawn if isinstance(c, kv.callbacks.GapCAM)), keeper, model, [0, 1])


def test_a_net_of_two_inputs_and_two_outputs(tmp_path):
    vector = np.random.default_rng(1).random((32, 3)).astype("float32")

    def make() -> Any:
        keras.utils.set_random_seed(0)
        model = nets.two_by_two()
        losses = {"digit": "sparse_categorical_crossentropy", "parity": "binary_crossentropy"}
        model.compile("adam", losses, run_eagerly=True)
        return model

    def ours(folder: pathlib.Path, every: int) -> list[Any]:
        kind = {"directory": folder, "every": every, "save_values": True, "gif": False}
        rows, digit = {"image": X[:2], "vector": vector[:2]}, kv.Logit(1, output="digit")
        return [
            kv.callbacks.Saliency(rows, digit, input="image", **kind),
            kv.callbacks.GradCAM(rows, kv.Logit(0, output="parity"), layer="conv", **kind),
        ]

    check(
        tmp_path,
        [0, 1, 2],
        make=make,
        data=lambda: {"x": {"image": X, "vector": vector}, "y": {"digit": Y, "parity": Y % 2}, "batch_size": 8},
        ours=ours,
    )


MIRRORED = """
import pathlib, sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
from keras_vis.engine.probe import probe
from tests.callbacks.fit_nets import X, Y, net
from tests.callbacks.test_fit import check

def make():
    with strategy.scope():
        return net()

found = check(pathlib.Path(sys.argv[1]), [0, 1, 2], make=make)
print(strategy.num_replicas_in_sync, type(found["model"].distribute_strategy).__name__, probe(found["model"]).traces)
"""


def test_a_mirrored_strategy_on_two_cpus(tmp_path):
    command = [sys.executable, "-c", MIRRORED, str(tmp_path)]
    root = pathlib.Path(__file__).parents[2]
    path = os.pathsep.join([str(root), *filter(None, sys.path)])
    ended = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    # one outline and two graphs
    assert ended.stdout.split() == ["2", "MirroredStrategy", "3"], ended.stdout


def by_list(model: Any, callbacks: list[Any], epochs: int, step: Callable[[], None]) -> None:
    """A loop of one's own, which calls the callbacks as Keras does."""
    called = keras.callbacks.CallbackList(callbacks, model=model, epochs=epochs)
    called.on_train_begin()
    for epoch in range(epochs):
        called.on_epoch_begin(epoch)
        step()
        logs = {"loss": model.train_on_batch(X, Y)[0]}
        called.on_epoch_end(epoch, logs)
    called.on_train_end()


def by_hand(model: Any, callbacks: list[Any], epochs: int, step: Callable[[], None]) -> None:
    """One that never says of how many epochs it is, nor when one begins."""
    for callback in callbacks:
        callback.set_model(model)
        callback.on_train_begin()
    for epoch in range(epochs):
        step()
        loss = model.train_on_batch(X, Y)[0]
        for callback in callbacks:
            callback.on_epoch_end(epoch, {"loss": loss})
    for callback in callbacks:
        callback.on_train_end()


@pytest.mark.parametrize("loop", [by_list, by_hand])
def test_a_loop_of_ones_own(tmp_path, monkeypatch, loop):
    now = [0.0]
    monkeypatch.setattr(training, "time", types.SimpleNamespace(perf_counter=lambda: now[0]))
    plain = net(run_eagerly=True)
    loop(plain, [], 3, lambda: None)
    model, keeper, callbacks = net(run_eagerly=True), Keeper(), two(tmp_path, every=2)
    keeper.weights[0] = model.get_weights()
    loop(model, [keeper, *callbacks], 3, lambda: now.__setitem__(0, now[0] + 10))
    assert same(state(plain), state(model))
    for callback in callbacks:
        check_frames(callback, keeper, model, [0, 2, 3])
        told = json.loads((callback.folder / "frames.json").read_text())
        assert set(told["logs"]) == {"1", "2", "3"}
        # One that tells of the ends alone has begun its first epoch when that is told of.
        assert told["epoch_seconds"] == {"1": 10 if loop is by_list else 0, "2": 10, "3": 10}
