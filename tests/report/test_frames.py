"""Is what is known of the frames right, is it kept, and is what cannot be read no harm?"""

from __future__ import annotations

import errno
import json
import os
import pathlib
import subprocess
import sys
import time
import warnings
from fractions import Fraction

import keras
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.picture import told_by
from keras_vis.report.frames import Frames, frame_epoch, png_size, read_log
from tests.callbacks import runs
from tests.callbacks.runs import check_whole, content, fit, frames, known, page, watch

METRIC = {
    "a_number": 1,
    "of_numpy": np.float16(0.5),
    "of_an_array": np.array([[0.25]]),
    "a_tensor": keras.ops.convert_to_tensor(3.0),
    "a_fraction": Fraction(1, 4),
    "diverged": float("nan"),
    "beyond": np.float32("inf"),
    "below": -np.inf,
    "many": np.zeros(3),
    "a_word": "12",
    "too_large": 10**400,
    "nothing": None,
}


class Says(keras.callbacks.Callback):
    """Adds its own to what Keras says of an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        logs.update(METRIC, **{"epoch": 1000 + epoch})


class Takes(keras.callbacks.Callback):
    """Has each epoch take a known time at the least."""

    def on_train_batch_end(self, batch, logs=None):
        time.sleep(0.02)


def test_each_epoch_has_what_keras_says_of_it_also_where_it_is_not_drawn(tmp_path):
    history = fit(watch(tmp_path, every=3), Takes(), epochs=7)
    told = known(tmp_path / "weights")
    assert frames(tmp_path / "weights") == [0, 3, 6, 7]
    assert told["logs"] == {str(epoch): {"loss": loss} for epoch, loss in enumerate(history["loss"], 1)}
    assert len({*history["loss"]}) == 7
    assert list(told["epoch_seconds"]) == list("1234567")
    assert all(0.02 <= seconds < 60 for seconds in told["epoch_seconds"].values())
    assert list(told["frames"]) == ["0", "3", "6", "7"]
    # a resumed training forgets what lies beyond its first epoch, and no more
    again = fit(watch(tmp_path, every=3), start=4, epochs=6)
    after = known(tmp_path / "weights")
    assert after["logs"] == {
        **{e: told["logs"][e] for e in "1234"},
        "5": {"loss": again["loss"][0]},
        "6": {"loss": again["loss"][1]},
    }
    assert list(after["epoch_seconds"]) == list("123456")
    assert {e: after["epoch_seconds"][e] for e in "1234"} == {e: told["epoch_seconds"][e] for e in "1234"}
    assert list(after["frames"]) == ["0", "3", "4", "6"]
    assert frames(tmp_path / "weights") == [0, 3, 4, 6]


def test_numbers_of_any_kind_are_numbers_and_what_is_none_is_left_out(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(Says(), watch(tmp_path), epochs=2)
    for epoch in (1, 2):
        said = known(tmp_path / "weights")["logs"][str(epoch)]
        assert isinstance(said.pop("loss"), float)
        assert said == {
            "a_number": 1,
            "of_numpy": 0.5,
            "of_an_array": 0.25,
            "a_tensor": 3,
            "a_fraction": 0.25,
            "diverged": "nan",
            "beyond": "inf",
            "below": "-inf",
            "epoch": 999 + epoch,
        }
    # they are still so where they are read and written once more
    fit(watch(tmp_path), start=2, epochs=3)
    assert known(tmp_path / "weights")["logs"]["2"]["diverged"] == "nan"
    page(tmp_path)


def test_what_a_later_callback_adds_to_the_logs_is_known_at_the_end_and_before_one_epoch_later(tmp_path):
    seen = []

    class Adds(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["learning_rate"] = 1 / (epoch + 1)
            told = known(tmp_path / "weights")["logs"]
            seen.append([said.get("learning_rate") for said in told.values()])

    fit(watch(tmp_path), Adds(), epochs=3)
    assert seen == [[None], [1, None], [1, 1 / 2, None]]
    assert [said["learning_rate"] for said in known(tmp_path / "weights")["logs"].values()] == [1, 1 / 2, 1 / 3]


def test_a_loop_of_ones_own_may_fill_the_same_logs_anew_for_each_epoch(tmp_path):
    callback, logs = watch(tmp_path), {}
    callback.set_model(runs._net())
    callback.on_train_begin()
    for epoch in range(3):
        callback.on_epoch_begin(epoch)
        logs["loss"] = 0.5**epoch
        callback.on_epoch_end(epoch, logs)
        logs["rate"] = 10.0
    callback.on_train_end()
    told = known(tmp_path / "weights")["logs"]
    assert told == {str(epoch + 1): {"loss": 0.5**epoch, "rate": 10} for epoch in range(3)}


def test_no_epoch_that_is_left_to_train_is_no_harm(tmp_path):
    fit(watch(tmp_path, gif=True), epochs=2)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(watch(tmp_path, gif=True), start=2, epochs=2)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_raw_numbers_of_a_frame_are_those_of_its_picture_and_go_with_it(tmp_path):
    made = []

    def kept(model):
        made.append(runs.weights(model))
        return made[-1]

    fit(watch(tmp_path, explain=kept, save_values=True), epochs=3)
    here = tmp_path / "weights"
    assert len(made) == 4
    held = made[1].scales()
    for epoch, picture in enumerate(made):
        with np.load(here / f"epoch-000{epoch}.npz") as told:
            np.testing.assert_array_equal(told["values"], picture.values)
            np.testing.assert_array_equal(told["scale"], held)
            assert json.loads(str(told["about"]))["trained"] == picture.about["trained"]
        np.testing.assert_allclose(told_by(here / f"epoch-000{epoch}.png")["scale"], held, rtol=1e-5)
        assert made[epoch].scales() != held or epoch == 1
    facts = known(here)["about"]
    assert facts == told_by(here / "epoch-0003.png")
    assert facts["method"] == "weights"
    np.testing.assert_allclose(facts["scale"], held, rtol=1e-5)
    fit(watch(tmp_path, save_values=True), start=1, epochs=2)
    assert frames(here) == frames(here, "npz") == [0, 1, 2]
    fit(watch(tmp_path), epochs=1)
    assert (frames(here), frames(here, "npz")) == ([0, 1], [])


BROKEN = {
    "missing": None,
    "empty": "",
    "half": '{"frames": {"0": {"seco',
    "a list": "[1, 2]",
    "no text": b"\xff\xfe\x00",
    "nested without end": "[" * 100_000,
    "of other kinds": '{"frames": [], "logs": 3, "epoch_seconds": "x", "about": null, "drift_measure": {}}',
    "with entries of other kinds": '{"frames": {"2": 5, "1": null}, "logs": {"1": [1]}, "epoch_seconds": {"1": "x"}}',
    "with epochs that are none": '{"frames": {"-1": {}, "1.0": {}, "%s": {}, "01": {}, "\u0661": {}}}' % ("9" * 5000),
    "of another version": '{"version": 7, "frames": {"1": {"colour": "red"}}, "logs": {"1": {"loss": 5}}}',
}


@pytest.mark.parametrize("told", BROKEN.values(), ids=BROKEN)
def test_a_training_goes_on_whatever_became_of_the_log(tmp_path, told):
    here = tmp_path / "weights"
    fit(watch(tmp_path), epochs=2)
    before = content(here)
    if told is None:
        (here / "frames.json").unlink()
    else:
        (here / "frames.json").write_bytes(told if isinstance(told, bytes) else told.encode())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = fit(watch(tmp_path), start=2, epochs=4)
    assert frames(here) == [0, 1, 2, 3, 4]
    assert before.items() <= content(here).items()
    check_whole(tmp_path)
    after = known(here)
    assert {"3", "4"} <= after["frames"].keys() <= {"1", "3", "4"}
    assert [after["logs"][epoch] for epoch in "34"] == [{"loss": loss} for loss in history["loss"]]
    assert after["logs"].get("1", {"loss": 5}) == {"loss": 5}
    assert after["frames"].get("1", {}).get("colour", "red") == "red"
    # on the scale of the first part, which the drawings tell
    assert told_by(here / "epoch-0004.png")["scale"] == told_by(here / "epoch-0001.png")["scale"]


def test_only_drawings_of_epochs_are_frames():
    assert frame_epoch("epoch-0003.png") == 3
    assert frame_epoch("epoch-12345.png") == 12345
    for other in ("epoch-003.png", "epoch-0003.npz", "epoch-0003.png.part", ".epoch-0003.png", "xepoch-0003.png"):
        assert frame_epoch(other) is None


def test_a_new_training_clears_its_folder_of_frames_and_leftovers_and_of_nothing_else(tmp_path):
    folder = tmp_path / "net"
    folder.mkdir()
    ours = ["epoch-0000.png", "epoch-0002.png", "epoch-0002.npz", "epochs.gif", "epoch-0003.png", "epoch-12345.npz"]
    parts = [".epoch-0003.png.0123abcd.part", ".frames.json.89abcdef.part"]
    others = ["notes.txt", "epoch-3.png", "epoch-0002.svg", "mine.part", ".epoch-0003.png.xyz.part"]
    for name in (*ours, *parts, *others):
        (folder / name).write_text("x")
    Frames(folder).begin(2)
    # the film shows what is gone
    assert {path.name for path in folder.iterdir()} == {*ours[:3], *others}
    (folder / "epochs.gif").write_text("x")
    Frames(folder).begin(2)
    assert (folder / "epochs.gif").exists()
    Frames(folder).begin(0)
    assert {path.name for path in folder.iterdir()} == {*others}


def test_of_the_directory_old_leftovers_are_cleared_and_those_of_a_moment_ago_are_not(tmp_path):
    (tmp_path / "net").mkdir()
    old, new = tmp_path / ".index.html.0123abcd.part", tmp_path / ".index.html.89abcdef.part"
    for path, age in ((old, 2 * 3600), (new, 60)):
        path.write_text("half")
        os.utime(path, (time.time() - age,) * 2)
    Frames(tmp_path / "net").begin(0)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_folder_is_given_back_whatever_its_name_leads_to_by_then(tmp_path):
    (tmp_path / "one").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "one")
    first = Frames(link / "net")
    first.claim()
    link.unlink()
    link.symlink_to(tmp_path)
    first.end()
    import filelock

    # held by another than `Frames`, which is refused then
    held = tmp_path / "one" / ".locks" / "net.lock"
    with filelock.FileLock(held, blocking=False), pytest.raises(RuntimeError, match="draws"):
        Frames(tmp_path / "one" / "net").claim()
    again = Frames(tmp_path / "one" / "net")
    again.claim()
    Frames(tmp_path / "one" / "net").end()  # of one who never claimed it
    with pytest.raises(filelock.Timeout):
        filelock.FileLock(held, blocking=False).acquire()
    again.end()


FORKED = """
import os, pathlib, sys, types
package = types.ModuleType("keras_vis")  # without Keras, of which a forked process may hang
package.__path__ = [sys.argv[1]]
sys.modules["keras_vis"] = package
from keras_vis.report.frames import Frames

def claims():
    try:
        Frames(folder).claim()
        return "claimed"
    except RuntimeError as error:
        return "refused" if "another process draws" in str(error) else str(error)

folder = pathlib.Path(sys.argv[2]) / "net"
frames = Frames(folder)
frames.claim()
print(claims(), flush=True)
if os.fork() == 0:
    print(claims(), flush=True)
    os._exit(0)
os.wait()
frames.end()
if os.fork() == 0:
    print(claims(), flush=True)
    os._exit(0)
os.wait()
print(claims(), flush=True)
assert "tensorflow" not in sys.modules
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_a_child_does_not_take_the_lock_of_its_parent_for_its_own(tmp_path):
    package = pathlib.Path(kv.__file__).parent
    command = [sys.executable, "-c", FORKED, str(package), str(tmp_path)]
    path = os.pathsep.join([str(package.parent), *filter(None, sys.path)])
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    # in the same process it may go on; the child may when the parent has given it back, and the parent after the child
    assert ended.stdout.split() == ["claimed", "refused", "claimed", "claimed"]


def test_where_there_are_no_locks_a_warning_says_so_and_other_errors_are_errors(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    for code, told in (
        (errno.ENOLCK, pytest.warns(UserWarning, match="has no locks")),
        (errno.EIO, pytest.raises(OSError, match="no")),
    ):

        def fails(*args, code=code):
            raise OSError(code, "no")

        monkeypatch.setattr(fcntl, "flock", fails)
        frames = Frames(tmp_path / "net")
        with told:
            frames.claim()
        frames.end()


def test_a_log_that_is_not_there_says_nothing_and_a_torn_drawing_is_one_pixel(tmp_path):
    assert read_log(tmp_path / "nowhere") == {}
    picture = kv.Images(np.zeros((1, 4, 4, 1)), value_range=(0, 1))
    path = picture.save(tmp_path / "epoch-0001.png")
    height, width, _ = picture.draw().shape
    assert png_size(path) == (width, height)
    path.write_bytes(path.read_bytes()[:20])
    assert png_size(path) == (1, 1)
