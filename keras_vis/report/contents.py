"""What lies in the directory of a run, and what is known of it?

A page is written after each epoch, so this is quick: a directory's listing and one `frames.json` per picture tell all.
What they do not tell is read from the pictures themselves, once.
"""

from __future__ import annotations

import functools
import os
import pathlib
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

from keras_vis.picture import told_by
from keras_vis.report import words
from keras_vis.report.frames import LOG, frame_epoch, png_size, read_log
from keras_vis.report.trainings import Logs, by_epoch, clean, number, seconds, trainings

_SHOWN_VERSIONS = ("keras_vis", "keras", "tensorflow")

_MOST = 200  # single pictures of a folder that are shown: each is opened for what it says of itself

_Listing = dict[str, "os.DirEntry[str]"]


def contents(directory: pathlib.Path) -> dict[str, Any]:
    """Return all that a page shows, as JSON values.

    Args:
        directory: of the run.

    Returns:
        `shows`, the pictures with a frame for each epoch; `sections` of single ones; `trainings` with their curves; the
        seconds of `drawing`; `versions` of what drew.
    """
    here = _listing(directory)
    folders = [(name, _listing(entry)) for name, entry in sorted(here.items()) if _is_folder(entry)]
    shows, told, abouts = [], [], []
    alike: list[tuple[object, Logs]] = []
    for name, inside in folders:
        known = _known(inside.get(LOG))
        title = words.plain(name)
        if _moves(inside):
            show, about = _show(name, inside, known)
            title = show["title"]
            shows.append(show)
            abouts.append(about)
        # without frames: of a training whose pictures are still to come, or were taken away
        logs = clean(known.get("logs"), alike)
        alike.append((known.get("logs"), logs))
        times = by_epoch(known.get("epoch_seconds"))
        told.append((title, logs, {epoch: took for epoch in times if (took := seconds(times[epoch])) is not None}))
    still = [("", here), *((name, inside) for name, inside in folders if not _moves(inside))]
    sections = [section for name, inside in still if (section := _section(name, inside, abouts))["pictures"]]
    return {
        "shows": [show for show in shows if show["frames"]],
        "sections": sections,
        "trainings": trainings(told),
        "drawing": sum(frame[4] for show in shows for frame in show["frames"] if isinstance(frame[4], float)),
        "versions": _versions(abouts),
    }


def _listing(folder: str | os.PathLike[str] | os.DirEntry[str]) -> _Listing:
    """What is in a folder, by name, without what is hidden; nothing where it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return {entry.name: entry for entry in found if not entry.name.startswith(".")}
    except OSError:
        return {}


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _moves(inside: _Listing) -> bool:
    return any(frame_epoch(name) is not None for name in inside)


def _known(entry: os.DirEntry[str] | None) -> dict[str, Any]:
    """The `frames.json` of a picture; nothing where it is missing or broken."""
    try:
        return read_log(pathlib.Path(entry.path).parent) if entry else {}
    except RecursionError:  # nested without end
        return {}


def _show(name: str, inside: _Listing, known: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The frames of one picture, in the order of their epochs, and what it says of itself."""
    entries = by_epoch(known.get("frames"))
    found = {}
    for file, entry in sorted(inside.items()):
        epoch = frame_epoch(file)
        if epoch is not None and (age := _age(entry)) is not None:
            found[epoch] = entry, age
    frames = []
    for epoch, (entry, age) in sorted(found.items()):
        of = entries.get(epoch)
        of = of if isinstance(of, Mapping) else {}
        width, height = of.get("width"), of.get("height")
        if not (_is_size(width) and _is_size(height)):
            width, height = _size(entry.path, age)
        # digits of other scripts are digits, too
        file = f"{entry.name if entry.name.isascii() else _quoted(entry.name)}?{age // 1_000_000}"
        raw = int(f"{entry.name[:-4]}.npz" in inside)
        frames.append([epoch, file, width, height, seconds(of.get("seconds")), number(of.get("drift")), raw])
    about = known.get("about")
    if not isinstance(about, Mapping) or not about:
        about = _told(inside[_name(frames[-1])]) if frames else {}
    heading, spoken = words.title(name, about)
    film = inside.get("epochs.gif")
    show = {
        "name": name,
        "title": heading,
        "spoken": spoken,
        "at": f"{_quoted(name)}/",
        "frames": frames,
        "note": words.note(about),
        "facts": words.facts(about),
        "scale": words.scale(about, held_of=_scale_of(entries, found)),
        "measure": str(known.get("drift_measure") or ""),
        "sparing": str(known.get("sparing") or ""),
        "failure": str(known.get("failure") or ""),
        "film": f"epochs.gif?{written // 1_000_000}" if film and (written := _age(film)) else "",
    }
    return show, about


def _scale_of(entries: Mapping[int, Any], drawn: Iterable[int]) -> int | None:
    """The epoch on whose scale all frames are drawn, if there are several, and one such."""
    scales = [entry.get("scale_of") if isinstance(entry := entries.get(epoch), Mapping) else None for epoch in drawn]
    return scales[0] if len(scales) > 1 and len(set(map(str, scales))) == 1 and isinstance(scales[0], int) else None


def _section(name: str, inside: _Listing, abouts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The single pictures of one folder, in the order in which they were written: that of a tutorial's steps."""
    found = [
        (age, entry) for file, entry in inside.items() if file.endswith(".png") and (age := _age(entry)) is not None
    ]
    folder = f"{_quoted(name)}/" if name else ""
    pictures = []
    found.sort(key=lambda pair: (pair[0], pair[1].name))
    for age, entry in found[-_MOST:]:
        about, (width, height) = _told(entry), _size(entry.path, age)
        heading, spoken = words.title(entry.name[:-4], about)
        raw = f"{entry.name[:-4]}.npz"
        abouts.append(about)
        pictures.append(
            {
                "title": heading,
                "spoken": spoken,
                "at": folder,
                "frames": [[0, f"{_quoted(entry.name)}?{age // 1_000_000}", width, height, None, None, 0]],
                "note": words.note(about),
                "facts": words.facts(about),
                "scale": words.scale(about),
                "raw": _quoted(raw) if raw in inside else "",
            }
        )
    title = words.plain(name)
    if len(found) > _MOST:
        title = f"{title} (the last {_MOST} of {len(found):,})".strip()
    return {"title": title, "top": not name, "pictures": pictures}


def _age(entry: os.DirEntry[str]) -> int | None:
    """When a file was written, in nanoseconds; None if it is none, or has just been taken away."""
    try:
        return entry.stat().st_mtime_ns if entry.is_file() else None
    except OSError:
        return None


def _name(frame: list[Any]) -> str:
    return urllib.parse.unquote(str(frame[1]).partition("?")[0])


def _quoted(name: str) -> str:
    """A name as part of an address: it may hold what has a meaning there, and bytes that are no text."""
    return urllib.parse.quote(os.fsencode(name), safe="")


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


@functools.lru_cache(maxsize=20_000)  # all frames of a long run without `frames.json`
def _size(path: str, age: int) -> tuple[int, int]:
    """Width and height of a PNG in pixels. A file that was written anew has another age."""
    del age
    try:
        return png_size(pathlib.Path(path))
    except OSError:
        return 1, 1


def _told(entry: os.DirEntry[str]) -> dict[str, Any]:
    return _told_at(entry.path, _age(entry) or 0)


@functools.lru_cache(maxsize=20_000)
def _told_at(path: str, age: int) -> dict[str, Any]:
    del age
    try:
        return told_by(path)
    except Exception:  # whatever a torn file makes of a decoder: the page is written all the same
        return {}


def _versions(abouts: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What drew the pictures; several versions where they were drawn by several."""
    found = []
    for name in _SHOWN_VERSIONS:
        all_of_them = [about["versions"].get(name) for about in abouts if isinstance(about.get("versions"), Mapping)]
        if all_of_them := list(dict.fromkeys(str(version) for version in all_of_them if version)):
            found.append((name, ", ".join(all_of_them)))
    return found
