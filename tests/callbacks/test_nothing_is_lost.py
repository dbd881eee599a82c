"""What is left when a disk is full, a folder in the way, a picture fails or the user has had enough?"""

from __future__ import annotations

import errno
import importlib.util
import pathlib
import resource
import shutil
import types
import warnings

import filelock
import keras
import pytest

import keras_vis as kv
from keras_vis.callbacks import training, visualizer
from tests.callbacks import runs
from tests.callbacks.runs import at, check_whole, content, fit, frames, known, moody, page, watch

TENSORBOARD = importlib.util.find_spec("tensorboard") is not None


def raiser(error: BaseException):
    def raise_():
        raise error

    return raise_


@pytest.mark.parametrize(
    ("kind", "lost", "what"),
    [
        ("epoch-0003.png", [3], "writing"),
        ("epoch-0003.npz", [3], "writing"),
        ("_over_epochs.png", [], "writing"),
        ("frames.json", [], "the log of its frames"),
        ("index.html", [], "the page"),
        pytest.param(
            "events.out",
            [],
            "the log for TensorBoard",
            marks=pytest.mark.skipif(not TENSORBOARD, reason="needs the extra tensorboard"),
        ),
    ],
)
def test_of_a_disk_that_is_full_at_epoch_3_that_file_alone_is_missing(tmp_path, monkeypatch, kind, lost, what):
    disk, before, during = runs.Disk(monkeypatch, kind), {}, {}

    def look():
        during.update({path.name: path.read_bytes() for path in (tmp_path / "census").iterdir()})
        before.update(content(tmp_path / "census"))
        check_whole(tmp_path)
        disk.fill()

    options = {"tensorboard": tmp_path / "logs"} if kind == "events.out" else {}
    census = kv.callbacks.UnitCensus(
        runs.X, layers=["dense"], name="census", directory=tmp_path, save_values=True, gif=False, **options
    )
    # the whole of the page and the logs is looked at in the middle of the writing, and after it
    disk_full = [at(3, "end", look), census, at(3, "end", lambda: check_whole(tmp_path)), at(4, "begin", disk.clear)]
    with pytest.warns(RuntimeWarning) as caught:
        history = fit(*disk_full)
    assert len(history["loss"]) == 6
    assert set(disk.refused) == {name for name in disk.refused if kind in name} != set()
    (message,) = [str(warning.message) for warning in caught]
    assert f"census: {what} failed at epoch 3" in message
    assert "No space left on device" in message
    assert "it is tried again" in message
    assert frames(tmp_path / "census") == [epoch for epoch in range(7) if epoch not in lost]
    assert before.items() <= content(tmp_path / "census").items()
    assert {f"epoch-000{epoch}.png" for epoch in range(3)} <= before.keys()
    check_whole(tmp_path)
    told = known(tmp_path / "census")
    assert "at epoch 3: OSError: [Errno 28] No space left on device" in told["failure"]
    assert list(told["logs"]) == list("123456")
    assert [int(epoch) for epoch in told["frames"]] == frames(tmp_path / "census")
    assert "epoch-0006.png" in page(tmp_path)


def test_while_half_a_file_is_written_every_other_one_is_whole(tmp_path, monkeypatch):
    looked = []

    def look():
        check_whole(tmp_path, leftovers=True)
        looked.append(len(list(tmp_path.rglob("*.part"))))

    disk = runs.Disk(monkeypatch, instead=look)
    fit(watch(tmp_path, save_values=True), at(2, "begin", disk.fill))
    # of epochs 2 to 6 drawing, numbers, log and page; the last two again at the end
    assert len(looked) == 5 * 4 + 2
    assert set(looked) == {1}


def test_a_film_without_room_leaves_the_frames_and_the_history(tmp_path, monkeypatch):
    disk = runs.Disk(monkeypatch, "epochs.gif")
    disk.fill()
    with pytest.warns(
        RuntimeWarning, match="(?s)weights: the film of its epochs failed at epoch 2.*No space"
    ) as caught:
        history = fit(watch(tmp_path, gif=True), epochs=2)
    assert len(caught) == 1
    assert "tried again" not in str(caught[0].message)
    assert len(history["loss"]) == 2
    assert frames(tmp_path / "weights") == [0, 1, 2]
    assert "film of its epochs" in known(tmp_path / "weights")["failure"]
    check_whole(tmp_path)
    disk.clear()
    fit(watch(tmp_path, gif=True), epochs=2)
    assert "failure" not in known(tmp_path / "weights")
    assert (tmp_path / "weights" / "epochs.gif").read_bytes()[:6] == b"GIF89a"


def test_the_system_s_own_limit_of_a_file_s_size_loses_epoch_3_alone(tmp_path):
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    # a signal of it would end the process; Python ignores that one
    full = at(3, "end", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, most[1])))
    room = at(3, "end", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, most))
    pair = [watch(tmp_path, "one"), watch(tmp_path, "two", save_values=True)]
    try:
        with pytest.warns(RuntimeWarning, match="File too large") as caught:
            fit(full, *pair, room)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    said = sorted(str(warning.message).partition(" failed at epoch 3.")[0] for warning in caught)
    alike = [f"{name}: {what}" for name in ("one", "two") for what in ("the log of its frames", "writing")]
    assert said == sorted([*alike, "two: the page"])
    assert frames(tmp_path / "one") == frames(tmp_path / "two") == frames(tmp_path / "two", "npz") == [0, 1, 2, 4, 5, 6]
    check_whole(tmp_path)


def test_a_training_lives_where_even_the_warning_finds_no_room(tmp_path, monkeypatch):
    class Full:
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

    disk = runs.Disk(monkeypatch, "epoch-0002")
    disk.fill()
    monkeypatch.setattr("sys.stderr", Full())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(fit(watch(tmp_path), epochs=3)["loss"]) == 3
    assert frames(tmp_path / "weights") == [0, 1, 3]


@pytest.mark.parametrize("where", ["", "weights"])
def test_a_folder_that_is_removed_is_made_anew_and_a_file_in_its_place_is_told_of(tmp_path, where):
    run = tmp_path / "vis"

    def replace():
        shutil.rmtree(run / where)
        (run / where).write_text("in the way")

    fit(watch(run), at(3, "begin", lambda: shutil.rmtree(run / where)), epochs=4)
    assert frames(run / "weights") == [3, 4]
    assert page(run).count("epoch-000") == 2
    check_whole(run)
    mended = at(4, "begin", lambda: (run / where).unlink())
    with pytest.warns(RuntimeWarning) as caught:
        history = fit(watch(run), at(3, "begin", replace), mended, epochs=5)
    told = [str(warning.message).partition(" failed at epoch 3. ")[0] for warning in caught]
    assert told == ["weights: writing", "weights: the log of its frames"] + ([] if where else ["weights: the page"])
    assert len(history["loss"]) == 5
    assert frames(run / "weights") == [4, 5]
    check_whole(run)


@pytest.mark.parametrize("name", ["weights", "weights/frames.json", "weights/epoch-0000.png", "index.html"])
def test_what_is_in_the_way_is_told_before_the_first_batch(tmp_path, name):
    (tmp_path / name).mkdir(parents=True)
    if name == "weights":
        (tmp_path / name).rmdir()
        (tmp_path / name).write_text("in the way")
    batches = []
    with pytest.raises(OSError, match=pathlib.Path(name).name):
        fit(watch(tmp_path), at(1, "batch", lambda: batches.append(1)))
    assert not batches
    assert not list(tmp_path.rglob("*.part"))


FAILURES = {
    "drawing": lambda error: lambda model: error(),
    "draw": lambda error: lambda model: moody(model, when_drawn=error),
    "save": lambda error: lambda model: moody(model, when_saved=error),
    "drift": lambda error: lambda model: moody(model, when_compared=error),
}


@pytest.mark.parametrize(
    ("where", "error", "what"),
    [
        ("drawing", MemoryError("of the picture"), "drawing"),
        ("draw", RuntimeError("of the picture"), "writing"),
        ("draw", MemoryError("of the picture"), "writing"),
        ("save", ZeroDivisionError("of the picture"), "writing"),
        ("drift", ValueError("of the picture"), "the comparison with the frame before"),
    ],
)
def test_a_picture_that_fails_at_epoch_7_is_told_of_and_leaves_the_others_alone(tmp_path, where, error, what):
    explain = FAILURES[where](raiser(error))

    def fails_late(model):
        return explain(model) if int(model.optimizer.iterations) - begun >= 7 else moody(model)

    begun = int(runs._net().optimizer.iterations)
    with pytest.warns(RuntimeWarning) as caught:
        history = fit(watch(tmp_path, "poor", fails_late), watch(tmp_path, "well"), epochs=9)
    assert len(history["loss"]) == 9
    (message,) = [str(warning.message) for warning in caught]
    assert f"poor: {what} failed at epoch 7" in message
    assert f"{type(error).__name__}: of the picture" in message
    assert "Traceback" in message
    # a picture that can be drawn goes on, also if it cannot be compared
    again = where == "drift"
    assert ("it is tried again" in message, "not drawn again in this training" in message) == (again, not again)
    assert frames(tmp_path / "poor") == list(range(10 if again else 7))
    assert frames(tmp_path / "well") == list(range(10))
    told = known(tmp_path / "poor")
    last = 9 if again else 7
    assert told["failure"] == f"{what} failed at epoch {last}: {type(error).__name__}: of the picture"
    assert list(told["logs"]) == list("123456789")
    assert [epoch for epoch, facts in told["frames"].items() if "drift" in facts] == list("123456")
    assert "failure" not in known(tmp_path / "well")
    check_whole(tmp_path)


def test_an_error_that_cannot_say_what_it_is_does_not_end_the_training(tmp_path):
    class MuteError(Exception):
        def __str__(self):
            raise RuntimeError("not even this")

    def explain(model):
        return moody(
            model, when_compared=raiser(MuteError()), when_saved=raiser(MuteError()) if model.stop_training else int
        )

    def stop():
        runs._net().stop_training = True

    with pytest.warns(RuntimeWarning, match="MuteError") as caught:
        assert len(fit(watch(tmp_path, explain=explain), at(2, "batch", stop))["loss"]) == 2
    assert [str(warning.message).partition(" failed")[0] for warning in caught] == [
        "weights: the comparison with the frame before",
        "weights: writing",
    ]
    assert "MuteError" in known(tmp_path / "weights")["failure"]


def test_the_log_says_whether_what_could_not_be_written_was_written_since(tmp_path, monkeypatch):
    disk, seen = runs.Disk(monkeypatch, "epoch-"), []

    def look():
        seen.append(known(tmp_path / "weights")["failure"])

    begin = [at(2, "begin", disk.fill), at(4, "begin", disk.clear)]
    with pytest.warns(RuntimeWarning, match="failed at epoch 2"):
        fit(*begin, watch(tmp_path), *(at(epoch, "end", look) for epoch in (2, 3, 4, 5)), epochs=5)
    failure = "writing failed at epoch {}: OSError: [Errno 28] No space left on device"
    since = " (It has been written since.)"
    assert seen == [failure.format(2), failure.format(3), failure.format(3) + since, failure.format(3) + since]


@pytest.mark.parametrize(
    "what",
    [
        "lock",
        pytest.param("events", marks=pytest.mark.skipif(not TENSORBOARD, reason="needs the extra tensorboard")),
    ],
)
def test_a_training_that_is_done_is_not_lost_for_what_cannot_be_given_back(tmp_path, monkeypatch, what):
    fails = raiser(OSError(errno.EIO, "of a network's disk"))
    options = {"tensorboard": tmp_path / "logs"} if what == "events" else {}
    watched, after = watch(tmp_path, **options), watch(tmp_path, "after", gif=True)

    def hinder():
        owner = watched._events if what == "events" else filelock.FileLock
        name = "close" if what == "events" else "release"
        monkeypatch.setattr(owner, name, lambda self=None, force=False: fails())

    with pytest.warns(RuntimeWarning) as caught:
        history = fit(at(2, "end", hinder), watched, after, epochs=2)
    assert len(history["loss"]) == 2
    told = [str(warning.message).partition(" The training")[0] for warning in caught]
    assert told == [f"{name}: the end failed at epoch 2." for name in ("weights", "after")[: 1 + (what == "lock")]]
    assert frames(tmp_path / "weights") == frames(tmp_path / "after") == [0, 1, 2]
    assert (tmp_path / "after" / "epochs.gif").exists()
    monkeypatch.undo()
    fit(watch(tmp_path), watch(tmp_path, "after"), epochs=1)
    assert frames(tmp_path / "weights") == frames(tmp_path / "after") == [0, 1]


def test_a_scale_that_cannot_be_had_of_the_first_frame_does_not_end_the_training(tmp_path):
    class Scaleless(runs.Moody):
        def scales(self):
            if self.title:
                raise RuntimeError("no scale today")
            return super().scales()

    def late(model):
        made = runs.weights(model)
        return Scaleless(made.values, made.images, title="late" if int(model.optimizer.iterations) > begun else "")

    begun = int(runs._net().optimizer.iterations)
    with pytest.warns(RuntimeWarning, match="(?s)weights: writing failed at epoch 1.*no scale today"):
        assert len(fit(watch(tmp_path, explain=late), epochs=2)["loss"]) == 2


def test_a_picture_that_was_given_up_stays_so_when_a_file_finds_no_room_later(tmp_path, monkeypatch):
    disk, asked = runs.Disk(monkeypatch, "index.html"), []
    # by a clock that stands still the page is written after each epoch
    for module in (visualizer, training):
        monkeypatch.setattr(module, "time", types.SimpleNamespace(perf_counter=lambda: 0.0))

    def fails(model):
        asked.append(1)
        if len(asked) == 3:
            raise RuntimeError("of the picture")
        return runs.weights(model)

    with pytest.warns(RuntimeWarning) as caught:
        fit(watch(tmp_path, explain=fails), at(4, "begin", disk.fill), epochs=6)
    told = [str(warning.message).partition(".")[0] for warning in caught]
    assert told == ["weights: drawing failed at epoch 2", "weights: the page failed at epoch 4"]
    # before training, and after epochs 1 and 2
    assert len(asked) == 3
    assert frames(tmp_path / "weights") == [0, 1]


@pytest.mark.parametrize("where", ["drawing", "draw", "save", "drift", "training", "file"])
def test_ctrl_c_ends_the_training_and_the_next_one_goes_on(tmp_path, monkeypatch, where):
    stop, now = raiser(KeyboardInterrupt()), [False]
    explain = FAILURES.get(where, lambda error: moody)(stop)
    others = [at(3, "end" if where != "training" else "batch", lambda: now.__setitem__(0, True))]
    if where == "training":
        others.append(at(3, "batch", stop))
    if where == "file":
        others.append(at(3, "end", runs.Disk(monkeypatch, "epoch-0003.png", instead=stop).fill))
    watched = watch(tmp_path, explain=lambda model: (explain if now[0] else moody)(model), save_values=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(KeyboardInterrupt):
            fit(*others, watched)
        monkeypatch.undo()
        here, before = tmp_path / "weights", content(tmp_path / "weights")
        assert frames(here) == [0, 1, 2, 3] if where == "drift" else [0, 1, 2]
        check_whole(tmp_path)
        told = known(here)
        assert list(told["logs"]) == ["1", "2"]
        # the folder is still this process's
        fit(watch(tmp_path, explain=moody, save_values=True), start=2, epochs=5)
    assert frames(here) == [0, 1, 2, 3, 4, 5]
    kept = {
        name: before[name] for name in (f"epoch-000{epoch}.{kind}" for epoch in range(3) for kind in ("png", "npz"))
    }
    assert kept.items() <= content(here).items()
    after = known(here)
    for part in ("frames", "logs", "epoch_seconds"):
        assert {epoch: facts for epoch, facts in after[part].items() if epoch in "012"} == told[part]
    check_whole(tmp_path)


def test_a_loop_of_ones_own_that_was_broken_off_begins_again_with_the_same_callbacks(tmp_path):
    model = runs._net()
    fit(epochs=1)
    called = keras.callbacks.CallbackList([watch(tmp_path, "one"), watch(tmp_path, "two")], model=model, epochs=2)
    for last in (1, 2):
        called.on_train_begin()
        for epoch in range(last):
            called.on_epoch_begin(epoch)
            called.on_epoch_end(epoch, {"loss": 1.0})
    called.on_train_end()
    for name in ("one", "two"):
        assert frames(tmp_path / name) == [0, 1, 2]
        assert list(known(tmp_path / name)["logs"]) == ["1", "2"]
