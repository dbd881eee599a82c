"""How do several maps of one image differ?"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

import numpy as np

from keras_vis.measure.drift import Drift, joined
from keras_vis.picture.base import Picture
from keras_vis.picture.maps import HeatMaps

_LONGEST = 40  # letters of a fact in a name made here: `about` has all of it


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Picture):
    """Several maps of the same images, side by side; `HeatMaps.beside` makes one.

    Attributes:
        maps: m heat maps of n images each. All are drawn over the images of the first, each in its own colours and on
            its own scale.
        names: one for each of `maps`, all different, written above the columns. None given: what each map's `about`
            says of it.
        title: above the sheet.
        about: of it, `parts` is kept up here: what each map's own `about` says, with its name.

    Example:
        >>> pair = kv.grad_cam(model, photo, layer=["block3_conv3", "block5_conv3"])
        >>> [maps.values.shape for maps in pair.maps]
    """

    maps: Sequence[HeatMaps]
    _: KW_ONLY
    names: Sequence[str] = ()
    title: str = ""

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        maps = _checked(self.maps)
        images, value_range = maps[0].images, maps[0].value_range
        laid = (dataclasses.replace(part, images=images, value_range=value_range) for part in maps[1:])
        self._set("maps", (maps[0], *laid))
        if isinstance(self.names, str):
            raise ValueError(f"`names={self.names!r}` is one string. Give a sequence with one for each map, or none.")
        names = tuple(str(name) for name in self.names) or _names(maps)
        if len(names) != len(maps):
            raise ValueError(f"`names` has {len(names)} entries, but there are {len(maps)} maps of each image.")
        if len(set(names)) < len(names) or not all(name.strip() for name in names):
            raise ValueError(f"`names` must be different and not empty. Received: {', '.join(map(repr, names))}.")
        self._set("names", names)
        parts = [{**part.about, "name": name} for name, part in zip(names, maps, strict=True)]
        self._set("about", {**self.about, "parts": parts})

    @property
    def values(self) -> dict[str, np.ndarray]:
        """The raw numbers of each map, by name: `(n, h, w)` or `(n, h, w, c)`."""
        return {name: part.values for name, part in zip(self.names, self.maps, strict=True)}

    @property
    def images(self) -> np.ndarray:
        """What lies under the maps, `(n, height, width, c)`: the first map's images."""
        return self.maps[0].images

    @property
    def captions(self) -> Sequence[str]:
        """One for each image, or none: the first map's captions."""
        return self.maps[0].captions

    def scales(self) -> np.ndarray:
        """Give the value that gets the strongest colour, for each map of each image.

        Returns:
            float32 `(m, n)`; 0 where a map is zero everywhere.
        """
        return np.stack([part.scales() for part in self.maps])

    def at(self, scale: float | np.ndarray) -> Self:
        """Give the same picture at another scale, such as that of an earlier one.

        Args:
            scale: a number for all, or `(m, n)`: one for each map of each image; where it is 0, the map's own.
        """
        given, wanted = np.asarray(scale, np.float32), (len(self.maps), len(self.images))
        if given.shape not in ((), wanted):
            raise ValueError(
                f"`scale` must be one number or one for each of {wanted[0]} maps of {wanted[1]} images, {wanted}. "
                f"Received: shape {given.shape}."
            )
        rows = [float(given)] * len(self.maps) if given.ndim == 0 else given
        maps = tuple(part.at(row) for part, row in zip(self.maps, rows, strict=True))
        return dataclasses.replace(self, maps=maps)

    def over(self, images: np.ndarray) -> Self:
        """Give the same maps over other images, such as those before preprocessing.

        Args:
            images: `(n, height, width, c)`, of any size; each is stretched on its own.
        """
        return dataclasses.replace(self, maps=tuple(part.over(images) for part in self.maps))

    def draw(self) -> np.ndarray:
        """Draw each image, and beside it each of its maps over it, with the colour bar of each.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import comparison

        return comparison.comparison_sheet(
            [part._evidence() for part in self.maps],
            self.images,
            names=self.names,
            captions=self.captions,
            value_range=self.maps[0].value_range,
            title=self.title,
            note=self._note(),
        )

    def _drift(self, earlier: Self) -> Drift | None:
        if len(self.maps) != len(earlier.maps):
            return None
        return joined([now.drift(then) for now, then in zip(self.maps, earlier.maps, strict=True)])

    def _note(self) -> str:
        """Say what the colours mean."""
        given = [name for name, part in zip(self.names, self.maps, strict=True) if part.scale is not None]
        of = "|value|" if any(part.signed for part in self.maps) else "its values"
        own = f"each map on its own scale, up to the 99th percentile of {of}"
        if not given:
            return own
        if len(given) < len(self.maps):
            return f"{own}; on a given scale: {', '.join(given)}"
        numbers = {part.scale if isinstance(part.scale, float) else None for part in self.maps}
        one = len(numbers) == 1 and numbers != {None}
        which = "all maps on one given scale" if one else "each map on the scale given for it"
        return f"{which}; an arrow on a bar: there are values beyond it"

    def _fields(self) -> dict[str, object]:
        """The images once, and each map's own fields under its name."""
        arrays: dict[str, object] = {"images": self.images}
        parts = []
        for name, part in zip(self.names, self.maps, strict=True):
            own, rest = part._contents()
            # the field first: a map may be called "images" or "about", and have a slash in its name
            arrays |= {f"{key}/{name}": value for key, value in own.items() if key != "images"}
            parts.append(rest)
        return {**arrays, "names": self.names, "title": self.title, "parts": parts}


def _checked(maps: object) -> tuple[HeatMaps, ...]:
    """Return heat maps of the same number of images."""
    if isinstance(maps, HeatMaps) or not isinstance(maps, Sequence):
        raise TypeError(f"`maps` must be a sequence of HeatMaps. Received: {type(maps).__name__}.")
    for i, part in enumerate(maps):
        if not isinstance(part, HeatMaps):
            raise TypeError(f"Only HeatMaps can stand beside each other. Received: {type(part).__name__}, number {i}.")
    counts = [len(part.values) for part in maps]
    if len(set(counts)) != 1:
        received = f"maps of {', '.join(map(str, counts))} images" if maps else "no maps"
        raise ValueError(f"What stands beside each other must be maps of the same images. Received: {received}.")
    return tuple(maps)


def _names(maps: Sequence[HeatMaps]) -> tuple[str, ...]:
    """Name each picture by its method; where several have one, by what else their `about` tells them apart."""
    plain = [str(part.about.get("method") or part.title or "map").replace("_", " ") for part in maps]
    names = list(plain)
    for name in dict.fromkeys(plain):
        same = [i for i, other in enumerate(plain) if other == name]
        if len(same) > 1:
            for i, facts in zip(same, differences([maps[i].about for i in same]), strict=True):
                names[i] = name + facts
    for name in dict.fromkeys(names):
        same = [i for i, other in enumerate(names) if other == name]
        if len(same) > 1:
            for number, i in enumerate(same, 1):
                names[i] = f"{name} {number}"
    return tuple(names)


def differences(abouts: Sequence[Mapping[str, object]]) -> list[str]:
    """Say in a few words what each of several pictures of one method has that the others have not."""
    # the layer and the target first: they say most
    keys = dict.fromkeys(["layer", "target", *(key for facts in abouts for key in facts)])
    facts = {key: _facts(key, abouts) for key in keys if key not in ("method", "versions")}
    differ = [words for words in facts.values() if len(set(words)) > 1]
    enough = [words for words in differ if len(set(words)) == len(abouts)]
    return ["".join(words) for words in zip(*(enough[:1] or differ), strict=True)] or [""] * len(abouts)


def _facts(key: str, abouts: Sequence[Mapping[str, object]]) -> list[str]:
    """Put one fact of each into words; nothing where it is not told."""
    told = [str(about[key]) if key in about else "" for about in abouts]
    if key == "target":
        # the output goes without saying where it is the same
        short = [re.sub(r", output='[^']*'", "", text) for text in told]
        told = short if len(set(short)) == len(set(told)) else told
    told = [text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\u2026" for text in told]
    word = {"layer": " at ", "target": ", "}.get(key, f", {key.replace('_', ' ')} ")
    return [word + text if text else "" for text in told]
