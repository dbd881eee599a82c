"""Is what is told of a frame true of that frame: its change, its scale, its seconds, in the log and in TensorBoard?"""

from __future__ import annotations

import itertools
import types
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from scipy.stats import spearmanr

import keras_vis as kv
from keras_vis.callbacks import training, visualizer
from keras_vis.picture import Table
from tests.callbacks import runs
from tests.callbacks.runs import at, fit, frames, known, page, watch


def two(model: Any) -> kv.HeatMaps:
    """The net's weights, and how large they are: two maps that change each by its own."""
    values = runs.weights(model).values
    return kv.HeatMaps(np.concatenate([values, abs(values)]), np.repeat(runs.IMAGE, 2, axis=0), about={"method": "two"})


def numbers(folder, epoch):
    with np.load(folder / f"epoch-{epoch:04d}.npz") as told:
        return told["values"]


def changes(folder):
    """The mean over its maps of how much each frame changed since the one before it, from the raw numbers."""
    found = {}
    for earlier, epoch in itertools.pairwise(frames(folder)):
        pairs = zip(numbers(folder, earlier), numbers(folder, epoch), strict=True)
        found[epoch] = np.mean([1 - spearmanr(then.ravel(), now.ravel()).statistic for then, now in pairs])
    return found


def drifts(folder):
    return {int(epoch): facts["drift"] for epoch, facts in known(folder)["frames"].items() if "drift" in facts}


def test_a_frame_s_change_is_that_since_the_drawn_frame_before_it_as_the_mean_over_its_maps(tmp_path):
    fit(watch(tmp_path, explain=two, save_values=True, every=2), epochs=7)
    here = tmp_path / "weights"
    assert frames(here) == [0, 2, 4, 6, 7]
    expected = changes(here)
    assert drifts(here) == pytest.approx(expected, abs=1e-6)
    assert len({round(change, 3) for change in expected.values()}) == 4
    assert known(here)["drift_measure"] == "1 - rank correlation"


def test_a_part_that_draws_nothing_new_leaves_what_is_known_of_the_frames(tmp_path):
    fit(watch(tmp_path), epochs=2)
    before = known(tmp_path / "weights")
    fit(watch(tmp_path, every=None), start=2, epochs=3)
    after = known(tmp_path / "weights")
    for part in ("about", "drift_measure", "frames"):
        assert after[part] == before[part]
    assert list(after["logs"]) == ["1", "2", "3"]


@pytest.mark.parametrize("every", [2, None])
def test_tensorboard_has_each_frame_as_its_file_ends_up_and_its_change_at_its_epoch(tmp_path, every):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="needs the extra tensorboard"
    )
    here = tmp_path / "vis" / "weights"
    fit(watch(tmp_path / "vis", explain=two, every=every, tensorboard=tmp_path), epochs=5)
    assert frames(here) == [0] if every is None else [0, 2, 4, 5]
    found = accumulator.EventAccumulator(str(tmp_path / "keras_vis"), size_guidance={"images": 0, "scalars": 0})
    found.Reload()
    logged = {event.step: event.encoded_image_string for event in found.Images("weights")}
    # the frame before training, too, is the one on the scale of the run
    assert logged == {epoch: (here / f"epoch-{epoch:04d}.png").read_bytes() for epoch in frames(here)}
    assert len(found.Images("weights")) == len(logged)
    if every is not None:
        assert {event.step: event.value for event in found.Scalars("weights/drift")} == pytest.approx(drifts(here))


def test_a_frame_that_is_on_no_scale_says_so_and_those_on_one_say_whose(tmp_path):
    table = watch(tmp_path, "table", lambda model: Table(("weights",), ((int(model.count_params()),),)))
    fit(watch(tmp_path), table, epochs=2)
    for name, scales in (("weights", [1, 1, 1]), ("table", [None] * 3)):
        assert [facts["scale_of"] for facts in known(tmp_path / name)["frames"].values()] == scales


def test_the_size_of_each_frame_is_that_of_its_file(tmp_path):
    fit(watch(tmp_path, explain=two), epochs=1)
    for epoch, facts in known(tmp_path / "weights")["frames"].items():
        with Image.open(tmp_path / "weights" / f"epoch-000{epoch}.png") as file:
            assert (facts["width"], facts["height"]) == file.size
            assert file.width != file.height


def test_without_a_frame_before_training_no_seconds_are_told_of_it(tmp_path):
    callback = watch(tmp_path, at_start=False, every=2)
    fit(callback, epochs=5)
    assert list(callback.seconds) == frames(tmp_path / "weights") == [2, 4, 5]


def test_of_a_part_in_a_new_folder_the_first_seconds_are_those_of_the_epoch_it_goes_on_from(tmp_path):
    callback = watch(tmp_path)
    fit(callback, start=3, epochs=5)
    assert list(callback.seconds) == frames(tmp_path / "weights") == [3, 4, 5]


def test_a_program_that_goes_elsewhere_while_it_trains_has_its_frames_in_one_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    away = at(2, "begin", lambda: monkeypatch.chdir(tmp_path / "elsewhere"))
    fit(away, watch("vis"), epochs=3)
    assert frames(tmp_path / "vis" / "weights") == [0, 1, 2, 3]
    assert "epoch-0003.png" in page(tmp_path / "vis")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_each_directory_has_a_page_of_its_own_pictures_also_while_the_first_epoch_is_trained(tmp_path):
    looked = []

    def look():
        looked.append([page(tmp_path / name).count("epoch-0000.png") for name in "ab"])

    pictures = [watch(tmp_path / "a", "one"), watch(tmp_path / "b", "two"), watch(tmp_path / "a", "three")]
    fit(at(1, "batch", look), *pictures, epochs=3)
    assert looked == [[2, 1]]
    for name, count in (("a", 2), ("b", 1)):
        assert page(tmp_path / name).count("epoch-0003.png") == count


class Resets(keras.callbacks.Callback):
    """Puts other weights into the net when a training ends."""

    def on_train_end(self, logs=None):
        self.model.set_weights([np.zeros_like(weight) for weight in self.model.get_weights()])


def test_the_last_frame_is_the_net_as_the_last_epoch_left_it_whatever_is_put_back_at_the_end(tmp_path):
    kept = []
    keep = at(3, "end", lambda: kept.append(runs._net().get_layer("dense").kernel.numpy()))
    fit(Resets(), keep, watch(tmp_path, every=4, save_values=True), epochs=3)
    assert frames(tmp_path / "weights") == [0, 3]
    np.testing.assert_array_equal(numbers(tmp_path / "weights", 3)[0], kept[0])
    assert kept[0].any()


def test_the_bar_of_a_method_is_off_unless_it_is_asked_for():
    images = np.zeros((1, 8, 8, 1))
    assert kv.callbacks.Occlusion(images).options["progress"] is False
    assert kv.callbacks.Occlusion(images, progress=True).options["progress"] is True


def test_one_epoch_in_three_and_a_half_is_said_to_be_each_fourth(tmp_path, monkeypatch):
    now = [0.0]

    def explain(model):
        now[0] += 7.0
        return runs.weights(model)

    for module in (visualizer, training):
        monkeypatch.setattr(module, "time", types.SimpleNamespace(perf_counter=lambda: now[0]))

    class Epoch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            now[0] += 4.0

    with pytest.warns(UserWarning, match="drawn every 4 epochs or so: a frame takes 7 s, an epoch 4 s"):
        fit(Epoch(), watch(tmp_path, explain=explain, max_overhead=0.5), epochs=3)
