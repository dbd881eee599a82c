"""Which of several processes draws, and what do two do to one folder? Two real ones, beside the one of the tests."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

import keras_vis as kv
from keras_vis.callbacks import process
from keras_vis.picture import told_by
from tests.callbacks import runs
from tests.callbacks.runs import at, check_whole, content, fit, frames, known, page, watch

ROOT = pathlib.Path(__file__).parents[2]
NAMES = ("TF_CONFIG", "RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")
WORKERS = {"worker": ["a:1", "b:1"]}
ALL = {"chief": ["c:1"], **WORKERS, "ps": ["d:1"]}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Whatever the tests run under."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def config(cluster, kind, index):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ({}, 0),
        ({"TF_CONFIG": config(ALL, "chief", 0)}, 0),
        ({"TF_CONFIG": config(ALL, "worker", 0)}, 1),
        ({"TF_CONFIG": config(ALL, "worker", 1)}, 2),
        ({"TF_CONFIG": config(ALL, "ps", 0)}, 3),
        ({"TF_CONFIG": config(ALL, "evaluator", 0)}, 3),
        ({"TF_CONFIG": config(WORKERS, "worker", 0)}, 0),
        ({"TF_CONFIG": config(WORKERS, "worker", "1")}, 1),
        ({"TF_CONFIG": config(WORKERS, "evaluator", 0)}, 2),
        ({"TF_CONFIG": config({"master": ["c:1"], **WORKERS}, "worker", 0)}, 1),
        # what says nothing that can be understood
        ({"TF_CONFIG": '{"cluster": {"worker"'}, 0),
        ({"TF_CONFIG": "[]"}, 0),
        ({"TF_CONFIG": "null"}, 0),
        ({"TF_CONFIG": '{"cluster": {}}'}, 0),
        ({"TF_CONFIG": '{"cluster": [], "task": {"type": "worker", "index": 1}}'}, 0),
        ({"TF_CONFIG": '{"cluster": {}, "task": {"type": ["worker"], "index": 1}}'}, 0),
        ({"TF_CONFIG": '{"cluster": {}, "task": {"type": "worker", "index": Infinity}}'}, 0),
        ({"RANK": "", "SLURM_PROCID": "zero", "OMPI_COMM_WORLD_RANK": "-1"}, 0),
        ({"RANK": "0"}, 0),
        ({"RANK": " 3 "}, 3),
        ({"OMPI_COMM_WORLD_RANK": "2"}, 2),
        ({"SLURM_PROCID": "12"}, 12),
        # the first of the second machine
        ({"RANK": "0", "SLURM_PROCID": "1"}, 1),
        ({"TF_CONFIG": config(WORKERS, "worker", 0), "SLURM_PROCID": "0", "RANK": "0"}, 0),
        ({"TF_CONFIG": config(WORKERS, "worker", 1), "SLURM_PROCID": "0"}, 1),
    ],
)
def test_the_environment_tells_a_process_its_number(monkeypatch, told, number):
    for name, text in told.items():
        monkeypatch.setenv(name, text)
    assert process.number() == number
    assert [of for of in range(15) if process.draws(of)] == [number]
    assert process.draws("all")


def test_a_process_that_is_not_the_first_draws_nothing_and_takes_no_lock(tmp_path, monkeypatch):
    asked = []

    def explain(model):
        asked.append(1)
        return runs.weights(model)

    monkeypatch.setenv("RANK", "1")
    fit(watch(tmp_path / "vis", explain=explain, gif=True, at_start=False), watch(tmp_path / "vis"), epochs=2)
    assert not asked
    assert not list(tmp_path.iterdir())
    fit(watch(tmp_path, "one", write_from=1), watch(tmp_path, "all", write_from="all"), watch(tmp_path, "0"), epochs=2)
    assert frames(tmp_path / "one") == frames(tmp_path / "all") == [0, 1, 2]
    assert not (tmp_path / "0").exists()


def test_a_number_that_is_none_is_refused_at_construction():
    for wrong in (None, True, 0.0, [0]):
        with pytest.raises(TypeError, match="`write_from` must be the number of the process"):
            kv.callbacks.Filters(write_from=wrong)
    for wrong in (-1, "0", "chief"):
        with pytest.raises(ValueError, match=f'`write_from={wrong!r}` .*0 or more, or "all"'):
            kv.callbacks.Filters(write_from=wrong)


# What each process starts with: a training whose pictures say of which process they are.
BEGIN = """
import os, pathlib, signal, sys, time, warnings
warnings.simplefilter("error")
import pytest
from tests.callbacks import runs
from tests.callbacks.runs import at, fit, watch

room = pathlib.Path(sys.argv[1])

def mine(model):
    made = runs.weights(model)
    return runs.kv.HeatMaps(made.values, made.images, about={"method": "weights", "process": os.getpid()})

def tell(word):
    (room / word).touch()

def wait(word, seconds=120):
    end = time.monotonic() + seconds
    while not (room / word).exists():
        assert time.monotonic() < end, word
        time.sleep(0.01)

def hammer(own, other):
    "Twenty short trainings in one folder, at the same time as those of the other."
    tell(own)
    wait(other)
    won = 0
    for _ in range(20):
        try:
            fit(watch(room / "hammer", "one", mine), watch(room / "hammer", own, mine), at(2, "end", look), epochs=2)
            won += 1
        except RuntimeError as error:
            assert "another process draws into" in str(error), error
            time.sleep(0.02)
    (room / (own + ".won")).write_text(str(won))

def look():
    "The drawings of this training, before its folder is given back."
    said = [runs.told_by(path) for path in sorted((room / "hammer" / "one").glob("*.png"))]
    assert [told["process"] for told in said] == [os.getpid()] * 3, said
"""

# Draws, is held up in the midst of a training, and is killed while half of a drawing is written.
KILLED = """
hammer("killed", "stopped")
disk = runs.Disk(pytest.MonkeyPatch(), "epoch-0003.png", instead=lambda: os.kill(os.getpid(), signal.SIGKILL))
held = at(3, "begin", lambda: (tell("held"), wait("go")))
fit(held, at(3, "end", disk.fill), watch(room / "vis", "net", mine, save_values=True), epochs=9)
"""

# Is the second of two by its number; later, without one, trains until Ctrl-C.
STOPPED = """
hammer("stopped", "killed")
wait("held")
os.environ["RANK"] = "1"
fit(watch(room / "vis", "net", mine), epochs=2)
del os.environ["RANK"]
tell("second")
fit(at(3, "begin", lambda: tell("training")), watch(room / "ctrl-c", "net", mine), epochs=1_000_000)
"""


@contextlib.contextmanager
def running(room, *scripts):
    """Processes that end with the test, however it ends."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    started = []
    try:
        for script in scripts:
            command = [sys.executable, "-c", BEGIN + script, str(room)]
            started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        yield started
    finally:
        for one in started:
            one.kill()
            one.wait()
            one.stderr.close()


def wait(room, word, *processes):
    """Until a process says a word; it must not have ended."""
    end = time.monotonic() + 120
    while not (room / word).exists():
        for one in processes:
            assert one.poll() is None, one.stderr.read()
        assert time.monotonic() < end, word
        time.sleep(0.01)


def test_two_processes_share_no_folder_and_one_that_was_killed_is_continued(tmp_path):
    vis = tmp_path / "vis"
    with running(tmp_path, KILLED, STOPPED) as (killed, stopped):
        # twenty trainings each at the same time in one folder
        wait(tmp_path, "held", killed, stopped)
        wait(tmp_path, "second", killed, stopped)
        won = [int((tmp_path / f"{name}.won").read_text()) for name in ("killed", "stopped")]
        assert sum(won) >= 1  # at each moment one of them may
        check_whole(tmp_path / "hammer")
        assert len({told_by(path)["process"] for path in (tmp_path / "hammer" / "one").glob("*.png")}) == 1
        # The first is held up in its third epoch; this process is refused before its first batch, and leaves all alone.
        before = {path: path.read_bytes() for path in vis.rglob("*") if path.is_file()}
        batches = []
        with pytest.raises(RuntimeError, match="another process draws into .*vis.net.*`directory=`.*`name=`.*RANK"):
            fit(watch(vis, "own"), watch(vis, "net"), at(1, "batch", lambda: batches.append(1)))
        assert not batches
        assert frames(vis / "own") == []
        assert {path: path.read_bytes() for path in before} == before
        assert {told_by(vis / "net" / f"epoch-000{epoch}.png")["process"] for epoch in range(3)} == {killed.pid}
        # under another name it may, also the one that was claimed and given back; the page shows both
        fit(watch(vis, "own"), epochs=2)
        assert "net/" in page(vis)
        assert "own/" in page(vis)
        (tmp_path / "go").touch()
        assert killed.wait(60) == -signal.SIGKILL
        wait(tmp_path, "training", stopped)
        stopped.send_signal(signal.SIGINT)
        assert stopped.wait(60) == -signal.SIGINT
        said = stopped.stderr.read()
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert "RuntimeWarning" not in said
    check_whole(tmp_path / "ctrl-c")
    last = frames(tmp_path / "ctrl-c" / "net")[-1]
    assert last >= 2
    assert list(known(tmp_path / "ctrl-c" / "net")["logs"])[-1] in (str(last), str(last - 1))

    net = vis / "net"
    before, told = content(net), known(net)
    assert (frames(net), frames(net, "npz")) == ([0, 1, 2], [0, 1, 2, 3])
    assert [path.stat().st_size > 0 for path in net.glob(".epoch-0003.png.*.part")] == [True]
    check_whole(vis, leftovers=True)
    # the lock went with the process; the other's folder, too
    fit(watch(vis, "net", save_values=True), start=2, epochs=4)
    fit(watch(tmp_path / "ctrl-c", "net"), start=last, epochs=last + 1)
    assert frames(net) == frames(net, "npz") == [0, 1, 2, 3, 4]
    del before["epoch-0003.npz"]
    assert before.items() <= content(net).items()
    check_whole(vis)
    after = known(net)
    assert list(after["logs"]) == ["1", "2", "3", "4"]
    for part in ("frames", "logs", "epoch_seconds"):
        assert {epoch: facts for epoch, facts in after[part].items() if epoch in "012"} == told[part]
    scales = [told_by(net / f"epoch-000{epoch}.png")["scale"] for epoch in range(5)]
    assert scales == [scales[0]] * 5
