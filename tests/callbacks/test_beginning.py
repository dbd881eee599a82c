"""What is drawn before the first batch, of which net, and what is left alone if the training cannot begin?"""

from __future__ import annotations

import importlib.util

import filelock
import keras
import numpy as np
import pytest
from PIL import Image
from scipy.stats import spearmanr

import keras_vis as kv
from tests.callbacks import runs
from tests.callbacks.runs import at, fit, frames, known, watch

TENSORBOARD = importlib.util.find_spec("tensorboard") is not None
LOADED = np.random.default_rng(5).normal(size=(4, 8)).astype("float32")


class Loads(keras.callbacks.Callback):
    """Puts other weights into the net when its turn comes, as `BackupAndRestore` does."""

    def on_train_begin(self, logs=None):
        self.model.set_weights([LOADED, np.zeros(8, "float32")])


def numbers(folder, epoch):
    with np.load(folder / f"epoch-000{epoch}.npz") as told:
        return told["values"]


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_the_net_before_training_is_that_which_a_later_callback_loads(tmp_path, order):
    asked = []

    def explain(model):
        asked.append(1)
        return runs.weights(model)

    pair = [watch(tmp_path, explain=explain, save_values=True), Loads()]
    fit(*(pair[place] for place in order), epochs=2)
    first, second = (numbers(tmp_path / "weights", epoch) for epoch in (0, 1))
    np.testing.assert_array_equal(first, LOADED[None])
    changed = 1 - spearmanr(first.ravel(), second.ravel()).statistic
    assert known(tmp_path / "weights")["frames"]["1"]["drift"] == pytest.approx(changed, abs=1e-6)
    # once before training and once after each epoch; and once more only where the net has become another
    assert len(asked) == 3 + (order == [0, 1])


def test_without_a_picture_of_the_start_the_first_frame_has_changed_from_nothing(tmp_path):
    fit(watch(tmp_path, at_start=False), epochs=3)
    drifts = {epoch: facts.get("drift") for epoch, facts in known(tmp_path / "weights")["frames"].items()}
    assert list(drifts) == ["1", "2", "3"]
    assert drifts.pop("1") is None
    assert None not in drifts.values()


def another_s_picture(vis):
    (vis / "two").mkdir()
    Image.new("L", (3, 3)).save(vis / "two" / "epoch-0001.png")


def another_s_numbers(vis):
    (vis / "two").mkdir()
    np.savez(vis / "two" / "epoch-0001.npz", about=np.zeros(3))


def another_s_page(vis):
    (vis / "other").mkdir()
    (vis / "other" / "index.html").write_text("<!DOCTYPE html><title>Mine</title>")


def another_s_folder(vis):
    lock = filelock.FileLock(vis / ".locks" / "two.lock")
    lock.acquire()
    return lock


def a_file(vis):
    (vis / "logs").write_text("in the way")


@pytest.mark.parametrize(
    ("hinder", "directory", "options", "error", "match"),
    [
        (another_s_picture, "", {}, FileExistsError, "two.* holds 'epoch-0001.png', which this package has not drawn"),
        (another_s_numbers, "", {}, FileExistsError, "two.* holds 'epoch-0001.npz', which this package has not drawn"),
        (another_s_page, "other", {}, FileExistsError, "index.html"),
        (another_s_folder, "", {}, RuntimeError, "another process draws into .*two"),
        pytest.param(
            *(a_file, "", {"tensorboard": "logs"}, OSError, "logs"),
            marks=pytest.mark.skipif(not TENSORBOARD, reason="needs the extra tensorboard"),
        ),
    ],
)
def test_what_keeps_the_second_from_beginning_leaves_what_the_first_has_drawn(
    tmp_path, hinder, directory, options, error, match
):
    fit(watch(tmp_path, "one", gif=True, save_values=True), epochs=2)
    holding = hinder(tmp_path)  # what it holds is given back when the test ends
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    options = {name: tmp_path / value for name, value in options.items()}
    batches = []
    look = at(1, "batch", lambda: batches.append(1))
    with pytest.raises(error, match=match):
        fit(watch(tmp_path, "one"), watch(tmp_path / directory, "two", **options), look)
    assert not batches
    assert {path: path.read_bytes() for path in before} == before
    filelock.FileLock(tmp_path / ".locks" / "one.lock", blocking=False).acquire()
    del holding


def test_one_s_own_pictures_are_replaced_also_where_their_log_is_lost_and_they_say_nothing(tmp_path):
    here = tmp_path / "weights"
    picture = kv.Images(np.zeros((1, 4, 4, 1)), value_range=(0, 1))
    for epoch in (1, 7):
        picture.save(here / f"epoch-000{epoch}.png")
        picture.save(here / f"epoch-000{epoch}.npz")
    fit(watch(tmp_path), epochs=2)
    assert (frames(here), frames(here, "npz")) == ([0, 1, 2], [])


def test_the_curve_of_an_earlier_training_is_gone_when_one_begins_that_does_not_draw_yet(tmp_path):
    seen, curve = [], tmp_path / "census_over_epochs.png"

    def census(**options):
        return kv.callbacks.UnitCensus(
            runs.X, layers=["dense"], name="census", directory=tmp_path, gif=False, **options
        )

    def look(epoch):
        return at(epoch, "batch", lambda: seen.append(curve.exists()))

    fit(census(), epochs=1)
    fit(look(1), census(every=2, at_start=False), look(3), epochs=3)
    fit(look(4), census(at_start=False), start=3, epochs=4)
    assert seen == [False, True, True]


def test_a_picture_is_named_after_three_layers_at_most_and_its_name_is_short(tmp_path):
    def named(layer):
        return kv.callbacks.LayerCAM(np.zeros((1, 8, 8, 1)), layer=layer).folder.name

    assert named([f"conv_{place}" for place in range(3)]) == "layer_cam-conv_0-conv_1-conv_2"
    assert named([f"conv_{place}" for place in range(7)]) == "layer_cam-conv_0-conv_1-conv_2-and-4-more"
    assert named("x" * 300) == "layer_cam-" + "x" * 90
    # no file system takes more than 255 bytes, and a letter may be four
    assert named("層" * 300) == "layer_cam-" + "層" * 30
    long = "n" * 200
    fit(kv.callbacks.UnitCensus(runs.X, layers=["dense"], name=long, directory=tmp_path, gif=False), epochs=1)
    assert frames(tmp_path / long) == [0, 1]
    assert (tmp_path / f"{long}_over_epochs.png").exists()
    for wrong in ("n" * 201, "ü" * 101):
        with pytest.raises(ValueError, match=f"`name='{wrong[0]}+'...` must have at most 200 bytes"):
            watch(tmp_path, wrong)


@pytest.mark.parametrize(
    ("wrong", "meant"), [("lyer", "layer"), ("directry", "directory"), ("max_overheads", "max_overhead")]
)
def test_of_an_option_that_is_misspelt_the_nearest_is_told(wrong, meant):
    with pytest.raises(TypeError, match=rf"grad_cam\(.*{wrong}.*Did you mean `{meant}`\?"):
        kv.callbacks.GradCAM(np.zeros((1, 8, 8, 1)), **{wrong: 1})
