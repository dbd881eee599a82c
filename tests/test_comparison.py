"""Does a comparison keep the numbers of every map, and say which is which?"""

from __future__ import annotations

import dataclasses
import json

import keras
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.picture import Comparison, HeatMaps, Images, about, told_by
from tests import nets

RNG = np.random.default_rng(11)
IMAGES = RNG.random((3, 28, 28, 1), np.float32)


def maps(method: str, *, size: int = 7, **facts: object) -> HeatMaps:
    return HeatMaps(RNG.normal(size=(3, size, size)), IMAGES, captions=("a", "b", "c"), about=about(method, **facts))


def test_values_are_the_raw_numbers_of_each_map():
    fine, coarse = maps("saliency", size=28), maps("grad_cam")
    picture = fine.beside(coarse, names=("fine", "coarse"))
    assert list(picture.values) == ["fine", "coarse"]
    assert picture.values["fine"].tobytes() == fine.values.tobytes()
    assert picture.values["coarse"].tobytes() == coarse.values.tobytes()
    assert picture.images.tobytes() == IMAGES.tobytes()
    assert picture.captions == ("a", "b", "c")


def named(*pictures: HeatMaps) -> tuple[str, ...]:
    return tuple(pictures[0].beside(*pictures[1:]).names)


def test_names_say_the_method_and_what_else_tells_two_apart():
    saliency = maps("saliency", target="Logit(3, output='preds')")
    assert named(saliency, maps("guided_backprop")) == ("saliency", "guided backprop")
    layers = [maps("grad_cam", layer=f"conv_{k}", target="Logit(predicted)") for k in (1, 2)]
    assert named(saliency, *layers) == ("saliency", "grad cam at conv_1", "grad cam at conv_2")
    eight = maps("saliency", target="Logit(8, output='preds')")
    assert named(saliency, eight) == ("saliency, Logit(3)", "saliency, Logit(8)")
    other = maps("saliency", target="Logit(3, output='aux')")
    assert named(saliency, other) == ("saliency, Logit(3, output='preds')", "saliency, Logit(3, output='aux')")
    # the first fact that is enough; all of them where none is; what is not told is not said
    assert named(maps("m", steps=8, seed=1), maps("m", steps=64, seed=2)) == ("m, steps 8", "m, steps 64")
    assert named(maps("m"), maps("m", smooth_by=25)) == ("m", "m, smooth by 25")
    three = [maps("m", layer=layer, seed=seed) for layer, seed in (("a", 1), ("a", 2), ("b", 1))]
    assert named(*three) == ("m at a, seed 1", "m at a, seed 2", "m at b, seed 1")


def test_names_are_numbered_where_nothing_tells_two_apart():
    assert named(maps("saliency"), maps("grad_cam"), maps("saliency")) == ("saliency 1", "grad cam", "saliency 2")
    plain = HeatMaps(np.ones((1, 7, 7)), IMAGES[:1])
    assert named(plain, dataclasses.replace(plain, title="What the eye sees"), plain) == (
        "map 1",
        "What the eye sees",
        "map 2",
    )


def test_a_long_fact_is_shortened_in_a_name_and_whole_in_about():
    targets = [f"Logit({[k] * 100})" for k in (3, 8)]
    picture = maps("saliency", target=targets[0]).beside(maps("saliency", target=targets[1]))
    assert all(len(name) < 60 for name in picture.names)
    assert [part["target"] for part in picture.about["parts"]] == targets


def test_a_png_says_what_each_column_shows_and_on_what_scale(tmp_path):
    picture = maps("saliency", target="Logit(3)").beside(maps("grad_cam", layer="conv_2"), title="Three")
    told = told_by(picture.save(tmp_path / "picture.png"))
    assert told["method"] == "comparison"
    assert [(part["name"], part["method"]) for part in told["parts"]] == [
        ("saliency", "saliency"),
        ("grad cam", "grad_cam"),
    ]
    assert told["parts"][0]["target"] == "Logit(3)"
    assert told["parts"][1]["layer"] == "conv_2"
    assert told["parts"][1]["versions"]["numpy"] == np.__version__
    np.testing.assert_allclose(told["scale"], [part.scales() for part in picture.maps], rtol=1e-5)


def test_what_is_told_follows_a_change_of_names():
    picture = dataclasses.replace(maps("a").beside(maps("b")), names=("left", "right"))
    assert [(part["name"], part["method"]) for part in picture.about["parts"]] == [("left", "a"), ("right", "b")]


def test_the_scale_of_a_saved_png_holds_another_comparison(tmp_path):
    picture = maps("saliency").beside(maps("grad_cam"))
    told = np.asarray(told_by(picture.save(tmp_path / "picture.png"))["scale"], np.float32)
    assert told.shape == picture.scales().shape == (2, 3)
    louder = dataclasses.replace(
        picture, maps=[dataclasses.replace(part, values=9 * part.values) for part in picture.maps]
    )
    held = louder.at(told)
    np.testing.assert_allclose(held.scales(), picture.scales(), rtol=1e-5)
    np.testing.assert_allclose(louder.scales(), 9 * picture.scales(), rtol=1e-5)
    np.testing.assert_array_equal(held.values["saliency"], louder.values["saliency"])
    assert (held.draw() != picture.draw()).any()


def test_a_comparison_at_its_own_scale_looks_the_same():
    picture = maps("saliency").beside(maps("grad_cam"))
    one, other = picture.draw(), picture.at(picture.scales()).draw()
    # only the note above says that the scale is given
    note = slice(8, 8 + 14)
    np.testing.assert_array_equal(np.delete(one, note, 0), np.delete(other, note, 0))
    assert (one[note] != other[note]).any()


def test_a_number_is_the_scale_of_all_and_a_zero_leaves_a_map_its_own():
    picture = maps("saliency").beside(maps("grad_cam"))
    np.testing.assert_array_equal(picture.at(2.5).scales(), np.full((2, 3), 2.5))
    own = picture.scales()
    held = picture.at(np.array([[1, 0, 2], [0, 3, 0]])).scales()
    np.testing.assert_array_equal(held, [[1, own[0, 1], 2], [own[1, 0], 3, own[1, 2]]])


def test_maps_can_be_laid_over_other_images():
    photographs = RNG.random((3, 60, 90, 3), np.float32)
    picture = maps("saliency").beside(maps("grad_cam"), names=("a", "b"), title="t").over(photographs)
    for part in picture.maps:
        np.testing.assert_array_equal(part.images, photographs)
    assert (picture.names, picture.title, picture.captions) == (("a", "b"), "t", ("a", "b", "c"))


def test_npz_gives_the_numbers_of_every_map_back_to_the_bit(tmp_path):
    first = dataclasses.replace(maps("saliency"), signed=True, scale=np.array([1, 2, 3]))
    names = ("images", "backbone/conv_1", "about")
    picture = first.beside(maps("grad_cam"), maps("x", size=28), names=names, title="é")
    with np.load(picture.save(tmp_path / "maps.npz"), allow_pickle=False) as file:
        assert set(file) == {"images", *(f"values/{name}" for name in names), "scale/images", "about", "fields"}
        assert file["images"].tobytes() == IMAGES.tobytes()
        for name, values in picture.values.items():
            assert file[f"values/{name}"].tobytes() == values.tobytes()
        assert file["scale/images"].tolist() == [1, 2, 3]
        fields, told = (json.loads(str(file[key])) for key in ("fields", "about"))
    assert fields["names"] == list(names)
    assert fields["title"] == "é"
    assert [part["signed"] for part in fields["parts"]] == [True, False, False]
    assert [part["method"] for part in told["parts"]] == ["saliency", "grad_cam", "x"]


def test_what_a_method_holds_besides_is_saved_too(tmp_path):
    @dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
    class Occlusion(HeatMaps):
        scores: np.ndarray

    scores = RNG.random((3, 2, 2), np.float32)
    occlusion = Occlusion(RNG.random((3, 7, 7)), IMAGES, scores=scores, about={"method": "occlusion"})
    picture = maps("saliency").beside(occlusion).at(2.0).over(np.zeros((3, 50, 50, 3)))
    with np.load(picture.save(tmp_path / "both.npz"), allow_pickle=False) as file:
        assert file["scores/occlusion"].tobytes() == scores.tobytes()


def test_repr_names_shapes_and_not_numbers():
    assert repr(maps("saliency").beside(maps("grad_cam"))) == (
        "Comparison(images float32 (3, 28, 28, 1), values/saliency float32 (3, 7, 7), "
        "values/grad cam float32 (3, 7, 7), method='comparison')"
    )


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: maps("a").beside(HeatMaps(np.ones((2, 7, 7)), IMAGES[:2])),
            ValueError,
            "must be maps of the same images. Received: maps of 3, 2 images",
        ),
        (lambda: Comparison(()), ValueError, "Received: no maps"),
        (lambda: maps("a").beside(Images(IMAGES)), TypeError, "Received: Images, number 1"),
        (lambda: Comparison(maps("a")), TypeError, "`maps` must be a sequence of HeatMaps. Received: HeatMaps"),
        (
            lambda: maps("a").beside(maps("b"), names=("a", "b", "c")),
            ValueError,
            "`names` has 3 entries, but there are 2 maps of each image",
        ),
        (lambda: maps("a").beside(maps("b"), names="ab"), ValueError, "`names='ab'` is one string"),
        (
            lambda: maps("a").beside(maps("b"), names=("a", "a")),
            ValueError,
            "must be different and not empty.* 'a', 'a'",
        ),
        (lambda: maps("a").beside(maps("b"), names=("a", " ")), ValueError, "must be different and not empty"),
        (
            lambda: maps("a").beside(maps("b")).at(np.ones(3)),
            ValueError,
            r"one for each of 2 maps of 3 images, \(2, 3\). Received: shape \(3,\)",
        ),
        (lambda: maps("a").beside(maps("b")).at(-1), ValueError, "`scale` must be positive"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_what_came_and_what_is_wanted(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_the_frames_of_a_training_have_one_scale_for_each_map_of_each_image(tmp_path):
    x, y = nets.images(8, seed=4), np.arange(8) % 5
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(nets.SHAPE),
            keras.layers.Conv2D(4, 3, activation="relu", name="conv_1"),
            keras.layers.Flatten(),
            keras.layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")

    def both(model: keras.Model, images: np.ndarray) -> Comparison:
        return kv.saliency(model, images, 0, progress=False).beside(kv.grad_cam(model, images, 0, progress=False))

    def fit(**epochs: int) -> None:
        model.fit(x, y, verbose=0, callbacks=[kv.EpochVisualizer(both, x[:3], directory=tmp_path)], **epochs)

    fit(epochs=2)
    own = both(model, x[:3]).scales()
    fit(initial_epoch=2, epochs=3)  # reads the scale from the last frame
    told = [told_by(tmp_path / "both" / f"epoch-000{epoch}.png") for epoch in range(4)]
    scales = np.array([frame["scale"] for frame in told])
    assert scales.shape == (4, 2, 3)
    np.testing.assert_array_equal(scales, scales[1][None].repeat(4, 0))
    assert (abs(own - scales[1]) > 1e-4 * own).any()
    assert [part["name"] for part in told[3]["parts"]] == ["saliency", "grad cam"]
