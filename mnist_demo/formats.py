"""Which digits does a path hold?

Three layouts of MNIST are in use, and each is read here into the same four arrays: Keras's ``mnist.npz``, the IDX
files that MNIST was published in, and the ``train.csv`` of Kaggle's Digit Recognizer. What is broken is refused with
one line that says what is accepted.
"""

from __future__ import annotations

import gzip
import math
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

ACCEPTED = (
    "accepted are Keras's mnist.npz, the train.csv of Kaggle's Digit Recognizer (label,pixel0..pixel783), "
    "and a folder that holds one of the two or the four IDX files of MNIST (plain or .gz)"
)
_COLUMNS = ["label", *(f"pixel{i}" for i in range(784))]
_DIMENSIONS = {"train-images": 3, "train-labels": 1, "t10k-images": 3, "t10k-labels": 1}  # of the IDX files
_HELD_BACK = 0.2  # the tutorial's share for validation


class DataError(ValueError):
    """Digits that cannot be read.

    Args:
        where: what was asked for, as the user wrote it.
        problem: what is wrong with it, and what is accepted; one line.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, problem)
        self.where = where
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


class Raw(NamedTuple):
    """Digits as files hold them: images ``(n, 28, 28)`` and labels ``(n,)``, all uint8."""

    x_train: NDArray[np.uint8]
    y_train: NDArray[np.uint8]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.uint8]


class _FormatError(Exception):
    """What is wrong inside a file; becomes a DataError where the path is known."""


def read(path: Path, where: str) -> Raw:
    """Read the digits of a file or a folder.

    Args:
        path: an ``.npz`` or ``.csv`` file, or a folder.
        where: how errors call it.

    Returns:
        The four arrays.

    Raises:
        DataError: nothing is there, or it is not one of the layouts, or it is broken.
    """
    try:
        if not path.exists():
            raise _FormatError(f"no such file or folder; {ACCEPTED}")
        if path.is_dir():
            return _read_folder(path)
        if path.suffix.lower() == ".npz":
            return read_npz(path)
        if path.suffix.lower() == ".csv":
            return _read_csv(path)
        if "-ubyte" in path.name:
            raise _FormatError("one IDX file is not enough: give the folder that holds the four of them")
        raise _FormatError(f"not a kind of file that is known; {ACCEPTED}")
    except _FormatError as problem:
        raise DataError(where, str(problem)) from None
    except OSError as error:
        raise DataError(where, f"cannot be read ({error.strerror or error}); {ACCEPTED}") from error


def hold_back(x: NDArray[np.uint8], y: NDArray[np.uint8]) -> Raw:
    """Split digits that come without a test part of their own: 80 % to train, 20 % to test, always the same ones."""
    order = np.random.default_rng(0).permutation(len(x))
    tested = max(1, round(_HELD_BACK * len(x)))
    return Raw(x[order[tested:]], y[order[tested:]], x[order[:tested]], y[order[:tested]])


def read_npz(file: Path | BinaryIO) -> Raw:
    """Read Keras's layout: four arrays named as in ``Raw``."""
    keys = Raw._fields
    wanted = f"wanted is an .npz with {', '.join(keys)}"
    try:
        if not zipfile.is_zipfile(file):
            raise _FormatError(f"no .npz, or cut short; {wanted}")
        if not isinstance(file, Path):
            file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            missing = [key for key in keys if key not in archive.files]
            if missing:
                held = ", ".join(archive.files[:6]) or "nothing"  # an archive may hold thousands
                raise _FormatError(f"no array `{missing[0]}`, it holds {held}; {wanted}")
            raw = [np.asarray(archive[key]) for key in keys]
    # RuntimeError: an encrypted archive
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise _FormatError(f"broken ({_line(error)}); {wanted}") from error
    x_train, y_train = _checked(raw[0], raw[1], "x_train", "y_train")
    x_test, y_test = _checked(raw[2], raw[3], "x_test", "y_test")
    return Raw(x_train, y_train, x_test, y_test)


def _read_folder(folder: Path) -> Raw:
    """Read the first layout that a folder holds."""
    files = _idx_files(folder)
    if (folder / "mnist.npz").is_file():
        return _within(folder / "mnist.npz", read_npz)
    if not any(files.values()) and (folder / "train.csv").is_file():
        return _within(folder / "train.csv", _read_csv)
    if not any(files.values()):
        raise _FormatError(f"the folder holds no digits; {ACCEPTED}")
    arrays = []
    for stem, file in files.items():
        if file is None:
            wanted = ", ".join(f"{name}-idx{_DIMENSIONS[name]}-ubyte" for name in _DIMENSIONS)
            raise _FormatError(f"no {stem} file among its IDX files; wanted are {wanted} (plain or .gz)")
        try:
            arrays.append(_read_idx(file, _DIMENSIONS[stem]))
        except (_FormatError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _FormatError(f"{file.name}: {_line(error)}; wanted a whole IDX file, plain or .gz") from error
    x_train, y_train = _checked(arrays[0], arrays[1], "train-images", "train-labels")
    x_test, y_test = _checked(arrays[2], arrays[3], "t10k-images", "t10k-labels")
    return Raw(x_train, y_train, x_test, y_test)


def _within(file: Path, reader: Callable[[Path], Raw]) -> Raw:
    """Read a file that was found in a folder; errors name it."""
    try:
        return reader(file)
    except _FormatError as problem:
        raise _FormatError(f"{file.name}: {problem}") from problem


def _idx_files(folder: Path) -> dict[str, Path | None]:
    """Find the four files under the names in use: ``train-images-idx3-ubyte``, or with a point for the second dash."""
    found: dict[str, Path | None] = {}
    for stem, dimensions in _DIMENSIONS.items():
        names = (f"{stem}{mark}idx{dimensions}-ubyte{end}" for mark in "-." for end in ("", ".gz"))
        found[stem] = next((folder / name for name in names if (folder / name).is_file()), None)
    return found


def _read_idx(file: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read one IDX file: 0, 0, 8 (for uint8), the number of dimensions, each size as big-endian int32, the values."""
    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    start = 4 + 4 * dimensions
    if data[:4] != bytes((0, 0, 8, dimensions)) or len(data) < start:
        raise _FormatError(f"does not begin as an IDX file of uint8 in {dimensions} dimension{'s' * (dimensions > 1)}")
    sizes = [int(size) for size in np.frombuffer(data, ">i4", dimensions, 4)]
    if min(sizes) < 0 or math.prod(sizes) != len(data) - start:
        raise _FormatError(f"its head promises {math.prod(sizes):,} values, {len(data) - start:,} follow")
    return np.frombuffer(data, np.uint8, offset=start).reshape(sizes)


def _read_csv(file: Path) -> Raw:
    """Read Kaggle's table: a header, then a label and 784 pixels a row."""
    wanted = "wanted are label,pixel0,...,pixel783, as in train.csv of Kaggle's Digit Recognizer"
    try:
        with file.open(encoding="utf-8-sig") as text:
            columns = [name.strip().strip('"') for name in text.readline(100_000).split(",")]
            rest = text.readline(100_000)
        if "label" not in columns:
            hint = " (Kaggle's test.csv has none: give its train.csv)" if columns == _COLUMNS[1:] else ""
            raise _FormatError(f"no column `label`{hint}; {wanted}")
        if columns != _COLUMNS:
            odd = next((name for name in columns if name not in _COLUMNS), None)
            what = f"such as `{odd}`" if odd is not None else "some missing, doubled or in another order"
            raise _FormatError(f"wrong columns: {len(columns)}, {what}; {wanted}")
        if not rest.strip():
            raise _FormatError(f"no rows under the header; {wanted}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # "input contained no data": the check of the shape answers it
            # straight to uint8: what is no whole number from 0 to 255 stops it, and its row and column are named
            rows = np.loadtxt(
                file, np.uint8, delimiter=",", skiprows=1, ndmin=2, comments=None, quotechar='"', encoding="utf-8-sig"
            )
    except UnicodeDecodeError as error:
        raise _FormatError(f"not a text file; {wanted}") from error
    except ValueError as error:
        what = _line(error).split("; use `usecols`")[0]  # advice for those who call NumPy themselves
        raise _FormatError(f"{what}; {wanted}, whole numbers from 0 to 255 in every row") from error
    if rows.shape[1:] != (785,):
        raise _FormatError(f"{rows.shape[1]} values a row instead of 785; {wanted}")
    x, y = _checked(rows[:, 1:].reshape(-1, 28, 28), rows[:, 0], "pixels", "label")
    if len(x) < 2:
        raise _FormatError("a single row cannot be split into a part to train on and one to test with")
    return hold_back(x, y)


def _checked(x: np.ndarray, y: np.ndarray, x_name: str, y_name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Refuse what is not images of 28x28 with values 0..255 and a label 0..9 each."""
    if x.ndim == 4 and x.shape[-1] == 1:
        x = x[..., 0]
    if x.ndim != 3 or x.shape[1:] != (28, 28) or len(x) == 0:
        raise _FormatError(f"`{x_name}` has the shape {x.shape}; wanted images of 28x28: (n, 28, 28)")
    if y.shape != (len(x),):
        raise _FormatError(f"`{y_name}` has the shape {y.shape}; wanted a label for each image: ({len(x)},)")
    for name, values, highest in ((x_name, x, 255), (y_name, y, 9)):
        if values.dtype.kind not in "iu":
            raise _FormatError(f"`{name}` holds {values.dtype}; wanted whole numbers from 0 to {highest}")
        if values.min() < 0 or values.max() > highest:
            raise _FormatError(f"`{name}` goes from {values.min()} to {values.max()}; wanted 0 to {highest}")
    return x.astype(np.uint8, copy=False), y.astype(np.uint8, copy=False)


def _line(error: BaseException) -> str:
    """The first line of a message, without its full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
