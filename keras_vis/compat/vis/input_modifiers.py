"""How is an image moved before each step?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_vis.compat.absent import absent
from keras_vis.engine import transforms
from keras_vis.engine.transforms import Transform


class Jitter:
    """Shift the image at random before each step; what leaves it comes in on the other side.

    The shift is undone before the step is laid on. (There the image itself wandered, and its shifts added up.)

    Args:
        jitter: the largest shift, along each axis: in pixels or, below 1, as a share of the image's shorter side, of
            which at least one pixel is made.

    Raises:
        TypeError: it is no number.
        ValueError: it is negative, or not finite.

    Example:
        >>> visualize_activation(model, -1, filter_indices=3, input_range=(0.0, 1.0), input_modifiers=[Jitter(16)])
    """

    def __init__(self, jitter: float = 0.05) -> None:
        each = np.unique(np.asarray(jitter))
        if each.dtype.kind not in "iuf" or each.size != 1:
            raise TypeError(f"`jitter` must be one number, for both axes; received {jitter!r}.")
        if not 0 <= each[0] < np.inf:
            raise ValueError(f"`jitter` must be a finite number, at least 0; received {jitter!r}.")
        self.jitter = each[0].item()

    def move(self, shape: Sequence[int]) -> tuple[Transform, ...]:
        """Return it as a transform of images ``(n, h, w, c)``; of 0 none."""
        if not self.jitter:
            return ()
        pixels = self.jitter if self.jitter >= 1 else max(1, self.jitter * min(shape[1:3]))
        return (transforms.Jitter(int(pixels)),)


def moves(modifiers: object, shape: Sequence[int]) -> tuple[Transform, ...]:
    """Return the transforms that `input_modifiers` stands for.

    Raises:
        TypeError: it is no list of `Jitter` and transforms.
    """
    found: list[Transform] = []
    for modifier in modifiers if isinstance(modifiers, list | tuple) else [modifiers]:
        if not isinstance(modifier, Jitter | Transform):
            raise TypeError(
                "`input_modifiers` must be a list of `Jitter(16)`, or of transforms (keras_vis.Rotate(), "
                f"keras_vis.Scale(), your own keras_vis.Transform); received {type(modifier).__name__} {modifier!r}."
            )
        found += modifier.move(shape) if isinstance(modifier, Jitter) else (modifier,)
    return tuple(found)


__getattr__ = absent(
    __name__, {"InputModifier": "Derive from keras_vis.Transform, and give it to `input_modifiers` as it is."}
)
