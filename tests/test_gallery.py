"""Does a gallery keep the numbers of every part, and say which is which?"""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from keras_vis.picture import Gallery, HeatMaps, Images, about, told_by

RNG = np.random.default_rng(12)


def part(method: str, *shape: int, **facts: object) -> Images:
    return Images(RNG.random((3, *(shape or (28, 28, 1))), np.float32), about=about(method, **facts))


def test_values_are_the_raw_numbers_of_each_part():
    grey, coloured = part("a"), part("b", 40, 60, 3)
    picture = grey.beside(coloured, names=("before", "after"), title="What changed?")
    assert list(picture.values) == ["before", "after"]
    assert picture.values["before"].tobytes() == grey.values.tobytes()
    assert picture.values["after"].tobytes() == coloured.values.tobytes()
    assert (picture.title, picture.about["method"]) == ("What changed?", "gallery")


def named(*pictures: Images) -> tuple[str, ...]:
    return tuple(pictures[0].beside(*pictures[1:]).names)


def test_names_say_the_method_and_what_else_tells_two_apart():
    assert named(part("deep_dream"), part("inversion")) == ("deep dream", "inversion")
    layers = [part("inversion", layer=f"conv_{k}") for k in (1, 2)]
    assert named(*layers) == ("inversion at conv_1", "inversion at conv_2")
    plain = Images(np.ones((3, 8, 8, 1)))
    assert named(plain, *layers) == ("images", "inversion at conv_1", "inversion at conv_2")
    assert named(plain, dataclasses.replace(plain, title="kernels"), plain) == ("images 1", "kernels", "images 2")


def test_a_png_says_what_each_column_shows_and_follows_a_change_of_names(tmp_path):
    picture = part("dream", layer="mixed3").beside(part("inversion"))
    picture = dataclasses.replace(picture, names=("left", "right"))
    told = told_by(picture.save(tmp_path / "gallery.png"))
    assert told["method"] == "gallery"
    assert [(one["name"], one["method"]) for one in told["parts"]] == [("left", "dream"), ("right", "inversion")]
    assert told["parts"][0]["layer"] == "mixed3"
    assert "scale" not in told


def test_npz_gives_the_numbers_of_every_part_back_to_the_bit(tmp_path):
    names = ("a", "backbone/conv_1", "about")
    picture = dataclasses.replace(part("x"), value_range=(0, 1), captions=["xyz"] * 3).beside(
        part("y"), part("z", 6, 5, 3), names=names, title="é"
    )
    with np.load(picture.save(tmp_path / "gallery.npz"), allow_pickle=False) as file:
        assert set(file) == {*(f"values/{name}" for name in names), "about", "fields"}
        for name, values in picture.values.items():
            assert file[f"values/{name}"].tobytes() == values.tobytes()
        fields, told = (json.loads(str(file[key])) for key in ("fields", "about"))
    assert fields["names"] == list(names)
    assert fields["title"] == "é"
    assert fields["parts"][0]["value_range"] == [0, 1]
    assert fields["parts"][0]["captions"] == ["xyz"] * 3
    assert [one["method"] for one in told["parts"]] == ["x", "y", "z"]


def test_a_scale_is_held_for_each_part_with_a_range_around_zero():
    kernels, digits = dataclasses.replace(part("k"), value_range=(-3, 3)), part("d")
    picture = kernels.beside(digits, kernels, names=("a", "b", "c"))
    assert picture.scales().tolist() == [3, 0, 3]
    held = picture.at(np.array([5, 0, 7]))
    assert [one.value_range for one in held.parts] == [(-5, 5), None, (-7, 7)]
    assert [one.value_range for one in picture.at(2).parts] == [(-2, 2)] * 3
    assert digits.beside(digits).scales().size == 0
    assert digits.beside(digits).at(np.zeros(0)).parts[0].value_range is None
    assert picture.at(picture.scales()).draw().tobytes() == picture.draw().tobytes()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: part("a").beside(Images(np.ones((2, 7, 7, 1)))),
            ValueError,
            "must be as many images. Received: 3, 2 images",
        ),
        (lambda: Gallery(()), ValueError, "Received: no parts"),
        (
            lambda: part("a").beside(HeatMaps(np.ones((3, 7, 7)), np.ones((3, 7, 7, 1)))),
            TypeError,
            "Only Images can stand beside each other. Received: HeatMaps, number 1",
        ),
        (lambda: Gallery(part("a")), TypeError, "`parts` must be a sequence of Images. Received: Images"),
        (
            lambda: part("a").beside(part("b"), names=("a", "b", "c")),
            ValueError,
            "`names` has 3 entries, but there are 2 parts",
        ),
        (lambda: part("a").beside(part("b"), names="ab"), ValueError, "`names='ab'` is one string"),
        (
            lambda: part("a").beside(part("b"), names=("a", "a")),
            ValueError,
            "must be different and not empty.* 'a', 'a'",
        ),
        (lambda: part("a").beside(part("b"), names=("a", " ")), ValueError, "must be different and not empty"),
        (
            lambda: part("a").beside(part("b")).at(np.ones(3)),
            ValueError,
            r"`scale` must be one number or one for each of 2 parts. Received: shape \(3,\)",
        ),
    ],
)
def test_what_cannot_stand_side_by_side_is_refused_with_what_came_and_what_is_wanted(make, error, message):
    with pytest.raises(error, match=message):
        make()
