"""Accuracy by an attribute: are the attributes what they are called, and do the bins add up?"""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.engine.probe import probe
from keras_vis.measure.bins import Sample, edges_of, shrunk, summary, wilson
from keras_vis.methods.accuracy import ATTRIBUTES
from tests import nets


def measured(name: str, *images: np.ndarray) -> np.ndarray:
    return np.asarray(ATTRIBUTES[name][0](np.stack(images).astype(np.float32)))


def bar(width: float, angle: float = 0.0, height: int = 40, size: int = 64) -> np.ndarray:
    """A bright bar, upright or turned to the right by an angle in degrees; each pixel's share of it, from 8 x 8."""
    rows, columns = (np.mgrid[: size * 8, : size * 8] + 0.5) / 8 - size / 2
    turn = np.radians(angle)
    across = columns * np.cos(turn) + rows * np.sin(turn)
    along = rows * np.cos(turn) - columns * np.sin(turn)
    inside = (np.abs(across) < width / 2) & (np.abs(along) < height / 2)
    return inside.reshape(size, 8, size, 8).mean(axis=(1, 3))[..., None]


def sheared(width: float, lean: float, height: int = 80, size: int = 160) -> np.ndarray:
    """A bright upright bar that leans `lean` columns to the right for each row up."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    return ((np.abs(columns + lean * rows) < width / 2) & (np.abs(rows) < height / 2)).astype(float)[..., None]


@pytest.fixture(scope="module")
def judged():
    model, x = nets.sequential(), nets.images(101)
    logits = model.predict(x, verbose=0)
    labels = logits.argmax(axis=1)
    wrong = np.random.default_rng(3).random(len(x)) < 0.4
    labels[wrong] = (labels[wrong] + 1) % nets.CLASSES
    return model, x, labels, ~wrong


@pytest.mark.parametrize("width", [2, 3, 4, 5, 8])
def test_a_bar_has_the_stroke_width_that_it_is_drawn_with(width):
    np.testing.assert_allclose(measured("stroke_width", bar(width), 7 * bar(width) - 3), width, atol=0.03)
    turned = measured("stroke_width", *(bar(width, angle) for angle in (-60, 10, 27, 45, 90)))
    np.testing.assert_allclose(turned, width, rtol=0.09)


def test_a_bar_sheared_by_an_angle_has_that_slant_to_the_right_above_zero():
    for degrees in (-30, -10, 0, 10, 30):
        assert abs(measured("slant", sheared(7, np.tan(np.radians(degrees))))[0] - degrees) < 0.3


def test_sheared_back_by_its_slant_a_digit_has_none():
    rng = np.random.default_rng(0)
    image = (rng.random((21, 21)) ** 4).astype(np.float32).astype(np.float64)
    slant = np.tan(np.radians(measured("slant", image[..., None])[0]))
    mass = image - image.min()
    rows, columns = np.mgrid[:21, :21]
    y = rows - (mass * rows).sum() / mass.sum()
    x = columns - (mass * columns).sum() / mass.sum() + slant * y
    assert abs((mass * x * y).sum() / (mass * y * y).sum()) < 1e-9


def test_brightness_contrast_ink_and_sharpness_equal_numpys():
    images = np.random.default_rng(1).random((4, 9, 7, 3)).astype(np.float32)
    grey = images.astype(np.float64).mean(axis=-1)
    np.testing.assert_allclose(measured("brightness", *images), [one.mean() for one in grey])
    np.testing.assert_allclose(measured("contrast", *images), [one.std() for one in grey])
    np.testing.assert_allclose(measured("ink", *images), [(one > (one.min() + one.max()) / 2).mean() for one in grey])
    import cv2

    edges = [cv2.Laplacian(one, cv2.CV_64F, ksize=1)[1:-1, 1:-1].var() for one in grey]
    np.testing.assert_allclose(measured("sharpness", *images), edges)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_even_image_has_an_attribute_too(name):
    found = measured(name, np.zeros((8, 8, 1)), np.full((8, 8, 1), 3.0))
    assert np.isfinite(found).all()
    if name != "brightness":
        np.testing.assert_array_equal(found, 0)


@pytest.mark.parametrize("bins", [1, 4, 10, [-1.0, 0.0, 1.0]])
def test_the_weighted_mean_of_the_bins_is_the_accuracy(judged, bins):
    model, x, labels, right = judged
    values = kv.accuracy_by(model, x, labels, "brightness", bins=bins).values
    mean = (values["accuracy"] * values["counts"]).sum() / values["counts"].sum()
    np.testing.assert_allclose([mean, values["overall"]], right.mean(), rtol=1e-12)
    assert values["counts"].sum() == len(x)
    np.testing.assert_array_equal(values["correct"], right)


def test_each_bin_holds_the_accuracy_of_its_images(judged):
    model, x, labels, right = judged
    sure = model.predict(x, verbose=0).max(axis=1)
    value = x.mean(axis=(1, 2, 3), dtype=np.float64)
    edges = np.array([-0.05, -0.01, 0.0, 0.02, 0.2])
    values = kv.accuracy_by(model, x, labels, "brightness", bins=edges).values
    for i, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = (value >= low) & (value < high)
        assert values["counts"][i] == inside.sum()
        np.testing.assert_allclose(values["accuracy"][i], right[inside].mean())
        np.testing.assert_allclose(values["confidence"][i], sure[inside].mean(), rtol=1e-5)
        np.testing.assert_allclose(values["middles"][i], np.median(value[inside]), rtol=1e-6)
        nearest = np.flatnonzero(inside)[np.abs(value[inside] - np.median(value[inside])).argmin()]
        np.testing.assert_allclose(values["examples"][i], x[nearest].mean(axis=-1, keepdims=True), rtol=1e-6)


def test_bins_hold_equally_many_and_equal_values_stay_together(judged):
    model, x, labels, _ = judged
    counts = kv.accuracy_by(model, x, labels, "contrast", bins=10).values["counts"]
    assert counts.min() >= 9
    assert counts.max() <= 12
    # three values, in ten bins: one for each
    three = np.arange(len(x)) % 3
    parts = iter(np.split(three, [40, 80]))
    values = kv.accuracy_by(model, x, labels, lambda images: next(parts), bins=10, batch=40).values
    np.testing.assert_array_equal(values["middles"], [0, 1, 2])
    np.testing.assert_array_equal(values["counts"], np.bincount(three))
    np.testing.assert_allclose(values["accuracy"], [judged[3][three == i].mean() for i in range(3)])
    # half of the images alike, in four bins
    half = np.where(np.arange(len(x)) < 50, 0.0, np.arange(len(x)))
    parts = iter(np.split(half, [40, 80]))
    counts = kv.accuracy_by(model, x, labels, lambda images: next(parts), bins=4, batch=40).values["counts"]
    assert counts.sum() == len(x)
    assert counts[0] >= 50
    one = kv.accuracy_by(model, x, labels, lambda images: np.zeros(len(images))).values
    np.testing.assert_array_equal(one["counts"], [len(x)])


@pytest.mark.parametrize(
    ("value", "bins", "counts"),
    [
        (np.arange(40), 2, [20, 20]),
        (np.arange(40), 8, [5] * 8),
        ([0] * 24 + [*range(1, 17)], 2, [24, 16]),
        ([0] * 24 + [*range(1, 17)], 4, [24, 6, 5, 5]),
        ([*range(16)] + [16] * 24, 4, [5, 5, 6, 24]),
        ([0] * 38 + [1, 2], 3, [38, 1, 1]),
        ([3] * 40, 2, [40]),
    ],
)
def test_a_value_that_many_share_costs_no_bin(value, bins, counts):
    value = np.array(value, np.float64)
    edges = edges_of(value, bins)
    assert [
        ((low <= value) & (value < high)).sum() for low, high in itertools.pairwise([*edges[:-1], np.inf])
    ] == counts
    assert (edges[0], edges[-1]) == (value.min(), value.max())
    # half-way between neighbours
    assert not np.isin(edges[1:-1], value).any()


def test_two_numbers_with_none_between_them_are_told_apart():
    value = np.repeat([1.0, np.nextafter(1.0, 2.0)], 5)
    np.testing.assert_array_equal(edges_of(value, 2), [value[0], value[-1], value[-1]])
    counts = summary(value, np.ones(10, bool), np.ones(10), edges_of(value, 2))["counts"]
    np.testing.assert_array_equal(counts, [5, 5])


def test_the_interval_is_wilsons():
    # hand-computed: 10 of 10, z = 1.96: from 0.7225 to 1; 8 of 10: from 0.4902 to 0.9433
    np.testing.assert_allclose(
        wilson(np.array([10, 8]), np.array([10, 10])), [[0.7225, 1], [0.4902, 0.9433]], atol=1e-4
    )


def test_right_means_among_the_k_highest(judged):
    model, x, labels, _ = judged
    order = np.argsort(-model.predict(x, verbose=0), axis=1)
    for k in (1, 2, 5):
        wanted = (order[:, :k] == labels[:, None]).any(axis=1)
        chart = kv.accuracy_by(model, x, labels, "ink", k=k)
        np.testing.assert_array_equal(chart.values["correct"], wanted)


def test_arrays_datasets_and_lists_give_the_same_numbers_whatever_the_batch(judged):
    model, x, labels, _ = judged
    wanted = kv.accuracy_by(model, x, labels, "slant", bins=5)
    dataset = tf.data.Dataset.from_tensor_slices((x, labels)).batch(13)
    batches = [(x[i : i + 30], labels[i : i + 30]) for i in range(0, 101, 30)]
    for images, truth, batch in ((x, labels, 7), (dataset, None, None), (dataset, labels, 3), (batches, None, 50)):
        found = kv.accuracy_by(model, images, truth, "slant", bins=5, batch=batch)
        for name, value in wanted.values.items():
            np.testing.assert_allclose(found.values[name], value, rtol=1e-5, err_msg=name)


def test_an_output_and_an_input_are_chosen_by_name():
    model, x = nets.two_by_two(), nets.images(20)
    data = {"image": x, "vector": np.random.default_rng(0).random((20, 3)).astype("float32")}
    digit, parity = model.predict(data, verbose=0)
    right = kv.accuracy_by(model, data, digit.argmax(axis=1), "ink", output="digit", input="image")
    assert right.values["overall"] == 1
    truth = (parity[:, 0] > 0.5).astype(int)
    assert kv.accuracy_by(model, data, truth, "ink", output="parity").values["overall"] == 1
    assert kv.accuracy_by(model, data, 1 - truth, "ink", output="parity").values["overall"] == 0
    with pytest.raises(ValueError, match=r"2 outputs. Choose one with `output=`: 'digit', 'parity'"):
        kv.accuracy_by(model, data, truth, "ink")
    with pytest.raises(ValueError, match=r"`input='vector'` holds no images"):
        kv.accuracy_by(model, data, truth, "ink", output="digit", input="vector")


def test_a_linear_head_has_no_confidence(judged):
    _, x, labels, right = judged
    chart = kv.accuracy_by(nets.sequential(None), x, labels, "ink")
    np.testing.assert_array_equal(chart.values["correct"], right)
    assert "confidence" not in chart.values


def test_a_second_look_traces_nothing(judged):
    model, x, labels, _ = judged
    kv.accuracy_by(model, x, labels, "ink")
    before = probe(model).traces
    kv.accuracy_by(model, x, labels, "slant", bins=3, k=2)
    assert probe(model).traces == before


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"labels": np.zeros(7, int)}, ValueError, r"`labels` has 7 entries, but there are 101 images. Give one class"),
        ({"labels": np.zeros((101, 5))}, ValueError, r"`labels` must be \(n,\).*np.argmax\(labels, axis=-1\)"),
        ({"labels": np.full(101, 5)}, ValueError, r"`labels`: entry 0 is 5, but the model has 5 classes: 0 to 4"),
        ({"labels": np.full(101, -1)}, ValueError, r"`labels`: entry 0 is -1"),
        ({"labels": np.full(101, 0.5)}, ValueError, r"`labels` must be whole numbers.*entry 0 is 0.5"),
        ({"labels": np.full(101, np.nan)}, ValueError, r"entry 0 is nan"),
        ({"labels": ["a"] * 101}, TypeError, r"`labels` must be whole numbers"),
        ({"labels": None}, ValueError, r"`labels` is None, and `images` come without labels"),
        (
            {"images": [(nets.images(4), {"preds": np.zeros(4, int)})], "labels": None},
            ValueError,
            r"in a dict or a list.*Give the true class of each image: labels=\(n,\)",
        ),
        ({"attribute": "slamt"}, ValueError, r"`attribute='slamt'` is not known. Did you mean 'slant'"),
        ({"attribute": 3}, TypeError, r"`attribute` must be one of brightness.*received int"),
        ({"attribute": lambda images: 1.0}, ValueError, r"one finite number for each of 101 images"),
        ({"attribute": lambda images: np.full(len(images), np.nan)}, ValueError, r"for image 0 of `images` it is nan"),
        ({"bins": 0}, ValueError, r"`bins` must be a positive"),
        ({"bins": [1.0, 0.0]}, ValueError, r"`bins`.*rising edges"),
        ({"bins": [50.0, 60.0]}, ValueError, r"`bins` hold no image: they go from 50 to 60"),
        ({"k": 0}, ValueError, r"`k` must be a positive whole number"),
        ({"output": "pred"}, ValueError, r"`output='pred'` is not in the model. Did you mean 'preds'"),
        ({"images": 3}, TypeError, r"`images` must be an array of images"),
    ],
)
def test_what_cannot_be_is_named(judged, options, error, words):
    model, x, labels, _ = judged
    given = {"images": x, "labels": labels, "attribute": "brightness", **options}
    with pytest.raises(error, match=words):
        kv.accuracy_by(model, **given)


def test_an_image_whose_logits_are_not_numbers_is_named(judged):
    _, x, labels, _ = judged
    broken = nets.sequential()
    kernel, bias = broken.layers[-1].get_weights()
    broken.layers[-1].set_weights([kernel * np.nan, bias])
    with pytest.raises(ValueError, match=r"output 'preds' gives NaN or infinity for image 0 of `images`"):
        kv.accuracy_by(broken, x, labels, "ink")
    # an image of 2e38 overflows in the net, in the second batch of three
    image, model = keras.Input((2, 2, 1)), keras.layers.Dense(2, name="preds", use_bias=False)
    model = keras.Model(image, model(keras.layers.Flatten()(image)))
    model.layers[-1].set_weights([np.full((4, 2), 5.0)])
    some = np.ones((6, 2, 2, 1), np.float32)
    some[4] = 2e38
    with pytest.raises(ValueError, match=r"output 'preds' gives NaN or infinity for image 4 of `images`"):
        kv.accuracy_by(model, some, np.zeros(6, int), "brightness", batch=3)


def test_an_image_whose_attribute_is_no_number_is_named(judged):
    model, x, labels, _ = judged

    def first(images: np.ndarray) -> np.ndarray:
        return np.where(images[:, 0, 0, 0] == x[57, 0, 0, 0], np.nan, images[:, 0, 0, 0])

    with pytest.raises(ValueError, match=r"`attribute=first` .* for image 57 of `images` it is nan"):
        kv.accuracy_by(model, x, labels, first, batch=20)


def test_an_attribute_may_write_into_its_images_and_changes_none(judged):
    model, x, labels, _ = judged
    kept = x.copy()

    def means(images: np.ndarray) -> np.ndarray:
        return images.mean(axis=(1, 2, 3))

    def spoilt(images: np.ndarray) -> np.ndarray:
        found = means(images)
        images *= 0
        return found

    values, wanted = (kv.accuracy_by(model, x, labels, name, bins=4).values for name in (spoilt, means))
    np.testing.assert_array_equal(x, kept)
    for name, value in wanted.items():
        np.testing.assert_array_equal(values[name], value, err_msg=name)


def test_labels_may_be_a_column_of_objects_and_that_of_one_image_a_number(judged):
    model, x, labels, right = judged
    column = labels.astype(object)
    np.testing.assert_array_equal(kv.accuracy_by(model, x, column, "ink").values["correct"], right)
    for one in (int(labels[3]), labels[3], np.array(labels[3])):
        np.testing.assert_array_equal(kv.accuracy_by(model, x[3:4], one, "ink").values["correct"], right[3:4])
    with pytest.raises(ValueError, match=r"`labels` has 1 entries, but there are 101 images"):
        kv.accuracy_by(model, x, 3, "ink")
    for missing, words in ((None, "entry 5 is None. Give the class of every image"), (np.nan, "entry 5 is nan")):
        column[5] = missing
        with pytest.raises(ValueError, match=f"`labels`.*{words}"):
            kv.accuracy_by(model, x, column, "ink")


def test_labels_of_data_of_unknown_length_are_counted(judged):
    model, x, labels, _ = judged
    batches = [x[:50], x[50:]]
    with pytest.raises(ValueError, match=r"`labels` has 60 entries, but there are at least 101 images"):
        kv.accuracy_by(model, batches, labels[:60], "ink")
    with pytest.raises(ValueError, match=r"`labels` has 202 entries, but there are 101 images"):
        kv.accuracy_by(model, batches, np.tile(labels, 2), "ink")


def test_a_model_without_classes_is_refused():
    x = nets.images(3)
    with pytest.raises(ValueError, match=r"output 'preds' does not tell classes apart: it is \(n, 12, 10, 3\)"):
        kv.accuracy_by(nets.segmentation(), x, np.zeros(3, int), "ink")
    with pytest.raises(ValueError, match=r"it is \(n, 1\). If it is the logit of two classes, add the sigmoid"):
        kv.accuracy_by(nets.sequential(None, classes=1), x, np.zeros(3, int), "ink")


def test_the_sample_keeps_a_bounded_number_of_images_from_all_of_the_data():
    from keras_vis.measure.bins import Sample

    sample = Sample(4)
    for start in range(0, 20_000, 500):
        value = np.arange(start, start + 500) / 20_000
        sample.offer(value, value[:, None, None, None].astype(np.float32))
    kept = np.concatenate([[one for one, _ in part] for part in sample._kept.values()])
    assert len(kept) <= 4 * 32 + 1
    edges = np.array([[0, 0.25], [0.25, 0.5], [0.5, 0.75], [0.75, 1]])
    found = sample.nearest(edges, edges.mean(axis=1))[:, 0, 0, 0]
    np.testing.assert_allclose(found, edges.mean(axis=1), atol=0.02)


def test_the_picture_shows_an_example_of_each_bin(judged):
    model, x, labels, _ = judged
    chart = kv.accuracy_by(model, x, labels, "brightness", bins=4)
    drawn = chart.draw()
    assert drawn.shape[1] == 900
    for example in chart.values["examples"]:
        grey = np.rint(255 * (example - example.min()) / np.ptp(example)).astype(np.uint8)
        tile = np.repeat(grey, 3, axis=-1).repeat(9, 0).repeat(9, 1)  # 12 x 10 pixels as 108 x 90
        strip = drawn[56 : 56 + 108]
        places = [left for left in range(900 - 90) if np.abs(strip[:, left : left + 90].astype(int) - tile).max() <= 1]
        assert len(places) == 1


def test_the_input_that_is_named_is_measured_and_shown():
    inputs = [keras.Input((6, 6, 1), name=name) for name in "ab"]
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(keras.layers.Concatenate()(inputs))))
    rng = np.random.default_rng(0)
    data = {name: rng.random((30, 6, 6, 1), dtype=np.float32) for name in "ab"}
    for name in "ab":
        values = kv.accuracy_by(model, data, np.zeros(30, int), "brightness", bins=3, input=name).values
        np.testing.assert_allclose(values["attribute"], data[name].mean(axis=(1, 2, 3)), rtol=1e-6)
        for example in values["examples"]:
            assert (data[name] == example).all(axis=(1, 2, 3)).sum() == 1


def test_beyond_the_edge_of_an_image_there_is_ground():
    image = np.zeros((40, 40, 1))
    image[:6] = 1
    assert measured("stroke_width", image, image[::-1], image.swapaxes(0, 1)) == pytest.approx([6, 6, 6], abs=0.2)


def test_a_disc_is_as_wide_as_the_square_of_its_area():
    rows, columns = np.mgrid[:40, :40] - 19.5
    disc = (np.hypot(rows, columns) < 10).astype(float)[..., None]
    assert measured("stroke_width", disc)[0] == pytest.approx(np.sqrt(np.pi) * 10, rel=0.03)


def test_two_equal_edges_hold_nothing_and_are_refused(judged):
    model, x, labels, _ = judged
    with pytest.raises(ValueError, match="two or more rising edges"):
        kv.accuracy_by(model, x, labels, "ink", bins=[0, 0.5, 0.5, 1])


def test_the_note_counts_what_is_wrong_and_what_is_beyond(judged):
    model, x, labels, right = judged
    note = kv.accuracy_by(model, x, labels, "brightness", bins=[-0.05, 0.05]).text["note"]
    beyond = (np.abs(x.mean(axis=(1, 2, 3), dtype=np.float64)) > 0.05).sum()
    assert 0 < beyond < len(x)
    assert right.mean() != 0.5
    assert note == f"{len(x)} images, {(~right).sum()} of them wrong, {beyond} beyond the bins"


def test_edges_lie_in_the_middle_between_few_values_and_always_rise():
    assert edges_of(np.array([5, 2, 1, 2.0]), 10).tolist() == [1, 1.5, 3.5, 5]
    tied = np.concatenate([np.arange(10.0), np.full(30, 10.0)])
    edges = edges_of(tied, 5)
    assert (np.diff(edges) > 0).all()
    assert (edges[0], edges[-1]) == (0, 10)


def test_an_interval_never_leaves_0_and_1():
    count = np.arange(1, 3000)
    for right in (np.zeros_like(count), count):
        found = wilson(right, count)
        assert found.min() >= 0
        assert found.max() <= 1


def test_a_sample_is_every_second_fourth_or_eighth_image():
    sample = Sample(1)
    for i in range(200):
        sample.offer(np.array([i]), np.full((1, 1, 1, 1), i))
    kept = [value for value, _ in sample._kept[0]]
    assert kept == list(range(0, 200, 8))


def test_an_example_lies_within_its_bin_though_one_beyond_is_nearer():
    sample = Sample(2)
    value = np.array([0.5, 0.99, 5.0])
    sample.offer(value, value[:, None, None, None])
    found = sample.nearest(np.array([[0, 1], [1, 10]]), np.array([0.6, 1.2]))
    assert found.ravel().tolist() == [0.5, 5]


def test_a_photograph_is_kept_as_the_means_of_its_squares_and_a_digit_as_a_copy():
    photo = np.random.default_rng(0).random((405, 300, 3))
    wanted = photo[:404].reshape(101, 4, 75, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(shrunk(photo), wanted)
    digit = photo[:28, :28]
    np.testing.assert_array_equal(shrunk(digit), digit)
    assert not np.shares_memory(shrunk(digit), photo)  # else all of the batch would stay


def test_a_bright_ground_changes_no_slant():
    image = sheared(6, 0.5)
    assert measured("slant", image + 5)[0] == pytest.approx(measured("slant", image)[0], abs=1e-3)
    assert abs(measured("slant", image)[0]) > 20


def test_edges_lie_half_way_between_neighbours():
    assert edges_of(np.array([1.0, 2, 5]), 3).tolist() == [1, 1.5, 3.5, 5]
    value = np.sort(np.random.default_rng(0).random(101))
    inner = edges_of(value, 7)[1:-1]
    places = np.searchsorted(value, inner)
    np.testing.assert_allclose(inner, (value[places - 1] + value[places]) / 2)
    assert set(np.diff([0, *places, 101])) == {14, 15}


def test_a_bin_begins_with_its_edge_and_what_is_beyond_counts_nowhere():
    value, right = np.array([-1.0, 0, 1, 2, 3, 3]), np.array([True, True, False, True, False, False])
    found = summary(value, right, np.array([0.5, 0.5, 0.5, 0.5, 0.5, np.nan]), np.array([0.0, 1, 2]))
    assert found["counts"].tolist() == [1, 2]
    assert found["accuracy"].tolist() == [1, 0.5]
    assert found["overall"] == pytest.approx(2 / 3)
    assert "confidence" not in found


def test_an_example_of_a_low_bin_is_not_of_the_next():
    sample = Sample(2)
    value = np.array([0.1, 1.05])
    sample.offer(value, value[:, None, None, None])
    assert sample.nearest(np.array([[0, 1], [1, 2]]), np.array([0.9, 1.5])).ravel().tolist() == [0.1, 1.05]


def test_of_equal_logits_the_first_class_comes_first():
    model, x = nets.sequential(None), nets.images(6)
    model.get_layer("preds").set_weights([np.zeros_like(part) for part in model.get_layer("preds").get_weights()])
    for label, k, overall in ((0, 1, 1), (1, 1, 0), (1, 2, 1), (4, 4, 0), (4, 5, 1)):
        assert kv.accuracy_by(model, x, np.full(6, label), "ink", k=k).values["overall"] == overall
