"""Are the figures of images NumPy's, whatever their type, shape and range?"""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv

RNG = np.random.default_rng(3)
BYTES = RNG.integers(0, 256, (200, 9, 7, 3), dtype=np.uint8)
FLOATS = RNG.normal(1000, 0.5, (130, 5, 6, 2)).astype(np.float32)


@pytest.mark.parametrize(
    "images", [BYTES, FLOATS, BYTES[..., :1] > 100, FLOATS.astype(np.float16), BYTES.astype("int64")]
)
def test_figures_equal_numpys_of_the_raw_numbers(images):
    found, wide = kv.inspect_images(images), images.astype(np.float64)
    assert found.dtype == images.dtype.name
    assert found.shape == images.shape
    assert found.values.dtype == images.dtype
    for row, own in enumerate([wide, *np.moveaxis(wide, -1, 0)]):
        wanted = own.min(), own.max(), own.mean(), own.std(), (own == 0).mean(), ((own < 0) | (own > 1)).mean(), 0, 0
        np.testing.assert_allclose(found.figures[row], wanted, rtol=1e-9)


def test_bytes_that_are_fed_to_a_net_of_numbers_from_0_to_1_show_at_a_glance(digits):
    x, _ = digits
    right, wrong = kv.inspect_images(x), kv.inspect_images(np.rint(x * 255).astype(np.uint8))
    assert right.about["max"] == 1
    assert right.about["outside 0 to 1"] == 0
    assert wrong.about["max"] == 255
    assert wrong.about["outside 0 to 1"] == pytest.approx((x > 1.5 / 255).mean())
    assert wrong.about["dtype"] == "uint8"


def test_the_histogram_counts_every_number_once():
    found = kv.inspect_images(BYTES)
    np.testing.assert_array_equal(found.counts, np.bincount(BYTES.ravel(), minlength=256))  # a bar for each number
    found = kv.inspect_images(FLOATS)
    np.testing.assert_array_equal(found.counts, np.histogram(FLOATS.astype(np.float64), found.edges)[0])
    assert found.counts.sum() == FLOATS.size
    assert kv.inspect_images(np.full((2, 4, 4, 1), 7.5)).counts.sum() == 32  # of one value there is a histogram, too


@pytest.mark.parametrize(
    ("numbers", "mean", "std"),
    [
        (np.full((4, 4), 2**64 - 1, np.uint64), 2.0**64, 0),
        (np.array([[2**63 - 1, 2**63 - 3]]), 2.0**63, 0),
        (np.array([[1e308, -1e308]]), 0, 1e308),
        (np.array([[1e308, 0, np.inf]]), 5e307, 5e307),
        (np.full((4, 4), np.finfo(np.float64).max), np.finfo(np.float64).max, 0),
        (np.array([[np.finfo(np.float64).max, -np.finfo(np.float64).max]]), 0, np.finfo(np.float64).max),
    ],
)
def test_the_largest_numbers_of_a_type_have_figures_and_bars_too(numbers, mean, std):
    found = kv.inspect_images(numbers)
    np.testing.assert_allclose(found.figures[0, 2:4], [mean, std])
    assert (np.diff(found.edges / 2) > 0).all()
    assert found.counts.sum() == np.isfinite(numbers).sum()
    assert found.draw().shape[1] == 900


def test_numbers_that_are_none_are_counted_and_left_out_of_the_rest():
    images = FLOATS.copy()
    images[3, 1, 2, 0], images[7, 0, 0, 1], images[8, 0, 0, 1] = np.nan, np.inf, -np.inf
    found, wide = kv.inspect_images(images), images.astype(np.float64)
    good = wide[np.isfinite(wide)]
    np.testing.assert_allclose(found.figures[0, :4], [good.min(), good.max(), good.mean(), good.std()], rtol=1e-9)
    assert found.figures[:, 6].tolist() == [1, 1, 0]
    assert found.figures[:, 7].tolist() == [2, 0, 2]
    assert found.counts.sum() == good.size


def test_a_pixel_that_is_no_number_is_orange():
    images = np.zeros((1, 10, 10, 1), np.float32)
    images[0, 2, 3] = 1
    orange = (213, 94, 0)
    clean = kv.inspect_images(images).draw()
    images[0, 5, 5] = np.nan
    drawn = kv.inspect_images(images).draw()

    def below(sheet: np.ndarray) -> int:
        return int((sheet[-190:] == orange).all(axis=-1).sum())  # the images; the mean above is orange, too

    assert below(clean) == 0
    assert below(drawn) == 2 * 16 * 16  # in grey and in false colour, a pixel of a hundred of 160 by 160


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        ((9, 7), (1, 9, 7, 1)),
        ((9, 7, 3), (1, 9, 7, 3)),
        ((9, 7, 1), (1, 9, 7, 1)),
        ((20, 9, 7), (20, 9, 7, 1)),
        ((20, 9, 7, 6), (20, 9, 7, 6)),
    ],
)
def test_images_may_lack_the_axes_of_which_there_is_one(given, shape):
    found = kv.inspect_images(np.ones(given))
    assert found.shape == shape
    assert found.draw().shape[1] == 900


def test_of_many_images_sixteen_are_drawn_and_all_are_counted(tmp_path):
    found = kv.inspect_images(BYTES)
    np.testing.assert_array_equal(found.values, BYTES[:16])
    assert found.figures[0, 2] == pytest.approx(BYTES.mean())
    table = found.statistics()
    assert table.column("channel") == ["all", 0, 1, 2]
    assert table.column("mean")[1:] == pytest.approx(BYTES.mean(axis=(0, 1, 2)).tolist())
    with np.load(found.save(tmp_path / "inspection.npz")) as file:
        np.testing.assert_array_equal(file["figures"], found.figures)
        assert file["values"].dtype == np.uint8
    assert kv.inspect_images(BYTES[0, ..., 0]).statistics().column("channel") == ["all"]


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        ("photo.png", TypeError, "array of numbers; received str"),
        (np.array([["a"]]), TypeError, "must be numbers"),
        (np.zeros((0, 4, 4, 1)), ValueError, r"not empty; received \(0, 4, 4, 1\)"),
        (np.zeros(5), ValueError, r"must be \(n, h, w, c\)"),
        (np.full((1, 2, 2, 1), np.nan), ValueError, "no finite number"),
        ([np.zeros((4, 4, 1)), np.zeros((5, 4, 1))], ValueError, r"one size; received \(4, 4, 1\), \(5, 4, 1\)"),
        (tf.data.Dataset.from_tensors(np.zeros((4, 4, 1))), TypeError, r"Take a batch of it: next\(iter\(data\)\)"),
    ],
)
def test_what_is_no_image_is_refused(images, error, words):
    with pytest.raises(error, match=f"`images`.*{words}"):
        kv.inspect_images(images)


def test_the_users_array_is_left_as_it_is():
    images = BYTES[:4].copy()
    kv.inspect_images(images).draw()
    assert images.flags.writeable
    np.testing.assert_array_equal(images, BYTES[:4])
