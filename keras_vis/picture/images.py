"""What do images and kernels look like, side by side?"""

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
    from keras_vis.picture.gallery import Gallery


@dataclass(frozen=True, eq=False, repr=False)
class Images(Picture):
    """Images or kernels, side by side.

    Attributes:
        values: `(n, h, w, c)`, float32, raw; of other than one or three channels their mean is drawn, in grey.
        captions: one for each image, or none.
        value_range: what is black and what is white, for all; a bar with numbers says so. None stretches each image on
            its own. Kernels take `(-m, m)`: zero is mid-grey.
        columns: images in a row; None chooses.
        axes: what the rows and the columns of a matrix are, as `("input channel", "output channel")`: tiles become
            small and close, and have their numbers along the edges. Wants `columns`; `values` come row by row.
        title: what the images are, above them.
        note: what more there is to know, in small letters below the title.

    Example:
        >>> kv.Images(digits[:10], captions=[str(label) for label in labels[:10]], columns=5).save("digits.png")
    """

    values: np.ndarray
    _: KW_ONLY
    captions: Sequence[str] = ()
    value_range: tuple[float, float] | None = None
    columns: int | None = None
    axes: tuple[str, str] | None = None
    title: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        self._set("values", checks.floats("values", self.values, (4,), "(n, h, w, c)"))
        self._set("captions", checks.captions(self.captions, len(self.values)))
        self._set("value_range", checks.value_range(self.value_range))
        if self.columns is not None and (self.columns != int(self.columns) or self.columns < 1):
            raise ValueError(f"`columns={self.columns!r}` must be a whole number, at least 1.")
        if self.axes is not None:
            if self.columns is None or isinstance(self.axes, str) or len(self.axes) != 2:
                raise ValueError(
                    f"`axes={self.axes!r}` must be two names, of the rows and of the columns, and wants `columns`. "
                    f"Received: columns={self.columns!r}."
                )
            if self.captions:
                raise ValueError(
                    "`captions` and `axes` exclude each other: the tiles of a matrix have numbers along its edges."
                )

    def scales(self) -> np.ndarray:
        """Give the m of a value range `(-m, m)`.

        Returns:
            float32 `(1,)`, or `(0,)` where the range is another or each image has its own: there is then nothing to
            hold.
        """
        low, high = self.value_range or (0.0, 0.0)
        return np.array([high] if low < 0 and low == -high else [], np.float32)

    def at(self, scale: float | np.ndarray) -> Self:
        """Give the same picture with the value range `(-scale, scale)`.

        Args:
            scale: a number, or what `scales()` of such a picture gave; nothing changes if that was empty.
        """
        scale = np.asarray(scale, np.float32).reshape(-1)
        if scale.size > 1:
            raise ValueError(f"`scale` has {scale.size} entries, but images share one. Give one number.")
        if scale.size == 0 or scale[0] == 0:
            return self
        return dataclasses.replace(self, value_range=(-float(scale[0]), float(scale[0])))

    def beside(self, *others: Images, names: Sequence[str] = (), title: str = "") -> Gallery:
        """Set other versions of the same images beside these.

        Args:
            others: pictures of as many images, of any size, grey or in colours.
            names: one for each picture, this one's first. None given: what each says of itself, its method and what
                else tells it from the others.
            title: above the sheet.

        Returns:
            A picture with one row for each image, and one column for each picture.

        Raises:
            TypeError: one of `others` is no `Images`.
            ValueError: the numbers of images differ, or there is not one name for each picture.

        Example:
            >>> dream = kv.deep_dream(model, photo, kv.Energy("conv_pw_6"), steps=4)
            >>> kv.Images(photo).beside(dream, names=("before", "after"))
        """
        # here, because a gallery is made of images and its file imports this one
        from keras_vis.picture.gallery import Gallery

        return Gallery((self, *others), names=names, title=title, about=about("gallery"))

    def draw(self) -> np.ndarray:
        """Draw every image as a tile.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import grid

        seen = checks.seen(self.values)
        head = {"title": self.title, "note": self.note}
        if self.axes is not None and self.columns is not None:
            return grid.kernel_sheet(seen, value_range=self.value_range, columns=self.columns, axes=self.axes, **head)
        return grid.image_sheet(
            seen, captions=self.captions, value_range=self.value_range, columns=self.columns, **head
        )

    def _drift(self, earlier: Self) -> Drift | None:
        return by_rank(self.values, earlier.values)
