"""What became of the network? One page that shows every picture of a run, with a slider for the epochs.

The page is one file next to the pictures. It needs no network and no server, and it is written anew after each epoch.
"""

from __future__ import annotations

import functools
import html
import json
import os
import pathlib
import re
from importlib import resources

from keras_vis.draw.colour import PALETTE
from keras_vis.picture import write_whole
from keras_vis.report.contents import contents

__all__ = ["write_page"]

_OURS = b'<meta name="generator" content="keras_vis">'
_SCRIPTS = ("page.js", "charts.js", "cards.js", "start.js")  # one script, in this order


def write_page(directory: str | os.PathLike[str], *, title: str | None = None) -> pathlib.Path:
    """Write ``index.html`` for the pictures in a directory.

    The page has the curves of the training, how much each picture changed, every frame with a slider for the epochs,
    two epochs side by side if wished, and the single pictures.

    Args:
        directory: holds folders of frames, ``<name>/epoch-0003.png``, with what is known of them in
            ``<name>/frames.json``, if that is there; single pictures, ``<name>.png``; and groups of them,
            ``<group>/<name>.png``. Single pictures are shown in the order in which they were written.
        title: of the page; by default the directory's name.

    Returns:
        The path of the page.

    Raises:
        FileNotFoundError: there is no such directory.
        FileExistsError: its ``index.html`` is another's.

    Example:
        >>> kv.filters(model, "conv_1").save("vis/filters/epoch-0001.png")
        >>> kv.report.write_page("vis")
    """
    directory = pathlib.Path(directory)
    if not directory.is_dir():
        raise FileNotFoundError(f"`directory={str(directory)!r}` is not there.")
    check_page(directory)
    text = json.dumps(contents(directory), separators=(",", ":"), allow_nan=False)
    # Written so that no name can end the script, nor open a comment in it.
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    parts = {"TITLE": html.escape(title or directory.resolve().name), "CONTENT": text}
    # in one go: a title may be called __CONTENT__
    whole = re.sub("__(TITLE|CONTENT)__", lambda match: parts[match[1]], _template())
    page = directory / "index.html"
    # a folder's name need not be text
    write_whole(page, whole.encode(errors="replace"))
    return page


def check_page(directory: pathlib.Path) -> None:
    """Refuse a directory with a page that this package has not written: it would be replaced.

    Raises:
        FileExistsError: it has one.
    """
    page = directory / "index.html"
    if page.is_file() and _OURS not in page.read_bytes()[:1000]:
        raise FileExistsError(
            f"`directory={str(directory)!r}` holds an index.html that is not a page of this package, and would be "
            "replaced. Give another."
        )


@functools.cache
def _template() -> str:
    """The page without its title and content: style and script are put into it."""
    room = resources.files("keras_vis.report")
    parts = {
        "STYLE": room.joinpath("page.css").read_text(encoding="utf-8"),
        "SCRIPT": "\n".join(room.joinpath(name).read_text(encoding="utf-8") for name in _SCRIPTS),
        # black would not be seen on dark paper
        "COLOURS": json.dumps(["var(--ink)" if colour == "#000000" else colour for colour in PALETTE]),
    }
    text = room.joinpath("page.html").read_text(encoding="utf-8")
    for name in ("STYLE", "SCRIPT", "COLOURS"):
        text = text.replace(f"__{name}__", parts[name])
    return text
