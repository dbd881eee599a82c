"""How does one method become a callback of its own name?"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from keras_vis.callbacks.visualizer import EpochVisualizer
from keras_vis.picture import Picture


def named(name: str, explain: Callable[..., Picture], **defaults: Any) -> type[Any]:
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
    **options: its options, and those of `EpochVisualizer`: {", ".join(p.name for p in ours)}.

Example:
    >>> model.fit(x, y, callbacks=[kv.callbacks.{name}({wants})])
"""
    # what tab completion and the reference show
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    construct.__signature__ = inspect.Signature([itself, *own, *ours])  # type: ignore[attr-defined]
    made = type(name, (EpochVisualizer,), {"__init__": construct, "__doc__": text, "__module__": "keras_vis.callbacks"})
    made.__signature__ = inspect.Signature(own + ours)  # type: ignore[attr-defined]
    return made
