"""Does the page show every picture, and run nothing that a name says?"""

from __future__ import annotations

import json
import os
import re

import numpy as np
import pytest

import keras_vis as kv


def picture():
    return kv.Images(np.zeros((1, 4, 4, 1)), value_range=(0, 1))


def content(page):
    return json.loads(re.search(r"const content = (.*);\n", page.read_text())[1])


def test_the_page_lists_every_frame_in_order_and_every_single_picture(tmp_path):
    for epoch in (10, 0, 2):
        picture().save(tmp_path / "filters" / f"epoch-{epoch:04d}.png")
    picture().save(tmp_path / "structure.png")
    (tmp_path / "filters" / "notes.txt").write_text("no frame")
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "dangling.png").symlink_to(tmp_path / "gone.png")
    found = content(kv.report.write_page(tmp_path))
    assert [show["name"] for show in found["shows"]] == ["filters"]
    assert [frame[0] for frame in found["shows"][0]["frames"]] == [0, 2, 10]
    assert found["shows"][0]["frames"][2][1].startswith("filters/epoch-0010.png?")
    (still,) = found["stills"]
    assert still["name"] == "structure"
    height, width, _ = picture().draw().shape
    assert still["frames"][0][2:] == [width, height]


def test_single_pictures_stand_in_the_order_in_which_they_were_drawn(tmp_path):
    for age, name in enumerate(("b", "c", "a")):
        os.utime(picture().save(tmp_path / f"{name}.png"), (age, age))
    assert [still["name"] for still in content(kv.report.write_page(tmp_path))["stills"]] == ["b", "c", "a"]


def test_a_name_runs_nothing(tmp_path):
    name = "<script>alert(1)<"
    folder = tmp_path / name
    picture().save(folder / "epoch-0000.png")
    text = kv.report.write_page(tmp_path, title="</title><script>alert(2)</script>").read_text()
    assert "<script>alert" not in text
    (show,) = content(tmp_path / "index.html")["shows"]
    assert show["name"] == name
    assert show["frames"][0][1].startswith("%3Cscript%3Ealert%281%29%3C/epoch-0000.png?")


def test_the_page_asks_nothing_of_the_network(tmp_path):
    picture().save(tmp_path / "one.png")
    assert not re.search(r"https?://|//[a-z]|@import|<link", kv.report.write_page(tmp_path).read_text())


def test_a_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        kv.report.write_page(tmp_path / "nowhere")
