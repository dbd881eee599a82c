"""When is what drawn, while a network trains?

    model.fit(x, y, callbacks=[kv.callbacks.GradCAM(x_val[:16], y_val[:16]), kv.callbacks.Filters(every=2)])

A callback computes nothing itself: it calls one of the methods after an epoch and saves the picture. Training with it
is the same, bit for bit, as training without it.
"""

from __future__ import annotations

import inspect
import os
import pathlib
import re
import sys
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from keras_vis import report
from keras_vis.methods.backprop import deconvnet, guided_backprop
from keras_vis.methods.cam import grad_cam, grad_cam_plus_plus, guided_grad_cam, layer_cam
from keras_vis.methods.census import unit_census
from keras_vis.methods.codes import embed_codes
from keras_vis.methods.features import feature_maps
from keras_vis.methods.filters import filters
from keras_vis.methods.gap import gap_cam
from keras_vis.methods.gradients import input_x_gradient, integrated_gradients, saliency, smooth_grad
from keras_vis.methods.occlusion import occlusion, rise
from keras_vis.methods.patches import top_patches
from keras_vis.methods.score_cam import score_cam
from keras_vis.methods.structure import plot_structure
from keras_vis.methods.synthesis import activation_maximization, deep_dream
from keras_vis.picture import Picture, told_by
from keras_vis.picture.census import shares_over_epochs

__all__ = [
    "ActivationMaximization",
    "DeconvNet",
    "DeepDream",
    "EmbedCodes",
    "EpochVisualizer",
    "FeatureMaps",
    "Filters",
    "GapCAM",
    "GradCAM",
    "GradCAMPlusPlus",
    "GuidedBackprop",
    "GuidedGradCAM",
    "InputXGradient",
    "IntegratedGradients",
    "LayerCAM",
    "ModelStructure",
    "Occlusion",
    "Rise",
    "Saliency",
    "ScoreCAM",
    "SmoothGrad",
    "TopPatches",
    "UnitCensus",
]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


# Every visualizer that lives, so that two of one training that would write to one folder find each other.
_ALIVE: weakref.WeakSet[EpochVisualizer] = weakref.WeakSet()


class EpochVisualizer(keras.callbacks.Callback):
    """Draw a picture of the network before training and after each epoch.

    It writes ``<directory>/<name>/epoch-0003.png``; epoch 0 is the net before this training.
    ``<directory>/index.html`` shows every picture of the directory with a slider for the epochs.

    Frames can be compared: maps, kernels and axes keep the scale of the first frame after training began, and print it.
    (The untrained net's own would be too small, as its gradients are; epoch 0 is drawn anew on that scale.)

    A training that begins at epoch 0 replaces what an earlier one left in the folder; one that is resumed
    (`initial_epoch`) goes on, with the numbers and on the scale of its first part.

    Wrong arguments fail here, wrong data and a folder that cannot be written before the first batch. What fails later
    warns once, with its traceback, and ends this picture, not the training.

    Args:
        explain: any function ``(model, *args, **options) -> Picture``: those of this package, or your own.
        *args: what it takes after the model.
        directory: where to write; made if it is not there.
        name: the folder of this picture; by default the function's name, and the layer's.
        every: draw after each so many epochs, and after the last; None draws before training alone.
        at_start: whether to draw before training.
        **options: the options of `explain`.

    Raises:
        TypeError: `explain` is not callable, or does not take these arguments.
        ValueError: `every` is less than 1, or nothing would be drawn; `name` is empty.

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
        **options: Any,
    ) -> None:
        super().__init__()
        if not callable(explain):
            raise TypeError(f"`explain` must be a function (model, ...) -> Picture; received {type(explain).__name__}.")
        signature = inspect.signature(explain)
        # Keras draws a bar of its own.
        if "progress" in signature.parameters:
            options.setdefault("progress", False)
        try:
            bound = signature.bind(None, *args, **options)
        except TypeError as error:
            raise TypeError(f"{_name_of(explain)}{signature} does not take these arguments: {error}.") from None
        if every is not None and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
            raise ValueError(f"`every` must be a positive whole number of epochs, or None; received {every!r}.")
        for value in (*args, *options.values()):
            if isinstance(value, Iterator) and every is not None:
                raise ValueError(
                    f"{_name_of(explain)}: an iterator ({type(value).__name__}) gives its images once, and each frame "
                    "wants them. Give an array, a tf.data.Dataset, or a list of its batches: list(data)."
                )
        if every is None and not at_start:
            raise ValueError("`every=None` and `at_start=False` leave nothing to draw.")
        chosen = _default_name(explain, bound) if name is None else name
        if not _safe(chosen):
            raise ValueError(f"`name={name!r}` must have a letter or a digit in it: it names a folder.")
        self.explain, self.args, self.options = explain, args, options
        self.every, self.at_start = every, at_start
        self.directory = pathlib.Path(directory)
        self.folder = self.directory / _safe(chosen)
        self._start: Picture | None = None  # drawn before training; kept until the scale of the run is known
        self._scale: Any = None
        self._failed = False
        self._epoch = self._drawn = -1  # the last epoch that ended, and the last that was drawn
        _ALIVE.add(self)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Draw the net as it is; what is wrong with the data or the options shows here, before the first batch."""
        del logs
        # Keras hands the same dict of parameters to all callbacks of one training.
        for other in _ALIVE:
            same_run = other is not self and getattr(other, "params", None) is self.params
            if same_run and other.folder.resolve() == self.folder.resolve():
                raise ValueError(
                    f"two callbacks would write to {str(self.folder)!r}. Give one of them another `name=`."
                )
        self._failed, self._scale, self._start = False, None, None
        self._epoch = self._drawn = -1
        # Also where nothing is drawn yet, so that what is wrong shows; but an unbuilt net has nothing to be asked.
        if self.at_start or self.model.built:
            self._start = self.explain(self.model, *self.args, **self.options)
            _check(self._start, self.explain)
        if not self.at_start:
            self._start = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save the drawing of the net before training, now that the number of its epoch is known."""
        del logs
        if self._epoch >= 0:
            return
        self._epoch = epoch
        # What an earlier training has drawn from here on would pass for frames of this one.
        for frame in self.folder.glob("epoch-*.png"):
            if epoch == 0 or (frame.stem[6:].isdecimal() and int(frame.stem[6:]) > epoch):
                frame.unlink()
        if epoch > 0 and self._file(epoch).exists():
            self._scale = _held_scale(self._file(epoch))
        if self._start is not None:
            # A resumed training has drawn this net already, when its first part ended.
            if self._file(epoch).exists():
                self._start = None
            else:
                self._write(self._start, epoch)
            self._drawn = epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Draw, where it is this epoch's turn."""
        del logs
        self._epoch = epoch + 1
        if self.every is not None and self._epoch % self.every == 0:
            self._guarded(self._epoch, self._draw)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Draw the net as it ends up, if that was not its turn."""
        del logs
        if self.every is not None and self._epoch > max(self._drawn, 0):
            self._guarded(self._epoch, self._draw)
        self._start = None

    def _draw(self) -> None:
        picture = self.explain(self.model, *self.args, **self.options)
        _check(picture, self.explain)
        if self._scale is None and hasattr(picture, "scales"):
            self._scale = picture.scales()
            if self._start is not None:
                self._write(self._start, self._drawn)
        self._start = None
        self._write(picture, self._epoch)
        self._drawn = self._epoch

    def _write(self, picture: Any, epoch: int) -> None:
        scaled = self._scale is not None and hasattr(picture, "scales")
        fits = scaled and np.shape(self._scale) == np.shape(picture.scales())
        held = picture.at(self._scale) if fits else picture
        held.save(self._file(epoch))
        report.write_page(self.directory)

    def _file(self, epoch: int) -> pathlib.Path:
        return self.folder / f"epoch-{epoch:04d}.png"

    def _guarded(self, epoch: int, act: Callable[[], None]) -> None:
        """Do it; if it fails, say so once, and leave the training alone from then on."""
        if self._failed:
            return
        try:
            act()
        except Exception:
            self._failed = True
            message = (
                f"{self.folder.name}: drawing failed at epoch {epoch}, and this picture is not drawn again in this "
                f"training, which goes on. {traceback.format_exc()}"
            )
            try:
                warnings.warn(message, RuntimeWarning, stacklevel=2)
            except RuntimeWarning:  # where warnings are errors: a training is never killed by a picture
                sys.stderr.write(f"{message}\n")


def _named(name: str, explain: Callable[..., Picture], **defaults: Any) -> type[Any]:
    """Return an `EpochVisualizer` of one method, which takes that method's arguments without the model."""

    def construct(self: EpochVisualizer, *args: Any, **options: Any) -> None:
        EpochVisualizer.__init__(self, explain, *args, **{**defaults, **options})

    own = list(inspect.signature(explain).parameters.values())[1:]
    ours = [
        parameter.replace(default=defaults.get(parameter.name, parameter.default))
        for parameter in inspect.signature(EpochVisualizer).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    first = (inspect.getdoc(explain) or "").partition("\n")[0]
    wants = ", ".join(f"{p.name}" for p in own if p.default is p.empty)
    text = f"""Draw `{explain.__name__}` before training and after each epoch.

{first} Then save the picture; see `EpochVisualizer` for where and when.

Args:
    *args: those of `keras_vis.{explain.__name__}` without the model{f": {wants}" if wants else ""}.
    **options: its options, and those of `EpochVisualizer`: directory, name, every, at_start.

Example:
    >>> model.fit(x, y, callbacks=[kv.callbacks.{name}({wants})])
"""
    made = type(name, (EpochVisualizer,), {"__init__": construct, "__doc__": text, "__module__": __name__})
    made.__signature__ = inspect.Signature(own + ours)  # type: ignore[attr-defined]  # what tab completion shows
    return made


ActivationMaximization = _named("ActivationMaximization", activation_maximization)
DeconvNet = _named("DeconvNet", deconvnet)
DeepDream = _named("DeepDream", deep_dream)
EmbedCodes = _named("EmbedCodes", embed_codes)
FeatureMaps = _named("FeatureMaps", feature_maps)
Filters = _named("Filters", filters)
GapCAM = _named("GapCAM", gap_cam)
GradCAM = _named("GradCAM", grad_cam)
GradCAMPlusPlus = _named("GradCAMPlusPlus", grad_cam_plus_plus)
GuidedBackprop = _named("GuidedBackprop", guided_backprop)
GuidedGradCAM = _named("GuidedGradCAM", guided_grad_cam)
InputXGradient = _named("InputXGradient", input_x_gradient)
IntegratedGradients = _named("IntegratedGradients", integrated_gradients)
LayerCAM = _named("LayerCAM", layer_cam)
ModelStructure = _named("ModelStructure", plot_structure, every=None)  # training does not change it
Occlusion = _named("Occlusion", occlusion)
Rise = _named("Rise", rise)
Saliency = _named("Saliency", saliency)
ScoreCAM = _named("ScoreCAM", score_cam)
SmoothGrad = _named("SmoothGrad", smooth_grad)
TopPatches = _named("TopPatches", top_patches)


class UnitCensus(_named("UnitCensus", unit_census)):  # type: ignore[misc]
    """Count dead units, zeros and saturated values before training and after each epoch; and draw them over the epochs.

    Beside the frames, ``<directory>/<name>_over_epochs.png`` has a line for each layer: the share of dead units, and
    that of zeros. Dead units that jump up in the first epochs are the sign of a learning rate that is too high. A
    resumed training goes on with the lines: what the earlier frames tell is read from them.

    Args:
        *args: those of `keras_vis.unit_census` without the model: data.
        **options: its options, and those of `EpochVisualizer`: directory, name, every, at_start.

    Example:
        >>> model.fit(x, y, callbacks=[kv.callbacks.UnitCensus(x_val)])
    """

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Draw the net as it is; see `EpochVisualizer`."""
        self._told: dict[int, dict[str, Any]] = {}
        super().on_train_begin(logs)

    def _write(self, picture: Any, epoch: int) -> None:
        super()._write(picture, epoch)
        # By the frames that are there: those of the part before are among them, those that were removed are not.
        frames = {int(frame.stem[6:]): frame for frame in self.folder.glob("epoch-*.png") if frame.stem[6:].isdecimal()}
        told = {number: self._told.get(number) or told_by(frame) for number, frame in frames.items()}
        self._told = {**told, epoch: dict(picture.about)}
        lines = {number: facts for number, facts in self._told.items() if "shares" in facts}
        shares_over_epochs(lines).save(self.directory / f"{self.folder.name}_over_epochs.png")
        report.write_page(self.directory)


def _check(picture: object, explain: Callable[..., Any]) -> None:
    if not isinstance(picture, Picture):
        raise TypeError(f"`explain`: {_name_of(explain)} must return a Picture; it returned {type(picture).__name__}.")


def _held_scale(frame: pathlib.Path) -> np.ndarray | None:
    """The scale of a frame that an earlier part of the training drew, if the frame tells it."""
    told = told_by(frame).get("scale")
    return None if told is None else np.asarray(told, np.float32)


def _name_of(explain: Callable[..., Any]) -> str:
    inner = getattr(explain, "func", explain)  # a functools.partial has no name, but what it wraps has
    return str(getattr(inner, "__name__", type(inner).__name__))


def _default_name(explain: Callable[..., Any], bound: inspect.BoundArguments) -> str:
    layer = bound.arguments.get("layer", bound.arguments.get("options", {}).get("layer"))
    several = layer if isinstance(layer, list | tuple) else [layer]
    names = [getattr(one, "name", one) for one in several]
    return "-".join([_name_of(explain), *(name for name in names if isinstance(name, str))])


def _safe(name: str) -> str:
    """A name as a folder may bear it on every system."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") if re.search(r"\w", name) else ""
