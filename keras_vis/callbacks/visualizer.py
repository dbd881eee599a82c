"""When is what drawn, while a network trains?"""

from __future__ import annotations

import inspect
import math
import os
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from keras_vis.callbacks import arguments, process
from keras_vis.callbacks.guard import Guard, warn
from keras_vis.callbacks.training import Training
from keras_vis.engine.layers import NotBuiltError
from keras_vis.engine.stamp import weights_sum
from keras_vis.picture import Picture
from keras_vis.report import animation, events
from keras_vis.report.frames import Frames

_SINCE = " (It has been written since.)"
# Where there is no new frame, log and page rest for so many times what they took; and they take no more than a tenth of
# what `max_overhead` allows, for else they would leave nothing to the frames.
_SELDOM, _TENTH = 20, 10


class EpochVisualizer(keras.callbacks.Callback):
    """Draw a picture of the network before training and after each epoch.

    It writes ``<directory>/<name>/epoch-0003.png``; epoch 0 is the net before this training.
    ``<directory>/index.html`` shows every picture of the directory with a slider for the epochs, the curves of loss and
    metrics, how much each picture changed, and what each frame took.

    Frames can be compared: maps, kernels and axes keep the scale of the first frame after training began, and print it.
    (The untrained net's own would be too small, as its gradients are; epoch 0 is drawn anew on that scale.)

    A training that begins at epoch 0 replaces what an earlier one left in the folder; one that is resumed
    (`initial_epoch`) goes on, with the numbers and on the scale of its first part. A folder belongs to one process: a
    second that would draw into it is refused before its first batch.

    Wrong arguments fail here, wrong data and a folder that cannot be written before the first batch. What fails later
    warns once, with its traceback, and never ends the training: a picture that cannot be drawn is not tried again, one
    that cannot be written (a full disk) is, after the next epoch.

    Args:
        explain: any function ``(model, *args, **options) -> Picture``: those of this package, or your own.
        *args: what it takes after the model.
        directory: where to write; made if it is not there.
        name: the folder of this picture; by default the function's name, and the layer's.
        every: draw after each so many epochs, and after the last; None draws before training alone.
        at_start: whether to draw before training.
        max_overhead: the largest share of the training's time that this picture may take, in (0, 1]: epochs are left
            out as needed, and a warning says how many. Before training, after the first epoch and after the last it is
            drawn in any case, and the film is written. None draws whenever it is its turn.
        save_values: also write the raw numbers of each frame, ``epoch-0003.npz``.
        gif: at the end of the training show its epochs one after the other in ``<directory>/<name>/epochs.gif``.
        tensorboard: a directory of logs: the same drawings for TensorBoard, each at its epoch, and their drift, as the
            run "keras_vis". Needs the extra `tensorboard`. (``--samples_per_plugin images=1000`` shows more than ten.)
        write_from: the number of the process that draws, where a training runs in several; "all" draws in each. A
            process learns its number from TF_CONFIG, RANK, OMPI_COMM_WORLD_RANK or SLURM_PROCID; without them it is 0.
        **options: the options of `explain`.

    Attributes:
        seconds: what each frame took to compute, to draw and to write; by its epoch.

    Raises:
        TypeError: `explain` is not callable, or does not take these arguments; `write_from` is of another kind.
        ValueError: `every` is less than 1, or nothing would be drawn; `name` is empty; `max_overhead` is not in (0, 1].
        ImportError: `tensorboard` is asked for and not installed.

    Example:
        >>> model.fit(x, y, callbacks=[kv.EpochVisualizer(kv.grad_cam, x_val[:16], layer="conv_2")])
    """

    def __init__(
        self,
        explain: Callable[..., Picture],
        *args: Any,
        directory: str | os.PathLike[str] = "vis",
        name: str | None = None,
        every: int | None = 1,
        at_start: bool = True,
        max_overhead: float | None = None,
        save_values: bool = False,
        gif: bool = True,
        tensorboard: str | os.PathLike[str] | None = None,
        write_from: int | str = 0,
        **options: Any,
    ) -> None:
        super().__init__()
        bound = arguments.bound(explain, args, options, own=inspect.signature(EpochVisualizer).parameters)
        arguments.check_times(every, at_start, max_overhead)
        process.check(write_from)
        arguments.check_name(name)
        if tensorboard is not None:
            events.check("tensorboard", tensorboard)
        arguments.check_repeatable(arguments.name_of(explain), (*args, *options.values()), once=every is None)
        chosen = arguments.default_name(explain, bound) if name is None else name
        self.explain, self.args, self.options = explain, args, options
        self.every, self.at_start, self.max_overhead = every, at_start, max_overhead
        self.save_values, self.gif, self.tensorboard, self.write_from = save_values, gif, tensorboard, write_from
        self.directory = pathlib.Path(directory)
        self.folder = self.directory / arguments.safe(chosen)
        self._begin()

    def _begin(self) -> None:
        """Forget the training before."""
        self.seconds: dict[int, float] = {}
        self.frames = Frames(self.folder)
        self._training: Training | None = None  # of a process that does not draw: none
        self._events: Any = None
        self._start: Picture | None = None  # drawn before training; kept until the scale of the run is known
        self._last: Picture | None = None  # what the next frame is compared with
        self._stamp = 0  # of the weights that `_start` shows
        self._scale: Any = None
        self._scale_of: int | None = None  # the epoch whose scale it is
        self.failed, self.told = False, set[str]()
        self.epoch = self._drawn = self._tried = -1  # the last epoch that ended, that was drawn, that was to be
        self._spent = 0.0  # seconds, on the epochs: frames, also those that could not be written, log and page
        self._turned, self._turn = 0.0, 0.0  # when log and page were last written, and how long that took

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Draw the net as it is; what is wrong with the data or the options shows here, before the first batch."""
        del logs
        # a program that goes to another folder while it trains does not take the pictures with it
        self.directory, self.folder = self.directory.absolute(), self.folder.absolute()
        self._begin()
        if not process.draws(self.write_from):
            return
        self._training = Training.join(self)
        # Also where nothing is drawn yet, so that what is wrong shows; but an unbuilt net has nothing to be asked.
        if self.at_start or self.model.built:
            self._draw_start()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Save the drawing of the net before training, now that the number of its epoch is known."""
        del logs
        if self._training is None:
            return
        if self.epoch < 0:
            # What fails here ends the training before its first batch: there is nothing to lose yet.
            self._training.prepare()
            self.epoch = epoch
            self._write_start()
            self._write_log()
            self._training.turn_over(self, news=True)
        self._training.epoch_begins()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Draw, where it is this epoch's turn."""
        if self._training is None:
            return
        if self.epoch < 0:  # a loop of one's own may tell of the ends alone: the net of the start is gone
            self._stamp = weights_sum(self.model)
            self.on_epoch_begin(epoch)
        self.epoch = epoch + 1
        self._training.epoch_ends(self.epoch, logs)
        if self._is_turn():
            self._draw()
        self._turn_over(news=self._tried == self.epoch)
        self._training.epoch_begins()

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Draw the net as it ends up, if that was not its turn, and the film of its epochs."""
        del logs
        if self._training is None or self.epoch < 0:  # or there was no epoch left to train
            return
        # Not what could not be written: another callback may have put the best weights back.
        if self.every is not None and self.epoch > max(self._drawn, self._tried, 0):
            self._draw()
        if self._start is not None:
            self._log_image(self._drawn)
        if self.gif:
            with Guard(self, "the film of its epochs", spared=Exception, then="the frames are there"):
                animation.write_gif(self.folder)
        self._turn_over(news=True)
        with Guard(self, "the end", spared=Exception, then="all is written"):
            self.release()
        self._training = self._start = self._last = self._events = None

    def prepare(self) -> None:
        """Do what may fail of a beginning, before anything of an earlier training is removed.

        Raises:
            OSError: the folder, or that of the events, cannot be written.
            FileExistsError: the folder holds pictures of another's.
            RuntimeError: another process draws into it.
        """
        self.frames.claim()
        if self.tensorboard is not None:
            self._events = events.events_in(self.tensorboard)

    def release(self) -> None:
        """Give back what was claimed."""
        try:
            self.frames.end()
        finally:
            if self._events is not None:
                self._events.close()

    def _is_turn(self) -> bool:
        if self.every is None:
            return self._drawn < 0  # there was no net to draw before its first batch
        # Its last epoch: afterwards another callback may put the best weights back.
        if getattr(self.model, "stop_training", False) or self.epoch == (self.params or {}).get("epochs"):
            return True
        return self.epoch % self.every == 0 and self._is_cheap()

    def _is_cheap(self) -> bool:
        """Whether one more frame leaves the share of the drawing within what it may be."""
        assert self._training is not None
        if self.max_overhead is None or self._tried < 0:
            return True
        times = self._training.seconds
        cost, trained = self.seconds[self._tried] + self._turn, sum(times.values())
        if self._spent + cost <= self.max_overhead * trained:
            return True
        last = times[self.epoch]  # not the mean: the first has the tracing in it
        often = math.ceil(cost / (self.max_overhead * max(last, 1e-9)))
        told = f"drawn every {often} epochs or so: a frame takes {cost:.2g} s, an epoch {last:.2g} s"
        told = f"{told}, and `max_overhead` is {self.max_overhead:g}"
        if "sparing" not in self.frames.log:
            warn(f"{self.folder.name}: {told}.", UserWarning)
        self.frames.log["sparing"] = told
        return False

    def _draw_start(self) -> None:
        self.seconds.clear()
        try:
            with self._timed(0):
                self._last = self._explained()
            self._stamp = weights_sum(self.model)
        except NotBuiltError:
            self.seconds.clear()  # another callback's images may build it: `_write_start` tries again

    def _write_start(self) -> None:
        epoch = self.epoch
        # What Keras calls after this callback may have built the net, or loaded its weights (BackupAndRestore).
        if self.at_start and (self._last is None or weights_sum(self.model) != self._stamp):
            self._draw_start()
        if not self.at_start:
            self._last = None  # it was drawn to see what is wrong
        self.seconds = {epoch: self.seconds[0]} if self.at_start and self.seconds else {}
        if self._events is not None:
            self._events.begin(epoch)
        self.frames.begin(epoch)
        if epoch > 0:
            self._scale, self._scale_of = self.frames.held_scale()
        if not self.at_start:
            return
        if self._last is None:
            warn(
                f"{self.folder.name}: the net is not built before its first batch, so that there is no picture "
                f"of epoch {epoch}. Begin the net with keras.Input(shape) to have one, or say at_start=False.",
                UserWarning,
            )
            return
        # A resumed training has drawn this net already, when its first part ended.
        if self.frames.path(epoch).exists():
            self.seconds.clear()
        else:
            self._start = self._last
            with self._timed(epoch):
                self._write(self._start, epoch)
        self._drawn = epoch

    def _draw(self) -> None:
        """Draw the epoch's frame and, with the first, the one before training on its scale."""
        if self.failed:
            return
        self._tried = self.epoch
        picture: Picture | None = None
        with self._timed(self.epoch), Guard(self, "drawing"):
            picture = self._explained()
        if picture is None:
            return
        with Guard(self, "writing", spared=OSError):
            # A resumed training may draw other images than its first part.
            if hasattr(picture, "scales") and not self._fits(picture):
                self._scale, self._scale_of = picture.scales(), self.epoch
            if self._start is not None:
                with self._timed(self._drawn):
                    self._write(self._start, self._drawn)
                self._log_image(self._drawn)
                self._start = None
            with self._timed(self.epoch):
                self._write(picture, self.epoch)
                self._compare(picture)
                self._log_image(self.epoch)
            self._drawn = self.epoch
            failure = self.frames.log.get("failure", "")
            if failure.startswith("writing") and not failure.endswith(_SINCE):
                self.frames.log["failure"] = failure + _SINCE
        self._spent += self.seconds[self.epoch]

    def _explained(self) -> Picture:
        picture: object = self.explain(self.model, *self.args, **self.options)
        if not isinstance(picture, Picture):
            name, kind = arguments.name_of(self.explain), type(picture).__name__
            raise TypeError(f"`explain`: {name} must return a Picture; it returned {kind}.")
        return picture

    def _write(self, picture: Any, epoch: int) -> None:
        """Write a frame on the scale of the run."""
        scaled = hasattr(picture, "scales") and self._fits(picture)
        held = picture.at(self._scale) if scaled else picture
        if scaled:
            # Of an image in which there was nothing to see, the scale is that of the first frame in which there is.
            self._scale = np.where(np.asarray(self._scale) == 0, held.scales(), self._scale)
        if self.save_values:
            held.save(self.frames.path(epoch, ".npz"))
        self.frames.write(epoch, held, scale_of=self._scale_of if scaled else None)

    def _fits(self, picture: Any) -> bool:
        return self._scale is not None and np.shape(self._scale) == np.shape(picture.scales())

    def _compare(self, picture: Picture) -> None:
        """Note how much the picture has changed since the last frame."""
        last, self._last = self._last, picture
        with Guard(self, "the comparison with the frame before", spared=Exception):
            changed = None if last is None else picture.drift(last)
            if changed is not None:
                self.frames.log["drift_measure"] = changed.measure
                self.frames.note(self.epoch, drift=changed.mean)

    def _log_image(self, epoch: int) -> None:
        if self._events is None:
            return
        with Guard(self, "the log for TensorBoard", spared=Exception):
            self._events.image(self.folder.name, self.frames.path(epoch).read_bytes(), epoch)
            drift = self.frames.log["frames"].get(str(epoch), {}).get("drift")
            if drift is not None:
                self._events.scalar(f"{self.folder.name}/drift", drift, epoch)
            self._events.flush()

    def _turn_over(self, *, news: bool) -> None:
        """Write down what is known, and the page: after a new frame, and else when the last time is long enough ago."""
        assert self._training is not None
        begun = time.perf_counter()
        rest = max(_SELDOM, _TENTH / (self.max_overhead or 1))
        news = news or begun - self._turned >= rest * self._turn
        if news:
            with Guard(self, "the log of its frames", spared=Exception):
                self._write_log()
            self._turn = 0.0
            self.pay(time.perf_counter() - begun)
        with Guard(self, "the page", spared=Exception):
            self._training.turn_over(self, news=news)

    def pay(self, seconds: float) -> None:
        """Count what the log took, or its share of the page."""
        self._turned = time.perf_counter()
        self._turn += seconds
        self._spent += seconds

    def _write_log(self) -> None:
        assert self._training is not None
        for epoch, seconds in self.seconds.items():
            if self.frames.path(epoch).exists():
                self.frames.note(epoch, seconds=seconds)
        self.frames.write_log(self._training.logs(), self._training.seconds)

    @contextmanager
    def _timed(self, epoch: int) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[epoch] = self.seconds.get(epoch, 0.0) + time.perf_counter() - begun
