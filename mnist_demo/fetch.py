"""Where does Keras keep MNIST, and how long may the network take to bring it?

``keras.datasets.mnist.load_data`` waits without end on a network that gives nothing, writes its progress to the
screen and half files into its cache. So the same file is fetched here, into the same cache, by a process of its own
that can be ended at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tqdm import tqdm

# Address and SHA-256 are those of keras.datasets.mnist; a test compares them.
URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
_SIZE = 11_490_434  # bytes; for the progress bar only

# Small blocks, so that a slow network is seen to be alive. The reason for a failure is the only thing written to
# stderr.
_FETCHER = """
import shutil, sys, urllib.request
try:
    with urllib.request.urlopen(sys.argv[1], timeout=float(sys.argv[2])) as reply:
        shutil.copyfileobj(reply, sys.stdout.buffer, 16384)
except Exception as error:
    sys.exit(str(getattr(error, "reason", None) or error))
"""


def cache_path() -> Path:
    """The file that ``keras.datasets.mnist.load_data`` would use."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets" / "mnist.npz"


def cached() -> bytes | None:
    """The file in the cache, if it is there and is the one that Keras accepts."""
    try:
        data = cache_path().read_bytes()
    except OSError:
        return None
    return data if _is_mnist(data) else None


def download(patience: float) -> bytes:
    """Fetch MNIST and keep it in Keras's cache.

    Args:
        patience: seconds without a single byte after which it gives up. A slow network may take longer in all.

    Returns:
        The whole file.

    Raises:
        OSError: the network gave nothing, or another file.
    """
    # Files without a name: whatever ends this process, no half file is left.
    with tempfile.TemporaryFile() as got, tempfile.TemporaryFile() as said:
        command = [sys.executable, "-I", "-c", _FETCHER, URL, str(patience)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=got, stderr=said)
        try:
            # disable=None: no bar where nobody watches; delay: none for what fails at once
            with tqdm(total=_SIZE, desc="MNIST", unit="B", unit_scale=True, disable=None, delay=1, leave=False) as bar:
                _wait(process, got.fileno(), patience, bar)
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        if process.returncode:
            raise OSError(said.read().decode(errors="replace").strip() or "the download broke off")
        got.seek(0)
        data = got.read()
    if not _is_mnist(data):
        raise OSError("another file came than the one that Keras names")
    _keep(data)
    return data


def _wait(process: subprocess.Popen[bytes], got: int, patience: float, bar: tqdm) -> None:
    """Return when the process ends; raise when it stands still for too long."""
    alive = time.monotonic()
    while process.poll() is None:
        time.sleep(0.02)
        size = os.fstat(got).st_size
        if size > bar.n:
            alive = time.monotonic()
            bar.update(size - bar.n)
        elif time.monotonic() - alive > patience:
            raise OSError(f"nothing came for {patience:g} seconds")


def _keep(data: bytes) -> None:
    """Put the file into the cache, whole or not at all; a cache that cannot be written is left alone."""
    path = cache_path()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _is_mnist(data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() == SHA256
