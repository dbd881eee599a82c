"""Do the notebooks run, and were they saved with their pictures?"""

from __future__ import annotations

import os
import pathlib
import re

import nbclient
import nbformat
import pytest

ROOT = pathlib.Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
METHODS = {path.stem for path in (ROOT / "keras_vis" / "methods").glob("[!_]*.py")}

# What is drawn was looked at when it was saved, with all of the steps; here it must run.
FEWER = {
    r"trained_net\(digits\)": "trained_net(digits, images=2_000, epochs=1)",
    r"^steps = [\d_]+$": "steps = 24",
    r"^watched = [\d_]+$": "watched = 200",
    r"^epochs = \d+$": "epochs = 1",
}


def test_each_file_of_methods_has_one_and_so_has_training():
    assert {path.stem for path in NOTEBOOKS} == METHODS | {"training"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_saved_as_it_ran_without_a_fault_or_a_path_of_the_machine(path):
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 5
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in outputs)
    assert not re.search(r"/(home|tmp|work|root|opt|mnt|Users)/", nbformat.writes(notebook))
    assert path.stat().st_size < 2e6


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_begins_with_a_question_and_ends_with_what_is_not_told(path):
    told = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    assert re.match(r"# .*\?\n", told[0])
    assert any(source.startswith("## What the pictures do not tell\n") for source in told[-2:])
    following = re.search(r"Next: \[(.+)\]\((\S+)\)\s*$", told[-1])
    assert following, told[-1]
    to = path.parent / following[2]
    assert to.is_file()
    if to.suffix == ".ipynb":  # its question, as it is asked there
        assert nbformat.read(to, as_version=4).cells[0].source.partition("\n")[0] == f"# {following[1]}"


def test_each_is_the_next_of_another_so_that_all_are_read():
    following = {path.name: re.findall(r"Next: \[.+\]\((\S+?)\)", path.read_text())[-1] for path in NOTEBOOKS}
    read, at = [], "inspection.ipynb"
    while at in following and at not in read:
        read.append(at)
        at = following[at]
    assert sorted(read) == [path.name for path in NOTEBOOKS]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs_from_a_clean_state_and_says_no_word_of_warning(path, tmp_path, monkeypatch):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for much, less in FEWER.items():
            cell.source = re.sub(much, less, cell.source, flags=re.MULTILINE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    folder = {"metadata": {"path": str(tmp_path)}}  # what it writes is not left in the tree
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=folder).execute()
    said = [
        output.text for cell in notebook.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"
    ]
    # what TensorFlow tells of the processor while it is imported
    assert not [text for text in said if "absl::InitializeLog" not in text]
