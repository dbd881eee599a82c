"""What was climbed to, and how did it come about?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from keras_vis.picture import checks
from keras_vis.picture.charts import Chart
from keras_vis.picture.images import Images

_LASTS = 4.0  # seconds, the way in an animation
_FRAME = (0.05, 0.4)  # seconds, a frame of it at least and at most: seen, and no slide show
_END = 2.0  # seconds, the end
_LINES = 10  # more lines than colours could not be told apart


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Ascent(Images):
    """Images that were climbed to, with how they came about.

    `save` also writes `.gif`: the sheet at each frame, the last one held, looping for ever.

    Attributes:
        scores: `(steps, n)`, float32: the target at each step.
        frames: `(m, n, h, w, c)`, float32: the images on the way, the first the start, the last `values`; or None. In
            an animation each image is drawn in `value_range`, or else in the range of all its frames.
        frame_steps: m, ascending: after how many steps each of `frames` was.
        names: n short ones, for the lines of `curve()`; none given: the images' numbers.

    Example:
        >>> grown = kv.activation_maximization(model, [3, 8], steps=32, frames=8)
        >>> grown.save("way.gif")
        >>> grown.curve().save("curve.png")
    """

    scores: np.ndarray
    frames: np.ndarray | None = None
    frame_steps: Sequence[int] = ()
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        count = len(self.values)
        self._set("scores", checks.floats("scores", self.scores, (2,), "(steps, n)"))
        if self.scores.shape[1] != count:
            raise ValueError(f"`scores` must be (steps, {count}), of {count} images. Received: {self.scores.shape}.")
        if self.frames is not None:
            self._set("frames", checks.floats("frames", self.frames, (5,), "(m, n, h, w, c)"))
            if self.frames.shape[1:] != self.values.shape or not np.array_equal(self.frames[-1], self.values):
                raise ValueError(
                    f"`frames` must be (m, n, h, w, c) and end at `values`, {self.values.shape}. "
                    f"Received: {self.frames.shape}."
                )
        steps = tuple(int(step) for step in self.frame_steps)
        if len(steps) != (0 if self.frames is None else len(self.frames)) or sorted(set(steps)) != list(steps):
            raise ValueError(
                "`frame_steps` must be ascending numbers, one for each of `frames`. "
                f"Received: {list(steps)} for {0 if self.frames is None else len(self.frames)} frames."
            )
        self._set("frame_steps", steps)
        if isinstance(self.names, str):
            raise ValueError(f"`names={self.names!r}` is one string. Give a sequence with one for each image, or none.")
        self._set("names", tuple(str(name) for name in self.names))
        if len(self.names) not in (0, count):
            raise ValueError(f"`names` has {len(self.names)} entries, but there are {count} images.")

    def curve(self) -> Chart:
        """Draw the target over the steps: a line for each image or, of more than ten, each in grey and their median.

        Returns:
            A chart of `x`, the steps, and `y`, `(n, steps)`, or `(n + 1, steps)` with the median.
        """
        count = len(self.values)
        y, quiet = self.scores.T, 0
        names = list(self.names or (map(str, range(count)) if count > 1 else [""]))
        if count > _LINES:
            y, quiet = np.concatenate([y, np.median(y, axis=0, keepdims=True)]), count
            names = [""] * count + [f"median of {count}"]
        text = {"title": "How did the target rise?", "x": "step", "y": "target", "names": names, "quiet": quiet}
        return Chart("curves", {"x": np.arange(len(self.scores)), "y": y}, text=text, about=self.about)

    def _formats(self) -> dict[str, Callable[[], bytes]]:
        return {**super()._formats(), ".gif": self._gif}

    def _gif(self) -> bytes:
        from keras_vis.draw import animation

        if self.frames is None:
            raise ValueError("There is nothing to animate: `frames` is None. Make the picture with `frames=`.")
        end = "; below the images: what they are in the end" if self.captions else ""
        sheets = animation.image_sheets(
            checks.seen(self.frames),
            captions=self.captions,
            value_range=self.value_range,
            columns=self.columns,
            title=self.title,
            # on a line of its own: longer numbers wrap nothing
            notes=[f"{self.note}\nstep {step}{end}".lstrip() for step in self.frame_steps],
        )
        seconds = float(np.clip(_LASTS / len(sheets), *_FRAME))
        return animation.gif(sheets, seconds, _END, comment=json.dumps(self._facts(), sort_keys=True))
