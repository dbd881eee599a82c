"""At which layers does one look for a map of what is asked about?

The rule for the default: walking back from the head, the last layer whose output is a map (rank 4, more than one
position) and that is no dropout, pooling, padding, reshape or flatten.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras

from keras_vis.engine import layers
from keras_vis.engine.outline import Outline
from keras_vis.engine.settled import Settled
from keras_vis.engine.target import Combination, Target

_NAMED = 6  # layers that an error names


@dataclass(frozen=True)
class Sight:
    """The layers that lie between the images and what is asked about.

    Attributes:
        outline: what is in the model.
        outputs: the outputs that are asked about.
        read: the layers that are asked about. With neither, nothing need depend on what is looked at.
        which: the input over which maps are to lie, by index; None: any.
    """

    outline: Outline
    outputs: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    which: int | None = None

    def usable(self) -> list[str]:
        """Return the layers whose maps can be looked at, in the order in which they are done."""
        return [
            path
            for path, facts in self.outline.maps().items()
            if not (facts.echo or facts.passive or facts.inside)
            and self._lack(path) is None
            # What gives the logits of a segmentation is its answer, not what it has seen.
            and not facts.heads & (facts.feeds & self.outputs or facts.feeds)
        ]

    def last(self) -> str:
        """Return the last of them: where one looks by default.

        Raises:
            ValueError: the model has no convolution, or no such layer.
        """
        if any(facts.convolution for facts in self.outline.layers.values()):
            usable = self.usable()
            if usable:
                return usable[-1]
            if Sight(self.outline).usable():
                raise ValueError(
                    "no layer whose result is a map (h', w', k) of more than one position lies between the images and "
                    "what is asked about, so there is none for a class activation map. Methods that look at the input, "
                    "such as saliency, need none."
                )
        raise ValueError(
            "the model has no convolution whose result is a map (h', w', k) of more than one position, so there is no "
            "layer for a class activation map. Methods that look at the input, such as saliency, need none."
        )

    def check(self, path: str) -> str:
        """Return the path, if the layer's maps can be looked at.

        Raises:
            ValueError: it gives no maps of more than one position; it does not depend on the images, or what is asked
                about not on it. With the layers that would do.
        """
        shape = self.outline.single(path)
        lack = self._lack(path)
        if path not in self.outline.maps():
            lack = f"gives no maps (h', w', k) of more than one position but {shape}"
        if lack is None:
            return path
        usable = self.usable()
        do = f"These would do: {', '.join(usable[-_NAMED:])}." if usable else "No layer of the model would do."
        raise ValueError(f"`layer={path!r}` {lack}. {do}")

    def _lack(self, path: str) -> str | None:
        """Say why a layer shows nothing of the images, or of what is asked about; None where it does."""
        facts = self.outline.layers[path]
        if not facts.sees or (self.which is not None and self.which not in facts.sees):
            return "does not depend on the images over which its maps would be drawn"
        asked = bool(self.outputs or self.read)
        rest = self.outline.layers
        below = any(other in rest and rest[other].behind >> facts.order & 1 for other in self.read)
        if asked and not below and facts.feeds.isdisjoint(self.outputs):
            return "has no part in what is asked about: the target does not depend on it"
        return None


def looked_at(model: keras.Model, outline: Outline, target: Target, layer: object, which: int) -> tuple[str, ...]:
    """Return the paths of the layers at which to look.

    Args:
        model: the model.
        outline: of it.
        target: what is asked about, resolved.
        layer: a name, a path or the layer; a list or tuple of them; None for the last that would do.
        which: the input over which the maps are to lie, by index.

    Raises:
        TypeError: `layer` is none of these.
        ValueError: there is no such layer, or it would not do, see `Sight`; an empty list, or one layer twice.
    """
    outputs, read = _read(target)
    sight = Sight(outline, frozenset(outputs), frozenset(read), which)
    if layer is None:
        return (sight.last(),)
    several = layer if isinstance(layer, list | tuple) else (layer,)
    if not several:
        raise ValueError(f"`layer` is empty. Give at least one layer, or None for {sight.last()!r}.")
    paths = [layers.find(model, one)[0] for one in several]
    twice = [path for path in paths if paths.count(path) > 1]
    if twice:
        raise ValueError(f"`layer` names {twice[0]!r} {len(twice)} times. Give each layer once.")
    return tuple(sight.check(path) for path in paths)


def _read(target: Target) -> tuple[set[str], set[str]]:
    """Return the outputs and the layers that a target reads."""
    if isinstance(target, Settled):
        return _read(target.asked)
    if isinstance(target, Combination):
        parts = [_read(term) for term in target.terms]
        return set().union(*(outputs for outputs, _ in parts)), set().union(*(read for _, read in parts))
    return {target.output} if target.output else set(), set(target.layers)
