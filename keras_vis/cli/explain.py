"""How does a method answer a command line: which files go in, which picture comes out?"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_vis.cli import images, models, options, pixels
from keras_vis.cli import scaling as scalings
from keras_vis.cli.commands import Method
from keras_vis.cli.errors import UsageError
from keras_vis.cli.images import Photo
from keras_vis.cli.scaling import Scaling
from keras_vis.cli.targets import Names
from keras_vis.engine.layers import nearest
from keras_vis.picture import Chart, Comparison, Gallery, HeatMaps, Images, Picture

_LONG = 3  # captions in the last line


def run(method: Method, args: argparse.Namespace) -> str:
    """Ask a method what the command line asks, save the picture, and say in a line what it is.

    Args:
        method: which.
        args: as its parser has read them.

    Raises:
        UsageError: a file, a name or a value that cannot be taken.
    """
    out = _checked_out(method, args)
    _check_size(args)
    given: dict[str, Any] = {name: value for name, value in vars(args).items() if name in method.parameters}
    names = Names(getattr(args, "labels", None))
    if "labels" in method.parameters:
        given["labels"] = names.labels
    for name, part in method.parameters.items():
        if name in given and options.is_classes(part):
            flag = f"--{name.replace('_', '-')}"
            given[name] = names.target(given[name], flag, any_kind=options.takes_targets(part))
    file = models.find(args.model) if "model" in method.parameters else None
    photos = _photos(method, args)
    _check_inputs(out, args, photos)
    model = None if file is None else models.load(file)
    _check_labels(args, names, model)
    scaling = _scaling(method, args, model)
    if "value_range" in method.parameters and scaling is not None:
        given["value_range"] = scaling.ends()
    if "progress" in method.parameters:
        given["progress"] = not args.quiet
    if model is not None:
        given["model"] = model
    fed = _fed(method, args, model, photos)
    if fed is not None:
        option = "" if args.preprocess is None else f"--preprocess {args.preprocess}"
        given.update(_pictures(method, fed, scaling, option))
    picture = method.function(**given)
    if fed is not None and model is not None:
        picture = _shown_as_they_are(picture, photos, fed, args.fit)
    picture = dataclasses.replace(picture, about={**picture.about, **_facts(args, photos, scaling)})
    try:
        saved = picture.save(out)
    except OSError as error:
        raise UsageError(f"--out {out}: it cannot be written ({error.strerror or error}).") from error
    return _line(saved, method, picture, photos, scaling)


def _photos(method: Method, args: argparse.Namespace) -> list[Photo]:
    if method.pictures == ("images",):
        return images.read(args.images)
    return [images.read_one(getattr(args, name), name.upper()) for name in method.pictures]


def _checked_out(method: Method, args: argparse.Namespace) -> Path:
    """Return where the picture goes; what is wrong with it is known before the work."""
    if args.out == "":
        raise UsageError("--out is empty. Wanted: the path of a file.")
    out = Path(args.out or f"{method.name}.png")
    known = sorted(set().union(*(_suffixes(kind) for kind in method.gives)))
    if out.suffix.lower() not in known:
        raise UsageError(f"--out {out}: wanted a name that ends in {', '.join(known)}.{nearest(out.suffix, known)}")
    if out.suffix.lower() == ".gif" and not hasattr(args, "frames"):
        raise UsageError(
            f"--out {out}: there is nothing to animate. Add --frames N, how many images of the way to keep."
        )
    if out.is_dir():
        raise UsageError(f"--out {out}: this is a folder. Wanted: a file in it.")
    if any(above.exists() and not above.is_dir() for above in out.parents):
        raise UsageError(f"--out {out}: a file is where its folder should be.")
    return out


def _suffixes(kind: type[Picture]) -> set[str]:
    """What a kind of picture can be saved as: asked of one whose fields are all empty."""
    empty: Any = object.__new__(type("Empty", (kind,), {"__getattr__": lambda self, name: ""}))
    return set(empty._formats())


def _check_inputs(out: Path, args: argparse.Namespace, photos: Sequence[Photo]) -> None:
    read = [photo.path for photo in photos] + [Path(path) for path in (getattr(args, "labels", None),) if path]
    if any(out.exists() and path.samefile(out) for path in read):
        raise UsageError(f"--out {out}: this file is one of those that are read. Give another name.")


def _check_size(args: argparse.Namespace) -> None:
    size = getattr(args, "size", None)
    if size is not None and size[0] * size[1] > images.MOST:
        raise UsageError(f"--size {size[0]} {size[1]}: more than {images.MOST:,} pixels.")


def _check_labels(args: argparse.Namespace, names: Names, model: keras.Model | None) -> None:
    """Count the names against the model's classes before it runs; several outputs the method knows to tell apart."""
    shape = getattr(model, "output_shape", None)
    if names.labels is None or not isinstance(shape, tuple) or shape[-1] in (None, 1, len(names.labels)):
        return
    raise UsageError(f"--labels {args.labels}: has {len(names.labels)} names, but the model has {shape[-1]} classes.")


def _scaling(method: Method, args: argparse.Namespace, model: keras.Model | None) -> Scaling | None:
    """Return what numbers go in: as the user says, else as the model does; None where none do."""
    if not method.pictures and "value_range" not in method.parameters:
        return None
    if args.range is not None:
        return scalings.between(*args.range)
    if args.preprocess is not None:
        return scalings.preprocess(args.preprocess)
    return None if model is None else scalings.told_by(model)


def _fed(
    method: Method, args: argparse.Namespace, model: keras.Model | None, photos: Sequence[Photo]
) -> np.ndarray | None:
    """Return the pictures as the model sees them but for the scaling, ``(n, h, w, c)`` from 0 to 255.

    Without a model they stay as they are; None where there are none.
    """
    if not method.pictures:
        return None
    if model is None:
        as_they_are = pixels.untouched(photos)
        return as_they_are if args.range is None and args.preprocess is None else np.stack([x.floats() for x in photos])
    wants = models.wants(model)
    fed = pixels.fitted(photos, wants, None if args.size is None else tuple(args.size), args.fit)
    return fed[..., 0] if wants.flat else fed


def _pictures(method: Method, fed: np.ndarray, scaling: Scaling | None, option: str) -> dict[str, np.ndarray]:
    channels = fed.shape[3] if fed.ndim == 4 else 1
    if scaling is not None and scaling.channels not in (None, channels):
        raise UsageError(f"{option or scaling.name}: this is for colours, and here there is {channels} channel.")
    scaled = fed if scaling is None else scaling.apply(fed).astype(np.float32)
    if method.pictures == ("images",):
        return {"images": scaled}
    return {name: scaled[i : i + 1] for i, name in enumerate(method.pictures)}


def _shown_as_they_are(picture: Picture, photos: Sequence[Photo], fed: np.ndarray, fit: str) -> Picture:
    """Return the picture with the pixels of the files in it, where the model's own numbers were drawn."""
    seen = (fed if fed.ndim == 4 else fed[..., None]) / np.float32(255)
    if isinstance(picture, HeatMaps):
        return dataclasses.replace(picture.over(pixels.underlay(photos, fed, fit)), value_range=(0.0, 1.0))
    if isinstance(picture, Comparison):
        return picture.over(pixels.underlay(photos, fed, fit))
    if isinstance(picture, Chart) and "images" in picture.values:
        return dataclasses.replace(picture, values={**picture.values, "images": seen})
    own = getattr(picture, "images", None)
    if isinstance(own, np.ndarray) and own.shape == seen.shape:
        return dataclasses.replace(picture, images=seen)  # type: ignore[call-arg]
    return picture


def _facts(args: argparse.Namespace, photos: Sequence[Photo], scaling: Scaling | None) -> dict[str, object]:
    """What a picture found a year later should say of how it was made; paths are the machine's, names are not."""
    facts: dict[str, object] = {}
    if hasattr(args, "model"):
        facts["model_file"] = Path(args.model).name
    if photos:
        facts["pictures"] = [photo.path.name for photo in photos]
    if hasattr(args, "fit"):
        facts["fit"] = args.fit
    if scaling is not None:
        facts["pixels"] = scaling.name
    return facts


def _line(path: Path, method: Method, picture: Picture, photos: Sequence[Photo], scaling: Scaling | None) -> str:
    """Say where the picture is, what was asked or predicted, and what was done to the pictures."""
    said = [re.sub(r"\s*\n\s*", ", ", caption) for caption in _captions(method, picture)]
    more = f"; and {len(said) - _LONG} more" if len(said) > _LONG else ""
    notes = [f"{photo.path.name}: {note}" for photo in photos for note in photo.told]
    if scaling is not None:
        notes.insert(0, scaling.name + (f" ({scaling.why})" if scaling.why else ""))
        if isinstance(picture, Images | Gallery) and scaling.turns_colours():
            notes.append("drawn in the model's own order of colours, blue first")
    layer = picture.about.get("layer")
    asked = "; ".join(said[:_LONG]) + more
    told = "; ".join(part for part in (asked, f"layer {layer}" if isinstance(layer, str) else "", *notes) if part)
    return f"{path}: {told}" if told else str(path)


def _captions(method: Method, picture: Picture) -> Sequence[str]:
    if isinstance(picture, Chart) and picture.kind == "predictions":
        names, notes = picture.text["names"], picture.text["notes"]
        return [f"{of[0]}  {note[0]}" for of, note in zip(names, notes, strict=True)]  # type: ignore[call-overload]
    return list(getattr(picture, "captions", ())) if "target" in method.parameters else []


def tell(line: str) -> None:
    """Write a line to stdout, whatever its encoding; a reader that has gone, as `head` does, is no mistake.

    Raises:
        UsageError: it cannot be written.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python tries it again at its end
        if not isinstance(error, BrokenPipeError):
            raise UsageError(f"nothing can be written to stdout ({error.strerror}).") from error
