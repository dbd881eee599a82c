"""Does the page hold every picture of a run, and what is known of each, whatever state the folders are in?"""

from __future__ import annotations

import fnmatch
import json
import math
import os
import pathlib
import re

import numpy as np
import pytest

import keras_vis as kv
from keras_vis.report import contents as room
from keras_vis.report import words
from keras_vis.report.trainings import clean, number, trainings


def picture(**about):
    return kv.Images(np.zeros((1, 4, 4, 1)), value_range=(0, 1), about=about)


def content(page):
    return json.loads(re.search(r'id="content">(.*)</script>', page.read_text())[1])


def known(folder, **told):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "frames.json").write_text(json.dumps(told))


def test_the_page_lists_every_frame_in_order_and_every_single_picture(tmp_path):
    for epoch in (10, 0, 2, 10000):
        picture().save(tmp_path / "filters" / f"epoch-{epoch:04d}.png")
    picture().save(tmp_path / "structure.png")
    (tmp_path / "filters" / "notes.txt").write_text("no frame")
    (tmp_path / "filters" / ".epoch-0003.png.00000000.part").write_text("half a frame")
    (tmp_path / "filters" / "epoch-0004.png").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "dangling.png").symlink_to(tmp_path / "gone.png")
    found = content(kv.report.write_page(tmp_path))
    (show,) = found["shows"]
    assert [frame[0] for frame in show["frames"]] == [0, 2, 10, 10000]
    age = (tmp_path / "filters" / "epoch-0010.png").stat().st_mtime_ns // 1_000_000
    assert (show["at"], show["frames"][2][1]) == ("filters/", f"epoch-0010.png?{age}")
    ((still,),) = [section["pictures"] for section in found["sections"]]
    assert still["title"] == "structure"
    height, width, _ = picture().draw().shape
    assert still["frames"][0][2:4] == [width, height] == show["frames"][0][2:4]


def test_single_pictures_stand_in_the_order_in_which_they_were_drawn_and_groups_in_that_of_their_names(tmp_path):
    for age, name in enumerate(("b", "c", "a", "step_10/z", "step_2_first/b", "step_2_first/a")):
        os.utime(picture().save(tmp_path / f"{name}.png"), (age, age))
    picture().save(tmp_path / "moving" / "epoch-0000.png")
    picture().save(tmp_path / "moving" / "other.png")
    sections = content(kv.report.write_page(tmp_path))["sections"]
    assert [(one["title"], [picture["title"] for picture in one["pictures"]]) for one in sections] == [
        ("", ["b", "c", "a"]),
        ("step 10", ["z"]),
        ("step 2 first", ["b", "a"]),
    ]


def test_what_a_picture_says_of_itself_is_on_the_page_without_versions(tmp_path):
    picture(
        method="grad_cam", layer="backbone/conv_1", note="A note.", deep={"a": [1, 2.5]}, versions={"keras": "9"}
    ).save(tmp_path / "grad_cam-backbone-conv_1" / "epoch-0001.png")
    picture(method="x", seed=None, on=True, long=list(range(999)), versions={"keras": "8", "keras_vis": "1"}).save(
        tmp_path / "x.png"
    )
    picture().save(tmp_path / "x.npz")
    found = content(kv.report.write_page(tmp_path))
    assert found["shows"][0]["title"] == "Grad-CAM · backbone/conv_1"
    assert found["shows"][0]["spoken"] == "Grad-CAM, layer backbone/conv_1"
    assert found["shows"][0]["facts"] == [["deep", "a: 1, 2.5"], ["layer", "backbone/conv_1"], ["method", "grad_cam"]]
    (still,) = found["sections"][0]["pictures"]
    facts = dict(still["facts"])
    assert (facts["seed"], facts["on"], still["raw"]) == ("none", "yes", "x.npz")
    assert facts["long"].startswith("0, 1, 2, ")
    assert facts["long"].endswith("…")
    assert len(facts["long"]) <= 160
    assert found["versions"] == [["keras_vis", "1"], ["keras", "9, 8"]]


def test_what_frames_json_says_is_taken_and_the_pngs_are_not_opened(tmp_path, monkeypatch):
    for epoch in (0, 1):
        picture().save(tmp_path / "a" / f"epoch-000{epoch}.png")
    picture().save(tmp_path / "a" / "epoch-0001.npz")
    (tmp_path / "a" / "epochs.gif").write_bytes(b"GIF89a")
    known(
        tmp_path / "a",
        frames={
            str(e): {"seconds": 0.25 + e, "drift": [None, 0.5][e], "width": 7, "height": 9, "scale_of": 1}
            for e in (0, 1)
        },
        about={"method": "a", "scale": [[0.1, 0.2], [0.3, -0.4]], "versions": {"keras": "3"}},
        drift_measure="1 - cosine",
        sparing="drawn now and then",
        failure="drawing failed at epoch 7",
        epoch_seconds={"1": 12.5},
    )
    opened = []
    monkeypatch.setattr(room, "told_by", opened.append)
    monkeypatch.setattr(room, "_size", opened.append)
    found = content(kv.report.write_page(tmp_path))
    assert not opened
    (show,) = found["shows"]
    assert [frame[2:] for frame in show["frames"]] == [[7, 9, 0.25, None, 0], [7, 9, 1.25, 0.5, 1]]
    assert show["scale"] == "scales −0.4 to 0.3, held for all epochs: that of epoch 1"
    assert (show["measure"], show["sparing"]) == ("1 - cosine", "drawn now and then")
    assert show["failure"] == "drawing failed at epoch 7"
    assert show["film"].startswith("epochs.gif?")
    assert (found["drawing"], found["trainings"][0]["seconds"]) == (1.5, 12.5)


@pytest.mark.parametrize(
    "told",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"frames": [], "logs": 3, "about": null, "epoch_seconds": "x", "drift_measure": null}',
        '{"frames": {"0": null, "x": {}, "-1": {}}, "logs": {"1": 3, "²": {"a": 1}, "2": {"a": {}}}, "about": []}',
        '{"frames": {"0": {"width": -3, "height": "7", "seconds": "nan", "drift": NaN}}, "logs": {"1": {"a": 1e999}}}',
        '{"frames": {"0": {"width": true, "height": 5, "seconds": -1}}, "logs": {"1": {"loss": ' + "9" * 400 + "}}}",
    ],
)
def test_a_broken_frames_json_takes_nothing_from_the_pictures(tmp_path, told):
    path = picture(method="m").save(tmp_path / "a" / "epoch-0000.png")
    (tmp_path / "a" / "frames.json").write_text(told)
    (show,) = content(kv.report.write_page(tmp_path))["shows"]
    height, width, _ = picture().draw().shape
    assert show["frames"][0][2:5] == [width, height, None]
    assert show["facts"] == [["method", "m"]]
    assert path.is_file()


def test_a_torn_picture_is_listed_and_a_folder_that_cannot_be_read_is_not(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "epoch-0000.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "b.png").write_bytes(b"no picture at all, but longer than the head of one")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    found = content(kv.report.write_page(tmp_path))
    assert found["shows"][0]["frames"][0][2:4] == [1, 1]
    assert found["sections"][0]["pictures"][0]["frames"][0][2:4] == [1, 1]


def test_a_frame_drawn_anew_in_another_size_is_measured_anew(tmp_path):
    path = tmp_path / "a" / "epoch-0000.png"
    sizes = []
    for n in (1, 9):
        os.utime(kv.Images(np.zeros((n, 4, 4, 1)), value_range=(0, 1)).save(path), (n, n))
        sizes.append(content(kv.report.write_page(tmp_path))["shows"][0]["frames"][0][2])
    assert sizes[0] < sizes[1]


def test_a_name_runs_nothing(tmp_path):
    name = "<script>alert(1)<"
    picture(method=name, note="</script><!--").save(tmp_path / name / "epoch-0000.png")
    text = kv.report.write_page(tmp_path, title="</title><script>alert(2)</script>__CONTENT__").read_text()
    assert "<script>alert" not in text.replace("\\u003e", ">")
    assert "<!--" not in text
    (show,) = content(tmp_path / "index.html")["shows"]
    assert show["title"] == name
    assert show["at"] == "%3Cscript%3Ealert%281%29%3C/"
    assert "alert(2)&lt;/script&gt;__CONTENT__</h1>" in text


def test_names_that_are_no_text_and_hold_signs_of_an_address_are_reached(tmp_path):
    name = os.fsdecode(b"100% #1? \xff: \xc3\xbc&")
    try:
        picture().save(tmp_path / name / "epoch-0000.png")
    except OSError:
        pytest.skip("this file system holds text alone")
    picture().save(tmp_path / f"{name}.png")
    found = content(kv.report.write_page(tmp_path / name / "..", title=name))
    assert found["shows"][0]["at"] == "100%25%20%231%3F%20%FF%3A%20%C3%BC%26/"
    assert found["sections"][0]["pictures"][0]["frames"][0][1].startswith("100%25%20%231%3F%20%FF%3A%20%C3%BC%26.png?")


def test_the_page_asks_nothing_of_the_network_and_its_policy_says_so(tmp_path):
    picture().save(tmp_path / "one.png")
    text = kv.report.write_page(tmp_path).read_text()
    assert not re.search(r"https?://|[\"'(]//[a-z]|@import|url\(", text)
    assert "default-src 'none'; img-src 'self' file: data:;" in text
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\b", text)
    assert re.findall(r"__[A-Z]+__", text) == []


def test_a_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        kv.report.write_page(tmp_path / "nowhere")


def test_logs_that_agree_where_they_overlap_are_one_training_and_others_another():
    found = trainings(
        [
            ("a", {1: {"loss": 0.5}, 2: {"loss": 0.25}}, {1: 10.0}),
            ("b", {2: {"loss": 0.25, "acc": 0.9}, 3: {"loss": "nan"}}, {1: 11.0, 2: 12.0}),
            ("c", {2: {"loss": 0.26}}, {2: 5.0}),
            ("d", {}, {}),
        ]
    )
    assert found == [
        {
            "pictures": ["a", "b"],
            "epochs": [1, 2, 3],
            "curves": {"loss": [0.5, 0.25, "nan"], "acc": [None, 0.9, None]},
            "seconds": 22.0,
        },
        {"pictures": ["c"], "epochs": [2], "curves": {"loss": [0.26]}, "seconds": 5.0},
    ]


def test_trainings_without_an_epoch_in_common_are_told_apart_unless_a_third_has_epochs_of_both():
    early, late = {1: {"loss": 0.5}, 2: {"loss": 0.25}}, {3: {"loss": 0.125}, 4: {"loss": 0.1}}
    told = [("early", early, {1: 1.0, 2: 1.0}), ("late", late, {3: 2.0, 4: 2.0})]
    found = trainings(told)
    assert [(one["pictures"], one["epochs"], one["seconds"]) for one in found] == [
        (["early"], [1, 2], 2.0),
        (["late"], [3, 4], 4.0),
    ]
    whole = ("whole", {2: {"loss": 0.25}, 3: {"loss": 0.125}}, {2: 1.0, 3: 2.0})
    for place in range(3):  # whichever comes first
        given = [*told[:place], whole, *told[place:]]
        (one,) = trainings(given)
        assert sorted(one["pictures"]) == ["early", "late", "whole"]
        assert (one["epochs"], one["seconds"]) == ([1, 2, 3, 4], 6.0)
        assert one["curves"] == {"loss": [0.5, 0.25, 0.125, 0.1]}
    # another one, which agrees with neither
    other = ("other", {2: {"loss": 9.0}, 3: {"loss": 9.0}}, {})
    assert len(trainings([*told, other])) == 3


def test_one_metric_that_differs_in_one_epoch_is_of_another_training():
    said = {1: {"loss": 0.5, "acc": 0.25}, 2: {"loss": 0.25, "acc": 0.5}}
    for other in ({2: {"loss": 0.25, "acc": 0.75}}, {1: {"loss": 0.5, "acc": "nan"}, 2: said[2]}):
        assert [one["pictures"] for one in trainings([("a", said, {}), ("b", other, {})])] == [["a"], ["b"]]


def test_a_picture_without_a_log_is_told_of_by_its_last_frame(tmp_path):
    for epoch in (9, 10):
        picture(method="m", threshold=epoch + 1 / 3).save(tmp_path / "a" / f"epoch-{epoch:04d}.png")
    (show,) = content(kv.report.write_page(tmp_path))["shows"]
    assert dict(show["facts"])["threshold"] == "10.3333"


def test_a_number_that_is_not_finite_is_a_word_and_what_is_no_number_is_none():
    given = [1, 0.5, math.nan, -math.inf, "inf", 10**400, "1", True, None, [1]]
    assert [number(value) for value in given] == [1.0, 0.5, "nan", "-inf", "inf", "inf", None, None, None, None]
    assert clean({"2": {"a": 1}, "1": {"b": "x"}, "z": {"a": 1}, "3": 4}) == {1: {"b": None}, 2: {"a": 1.0}}


@pytest.mark.parametrize(
    ("name", "about", "title"),
    [
        ("feature_maps-conv_1", {"method": "feature_maps", "layer": "conv_1"}, "feature maps · conv_1"),
        ("feature_maps-conv_1", {"method": "feature_maps"}, "feature maps · conv_1"),
        ("grad_cam", {"method": "grad_cam", "layer": "conv_2"}, "Grad-CAM · conv_2"),
        ("mine", {"method": "grad_cam", "layer": "conv_2"}, "mine"),
        ("resnet-50", {"method": "grad_cam"}, "resnet-50"),
        ("___", {}, "___"),
    ],
)
def test_a_picture_is_called_by_its_name_and_its_layer(name, about, title):
    assert words.title(name, about)[0] == title


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([[[0.0], [0.0]]] * 20, "0 everywhere, 20 × 2 × 1"),
        ([[-1, 2]] * 7, "numbers from -1 to 2, 7 × 2"),
        ([[1, 2], [3]], "[1, 2], [3]"),
        ([[1], "x"] * 9, ", ".join(["[1]", "x"] * 9)),
        ([[0, 1], [2, 3]], "[0, 1], [2, 3]"),
        ({"a": [], "b": {}}, "a: none; b: none"),
    ],
)
def test_an_array_among_the_settings_is_told_by_its_shape_unless_it_is_small(value, said):
    assert words.facts({"fill": value}) == [("fill", said)]


@pytest.mark.parametrize(
    ("scale", "held_of", "said"),
    [
        ([0.012, 0.012], 3, "scale 0.012, held for all epochs: that of epoch 3"),
        ([[0.01], [0.03]], None, "scales 0.01 to 0.03"),
        ([0.012345, -123.45], None, "scales −123 to 0.0123"),
        ([], 3, ""),
        (["nan"], 3, ""),
    ],
)
def test_the_scale_is_said_in_words(scale, held_of, said):
    assert words.scale({"scale": scale}, held_of=held_of) == said


@pytest.mark.parametrize(
    ("scales", "held"), [((2, 2), True), ((None, 2), False), ((1, 2), False), ((2,), False), ((None, None), False)]
)
def test_a_scale_is_held_where_all_frames_say_that_it_is_the_same(tmp_path, scales, held):
    for epoch in range(len(scales)):
        picture().save(tmp_path / "a" / f"epoch-000{epoch}.png")
    frames = {str(epoch): {"scale_of": scale} for epoch, scale in enumerate(scales)}
    known(tmp_path / "a", frames=frames, about={"scale": [0.5]})
    (show,) = content(kv.report.write_page(tmp_path))["shows"]
    assert show["scale"] == "scale 0.5" + ", held for all epochs: that of epoch 2" * held


def test_another_s_page_is_not_replaced(tmp_path):
    picture().save(tmp_path / "one.png")
    kv.report.write_page(tmp_path)
    kv.report.write_page(tmp_path)  # its own is
    (tmp_path / "index.html").write_text("<!DOCTYPE html><title>Mine</title>")
    with pytest.raises(FileExistsError, match="index.html that is not a page"):
        kv.report.write_page(tmp_path)
    assert "Mine" in (tmp_path / "index.html").read_text()


def test_of_very_many_single_pictures_the_last_200_are_shown(tmp_path):
    first = picture().save(tmp_path / "some" / "0.png")
    os.utime(first, (0, 0))
    for index in range(1, 205):
        (tmp_path / "some" / f"{index}.png").write_bytes(first.read_bytes())
    (section,) = content(kv.report.write_page(tmp_path))["sections"]
    assert section["title"] == "some (the last 200 of 205)"
    assert len(section["pictures"]) == 200
    assert "0" not in [one["title"] for one in section["pictures"]]


def test_the_package_ships_what_the_page_is_made_of():
    folder = pathlib.Path(kv.report.__file__).parent
    shipped = (folder.parents[1] / "setup.cfg").read_text() if (folder.parents[1] / "setup.cfg").is_file() else None
    if shipped is None:
        pytest.skip("needs the source tree")
    named = re.search(r"keras_vis\.report =\n((?:    .*\n)+)", shipped)[1].split()
    parts = [path.name for path in folder.iterdir() if path.suffix not in (".py", "") and path.is_file()]
    assert len(parts) == 6
    assert all(any(fnmatch.fnmatch(part, pattern) for pattern in named) for part in parts)
