"""Where in an image is something: maps over images?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keras_vis.measure.drift import Drift, by_rank
from keras_vis.picture import checks
from keras_vis.picture.base import Picture, about

if TYPE_CHECKING:
    from keras_vis.draw.heat import Evidence
    from keras_vis.picture.comparison import Comparison


@dataclass(frozen=True, eq=False, repr=False)
class HeatMaps(Picture):
    """Maps over images, one for each.

    Attributes:
        values: `(n, h, w)` or `(n, h, w, c)`, float32, raw. A map may be coarser than its image.
        images: `(n, height, width, c)`, c 1 or 3: what lies under the maps.
        signed: whether the sign means for and against. Drawn blue - white - red, zero in the middle; otherwise inferno,
            of the absolute value.
        captions: one for each image, or none.
        scale: the value that gets the strongest colour. None: of each image's own map the 99th percentile of the
            absolute value, or its highest where that is 0. A number: the same for all, with one colour bar. `(n,)`: one
            for each image; where it is 0, the image's own.
        origin: where the colours of an unsigned map begin: `"lowest"`, at the lowest value of each, and scales are then
            counted from there; None: at 0.
        channels: how one number is made of c for drawing: `"max"` the one of largest absolute value, or `"sum"`.
        colours: one of matplotlib's colour maps instead.
        value_range: black and white of the images; None stretches each image on its own.
        title: what the maps are, above them; the scale is then told below it.

    Example:
        >>> maps = kv.grad_cam(model, digits[:4], 3)
        >>> maps.values.shape
        (4, 24, 24)
        >>> kv.HeatMaps(maps.values, digits[:4], scale=1.0, title="Grad-CAM, on one scale").save("four.png")
    """

    values: np.ndarray
    images: np.ndarray
    _: KW_ONLY
    signed: bool = False
    captions: Sequence[str] = ()
    scale: float | np.ndarray | None = None
    origin: str | None = None
    channels: str = "max"
    colours: str | None = None
    value_range: tuple[float, float] | None = None
    title: str = ""

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        self._set("values", checks.floats("values", self.values, (3, 4), "(n, h, w) or (n, h, w, c)"))
        self._set("images", checks.pixels("images", self.images, len(self.values)))
        self._set("captions", checks.captions(self.captions, len(self.values)))
        self._set("scale", checks.scale(self.scale, len(self.values)))
        self._set("value_range", checks.value_range(self.value_range))
        if self.origin not in (None, "lowest") or (self.origin and self.signed):
            raise ValueError(f"`origin={self.origin!r}` must be None or, of maps without a sign, 'lowest'.")
        if self.channels not in ("max", "sum"):
            raise ValueError(f"`channels={self.channels!r}` must be 'max' or 'sum'.")
        if self.colours is not None:
            from keras_vis.draw import colour

            colour.check(self.colours)

    def scales(self) -> np.ndarray:
        """Give the value that gets the strongest colour, for each image.

        Returns:
            float32 `(n,)`; 0 where a map is zero everywhere.
        """
        return checks.scales_in_force(self.scale, self._above(), 99)

    def at(self, scale: float | np.ndarray) -> Self:
        """Give the same picture at another scale, such as that of an earlier one.

        Args:
            scale: a number, or `(n,)`.
        """
        return dataclasses.replace(self, scale=scale)

    def over(self, images: np.ndarray) -> Self:
        """Give the same maps over other images, such as those before preprocessing.

        Args:
            images: `(n, height, width, c)`, of any size; each is stretched on its own.
        """
        return dataclasses.replace(self, images=images, value_range=None)

    def beside(self, *others: HeatMaps, names: Sequence[str] | None = None, title: str = "") -> Comparison:
        """Set other maps of the same images beside these.

        Args:
            others: maps of as many images; theirs are not drawn, but these.
            names: one for each picture, these maps' first. None: what each says of itself, its method and what else
                tells it from the others.
            title: above the sheet.

        Returns:
            A picture with one row for each image: the image, and each map over it.

        Raises:
            TypeError: one of `others` is no `HeatMaps`.
            ValueError: the numbers of images differ, or there is not one name for each picture.

        Example:
            >>> kv.saliency(model, digits).beside(kv.grad_cam(model, digits), names=("saliency", "Grad-CAM"))
        """
        # here, because a comparison is made of heat maps and its file imports this one
        from keras_vis.picture.comparison import Comparison

        return Comparison((self, *others), names=() if names is None else names, title=title, about=about("comparison"))

    def draw(self) -> np.ndarray:
        """Draw each image, and beside it its map over it.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import heat

        return heat.heat_sheet(
            self._evidence(),
            self.images,
            shared=self.scale is not None and np.ndim(self.scale) == 0,
            captions=self.captions,
            value_range=self.value_range,
            title=self.title,
            note=self._note() if self.title else "",
        )

    def _drift(self, earlier: Self) -> Drift | None:
        return by_rank(self.values, earlier.values) if np.array_equal(self.images, earlier.images) else None

    def _note(self) -> str:
        """Say what the colours mean."""
        several = len(self.values) > 1
        if self.scale is None:
            own = "each map on its own scale" if several else "on its own scale"
            return f"{own}, up to the 99th percentile of {'|value|' if self.signed else 'its values'}"
        if np.ndim(self.scale) == 0 or not several:
            return "on a given scale; an arrow on the bar: there are values beyond it"
        return "each map on the scale given for it; an arrow on a bar: there are values beyond it"

    def _evidence(self) -> Evidence:
        """The maps as they are drawn: one number a pixel, with scale and colours."""
        from keras_vis.draw import colour, heat

        name = self.colours or (colour.DIVERGING if self.signed else colour.SEQUENTIAL)
        origins = self._maps().min(axis=(1, 2)) if self.origin == "lowest" else np.zeros(len(self.values), np.float32)
        return heat.Evidence(self._above(), self.signed, self.scales(), name, origins)

    def _above(self) -> np.ndarray:
        """The maps, counted from where their colours begin."""
        maps = self._maps()
        return maps - maps.min(axis=(1, 2), keepdims=True) if self.origin == "lowest" else maps

    def _maps(self) -> np.ndarray:
        from keras_vis.draw import heat

        return heat.reduce_channels(self.values, self.channels)
