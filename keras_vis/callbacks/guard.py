"""What happens to a training when a picture fails? Nothing: it is said once, and the training goes on."""

from __future__ import annotations

import contextlib
import sys
import traceback
import warnings
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_vis.callbacks.visualizer import EpochVisualizer


class Guard:
    """Keeps what fails within it from the training.

    Args:
        visualizer: whose picture it is.
        what: is done, in the message.
        spared: errors after which the picture is drawn again after the next epoch; after others it is not.
        then: what comes of it after one that is spared, in the message.
    """

    def __init__(
        self,
        visualizer: EpochVisualizer,
        what: str,
        *,
        spared: type[Exception] | tuple[type[Exception], ...] = (),
        then: str = "it is tried again",
    ) -> None:
        self._visualizer, self._what, self._spared, self._then = visualizer, what, spared, then

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Swallow errors; not Ctrl-C, by which the user ends the training."""
        if not isinstance(error, Exception):
            return False
        visualizer = self._visualizer
        visualizer.failed = visualizer.failed or not isinstance(error, self._spared)
        told = f"{self._what} failed at epoch {visualizer.epoch}"
        # not str(error), which may fail in its turn
        why = "".join(traceback.format_exception_only(error)).strip()
        visualizer.frames.log["failure"] = f"{told}: {why}"
        if self._what not in visualizer.told:
            visualizer.told.add(self._what)
            then = "this picture is not drawn again in this training" if visualizer.failed else self._then
            whole = "".join(traceback.format_exception(kind, error, trace))
            warn(f"{visualizer.folder.name}: {told}. The training goes on; {then}. {whole}", RuntimeWarning)
        return True


def warn(message: str, category: type[Warning]) -> None:
    """Warn; where warnings are errors, on stderr: a training is never killed by a picture."""
    try:
        warnings.warn(message, category, stacklevel=2)
    except category:
        with contextlib.suppress(Exception):  # it may be a file on the disk that is full, or none
            sys.stderr.write(f"{message}\n")
