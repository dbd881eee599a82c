"""Is a region's number the mean logit there, and do wrong regions fail at the door?"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.engine.probe import probe
from keras_vis.engine.words import captions
from tests import nets

SIZE = nets.SHAPE[:2]


def logits_of(model, x):
    """Of a net of `nets.segmentation`, whatever its head: the last convolution by hand."""
    kernel, bias = (np.asarray(weight) for weight in model.get_weights()[-2:])
    return kv.feature_maps(model, x, "conv_2").values @ kernel[0, 0] + bias


def corner():
    mask = np.zeros(SIZE, bool)
    mask[2:5, 1:4] = True
    return mask


@pytest.mark.parametrize("head", ["softmax", "sigmoid", None])
def test_it_is_the_mean_logit_of_the_class_over_the_mask(head):
    model, x = nets.segmentation(head), nets.images()
    wanted = logits_of(model, x)[:, 2:5, 1:4, 1].mean(axis=(1, 2))
    np.testing.assert_allclose(probe(model).run(x, kv.Region(1, corner())).scores, wanted, rtol=1e-4)


def test_of_a_single_sigmoid_class_one_has_plus_and_class_zero_minus_the_logit():
    model, x = nets.segmentation("sigmoid", classes=1), nets.images()
    wanted = logits_of(model, x)[:, 2:5, 1:4, 0].mean(axis=(1, 2))
    np.testing.assert_allclose(probe(model).run(x, kv.Region(1, corner())).scores, wanted, rtol=1e-4)
    np.testing.assert_allclose(probe(model).run(x, kv.Region(0, corner())).scores, -wanted, rtol=1e-4)


def test_each_image_has_its_own_class_and_mask_of_weights_in_batches_of_any_size():
    model, x = nets.segmentation(), nets.images()
    index = np.array([0, 1, 2, 2, 1, 0])
    mask = np.random.default_rng(3).random((6, *SIZE))
    mask[:, :4] = 0
    logits = logits_of(model, x)[np.arange(6), :, :, index]
    wanted = (logits * mask).sum(axis=(1, 2)) / mask.sum(axis=(1, 2))
    for batch in (None, 4):
        scores = probe(model).run(x, kv.Region(index, mask), batch=batch).scores
        np.testing.assert_allclose(scores, wanted, rtol=1e-4, atol=1e-6)


def likeliest_on_most(logits, mask):
    """The class that most pixels of the mask would be given."""
    votes = [np.bincount(one.argmax(axis=-1)[inside], minlength=3) for one, inside in zip(logits, mask, strict=True)]
    return np.argmax(votes, axis=1)


def test_none_is_the_class_that_is_the_likeliest_on_most_of_the_region():
    model, x = nets.segmentation(), nets.images()
    bias = model.get_layer("preds").bias
    bias.assign(bias - logits_of(model, x).mean(axis=(0, 1, 2)))  # or one class would be everywhere
    mask = np.broadcast_to(corner(), (6, *SIZE))
    logits = logits_of(model, x)
    best = likeliest_on_most(logits, mask)
    assert len(set(best)) > 1
    result, settled = probe(model).ask(x, kv.Region(None, corner()))
    np.testing.assert_array_equal(settled.content[0], best)
    means = logits[:, 2:5, 1:4].mean(axis=(1, 2))
    np.testing.assert_allclose(result.scores, means[np.arange(6), best], rtol=1e-4, atol=1e-6)


def test_equal_forms_share_one_graph_whatever_the_class_and_mask():
    model, x = nets.segmentation(), nets.images()
    assert kv.Region(1, corner()) == kv.Region(None, np.ones((6, *SIZE)))
    probe(model).run(x, kv.Region(1, corner()))
    traces = probe(model).traces
    probe(model).run(x[:2], kv.Region([0, 2], np.ones((2, *SIZE))))
    assert probe(model).traces == traces


def test_in_words():
    names = ["sky", "road", "car"].__getitem__
    mask = corner()
    assert kv.Region(1, mask).describe(names) == "mean logit of road over a region"
    assert kv.Region(None, mask).describe(names) == "mean logit of the predicted class over a region"
    each = kv.Region([0, 2], np.stack([mask, mask]))
    assert each.describe(names) == "mean logit of each image's class over its region"
    assert str(kv.Region(1, mask)) == "Region(1, mask (12, 10), 9 pixels)"
    assert str(kv.Region(None, mask, output="a")) == "Region(predicted, mask (12, 10), 9 pixels, output='a')"
    assert len(str(kv.Region(np.zeros(1000, int), np.ones((1000, *SIZE))))) < 100


def painted(head: str | None, values: list[float], classes: int = 3) -> tuple[keras.Model, np.ndarray]:
    """A net whose logits are the image's channels, and an image of two halves with these values."""
    model = keras.Sequential(
        [keras.Input((2, 4, classes)), keras.layers.Conv2D(classes, 1, use_bias=False, activation=head)]
    )
    model.set_weights([np.eye(classes, dtype="float32")[None, None]])
    x = np.zeros((1, 2, 4, classes), "float32")
    x[:, :, :2], x[:, :, 2:] = values[:classes], values[classes:]
    return model, x


def told(model, x, target, labels=("sky", "road", "car")):
    return captions(probe(model).run(x, target), labels)[0]


def test_captions_say_which_share_of_the_region_the_model_gives_to_the_class():
    model, x = painted("softmax", [5, 0, 1, 0, 3, 2])
    left, three, all_of_it = np.zeros((3, 2, 4), bool)
    left[:, :2] = three[:, 1:] = all_of_it[:] = True
    assert told(model, x, kv.Region(0, left)) == "sky  on 100 % of the region"
    # one column of three is sky, of mean logit 5/3; road has 6/3 and two columns
    assert told(model, x, kv.Region(0, three)) == "asked: sky  on 33.3 % of the region\nmost: road  on 66.7 %"
    assert told(model, x, kv.Region(None, three)) == "road  on 66.7 % of the region"
    # each on half of it: the first
    assert told(model, x, kv.Region(None, all_of_it)) == "sky  on 50.0 % of the region"
    assert told(model, x, kv.Region(2, left)).startswith("asked: car  on 0 % of the region")


def test_captions_of_sigmoids_count_where_the_class_is_likelier_than_not():
    model, x = painted("sigmoid", [5, 1, -1, -2, 3, 2])
    everything = np.ones((2, 4))
    assert told(model, x, kv.Region(None, everything)) == "sky  on 50.0 % of the region"
    assert told(model, x, kv.Region(1, everything)) == "road  on 100 % of the region"
    assert told(model, x, kv.Region(2, everything)) == ("asked: car  on 50.0 % of the region\nmost: road  on 100 %")


def test_captions_of_a_regression_tell_its_mean():
    model, x = painted(None, [1.5, 0.5], classes=1)
    assert told(model, x, kv.Region(0, np.ones((2, 4))), None) == "mean 1 over the region"


def test_captions_of_a_sum_of_regions_tell_its_number():
    model, x = painted("softmax", [5, 0, 1, 0, 3, 2])
    target = kv.Region(0, np.ones((2, 4))) - kv.Region(1, np.ones((2, 4)))
    assert told(model, x, target) == ("mean logit of sky over a region \u2212 mean logit of road over a region = 1")


@pytest.mark.parametrize(
    ("index", "mask", "error", "words"),
    [
        (3, np.ones(SIZE), ValueError, r"3 is no class of output 'preds', which has 3: 0 to 2"),
        (1.5, np.ones(SIZE), TypeError, r"must be an int"),
        ([0, 1], np.ones(SIZE), ValueError, r"has 2 entries, but there are 6 images"),
        (
            1,
            np.ones((10, 12)),
            ValueError,
            r"has shape \(10, 12\); it must be \(12, 10\), as the output is, or \(6, 12",
        ),
        (1, np.ones((5, *SIZE)), ValueError, r"one for each image"),
        (1, np.ones(12), ValueError, r"has shape \(12,\)"),
        (1, np.zeros(SIZE), ValueError, r"is zero everywhere"),
        (1, np.arange(6).reshape(6, 1, 1) * np.ones(SIZE), ValueError, r"that of image 0, is zero everywhere"),
        (1, -np.ones(SIZE), ValueError, r"negative, NaN or infinite"),
        (1, np.full(SIZE, np.nan), ValueError, r"negative, NaN or infinite"),
        (1, "all of it", TypeError, r"must hold numbers"),
    ],
)
def test_what_does_not_fit_is_named_at_the_door(index, mask, error, words):
    with pytest.raises(error, match=f"`target`.*{words}"):
        kv.saliency(nets.segmentation(), nets.images(), kv.Region(index, mask))


def test_an_output_that_is_no_map_or_no_vector_is_answered_with_the_target_that_fits():
    x = nets.images(2)
    with pytest.raises(ValueError, match=r"no map of classes \(n, h, w, classes\) but \(n, 5\).* Logit\(index\)"):
        kv.saliency(nets.sequential(), x, kv.Region(1, np.ones(SIZE)))
    for target in (None, 1, kv.Probability(1)):
        with pytest.raises(ValueError, match=r"no vector of classes but \(n, 12, 10, 3\).* Region\(index, mask\)"):
            kv.saliency(nets.segmentation(), x, target)


def test_of_several_outputs_one_is_named():
    inputs = keras.Input(nets.SHAPE)
    maps = keras.layers.Conv2D(3, 3, padding="same", name="conv")(inputs)
    model = keras.Model(inputs, {"map": maps, "vector": keras.layers.GlobalAveragePooling2D()(maps)})
    x = nets.images(2)
    with pytest.raises(ValueError, match=r"2 outputs, 'map', 'vector'. Say which: Region\(3, mask, output='map'\)"):
        kv.saliency(model, x, kv.Region(1, np.ones(SIZE)))
    # over everything it is what a global average gives
    both = [
        kv.saliency(model, x, target).values for target in (kv.Region(1, np.ones(SIZE), "map"), kv.Logit(1, "vector"))
    ]
    np.testing.assert_allclose(*both, rtol=1e-5, atol=1e-7)


def test_noisy_copies_are_asked_about_the_class_and_region_of_the_image():
    model, x = nets.segmentation(), nets.images(3)
    mask = np.random.default_rng(0).random((3, *SIZE)) > 0.5
    settled = kv.Region(likeliest_on_most(logits_of(model, x), mask), mask)
    values = kv.smooth_grad(model, x, kv.Region(None, mask), samples=4, noise=0.5).values
    np.testing.assert_allclose(values, kv.smooth_grad(model, x, settled, samples=4, noise=0.5).values, rtol=1e-5)
