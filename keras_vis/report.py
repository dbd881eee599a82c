"""What became of the network? One page that shows every picture of a run, with a slider for the epochs.

The page is one file next to the pictures. It needs no network and no server, and it is written anew after each epoch.
"""

from __future__ import annotations

import html
import json
import os
import pathlib
import re
import struct
import urllib.parse
from importlib import resources
from typing import Any

from keras_vis.picture import write_whole

__all__ = ["write_page"]

_NAME = re.compile(r"epoch-(\d+)\.png")


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


def write_page(directory: str | os.PathLike[str], *, title: str | None = None) -> pathlib.Path:
    """Write ``index.html`` for the pictures in a directory.

    Args:
        directory: holds folders of frames, ``<name>/epoch-0003.png``, and single pictures, ``<name>.png``, which are
            shown in the order in which they were written.
        title: of the page; by default the directory's name.

    Returns:
        The path of the page.

    Raises:
        FileNotFoundError: there is no such directory.
    """
    directory = pathlib.Path(directory)
    if not directory.is_dir():
        raise FileNotFoundError(f"`directory={str(directory)!r}` is not there.")
    found = sorted(directory.iterdir(), key=lambda path: path.name)
    shows = [show for show in map(_frames, filter(pathlib.Path.is_dir, found)) if show["frames"]]
    single = [path for path in found if path.suffix == ".png" and path.is_file()]
    # In the order in which they were drawn, which is that of a tutorial's steps.
    single.sort(key=lambda path: path.stat().st_mtime_ns)
    stills = [{"name": path.stem, "frames": [[0, *_frame(path, path.name)]]} for path in single]
    # `<` is written so that no name can end the script.
    content = json.dumps({"shows": shows, "stills": stills}).replace("<", "\\u003c")
    heading = html.escape(title or f"{directory.resolve().name}")
    template = resources.files("keras_vis").joinpath("page.html").read_text(encoding="utf-8")
    text = template.replace("__TITLE__", heading).replace("__CONTENT__", content)
    page = directory / "index.html"
    write_whole(page, text.encode())
    return page


def _frames(folder: pathlib.Path) -> dict[str, Any]:
    """The frames of one picture, in the order of their epochs."""
    frames = []
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match and path.is_file():
            frames.append([int(match[1]), *_frame(path, f"{folder.name}/{path.name}")])
    return {"name": folder.name, "frames": sorted(frames)}


def _frame(path: pathlib.Path, address: str) -> tuple[str, int, int]:
    """Its address, with its age, so that no browser shows an older one of that name; its width and height in pixels."""
    with path.open("rb") as file:
        head = file.read(24)
    # A PNG begins with a signature and a chunk of its width and height.
    width, height = struct.unpack(">II", head[16:24]) if len(head) == 24 else (1, 1)
    # A folder's or a file's name may hold what has a meaning in an address.
    return f"{urllib.parse.quote(address)}?{path.stat().st_mtime_ns // 1_000_000}", width, height
