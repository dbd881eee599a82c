"""Which class is meant, and what are the classes called?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from keras_vis.cli.errors import UsageError
from keras_vis.cli.images import missing
from keras_vis.engine.layers import nearest
from keras_vis.engine.target import Probability, Target
from keras_vis.engine.units import Channel, Energy

_SYNSET = re.compile(r"n\d{8}\s+")  # WordNet's number, as in ImageNet's lists
KINDS = "probability:CLASS, channel:LAYER:NUMBER or energy:LAYER"


class Names:
    """The classes' names, and what else they are called.

    Attributes:
        labels: a name for each class, or None.
    """

    def __init__(self, path: str | None = None) -> None:
        self.labels: list[str] | None = None
        self._classes: dict[str, list[int]] = {}
        if path is None:
            return
        if not path:
            raise UsageError("--labels is empty. Wanted: the path of a file.")
        lines = _lines(Path(path))
        whole = [_SYNSET.sub("", line, count=1) for line in lines]
        # of "n01443537 goldfish, Carassius auratus" the first name is for captions, and each will do to ask
        several = all(_SYNSET.match(line) for line in lines)
        each = [line.split(", ") if several else [line] for line in whole]
        self.labels = [names[0] for names in each]
        for i, names in enumerate(each):
            for name in {*names, whole[i]}:
                self._classes.setdefault(name.lower(), []).append(i)

    def knows(self, name: str) -> bool:
        """Tell whether a class is called that."""
        return name.strip().lower() in self._classes

    def number(self, name: str, option: str) -> int:
        """Return the class that a number or a name stands for.

        Raises:
            UsageError: no class, or several, of that name.
        """
        name = name.strip()
        if not name:
            raise UsageError(f"{option}: a class is wanted, and here it is empty.")
        if re.fullmatch(r"-?\d+", name):
            return int(name)
        if self.labels is None:
            raise UsageError(f"{option} {name}: a class is a number, or a name where --labels FILE gives the names.")
        found = self._classes.get(name.lower(), [])
        if len(found) != 1:
            why = f"could be any of {', '.join(map(str, found))}" if found else "is none of the names in --labels"
            raise UsageError(f"{option} {name}: {why}.{'' if found else nearest(name.lower(), self._classes)}")
        return found[0]

    def classes(self, text: str, option: str) -> int | np.ndarray:
        """Return the class that is written, or the array of several, one for each image.

        Raises:
            UsageError: as for `number`.
        """
        if self.knows(text) or "," not in text:
            return self.number(text, option)
        return np.array([self.number(part, option) for part in text.split(",")])

    def target(self, text: str, option: str, *, any_kind: bool) -> Any:
        """Return what a target stands for: a class, classes, or a `Target` such as ``energy:conv_2``.

        Args:
            text: as it was written.
            option: the name of the option in messages.
            any_kind: whether anything but classes will do.

        Raises:
            UsageError: as for `number`; a kind of target that there is not, or that the method does not take.
        """
        if self.knows(text) or ":" not in text:
            return self.classes(text, option)
        if not any_kind:
            raise UsageError(f"{option} {text}: this command asks about classes alone.")
        made = [self._made(part, option) for part in text.split(",")]
        return made[0] if len(made) == 1 else made

    def _made(self, text: str, option: str) -> int | Target:
        kind, _, rest = text.strip().partition(":")
        layer, _, number = rest.rpartition(":")
        if not rest:
            return self.number(text, option)
        if kind == "probability":
            return Probability(self.number(rest, option))
        if kind == "energy":
            return Energy(rest)
        if kind == "channel" and layer and number.isdecimal():
            return Channel(layer, int(number))
        raise UsageError(f"{option} {text}: wanted a class, {KINDS}.")


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(missing(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: this is no text with a class's name in each line ({error}).") from None
    lines = [line.strip() for line in text.rstrip().splitlines()]
    if not text.strip() or not all(lines):
        raise UsageError(
            f"{path}: a class's name is wanted in each line; line {([*lines, '']).index('') + 1} is empty."
        )
    return lines
