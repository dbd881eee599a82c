"""How does TensorBoard get to see the pictures? Their PNGs and numbers as events, beside what Keras logs.

It reads files `events.out.tfevents.*`: records of a length, a protocol buffer, and a sum for each. The package
`tensorboard` knows both; TensorFlow is not needed. Its own writer has a thread, which prints what fails and keeps it
from the caller; here each event is in the file, or an OSError raised, when the call comes back.
"""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
import socket
import struct
import threading
import time
import weakref
from typing import Any

__all__ = ["Events", "check", "events_in"]

_RUN = "keras_vis"  # the name TensorBoard shows; Keras's own are "train" and "validation"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # of a PNG's kind of colour; 3 is a table of RGB

# One file for all who write to a folder: two files would be read one after the other, not together.
_FILES: weakref.WeakValueDictionary[pathlib.Path, _File] = weakref.WeakValueDictionary()
_LOCK = threading.RLock()


def check(argument: str, logdir: str | os.PathLike[str] | None = None) -> None:
    """Fail where events could not be written; nothing is made yet.

    Args:
        argument: the name of what asks for them, for the message.
        logdir: what was given.

    Raises:
        ImportError: the package `tensorboard` is not installed.
        TypeError: `logdir` is no path.
        ValueError: `logdir` is an address, not a folder.
    """
    try:
        _protocol()
    except ImportError as error:
        raise ImportError(
            f"`{argument}=` needs the package tensorboard, which cannot be imported ({error}). "
            'Install it: pip install "keras-vis-toolkit[tensorboard]".'
        ) from error
    if logdir is None:
        return
    if not isinstance(logdir, str | os.PathLike):
        raise TypeError(f"`{argument}` must be the path of a folder; received {type(logdir).__name__}.")
    if "://" in os.fspath(logdir):
        raise ValueError(
            f"`{argument}={os.fspath(logdir)!r}` must be a folder of this machine. Write to one, and copy it."
        )


def events_in(logdir: str | os.PathLike[str]) -> Events:
    """Open the events of a folder of logs, in `<logdir>/keras_vis`.

    All that are open in a process write to one file, which is closed when the last of them is; opened again later,
    there is a new one, which TensorBoard takes for the continuation of those before.

    Args:
        logdir: what `tensorboard --logdir` is given; made if it is not there.

    Raises:
        ImportError, TypeError, ValueError: as `check()`.
        OSError: the folder cannot be written.

    Example:
        >>> events = events_in("logs")
        >>> events.image("grad_cam", pathlib.Path("vis/grad_cam/epoch-0003.png").read_bytes(), 3)
        >>> events.close()
    """
    check("logdir", logdir)
    folder = pathlib.Path(logdir).resolve() / _RUN
    with _LOCK:
        file = _FILES.get(folder)
        if file is None:
            file = _FILES[folder] = _File(folder)
        return Events(file)


class Events:
    """Write pictures and numbers for TensorBoard; opened by `events_in()`.

    TensorBoard shows 10 images of each tag, chosen at random, unless told
    ``tensorboard --logdir logs --samples_per_plugin images=1000``.
    """

    def __init__(self, file: _File) -> None:
        self._file: _File | None = file
        self._begun = file.begun
        file.users.add(self)

    def begin(self, epoch: int) -> None:
        """Say that a training begins: TensorBoard forgets what an earlier one logged after this epoch; all, if it is 0.

        Only the first of those that log the same training says so, for it would forget what the others have logged.

        Args:
            epoch: how many the net was trained already.

        Raises:
            OSError: the file cannot be written.
            ValueError: it is closed.
        """
        with _LOCK:
            file = self._open()
            if self._begun == file.begun:  # nobody has said so since this one was opened, or last said so
                event, session = file.event(epoch + 1 if epoch else 0), _protocol()[0].SessionLog
                event.session_log.CopyFrom(session(status=session.START))
                file.append(event)
                file.begun += 1
            self._begun = file.begun

    def image(self, tag: str, png: bytes, step: int) -> None:
        """Log a picture as it is in its PNG.

        Args:
            tag: its name, such as "grad_cam".
            png: the content of the file.
            step: the epoch.

        Raises:
            OSError: the file cannot be written.
            ValueError: `png` is no PNG; the file is closed.
        """
        if len(png) < 26 or not png.startswith(_SIGNATURE) or png[25] not in _CHANNELS:
            raise ValueError(f"`png` must be the content of a PNG; received {len(png)} bytes that are not.")
        width, height = struct.unpack(">II", png[16:24])
        with _LOCK:
            event = self._open().event(step)
            image = event.summary.value.add(tag=tag).image
            image.width, image.height, image.colorspace = width, height, _CHANNELS[png[25]]
            image.encoded_image_string = png
            self._open().append(event)

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Log a number, as float32.

        Args:
            tag: its name, such as "grad_cam/drift".
            value: any, also not finite.
            step: the epoch.

        Raises:
            OSError: the file cannot be written.
            ValueError: the file is closed.
        """
        with _LOCK:
            event = self._open().event(step)
            event.summary.value.add(tag=tag, simple_value=float(value))
            self._open().append(event)

    def flush(self) -> None:
        """Have the system write down what it was given; TensorBoard sees events before.

        Raises:
            OSError: it cannot, as some file systems find out only now.
            ValueError: the file is closed.
        """
        with _LOCK:
            os.fsync(self._open().raw.fileno())

    def close(self) -> None:
        """Write no more; a second time it does nothing."""
        with _LOCK:
            file, self._file = self._file, None
            if file is None:
                return
            file.users.discard(self)
            if not file.users:
                _FILES.pop(file.folder, None)
                file.raw.close()

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _open(self) -> _File:
        if self._file is None:
            raise ValueError("these events are closed. Open them again: events_in(logdir).")
        return self._file


class _File:
    """One file of events. Every record in it is whole."""

    def __init__(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.begun = folder, 0
        # weak, as those of a training that ended in an error, and were never closed, keep no file open
        self.users: weakref.WeakSet[Events] = weakref.WeakSet()
        # TensorBoard reads the files in the order of their names. A resumed training's is the last, also where another
        # machine's clock is ahead.
        stamps = [path.name.split(".")[3] for path in folder.glob("events.out.tfevents.*")]
        latest = max((int(stamp) for stamp in stamps if stamp.isdecimal()), default=0)
        name = f"events.out.tfevents.{max(int(time.time()), latest + 1):010d}.{socket.gethostname()}.{os.getpid()}"
        self.raw = (folder / name).open("xb", buffering=0)
        weakref.finalize(self, self.raw.close)
        first = self.event(0)
        first.file_version = "brain.Event:2"
        try:
            self.append(first)
        except BaseException:
            self.raw.close()
            (folder / name).unlink(missing_ok=True)
            raise

    def event(self, step: int) -> Any:
        """An event of now, without a content."""
        return _protocol()[0].Event(wall_time=time.time(), step=step)

    def append(self, event: Any) -> None:
        """Write a record, or nothing: what follows half of one could not be read."""
        record = io.BytesIO()
        _protocol()[1](record).write(event.SerializeToString())
        begin, rest = self.raw.tell(), record.getbuffer()
        try:
            while rest:
                rest = rest[self.raw.write(rest) :]
        except BaseException:
            with contextlib.suppress(OSError):
                self.raw.truncate(begin)
                self.raw.seek(begin)
            raise


def _protocol() -> tuple[Any, Any]:
    """The messages of an event file, and the writer of its records."""
    from tensorboard.compat.proto import event_pb2
    from tensorboard.summary.writer.record_writer import RecordWriter

    return event_pb2, RecordWriter
