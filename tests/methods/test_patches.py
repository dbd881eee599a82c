"""Are the best images the best, and do they excite the unit by what is in the box?"""

from __future__ import annotations

import dataclasses

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.picture import Patches
from tests import nets

X = nets.images(40)


def activations(model: keras.Model, x: np.ndarray, layer: str) -> np.ndarray:
    return keras.Model(model.inputs, model.get_layer(layer).output).predict(x, verbose=0)


@pytest.mark.parametrize("layer", ["conv_1", "conv_2", "pool"])
def test_the_best_images_of_all_and_running_them_again_gives_the_recorded_activation(layer):
    model = nets.sequential()
    found = kv.top_patches(model, X, layer, [3, 0], k=4, batch=7)
    maps = activations(model, X, layer)
    for i, unit in enumerate((3, 0)):
        highest = maps[..., unit].max(axis=(1, 2))
        np.testing.assert_array_equal(found.indices[i], np.argsort(-highest, kind="stable")[:4])
        np.testing.assert_allclose(found.scores[i], np.sort(highest)[::-1][:4], rtol=1e-5)
    np.testing.assert_array_equal(found.values, X[found.indices.ravel()])
    again = activations(model, found.values, layer)
    for j, ((row, column), unit) in enumerate(
        zip(found.positions.reshape(-1, 2), np.repeat(found.units, 4), strict=True)
    ):
        np.testing.assert_allclose(again[j, row, column, unit], found.scores.ravel()[j], rtol=1e-5)


@pytest.mark.parametrize("layer", ["conv_1", "conv_2", "pool"])
def test_nothing_outside_a_box_changes_the_activation_and_each_of_its_edges_does(layer):
    model = nets.sequential(activation="tanh")  # nothing is cut off
    found = kv.top_patches(model, X, layer, [1], k=5)
    rng = np.random.default_rng(1)
    for image, box, (row, column), score in zip(
        found.values, found.boxes[0], found.positions[0], found.scores[0], strict=True
    ):
        top, left, bottom, right = box
        outside = np.ones(image.shape, bool)
        outside[top:bottom, left:right] = False
        assert outside.any()
        noisy = np.where(outside, rng.uniform(-1, 1, image.shape), image).astype("float32")
        assert activations(model, noisy[None], layer)[0, row, column, 1] == pytest.approx(score, rel=1e-5)
        if layer == "pool":
            continue  # of four positions only the highest counts, which sees less than all four
        for edge in (np.s_[top], np.s_[bottom - 1], np.s_[:, left], np.s_[:, right - 1]):
            changed = image.copy()
            changed[edge] += outside[edge] == 0
            assert abs(activations(model, changed[None], layer)[0, row, column, 1] - score) > 1e-4


def test_an_image_comes_once_for_each_unit_at_its_highest_position():
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(1, 1, use_bias=False, name="same")])
    model.set_weights([np.ones((1, 1, 1, 1))])
    x = np.zeros((3, 4, 4, 1), np.float32)
    x[0, 1, 2], x[0, 3, 3], x[1, 0, 1], x[2, 2, 0] = 5, 4, 9, 7
    found = kv.top_patches(model, x, "same", 0, k=2)
    assert found.scores.tolist() == [[9, 7]]
    assert found.indices.tolist() == [[1, 2]]
    assert found.positions.tolist() == [[[0, 1], [2, 0]]]
    assert found.boxes.tolist() == [[[0, 1, 1, 2], [2, 0, 3, 1]]]
    assert [patch.tolist() for patch in found.patches(0)] == [[[[9]]], [[[7]]]]


def test_of_equal_images_the_first_in_the_data_whatever_the_batch():
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Conv2D(1, 1, use_bias=False, name="same")])
    model.set_weights([np.ones((1, 1, 1, 1))])
    x = np.zeros((9, 2, 2, 1), np.float32)
    x[4:] = 1
    for batch in (1, 2, 3, 9):
        assert kv.top_patches(model, x, "same", 0, k=3, batch=batch).indices.tolist() == [[4, 5, 6]]


def test_boxes_are_clipped_at_the_border():
    model = keras.Sequential(
        [keras.Input((6, 5, 1)), keras.layers.Conv2D(1, 3, padding="same", use_bias=False, name="conv")]
    )
    model.set_weights([np.ones((3, 3, 1, 1))])
    x = np.zeros((1, 6, 5, 1), np.float32)
    x[0, :2, :2] = 1  # seen whole at position 0, 0 first
    found = kv.top_patches(model, x, "conv", 0, k=9)
    assert found.scores.tolist() == [[4]]
    assert found.boxes.tolist() == [[[0, 0, 2, 2]]]
    assert found.field == (3, 3)
    assert found.patches(0)[0].shape == (2, 2, 1)


def test_a_unit_of_a_dense_layer_sees_the_whole_image():
    model = nets.sequential()
    found = kv.top_patches(model, X, "preds", 2, k=3)
    chance = model.predict(X, verbose=0)[:, 2]
    np.testing.assert_array_equal(found.indices[0], np.argsort(-chance, kind="stable")[:3])
    np.testing.assert_array_equal(found.boxes[0], [[0, 0, 12, 10]] * 3)
    assert found.field == (12, 10)


def test_of_fewer_images_than_wanted_all_are_given():
    found = kv.top_patches(nets.sequential(), X[:3], "conv_2", [0, 1], k=9)
    assert found.scores.shape == (2, 3)
    assert sorted(found.indices[0]) == [0, 1, 2]


def test_only_the_best_images_are_kept():
    import gc
    import tracemalloc

    model = nets.sequential()
    kv.top_patches(model, X, "conv_2", [0])

    class Many:
        def __iter__(self):
            for seed in range(200):
                yield nets.images(64, seed)

    def peak(data: object) -> int:
        gc.collect()
        tracemalloc.start()
        try:
            kv.top_patches(model, data, "conv_2", [0], progress=False)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    whole = 200 * nets.images(64).nbytes
    assert peak(Many()) < 0.2 * whole  # 12.3 MB


def test_the_picture_of_one_unit_is_the_same_as_that_made_of_it_alone():
    model = nets.sequential()
    both, alone = kv.top_patches(model, X, "conv_2", [1, 4]), kv.top_patches(model, X, "conv_2", 4)
    part = both.unit(4)
    for field in ("values", "scores", "boxes", "indices", "positions"):
        np.testing.assert_array_equal(getattr(part, field), getattr(alone, field))
    with pytest.raises(ValueError, match=r"`unit=2` is not in this picture. It holds: 1, 4"):
        both.unit(2)


def test_the_patch_is_drawn_large_and_the_box_on_the_image():
    x = np.zeros((1, 8, 8, 1), np.float32)
    x[0, 2:4, 5:8] = 1
    picture = Patches(
        x, units=[0], scores=[[1.0]], boxes=[[[2, 5, 4, 8]]], indices=[[0]], positions=[[[2, 5]]], field=(2, 3)
    )
    sheet = picture.draw()
    orange = (sheet == (230, 159, 0)).all(axis=-1)
    rows, columns = np.flatnonzero(orange.any(axis=1)), np.flatnonzero(orange.any(axis=0))
    # A pixel is drawn as a square of 21; the line is two wide, round the box.
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) in {(2 * 21 + 2, 3 * 21 + 2), (2 * 21 + 2, 3 * 21 + 1)}
    white = (sheet[: rows[0] - 4] == 255).all(axis=-1)
    grey = (sheet[: rows[0] - 4] == 232).all(axis=-1)
    assert white.sum() > (2 * 56) * (3 * 56)  # the patch, as large as its tile holds
    assert grey.any()  # and nothing beside it


@pytest.mark.parametrize(("field", "side"), [(2, 168), (3, 168), (5, 165)])
def test_what_is_white_is_parted_from_the_page_whether_or_not_its_pixels_fill_the_tile(field, side):
    picture = Patches(
        np.ones((1, 8, 8, 1), np.float32),
        units=[0],
        scores=[[1.0]],
        boxes=[[[1, 1, 1 + field, 1 + field]]],
        indices=[[0]],
        positions=[[[1, 1]]],
        field=(field, field),
        value_range=(0, 1),
    )
    white = (picture.draw() == 255).all(axis=-1).astype(np.uint8)
    count, pieces, about, _ = cv2.connectedComponentsWithStats(white, connectivity=4)
    others = [about[i, cv2.CC_STAT_AREA] for i in range(1, count) if i != pieces[0, 0]]
    # The patch is a whole piece of its own, and so is the image but for the box that is drawn on it.
    assert side**2 in others
    assert max(area for area in others if area != side**2) > 168**2 - (field * 21 + 4) ** 2 - 1


def test_a_patch_cut_at_the_top_lies_at_the_foot_of_its_tile():
    from keras_vis.draw.patches import _patch

    tile = _patch(np.ones((8, 8, 3), np.float32), np.array([0, 2, 2, 6]), (4, 4), (80, 80))
    assert (tile[:40] == 232).all()
    assert (tile[40:] == 255).all()
    tile = _patch(np.ones((8, 8, 3), np.float32), np.array([4, 5, 8, 8]), (4, 4), (80, 80))
    assert (tile[:, :60] == 255).all()
    assert (tile[:, 60:] == 232).all()


def test_a_silent_unit_and_one_that_is_equally_high_everywhere_are_told(monkeypatch):
    from keras_vis.draw import text

    written: list[str] = []
    block = text.block
    monkeypatch.setattr(
        text, "block", lambda words, *args, **options: written.append(words) or block(words, *args, **options)
    )
    model = nets.sequential()
    weights = model.get_weights()
    weights[2][..., :2] = 0
    weights[3][:2] = -1, 2.5
    model.set_weights(weights)
    found = kv.top_patches(model, X, "conv_2", [0, 1, 2], k=2)
    assert found.scores[:2].tolist() == [[0, 0], [2.5, 2.5]]
    found.draw()
    heads = [words for words in written if words.startswith("unit ")]
    assert heads == [
        "unit 0  \u2013  never above 0",
        "unit 1  \u2013  all equally high: the first in the data",
        "unit 2",
    ]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"k": 0}, ValueError, "`k` must be a positive whole number"),
        ({"k": 2.5}, ValueError, "`k` must be a positive whole number"),
        ({"units": [9]}, ValueError, "9"),
        ({"units": "all"}, TypeError, "`units`"),
        ({"layer": "reshaped"}, ValueError, r"gives neither maps \(h', w', k\) nor a vector"),
    ],
)
def test_what_cannot_be_is_named(options, error, words):
    inputs = keras.Input(nets.SHAPE)
    x = keras.layers.Conv2D(4, 3, name="conv_1")(inputs)
    x = keras.layers.Reshape((80, 4), name="reshaped")(x)
    model = keras.Model(inputs, x)
    with pytest.raises(error, match=words):
        kv.top_patches(model, X, **{"layer": "conv_1", "units": [0], **options})


def test_activations_that_are_not_finite_are_named_with_their_image():
    inputs = keras.Input((2, 2, 1))
    model = keras.Model(inputs, keras.layers.Lambda(tf.math.log, name="log")(inputs))
    x = np.ones((6, 2, 2, 1), np.float32)
    x[4] = -1
    with pytest.raises(ValueError, match="gives NaN or infinity for image 4 of `data`"):
        kv.top_patches(model, x, "log", 0, batch=2)


def test_a_picture_whose_parts_do_not_go_together_is_refused():
    picture = kv.top_patches(nets.sequential(), X, "conv_2", [0, 1], k=2)
    for field, wrong in (
        ("boxes", picture.boxes[:, :1]),
        ("boxes", picture.boxes + 20),
        ("boxes", picture.boxes[..., [2, 3, 0, 1]]),
        ("indices", picture.indices + 0.5),
        ("units", [0]),
    ):
        with pytest.raises(ValueError, match=field):
            dataclasses.replace(picture, **{field: wrong})


def test_a_position_in_the_padding_sees_nothing():
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3, name="conv"), keras.layers.ZeroPadding2D(1, name="pad")]
    )
    model.set_weights([np.zeros((3, 3, 1, 2)), np.array([-1.0, 1.0])])
    found = kv.top_patches(model, np.ones((2, 6, 6, 1)), "pad", [0, 1])
    assert found.scores.tolist() == [[0, 0], [1, 1]]
    assert found.boxes.tolist() == [[[0, 0, 0, 0]] * 2, [[0, 0, 3, 3]] * 2]
    assert found.patches(0)[0].size == 0
    assert found.draw().std() > 1


def test_images_of_several_sizes_are_refused():
    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(2, 3, name="conv")])
    data = [np.zeros((2, 30, 30, 1)), np.zeros((2, 20, 20, 1))]
    with pytest.raises(ValueError, match=r"`data` has images of several sizes: \(30, 30, 1\) and \(20, 20, 1\)"):
        kv.top_patches(model, data, "conv", 0, batch=2)


def two_sights() -> keras.Model:
    """Two inputs of images of different sizes, and a layer that sees the second."""
    a, b = keras.Input((4, 4, 1), name="a"), keras.Input((6, 8, 1), name="b")
    seen = keras.layers.Conv2D(1, 3, use_bias=False, name="of_b")(b)
    model = keras.Model([a, b], [keras.layers.Flatten()(a), seen])
    model.set_weights([np.ones((3, 3, 1, 1))])
    return model


def test_the_input_that_is_named_is_cut_out():
    rng = np.random.default_rng(0)
    a, b = (rng.random((9, *shape, 1), np.float32) for shape in ((4, 4), (6, 8)))
    found = kv.top_patches(two_sights(), [a, b], "of_b", 0, k=3, input="b")
    sums = np.lib.stride_tricks.sliding_window_view(b[..., 0], (3, 3), axis=(1, 2)).sum(axis=(3, 4))
    best = np.argsort(-sums.max(axis=(1, 2)))[:3]
    np.testing.assert_array_equal(found.indices[0], best)
    np.testing.assert_array_equal(found.values, b[best])
    for patch, score in zip(found.patches(0), found.scores[0], strict=True):
        assert patch.shape == (3, 3, 1)
        assert patch.sum() == pytest.approx(score, rel=1e-5)


def test_a_field_larger_than_the_image_is_cut_to_it():
    model = keras.Sequential([keras.Input((6, 5, 1)), keras.layers.Conv2D(1, 15, padding="same", name="wide")])
    found = kv.top_patches(model, nets.images(3, shape=(6, 5, 1)), "wide", 0)
    assert found.field == (6, 5)
    assert kv.receptive_field(model, "wide").size == (15, 15)
    assert found.note.startswith("a unit sees the whole image")


def test_the_note_tells_how_many_of_how_many_are_shown():
    model = nets.sequential()
    assert kv.top_patches(model, X, "preds", 0, k=7).note.endswith("the best 7 of 40 images")
    assert kv.top_patches(model, X, "preds", 0, k=40).note.endswith("all 40 images, the best first")


def test_of_several_images_that_are_not_finite_the_first_is_named():
    inputs = keras.Input((2, 2, 1))
    model = keras.Model(inputs, keras.layers.Lambda(tf.math.log, name="log")(inputs))
    x = np.ones((9, 2, 2, 1), np.float32)
    x[[5, 7, 8]] = -1
    with pytest.raises(ValueError, match="for image 5 of `data`"):
        kv.top_patches(model, x, "log", 0, batch=4)


def test_images_that_are_outdone_are_forgotten():
    from keras_vis.methods.patches import _Best

    best = _Best(1, 3)
    for i in range(20):  # each better than all before
        best.take(np.full((1, 1), i), np.zeros((1, 1), int), np.full((1, 2, 2, 1), i), i)
    assert sorted(best._images) == [17, 18, 19]
    assert best.gathered()[:, 0, 0, 0].tolist() == [19, 18, 17]


def test_patches_of_the_second_unit_are_cut_out_of_its_own_boxes():
    picture = kv.top_patches(nets.sequential(), X, "conv_2", [1, 4], k=3)
    assert (picture.boxes[0] != picture.boxes[1]).any()
    for j, patch in enumerate(picture.patches(4)):
        top, left, bottom, right = picture.boxes[1, j]
        np.testing.assert_array_equal(patch, X[picture.indices[1, j], top:bottom, left:right])


@pytest.mark.parametrize(
    "box", [[-1, 0, 4, 4], [0, -1, 4, 4], [0, 0, 13, 4], [0, 0, 4, 11], [5, 0, 4, 4], [0, 5, 4, 4]]
)
def test_a_box_beyond_the_image_or_turned_round_is_refused(box):
    whole = {"units": [0], "scores": [[1.0]], "indices": [[0]], "positions": [[[0, 0]]], "field": (4, 4)}
    Patches(X[:1], boxes=[[[0, 0, 12, 10]]], **whole)
    with pytest.raises(ValueError, match="`boxes` must lie within the images, 12 by 10"):
        Patches(X[:1], boxes=[[box]], **whole)


def squares(**options) -> Patches:
    """Two units with two images each: red, green; blue, yellow; half as bright as the range goes."""
    colours = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]], np.float32)
    values = np.broadcast_to(colours[:, None, None], (4, 28, 28, 3))
    rest = {"units": [3, 5], "scores": [[4, 0], [2, 1]], "indices": [[0, 1], [2, 3]], "field": (28, 28)}
    boxes, positions = np.tile([0, 0, 28, 28], (2, 2, 1)), np.zeros((2, 2, 2), int)
    return Patches(values, **{**rest, "boxes": boxes, "positions": positions, "value_range": (0, 2), **options})


def test_images_are_drawn_unit_by_unit_the_best_on_the_left_in_the_range_given():
    sheet = squares().draw()
    middles = []
    for colour in ((128, 0, 0), (0, 128, 0), (0, 0, 128), (128, 128, 0)):
        where = np.argwhere((np.abs(sheet.astype(int) - colour) <= 1).all(axis=-1))
        assert len(where) == 168**2  # six times as large, and whole
        middles.append(where.mean(axis=0))
    (top, left), (a, right), (bottom, b), (c, d) = middles
    assert a == top < bottom == c
    assert b == left < right == d


def test_captions_stay_with_their_images_and_are_written_below_the_scores(monkeypatch):
    from keras_vis.draw import text

    picture = squares(captions=["a", "b", "c", "d"])
    assert picture.unit(5).captions == ("c", "d")
    written: list[str] = []
    block = text.block
    monkeypatch.setattr(
        text, "block", lambda words, *args, **options: written.append(words) or block(words, *args, **options)
    )
    picture.draw()
    assert [words for words in written if words in ("4, a", "0, b", "2, c", "1, d")] == ["4, a", "0, b", "2, c", "1, d"]
    # a unit that is 0 in one image is not silent
    assert [words for words in written if words.startswith("unit")] == ["unit 3", "unit 5"]


def test_columns_are_as_many_as_asked_for():
    one, two = squares(columns=1).draw(), squares(columns=2).draw()
    assert one.shape[0] > 1.5 * two.shape[0]
    assert one.shape[1] <= two.shape[1]


def test_a_patch_cut_at_the_left_lies_at_the_right_of_its_tile_and_is_not_turned():
    from keras_vis.draw.patches import _patch

    image = np.zeros((8, 8, 3), np.float32)
    image[3, 0] = 1  # the upper left pixel of the box
    tile = _patch(image, np.array([3, 0, 7, 2]), (4, 4), (80, 80))
    assert (tile[:, :40] == 232).all()
    assert (tile[:20, 40:60] == 255).all()
    assert not tile[20:, 40:].any()
    assert not tile[:, 60:].any()
