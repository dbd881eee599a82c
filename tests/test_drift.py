"""Does a picture say how much it has changed since an earlier one, and say nothing where it cannot know?"""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

import keras_vis as kv
from keras_vis.picture import Chart, Comparison, Diagram, FeatureMaps, Gallery, HeatMaps, Images, Table
from keras_vis.picture.mosaic import Mosaic
from tests import nets

L = keras.layers
RNG = np.random.default_rng(5)
PHOTOS = RNG.random((3, 8, 8, 1), np.float32)
MAPS = RNG.normal(size=(2, 3, 8, 8)).astype(np.float32)  # earlier and later, of three images


def spearman(values, earlier):
    return [1 - spearmanr(one.ravel(), other.ravel()).statistic for one, other in zip(values, earlier, strict=True)]


def two_nets():
    model, other = nets.sequential(), nets.sequential()
    nets.draw_weights(other, seed=2)
    return model, other


def one_kernel(*weights):
    """A convolution of one 2x2 kernel, and a linear layer on what it gives."""
    model = keras.Sequential([keras.Input((3, 3, 1)), L.Conv2D(1, 2, name="conv"), L.Flatten(), L.Dense(1)])
    model.get_layer("conv").set_weights([np.array(weights, np.float32).reshape(2, 2, 1, 1), np.zeros(1)])
    return model


def test_each_map_has_1_less_its_rank_correlation_with_the_earlier_one_signs_kept():
    earlier, later = (HeatMaps(maps, PHOTOS) for maps in MAPS)
    drift = later.drift(earlier)
    assert drift.measure == "1 - rank correlation"
    assert drift.values.dtype == np.float32
    np.testing.assert_allclose(drift.values, spearman(*MAPS[::-1]), rtol=1e-6)
    assert drift.mean == pytest.approx(np.mean(spearman(*MAPS)), rel=1e-6)
    # drawn alike, as the sign is not: but not the same numbers
    np.testing.assert_array_equal(HeatMaps(-MAPS[0], PHOTOS).drift(earlier).values, 2)
    np.testing.assert_array_equal(earlier.at(3.0).drift(earlier).values, 0)


def test_a_comparison_has_the_drift_of_each_map_of_each_image():
    a, b = HeatMaps(MAPS[0], PHOTOS), HeatMaps(MAPS[1], PHOTOS, signed=True)
    drift = a.beside(b, names=("a", "b")).drift(b.beside(b, names=("a", "b")))
    np.testing.assert_allclose(drift.values, [*spearman(*MAPS), 0, 0, 0], rtol=1e-6)


def test_the_maps_of_a_unit_have_one_drift_over_all_images():
    earlier, later = RNG.normal(size=(2, 3, 5, 4, 2)).astype(np.float32)
    later[..., 1] = earlier[..., 1] * 2 + 1
    pictures = [FeatureMaps(maps, images=PHOTOS, layer="conv") for maps in (earlier, later)]
    expected = spearmanr(earlier[..., 0].ravel(), later[..., 0].ravel()).statistic
    np.testing.assert_allclose(pictures[1].drift(pictures[0]).values, [1 - expected, 0], rtol=1e-6)


def test_a_kernel_turned_by_a_right_angle_has_changed_by_exactly_1():
    before = kv.filters(one_kernel(1, 0, 0, 0), "conv")
    for weights, change in (((0, 3, 0, 0), 1), ((5, 0, 0, 0), 0), ((-0.1, 0, 0, 0), 2)):
        drift = kv.filters(one_kernel(*weights), "conv").drift(before)
        assert (drift.measure, drift.values.tolist()) == ("1 - cosine", [change])


def test_a_filter_is_all_that_one_output_channel_weighs():
    model, other = two_nets()
    drift = kv.filters(model, "conv_2", units=[5, 0, 1]).drift(kv.filters(other, "conv_2", units=[5, 0, 1]))
    now, then = (net.get_layer("conv_2").get_weights()[0].astype(np.float64) for net in (model, other))
    for unit, found in zip([5, 0, 1], drift.values, strict=True):
        a, b = now[..., unit].ravel(), then[..., unit].ravel()
        assert found == pytest.approx(1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b), rel=1e-6)


def test_of_adversarial_images_the_change_is_compared_and_of_inverted_ones_the_image():
    (model, other), x = two_nets(), nets.images(3)
    earlier, later = (kv.adversarial(net, x, epsilon=0.01, value_range=(-1, 1)) for net in (other, model))
    np.testing.assert_allclose(later.drift(earlier).values, spearman(later.values - x, earlier.values - x), rtol=1e-5)
    options = {"value_range": (-1, 1), "steps": 2, "progress": False}
    layers = ["conv_1", "conv_2"]
    earlier, later = (kv.inversion(net, x, layers, **options) for net in (other, model))
    # without the images themselves, which are the first column
    expected = [spearman(later.values[layer], earlier.values[layer]) for layer in layers]
    np.testing.assert_allclose(later.drift(earlier).values, np.ravel(expected), rtol=1e-5)
    assert kv.inversion(model, x, "conv_1", **options).drift(kv.inversion(model, -x, "conv_1", **options)) is None
    changes = [kv.adversarial(model, own, epsilon=0.01, value_range=(-1, 1)) for own in (x, -x)]
    assert changes[0].drift(changes[1]) is None


def test_images_climbed_to_from_one_seed_are_compared_number_by_number():
    options = {"value_range": (-1, 1), "steps": 3, "progress": False}
    later, earlier = (kv.activation_maximization(net, [0, 1], **options) for net in two_nets())
    np.testing.assert_allclose(later.drift(earlier).values, spearman(later.values, earlier.values), rtol=1e-5)
    assert later.drift(later).mean == 0


def test_what_was_put_in_has_no_part_in_a_gallery_but_of_images_alone_each_has():
    a, b = Images(PHOTOS), Images(PHOTOS[::-1])
    gallery = Gallery((a, b), names=("a", "b"))
    expected = [0, 0, 0, *spearman(PHOTOS[::-1], PHOTOS)]
    np.testing.assert_allclose(gallery.drift(Gallery((a, a), names=("a", "b"))).values, expected, atol=1e-7)
    model, other = two_nets()
    kernels = [kv.filters(net, "conv_1") for net in (model, other)]
    first = Images(np.zeros((8, 8, 8, 1)))  # as many as kernels: four for each of two channels
    found = first.beside(kernels[0], names=("a", "b")).drift(first.beside(kernels[1], names=("a", "b")))
    np.testing.assert_array_equal(found.values, kernels[0].drift(kernels[1]).values)


class Own(Images):
    """What it shows may mean something else."""


def asked(fact):
    return [Images(PHOTOS, about={fact: answer}) for answer in ("one", "two")]


def pairs_without():
    maps, images = HeatMaps(MAPS[0], PHOTOS, about={"method": "saliency"}), Images(PHOTOS)
    units = FeatureMaps(RNG.random((3, 5, 4, 2)), images=PHOTOS, units=[0, 3], layer="conv")
    both = Comparison((maps, maps))
    return {
        "another kind": (dataclasses.replace(maps, values=PHOTOS), dataclasses.replace(images, about=maps.about)),
        **{f"another {fact}": asked(fact) for fact in ("method", "layer", "units", "target", "output", "places")},
        "a kind of its kind": (Own(PHOTOS, about=images.about), images),
        "other images": (maps, maps.over(1 - PHOTOS)),
        "fewer images": (maps, HeatMaps(MAPS[0][:2], PHOTOS[:2], about=maps.about)),
        "coarser maps": (maps, dataclasses.replace(maps, values=MAPS[0][:, ::2])),
        "maps of one number": (HeatMaps(MAPS[0][:, :1, :1], PHOTOS),) * 2,
        "features of other units": (units, dataclasses.replace(units, units=[0, 2])),
        "features of another layer": (units, dataclasses.replace(units, layer="conv_2")),
        "features of other images": (units, dataclasses.replace(units, images=1 - PHOTOS)),
        "features without images": (units, dataclasses.replace(units, images=None)),
        "more columns": (both, Comparison((maps,))),
        "a column of another shape": (both, Comparison((maps, dataclasses.replace(maps, values=MAPS[0][:, ::2])))),
        "a gallery of more": (Gallery((images, images)), Gallery((images,))),
        "a chart": (Chart("curves", {"x": np.arange(3), "y": PHOTOS[0, :2, :3, 0]}),) * 2,
        "a table": (Table(("a",), ((1,),)),) * 2,
        "a mosaic": (Mosaic(PHOTOS, indices=np.arange(3), cells=np.eye(3, 2, dtype=int)),) * 2,
        "a diagram": (Diagram("digraph {}", "<svg/>"),) * 2,
    }


@pytest.mark.parametrize(("later", "earlier"), pairs_without().values(), ids=pairs_without())
def test_there_is_no_drift_where_there_is_no_earlier_self(later, earlier):
    assert later.drift(earlier) is None
    assert earlier.drift(later) is None


def test_kernels_of_other_units_and_layers_and_patches_have_no_drift():
    model, x = nets.sequential(), nets.images(6)
    assert kv.filters(model, "conv_2", units=[0, 1]).drift(kv.filters(model, "conv_2", units=[1, 0])) is None
    assert kv.filters(model, "conv_1").drift(kv.filters(model, "conv_2")) is None
    assert kv.saliency(model, x, 1).drift(kv.saliency(model, x, 2)) is None
    patches = kv.top_patches(model, x, "conv_1", units=[1])
    assert patches.drift(patches) is None


@pytest.mark.parametrize("earlier", [None, MAPS[0]])
def test_what_is_no_picture_is_refused_by_its_type(earlier):
    for picture in (HeatMaps(MAPS[0], PHOTOS), Table(("a",), ((1,),))):
        with pytest.raises(TypeError, match=f"`earlier` must be a Picture.*Received: {type(earlier).__name__}"):
            picture.drift(earlier)


def test_the_drift_of_a_net_that_learns_digits_falls_to_a_fifth(digits):
    x, y = digits[0][:512], digits[1][:512]
    layers = [
        L.Conv2D(6, 3, activation="relu", name="conv_1", kernel_initializer=keras.initializers.GlorotUniform(0)),
        L.MaxPooling2D(),
        L.Conv2D(8, 3, activation="relu", name="conv_2", kernel_initializer=keras.initializers.GlorotUniform(1)),
        L.MaxPooling2D(),
        L.Flatten(),
        L.Dense(10, activation="softmax", kernel_initializer=keras.initializers.GlorotUniform(2)),
    ]
    model = keras.Sequential([keras.Input((28, 28, 1)), *layers])
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")

    def look():
        return kv.filters(model, "conv_2"), kv.grad_cam(model, x[:16], y[:16]), kv.feature_maps(model, x[:16], "conv_2")

    drifts, before = [], look()
    for _ in range(10):
        model.fit(x, y, batch_size=32, verbose=0, shuffle=False)
        now = look()
        drifts.append([later.drift(earlier).mean for later, earlier in zip(now, before, strict=True)])
        before = now
    first, last = np.mean(drifts[:2], axis=0), np.mean(drifts[-2:], axis=0)
    assert (last < first / 5).all(), np.round(drifts, 4)
    assert (last > 0).all()
