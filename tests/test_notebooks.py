"""Do the notebooks run, and were they saved with their pictures?"""

from __future__ import annotations

import os
import pathlib
import re

import nbclient
import nbformat
import pytest

NOTEBOOKS = sorted((pathlib.Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
METHODS = pathlib.Path(__file__).parent.parent / "keras_vis" / "methods"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_saved_as_it_ran_without_a_fault_or_a_path_of_the_machine(path):
    notebook = nbformat.read(path, as_version=4)
    assert (METHODS / path.with_suffix(".py").name).is_file()
    assert notebook.cells[0].source.startswith("# ")
    assert "?" in notebook.cells[0].source.partition("\n")[0]  # the question that it answers
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 5
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in outputs)
    assert not re.search(r"/(home|tmp|work|root|opt)/", nbformat.writes(notebook))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(path, monkeypatch):
    notebook = nbformat.read(path, as_version=4)
    # In fewer steps: what is drawn was looked at when it was saved.
    for cell in notebook.cells:
        cell.source = re.sub(r"^steps = \d+$", "steps = 24", cell.source, flags=re.MULTILINE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(METHODS.parent.parent), os.environ.get("PYTHONPATH", "")]))
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
