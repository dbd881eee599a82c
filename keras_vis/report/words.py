"""What is a picture called, and how is what it knows of itself said in words?"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

_LONG = 160  # letters of one setting; the file itself has the rest
_FEW = 12  # numbers of an array that are written out
# Names that are written otherwise than the function: as their papers have them.
_PROPER = {
    "deconvnet": "DeconvNet",
    "gap_cam": "CAM",
    "grad_cam": "Grad-CAM",
    "grad_cam_plus_plus": "Grad-CAM++",
    "guided_grad_cam": "guided Grad-CAM",
    "input_x_gradient": "input × gradient",
    "layer_cam": "LayerCAM",
    "rise": "RISE",
    "score_cam": "Score-CAM",
    "smooth_grad": "SmoothGrad",
}
_APART = ("versions", "scale", "note")  # said elsewhere on the page


def title(name: str, about: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a folder's or a file's name says, and the same as one would read it out.

    Args:
        name: such as ``"feature_maps-conv_1"``: the method and, after a hyphen, the layer; or whatever the user chose.
        about: what the picture says of itself; may be empty.

    Returns:
        ``("feature maps · conv_1", "feature maps, layer conv_1")``.
    """
    head, _, rest = name.partition("-")
    layer, method = about.get("layer"), about.get("method")
    layer = layer if isinstance(layer, str) else ""
    # a folder's name holds no slash: here the layer is written as the model has it
    if layer and (rest == re.sub(r"[^\w.-]+", "-", layer) or name == method):
        return f"{plain(head)} · {layer}", f"{plain(head)}, layer {layer}"
    if head == method and rest:
        return f"{plain(head)} · {rest}", f"{plain(head)}, {rest}"
    return plain(name), plain(name)


def plain(name: str) -> str:
    """Put spaces for underscores, ``"step_3_filters"`` is "step 3 filters", or name a method as its paper does."""
    return _PROPER.get(name) or name.replace("_", " ").strip() or name


def facts(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the settings of a picture, each with its name in words; long ones are cut."""
    return [(plain(str(key)), _cut(_said(value))) for key, value in about.items() if key not in _APART]


def note(about: Mapping[str, Any]) -> str:
    """Return the sentence that whoever drew a picture wanted to be read with it, if there is one."""
    found = about.get("note")
    return found if isinstance(found, str) else ""


def scale(about: Mapping[str, Any], *, held_of: int | None = None) -> str:
    """Say on what scale numbers became colours: "scale 0.012"; nothing where there is none.

    Args:
        about: with `scale`, a number or lists of them.
        held_of: the epoch whose scale all frames have, if they have one.
    """
    numbers = list(_numbers(about.get("scale")))
    if not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    said = f"scale {_short(low)}" if low == high else f"scales {_short(low)} to {_short(high)}"
    return said if held_of is None else f"{said}, held for all epochs: that of epoch {held_of}"


def _numbers(value: object) -> Iterator[float]:
    if isinstance(value, list | tuple):
        for entry in value:
            yield from _numbers(entry)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        yield float(value)


def _short(number: float) -> str:
    return f"{number:.3g}".replace("-", "−")


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1].rstrip(' ,;[')}…"


def _shape(value: object) -> tuple[int, ...]:
    """Of finite numbers in lists of equal length, as an array is written; empty of anything else."""
    if not isinstance(value, list) or not value:
        return ()
    if not any(isinstance(entry, list) for entry in value):
        return (len(value),) if len(list(_numbers(value))) == len(value) else ()
    shapes = {_shape(entry) for entry in value}
    inner = shapes.pop()
    return (len(value), *inner) if inner and not shapes else ()


def _said(value: object) -> str:
    """A JSON value, in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if (shape := _shape(value)) and len(shape) > 1 and math.prod(shape) > _FEW:
        numbers = list(_numbers(value))
        low, high = min(numbers), max(numbers)
        what = f"{_said(low)} everywhere" if low == high else f"numbers from {_said(low)} to {_said(high)}"
        return f"{what}, {' × '.join(map(str, shape))}"
    if isinstance(value, Mapping) and value:
        return "; ".join(f"{key}: {_said(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple) and value:
        return ", ".join(f"[{_said(entry)}]" if isinstance(entry, list | Mapping) else _said(entry) for entry in value)
    return "none" if value is None or value in ([], {}, (), "") else str(value)
