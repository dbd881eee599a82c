"""Correspondence: does a shifted image give the shift, and is a match what NumPy finds?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.engine.probe import probe
from keras_vis.measure.pairs import nearest
from tests import nets

L = keras.layers


def net(*stack: L.Layer, size: tuple[int | None, int | None] = (24, 20), channels: int = 1) -> keras.Model:
    model = keras.Sequential([keras.Input((*size, channels)), *stack])
    nets.draw_weights(model)
    return model


def texture(seed: int = 0, shape: tuple[int, ...] = (24, 20, 1)) -> np.ndarray:
    return np.random.default_rng(seed).random(shape).astype("float32")


def digit() -> np.ndarray:
    """A seven on an even ground, of strokes with soft edges."""
    image = np.zeros((24, 20), np.float32)
    image[6:8, 5:13] = 0.9
    for i in range(9):
        image[8 + i, 11 - i // 2 : 13 - i // 2] = 0.5 + 0.05 * i
    return image[..., None]


def two_convolutions() -> keras.Model:
    return net(L.Conv2D(8, 3, activation="relu", name="one"), L.Conv2D(16, 3, activation="relu", name="two"))


@pytest.mark.parametrize("make", [texture, digit])
@pytest.mark.parametrize("shift", [(0, 0), (3, -4), (-2, 1)])
@pytest.mark.parametrize("layer", ["one", "two"])
def test_a_shifted_image_gives_the_shift(make, shift, layer):
    a = make()
    found = kv.correspondence(two_convolutions(), a, np.roll(a, shift, (0, 1)), layer)
    np.testing.assert_array_equal(np.median(found.shifts, axis=0), shift)
    # what has left the image on one side has come in on the other
    exact = found.similarity > 1 - 1e-9
    assert exact.sum() > 20
    np.testing.assert_array_equal((found.shifts[exact] - shift) % (24, 20), 0)


def test_a_match_stands_where_the_layer_looked():
    model = two_convolutions()
    a = texture()
    found = kv.correspondence(model, a, a, "two")
    np.testing.assert_array_equal(found.a, found.b)
    np.testing.assert_array_equal(found.a, found.cells[:, 0] + 2)  # two 3 x 3 convolutions: 5 x 5 pixels
    padded = net(L.Conv2D(8, 3, padding="same", name="one"), L.MaxPooling2D(2, name="pool"))
    found = kv.correspondence(padded, a, a, "pool")
    np.testing.assert_array_equal(found.a, 2 * found.cells[:, 0] + 0.5)


def test_a_mirrored_or_transposed_layer_looked_where_its_boxes_are():
    model = net(L.Lambda(lambda images: images[:, ::-1]), L.Conv2D(8, 3, activation="relu", name="one"))
    a = texture()
    found = kv.correspondence(model, a, np.roll(a, (2, 3), (0, 1)), "one")
    rows, columns = found.cells[:, 0].T
    np.testing.assert_array_equal(found.a, np.stack([22 - rows, columns + 1], axis=1))
    np.testing.assert_array_equal(np.median(found.shifts, axis=0), (2, 3))
    turned = net(L.Permute((2, 1, 3)), L.Conv2D(8, 3, activation="relu", name="one"))
    found = kv.correspondence(turned, a, np.roll(a, (2, 3), (0, 1)), "one")
    np.testing.assert_array_equal(found.a, found.cells[:, 0, ::-1] + 1)
    np.testing.assert_array_equal(np.median(found.shifts, axis=0), (2, 3))
    pointed = kv.correspondence(turned, a, a, "one", points=(20, 6))
    np.testing.assert_array_equal(pointed.a, [(20, 6)])


def test_matches_are_the_mutual_nearest_neighbours_of_numpy():
    model, a, b = two_convolutions(), texture(1), texture(2)
    found = kv.correspondence(model, a, b, "two")
    features = [kv.feature_maps(model, one, "two").values[0].reshape(-1, 16).astype(np.float64) for one in (a, b)]
    left, right = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in features)
    cosines = left @ right.T
    there = cosines.argmax(axis=1)
    mutual = np.flatnonzero(cosines.argmax(axis=0)[there] == np.arange(len(left)))
    np.testing.assert_array_equal(found.cells[:, 0], np.stack(np.divmod(mutual, 16), axis=1))
    np.testing.assert_array_equal(found.cells[:, 1], np.stack(np.divmod(there[mutual], 16), axis=1))
    np.testing.assert_allclose(found.similarity, cosines[mutual, there[mutual]], rtol=1e-6)
    assert found.mutual.all()
    np.testing.assert_array_equal(found.points[:, 1] - found.points[:, 0], found.shifts)


def test_a_block_of_rows_changes_no_match():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(1100, 6)), rng.normal(size=(700, 6))  # three blocks, the last one smaller
    a[1024:], b[:3] = rng.normal(size=(76, 6)), 0
    found = nearest(a, b)
    cosines = (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b[3:] / np.linalg.norm(b[3:], axis=1, keepdims=True)).T
    np.testing.assert_array_equal(found.index, cosines.argmax(axis=1) + 3)
    np.testing.assert_allclose(found.similarity, cosines.max(axis=1), rtol=1e-12)
    back = cosines.argmax(axis=0)
    np.testing.assert_array_equal(found.mutual, back[cosines.argmax(axis=1)] == np.arange(1100))


def test_what_is_silent_or_like_several_matches_nothing():
    a = np.array([[0, 0], [1, 0], [0, 1], [3, 3]], float)
    b = np.array([[0, 0], [2, 0], [5, 0], [0, 7], [1, 1]], float)
    found = nearest(a, b)
    np.testing.assert_array_equal(found.index, [-1, 1, 3, 4])  # of the two that are like (1, 0) the first
    np.testing.assert_array_equal(found.mutual, [False, False, True, True])
    assert found.tied == 1
    np.testing.assert_array_equal(nearest(b, a).mutual, [False, False, False, True, True])


def test_very_small_and_very_large_features_have_a_cosine():
    found = nearest(np.array([[1e-38, 0], [0, 1e38]], np.float32), np.array([[0, 1e-30], [1e30, 0]], np.float32))
    np.testing.assert_array_equal(found.index, [1, 0])
    np.testing.assert_allclose(found.similarity, 1)


def test_points_match_from_the_position_nearest_to_them():
    model, a = two_convolutions(), texture()
    b = np.roll(a, (2, 3), (0, 1))
    found = kv.correspondence(model, a, b, "two", points=[(10, 9), (7.6, 8.4), (0, 0)])
    np.testing.assert_array_equal(found.a, [(10, 9), (8, 8), (2, 2)])
    np.testing.assert_array_equal(found.shifts, [(2, 3)] * 3)
    whole = kv.correspondence(model, a, b, "two")
    assert len(whole.a) > 3
    single = kv.correspondence(model, a, b, "two", points=(10, 9))
    np.testing.assert_array_equal(single.b, [(12, 12)])


def test_a_point_without_mutual_match_is_matched_and_flagged():
    model, a, b = two_convolutions(), texture(1), texture(2)
    every = [(row, column) for row in range(2, 22) for column in range(2, 18)]
    found = kv.correspondence(model, a, b, "two", points=every)
    mutual = kv.correspondence(model, a, b, "two")
    assert 0 < found.mutual.sum() == len(mutual.a) < len(every)
    np.testing.assert_array_equal(found.b[found.mutual], mutual.b)


def test_a_silent_point_is_left_out_with_a_warning():
    model = net(L.Conv2D(4, 3, use_bias=False, activation="relu", name="one"))
    with pytest.warns(
        RuntimeWarning, match=r"1 of `points` lie where layer 'one' gives zeros only, the first \(2, 2\)"
    ):
        found = kv.correspondence(model, digit(), digit(), "one", points=[(2, 2), (8, 11)])
    np.testing.assert_array_equal(found.a, [(8, 11)])


def test_images_may_differ_in_size_where_the_model_takes_any():
    model = net(L.Conv2D(12, 3, activation="relu", name="one"), size=(None, None))
    large = texture(3, (30, 26, 1))
    found = kv.correspondence(model, large[6:24, 4:20], large, "one")
    np.testing.assert_array_equal(np.median(found.shifts, axis=0), (6, 4))
    assert found.images[0].shape == (18, 16, 1)
    assert found.draw().ndim == 3


def test_an_input_of_several_is_chosen():
    model = nets.two_by_two()
    a = {"image": nets.images(1), "vector": np.zeros((1, 3), "float32")}
    b = {"image": np.roll(a["image"], (1, 2), (1, 2)), "vector": np.ones((1, 3), "float32")}
    found = kv.correspondence(model, a, b, "conv", input="image")
    np.testing.assert_array_equal(np.median(found.shifts, axis=0), (1, 2))


def test_every_form_of_a_model_gives_the_shift(tmp_path):
    a = nets.images(1)[0]
    for name, form in nets.forms(tmp_path).items():
        found = kv.correspondence(form, a, np.roll(a, (1, -1), (0, 1)), "conv_2")
        np.testing.assert_array_equal(np.median(found.shifts, axis=0), (1, -1), err_msg=name)


def test_a_second_look_traces_nothing():
    model, a = two_convolutions(), texture()
    kv.correspondence(model, a, texture(1), "two")
    before = probe(model).traces
    kv.correspondence(model, texture(2), a, "two", points=[(4, 4)])
    assert probe(model).traces == before


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"image_a": texture(0, (3, 24, 20, 1))}, ValueError, r"`image_a` must be one image; received 3"),
        ({"image_b": texture(0, (9, 9, 1))}, ValueError, r"`image_b` has shape \(9, 9, 1\)"),
        ({"layer": "tow"}, ValueError, r"`layer='tow'` is not in model.*Did you mean 'two'"),
        ({"layer": "flat"}, ValueError, r"`layer='flat'` gives no maps"),
        ({"layer": "mean"}, ValueError, r"`layer='mean'`: each of its positions sees the whole image"),
        ({"points": [(1, 2, 3)]}, ValueError, r"`points` must be \(m, 2\)"),
        ({"points": []}, ValueError, r"`points` must be \(m, 2\)"),
        ({"points": [(2, 3), (24, 3)]}, ValueError, r"`points\[1\]` is \(24, 3\), outside of `image_a`: rows 0 to 23"),
        ({"points": [(np.nan, 3)]}, ValueError, r"`points\[0\]` is \(nan, 3\), outside"),
        ({"points": "ab"}, TypeError, r"`points` must be pairs of numbers"),
        ({"image_a": np.zeros((24, 20, 1))}, ValueError, r"nothing of `image_a` matches anything of `image_b`"),
    ],
)
def test_what_cannot_be_is_named(options, error, words):
    model = net(
        L.Conv2D(8, 3, activation="relu", name="one"),
        L.Conv2D(8, 3, activation="relu", name="two"),
        L.GlobalAveragePooling2D(keepdims=True, name="mean"),
        L.Flatten(name="flat"),
    )
    given = {"image_a": texture(), "image_b": texture(1), "layer": "two", **options}
    with pytest.raises(error, match=words):
        kv.correspondence(model, **given)


def test_the_numbers_are_kept_in_a_file(tmp_path):
    a = texture()
    found = kv.correspondence(two_convolutions(), a, np.roll(a, 2, 0), "two")
    with np.load(found.save(tmp_path / "pair.npz")) as kept:
        np.testing.assert_array_equal(kept["b"] - kept["a"], found.shifts)
        np.testing.assert_array_equal(kept["image_a"], a)
        assert "conv" not in str(kept["fields"])


def test_a_place_and_its_match_have_one_colour():
    a = texture()
    b = np.roll(a, (4, 0), (0, 1))
    found = kv.correspondence(two_convolutions(), a, b, "two", points=[(5, 5), (5, 14), (15, 5), (15, 14)])
    drawn = found.draw().astype(int)
    top, side = drawn.shape[0] - 8 - 384, 16  # 24 rows of 16 pixels, and the margin below
    seen = []
    for (row, column), (there, beside) in zip(found.a, found.b, strict=True):
        here = drawn[int(top + (row + 0.5) * side), int(8 + (column + 0.5) * side) - 3]
        match = drawn[int(top + (there + 0.5) * side), int(8 + 320 + 56 + (beside + 0.5) * side) + 3]
        assert np.abs(here - match).max() <= 1
        seen.append(here)
    apart = [np.abs(one - other).max() for i, one in enumerate(seen) for other in seen[:i]]
    assert min(apart) > 60


def test_rows_and_columns_have_strides_kernels_and_paddings_of_their_own():
    model = net(L.ZeroPadding2D((1, 3)), L.Conv2D(8, (3, 5), strides=(2, 1), name="one"))
    found = kv.correspondence(model, texture(), texture(), "one")
    assert len(found.a) > 100
    # 2 i - 1 is the first row that is seen, and one below it the middle; j - 3 the first column, and two beside it
    np.testing.assert_array_equal(found.a, found.cells[:, 0] * [2, 1] + [0, -1])
    assert np.ptp(found.cells[:, 0], axis=0).tolist() == [11, 21]


def test_places_are_of_the_input_that_is_chosen():
    a, b = keras.Input((9, 9, 1), name="a"), keras.Input((24, 20, 1), name="b")
    seen = L.Conv2D(8, 3, strides=2, name="of_b")(b)
    model = keras.Model([a, b], [L.Flatten()(a), seen])
    nets.draw_weights(model)
    given = {"a": texture(0, (9, 9, 1)), "b": texture()}
    found = kv.correspondence(model, given, {**given, "b": np.roll(texture(), 2, 0)}, "of_b", input="b")
    np.testing.assert_array_equal(np.median(found.shifts, axis=0), (2, 0))
    np.testing.assert_array_equal(found.a, 2 * found.cells[:, 0] + 1)
    np.testing.assert_array_equal(found.images[0], given["b"])


def test_a_point_may_lie_anywhere_in_the_outermost_pixels():
    found = kv.correspondence(two_convolutions(), texture(), texture(), "two", points=[(-0.4, 19.4), (23.4, -0.4)])
    assert found.cells[:, 0].tolist() == [[0, 15], [19, 0]]
    for beyond in ((-0.6, 3), (23.6, 3), (3, -0.6), (3, 19.6)):
        with pytest.raises(ValueError, match="outside of `image_a`"):
            kv.correspondence(two_convolutions(), texture(), texture(), "two", points=[beyond])


def test_the_note_counts_what_matches_and_what_is_silent():
    model = net(L.Conv2D(8, 3, activation="relu", use_bias=False, name="one"))
    a = texture()
    a[12:] = 0
    silent = (kv.feature_maps(model, a[None], "one").values == 0).all(axis=-1).sum()
    assert silent >= 10 * 18
    found = kv.correspondence(model, a, a, "one")
    told = f"{len(found.a)} of {22 * 18} positions match mutually; {silent} are silent"
    assert found.note.startswith(told)
    assert [0, 0] in found.cells[:, 1].tolist()  # the first position matches, and is not silent


def test_the_file_holds_both_images(tmp_path):
    a, b = texture(), texture(1)
    found = kv.correspondence(two_convolutions(), a, b, "two")
    with np.load(found.save(tmp_path / "pair.npz")) as kept:
        np.testing.assert_array_equal(kept["image_a"], a)
        np.testing.assert_array_equal(kept["image_b"], b)


def test_two_that_are_as_much_like_one_are_tied_though_they_came_in_an_earlier_block(monkeypatch):
    a, b = np.array([[1, 0], [1, 0], [0.6, 0.8], [0, 1]]), np.array([[1.0, 0], [0, 1]])
    for rows in (2, 4):
        monkeypatch.setattr("keras_vis.measure.pairs._ROWS", rows)
        found = nearest(a, b)
        assert found.index.tolist() == [0, 0, 1, 1]
        assert found.mutual.tolist() == [False, False, False, True]
        assert found.tied == 0


def test_features_that_differ_by_a_rounding_alone_are_one():
    a = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    b = np.concatenate([a, a * np.float32(1.7), a * np.float32(0.3)])
    found = nearest(a, b)
    np.testing.assert_allclose(found.similarity, 1, atol=1e-12)
    assert not found.mutual.any()
    assert found.tied == 50
