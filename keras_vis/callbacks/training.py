"""What do the callbacks of one training share? The clock, and the page that is written once after each epoch."""

from __future__ import annotations

import pathlib
import time
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vis import report
from keras_vis.report.page import check_page

if TYPE_CHECKING:
    from keras_vis.callbacks.visualizer import EpochVisualizer

# By the dict of parameters that Keras hands to all callbacks of one training. A training keeps its own alive, so that
# no other has its number.
_RUNNING: weakref.WeakValueDictionary[int, Training] = weakref.WeakValueDictionary()


class Training:
    """One training, as its visualizers see it.

    Attributes:
        members: the visualizers that draw, in the order in which Keras calls them.
        seconds: what each epoch took, without drawing; by the number of epochs trained.
    """

    def __init__(self, params: object) -> None:
        self.params = params
        self.members: list[EpochVisualizer] = []
        self.seconds: dict[int, float] = {}
        self._logs: dict[int, dict[str, float]] = {}
        self._last: tuple[int, Mapping[str, Any]] = (0, {})  # the last epoch, and Keras's own dict of it
        self._since = 0.0
        self._prepared = False
        self._news: dict[pathlib.Path, list[EpochVisualizer]] = {}  # whose news the page of a directory does not tell

    @classmethod
    def join(cls, member: EpochVisualizer) -> Training:
        """Find or begin the training of a visualizer, and be one of its members.

        Raises:
            ValueError: another of its members writes to the same folder.
        """
        params = getattr(member, "params", None)
        training = None if params is None else _RUNNING.get(id(params))
        if training is None or member in training.members:  # or it begins once more, in a loop of one's own
            training = cls(params)
            if params is not None:
                _RUNNING[id(params)] = training
        folder = member.folder.resolve()
        if any(other.folder.resolve() == folder for other in training.members):
            raise ValueError(f"two callbacks would write to {str(member.folder)!r}. Give one of them another `name=`.")
        training.members.append(member)
        return training

    def prepare(self) -> None:
        """Do what may fail of a beginning, for all members before any of them removes a frame: for all, or for none.

        Raises:
            OSError: something cannot be written.
            FileExistsError: a directory holds another's page, or a folder another's pictures.
            RuntimeError: another process draws into one.
        """
        if self._prepared:
            return
        done: list[EpochVisualizer] = []
        try:
            for member in self.members:
                check_page(member.directory)
                done.append(member)
                member.prepare()
        except BaseException:
            for member in done:
                member.release()
            raise
        self._prepared = True

    def epoch_begins(self) -> None:
        """Start the clock. Each member does: the last one's call is nearest to the first batch."""
        self._since = time.perf_counter()

    def epoch_ends(self, epoch: int, logs: Mapping[str, Any] | None) -> None:
        """Stop the clock, and remember what Keras says of the epoch. The first member's call counts.

        Args:
            epoch: how many were trained.
            logs: Keras's; what is no number is left out.
        """
        if epoch not in self.seconds:
            self.seconds[epoch] = time.perf_counter() - self._since
            self.logs()
            self._logs[epoch] = _numbers(logs or {})
            self._last = epoch, logs or {}

    def logs(self) -> dict[int, dict[str, float]]:
        """What Keras and its callbacks have said of each epoch."""
        epoch, told = self._last
        # Keras gives all callbacks one dict, to which those that follow may add, such as the learning rate.
        # What they have said stays: a loop of one's own may fill one dict anew for each epoch.
        if epoch:
            self._logs[epoch] = {**_numbers(told), **self._logs[epoch]}
        return self._logs

    def turn_over(self, member: EpochVisualizer, *, news: bool) -> None:
        """Write the page anew, if there is news and this was the last of those who draw into its directory.

        Args:
            member: whose turn it was.
            news: whether it has any.
        """
        directory = member.directory.resolve()
        waiting = self._news.setdefault(directory, [])
        if news and member not in waiting:
            waiting.append(member)
        last = [other for other in self.members if other.directory.resolve() == directory][-1]
        if member is not last or not waiting:
            return
        begun = time.perf_counter()
        try:
            report.write_page(member.directory)
        finally:
            # By those who had news, each its share; what is written before training comes once.
            for one in waiting if self.seconds else ():
                one.pay((time.perf_counter() - begun) / len(waiting))
        waiting.clear()


def _numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    found = {}
    for name, value in logs.items():
        if isinstance(value, str | bytes):  # also where it could be read as a number
            continue
        try:
            # NumPy takes an array of one number for a number only where it has no axes
            found[str(name)] = float(value.item() if isinstance(value, np.ndarray) else value)
        except Exception:  # whatever a metric of one's own returns: a log is no reason to end a training
            continue
    return found
