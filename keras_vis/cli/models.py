"""Which model is in a file, and what does it take?"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras

from keras_vis.cli.errors import UsageError
from keras_vis.cli.images import missing
from keras_vis.engine import batch, layers

_KERAS, _HDF5 = (".keras",), (".h5", ".hdf5")
_SAVE = "Build it in Python, load the weights, and save all of it: model.save('model.keras')."


def find(given: str) -> Path:
    """Return the path of a model's file, looked at but not loaded: what is wrong with it is known before the work.

    Args:
        given: as it was written.

    Raises:
        UsageError: no such file, one of another kind, or one of weights alone.
    """
    if not given:
        raise UsageError("the model's path is empty. Wanted: a .keras or .h5 file.")
    path = Path(given)
    if not path.exists():
        raise UsageError(missing(path))
    if path.is_dir():
        what = "a SavedModel folder" if (path / "saved_model.pb").exists() else "a folder"
        raise UsageError(f"{path}: this is {what}. Wanted: a .keras or .h5 file, as model.save(path) writes it.")
    if path.suffix.lower() not in (*_KERAS, *_HDF5):
        raise UsageError(f"{path}: wanted a .keras or .h5 file, as model.save(path) writes it.")
    if path.suffix.lower() in _HDF5:
        _check_hdf5(path)
    return path


def load(path: Path) -> keras.Model:
    """Load a model in Keras's safe mode: no code from the file is run.

    Args:
        path: of a `.keras` or `.h5` file.

    Raises:
        UsageError: it is damaged, has code in it, needs classes of the user's own, or holds no weights.
    """
    try:
        # uncompiled: it is not trained here, and losses of the user's own are then not asked for
        model = _loaded(path)
    except Exception as error:  # whatever a torn or a foreign file makes of Keras
        raise UsageError(f"{path}: {_why(error)}") from error
    if not layers.check_model(model).built:
        raise UsageError(f"{path}: the model was saved before it was built; the file holds no weights.")
    return model


def _loaded(path: Path) -> keras.Model:
    """Load a file; Keras reads its kind off a suffix in small letters."""
    if path.suffix == path.suffix.lower():
        return keras.models.load_model(path, compile=False, safe_mode=True)
    with tempfile.TemporaryDirectory() as folder:
        small = shutil.copyfile(path, Path(folder) / f"model{path.suffix.lower()}")
        return keras.models.load_model(small, compile=False, safe_mode=True)


@dataclass(frozen=True)
class Wants:
    """What pictures a model takes.

    Attributes:
        size: height and width; None where it is open.
        channels: 1 or 3; None where it is open.
        flat: whether the axis of channels is left out.
    """

    size: tuple[int | None, int | None]
    channels: int | None
    flat: bool = False


def wants(model: keras.Model) -> Wants:
    """Find out what pictures a model takes.

    Raises:
        UsageError: it has several inputs, or takes no pictures of one or three channels.
    """
    shapes = batch.input_shapes(model)
    if shapes is None:  # subclassed: what it was built for
        built = (model.get_build_config() or {}).get("input_shape") or (None, None, None, None)
        shapes = {"input": tuple(built[1:])}
    if len(shapes) != 1:
        raise UsageError(f"model {model.name!r} has {len(shapes)} inputs ({', '.join(shapes)}): ask it in Python.")
    (shape,) = shapes.values()
    if len(shape) == 2:
        return Wants((shape[0], shape[1]), 1, flat=True)
    if len(shape) != 3 or shape[2] not in (1, 3, None):
        shown = ", ".join("any" if size is None else str(size) for size in shape)
        raise UsageError(
            f"model {model.name!r} takes ({shown}), and no pictures (height, width, 1 or 3): ask it in Python."
        )
    return Wants((shape[0], shape[1]), shape[2])


def _check_hdf5(path: Path) -> None:
    import h5py  # type: ignore[import-untyped]

    try:
        with h5py.File(path) as file:
            whole = "model_config" in file.attrs
    except OSError:
        raise UsageError(f"{path}: this is no HDF5 file, or it is damaged.") from None
    if not whole:
        raise UsageError(f"{path}: weights alone, without the model. {_SAVE}")


def _why(error: Exception) -> str:
    """Say in a line why Keras could not load a model."""
    text = " ".join(str(error).split())
    unknown = re.search(r"Could not locate (?:class|function) '(\w+)'|Unknown (?:layer|class|object): '(\w+)'", text)
    if "Lambda" in text and "safe_mode" in text:
        return (
            "a Lambda layer holds Python code, which is not run from a file (Keras's safe mode). If you trust it, load "
            "it in Python with safe_mode=False."
        )
    if unknown:
        return f"the model needs {unknown[1] or unknown[2]!r}, which is not Keras's own: ask it in Python."
    if isinstance(error, KeyError) or "File not found" in text:  # Keras's words for a file that is no archive
        return "this is no .keras file, or it is damaged."
    return f"Keras cannot load it ({type(error).__name__}: {text[:200]})."
