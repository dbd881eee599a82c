"""Of which trainings do the logs of the pictures tell?

Each picture keeps what Keras said of the epochs. Pictures of one training say the same; a directory may hold those of
several.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# of one training, by the number of epochs trained: what Keras said, and how long it took
Logs = dict[int, dict[str, "float | str | None"]]
_NO_NUMBERS = ("nan", "inf", "-inf")  # JSON has no other way to say that a training diverged


def number(value: object) -> float | str | None:
    """Return a number, the word for one that is not finite, or None for what is neither."""
    if type(value) is float and math.isfinite(value):  # nearly always
        return value
    if isinstance(value, str):
        return value if value in _NO_NUMBERS else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        value = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return "inf" if value > 0 else "-inf"
    if math.isnan(value):
        return "nan"
    return value if math.isfinite(value) else "inf" if value > 0 else "-inf"


def seconds(value: object) -> float | None:
    """Return a time that can be added up, or None."""
    found = number(value)
    return found if isinstance(found, float) and found >= 0 else None


def by_epoch(found: object) -> dict[int, Any]:
    """Return a dictionary of epochs with whole numbers as keys, in order; what is none is left out."""
    if not isinstance(found, Mapping):
        return {}
    return dict(sorted((int(key), value) for key, value in found.items() if str(key).isdecimal()))


def clean(found: object, alike: Iterable[tuple[object, Logs]] = ()) -> Logs:
    """Return what is usable of the logs in a `frames.json`.

    Args:
        found: the logs.
        alike: others, with what was usable of them: the pictures of one training have the same.
    """
    for other, usable in alike:
        if other == found:
            return usable
    return {
        epoch: {str(name): number(value) for name, value in said.items()}
        for epoch, said in by_epoch(found).items()
        if isinstance(said, Mapping)
    }


def trainings(told: Iterable[tuple[str, Logs, Mapping[int, float]]]) -> list[dict[str, Any]]:
    """Join the logs that agree wherever they overlap; others are of another training.

    Args:
        told: of each picture its title, its logs and the seconds of each epoch.

    Returns:
        For each training the titles of its `pictures`, its `epochs`, its `curves` (a value, or none, for each of those
        epochs), and its `seconds` in all.
    """
    joined: list[_Joined] = []
    for picture, logs, took in told:
        if not logs and not took:
            continue
        homes = [one for one in joined if one.agrees(logs)]
        if not homes:
            homes = [_Joined()]
            joined += homes
        home, *others = homes
        home.add(picture, logs, took)
        # Those of the parts of a training have no epoch in common, but with one of the whole.
        for other in others:
            if home.agrees(other.logs):
                home.take(other)
                joined.remove(other)
    return [
        {
            "pictures": one.pictures,
            "epochs": sorted(one.logs),
            "curves": {name: [one.logs[epoch].get(name) for epoch in sorted(one.logs)] for name in one.names()},
            "seconds": sum(one.took.values()),
        }
        for one in joined
    ]


@dataclass
class _Joined:
    """What several pictures say of one training."""

    pictures: list[str] = field(default_factory=list)
    logs: Logs = field(default_factory=dict)
    took: dict[int, float] = field(default_factory=dict)
    parts: list[Logs] = field(default_factory=list)

    def agrees(self, logs: Logs) -> bool:
        # most are the very same, which saves comparing their numbers
        if any(logs is part for part in self.parts):
            return True
        shared = self.logs.keys() & logs
        # without an epoch in common nothing says that they are of one training
        return (bool(shared) or not (self.logs and logs)) and all(
            self.logs[epoch][name] == logs[epoch][name]
            for epoch in shared
            for name in self.logs[epoch].keys() & logs[epoch]
        )

    def add(self, picture: str, logs: Logs, took: Mapping[int, float]) -> None:
        self.pictures.append(picture)
        self.took = {**took, **self.took}
        if any(logs is part for part in self.parts):
            return
        self.parts.append(logs)
        for epoch, said in logs.items():
            self.logs.setdefault(epoch, {}).update(said)

    def take(self, other: _Joined) -> None:
        """Add another's."""
        self.pictures += other.pictures
        self.took = {**other.took, **self.took}
        self.parts += other.parts
        for epoch, said in other.logs.items():
            self.logs.setdefault(epoch, {}).update(said)

    def names(self) -> list[str]:
        """The metrics, in the order in which Keras gave them."""
        return list(dict.fromkeys(name for epoch in sorted(self.logs) for name in self.logs[epoch]))
