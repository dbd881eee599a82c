"""What did a method find, and how is it looked at and kept?

A picture holds raw numbers, never scaled, and can draw and save itself. A method that has more to tell than a kind of
picture holds derives from it: the further fields are saved with it.

    @dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
    class Occlusion(HeatMaps):
        scores: np.ndarray
"""

from __future__ import annotations

from keras_vis.picture.ascent import Ascent
from keras_vis.picture.base import Picture, about, told_by, write_whole
from keras_vis.picture.charts import Chart, Diagram
from keras_vis.picture.comparison import Comparison
from keras_vis.picture.features import FeatureMaps
from keras_vis.picture.gallery import Gallery
from keras_vis.picture.images import Images
from keras_vis.picture.maps import HeatMaps
from keras_vis.picture.patches import Patches
from keras_vis.picture.table import Table

__all__ = [
    "Ascent",
    "Chart",
    "Comparison",
    "Diagram",
    "FeatureMaps",
    "Gallery",
    "HeatMaps",
    "Images",
    "Patches",
    "Picture",
    "Table",
    "about",
    "told_by",
    "write_whole",
]
