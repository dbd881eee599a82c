"""How do several versions of the same images differ?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

import numpy as np

from keras_vis.measure.drift import Drift, joined
from keras_vis.picture import checks
from keras_vis.picture.base import Picture
from keras_vis.picture.comparison import differences
from keras_vis.picture.images import Images


@dataclass(frozen=True, eq=False, repr=False)
class Gallery(Picture):
    """Several pictures of as many images, side by side; `Images.beside` makes one.

    Attributes:
        parts: m pictures of n images each. Each is drawn in its own value range and with its own captions; sizes and
            channels may differ.
        names: one for each of `parts`, all different, written above the columns. None given: what each part's `about`
            says of it.
        title: above the sheet.
        note: what more there is to know, in small letters below the title; what is black and white is said there too.
        about: of it, `parts` is kept up here: what each part's own `about` says, with its name.

    Example:
        >>> dream = kv.deep_dream(model, photo, kv.Energy("conv_pw_6"), steps=4)
        >>> kv.Images(photo).beside(dream).save("dream.png")
    """

    parts: Sequence[Images]
    _: KW_ONLY
    names: Sequence[str] = ()
    title: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        parts = _checked(self.parts)
        self._set("parts", parts)
        if isinstance(self.names, str):
            raise ValueError(f"`names={self.names!r}` is one string. Give a sequence with one for each part, or none.")
        names = tuple(str(name) for name in self.names) or _names(parts)
        if len(names) != len(parts):
            raise ValueError(f"`names` has {len(names)} entries, but there are {len(parts)} parts.")
        if len(set(names)) < len(names) or not all(name.strip() for name in names):
            raise ValueError(f"`names` must be different and not empty. Received: {', '.join(map(repr, names))}.")
        self._set("names", names)
        told = [{**part.about, "name": name} for name, part in zip(names, parts, strict=True)]
        self._set("about", {**self.about, "parts": told})

    @property
    def values(self) -> dict[str, np.ndarray]:
        """The raw numbers of each part, by name: `(n, h, w, c)`."""
        return {name: part.values for name, part in zip(self.names, self.parts, strict=True)}

    def scales(self) -> np.ndarray:
        """Give the m of each part's value range `(-m, m)`.

        Returns:
            float32, one for each part: 0 where the range is another or each image has its own; `(0,)` if all are 0.
        """
        found = np.array([part.scales().sum() for part in self.parts], np.float32)
        return found if found.any() else found[:0]

    def at(self, scale: float | np.ndarray) -> Self:
        """Give the same picture with the value ranges `(-scale, scale)`.

        Args:
            scale: a number for all, or one for each part: where it is 0, the part's own; nothing changes if empty.
        """
        given, wanted = np.asarray(scale, np.float32), (len(self.parts),)
        if given.shape not in ((), (0,), wanted):
            raise ValueError(
                f"`scale` must be one number or one for each of {wanted[0]} parts. Received: shape {given.shape}."
            )
        if given.shape == (0,):
            return self
        rows = np.broadcast_to(given, wanted)
        return dataclasses.replace(self, parts=tuple(part.at(row) for part, row in zip(self.parts, rows, strict=True)))

    def draw(self) -> np.ndarray:
        """Draw one row for each image, with a tile of each part.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import gallery

        return gallery.gallery_sheet(
            [checks.seen(part.values) for part in self.parts],
            names=self.names,
            captions=[part.captions for part in self.parts],
            value_ranges=[part.value_range for part in self.parts],
            title=self.title,
            note="\n".join(filter(None, (self.note, self._ranges()))),
        )

    def _drift(self, earlier: Self) -> Drift | None:
        if len(self.parts) != len(earlier.parts):
            return None
        pairs = list(zip(self.parts, earlier.parts, strict=True))
        # beside what was made of them, plain images are those that were put in: no net changes them
        made = [pair for pair in pairs if type(pair[0]) is not Images]
        return joined([now.drift(then) for now, then in made or pairs])

    def _ranges(self) -> str:
        """Say what is black and what is white."""
        from keras_vis.draw import text

        told: dict[str, list[str]] = {}
        for name, part in zip(self.names, self.parts, strict=True):
            words = "stretched, from each image's lowest to its highest value"
            if part.value_range is not None:
                words = " to ".join(map(text.number, part.value_range))
            told.setdefault(words, []).append(name)
        if len(told) == 1:
            return f"from black to white: {words}"
        return "from black to white: " + "; ".join(f"{words} ({', '.join(names)})" for words, names in told.items())

    def _fields(self) -> dict[str, object]:
        """Each part's own fields under its name."""
        arrays: dict[str, object] = {}
        parts = []
        for name, part in zip(self.names, self.parts, strict=True):
            own, rest = part._contents()
            # the field first: a part may be called "about", and have a slash in its name
            arrays |= {f"{key}/{name}": value for key, value in own.items()}
            parts.append(rest)
        return {**arrays, "names": self.names, "title": self.title, "note": self.note, "parts": parts}


def _checked(parts: object) -> tuple[Images, ...]:
    """Return pictures of the same number of images."""
    if isinstance(parts, Images) or not isinstance(parts, Sequence):
        raise TypeError(f"`parts` must be a sequence of Images. Received: {type(parts).__name__}.")
    for i, part in enumerate(parts):
        if not isinstance(part, Images):
            raise TypeError(f"Only Images can stand beside each other. Received: {type(part).__name__}, number {i}.")
    counts = [len(part.values) for part in parts]
    if len(set(counts)) != 1:
        received = f"{', '.join(map(str, counts))} images" if parts else "no parts"
        raise ValueError(f"What stands beside each other must be as many images. Received: {received}.")
    return tuple(parts)


def _names(parts: Sequence[Images]) -> tuple[str, ...]:
    """Name each part by its method; where several have one, by what else their `about` tells them apart."""
    names = [str(part.about.get("method") or part.title or "images").replace("_", " ") for part in parts]
    if len(set(names)) < len(names):
        facts = differences([part.about for part in parts])
        names = [name + fact for name, fact in zip(names, facts, strict=True)]
    return tuple(
        f"{name} {names[:i].count(name) + 1}" if names.count(name) > 1 else name for i, name in enumerate(names)
    )
