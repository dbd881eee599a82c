"""What the tests share: real digits, the data folder, and a word where it is missing."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

# TensorFlow writes about the processor; a user's own level wins. Before anything imports it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

NEEDS_DATA = "needs KERAS_VIS_DATA"  # every skip for want of the folder says so


def _data_folder() -> Path | None:
    folder = os.environ.get("KERAS_VIS_DATA")
    return Path(folder) if folder and Path(folder).is_dir() else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what was skipped for want of the data folder, where the folder is there."""
    report = yield
    if report.skipped and NEEDS_DATA in str(report.longrepr) and _data_folder():
        report.outcome = "failed"
        report.longrepr = f"skipped, although KERAS_VIS_DATA is a folder: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _run_graphs_as_they_are_written() -> None:
    """Take a quarter off the time of the suite, which compiles thousands of graphs and runs most of them once.

    TensorFlow rewrites a graph before its first run, which takes longer than these small nets. That this changes no
    number is a law of its own (`laws.rewritten`); processes that a test starts, as the notebooks and the commands, do
    rewrite theirs. And what was imported is no longer searched for garbage.
    """
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None:
        tensorflow.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    gc.freeze()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder with MNIST, photographs and MobileNet's weights; skips, aloud, where there is none."""
    folder = _data_folder()
    if folder is None:
        pytest.skip(f"{NEEDS_DATA}, a folder with mnist.npz, photos and MobileNet's weights")
    return folder


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """1,024 real digits: images ``(1024, 28, 28, 1)``, float32 in [0, 1], and labels ``(1024,)``, int64."""
    folder = _data_folder()
    if folder is not None and (folder / "mnist.npz").is_file():
        with np.load(folder / "mnist.npz", allow_pickle=False) as archive:
            x, y = archive["x_test"], archive["y_test"]  # 10,000, quicker to read than the 60,000
    else:
        from mnist_demo.data import sklearn_digits

        x, y = sklearn_digits()
    images, labels = (x[:1024, ..., None] / np.float32(255)), y[:1024].astype(np.int64)
    images.flags.writeable = labels.flags.writeable = False  # shared by all tests
    return images, labels
