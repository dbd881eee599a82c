"""Are a layer's codes its own, and does the plane keep what they hold to be alike?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.engine.probe import probe
from keras_vis.measure import plane
from keras_vis.picture.mosaic import Mosaic
from tests import nets

L = keras.layers


@pytest.fixture(scope="module")
def net(digits) -> keras.Model:
    """A small net that has seen these digits for a moment."""
    keras.utils.set_random_seed(0)
    x, y = digits
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            L.Conv2D(8, 3, strides=2, activation="relu", name="conv"),
            L.Flatten(name="flatten"),
            L.Dense(64, activation="relu", name="dense"),
            L.Dense(10, activation="softmax", name="preds"),
        ]
    )
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=64, epochs=14, verbose=0)
    return model


@pytest.fixture(scope="module")
def embedded(net, digits):
    return kv.embed_codes(net, digits[0], "dense", labels=digits[1])


def agreement(points: np.ndarray, labels: np.ndarray, k: int = 10) -> float:
    """The share of each point's k nearest others with its label, from all distances."""
    away = ((points[:, None].astype(np.float64) - points[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(away, np.inf)
    near = np.argpartition(away, k, axis=1)[:, :k]
    return float((labels[near] == labels[:, None]).mean())


# codes


def test_codes_are_what_the_layer_gives():
    model, x = nets.functional(), nets.images(23)
    for layer in ("preds", "conv_2"):
        wanted = keras.Model(model.inputs, model.get_layer(layer).output).predict(x, verbose=0)
        np.testing.assert_allclose(kv.codes(model, x, layer), wanted.reshape(23, -1), rtol=1e-5, atol=1e-6)


def test_pooled_codes_are_the_mean_or_the_highest_of_a_units_positions():
    model, x = nets.sequential(), nets.images(5)
    maps = kv.feature_maps(model, x, "conv_1").values
    np.testing.assert_allclose(kv.codes(model, x, "conv_1", pooling="avg"), maps.mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_array_equal(kv.codes(model, x, "conv_1", pooling="max"), maps.max(axis=(1, 2)))
    np.testing.assert_array_equal(kv.codes(model, x, "preds", pooling="avg"), kv.codes(model, x, "preds"))


@pytest.mark.parametrize("layer", ["conv_2", "preds"])
def test_the_same_codes_of_the_same_model_in_any_form(tmp_path, layer):
    x = nets.images(7)
    forms = nets.forms(tmp_path)
    wanted = kv.codes(forms["functional"], x, layer)
    for name, model in forms.items():
        path = next(path for path in probe(model).outline(x).layers if path.endswith(layer))
        np.testing.assert_allclose(kv.codes(model, x, path), wanted, rtol=1e-4, atol=1e-5, err_msg=name)


def test_data_of_any_kind_give_the_same_codes_and_labels():
    model, x, y = nets.sequential(), nets.images(25), np.arange(25) % 3
    wanted = kv.codes(model, x, "conv_2")
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    np.testing.assert_allclose(kv.codes(model, data, "conv_2"), wanted, rtol=1e-5, atol=1e-6)
    found = kv.embed_codes(model, data, "conv_2", method="pca")
    np.testing.assert_array_equal(found.labels, y)
    first = kv.embed_codes(model, x, "conv_2", method="pca", labels=y)
    np.testing.assert_allclose(found.positions, first.positions, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found.values["shown"], first.values["shown"])
    np.testing.assert_array_equal(found.values["images"], first.values["images"])


def test_another_pooling_or_layer_is_refused():
    model, x = nets.sequential(), nets.images(4)
    with pytest.raises(ValueError, match="`pooling='mean'` must be one of None, 'avg', 'max'"):
        kv.codes(model, x, "conv_1", pooling="mean")
    with pytest.raises(ValueError, match="Did you mean 'conv_1'"):
        kv.codes(model, x, "conv1")


# the plane


def test_neighbours_in_the_plane_have_one_label_nine_times_of_ten(embedded, digits):
    assert embedded.agreement() >= 0.9
    assert embedded.agreement() == pytest.approx(agreement(embedded.positions, digits[1]), abs=1e-3)


def test_the_agreement_of_the_codes_is_that_of_all_distances(net, embedded, digits):
    of_codes = agreement(kv.codes(net, digits[0], "dense"), digits[1])
    assert embedded.agreement(of="codes") == pytest.approx(of_codes, abs=0.01)  # of 50 components of 64


def test_half_of_the_neighbours_are_kept_and_by_chance_one_in_a_hundred(embedded):
    near = embedded.values["neighbours"][:, :10]
    away = ((embedded.positions[:, None] - embedded.positions[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(away, np.inf)
    here = np.argpartition(away, 10, axis=1)[:, :10]
    shares = [len(set(a) & set(b)) / 10 for a, b in zip(near.tolist(), here.tolist(), strict=True)]
    assert embedded.kept() == pytest.approx(np.mean(shares), abs=1e-3)
    assert embedded.kept() > 0.4


def test_principal_components_equal_numpys():
    model, x = nets.sequential(), nets.images(40)
    codes = kv.codes(model, x, "conv_2").astype(np.float64)
    centred = codes - codes.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    found = kv.embed_codes(model, x, "conv_2", method="pca")
    wanted = left[:, :2] * sizes[:2]
    signs = np.sign((wanted * found.positions).sum(axis=0))
    np.testing.assert_allclose(found.positions, wanted * signs, atol=1e-4 * sizes[0])
    np.testing.assert_allclose(found.about["variance"], sizes[:2] ** 2 / (sizes**2).sum(), rtol=1e-4)


def test_long_codes_have_numpys_components_too():
    rng = np.random.default_rng(0)
    codes = (rng.normal(size=(60, 5)) * [9, 6, 3, 2, 1] @ rng.normal(size=(5, 1500)) + 7).astype(np.float32)
    centred = codes.astype(np.float64) - codes.mean(axis=0, dtype=np.float64)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    points, shares = plane.principal(codes.copy(), 2, seed=0)
    np.testing.assert_allclose(np.abs(points), np.abs(left[:, :2] * sizes[:2]), atol=1e-4 * sizes[0])
    np.testing.assert_allclose(shares, sizes[:2] ** 2 / (sizes**2).sum(), rtol=1e-4)


def test_the_same_seed_gives_the_same_numbers_and_another_others(net, digits):
    x = digits[0][:200]
    first, again, other = (kv.embed_codes(net, x, "dense", perplexity=10, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.positions, again.positions)
    assert not np.array_equal(first.positions, other.positions)
    assert not np.array_equal(first.values["shown"], other.values["shown"])


def test_a_seed_may_be_larger_than_libraries_take(net, digits):
    x = digits[0][:60]
    for method in ("tsne", "pca"):
        first, again = (kv.embed_codes(net, x, "conv", method=method, perplexity=5, seed=2**40 + 1) for _ in "ab")
        np.testing.assert_array_equal(first.positions, again.positions)
        assert first.about["seed"] == 2**40 + 1
    other = kv.embed_codes(net, x, "conv", perplexity=5, seed=1)
    assert not np.array_equal(other.values["shown"], first.values["shown"])


def test_threads_change_no_number(digits, monkeypatch):
    points = digits[0][:150].reshape(150, -1)
    near = plane.neighbours(points, 15)
    monkeypatch.setattr(plane, "_TOGETHER", 30)
    monkeypatch.setattr(plane, "_APART", 30)
    one = plane.tsne(points[:, 300:302], near, 5, seed=0)
    monkeypatch.setattr(plane, "_THREADS", 1)
    steps: list[int] = []
    np.testing.assert_array_equal(plane.tsne(points[:, 300:302], near, 5, seed=0, moved=steps.append), one)
    assert sum(steps) == 60


def test_codes_of_one_number_leave_their_line_and_twins_stay_neighbours():
    model = keras.Sequential([keras.Input((4, 4, 1)), L.GlobalAveragePooling2D(name="mean")])
    x = np.repeat(np.linspace(0, 1, 20, dtype=np.float32), 2)[:, None, None, None] * np.ones((1, 4, 4, 1), "float32")
    found = kv.embed_codes(model, x, "mean", perplexity=5)
    assert np.isfinite(found.positions).all()
    assert np.linalg.matrix_rank(found.positions - found.positions.mean(axis=0), tol=1) == 2
    # of each pair the other is the nearest
    twin = np.arange(40) ^ 1
    np.testing.assert_array_equal(found.values["neighbours"][:, 0], twin)
    assert found.draw().shape[1] == 900


def test_labels_may_be_numbers_words_or_rows_with_a_single_one():
    model, x = nets.sequential(), nets.images(9)
    y = np.array([0, 4, 1] * 3)
    forms = (y, y.tolist(), y[:, None], np.eye(5)[y], np.array(["a", "e", "b"])[y // 2 + (y == 1)])
    forms += (y.astype(object), np.array(["a", "b", "c", "d", "e"], object)[y])  # as a column of a table may be
    for labels in forms:
        found = kv.embed_codes(model, x, "preds", labels=labels, method="pca")
        assert (found.labels == found.labels[0]).tolist() == (y == 0).tolist()
    one_hot = tf.data.Dataset.from_tensor_slices((x, np.eye(5, dtype="float32")[y])).batch(4)
    found = kv.embed_codes(model, one_hot, "preds", method="pca", names=["v", "w", "x", "y", "z"])
    np.testing.assert_array_equal(found.labels, y)
    assert found.text["names"] == ["v", "w", "z"]
    assert kv.embed_codes(model, x, "preds", labels=y, names={0: "p", 1: "q", 4: "r"}, method="pca").text["names"] == [
        *"pqr"
    ]


def test_what_cannot_be_embedded_is_refused_with_the_remedy():
    model, x = nets.sequential(), nets.images(20)
    for wrong, told in (
        ({"labels": np.arange(19)}, "`labels` has 19 entries, but there are 20 images. Give one for each"),
        ({}, r"`perplexity=30` wants 91 images.*`data` holds 20.*at most 6.3, more images, or `method=\"pca\"`"),
        ({"perplexity": 1}, "`perplexity` must be a number of neighbours above 1"),
        ({"method": "umap"}, "`method='umap'` must be one of 'tsne', 'pca'"),
        ({"labels": np.full(20, 0.5)}, r"`labels` must be \(n,\) whole numbers"),
        ({"labels": np.arange(20), "names": ["a", "b"]}, "`names` has 2 entries and none for 2"),
        ({"names": ["a", "b"]}, "`names` are of labels, and there are none"),
        ({"labels": np.full(20, 3), "names": {0: "a"}}, "`names` has 1 entries and none for 3"),
        ({"labels": np.full(20, -1), "names": ["a"]}, "`labels` holds -1"),
        ({"labels": np.full(20, np.inf)}, r"`labels` must be \(n,\) whole numbers"),
        ({"labels": [*range(18), np.nan, 2]}, "`labels` lacks 1 of 20: the first is nan, in entry 18"),
        ({"labels": [*"ab" * 9, None, None]}, "`labels` lacks 2 of 20: the first is None, in entry 18. Give one for"),
        ({"seed": 1.5}, "`seed` must be a whole number"),
        ({"seed": -1}, "`seed` must be a whole number"),
    ):
        options = {"perplexity": 5, **wrong} if wrong else {}
        with pytest.raises(ValueError, match=told):
            kv.embed_codes(model, x, "preds", **options)
    with pytest.raises(TypeError, match="`labels` must be whole numbers or strings"):
        kv.embed_codes(model, x, "preds", labels=[{}] * 20, perplexity=5)
    with pytest.raises(TypeError, match="`names` must be the labels' names in order"):
        kv.embed_codes(model, x, "preds", labels=np.arange(20), names="abc", perplexity=5)
    with pytest.raises(ValueError, match="wants 3 at least"):
        kv.embed_codes(model, x[:2], "preds", method="pca")


def test_too_few_images_of_a_stream_are_refused_too():
    data = tf.data.Dataset.from_tensor_slices(nets.images(20)).batch(8)
    with pytest.raises(ValueError, match="`perplexity=30` wants 91 images"):
        kv.embed_codes(nets.sequential(), data, "preds")


def test_codes_that_tell_nothing_or_are_no_numbers_are_refused():
    model, x = nets.sequential(), nets.images(20)
    weights = model.get_layer("conv_1").get_weights()
    model.get_layer("conv_1").set_weights([weights[0], weights[1] - 1e6])
    with pytest.raises(ValueError, match=r"`layer='conv_1'` gives the same code for all 20 images.*dead"):
        kv.embed_codes(model, x, "conv_1", method="pca")
    model = nets.sequential(None)
    model.get_layer("preds").bias.assign([0, 0, np.nan, 0, 0])
    with pytest.raises(ValueError, match="NaN or infinite values, first for image 0, of 20"):
        kv.embed_codes(model, x, "preds", method="pca")


def test_nothing_is_traced_twice():
    model, x = nets.sequential(), nets.images(40)
    kv.embed_codes(model, x, "conv_2", method="pca")
    traces = probe(model).traces
    kv.embed_codes(model, x[:31], "conv_2", perplexity=5, batch=7)
    kv.codes(model, x, "conv_2")
    assert probe(model).traces == traces


# the picture


def test_an_embedding_that_was_turned_and_mirrored_is_turned_back(embedded):
    turn = np.array([[np.cos(1.0), np.sin(1.0)], [np.sin(1.0), -np.cos(1.0)]])
    other = type(embedded)("scatter", {**embedded.values, "positions": embedded.positions @ turn}, text=embedded.text)
    back = other.at(embedded.scales())
    np.testing.assert_allclose(back.positions, embedded.positions, atol=1e-3)
    assert embedded.at(embedded.scales()) is embedded
    with pytest.raises(ValueError, match=r"must be \(100, 2\)"):
        embedded.at(np.zeros((7, 2)))


def test_components_are_mirrored_and_never_turned(net, digits):
    found = kv.embed_codes(net, digits[0], "dense", method="pca")
    wanted = found.scales() @ np.array([[-0.8, 0.6], [0.6, 0.8]])
    np.testing.assert_array_equal(found.at(wanted).positions, found.positions * np.array([-1, 1], "float32"))


def test_the_grid_holds_each_image_once_and_near_ones_near(embedded, digits):
    grid = embedded.grid(20)
    assert isinstance(grid, Mosaic)
    assert len(set(grid.indices.tolist())) == len({tuple(cell) for cell in grid.cells.tolist()}) == 400
    np.testing.assert_array_equal(grid.values, digits[0][grid.indices])
    np.testing.assert_array_equal(grid.labels, digits[1][grid.indices])
    places = embedded.positions[grid.indices].reshape(20, 20, 2)  # row by row

    def between(places):
        steps = (places[1:] - places[:-1], places[:, 1:] - places[:, :-1])
        return np.mean([np.linalg.norm(step, axis=-1).mean() for step in steps])

    mixed = np.random.default_rng(0).permutation(places.reshape(-1, 2)).reshape(20, 20, 2)
    assert between(places) < between(mixed) / 4
    # up is up, and right is right
    assert np.corrcoef(places[..., 1].mean(axis=1), -np.arange(20))[0, 1] > 0.9
    assert np.corrcoef(places[..., 0].mean(axis=0), np.arange(20))[0, 1] > 0.9
    assert grid.at_cell(0, 3) == grid.indices[3]
    assert grid.at_cell(20, 0) is None


def test_a_grid_of_few_images_leaves_none_out(net, digits):
    grid = kv.embed_codes(net, digits[0][:23], "dense", method="pca").grid()
    assert sorted(grid.indices.tolist()) == list(range(23))
    assert grid.cells.max(axis=0).tolist() == [4, 4]
    with pytest.raises(ValueError, match="`columns=0` must be a whole number"):
        kv.embed_codes(net, digits[0][:23], "dense", method="pca").grid(0)


def test_an_agreement_wants_labels_and_neighbours(net, digits, embedded):
    with pytest.raises(ValueError, match="no labels to agree. Give `labels=`"):
        kv.embed_codes(net, digits[0][:30], "dense", method="pca").agreement()
    with pytest.raises(ValueError, match="`k=91` must be a whole number from 1 to 90"):
        embedded.agreement(91, of="codes")
    with pytest.raises(ValueError, match="`of='plane'` must be"):
        embedded.agreement(of="plane")


def test_each_axis_has_its_own_share_of_the_variance_written_on_it():
    found = kv.embed_codes(nets.sequential(), nets.images(40), "preds", method="pca")
    first, second = found.about["variance"]
    assert first > second + 0.01  # else they would be written alike
    assert found.text["x"] == f"first principal component, {100 * first:.1f} % of the variance"
    assert found.text["y"] == f"second principal component, {100 * second:.1f} % of the variance"


def test_a_perplexity_wants_three_times_as_many_others():
    model, x = nets.sequential(), nets.images(31)
    with pytest.raises(ValueError, match="`perplexity=10` wants 31 images.*holds 30.*at most 9.6"):
        kv.embed_codes(model, x[:30], "preds", perplexity=10)
    found = kv.embed_codes(model, x, "preds", perplexity=10)
    assert found.values["neighbours"].shape == (31, 30)


def test_a_sequence_is_pooled_over_its_places():
    model = keras.Sequential([keras.Input((8, 3)), L.Conv1D(5, 2, name="conv"), L.Flatten()])
    nets.draw_weights(model)
    x = np.random.default_rng(0).normal(size=(12, 8, 3)).astype("float32")
    values = keras.Model(model.inputs, model.get_layer("conv").output).predict(x, verbose=0)
    np.testing.assert_allclose(kv.codes(model, x, "conv", pooling="avg"), values.mean(axis=1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(kv.codes(model, x, "conv", pooling="max"), values.max(axis=1), rtol=1e-5, atol=1e-6)
