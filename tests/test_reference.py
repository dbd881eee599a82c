"""Does the reference say of each public name what it takes, gives and refuses, and do its examples run?"""

from __future__ import annotations

import builtins
import contextlib
import doctest
import functools
import inspect
import io
import re
import sys
import warnings
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from tests import nets

L = keras.layers

PUBLIC = {
    f"{where}{name}": getattr(room, name)
    for where, room in (("", kv), ("callbacks.", kv.callbacks), ("report.", kv.report))
    for name in room.__all__
    if not inspect.ismodule(getattr(room, name)) and (name != "EpochVisualizer" or room is kv)  # it is in both
}
FUNCTIONS = [name for name, what in PUBLIC.items() if inspect.isfunction(what)]
CALLBACKS = [name for name in PUBLIC if name.startswith("callbacks.")]
CLASSES = [name for name in PUBLIC if name not in (*FUNCTIONS, *CALLBACKS)]
# What nobody has published before: these look, count and write.
WITHOUT_SOURCE = {"inspect_images", "top_predictions", "report.write_gif", "report.write_page"}


def sections(name: str) -> dict[str, str]:
    """The parts of a docstring by their titles."""
    parts: dict[str, str] = {"": ""}
    title = ""
    for line in (inspect.getdoc(PUBLIC[name]) or "").splitlines():
        if re.fullmatch(r"[A-Z][a-z]+:", line):
            title = line[:-1]
            assert title not in parts, title
            parts[title] = ""
        else:
            parts[title] += line + "\n"
    return parts


def entries(part: str) -> dict[str, str]:
    """What is said of each argument, by its name, with its stars."""
    found: dict[str, str] = {}
    for head, text in re.findall(r"^    (\*{0,2}\w+(?:, \w+)*): (.+(?:\n {5,}.+)*)", part, re.MULTILINE):
        for one in head.split(", "):
            assert one not in found, one
            found[one] = " ".join(text.split())
    return found


def signature(what: Any) -> dict[str, inspect.Parameter]:
    """The parameters by their names, with their stars."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return {stars.get(p.kind, "") + name: p for name, p in inspect.signature(what).parameters.items()}


def test_the_first_page_names_every_public_name():
    assert set(re.findall(r"`(\w+)`", kv.__doc__)) == set(kv.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_it_takes_gives_and_refuses_and_by_whom_it_is(name):
    parts, parameters = sections(name), signature(PUBLIC[name])
    assert parts[""].strip()
    assert list(entries(parts["Args"])) == list(parameters)
    wanted = {"Args", "Returns", "Raises", "Example"} | ({"Source"} if name not in WITHOUT_SOURCE else set())
    assert wanted <= set(parts)
    assert all(text.strip() for text in parts.values())
    assert all(issubclass(getattr(builtins, error), Exception) for error in entries(parts["Raises"]))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_of_arrays_the_shape_is_said_and_of_what_may_be_left_out_what_is_taken_then(name):
    said = entries(sections(name)["Args"])
    for parameter, one in signature(PUBLIC[name]).items():
        if parameter in ("images", "data", "image_a"):
            assert re.search(r"``\(.*[hn], .*\)``|as for `\w+`", said[parameter]), parameter
        if one.default is None:
            assert re.search(
                r"default|None|as for `|for a model (of several|that leaves)|where |do not depend", said[parameter]
            ), f"{parameter}: {said[parameter]}"


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_names_what_it_is_made_of(name):
    kind = PUBLIC[name]
    said: set[str] = set()
    for one in kind.__mro__:
        doc = inspect.cleandoc(one.__dict__.get("__doc__") or "")
        said |= set(entries(doc))
        for other in re.findall(r"[Aa]s (?:for )?`(\w+)`", doc):
            said |= set(entries(inspect.getdoc(PUBLIC[other]) or ""))
    public = {parameter for parameter in signature(kind) if not parameter.startswith("_")}
    assert public <= said, public - said
    parts = sections(name)
    own = {*entries(parts.get("Args", "")), *entries(parts.get("Attributes", ""))}
    assert all(hasattr(kind, one) or one in {*public, "seconds"} for one in own), own
    assert parts["Example"].strip()


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_callback_takes_what_its_method_takes_and_says_where_that_is_told(name):
    kind, said = PUBLIC[name], entries(sections(name)["Args"])
    (method,) = re.findall(r"`keras_vis\.(\w+)` without the model", said["*args"])
    own, ours = list(signature(PUBLIC[method]))[1:], list(entries(sections("EpochVisualizer")["Args"]))
    assert list(signature(kind)) == [*own, *(one for one in ours if one != "explain" and "*" not in one)]
    # as the reference reads it
    assert list(inspect.signature(kind.__init__).parameters)[1:] == list(signature(kind))


# ------------------------------------------------------------------------------------------------- the examples, run


@functools.cache
def of_digits() -> Any:
    """The tutorial's net, narrow."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            L.Conv2D(8, 3, activation="relu", name="conv_1"),
            L.Conv2D(16, 3, activation="relu", name="conv_2"),
            L.MaxPooling2D(2, name="pool"),
            L.Flatten(name="flat"),
            L.Dense(128, activation="relu", name="dense"),
            L.Dense(10, activation="softmax", name="preds"),
        ]
    )
    nets.draw_weights(model)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@functools.cache
def of_photographs() -> Any:
    """A net whose layers have the names of those of VGG and MobileNet, and whose class activation maps can be read."""
    names = ("block2_conv2", "block3_conv3", "block4_conv3", "conv_pw_6", "conv_pw_11_relu", "conv5", "block5_conv3")
    model = keras.Sequential([keras.Input((None, None, 3))])
    for name in names:
        width = 64 if name == names[-1] else 8
        model.add(L.Conv2D(width, 3, padding="same", activation="relu", name=name))
    model.add(L.GlobalAveragePooling2D(name="gap"))
    model.add(L.Dense(300, activation="softmax", name="preds"))
    return model


@functools.cache
def of_pixels() -> Any:
    """One that has a class for each pixel."""
    bottleneck = L.Conv2D(4, 3, padding="same", activation="relu", name="bottleneck")
    model = keras.Sequential([keras.Input((28, 28, 1)), bottleneck, L.Conv2D(4, 1, activation="softmax")])
    nets.draw_weights(model)
    model.layers[-1].bias.assign([0, 0, 0, 9])  # some pixels of every image are of class 3
    return model


def ready(name: str, source: str, digits: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    """The names that an example uses; of photographs, where its line speaks of them."""
    x, y = digits[0][:100], digits[1][:100]
    photos = np.random.default_rng(0).random((2, 24, 24, 3)).astype("float32")
    there = {
        **{"kv": kv, "keras": keras, "np": np, "tf": tf, "model": of_digits()},
        **{"digits": x, "labels": y, "x": x[:32], "y": y[:32], "x_val": x[32:64], "y_val": y[32:64]},
        **{"x_train": x, "x_test": x, "y_test": y, "anna": (y + (y == 3)) % 10, "ben": (y + (y == 8)) % 10},
        **{"photo": photos[:1], "other": photos[1:], "photos": photos, "photographs": photos},
        **{"sky": photos[..., 2] > 0.7, "water": photos[..., 1] > 0.7, "unet": of_pixels()},
        **{"images": x[:1], "data": x, "layer": "conv_2", "target": 3, "units": [0, 1]},
    }
    if re.search(r"\bphotos?\b", source):
        there |= {"model": of_photographs(), "names": [f"class {i}" for i in range(300)]}
    if name == "callbacks.DeepDream":
        there["target"] = kv.Energy("conv_2")
    if name == "callbacks.GapCAM":
        there["model"] = kv.with_gap_head(of_digits(), layer="conv_2")
        there["model"].compile("adam", "sparse_categorical_crossentropy")
    if name == "with_gap_head":
        there |= {"vgg": of_photographs(), "x": np.concatenate([photos] * 8), "y": np.arange(16) % 10}
    return there


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_runs_and_gives_what_it_says(name, digits, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    examples = doctest.DocTestParser().get_examples(sections(name)["Example"])
    assert examples
    if name == "open_in_netron":
        netron = pytest.importorskip("netron")
        request.addfinalizer(netron.stop)
        monkeypatch.setattr("webbrowser.open", lambda *_, **__: True)
    if name == "report.write_gif":
        for epoch in (0, 1):
            kv.filters(of_digits(), "conv_1").save(f"vis/grad_cam/epoch-000{epoch}.png")
    there: dict[str, Any] = {}
    shown: list[str] = []
    monkeypatch.setattr(sys, "displayhook", lambda value: shown.append(repr(value)) if value is not None else None)
    for example in examples:
        there |= ready(name, example.source, digits)
        shown.clear()
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(example.source, f"<the example of {name}>", "single"), there)
        if example.want:
            assert "".join(shown) == example.want.strip()


# ---------------------------------------------------------------------------------------------------------- the site


def test_the_site_has_a_place_for_every_public_name_and_none_for_the_rooms_behind_them(tmp_path):
    # as `python -m pdoc -d google -o site keras_vis`
    pdoc = pytest.importorskip("pdoc")
    pdoc.render.configure(docformat="google")
    with warnings.catch_warnings():
        # a hint of an inherited field whose name is not known where it is inherited is shown as it is written
        warnings.filterwarnings("ignore", "Error parsing type annotation")
        pdoc.pdoc("keras_vis", output_directory=tmp_path)
    pages = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.html")}
    assert pages == {"index.html", "keras_vis.html", "keras_vis/callbacks.html", "keras_vis/report.html"}
    for name in PUBLIC:
        room, _, own = name.rpartition(".")
        page = (tmp_path / "keras_vis" / f"{room}.html" if room else tmp_path / "keras_vis.html").read_text()
        (place,) = re.findall(rf'<section id="{own}">(.*?)</section>', page, re.DOTALL)
        first = sections(name)[""].strip().split()[0]
        assert f"<p>{first}" in place, name
        if name not in CLASSES:  # its own parameters, not `*args, **options`
            head = re.sub(r"<[^>]+>", "", place[: place.index('class="headerlink"', place.index('class="param"'))])
            assert all(re.search(rf"\b{one.strip('*')}\b", head) for one in signature(PUBLIC[name])), name
    for page in pages:  # nothing is asked of the network
        assert not re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(?:https?:)?//', (tmp_path / page).read_text())
