"""Runs notebooks from a clean state and saves them with what they show.

    KERAS_VIS_DATA=folder python notebooks/execute.py [NAME ...]

All by default. KERAS_VIS_DATA names a folder with MNIST, MobileNet's ImageNet weights and photographs.
"""

from __future__ import annotations

import pathlib
import sys

import nbclient
import nbformat

HERE = pathlib.Path(__file__).parent


def main(names: list[str]) -> int:
    """Run and save."""
    paths = [HERE / f"{name}.ipynb" for name in names] or sorted(HERE.glob("*.ipynb"))
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        # no times: what has not changed shall not differ
        nbclient.NotebookClient(
            notebook, timeout=600, kernel_name="python3", record_timing=False, coalesce_streams=True
        ).execute()
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = [output for output in cell.outputs if not _is_start(output)]
        # the version of the Python that ran it says nothing to a reader
        notebook.metadata = {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        nbformat.write(notebook, path)
        print(path.name, f"{path.stat().st_size / 1e6:.1f} MB")
    return 0


def _is_start(output: nbformat.NotebookNode) -> bool:
    """Is it what TensorFlow says of the processor while it is imported?"""
    return output.get("name") == "stderr" and "absl::InitializeLog" in output.text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
