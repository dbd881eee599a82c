"""What became of the network? One page that shows every picture of a run, with a slider for the epochs.

The page is one file next to the pictures. It needs no network and no server, and it is written anew after each epoch.
"""

from __future__ import annotations

import html
import json
import os
import pathlib
import re
from typing import Any

from keras_vis.picture import write_whole

_FRAME = re.compile(r"epoch-(\d+)\.png")


def write_page(directory: str | os.PathLike[str], *, title: str | None = None) -> pathlib.Path:
    """Write ``index.html`` for the pictures in a directory.

    Args:
        directory: holds folders of frames, ``<name>/epoch-0003.png``, and single pictures, ``<name>.png``.
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
    stills = [{"name": path.stem, "file": path.name} for path in found if path.suffix == ".png"]
    # `<` is written so that no name can end the script.
    content = json.dumps({"shows": shows, "stills": stills}).replace("<", "\\u003c")
    heading = html.escape(title or f"{directory.resolve().name}")
    page = directory / "index.html"
    write_whole(page, _PAGE.replace("__TITLE__", heading).replace("__CONTENT__", content).encode())
    return page


def _frames(folder: pathlib.Path) -> dict[str, Any]:
    """The frames of one picture: epoch, file, and its age, so that a browser does not show an older one of that name."""
    frames = []
    for path in folder.iterdir():
        match = _FRAME.fullmatch(path.name)
        if match:
            frames.append([int(match[1]), f"{folder.name}/{path.name}?{path.stat().st_mtime_ns // 1_000_000}"])
    return {"name": folder.name, "frames": sorted(frames)}


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>__TITLE__</title>
<style>
:root { color-scheme: light dark; --ink: #222; --faint: #666; --paper: #fff; --card: #fff; --rule: #ddd; --mark: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --faint: #a0a0a0; --paper: #16181b; --card: #202327; --rule: #3a3e44; --mark: #56b4e9; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.45 system-ui, sans-serif; }
header { position: sticky; top: 0; z-index: 1; background: var(--paper); border-bottom: 1px solid var(--rule); padding: .7rem 1.2rem; }
h1 { font-size: 1.15rem; margin: 0 0 .35rem; }
.control { display: flex; gap: .8rem; align-items: center; }
.control[hidden] { display: none; }
input[type=range] { flex: 1; accent-color: var(--mark); min-width: 6rem; }
button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: .15rem .8rem; min-width: 4.6rem; }
output { font-variant-numeric: tabular-nums; min-width: 5.5rem; text-align: right; }
main { display: grid; gap: 1.2rem; padding: 1.2rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); align-items: start; }
figure { margin: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .8rem; min-width: 0; }
figcaption { display: flex; justify-content: space-between; gap: 1rem; margin-bottom: .5rem; font-weight: 600; overflow-wrap: anywhere; }
figcaption span { font-weight: 400; color: var(--faint); white-space: nowrap; }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; background: #fff; border-radius: 4px; }
</style>
</head>
<body>
<header>
<h1>__TITLE__</h1>
<div class="control" hidden>
<button id="play" type="button" aria-pressed="false">Play</button>
<label for="epoch">Epoch</label>
<input id="epoch" type="range" min="0" step="1" aria-describedby="which">
<output id="which" for="epoch"></output>
</div>
</header>
<main></main>
<script>
const content = __CONTENT__;
const epochs = [...new Set(content.shows.flatMap(show => show.frames.map(frame => frame[0])))].sort((a, b) => a - b);
const main = document.querySelector("main"), slider = document.getElementById("epoch");
const which = document.getElementById("which"), play = document.getElementById("play");
function figure(name, file) {
  const box = document.createElement("figure"), caption = document.createElement("figcaption");
  const title = document.createElement("b"), note = document.createElement("span"), image = document.createElement("img");
  title.textContent = name.replaceAll("_", " "); image.loading = "lazy"; image.alt = name;
  const link = document.createElement("a");
  link.append(image); caption.append(title, note); box.append(caption, link); main.append(box);
  const show = (file, words) => { image.src = file; link.href = file; note.textContent = words; image.alt = `${name} ${words}`; };
  if (file) show(file, "");
  return show;
}
const shows = content.shows.map(({name, frames}) => ({frames, show: figure(name)}));
content.stills.forEach(({name, file}) => figure(name, file));
function at(index) {
  slider.value = index;
  const epoch = epochs[index];
  which.textContent = `${epoch} of ${epochs[epochs.length - 1]}`;
  slider.setAttribute("aria-valuetext", `epoch ${epoch}`);
  for (const {frames, show} of shows) {
    const past = frames.filter(frame => frame[0] <= epoch), frame = past.length ? past[past.length - 1] : frames[0];
    show(frame[1], `epoch ${frame[0]}`);
  }
}
let timer = null;
function stop() { clearInterval(timer); timer = null; play.textContent = "Play"; play.setAttribute("aria-pressed", "false"); }
if (epochs.length) {
  document.querySelector(".control").hidden = false;
  slider.max = epochs.length - 1;
  at(epochs.length - 1);
  slider.addEventListener("input", () => { stop(); at(+slider.value); });
  play.addEventListener("click", () => {
    if (timer) return stop();
    play.textContent = "Pause"; play.setAttribute("aria-pressed", "true");
    timer = setInterval(() => at((+slider.value + 1) % epochs.length), 700);
  });
  document.addEventListener("keydown", event => {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!step || event.target === slider || event.altKey || event.ctrlKey || event.metaKey) return;
    stop(); at(Math.min(epochs.length - 1, Math.max(0, +slider.value + step)));
  });
}
</script>
</body>
</html>
"""
