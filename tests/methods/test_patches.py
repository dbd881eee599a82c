"""Are the best images the best, and do they excite the unit by what is in the box?"""

from __future__ import annotations

import dataclasses

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
