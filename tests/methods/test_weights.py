"""Do exported weights come back, and do histograms count every one?"""

from __future__ import annotations

import csv

import keras
import numpy as np
import pytest

from keras_vis.methods import weights
from keras_vis.methods.weights import export_weights, weight_histograms
from tests import nets

L = keras.layers


def backbone():
    x = inside = keras.Input((6, 6, 1))
    return keras.Model(inside, L.Conv2D(3, 3, name="conv_1")(x), name="backbone")


def tower():
    """A nested backbone that shares the name of a layer with what holds it, and odd names."""
    x = inputs = keras.Input((6, 6, 1))
    x = L.Conv2D(1, 1, name="conv_1")(x)
    x = L.Flatten()(backbone()(x))
    x = L.BatchNormalization(name="norm: a*b? c")(x)
    model = keras.Model(inputs, L.Dense(2, name="preds")(x), name="tower")
    nets.draw_weights(model)
    return model


def recurrent():
    x = inputs = keras.Input((5, 3))
    return keras.Model(inputs, L.Bidirectional(L.LSTM(4), name="both")(x))


def shared():
    a, b = keras.Input((4,)), keras.Input((4,))
    dense = L.Dense(3, name="shared")
    return keras.Model([a, b], L.Add()([dense(a), dense(b)]))


def loaded(folder, table):
    return [np.load(folder / name, allow_pickle=False) for name in table.column("file")]


FORMS = [tower, recurrent, shared, nets.sequential, nets.nested, nets.subclassed]


# ---------------------------------------------------------------------------------------------------------- the export


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_what_is_read_back_gives_the_same_outputs(form, tmp_path):
    model, other = form(), form()
    table = export_weights(model, tmp_path / "out")
    shapes = [tensor.shape[1:] for tensor in model.inputs] if form is not nets.subclassed else [nets.SHAPE]
    inputs = [nets.images(3, seed=i, shape=shape) for i, shape in enumerate(shapes)]
    inputs = inputs[0] if len(inputs) == 1 else inputs
    for array in other.weights:
        array.assign(array * 0 + 7.0)
    assert not np.array_equal(other(inputs), model(inputs))
    other.set_weights(loaded(tmp_path / "out", table))
    np.testing.assert_array_equal(other(inputs), model(inputs))


def test_paths_say_where_a_weight_belongs(tmp_path):
    assert export_weights(tower(), tmp_path / "out").column("path") == [
        *("conv_1/kernel", "conv_1/bias", "backbone/conv_1/kernel", "backbone/conv_1/bias"),
        *(f"norm: a*b? c/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")),
        *("preds/kernel", "preds/bias"),
    ]


def test_files_have_names_that_every_system_takes(tmp_path):
    table = export_weights(tower(), tmp_path / "out")
    names = table.column("file")
    assert names[2] == "2.backbone.conv_1.kernel.npy"
    assert names[4] == "4.norm_a_b_c.gamma.npy"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted([*names, "weights.csv"])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]  # nothing temporary stays


def test_the_list_has_numpys_figures(tmp_path):
    model = tower()
    kernel = np.arange(-13, 14, dtype="float32").reshape(3, 3, 1, 3)
    model.get_layer("backbone").get_layer("conv_1").kernel.assign(kernel)
    table = export_weights(model, tmp_path / "out")
    row = dict(zip(table.columns, table.rows[2], strict=True))
    assert row["shape"] == "(3, 3, 1, 3)"
    assert row["dtype"] == "float32"
    assert (row["mean"], row["min"], row["max"], row["zeros"]) == (0.0, -13.0, 13.0, 1)
    assert row["std"] == pytest.approx(np.sqrt(2 * sum(i * i for i in range(14)) / 27), rel=1e-12)
    with (tmp_path / "out" / "weights.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["path"] for line in lines] == table.column("path")
    assert float(lines[2]["std"]) == row["std"]
    assert sum(int(np.prod([int(n) for n in line["shape"].strip("()").split(",") if n.strip()])) for line in lines) == (
        model.count_params()
    )


def test_figures_of_more_than_a_million_entries_are_those_of_all_of_them():
    array = np.random.default_rng(0).normal(3, 2, (2**20 + 777,)).astype("float32")
    array[::7] = 0
    mean, std, low, high, zeros = weights._figures(array)
    assert mean == pytest.approx(array.mean(dtype=np.float64), rel=1e-12)
    assert std == pytest.approx(array.std(dtype=np.float64), rel=1e-12)
    assert (low, high, zeros) == (array.min(), array.max(), (array == 0).sum())


def test_a_shared_weight_is_written_once(tmp_path):
    assert len(export_weights(shared(), tmp_path / "out").rows) == 2


def test_bfloat16_comes_back_as_the_same_values(tmp_path):
    model = keras.Sequential([keras.Input((3,)), L.Dense(4, dtype="bfloat16", name="d")])
    table = export_weights(model, tmp_path / "out")
    assert table.rows[0][3] == "bfloat16"
    kernel = np.load(tmp_path / "out" / table.rows[0][0], allow_pickle=False)
    assert kernel.dtype == np.float32
    np.testing.assert_array_equal(kernel, model.weights[0].numpy().astype("float32"))


def test_an_earlier_export_is_replaced_as_a_whole(tmp_path):
    export_weights(tower(), tmp_path / "out")
    table = export_weights(shared(), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [*table.column("file"), "weights.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_export_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    export_weights(shared(), tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    whole = weights.write_whole
    monkeypatch.setattr(
        weights, "write_whole", lambda path, data: whole(path, data) if "kernel" in path.name else 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        export_weights(tower(), tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_and_one_that_is_not_there_are_taken(tmp_path):
    (tmp_path / "empty").mkdir()
    assert len(export_weights(shared(), str(tmp_path / "empty")).rows) == 2
    assert len(export_weights(shared(), tmp_path / "a" / "b").rows) == 2


def test_files_that_no_export_made_are_never_deleted(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"holds files that no export made \(notes.txt\)"):
        export_weights(shared(), tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    export_weights(shared(), tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="notes.txt"):
        export_weights(shared(), tmp_path / "out")
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays" / "0.mine.npy", np.zeros(1))  # named like ours, but without the list
    with pytest.raises(FileExistsError, match=r"0.mine.npy"):
        export_weights(shared(), tmp_path / "arrays")


def test_a_path_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match=r"`directory=.*is a file"):
        export_weights(shared(), tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


# ------------------------------------------------------------------------------------------------------ the histograms


@pytest.mark.parametrize("bins", [1, 7, 50])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_counts_sum_to_the_number_of_weights(form, bins):
    model = form()
    chart = weight_histograms(model, bins=bins)
    counts, edges = chart.values["counts"], chart.values["edges"]
    assert counts.sum() == model.count_params()
    assert counts.sum(axis=1).tolist() == [int(np.prod(weight.shape)) for weight in model.weights]
    assert counts.shape[1] == bins == edges.shape[1] - 1
    assert (np.diff(edges) > 0).all()
    assert len(chart.text["names"]) == len(model.weights)


def test_five_numbers_in_two_intervals_by_hand():
    model = keras.Sequential([keras.Input((5,)), L.Dense(1, use_bias=False, name="d")])
    model.set_weights([np.array([[0.0], [0.1], [0.5], [0.9], [1.0]], "float32")])
    chart = weight_histograms(model, bins=2)
    np.testing.assert_array_equal(chart.values["edges"], [[0, 0.5, 1]])
    np.testing.assert_array_equal(chart.values["counts"], [[2, 3]])  # a number on an edge belongs to the right
    assert chart.text["names"] == ["d/kernel"]


def test_one_layer_has_its_own_weights_and_a_nested_model_those_of_all_it_holds():
    model = tower()
    assert weight_histograms(model, "preds").text["names"] == ["preds/kernel", "preds/bias"]
    inner = weight_histograms(model, "backbone")
    assert inner.text["names"] == ["backbone/conv_1/kernel", "backbone/conv_1/bias"]
    assert inner.values["counts"].sum() == 27 + 3
    assert weight_histograms(model, model.get_layer("preds")).values["counts"].sum() == 98


@pytest.mark.parametrize("value", [0.0, 3.0, -1e30, 1e-40])
def test_weights_that_are_all_the_same_are_counted(value):
    model = keras.Sequential([keras.Input((5,)), L.Dense(4, use_bias=False)])
    model.set_weights([np.full((5, 4), value, "float32")])
    chart = weight_histograms(model, bins=10)
    assert chart.values["counts"].sum() == 20
    assert np.count_nonzero(chart.values["counts"]) == 1
    assert (np.diff(chart.values["edges"]) > 0).all()


def test_more_than_a_million_weights_are_counted_as_numpy_counts_them():
    array = np.random.default_rng(0).normal(size=(2**20 + 777,)).astype("float32")
    counts, edges = weights._histogram(array, 40)
    np.testing.assert_array_equal(counts, np.histogram(array.astype("float64"), 40)[0])
    assert counts.sum() == array.size
    assert (edges[0], edges[-1]) == (array.min(), array.max())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_named(bad):
    model = tower()
    values = model.get_weights()
    values[3][1] = bad
    model.set_weights(values)
    with pytest.raises(
        ValueError, match=r"weight 'backbone/conv_1/bias' holds 1 of 3 entries that are NaN or infinite"
    ):
        weight_histograms(model)
    assert weight_histograms(model, "preds").values["counts"].sum() == 98  # the others can still be seen


def test_a_diverged_weight_is_exported_all_the_same(tmp_path):
    model = shared()
    model.set_weights([np.full((4, 3), np.nan, "float32"), np.ones(3, "float32")])
    table = export_weights(model, tmp_path / "out")
    assert np.isnan(table.rows[0][4])
    assert np.isnan(np.load(tmp_path / "out" / table.rows[0][0])).all()


# ---------------------------------------------------------------------------------------------------------- at the door


@pytest.mark.parametrize("function", [weight_histograms, lambda model: export_weights(model, "never-made")])
def test_what_is_no_built_model_with_weights_is_refused(function, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match=r"`model` must be a keras.Model.*dict"):
        function({})
    with pytest.raises(ValueError, match="is not built"):
        function(keras.Sequential([L.Dense(2)]))
    with pytest.raises(ValueError, match=r"`model` 'bare' has no weights"):
        function(keras.Sequential([keras.Input((2,)), L.ReLU()], name="bare"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("bins", "error"), [(0, ValueError), (-1, ValueError), (2.5, TypeError), (True, TypeError)])
def test_wrong_bins_are_named(bins, error):
    with pytest.raises(error, match="`bins"):
        weight_histograms(tower(), bins=bins)


def test_a_layer_that_is_not_there_or_has_no_weights_is_named_with_those_that_have():
    model = nets.sequential()
    with pytest.raises(ValueError, match=r"`layer='conv_3'` is not in model.*conv_"):
        weight_histograms(model, "conv_3")
    with pytest.raises(ValueError, match=r"`layer='pool'` has no weights. These have: conv_1, conv_2, preds"):
        weight_histograms(model, "pool")
