"""Does covering a patch take what it should from the target, and do masks show what is read?"""

from __future__ import annotations

import tracemalloc

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from tests import nets

L = keras.layers
SHAPE = (7, 10, 2)  # neither square nor a multiple of the patches


def linear(shape=SHAPE, classes=3):
    """f_k(x) = sum of w_k x, and w."""
    model = keras.Sequential([keras.Input(shape), L.Flatten(), L.Dense(classes, use_bias=False)])
    nets.draw_weights(model)
    return model, model.get_weights()[0].reshape(*shape, classes)


def covered(image, patch, stride, content):
    """Each window, clipped at the edge, and the image with other content in it; by loops."""
    (tall, wide), (down, right) = patch, stride
    height, width = image.shape[:2]
    for top in range(0, height - tall + down, down):
        for left in range(0, width - wide + right, right):
            window = np.s_[top : min(top + tall, height), left : min(left + wide, width)]
            copy = image.copy()
            copy[window] = np.broadcast_to(content, image.shape)[window]
            yield window, copy


@pytest.mark.parametrize(
    ("patch", "stride"), [((2, 3), (2, 3)), ((3, 3), (2, 3)), ((3, 4), (1, 1)), ((7, 10), (7, 10)), ((1, 1), (1, 1))]
)
def test_a_linear_model_gives_back_its_weights_summed_under_each_patch(patch, stride):
    model, weights = linear()
    x = nets.images(3, shape=SHAPE)
    picture = kv.occlusion(model, x, [2, 0, 1], patch=patch, stride=stride, fill=0.25)
    for i, target in enumerate([2, 0, 1]):
        total, count, scores = np.zeros(SHAPE[:2]), np.zeros(SHAPE[:2]), []
        for window, copy in covered(x[i], patch, stride, 0.25):
            total[window] += (weights[..., target] * (x[i] - 0.25))[window].sum()
            count[window] += 1
            scores.append((weights[..., target] * copy).sum())
        assert (count > 0).all()
        np.testing.assert_allclose(picture.values[i], total / count, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(picture.scores[i].ravel(), scores, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fill", ["mean", "blur", "number", "image", "images", "flat image"])
def test_a_patch_is_filled_with_what_is_asked_for(fill):
    model, x = nets.sequential(None), nets.images(2)
    other = nets.images(2, seed=4)
    blurred = np.stack(
        [
            np.stack(
                [cv2.GaussianBlur(part[..., c].copy(), (0, 0), 2.5, borderType=cv2.BORDER_REFLECT) for c in (0, 1)], -1
            )
            for part in x
        ]
    )
    given, wanted = {
        "mean": ("mean", x.mean(axis=(1, 2), keepdims=True)),
        "blur": ("blur", blurred),
        "number": (-3, np.full_like(x, -3)),
        "image": (other[0], np.stack([other[0]] * 2)),
        "images": (other, other),
        "flat image": (other[:1], np.stack([other[0]] * 2)),
    }[fill]
    picture = kv.occlusion(model, x, 1, patch=(4, 5), fill=given)
    for i in range(2):
        copies = np.stack([copy for _, copy in covered(x[i], (4, 5), (4, 5), wanted[i])])
        scores = model.predict(copies, verbose=0)
        np.testing.assert_allclose(picture.scores[i].ravel(), scores[:, 1], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(picture.classes[i].ravel(), scores.argmax(axis=1))


def test_an_occluder_of_its_own_is_laid_on_the_middle_of_each_patch():
    model, x = nets.sequential(None), nets.images(1)
    stamp = np.zeros((9, 6, 2), "float32")
    stamp[3:6, 2:4] = [0.5, -0.5]
    picture = kv.occlusion(model, x, 2, patch=(3, 2), fill=stamp)
    assert picture.scores.shape == (1, 4, 5)
    for row in range(4):
        for column in range(5):
            wide = np.pad(x[0], ((9, 9), (9, 9), (0, 0)))
            top, left = 9 + 3 * row - 3, 9 + 2 * column - 2
            wide[top : top + 9, left : left + 6] = stamp
            score = model.predict(wide[None, 9:-9, 9:-9], verbose=0)[0, 2]
            assert picture.scores[0, row, column] == pytest.approx(score, rel=1e-4, abs=1e-5)


def test_values_are_falls_from_the_whole_image_and_pixels_under_several_windows_get_their_mean():
    model, x = nets.sequential(), nets.images(1)
    picture = kv.occlusion(model, x, patch=6, stride=3)
    whole = kv.top_predictions(model, x, k=1).values["logits"][0, 0]
    assert picture.whole[0] == pytest.approx(whole, rel=1e-5)
    falls = picture.whole[0] - picture.scores[0]
    assert picture.scores.shape == (1, 3, 3)  # rows 0, 3, 6; columns 0, 3, 6, the last cut off at 10
    np.testing.assert_array_equal(picture.windows[-1, -1], [6, 12, 6, 10])
    assert picture.values[0, 0, 0] == pytest.approx(falls[0, 0], rel=1e-5)
    assert picture.values[0, 4, 4] == pytest.approx(falls[:2, :2].mean(), rel=1e-5)
    assert picture.values[0, 11, 9] == pytest.approx(falls[2, 2], rel=1e-5)


def test_batches_do_not_change_the_numbers():
    model, x = nets.sequential(), nets.images(3)
    wanted = kv.occlusion(model, x, patch=5, stride=2)
    for batch in (1, 4, 7, 1000):
        picture = kv.occlusion(model, x, patch=5, stride=2, batch=batch)
        np.testing.assert_allclose(picture.values, wanted.values, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(picture.classes, wanted.classes)


def test_the_class_asked_about_is_that_of_the_image_and_what_is_predicted_under_cover_is_counted():
    x = nets.images(6)
    model = nets.undecided(x)
    best = model.predict(x, verbose=0).argmax(axis=1)
    picture = kv.occlusion(model, x, patch=6)
    np.testing.assert_array_equal(picture.scores, kv.occlusion(model, x, best, patch=6).scores)
    np.testing.assert_array_equal(picture.predicted, best)
    assert (picture.classes != best[:, None, None]).any()
    for i, counts in enumerate(picture.counts()):
        assert sum(counts.values()) == 4
        assert counts.get(int(best[i]), 0) == (picture.classes[i] == best[i]).sum()
        assert list(counts.values()) == sorted(counts.values(), reverse=True)
        assert picture.captions[i].splitlines()[-1] == f"kept: {counts.get(int(best[i]), 0)} of 4"


def test_several_inputs_and_heads_of_one_sigmoid():
    model, x = nets.two_by_two(), nets.images(2)
    vector = np.random.default_rng(2).normal(size=(2, 3)).astype("float32")
    picture = kv.occlusion(model, [x, vector], kv.Logit(1, output="parity"), patch=6, fill=0)
    for i in range(2):
        copies = np.stack([copy for _, copy in covered(x[i], (6, 6), (6, 6), 0)])
        parity = model.predict([copies, np.repeat(vector[i : i + 1], 4, 0)], verbose=0)[1][:, 0]
        np.testing.assert_allclose(picture.scores[i].ravel(), np.log(parity / (1 - parity)), rtol=1e-3, atol=1e-4)
        np.testing.assert_array_equal(picture.classes[i].ravel(), parity > 0.5)


def test_a_target_that_reads_no_classes_has_scores_and_no_classes():
    picture = kv.occlusion(nets.sequential(), nets.images(1), kv.Channel("conv_1", 2), patch=6)
    assert (picture.classes == -1).all()
    assert np.ptp(picture.scores) > 0
    for ask in (picture.counts, picture.class_map):
        with pytest.raises(ValueError, match="reads no classes of the model"):
            ask()


def test_images_without_an_axis_of_channels():
    model = keras.Sequential([keras.Input((6, 8)), L.Flatten(), L.Dense(2, use_bias=False)])
    nets.draw_weights(model)
    x, weights = nets.images(2, shape=(6, 8)), model.get_weights()[0].reshape(6, 8, 2)
    picture = kv.occlusion(model, x, 1, patch=(3, 4), fill=0)
    wanted = (weights[..., 1] * x).reshape(2, 2, 3, 2, 4).sum(axis=(2, 4))
    np.testing.assert_allclose(picture.values[:, ::3, ::4], wanted, rtol=1e-4, atol=1e-5)
    assert kv.occlusion(model, x, fill="blur", patch=2).values.shape == (2, 6, 8)
    assert kv.rise(model, x, samples=5, grid=2).values.shape == (2, 6, 8)


def test_covered_images_are_not_kept():
    model, _ = linear((64, 64, 3))
    x = nets.images(1, shape=(64, 64, 3))
    kv.occlusion(model, x, patch=8, stride=2, batch=16)
    tracemalloc.start()
    picture = kv.occlusion(model, x, patch=8, stride=2, batch=16)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert picture.scores.size == 29**2
    assert peak < 0.1 * picture.scores.size * x.nbytes  # all of them at once: 41 MB


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"patch": 0}, "`patch` must be a whole number of pixels, at least 1, or two of them; received 0"),
        ({"patch": (2, 3, 4)}, "`patch`"),
        ({"patch": 2.5}, "`patch`"),
        ({"patch": (13, 4)}, "`patch` of 13×4 is larger than the image, 12×10"),
        ({"patch": 4, "stride": 5}, "`stride` of 5×5 is larger than the patch, 4×4: pixels between would never be"),
        ({"fill": "median"}, "`fill='median'` must be 'mean', 'blur', a number or an array"),
        (
            {"fill": np.zeros((5, 4, 2))},
            r"`fill` has shape \(5, 4, 2\).*occluder .* larger than a patch of 4×4 by an even",
        ),
        ({"fill": np.zeros((2, 12, 10, 2))}, r"`fill` has shape \(2, 12, 10, 2\); .* one for each, \(3, 12, 10, 2\)"),
        ({"fill": np.nan}, "`fill` has NaN"),
    ],
)
def test_what_cannot_be_covered_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        kv.occlusion(nets.sequential(), nets.images(3), **wrong)


# RISE


def reads_one_pixel(row, column, shape=(12, 16, 1)):
    model, weights = linear(shape, 1)
    kernel = np.zeros_like(weights)
    kernel[row, column] = 1
    model.set_weights([kernel.reshape(-1, 1)])
    return model


@pytest.mark.parametrize("place", [(3, 4), (0, 15), (11, 8)])
def test_rise_is_brightest_where_the_target_reads(place):
    values = kv.rise(reads_one_pixel(*place), np.ones((1, 12, 16, 1)), 0, samples=2000, grid=4).values[0]
    # Neighbours share most masks: to one pixel.
    assert np.abs(np.subtract(np.unravel_index(values.argmax(), values.shape), place)).max() <= 1
    assert values[place] > 0.99 * values.max()


def test_rise_is_the_mean_of_masks_weighed_by_what_they_show():
    # By the paper's own recipe, with OpenCV's resizing: a grid enlarged to one cell more each way, and cut at random.
    model, x = nets.sequential(None), nets.images(2)
    samples, grid, keep = 40, 3, 0.4
    rng = np.random.default_rng(6)
    coarse = (rng.random((samples, grid, grid)) < keep).astype("float32")
    place = rng.integers(0, (4, 4), (samples, 2))  # cells of 4 x 4: 12 and 10, in three, rounded up
    total = np.zeros((2, 12, 10))
    for bits, (down, right) in zip(coarse, place, strict=True):
        large = cv2.resize(bits, (16, 16), interpolation=cv2.INTER_LINEAR)
        mask = large[down : down + 12, right : right + 10]
        total += model.predict(x * mask[..., None], verbose=0)[:, 3, None, None] * mask
    picture = kv.rise(model, x, 3, samples=samples, grid=grid, keep=keep, seed=6, batch=7)
    np.testing.assert_allclose(picture.values, total / (samples * keep), rtol=1e-4, atol=1e-4)


def test_rise_of_a_constant_is_that_constant():
    class Constant(keras.Model):
        def call(self, x):
            return 5 + 0 * tf.reduce_sum(x, axis=(1, 2))

    values = kv.rise(Constant(), np.ones((1, 12, 16, 1)), 0, samples=4000, grid=4).values
    assert np.abs(values - 5).max() < 0.5  # the mean mask is `keep` everywhere, to the sampling error


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"grid": 0}, {"grid": 11}, {"keep": 0}, {"keep": 1}, {"seed": -1}])
def test_masks_that_cannot_be_are_named(wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must"):
        kv.rise(nets.sequential(), nets.images(1), **wrong)


def test_rise_of_negative_numbers_has_the_colours_of_the_positive_ones():
    model, _ = linear((8, 8, 1), 1)
    sheets = []
    for bias in (-3, 3):
        outputs = L.Dense(1, use_bias=True)
        shifted = keras.Sequential([keras.Input((8, 8, 1)), L.Flatten(), outputs])
        outputs.set_weights([model.get_weights()[0], np.array([bias], "float32")])
        picture = kv.rise(shifted, np.ones((1, 8, 8, 1)), 0, samples=300, grid=3)
        assert np.sign(picture.values).mean() == np.sign(bias)
        span = np.ptp(picture.values)
        assert 0.5 * span < picture.scales()[0] <= span
        sheets.append(picture.draw())
    assert np.ptp(sheets[0][60:200].astype(int)) > 150  # and not one dark glare


def test_masks_are_counted_in_whole_numbers_of_every_width():
    model, x = nets.sequential(), nets.images(2)
    wanted = kv.rise(model, x, samples=100, grid=4).values
    np.testing.assert_array_equal(kv.rise(model, x, samples=np.uint8(100), grid=np.int8(4)).values, wanted)


def test_a_regression_has_no_classes():
    model, _ = linear(SHAPE, 1)
    picture = kv.occlusion(model, nets.images(2, shape=SHAPE), 0, patch=5)
    assert (picture.classes == -1).all()
    assert not any("kept" in caption for caption in picture.captions)


@pytest.mark.parametrize("method", [kv.occlusion, kv.rise, kv.score_cam, kv.integrated_gradients, kv.smooth_grad])
def test_labels_that_do_not_fit_are_named_before_the_work(method):
    calls = []

    class Counted(keras.layers.Layer):
        def call(self, x):
            def count(images):
                calls.append(len(images))
                return images

            y = tf.numpy_function(count, [x], tf.float32)
            y.set_shape(x.shape)
            return x + 0 * tf.stop_gradient(y)

    model = keras.Sequential([keras.Input(nets.SHAPE), Counted(), *nets.sequential().layers])
    with pytest.raises(ValueError, match="`labels` has 1 names, but the model has 5 classes"):
        method(model, nets.images(2), labels=["a"])
    assert sum(calls) <= 4


@pytest.mark.parametrize("method", [kv.occlusion, kv.rise, kv.score_cam, kv.integrated_gradients])
def test_a_number_that_is_not_finite_is_the_targets_fault(method):
    model = nets.sequential(None)
    model.get_layer("preds").set_weights(
        [np.full_like(weight, 3e38) for weight in model.get_layer("preds").get_weights()]
    )
    with pytest.raises(ValueError, match="`target`: .* is not finite for model"):
        method(model, nets.images(1))


def test_what_covering_gave_cannot_be_written():
    picture = kv.occlusion(nets.sequential(), nets.images(1), patch=6)
    for array in (picture.scores, picture.classes, picture.windows, picture.values):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
