"""What is skipped for want of data is no success where the data are there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPED = """
import pytest

def test_in_the_body():
    pytest.skip("needs KERAS_VIS_DATA, a photograph")

@pytest.mark.skipif(True, reason="needs KERAS_VIS_DATA")
def test_by_a_mark():
    pass

def test_for_another_reason():
    pytest.skip("no GPU")

def test_by_the_fixture(data_folder):
    assert data_folder.is_dir()
"""


@pytest.mark.parametrize(("there", "counts"), [(True, "1 failed, 1 passed, 1 skipped, 1 error"), (False, "4 skipped")])
def test_a_skip_for_want_of_the_data_folder_fails_where_the_folder_is(tmp_path: Path, there: bool, counts: str) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_skipped.py").write_text(SKIPPED)
    data = tmp_path if there else tmp_path / "missing"
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env=os.environ | {"KERAS_VIS_DATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert counts in result.stdout, result.stdout + result.stderr
