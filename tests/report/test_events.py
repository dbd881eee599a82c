"""How does TensorBoard get to see the pictures?"""

from __future__ import annotations

import builtins
import gc
import io
import os
import pathlib
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from keras_vis.report import events
from keras_vis.report.events import Events, events_in

pytest.importorskip("tensorboard", reason="needs the extra tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

ROOT = pathlib.Path(__file__).parent.parent.parent
RNG = np.random.default_rng(5)


def png(mode: str = "RGB", height: int = 30, width: int = 50) -> bytes:
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]
    pixels = RNG.integers(0, 256, (height, width, channels), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels, mode).save(file, "PNG")
    return file.getvalue()


def read(logdir: pathlib.Path) -> EventAccumulator:
    """What TensorBoard makes of the folder."""
    found = EventAccumulator(str(logdir / "keras_vis"), size_guidance={"images": 0, "scalars": 0})
    return found.Reload()


def steps(logdir: pathlib.Path, tag: str) -> list[int]:
    return [event.step for event in read(logdir).Scalars(tag)]


def test_what_is_logged_is_read_by_tensorboard_with_its_step_tag_and_the_very_bytes(tmp_path):
    pictures = {epoch: png() for epoch in (0, 1, 4)}
    before = time.time()
    with events_in(tmp_path) as log:
        for epoch, content in pictures.items():
            log.image("grad_cam", content, epoch)
            log.image("filters-conv_1", content, epoch)
            log.scalar("grad_cam/drift", epoch / 3, epoch)
        found = read(tmp_path)  # while the training goes on
    assert sorted(found.Tags()["images"]) == ["filters-conv_1", "grad_cam"]
    images = found.Images("grad_cam")
    assert {event.step: event.encoded_image_string for event in images} == pictures
    assert {(event.width, event.height) for event in images} == {(50, 30)}
    assert [event.step for event in found.Scalars("grad_cam/drift")] == [0, 1, 4]
    assert [event.value for event in found.Scalars("grad_cam/drift")] == [np.float32(epoch / 3) for epoch in (0, 1, 4)]
    assert before <= images[0].wall_time <= time.time()


def test_a_drawing_has_the_pixels_of_its_png(tmp_path):
    pixels = RNG.integers(0, 256, (7, 9, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    with events_in(tmp_path) as log:
        log.image("x", file.getvalue(), 2)
    seen = Image.open(io.BytesIO(read(tmp_path).Images("x")[0].encoded_image_string))
    np.testing.assert_array_equal(np.asarray(seen), pixels)


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)])
def test_the_number_of_channels_is_that_of_the_png(tmp_path, mode, channels):
    with events_in(tmp_path) as log:
        log.image("x", png(mode), 0)
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    (path,) = (tmp_path / "keras_vis").iterdir()
    last = Event.FromString(list(RawEventFileLoader(str(path)).Load())[-1])
    assert last.summary.value[0].image.colorspace == channels


def test_numbers_that_are_not_finite_are_logged_as_they_are(tmp_path):
    with events_in(tmp_path) as log:
        for step, value in enumerate(("nan", "inf", float("-inf"))):
            log.scalar("loss", value, step)
    values = [event.value for event in read(tmp_path).Scalars("loss")]
    assert np.isnan(values[0])
    assert values[1:] == [np.inf, -np.inf]


def test_twenty_callbacks_write_one_file_which_ends_with_the_last_of_them(tmp_path):
    logs = [events_in(os.path.relpath(tmp_path) if k % 2 else tmp_path) for k in range(20)]
    for k, log in enumerate(logs):
        log.scalar(f"{k}", k, 1)
    for log in logs[:-1]:
        log.close()
        log.close()
    logs[-1].scalar("last", 1.0, 2)
    logs[-1].close()
    assert len(list((tmp_path / "keras_vis").iterdir())) == 1
    assert len(read(tmp_path).Tags()["scalars"]) == 21
    with pytest.raises(ValueError, match=r"closed. Open them again: events_in\(logdir\)"):
        logs[-1].scalar("late", 1.0, 3)
    with events_in(tmp_path) as log:
        log.scalar("again", 1.0, 3)
    assert len(list((tmp_path / "keras_vis").iterdir())) == 2
    assert len(read(tmp_path).Tags()["scalars"]) == 22


def log_training(logs: list[Events], begin: int, end: int) -> None:
    """As callbacks do: each says what begins, then logs, in turn."""
    for k, log in enumerate(logs):
        log.begin(begin)
        if begin == 0:
            log.scalar(f"{k}", 0.0, 0)
    for epoch in range(begin + 1, end + 1):
        for k, log in enumerate(logs):
            log.scalar(f"{k}", float(10 * begin + epoch), epoch)


def test_a_training_resumed_at_3_after_5_has_each_epoch_once_and_from_4_on_its_own(tmp_path):
    for begin, end in ((0, 5), (3, 7)):
        logs = [events_in(tmp_path) for _ in range(3)]
        log_training(logs, begin, end)
        for log in logs:
            log.close()
    for tag in ("0", "1", "2"):
        found = read(tmp_path).Scalars(tag)
        assert [event.step for event in found] == [0, 1, 2, 3, 4, 5, 6, 7]
        assert [event.value for event in found] == [0, 1, 2, 3, 34, 35, 36, 37]


def test_a_training_from_the_start_leaves_nothing_of_the_one_before_also_if_nobody_closed_that(tmp_path):
    logs = [events_in(tmp_path) for _ in range(3)]
    log_training(logs, 0, 5)
    log_training(logs, 0, 2)  # the same callbacks
    assert steps(tmp_path, "2") == [0, 1, 2]
    others = [events_in(tmp_path) for _ in range(3)]  # others, while those are open
    log_training(others, 0, 1)
    assert [steps(tmp_path, tag) for tag in ("0", "1", "2")] == [[0, 1]] * 3


def test_files_are_read_in_the_order_of_the_trainings_also_where_a_clock_is_an_hour_behind(tmp_path, monkeypatch):
    for k in range(3):
        with monkeypatch.context() as patch:
            now = time.time()
            patch.setattr(time, "time", lambda now=now, k=k: now - 3600 * k)
            with events_in(tmp_path) as log:
                log_training([log], k, k + 3)
    assert [event.value for event in read(tmp_path).Scalars("0")] == [0, 1, 12, 23, 24, 25]


def test_no_thread_is_started_and_no_file_left_open_also_where_nobody_closes(tmp_path):
    before = threading.enumerate()
    log = events_in(tmp_path)
    log.scalar("x", 1.0, 0)
    raw = log._file.raw
    assert threading.enumerate() == before
    del log
    gc.collect()
    assert raw.closed
    assert steps(tmp_path, "x") == [0]


@pytest.mark.parametrize("fails", [0, 1, 100])
def test_a_full_disk_is_an_oserror_at_once_and_what_was_and_what_comes_can_be_read(tmp_path, monkeypatch, fails):
    log = events_in(tmp_path)
    log.image("x", png(), 0)

    class Full(io.FileIO):
        """A disk on which so many more bytes have room."""

        room = fails

        def write(self, data):
            if not self.room:
                raise OSError(28, "No space left on device")
            self.room -= min(self.room, len(data))
            return super().write(bytes(data[: self.room or fails]))

    whole = log._file.raw
    full = Full(whole.name, "r+")
    full.seek(0, os.SEEK_END)
    monkeypatch.setattr(log._file, "raw", full)
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            log.image("x", png(), 1)
    full.close()
    monkeypatch.setattr(log._file, "raw", whole)
    whole.seek(0, os.SEEK_END)
    log.image("x", png(), 2)
    log.close()
    assert [event.step for event in read(tmp_path).Images("x")] == [0, 2]


def test_a_real_limit_on_the_size_of_files_is_heard_of_and_leaves_whole_records(tmp_path):
    program = """
import resource, signal, sys
from keras_vis.report.events import events_in
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
log = events_in(sys.argv[1])
written = 0
try:
    for step in range(1000):
        log.scalar("x", step, step)
        written += 1
except OSError as error:
    print(written, type(error).__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    written, kind = done.stdout.split()
    assert kind == "OSError"
    assert 10 < int(written) < 1000
    assert steps(tmp_path, "x") == list(range(int(written)))


def test_a_folder_that_cannot_be_made_is_an_oserror_and_no_empty_file_is_left_by_a_full_disk(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        events_in(tmp_path / "file")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(events._File, "append", lambda self, event: full(event))
    with pytest.raises(OSError, match="No space left"):
        events_in(tmp_path / "logs")
    assert not list((tmp_path / "logs" / "keras_vis").iterdir())
    monkeypatch.undo()
    events_in(tmp_path / "logs").close()


def test_without_the_package_the_argument_and_the_remedy_are_named(monkeypatch):
    events.check("tensorboard")
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.partition(".")[0] == "tensorboard":
            raise ModuleNotFoundError("No module named 'tensorboard'", name="tensorboard")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'`tensorboard=` needs .*pip install "keras-vis-toolkit\[tensorboard\]"'):
        events.check("tensorboard")


@pytest.mark.parametrize(
    ("logdir", "kind", "told"),
    [
        (3, TypeError, "`tensorboard` must be the path of a folder; received int"),
        ("gs://bucket/logs", ValueError, "`tensorboard='gs://bucket/logs'` must be a folder of this machine"),
    ],
)
def test_what_is_no_folder_is_named_at_the_door(logdir, kind, told):
    with pytest.raises(kind, match=told):
        events.check("tensorboard", logdir)


@pytest.mark.parametrize("content", [b"", b"GIF89a" + bytes(40), png()[:20], png()[:25] + b"\x09"])
def test_what_is_no_png_is_refused_and_nothing_is_written(tmp_path, content):
    with events_in(tmp_path) as log:
        (path,) = (tmp_path / "keras_vis").iterdir()
        size = path.stat().st_size
        with pytest.raises(ValueError, match=f"`png` must be the content of a PNG; received {len(content)} bytes"):
            log.image("x", content, 0)
        assert path.stat().st_size == size


def test_it_works_the_same_where_tensorflow_cannot_be_imported(tmp_path):
    # the module alone, as the package imports TensorFlow
    program = """
import importlib.util, sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
spec = importlib.util.spec_from_file_location("events", sys.argv[1])
events = sys.modules["events"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(events)
with events.events_in(sys.argv[2]) as log:
    log.begin(0)
    log.scalar("x", 0.5, 1)
"""
    path = ROOT / "keras_vis" / "report" / "events.py"
    subprocess.run([sys.executable, "-W", "error", "-c", program, str(path), str(tmp_path)], check=True, cwd=ROOT)
    assert [(event.step, event.value) for event in read(tmp_path).Scalars("x")] == [(1, 0.5)]


def test_a_record_has_its_length_and_two_sums_around_it(tmp_path):
    # TensorFlow's own record format: u64, u32, data, u32
    with events_in(tmp_path) as log:
        log.image("x", png(), 0)
    (path,) = (tmp_path / "keras_vis").iterdir()
    content, lengths = path.read_bytes(), []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        lengths.append(length)
        content = content[12 + length + 4 :]
    assert len(lengths) == 2
    import tensorflow as tf

    # TensorFlow checks both sums
    records = [record.numpy() for record in tf.data.TFRecordDataset(str(path))]
    assert [len(record) for record in records] == lengths
