"""What became of the network over a run? The frames of each picture, the page that shows them all, films of them."""

from __future__ import annotations

from keras_vis.report.animation import write_gif
from keras_vis.report.page import write_page

__all__ = ["write_gif", "write_page"]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__
