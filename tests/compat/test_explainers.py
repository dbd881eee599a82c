"""Do tf-explain's explainers give our maps, one cell for each image, on 8 bits?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

import keras_vis as kv
from keras_vis.compat import tf_explain
from keras_vis.compat.tf_explain.core import (
    ExtractActivations,
    GradCAM,
    GradientsInputs,
    IntegratedGradients,
    OcclusionSensitivity,
    SmoothGrad,
    VanillaGradients,
)
from keras_vis.compat.tf_explain.utils import display, saver
from tests import nets
from tests.compat.old_nets import ROW, linear, rectified

X = np.array([[[0.1, 0.9], [0.3, 0.4]], [[0.5, 0.2], [0.8, 0.1]]], np.float32)[..., None]


def levels(maps):
    """Grey of (n, h, w): white at the 99th percentile of the size."""
    size = np.abs(maps)
    top = np.percentile(size, 99, axis=(1, 2), keepdims=True, method="higher")
    return np.clip(size / top, 0, 1) * 255


def beside(cells):
    """Two cells in a row of two; below it the places that are left over, black."""
    return np.concatenate([np.concatenate(list(cells), axis=1), np.zeros_like(np.concatenate(list(cells), axis=1))])


@pytest.fixture(scope="module")
def net():
    return nets.sequential()


@pytest.fixture(scope="module")
def images():
    return nets.images(2)


@pytest.mark.parametrize(
    ("explainer", "options", "maps"),
    [
        (VanillaGradients, {}, np.stack([ROW, ROW])),
        (SmoothGrad, {"num_samples": 3, "noise": 0.5}, np.stack([ROW, ROW])),
        (GradientsInputs, {}, ROW * X[..., 0]),
        (IntegratedGradients, {"n_steps": 3}, ROW * X[..., 0]),
    ],
)
def test_of_a_linear_class_every_grey_level_is_known(explainer, options, maps):
    grid = explainer().explain((X, None), linear(), class_index=0, **options)
    assert grid.dtype == np.uint8
    np.testing.assert_allclose(grid, beside(levels(maps)), atol=0.51)


def test_the_one_unit_of_a_sigmoid_means_itself_with_the_sigmoid_and_without(images):
    # Grad-CAM keeps what is positive, so that minus the logit would be another map.
    on, off = (GradCAM().explain((images, None), nets.sequential(last, 1), 0) for last in ("sigmoid", None))
    np.testing.assert_array_equal(on, off)


def test_grad_cam_adds_its_colours_to_the_image(net):
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 10, 2)).astype("uint8")
    maps = kv.grad_cam(net, images, 3, layer="conv_1").values
    cells = []
    for image, map_ in zip(images, maps, strict=True):
        heat = cv2.resize(map_ / np.percentile(map_, 99, method="higher"), (10, 12), interpolation=cv2.INTER_LINEAR)
        colours = cv2.applyColorMap(np.rint(heat.clip(0, 1) * 255).astype("uint8"), cv2.COLORMAP_VIRIDIS)[..., ::-1]
        # two channels are drawn as their mean
        cells.append(np.clip(0.7 * image.mean(axis=-1, keepdims=True) + colours, 0, 255))
    grid = GradCAM().explain((images, None), net, 3, layer_name="conv_1", use_guided_grads=False)
    assert grid.dtype == np.uint8
    np.testing.assert_allclose(grid, beside(cells), atol=1.01)


def test_without_the_image_there_are_the_colours_of_the_map_alone(net, images):
    grid = GradCAM().explain((images, None), net, 3, "conv_1", colormap=cv2.COLORMAP_JET, image_weight=0)
    table = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[None], cv2.COLORMAP_JET)[0, :, ::-1]
    assert set(map(tuple, grid[:12].reshape(-1, 3))) <= set(map(tuple, table))


def test_occlusion_colours_by_how_far_the_logit_falls_under_the_mean_of_the_image():
    found = OcclusionSensitivity().explain((X, None), linear(), 0, patch_size=1)
    fall = ROW * (X[..., 0] - X[..., 0].mean(axis=(1, 2), keepdims=True))
    cells = []
    for image, map_ in zip(X, fall, strict=True):
        strength = np.clip(map_ / np.percentile(np.abs(map_), 99, method="higher"), 0, 1)
        colours = cv2.applyColorMap(np.rint(strength * 255).astype("uint8"), cv2.COLORMAP_VIRIDIS)[..., ::-1]
        grey = (image - image.min()) / (image.max() - image.min()) * 255
        cells.append(np.clip(0.7 * grey + colours, 0, 255))
    np.testing.assert_allclose(found, beside(cells), atol=1.01)


def test_images_that_are_not_square_are_covered_to_their_last_column(net, images):
    grid = OcclusionSensitivity(batch_size=3).explain((images, None), net, 3, patch_size=4)
    assert grid.shape == (2 * 12, 2 * 10, 3)
    np.testing.assert_array_equal(grid, OcclusionSensitivity().explain((images, None), net, 3, 4))


def test_activations_are_laid_out_channel_by_channel_image_by_image(net, images):
    grid = ExtractActivations(batch_size=1).explain((images, None), net, ["conv_1"])
    maps = np.maximum(np.array(net.layers[0](images)), 0)  # (2, 10, 8, 4)
    low, high = (end(axis=(1, 2, 3), keepdims=True) for end in (maps.min, maps.max))
    grey = (maps - low) / (high - low) * 255
    assert grid.shape == (30, 24)  # 8 maps in a grid of 3 by 3
    for i in range(9):
        top, left = 10 * (i // 3), 8 * (i % 3)
        expected = grey[i // 4, ..., i % 4] if i < 8 else np.zeros((10, 8))
        np.testing.assert_allclose(grid[top : top + 10, left : left + 8], expected, atol=0.51)
    np.testing.assert_array_equal(grid, ExtractActivations().explain((images, None), net, "conv_1"))


def test_the_noise_is_in_units_of_the_pixels(net, images):
    stretched = images * np.array([1, 3], np.float32).reshape(2, 1, 1, 1)
    grid = SmoothGrad().explain((stretched, None), net, 3, num_samples=4, noise=0.6)
    cells = [
        levels(np.abs(kv.smooth_grad(net, x, 3, samples=4, noise=0.6 / float(np.ptp(x))).values).max(axis=-1))[0]
        for x in stretched
    ]
    np.testing.assert_allclose(grid, beside(cells), atol=0.51)


def test_each_image_has_its_own_scale_whatever_stands_beside_it(net, images):
    for explainer in (VanillaGradients(), GradCAM()):
        alone = explainer.explain((images[:1], None), net, 3)
        beside_another = explainer.explain((images * [[[[1]]], [[[9]]]], None), net, 3)
        np.testing.assert_array_equal(beside_another[:12, :10], alone)


@pytest.mark.parametrize(
    ("explainer", "base", "changed"),
    [
        (SmoothGrad, {}, {"num_samples": 9}),
        (SmoothGrad, {}, {"noise": 0.1}),
        (IntegratedGradients, {}, {"n_steps": 1}),
        (GradCAM, {}, {"layer_name": "conv_1"}),
        (GradCAM, {}, {"colormap": cv2.COLORMAP_JET}),
        (GradCAM, {}, {"image_weight": 0.1}),
        (OcclusionSensitivity, {"patch_size": 4}, {"patch_size": 3}),
        (OcclusionSensitivity, {"patch_size": 4}, {"colormap": cv2.COLORMAP_JET}),
        (VanillaGradients, {}, {"class_index": 1}),
        (GradientsInputs, {}, {"class_index": 1}),
    ],
)
def test_every_option_changes_the_grid(net, images, explainer, base, changed):
    given = {"class_index": 3, **base}
    before, after = (explainer().explain((images, None), net, **given, **{}) for given in (given, {**given, **changed}))
    assert not np.array_equal(before, after)


def test_the_quick_start_of_tf_explain_runs_and_saves_what_it_shows(net, images, tmp_path):
    # As it is written there, with labels or without, images in a list or an array.
    data = ([images[0]], None)
    explainer = GradCAM()
    grid = explainer.explain(data, net, class_index=3, layer_name="conv_2")
    explainer.save(grid, str(tmp_path / "new"), "grad_cam.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "new" / "grad_cam.png")), grid)
    np.testing.assert_array_equal(grid, explainer.explain((images[:1], np.array([3])), net, 3, "conv_2"))
    grey = VanillaGradients()
    grid = grey.explain(data, net, 3)
    grey.save(grid, tmp_path, "grey.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "grey.png")), grid)


def test_a_target_may_be_asked_instead_of_a_class(images):
    model = nets.two_by_two()
    given = [images, np.ones((2, 3), np.float32)]
    with pytest.raises(ValueError, match="several outputs, 'digit', 'parity'.*keras_vis.Logit"):
        VanillaGradients().explain((given, None), model, 2)
    asked = kv.Logit(2, output="digit")
    expected = levels(np.abs(kv.saliency(model, given, asked).values).max(axis=-1))
    np.testing.assert_allclose(VanillaGradients().explain((given, None), model, asked), beside(expected), atol=0.51)


@pytest.mark.parametrize(
    ("explainer", "data", "options", "error", "told"),
    [
        (VanillaGradients, X, {}, TypeError, "`validation_data` must be a pair"),
        (VanillaGradients, (np.zeros((1, 5, 5, 1)), None), {}, ValueError, "`validation_data` has shape"),
        (VanillaGradients, (X, None), {"class_index": 2}, ValueError, "`class_index`: 2 is no unit"),
        (VanillaGradients, (X, None), {"class_index": [0, 1]}, TypeError, "`class_index` must be one whole number"),
        (VanillaGradients, (X, None), {"class_index": None}, TypeError, "`class_index` must be one whole number"),
        (SmoothGrad, (X, None), {"num_samples": 0}, ValueError, "`num_samples` must be"),
        (SmoothGrad, (X, None), {"noise": -1}, ValueError, "`noise` must be a number, at least 0"),
        (SmoothGrad, (np.ones((1, 2, 2, 1)), None), {}, ValueError, "image 0 is of one colour"),
        (IntegratedGradients, (X, None), {"n_steps": 0}, ValueError, "`n_steps` must be"),
        (OcclusionSensitivity, (X, None), {"patch_size": 9}, ValueError, "`patch_size`"),
        (GradCAM, (X, None), {"layer_name": "flaten"}, ValueError, "`layer_name='flaten'`.*Did you mean 'flatten'"),
    ],
)
def test_what_cannot_be_is_told_in_the_words_of_tf_explain(explainer, data, options, error, told):
    with pytest.raises(error, match=told):
        explainer().explain(data, linear(), **{"class_index": 0, **options})


def test_what_cannot_be_drawn_or_saved_is_told(net, images, tmp_path):
    with pytest.raises(ValueError, match="`colormap` must be one of OpenCV's"):
        GradCAM().explain((images, None), net, 3, colormap=99)
    with pytest.raises(ValueError, match="`image_weight` must lie between 0 and 1"):
        GradCAM().explain((images, None), net, 3, image_weight=2)
    with pytest.raises(ValueError, match="`layers_name` must name one layer; received 2"):
        ExtractActivations().explain((images, None), net, ["conv_1", "conv_2"])
    with pytest.raises(ValueError, match="`layers_name='dense'`"):
        ExtractActivations().explain((images, None), net, "dense")
    with pytest.raises(ValueError, match="must end in one of .png"):
        GradCAM().save(np.zeros((2, 2, 3), np.uint8), tmp_path, "grid.gif")
    with pytest.raises(TypeError, match="`grid` must be uint8"):
        GradCAM().save(np.zeros((2, 2, 3)), tmp_path, "grid.png")
    assert not list(tmp_path.iterdir())


def test_integrated_gradients_of_a_rectified_net_sum_to_what_the_class_has_gained():
    # there the way from black was left out of the product
    model, x, w, v = rectified()
    maps = kv.integrated_gradients(model, x, 0, steps=200).values[0, ..., 0]
    assert maps.sum() == pytest.approx(float(np.maximum(x.ravel() @ w, 0) @ v[:, 0]), rel=0.02)
    grid = IntegratedGradients().explain((x[None], None), model, 0, n_steps=200)
    np.testing.assert_allclose(grid, levels(maps[None])[0], atol=1.01)


def test_weights_that_no_paper_has_are_refused_with_what_to_call_by_the_explainer_and_by_its_callback(net, images):
    with pytest.raises(ValueError, match="use_guided_grads=True.*keras_vis.layer_cam"):
        GradCAM().explain((images, None), net, 3, use_guided_grads=True)
    with pytest.raises(ValueError, match="use_guided_grads=True.*keras_vis.layer_cam"):
        tf_explain.callbacks.GradCAMCallback((images, None), 3, use_guided_grads=True)


def test_images_are_laid_out_by_rows_and_columns_and_what_is_left_over_is_black():
    images = np.arange(1, 6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 3, 1), np.uint8)
    for given, places in (
        ({}, [[1, 2, 3], [4, 5, 0], [0, 0, 0]]),
        ({"num_columns": 2}, [[1, 2], [3, 4], [5, 0]]),
        ({"num_rows": 2}, [[1, 2, 3], [4, 5, 0]]),
        ({"num_rows": 1, "num_columns": 6}, [[1, 2, 3, 4, 5, 0]]),
    ):
        expected = np.kron(places, np.ones((2, 3), np.uint8))[..., None]
        np.testing.assert_array_equal(display.grid_display(images, **given), expected)
    with pytest.warns(UserWarning, match="rows are added"):
        found = display.grid_display(images, num_rows=1, num_columns=2)
    np.testing.assert_array_equal(found[::2, ::3, 0], [[1, 2], [3, 4], [5, 0]])
    for wrong, told in (({"num_rows": 0}, "`num_rows` must be"), ({"array": images[:0]}, "`array` must be images")):
        with pytest.raises(ValueError, match=told):
            display.grid_display(**{"array": images, **wrong})


def test_channels_are_laid_out_those_of_the_first_image_first():
    maps = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)[:, None, None, :] * np.ones((1, 2, 2, 1), np.uint8)
    found = display.filter_display(maps, num_columns=3)
    np.testing.assert_array_equal(found, np.kron([[1, 2, 3], [4, 5, 6]], np.ones((2, 2), np.uint8)))


def test_a_file_has_the_levels_and_the_colours_in_the_order_that_were_given(tmp_path):
    red = np.full((2, 3, 3), (200, 100, 50), np.uint8)
    saver.save_rgb(red, tmp_path / "made", "a.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "made" / "a.png")), red)
    saver.save_grayscale(red[..., :1], tmp_path, "b.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "b.png")), red[..., 0])
    for write, image, error, told in (
        (saver.save_rgb, red[..., 0], ValueError, r"must be \(h, w, 3\)"),
        (saver.save_grayscale, red, ValueError, r"must be \(h, w\) or"),
        (saver.save_rgb, red / 255, TypeError, "must be uint8"),
    ):
        with pytest.raises(error, match=f"`image` {told}"):
            write(image, tmp_path, "c.png")
    assert not (tmp_path / "c.png").exists()
