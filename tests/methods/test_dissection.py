"""Dissection: is a unit that was built to be a concept found to be it, and does NumPy on all data at once agree?"""

from __future__ import annotations

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.engine.concepts import Concepts
from keras_vis.engine.probe import probe
from keras_vis.engine.stream import Stream
from keras_vis.measure.overlap import Axis
from keras_vis.methods import dissection as module
from tests import nets

L = keras.layers
RNG = np.random.default_rng(0)


def one_by_one(weights: np.ndarray, shape: tuple[int, int] = (12, 10)) -> keras.Model:
    """A 1x1 convolution: units are sums of the image's channels."""
    weights = np.asarray(weights, np.float32)
    model = keras.Sequential(
        [
            keras.Input((*shape, weights.shape[0])),
            L.Conv2D(weights.shape[1], 1, use_bias=False, name="units"),
            L.GlobalAveragePooling2D(),
            L.Dense(2),
        ]
    )
    model.get_layer("units").set_weights([weights[None, None]])
    return model


def masks_in(images: np.ndarray, thresholds: tuple[float, ...] = (0.3, -0.2)) -> dict[str, np.ndarray]:
    """Two concepts that overlap: where the first channel is above a number."""
    return {f"above {t}": images[..., 0] > t for t in thresholds}


def ious(on: np.ndarray, there: np.ndarray) -> np.ndarray:
    """IoU of every unit ``(n, h, w, k)`` and concept ``(n, h, w, m)``, worked out with sets of places."""
    units, concepts = (np.moveaxis(part, -1, 0).reshape(part.shape[-1], -1) for part in (on, there))
    found = np.zeros((len(units), len(concepts)))
    for i, unit in enumerate(units):
        for j, concept in enumerate(concepts):
            either = (unit | concept).sum()
            found[i, j] = (unit & concept).sum() / either if either else 0
    return found


def test_a_unit_built_to_be_a_mask_has_an_iou_of_1():
    mask = np.zeros((9, 12, 10), bool)
    mask[2, 3:7, 2:9] = mask[5, 8:, :4] = True
    images = np.stack([mask, RNG.random(mask.shape) < 0.5], axis=-1).astype(np.float32)
    model = one_by_one([[3, 0, 1], [0, 2, 0]])
    found = kv.dissect(model, images, {"it": mask, "the other": images[..., 1] > 0}, "units")
    assert found.iou[0, 0] == found.iou[2, 0] == found.iou[1, 1] == 1
    assert found.iou[0, 1] == (mask & (images[..., 1] > 0)).sum() / (mask | (images[..., 1] > 0)).sum()
    assert found.thresholds.tolist() == [3, 2, 1]
    assert {(unit, concept, iou) for unit, concept, iou in found.detectors if iou == 1} == {
        (0, "it", 1.0),
        (1, "the other", 1.0),
        (2, "it", 1.0),
    }


def test_even_if_the_mask_is_smaller_than_the_share_that_the_quantile_leaves():
    mask = np.zeros((50, 12, 10), bool)
    mask[7, 3:5, 3:6] = True  # 0.1 % of all places; the quantile is 0
    found = kv.dissect(one_by_one([[2.0]]), mask[..., None].astype("float32"), mask, "units")
    assert found.thresholds == [0]
    assert found.iou == [[1]]


def test_two_thirds_by_hand():
    images = np.arange(1, 9, dtype=np.float32).reshape(2, 2, 2, 1)
    mask = (images[..., 0] >= 5) | (images[..., 0] == 1)
    # Half of the eight values are at most 4: on are 4 to 8, there are 1 and 5 to 8; four of six are both.
    found = kv.dissect(one_by_one([[1.0]], (2, 2)), images, mask, "units", quantile=0.5, names="five and up, or one")
    assert found.thresholds == [4]
    assert found.iou == [[4 / 6]]
    assert found.covered == [5 / 8]
    assert found.rows == ((0, "five and up, or one", 4 / 6, 4.0, "yes"),)


def test_a_dead_unit_is_on_nowhere_and_not_everywhere():
    images = RNG.random((4, 12, 10, 1), dtype=np.float32)
    found = kv.dissect(one_by_one([[0.0, 1.0]]), images, np.ones((4, 12, 10)), "units", quantile=0.9)
    assert found.iou[0, 0] == 0
    assert found.iou[1, 0] == pytest.approx(0.1, abs=0.003)
    assert found.rows[1] == (0, "", 0.0, 0.0, "no")


def test_all_of_it_equals_numpy_on_the_whole_data():
    model, x = nets.sequential(), nets.images(40)
    maps = kv.feature_maps(model, x, "conv_1").values
    masks = RNG.random((40, 10, 8, 3)) < [0.1, 0.5, 0.9]
    found = kv.dissect(model, x, masks, "conv_1", quantile=0.9, align="stretch", names=["a", "b", "c"])
    flat = maps.reshape(-1, 4)
    thresholds = np.quantile(flat, 0.9, axis=0, method="inverted_cdf")
    np.testing.assert_array_equal(found.thresholds, thresholds)
    np.testing.assert_allclose(found.iou, ious(maps >= thresholds, masks), rtol=1e-12)
    np.testing.assert_allclose(found.covered, masks.mean(axis=(0, 1, 2)))
    highest = maps.max(axis=(1, 2)).T
    np.testing.assert_array_equal(found.scores, -np.sort(-highest, axis=1)[:, :5])
    np.testing.assert_array_equal(np.take_along_axis(highest, found.indices, 1), found.scores)


def pooled() -> keras.Model:
    model = keras.Sequential(
        [keras.Input((12, 8, 2)), L.Conv2D(3, 3, padding="same", name="conv"), L.AveragePooling2D(4, name="pool")]
    )
    nets.draw_weights(model)
    return model


def test_maps_smaller_than_the_masks_are_enlarged_as_when_they_are_drawn():
    model, x = pooled(), RNG.normal(0, 1, (7, 12, 8, 2)).astype("float32")
    maps = kv.feature_maps(model, x, "pool").values
    assert maps.shape == (7, 3, 2, 3)
    for height, width in ((12, 8), (24, 17)):
        masks = RNG.random((7, height, width, 2)) < 0.4
        large = np.stack([cv2.resize(one, (width, height), interpolation=cv2.INTER_LINEAR) for one in maps])
        for align in ("field", "stretch"):
            found = kv.dissect(model, x, masks, "pool", quantile=0.8, align=align)
            np.testing.assert_allclose(found.iou, ious(large >= found.thresholds, masks), rtol=0.02)


def test_masks_smaller_than_the_maps_are_areas_on_the_maps_own_grid():
    images = RNG.random((6, 12, 10, 1), dtype=np.float32)
    small = RNG.random((6, 4, 5)) < 0.5
    found = kv.dissect(one_by_one([[1.0]]), images, small, "units", quantile=0.7)
    large = small.repeat(3, axis=1).repeat(2, axis=2)[..., None]
    np.testing.assert_allclose(found.iou, ious(images >= found.thresholds, large), rtol=1e-12)


def test_masks_finer_along_one_side_and_coarser_along_the_other():
    images = RNG.random((6, 12, 10, 1), dtype=np.float32)
    masks = RNG.random((6, 36, 5)) < 0.5
    found = kv.dissect(one_by_one([[1.0]]), images, masks, "units", quantile=0.7)
    large = np.stack([cv2.resize(one, (10, 36), interpolation=cv2.INTER_LINEAR) for one in images])[..., None]
    np.testing.assert_allclose(
        found.iou, ious(large >= found.thresholds, masks.repeat(2, axis=2)[..., None]), rtol=0.01
    )


def test_a_map_lies_where_its_receptive_fields_have_their_middles():
    # The unit is the image itself, without the two pixels along each edge that a 5x5 convolution loses.
    model = keras.Sequential([keras.Input((16, 16, 1)), L.Conv2D(1, 5, use_bias=False, name="conv"), L.Flatten()])
    kernel = np.zeros((5, 5, 1, 1), np.float32)
    kernel[2, 2] = 1
    model.get_layer("conv").set_weights([kernel])
    mask = np.zeros((5, 16, 16), bool)
    mask[1, 3:6, 3:9] = mask[4, 8:13, 10:13] = True
    x = mask[..., None].astype("float32")
    assert kv.dissect(model, x, mask, "conv").iou == 1
    assert kv.dissect(model, x, mask, "conv", align="stretch").iou < 0.7


def blobs(size: int = 16) -> np.ndarray:
    mask = np.zeros((5, size, size), bool)
    mask[1, 3:6, 3:9] = mask[4, 8:13, 10:13] = True
    return mask


def middle_of_five(*before: L.Layer, size: int = 16) -> keras.Model:
    """A unit that is the image, or what layers before it make of it, without the two pixels along each edge."""
    conv = L.Conv2D(1, 5, use_bias=False, name="conv")
    model = keras.Sequential([keras.Input((size, size, 1)), *before, conv, L.Flatten()])
    kernel = np.zeros((5, 5, 1, 1), np.float32)
    kernel[2, 2] = 1
    conv.set_weights([kernel])
    return model


@pytest.mark.parametrize("mirrored", [np.s_[:, ::-1], np.s_[:, :, ::-1], np.s_[:, ::-1, ::-1]])
def test_a_mirrored_map_is_laid_on_the_image_as_it_was(mirrored):
    mask = blobs()
    x = mask[..., None].astype("float32")
    found = kv.dissect(middle_of_five(L.Lambda(lambda images: images[mirrored])), x, mask, "conv")
    assert found.iou == 1
    np.testing.assert_array_equal(found.on, found.there)


def test_a_mirrored_map_that_is_enlarged_has_the_iou_of_the_one_that_is_not():
    x = RNG.random((6, 16, 16, 1), dtype=np.float32)
    masks = cv2.GaussianBlur(np.moveaxis(x[..., 0], 0, -1), (0, 0), 1.5).transpose(2, 0, 1) > 0.5
    pool = [L.AveragePooling2D(4, name="pool")]
    plain = kv.dissect(keras.Sequential([keras.Input((16, 16, 1)), *pool]), x, masks, "pool", quantile=0.7)
    turned = keras.Sequential([keras.Input((16, 16, 1)), L.Lambda(lambda images: images[:, ::-1, ::-1]), *pool])
    assert 0.3 < plain.iou < 0.9
    np.testing.assert_allclose(kv.dissect(turned, x, masks, "pool", quantile=0.7).iou, plain.iou, atol=0.003)


def test_an_upsampled_map_lies_where_it_was_before():
    mask = np.zeros((5, 16, 16), bool)
    mask[1, 4:6, 2:8] = mask[4, 8:12, 10:14] = True
    x = mask[..., None].astype("float32")
    model = keras.Sequential([keras.Input((16, 16, 1)), L.MaxPooling2D(2), L.UpSampling2D(2, name="up")])
    assert kv.dissect(model, x, mask, "up").iou == 1


@pytest.mark.parametrize(
    "turned",
    [L.Permute((2, 1, 3)), L.Lambda(lambda images: keras.ops.roll(images, 5, axis=1))],
    ids=["transposed", "rolled"],
)
def test_a_map_whose_rows_are_not_the_images_is_refused(turned):
    mask = blobs()
    model, x = middle_of_five(turned), mask[..., None].astype("float32")
    with pytest.raises(ValueError, match=r"`align='field'`: the rows of 'conv' do not run.*or align='stretch'"):
        kv.dissect(model, x, mask, "conv")
    assert kv.dissect(model, x, mask, "conv", align="stretch").iou < 0.7


@pytest.mark.parametrize("finer", [1, 3, 5])
def test_a_position_is_met_where_it_lies_however_that_was_rounded(finer):
    # of masks finer by an odd factor, one place lies on each position
    for size in range(5, 120):
        on = np.arange(finer // 2, finer * size, finer)
        inner = (np.arange(size - 2) + 1.5) / size  # without an edge
        for maps, centres, wanted in (
            (size, None, np.arange(size)),
            (size - 2, inner, np.clip(np.arange(size) - 1, 0, size - 3)),
            (size - 2, inner[::-1], np.clip(size - 2 - np.arange(size), 0, size - 3)),
        ):
            axis = Axis.between(maps, finer * size, centres)
            np.testing.assert_array_equal(axis.low[on], wanted)
            assert not axis.weight[on].any()


def test_a_function_of_masks_may_write_into_its_images_and_changes_none():
    model, x = nets.sequential(), nets.images(9)
    kept = x.copy()

    def spoilt(images: np.ndarray) -> dict[str, np.ndarray]:
        found = masks_in(images)
        images *= 0
        return found

    found = kv.dissect(model, x, spoilt, "conv_2", quantile=0.9)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(found.iou, kv.dissect(model, x, masks_in, "conv_2", quantile=0.9).iou)


def test_every_form_of_a_model_gives_the_same_numbers(tmp_path):
    x = nets.images(8)
    wanted = kv.dissect(nets.sequential(), x, masks_in, "conv_2", quantile=0.9)
    for model in nets.forms(tmp_path).values():
        found = kv.dissect(model, x, masks_in, "conv_2", quantile=0.9)
        np.testing.assert_allclose(found.thresholds, wanted.thresholds, rtol=1e-5)
        np.testing.assert_allclose(found.iou, wanted.iou, atol=2e-3)


def test_masks_are_made_of_the_input_that_is_named():
    inputs = [keras.Input((6, 5, 1), name=name) for name in "ab"]
    model = keras.Model(inputs, L.Conv2D(2, 1, use_bias=False, name="units")(L.Concatenate()(inputs)))
    model.get_layer("units").set_weights([np.eye(2, dtype="float32")[None, None]])
    data = {name: (RNG.random((8, 6, 5, 1)) < 0.3).astype("float32") for name in "ab"}
    for i, name in enumerate("ab"):
        found = kv.dissect(model, data, lambda images: images[..., 0] > 0.5, "units", input=name)
        assert found.iou[i, 0] == 1
        assert found.iou[1 - i, 0] < 0.5
    with pytest.raises(ValueError, match="Several inputs hold images.*`input=`"):
        kv.dissect(model, data, lambda images: images[..., 0] > 0.5, "units")


class Pairs(keras.utils.PyDataset):
    def __init__(self, x: np.ndarray, masks: np.ndarray) -> None:
        super().__init__()
        self.x, self.masks = x, masks

    def __len__(self) -> int:
        return 5

    def __getitem__(self, i: int):
        return self.x[5 * i : 5 * i + 5], self.masks[5 * i : 5 * i + 5]


def test_masks_and_data_in_every_form_give_the_same_numbers():
    model, x = nets.sequential(), nets.images(23)
    named = masks_in(x)
    stacked = np.stack(list(named.values()), axis=-1)
    parts = [slice(0, 10), slice(10, 11), slice(11, 23)]
    wanted = kv.dissect(model, x, named, "conv_2", quantile=0.9)
    pairs = tf.data.Dataset.from_tensor_slices((x, stacked)).batch(4)
    for data, masks, names in (
        (x, stacked, list(named)),
        (x, stacked.astype("float64"), tuple(named)),
        (x, masks_in, None),
        (x, lambda images: np.stack(list(masks_in(images).values()), axis=-1), list(named)),
        (x, [stacked[part] for part in parts], list(named)),
        (x, [{name: mask[part] for name, mask in named.items()} for part in parts], None),
        (x, tf.data.Dataset.from_tensor_slices(stacked).batch(6), list(named)),
        (pairs, None, list(named)),
        (Pairs(x, stacked), None, list(named)),
        (tf.data.Dataset.from_tensor_slices(x).batch(9), masks_in, None),
        ([x[part] for part in parts], named, None),
        (tf.data.Dataset.from_tensor_slices(x).batch(9), [stacked[:20], stacked[20:]], list(named)),
    ):
        found = kv.dissect(model, data, masks, "conv_2", quantile=0.9, names=names)
        assert found.concepts == wanted.concepts == ("above 0.3", "above -0.2")
        np.testing.assert_array_equal(found.iou, wanted.iou)
        np.testing.assert_array_equal(found.thresholds, wanted.thresholds)
        for name in ("scores", "indices", "shown", "images", "picks", "on", "there"):
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_the_numbers_do_not_depend_on_the_batch_and_nothing_is_traced_twice():
    model, x = nets.sequential(), nets.images(23)
    wanted = kv.dissect(model, x, masks_in, "conv_2", units=[4, 1])
    traces = probe(model).traces
    for batch in (1, 7, 23):
        found = kv.dissect(model, x, masks_in, "conv_2", units=[4, 1], batch=batch)
        np.testing.assert_allclose(found.thresholds, wanted.thresholds, rtol=1e-6)
        np.testing.assert_allclose(found.iou, wanted.iou, atol=1e-3)
    assert probe(model).traces == traces


def test_a_large_map_is_compared_in_parts_with_the_same_result(monkeypatch):
    model, x = nets.sequential(), nets.images(9)
    wanted = kv.dissect(model, x, masks_in, "conv_2").iou
    monkeypatch.setattr("keras_vis.measure.overlap._AT_ONCE", 250)
    np.testing.assert_array_equal(kv.dissect(model, x, masks_in, "conv_2").iou, wanted)


def test_units_are_picked_in_the_order_given():
    model, x = nets.sequential(), nets.images(9)
    whole = kv.dissect(model, x, masks_in, "conv_2")
    found = kv.dissect(model, x, masks_in, "conv_2", units=[4, 1])
    np.testing.assert_array_equal(found.iou, whole.iou[[4, 1]])
    assert found.units.tolist() == [4, 1]
    assert {row[0] for row in found.rows} == {1, 4}


def test_detectors_are_those_above_the_limit_each_with_its_best_concept():
    model, x = nets.sequential(), nets.images(9)
    found = kv.dissect(model, x, masks_in, "conv_2", quantile=0.9)
    high = found.iou.max(axis=1)
    limit = float(np.sort(high)[2])
    fewer = kv.dissect(model, x, masks_in, "conv_2", quantile=0.9, iou=limit)
    assert len(found.detectors) == (high > 0.04).sum() == 5
    assert [iou for _, _, iou in fewer.detectors] == sorted(high[high > limit], reverse=True)
    assert len(fewer.detectors) == len(fewer.shown) == 3
    for unit, concept, iou in fewer.detectors:
        assert fewer.iou[unit, fewer.concepts.index(concept)] == iou == high[unit]
    assert [row[4] for row in fewer.rows] == ["yes"] * 3 + ["no"] * 3
    none = kv.dissect(model, x, masks_in, "conv_2", iou=0.99)
    assert none.detectors == ()
    np.testing.assert_array_equal(none.draw(), none.table().draw())


def test_what_is_kept_of_a_detector_is_its_image_and_where_it_and_its_concept_are():
    mask = np.zeros((9, 12, 10), bool)
    for i in range(9):
        mask[i, i : i + 3, 2:6] = i % 2 == 0
    x = mask[..., None] * np.arange(1, 10, dtype=np.float32)[:, None, None, None]
    found = kv.dissect(one_by_one([[1.0]]), x, mask, "units", quantile=0.9, top=2, batch=2)
    assert found.indices.tolist() == [[8, 6]]
    assert found.scores.tolist() == [[9, 7]]
    for i, index in enumerate(found.indices[0]):
        np.testing.assert_array_equal(found.images[found.picks[0, i]], x[index])
        np.testing.assert_array_equal(found.there[0, i], mask[index])
        np.testing.assert_array_equal(found.on[0, i], x[index, ..., 0] > 0)  # the quantile is 0
    assert kv.dissect(one_by_one([[1.0]]), x, mask, "units", top=50).indices.shape == (1, 9)


def test_the_line_goes_round_what_is_on_and_the_tint_covers_the_concept():
    from keras_vis.draw.detectors import outlined

    on, there = np.zeros((8, 8), bool), np.zeros((8, 8), bool)
    on[2:6, 2:6], there[0] = True, True
    drawn = outlined(np.zeros((8, 8, 3), np.float32), on, there, (80, 80))
    orange = (drawn == (230, 159, 0)).all(axis=-1)
    assert orange[20:60, 20:60].sum() == orange.sum() == 40 * 40 - 36 * 36
    assert (drawn[:10, :, 2] > 100).all()
    assert not drawn[60:].any()


def test_a_photograph_is_seen_through_the_tint_and_has_a_line_of_one_pixel_round_it():
    from keras_vis.draw.detectors import outlined

    there = np.zeros((100, 100), bool)
    there[20:60, 30:70] = True
    drawn = outlined(np.ones((100, 100, 3), np.float32), np.zeros((100, 100), bool), there, (100, 100))
    line = (drawn == (86, 180, 233)).all(axis=-1)
    assert line.sum() == 4 * 39
    inside = drawn[21:59, 31:69].astype(int)
    assert (inside[..., 0] < drawn[0, 0, 0]).all()
    assert (inside.min(axis=-1) > 150).all()


def test_more_detectors_than_can_be_looked_through_are_told_of_and_all_in_the_table():
    x = RNG.random((4, 12, 10, 1), dtype=np.float32)
    found = kv.dissect(one_by_one(np.ones((1, 40))), x, {"a": x[..., 0] > 0.9, "b": x[..., 0] > 0.99}, "units")
    assert len(found.detectors) == len(found.rows) == 40
    assert len(found.shown) == 32
    assert "32 are drawn" in found._note()
    fewer = kv.dissect(
        one_by_one(np.ones((1, 40))), x, {"a": x[..., 0] > 0.9, "b": x[..., 0] > 0.99}, "units", top=2, most=7
    )
    assert len(fewer.detectors) == 40
    assert len(fewer.shown) == len(fewer.picks) == 7
    assert "7 are drawn" in fewer._note()


def test_a_concept_that_is_nowhere_has_an_iou_of_0_and_is_told_of(tmp_path):
    x = nets.images(4)
    found = kv.dissect(nets.sequential(), x, {"all": x[..., 0] > 0, "unicorn": x[..., 0] > 5}, "conv_2", quantile=0.9)
    assert not found.iou[:, 1].any()
    assert "nowhere in the data: unicorn" in found._note()
    with np.load(found.save(tmp_path / "dissection.npz")) as kept:
        np.testing.assert_array_equal(kept["iou"], found.iou)
        assert kept["unit"].shape == (6,)
    assert found.save(tmp_path / "d.csv").read_text().splitlines()[0] == "unit,concept,IoU,threshold,detector"


def test_kernels_that_see_lines_detect_strokes_of_their_direction_in_digits(digits):
    kernel = np.array([[-1, -2, -1], [2, 4, 2], [-1, -2, -1]], np.float32)
    model = keras.Sequential([keras.Input((28, 28, 1)), L.Conv2D(2, 3, activation="relu", name="conv"), L.Flatten()])
    model.get_layer("conv").set_weights([np.stack([kernel, kernel.T], axis=-1)[:, :, None], np.zeros(2, "float32")])
    found = kv.dissect(model, digits[0][:300], kv.digit_concepts, "conv", quantile=0.97)
    named = {unit: concept for unit, concept, _ in found.detectors}
    assert named == {0: "horizontal stroke", 1: "vertical stroke"}


X = nets.images(6)
GOOD = np.zeros((6, 12, 10))


@pytest.mark.parametrize(
    ("masks", "error", "words"),
    [
        (np.zeros((6, 10)), ValueError, r"has shape \(6, 10\); masks are \(n, H, W\).*np.broadcast_to\(mask"),
        (list(GOOD), ValueError, r"has shape \(12, 10\).*are joined by np.stack\(masks\)"),
        (GOOD.tolist(), ValueError, r"has shape \(12, 10\).*are joined by np.stack\(masks\)"),
        (np.zeros(6), ValueError, "Labels of whole images are no masks"),
        (GOOD[:5], ValueError, "are for 5 images, and `data` hold 6"),
        ({"a": GOOD, "b": GOOD[:5]}, ValueError, "are for 5 and 6 images"),
        ({"a": GOOD, "b": GOOD[:, :5]}, ValueError, "masks .* of one shape; received 'a'"),
        ({}, ValueError, "is empty"),
        (GOOD + np.nan, ValueError, "has NaN"),
        (GOOD + np.arange(6)[:, None, None], ValueError, r"label map.*labels\[..., None\] == np.arange\(1, 6\)"),
        (GOOD + 0.5, ValueError, "from which value on"),
        (GOOD + 255, ValueError, "masks > 0"),
        (GOOD[..., None][..., :0], ValueError, "without a pixel or a concept"),
        (iter([GOOD]), ValueError, r"an iterator .* list\(masks\)"),
        ([GOOD[:4]], ValueError, "end after 4 images, and `data` hold more"),
        ([GOOD, GOOD], ValueError, "for more images than `data` hold"),
        (lambda images: GOOD[:2], ValueError, "what `masks` returns: 2 masks came for 6 images"),
        (None, ValueError, "`data` hold no masks beside the images"),
        ("masks", TypeError, "received str"),
        (3, TypeError, "received int"),
        (GOOD.astype(str), TypeError, "0 and 1"),
    ],
)
def test_wrong_masks_are_refused_with_the_remedy(masks, error, words):
    with pytest.raises(error, match=words):
        kv.dissect(nets.sequential(), X, masks, "conv_2", progress=False)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"data": iter([X])}, ValueError, "`data` is gone through 3 times"),
        ({"layer": "flatten"}, ValueError, r"`layer='flatten'` gives no maps"),
        ({"units": [6]}, ValueError, "`units`: 6 is no unit"),
        ({"names": ["a", "b"]}, ValueError, "`names` has 2 entries, and there are 1 concepts"),
        ({"masks": {"a": GOOD}, "names": ["b"]}, ValueError, "have names of their own, a"),
        ({"masks": np.stack([GOOD, GOOD], -1), "names": ["b", "b"]}, ValueError, "`names` must be different"),
        ({"quantile": 1}, ValueError, "`quantile` must be a share, above 0 and below 1; received 1"),
        ({"iou": 1.5}, ValueError, "`iou` must be a share"),
        ({"top": 0}, ValueError, "`top` must be a positive"),
        ({"most": 0}, ValueError, "`most` must be a positive whole number of detectors; received 0"),
        ({"align": "centre"}, ValueError, "`align='centre'` must be 'field' or 'stretch'"),
        ({"data": [(X, np.arange(6))], "masks": None}, ValueError, r"`data` has shape \(6,\).*Labels of whole images"),
    ],
)
def test_wrong_options_are_refused_at_the_door(options, error, words):
    given = {"data": X, "masks": GOOD, "layer": "conv_2", **options}
    with pytest.raises(error, match=words):
        kv.dissect(nets.sequential(), given.pop("data"), given.pop("masks"), given.pop("layer"), **given)


@pytest.mark.parametrize("at_once", [500, 1500])
def test_the_last_units_and_images_of_a_large_map_count_though_they_are_fewer(monkeypatch, at_once):
    # 120 places: of 6 units 4 and 2 at once, or of 9 images 2 by 2
    model, x = nets.sequential(), nets.images(9)
    wanted = kv.dissect(model, x, masks_in, "conv_2", quantile=0.9)
    monkeypatch.setattr("keras_vis.measure.overlap._AT_ONCE", at_once)
    found = kv.dissect(model, x, masks_in, "conv_2", quantile=0.9, batch=7)
    assert (wanted.iou[:, 0] > 0).tolist() == [True, True, True, True, False, True]
    np.testing.assert_allclose(found.iou, wanted.iou, atol=1e-3)
    np.testing.assert_allclose(found.covered, [(x[..., 0] > t).mean() for t in (0.3, -0.2)], rtol=1e-12)


@pytest.mark.parametrize("size", [4, 5, 7, 11])
def test_a_mask_that_does_not_divide_the_grid_is_that_of_the_nearest_pixel(size):
    mask = RNG.random((3, size, 9)) < 0.5
    images = RNG.random((3, 12, 10, 1), dtype=np.float32)
    found = kv.dissect(one_by_one([[1.0]]), images, mask, "units", quantile=0.6)
    large = [cv2.resize(one.astype(np.uint8), (10, 12), interpolation=cv2.INTER_NEAREST_EXACT) for one in mask]
    np.testing.assert_allclose(found.iou, ious(images >= found.thresholds, np.stack(large)[..., None] > 0), rtol=1e-12)


def test_masks_as_fine_as_a_map_that_lost_its_edges_lie_over_the_whole_image():
    model = keras.Sequential([keras.Input((16, 16, 1)), L.Conv2D(1, 5, use_bias=False, name="conv"), L.Flatten()])
    nets.draw_weights(model)
    x, masks = nets.images(7, shape=(16, 16, 1)), RNG.random((7, 12, 12)) < 0.4
    maps = kv.feature_maps(model, x, "conv").values
    # position p has its middle at (p + 2.5) / 16 of the image, place g of the grid at (g + 0.5) / 12
    at, centres = (np.arange(12) + 0.5) / 12, (np.arange(12) + 2.5) / 16
    for axis in (1, 2):
        maps = np.apply_along_axis(lambda line: np.interp(at, centres, line), axis, maps)
    found = kv.dissect(model, x, masks, "conv", quantile=0.7)
    np.testing.assert_allclose(found.iou, ious(maps >= found.thresholds, masks[..., None]), rtol=0.01)


def test_a_plateau_stays_on_its_level_when_it_is_enlarged():
    levels = RNG.random((1, 1, 1000)).astype(np.float32)
    large = Axis.between(2, 9).enlarged(np.repeat(levels, 2, axis=1), 1)
    np.testing.assert_array_equal(large, np.repeat(levels, 9, axis=1))


def test_strides_that_differ_along_the_sides_lie_where_they_are():
    model = keras.Sequential([keras.Input((12, 8, 2)), L.AveragePooling2D((2, 4), name="pool")])
    x, masks = RNG.normal(0, 1, (7, 12, 8, 2)).astype("float32"), RNG.random((7, 12, 8)) < 0.4
    maps = kv.feature_maps(model, x, "pool").values
    large = np.stack([cv2.resize(one, (8, 12), interpolation=cv2.INTER_LINEAR) for one in maps])
    found = kv.dissect(model, x, masks, "pool", quantile=0.8)
    np.testing.assert_allclose(found.iou, ious(large >= found.thresholds, masks[..., None]), rtol=0.02)


def test_of_equal_images_the_first_in_the_data_are_kept():
    x = np.ones((300, 12, 10, 1), np.float32) * (np.arange(300) % 2)[:, None, None, None]
    for batch in (3, 300):
        found = kv.dissect(one_by_one([[1.0]]), x, x[..., 0] > 0, "units", batch=batch)
        assert found.indices.tolist() == [[1, 3, 5, 7, 9]]


def two_concepts(**options) -> tuple[kv.picture.Dissection, np.ndarray, dict[str, np.ndarray]]:
    """Three units, each a channel of few levels; the first two have the first concept, the third the second."""
    rng = np.random.default_rng(5)
    x = rng.integers(0, 4, (11, 12, 10, 3)).astype(np.float32)
    masks = {"others": (x[..., 0] == 3) | (x[..., 1] == 3), "third": x[..., 2] == 3}
    x *= rng.uniform(0.5, 1, (11, 1, 1, 3)).astype(np.float32)
    return kv.dissect(one_by_one(np.eye(3)), x, masks, "units", quantile=0.9, batch=4, **options), x, masks


def test_each_of_several_detectors_is_kept_with_its_own_images_and_concept():
    found, x, masks = two_concepts(top=11)
    assert [found.concepts[i] for i in found.best] == ["others", "others", "third"]
    assert sorted(found.shown) == [0, 1, 2]
    assert len(found.images) == 11
    for i, unit in enumerate(found.shown):
        assert (x[..., unit] == found.thresholds[unit]).any()  # on is what is not below
        for j, index in enumerate(found.indices[unit]):
            np.testing.assert_array_equal(found.images[found.picks[i, j]], x[index])
            np.testing.assert_array_equal(found.on[i, j], x[index, ..., unit] >= found.thresholds[unit])
            np.testing.assert_array_equal(found.there[i, j], masks[found.concepts[found.best[unit]]][index])


def test_detectors_are_drawn_concept_by_concept_with_their_own_numbers(monkeypatch):
    from keras_vis.draw import detectors

    found, _, _ = two_concepts(units=[0, 2, 1])
    blocks = []
    sheet = detectors.detector_sheet
    monkeypatch.setattr(
        detectors, "detector_sheet", lambda images, own, **rest: blocks.extend(own) or sheet(images, own, **rest)
    )
    found.draw()
    drawn = [found.shown.tolist().index({0: 0, 2: 1, 1: 2}[int(block.caption.split()[1])]) for block in blocks]
    assert [block.group for block in blocks] == ["others", "others", "third"]
    assert found.shown[0] == 1  # though the last concept has the largest IoU
    assert {unit for unit, concept, _ in found.detectors if concept == "third"} == {2}
    assert sorted(drawn) == [0, 1, 2]
    for block, i in zip(blocks, drawn, strict=True):
        row = found.shown[i]
        assert block.caption == f"unit {found.units[row]}   IoU {found.iou[row].max():.2f}"
        for part, wanted in zip(
            (block.picks, block.on, block.there), (found.picks[i], found.on[i], found.there[i]), strict=True
        ):
            np.testing.assert_array_equal(part, wanted)


def test_of_many_detectors_the_next_best_of_each_concept_come_in_turn():
    iou = np.zeros((60, 2))
    iou[:, 0] = np.linspace(0.9, 0.3, 60)
    iou[[40, 50, 59]] = [0, 0.2], [0, 0.1], [0, 0.05]
    assert module._shown(iou, 0.04, 32).tolist() == [*range(29), 40, 50, 59]
    assert module._shown(iou, 0.04, 4).tolist() == [0, 1, 40, 50]


def test_a_limit_of_0_leaves_out_only_what_shares_nothing():
    found, _, _ = two_concepts(iou=0)
    assert found.limit == 0
    assert len(found.detectors) == 3


def test_a_deep_layer_whose_fields_cover_the_image_still_lies_where_these_have_their_middles():
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            L.Conv2D(1, 5, use_bias=False),
            L.Conv2D(1, 45, padding="same", use_bias=False, name="deep"),
            L.Flatten(),
        ]
    )
    kernels = np.zeros((5, 5, 1, 1), np.float32), np.zeros((45, 45, 1, 1), np.float32)
    kernels[0][2, 2] = kernels[1][22, 22] = 1
    model.set_weights(kernels)
    assert kv.receptive_field(model, "deep").whole
    mask = np.zeros((5, 16, 16), bool)
    mask[1, 3:6, 3:9] = mask[4, 8:13, 10:13] = True
    assert kv.dissect(model, mask[..., None].astype("float32"), mask, "deep").iou == 1


@pytest.mark.parametrize("batch", [1, 7, 23])
def test_masks_that_come_in_other_batches_than_the_images_stay_with_them(batch):
    model, x = nets.sequential(), nets.images(23)
    named = masks_in(x)
    wanted = kv.dissect(model, x, named, "conv_2", quantile=0.9, batch=batch)
    stacked = np.stack(list(named.values()), axis=-1)
    pairs = tf.data.Dataset.from_tensor_slices((x, stacked)).batch(4)
    for data, masks in ((x, [stacked[:10], stacked[10:11], stacked[11:]]), (pairs, None)):
        found = kv.dissect(model, data, masks, "conv_2", quantile=0.9, batch=batch)
        assert found.concepts == ("concept 0", "concept 1")
        for name in ("iou", "covered", "images", "picks", "on", "there"):
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        ([np.zeros((8, 12, 10))], "for more images than `data` hold"),
        ([np.zeros((3, 12, 10)), np.zeros((3, 6, 5))], r"were of \(12, 10\) pixels, and are now of \(6, 5\)"),
        ([{"a": np.zeros((3, 12, 10))}, {"b": np.zeros((3, 12, 10))}], "the concepts were a, and are now b"),
        (np.full((6, 12, 10), -1), "masks > 0"),
    ],
)
def test_masks_that_do_not_go_with_the_images_or_each_other_are_refused(masks, words):
    with pytest.raises(ValueError, match=words):
        kv.dissect(nets.sequential(), X, masks, "conv_2", batch=4, progress=False)


def test_all_masks_of_an_array_are_looked_at_before_anything_runs():
    x, masks = nets.images(300), np.zeros((300, 12, 10))
    masks[299, 5, 5] = 0.5
    with pytest.raises(ValueError, match="must hold 0 and 1; received 0.5"):
        Concepts(masks, None, Stream(nets.sequential(), x), 0)


def test_the_data_are_read_no_further_than_the_last_image_that_is_wanted():
    x = nets.images(23)
    stream = Stream(nets.sequential(), x, batch=5)
    concepts = Concepts(masks_in(x), None, stream, 0)
    pieces = iter(stream)
    ((piece, masks),) = concepts.walk(pieces, np.array([6, 8]))
    np.testing.assert_array_equal(piece.batch.arrays[0], x[[6, 8]])
    np.testing.assert_array_equal(masks[..., 0], x[[6, 8], ..., 0] > 0.3)
    assert next(pieces).start == 10


def test_a_net_that_was_trained_on_digits_has_detectors_for_strokes_of_several_directions(digits):
    # So has one that was not (26 to 31 of 64, with three seeds): a random kernel has a direction, too.
    from mnist_demo.net import tutorial_net

    images, labels = digits
    keras.utils.set_random_seed(0)
    model = tutorial_net()
    model.fit(images, labels, epochs=3, batch_size=32, verbose=0)
    found = kv.dissect(model, images, kv.digit_concepts, "conv_2", progress=False).detectors
    strokes = {concept for _, concept, _ in found if concept.endswith("stroke")}
    assert len(strokes) >= 3
    assert sum(concept in strokes for _, concept, _ in found) >= 20
