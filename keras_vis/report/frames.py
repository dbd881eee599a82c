"""Where are the frames of a picture, and what is known of each? The folder of one picture of a run.

vis/grad_cam/epoch-0003.png     the net after three epochs; epoch 0 is the net before training
vis/grad_cam/epoch-0003.npz     its raw numbers, where they are kept
vis/grad_cam/frames.json        the time each took, how much it changed, what Keras said of each epoch
vis/.locks/grad_cam.lock        held by the process that draws
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import pathlib
import re
import struct
import time
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vis.picture import Picture, told_by, write_whole

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOG, FILM = "frames.json", "epochs.gif"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME = re.compile(r"epoch-(\d{4,})\.(png|npz)")
_LEFTOVER = re.compile(r"\..+\.[0-9a-f]{8}\.part")  # of a write that was killed
# what is told of each epoch, and its kind
_BY_EPOCH: dict[str, type | tuple[type, ...]] = {"frames": dict, "logs": dict, "epoch_seconds": (int, float)}
_OF_ALL = ("about", "drift_measure")
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)  # as of some network's
_OLD = 3600.0  # seconds after which a file that is not yet whole never will be

# The locks that this process holds. They outlive a training that was interrupted, so that the next in this process can
# go on where another process cannot (and with them the process's number: a child inherits them, but not the right); the
# system frees them when the process ends, however it ends.
_HELD: dict[pathlib.Path, tuple[BaseFileLock, int]] = {}


def frame_epoch(name: str) -> int | None:
    """The epoch of a drawing by its file's name, ``epoch-0003.png``; None of another file."""
    match = _FRAME.fullmatch(name)
    return int(match[1]) if match and match[2] == "png" else None


def read_log(folder: pathlib.Path) -> dict[str, Any]:
    """What is known of the frames of a folder; empty where nothing is, or nothing that can be read."""
    try:
        told = json.loads((folder / LOG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


class Frames:
    """The folder of one picture, for the training that draws into it.

    Attributes:
        folder: where the frames are.
        log: what `frames.json` says: `frames`, `logs` and `epoch_seconds` by epoch, and facts of the whole.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.log: dict[str, Any] = {}
        self._claimed: pathlib.Path | None = None  # what a name leads to may change while a network trains

    def begin(self, epoch: int) -> None:
        """Clear the folder of what an earlier training has drawn from this epoch on.

        Args:
            epoch: 0, or the number from which a resumed training goes on; its own frame stays.
        """
        found = {path: _FRAME.fullmatch(path.name) for path in self.folder.iterdir()}
        stale = [path for path, frame in found.items() if frame and (epoch == 0 or int(frame[1]) > epoch)]
        for path in [*stale, *(path for path in found if _LEFTOVER.fullmatch(path.name))]:
            path.unlink()
        if stale or epoch == 0:
            (self.folder / FILM).unlink(missing_ok=True)  # it shows what is gone
        _sweep(self.folder.parent)
        earlier = read_log(self.folder) if epoch else {}
        self.log = {key: _up_to(earlier.get(key), epoch, kind) for key, kind in _BY_EPOCH.items()}
        self.log.update({key: earlier[key] for key in _OF_ALL if key in earlier})

    def claim(self) -> None:
        """Make the folder, and keep other processes out of it until the end.

        Raises:
            OSError: the folder cannot be written.
            FileExistsError: it holds pictures that this package has not drawn.
            RuntimeError: another process draws into it.
        """
        import filelock

        self.folder.mkdir(parents=True, exist_ok=True)
        self._check_own()
        folder = self.folder.resolve()
        lock, process = _HELD.get(folder, (None, 0))
        if process == os.getpid():  # a child of the process that holds it does not
            self._claimed = folder
            return
        locks = folder.parent / ".locks"
        locks.mkdir(exist_ok=True)
        # No lock that is a file's being there: one of a process that was killed would keep out those of other machines.
        lock = filelock.FileLock(
            locks / f"{folder.name}.lock", blocking=False, thread_local=False, fallback_to_soft=False
        )
        try:
            lock.acquire()
        except filelock.Timeout:
            raise RuntimeError(
                f"another process draws into {str(self.folder)!r}, or was interrupted there and still runs. Give this "
                "training another `directory=` or `name=`, or end that process. Of the processes of one training only "
                "the first should draw: set RANK, and those whose RANK is not 0 leave it alone."
            ) from None
        except (OSError, NotImplementedError) as error:
            if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
                raise
            warnings.warn(
                f"the file system of {str(self.folder)!r} has no locks, so that nothing keeps another process from "
                "drawing into it.",
                UserWarning,
                stacklevel=2,
            )
            return
        _HELD[folder], self._claimed = (lock, os.getpid()), folder

    def end(self) -> None:
        """Let others draw into the folder."""
        held = None if self._claimed is None else _HELD.get(self._claimed)
        if held is not None and self._claimed is not None:
            held[0].release()
            del _HELD[self._claimed]  # not before: a lock that cannot be given back stays this process's

    def _check_own(self) -> None:
        """Refuse a folder whose frames are another's: they would be removed."""
        if (self.folder / LOG).exists():
            return
        for path in self.folder.iterdir():
            if not _FRAME.fullmatch(path.name) or _is_ours(path):
                continue
            raise FileExistsError(
                f"{str(self.folder)!r} holds {path.name!r}, which this package has not drawn and would replace. Give "
                "another `directory=` or `name=`."
            )

    def path(self, epoch: int, suffix: str = ".png") -> pathlib.Path:
        """Where the frame of an epoch is or will be."""
        return self.folder / f"epoch-{epoch:04d}{suffix}"

    def epochs(self) -> list[int]:
        """Those of which there is a frame, in order."""
        found = (frame_epoch(path.name) for path in self.folder.iterdir())
        return sorted(epoch for epoch in found if epoch is not None)

    def held_scale(self) -> tuple[np.ndarray, int] | tuple[None, None]:
        """The scale on which an earlier part of the training drew its last frame, and the epoch whose scale it is."""
        drawn = self.epochs()
        last = drawn[-1] if drawn else 0
        # Before the first epoch of training has been drawn, a frame is on its own. If the log is lost, it is not known.
        scale_of = self.log["frames"].get(str(last), {}).get("scale_of", last or None)
        told = told_by(self.path(last)).get("scale") if isinstance(scale_of, int) else None
        return (None, None) if told is None else (np.asarray(told, np.float32), scale_of)

    def write(self, epoch: int, picture: Picture, *, scale_of: int | None) -> None:
        """Write the frame of an epoch, and remember what it says of itself.

        Args:
            epoch: its number.
            picture: of it.
            scale_of: the epoch whose scale it is drawn on; None if on its own.
        """
        path = picture.save(self.path(epoch))
        self.log["about"] = told_by(path)
        width, height = png_size(path)
        self.note(epoch, width=width, height=height, scale_of=scale_of)

    def note(self, epoch: int, **facts: object) -> None:
        """Remember of a frame what the page tells of it."""
        self.log["frames"].setdefault(str(epoch), {}).update(facts)

    def write_log(self, logs: Mapping[int, Mapping[str, float]], seconds: Mapping[int, float]) -> None:
        """Write down what is known, whole or not at all.

        Args:
            logs: what Keras said of each epoch of this training.
            seconds: what each took.
        """
        self.log["logs"].update({str(epoch): dict(told) for epoch, told in logs.items()})
        self.log["epoch_seconds"].update({str(epoch): took for epoch, took in seconds.items()})
        write_whole(self.folder / LOG, json.dumps(_plain(self.log)).encode())


def png_size(path: pathlib.Path) -> tuple[int, int]:
    """The width and height of a PNG in pixels, from its head; (1, 1) of what has none, and at least that."""
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or not head.startswith(_SIGNATURE):
        return 1, 1
    # The signature is followed by a chunk that begins with the two.
    width, height = struct.unpack(">II", head[16:24])
    return max(width, 1), max(height, 1)


def _is_ours(path: pathlib.Path) -> bool:
    """Whether a drawing, or numbers, say that a picture wrote them; what cannot be read does not."""
    from PIL import Image

    with contextlib.suppress(Exception):
        if path.suffix == ".npz":
            with np.load(path) as archive:
                return {"about", "fields"} <= {*archive.files}
        with Image.open(path) as image:
            return "keras_vis" in getattr(image, "text", ())
    return False


def _sweep(directory: pathlib.Path) -> None:
    """Clear a directory of what was left of a page: of another process's only what is too old to be still written."""
    for path in directory.iterdir():
        if _LEFTOVER.fullmatch(path.name):
            with contextlib.suppress(OSError):  # the other has done it
                if time.time() - path.stat().st_mtime > _OLD:
                    path.unlink()


def _up_to(told: object, epoch: int, kind: type | tuple[type, ...]) -> dict[str, Any]:
    """What was known of the epochs up to this one; what is of another kind is left out."""
    if not isinstance(told, dict):
        return {}
    known = {str(number) for number in range(epoch + 1)}
    return {key: value for key, value in told.items() if key in known and isinstance(value, kind)}


def _plain(value: Any) -> Any:
    """The same for JSON, which knows no NaN and no infinity: they are written as words."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
