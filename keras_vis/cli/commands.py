"""Which functions of the package can be asked from a command line?

Found by their signatures: what must be given stands on a command line (a model's file, files of pictures, a layer's
name, a class), and what comes back is a picture. A new method is a new command.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras_vis
from keras_vis.picture import Picture

PICTURES = ("images", "image_a", "image_b")  # what is read from files of pictures
_SAYABLE = ("model", *PICTURES, "layer", "target")
# The order of the help: from what a network is to what it wants. A file that is not here comes last.
_ORDER = (
    *("structure", "weights", "filters", "inspection", "features", "gradients", "backprop", "cam", "gap"),
    *("score_cam", "occlusion", "adversarial", "synthesis", "correspondence"),
)


@dataclass(frozen=True)
class Method:
    """A function that is a command.

    Attributes:
        name: of the command.
        function: what is called.
        parameters: of its signature, annotations evaluated.
        gives: the kinds of picture that come back.
    """

    name: str
    function: Callable[..., Picture]
    parameters: Mapping[str, inspect.Parameter]
    gives: tuple[type[Picture], ...]

    @property
    def pictures(self) -> tuple[str, ...]:
        """The arguments that files of pictures are read for."""
        return tuple(name for name in PICTURES if name in self.parameters)

    @property
    def needs(self) -> tuple[str, ...]:
        """The arguments that must be given."""
        return tuple(name for name, part in self.parameters.items() if part.default is part.empty)


@functools.cache
def methods() -> dict[str, Method]:
    """Return every function that is a command, by name, in the order of the help."""
    found = {}
    for name, function in _functions().items():
        signature = inspect.signature(function, eval_str=True)
        method = Method(name, function, signature.parameters, _pictures(signature.return_annotation))
        if method.gives and set(method.needs) <= set(_SAYABLE):
            found[name] = method
    return dict(sorted(found.items(), key=lambda item: (_place(item[1]), item[0])))


def without_command() -> list[str]:
    """Return the names of the package's functions that are no commands: they want arrays, labels or functions."""
    return [name for name in _functions() if name not in methods()]


def _functions() -> dict[str, Callable[..., Picture]]:
    public = {name: getattr(keras_vis, name) for name in keras_vis.__all__}
    return {name: thing for name, thing in public.items() if inspect.isfunction(thing)}


def _pictures(annotation: object) -> tuple[type[Picture], ...]:
    """The kinds of picture an annotation names; none where something else may come back."""
    kinds = typing.get_args(annotation) or (annotation,)
    return kinds if all(isinstance(kind, type) and issubclass(kind, Picture) for kind in kinds) else ()


def _place(method: Method) -> int:
    file = method.function.__module__.rpartition(".")[2]
    return _ORDER.index(file) if file in _ORDER else len(_ORDER)
