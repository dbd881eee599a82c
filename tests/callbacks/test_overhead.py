"""Is the cost of a picture known, and kept below what it may be? By a clock that goes when the tests say."""

from __future__ import annotations

import types
import warnings

import keras
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.callbacks import training, visualizer
from tests.callbacks import runs
from tests.callbacks.runs import fit, frames, known, moody, watch


class Clock(keras.callbacks.Callback):
    """Stands still but for what is added: the seconds of an epoch, at its one batch, and those of a picture."""

    def __init__(self, epoch: float | dict[int, float]) -> None:
        super().__init__()
        self.now, self.epoch = 100.0, epoch

    def on_epoch_begin(self, index, logs=None):
        self.index = index

    def add(self, seconds: float) -> None:
        self.now += seconds

    def on_train_batch_end(self, batch, logs=None):
        self.add(self.epoch[self.index + 1] if isinstance(self.epoch, dict) else self.epoch)


def pages(monkeypatch, clock, seconds):
    """Have each page take so long, by the clock; return when they were begun."""
    written, write_page = [], kv.report.write_page

    def slow(directory):
        written.append(clock.now)
        clock.add(seconds)
        return write_page(directory)

    monkeypatch.setattr(kv.report, "write_page", slow)
    return written


def trained(monkeypatch, folder, epochs, epoch, costs, limit, drawn=0.0, start=0, page=None, **options):
    """Train with a picture whose costs are told one after the other, the last for all that follow."""
    clock, left, said = Clock(epoch), list(costs), []
    if page is not None:
        pages(monkeypatch, clock, page)

    def explain(model):
        clock.add(left.pop(0) if len(left) > 1 else left[0])
        return moody(model, when_drawn=lambda: clock.add(drawn))

    for module in (visualizer, training):
        monkeypatch.setattr(module, "time", types.SimpleNamespace(perf_counter=lambda: clock.now))
    callback = watch(folder, explain=explain, max_overhead=limit, **options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(clock, callback, epochs=epochs, start=start)
    said += [str(warning.message) for warning in caught]
    return callback, said


@pytest.mark.parametrize(
    ("epochs", "epoch", "costs", "limit", "every", "wanted"),
    [
        # after n epochs n/2 s are allowed: the second frame makes 2 s of them, the third 3 s, ...
        (11, 4.0, [1.0], 0.125, 1, [0, 1, 4, 6, 8, 10, 11]),
        # n s; frames of 3 s; only even epochs are its turn
        (13, 2.0, [3.0], 0.5, 2, [0, 2, 6, 10, 12, 13]),
        # tracing before training is not counted: it comes once, whatever is drawn
        (5, 4.0, [500.0, 1.0], 0.25, 1, [0, 1, 2, 3, 4, 5]),
        # n s; the first frames take 8 s, from then on 1 s
        (20, 2.0, [8.0, 8.0, 1.0], 0.5, 1, [0, 1, 16, 17, 18, 19, 20]),
        # n s; one frame takes 9 s all at once: 11 s are spent, and the next may take 9 s, too
        (24, 2.0, [1.0, 1.0, 1.0, 9.0, 1.0], 0.5, 1, [0, 1, 2, 3, 20, *range(21, 25)]),
        # never between the first and the last
        (9, 1.0, [100.0], 0.5, 1, [0, 1, 9]),
        # the half of the time: as long as an epoch
        (6, 1.0, [1.0], 1.0, 1, [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_frames_are_left_out_at_the_epochs_that_are_worked_out_by_hand(
    tmp_path, monkeypatch, epochs, epoch, costs, limit, every, wanted
):
    callback, said = trained(monkeypatch, tmp_path, epochs, epoch, costs, limit, every=every)
    assert frames(tmp_path / "weights") == wanted == sorted(callback.seconds)
    cost = dict(zip(wanted, costs + costs[-1:] * len(wanted), strict=False))
    assert callback.seconds == cost
    # what was dear all at once is the one thing that nobody can know before
    between = [drawn for drawn in wanted[2:-1] if cost[drawn] <= cost[wanted[wanted.index(drawn) - 1]]]
    for drawn in between:
        assert sum(cost[other] for other in wanted[1:] if other <= drawn) <= limit * epoch * drawn
    skipped = len(wanted) < len(range(0, epochs + 1, every)) + (epochs % every > 0)
    assert len(said) == skipped
    assert ("sparing" in known(tmp_path / "weights")) == skipped


def test_the_message_says_how_often_once_and_so_does_the_log(tmp_path, monkeypatch):
    _, said = trained(monkeypatch, tmp_path, 30, 4.0, [7.0, 1.5], 0.125)
    words = "drawn every 3 epochs or so: a frame takes 1.5 s, an epoch 4 s, and `max_overhead` is 0.125"
    assert said == [f"weights: {words}."]
    told = known(tmp_path / "weights")
    assert told["sparing"] == words
    gaps = np.diff([int(epoch) for epoch in told["frames"]][2:])
    assert gaps.mean() == pytest.approx(3, abs=0.15)
    # the next training, which is quick enough, says nothing of it
    _, said = trained(monkeypatch, tmp_path, 3, 100.0, [1.0], 0.125)
    assert said == []
    assert "sparing" not in known(tmp_path / "weights")


def test_seconds_are_those_of_computing_drawing_and_writing_and_not_the_epoch_s(tmp_path, monkeypatch):
    callback, _ = trained(monkeypatch, tmp_path, 4, 16.0, [4.0, 2.0], None, drawn=0.25, every=2)
    # epoch 0 is drawn twice, the second time on the scale of the run
    assert callback.seconds == {0: 4.5, 2: 2.25, 4: 2.25}
    told = known(tmp_path / "weights")
    assert {int(epoch): facts["seconds"] for epoch, facts in told["frames"].items()} == callback.seconds
    assert told["epoch_seconds"] == {"1": 16.0, "2": 16.0, "3": 16.0, "4": 16.0}


def test_the_pictures_of_one_training_are_not_counted_as_time_of_its_epochs(tmp_path, monkeypatch):
    clock = Clock(8.0)

    def explain(model):
        clock.add(100.0)
        return runs.weights(model)

    for module in (visualizer, training):
        monkeypatch.setattr(module, "time", types.SimpleNamespace(perf_counter=lambda: clock.now))
    fit(watch(tmp_path, "first", explain), clock, watch(tmp_path, "second", explain), epochs=3)
    for name in ("first", "second"):
        assert known(tmp_path / name)["epoch_seconds"] == {"1": 8.0, "2": 8.0, "3": 8.0}


def test_what_a_resumed_training_trained_before_does_not_count(tmp_path, monkeypatch):
    trained(monkeypatch, tmp_path, 4, 1000.0, [1.0], 0.5)
    callback, _ = trained(monkeypatch, tmp_path, 12, 2.0, [9.0, 3.0], 0.5, start=4)
    # after n more epochs n s are allowed, for frames of 3 s; the frame of epoch 4 is there, with its own time
    assert frames(tmp_path / "weights") == [0, 1, 2, 3, 4, 5, 10, 12]
    assert callback.seconds == {5: 3.0, 10: 3.0, 12: 3.0}
    told = known(tmp_path / "weights")
    assert [facts["seconds"] for facts in told["frames"].values()] == [1.0] * 5 + [3.0] * 3
    assert list(told["epoch_seconds"].values()) == [1000.0] * 4 + [2.0] * 8


def test_frames_that_find_no_room_are_counted_too(tmp_path, monkeypatch):
    disk = runs.Disk(monkeypatch, "epoch-")
    clock, tried = Clock(4.0), []

    def explain(model):
        clock.add(1.0)
        tried.append((clock.now - 100.0) // 1)
        return runs.weights(model)

    for module in (visualizer, training):
        monkeypatch.setattr(module, "time", types.SimpleNamespace(perf_counter=lambda: clock.now))
    full = runs.at(1, "batch", disk.fill)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(full, clock, watch(tmp_path, explain=explain, max_overhead=0.125), epochs=8)
    assert frames(tmp_path / "weights") == [0]
    # before training and after epochs 1, 4, 6, 8: so many seconds of pictures and epochs have gone by
    assert tried == [1, 1 + 4 + 1, 2 + 16 + 1, 3 + 24 + 1, 4 + 32 + 1]


def test_the_message_tells_of_the_epoch_before_it_and_the_log_of_the_last_one(tmp_path, monkeypatch):
    # The first has the tracing in it. A quarter of the time is 5 s after epoch 1, and 8 s, for two frames, never more.
    epoch = {1: 20.0, 2: 1.0, 3: 1.0, 4: 2.0, 5: 1.0}
    _, said = trained(monkeypatch, tmp_path, 5, epoch, [4.0], 0.25)
    words = "drawn every {} epochs or so: a frame takes 4 s, an epoch {} s, and `max_overhead` is 0.25"
    assert said == [f"weights: {words.format(16, 1)}."]
    assert known(tmp_path / "weights")["sparing"] == words.format(8, 2)
    assert frames(tmp_path / "weights") == [0, 1, 5]


@pytest.mark.parametrize(
    ("epochs", "epoch", "page", "limit", "every", "wanted"),
    [
        # after n epochs n s are allowed: a frame of 1 s and a page of 1 s make 2 s
        (9, 8.0, 1.0, 0.125, 1, [0, 1, 4, 6, 8, 9]),
        # n/20 s; a frame and its page take 1.125 s, and the page alone, at epoch 26, 0.125 s
        (60, 1.0, 0.125, 0.05, 1, [0, 1, 48, 60]),
        # the first is drawn at its turn, whatever pages have taken before
        (7, 1.0, 5.0, 0.125, 3, [0, 3, 7]),
    ],
)
def test_log_and_page_are_counted_with_the_frames(tmp_path, monkeypatch, epochs, epoch, page, limit, every, wanted):
    trained(monkeypatch, tmp_path, epochs, epoch, [1.0], limit, page=page, every=every)
    assert frames(tmp_path / "weights") == wanted


@pytest.mark.parametrize(
    ("names", "page", "wanted"),
    [
        (["one"], 0.0, range(1, 21)),
        # 20 times as long as it took, which is 2.5 s
        (["one"], 0.125, [1, 4, 7, 10, 13, 16, 19, 20]),
        # 20 times as long as the share of each
        (["one", "two"], 0.125, range(1, 21, 2)),
        (["one"], 10.0, [1, 20]),
    ],
)
def test_a_page_that_takes_long_is_written_seldom_where_there_is_no_new_frame_and_at_the_end(
    tmp_path, monkeypatch, names, page, wanted
):
    clock = Clock(1.0)
    for module in (visualizer, training):
        monkeypatch.setattr(module, "time", types.SimpleNamespace(perf_counter=lambda: clock.now))
    begun = pages(monkeypatch, clock, page)
    history = fit(clock, *(watch(tmp_path, name, every=20) for name in names), epochs=20)
    # one before training, and one at the end
    after = [round(at - 100 - page * number) for number, at in enumerate(begun)]
    assert after == [0, *sorted({*wanted, 20}), 20]
    for name in names:
        assert known(tmp_path / name)["logs"]["19"] == {"loss": history["loss"][18]}
    assert f"{history['loss'][19]}" in runs.page(tmp_path)
