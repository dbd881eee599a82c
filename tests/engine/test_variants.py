"""Are many versions of each image run as said, whatever the batches, and asked what the image itself is asked?"""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.engine.batch import take
from keras_vis.engine.probe import probe
from keras_vis.engine.settled import Settled
from keras_vis.engine.variants import Variants
from tests import nets

L = keras.layers


def moved(images, own, each):
    """An image moved by an amount of its own, and scaled by the version's."""
    return keras.ops.reshape(each, (-1, 1, 1, 1)) * (images + keras.ops.reshape(own, (-1, 1, 1, 1)))


def test_the_gradients_of_versions_are_weighed_and_summed_for_each_image():
    # f(x) = sum of x^2 at each version s (x + o): the gradient there is 2 s (x + o)
    class Squares(keras.Model):
        def call(self, x):
            return tf.reduce_sum(x**2, axis=(1, 2))

    x = nets.images(3, shape=(4, 5, 1))
    own, each = np.array([0.5, -1.0, 2.0], "float32"), np.array([1.0, 2.0, -3.0, 0.5], "float32")
    weights = np.array([1.0, 0.25, 0.5, -2.0], "float32")
    wanted = 2 * (weights * each).sum() * (x + own[:, None, None, None])
    scores = (weights * each**2).sum() * np.square(x + own[:, None, None, None]).sum(axis=(1, 2, 3))
    for batch in (1, 2, 3, 4, 5, 7, 12, 100):
        found = probe(model := Squares()).run(
            x, 0, variants=Variants(moved, 4, lambda i, j: each[j], own, weights), batch=batch
        )
        np.testing.assert_allclose(found.grads[0], wanted, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found.scores, scores, rtol=1e-5)
        assert model is not None


def test_each_version_has_its_own_number_and_class():
    x = nets.images(3)
    model = nets.undecided(x)
    shift = np.random.default_rng(3).normal(size=(3, 4)).astype("float32")  # of each version of each image

    def plus(images, own, each):
        return images + keras.ops.reshape(each, (-1, 1, 1, 1))

    for batch in (1, 2, 3, 5, 12, 100):
        variants = Variants(plus, 4, lambda i, j: shift[i, j])
        scores, classes = probe(model).versions(x, [0, 1, 2], variants, batch=batch)
        for version in range(4):
            moved_by = x + shift[:, version, None, None, None]
            wanted = probe(model).run(moved_by, [0, 1, 2])
            np.testing.assert_allclose(scores[:, version], wanted.scores, rtol=1e-4, atol=1e-5)
            np.testing.assert_array_equal(classes[:, version], wanted.logits.argmax(axis=1))
    assert len(np.unique(classes)) > 1
    scores, classes = probe(model).versions(x, kv.Channel("conv_1", 1), variants)
    assert (classes == -1).all()


def test_each_image_keeps_its_target_and_its_other_inputs():
    model, x = nets.two_by_two(), nets.images(4)
    vector = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    same = Variants(moved, 3, lambda i, j: np.ones(len(j), "float32"), weights=np.full(3, 1 / 3, "float32"))
    target = kv.Logit([4, 0, 3, 1], output="digit")
    wanted = probe(model).run([x, vector], target)
    found = probe(model).run([x, vector], target, variants=same, batch=5)
    np.testing.assert_allclose(found.grads[0], wanted.grads[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-5)


def test_versions_share_one_graph_whatever_their_number():
    model, x = nets.sequential(), nets.images(3)
    room = probe(model)
    for count in (2, 5):
        room.run(x, 1, variants=Variants(moved, count, lambda i, j: np.ones(len(j), "float32")))
    assert room.traces == 2  # the outline, and the graph


def test_a_backward_rule_holds_for_versions_too():
    model, x = nets.sequential(), nets.images(2)
    same = Variants(moved, 1, lambda i, j: np.ones(len(j), "float32"))
    for rule in ("guided", "deconv"):
        wanted = probe(model).run(x, 1, relu=rule).grads[0]
        np.testing.assert_allclose(probe(model).run(x, 1, relu=rule, variants=same).grads[0], wanted, atol=1e-6)


def test_asking_gives_the_scores_the_logits_and_the_target_settled():
    x = nets.images(6)
    model = nets.undecided(x)
    chance = model.predict(x, verbose=0)
    found, settled = probe(model).ask(x)
    np.testing.assert_array_equal(settled.content[0], chance.argmax(axis=1))
    np.testing.assert_allclose(found.scores, found.logits.max(axis=1))
    np.testing.assert_allclose(kv.top_predictions(model, x, k=1).values["logits"][:, 0], found.scores, rtol=1e-5)
    assert found.head == "softmax"


def test_a_settled_target_asks_of_other_images_what_was_asked_of_the_first():
    x = nets.images(6)
    model = nets.undecided(x)
    best = model.predict(x, verbose=0).argmax(axis=1)
    others = nets.images(3, seed=9)
    which = np.array([5, 0, 5])
    target = kv.Logit() - 2 * kv.Channel("conv_1", [0, 1, 2, 3, 0, 1])
    _, settled = probe(model).ask(x, target)
    spelt_out = kv.Logit(best[which]) - 2 * kv.Channel("conv_1", [1, 0, 1])
    np.testing.assert_allclose(
        probe(model).run(others, settled.take(which)).grads[0], probe(model).run(others, spelt_out).grads[0]
    )
    with pytest.raises(ValueError, match="`target` is settled for 6 images, but there are 3"):
        probe(model).run(others, settled)


def test_a_settled_target_shares_the_graph_of_what_was_asked():
    model, x = nets.sequential(), nets.images(2)
    room = probe(model)
    room.run(x)
    _, settled = room.ask(x)
    traces = room.traces
    room.run(x, settled)
    room.ask(x, settled)
    assert room.traces == traces


@dataclasses.dataclass(frozen=True)
class Brightest(kv.Target):
    """One's own target, with something left to the image: the value of its brightest pixel of channel 0."""

    place: object = dataclasses.field(default=None, compare=False)

    def feed(self, n):
        return (np.full(n, -1, np.int32),)

    def score(self, acts, feed):
        flat = tf.reshape(acts.inputs[0][..., 0], [tf.shape(acts.inputs[0])[0], -1])
        return tf.gather(flat, self.settle(acts, feed)[0], axis=1, batch_dims=1)

    def settle(self, acts, feed):
        flat = tf.reshape(acts.inputs[0][..., 0], [tf.shape(acts.inputs[0])[0], -1])
        return (tf.where(feed[0] < 0, tf.argmax(flat, axis=1, output_type=tf.int32), feed[0]),)


def test_a_target_of_ones_own_can_be_settled():
    model, x = nets.sequential(), nets.images(3)
    values = kv.smooth_grad(model, x, Brightest(), noise=2.0, samples=10).values
    place = x[..., 0].reshape(3, -1).argmax(axis=1)
    wanted = np.zeros((3, 120, 2))
    wanted[np.arange(3), place, 0] = 1
    np.testing.assert_allclose(values.reshape(3, 120, 2), wanted, atol=1e-6)


def test_targets_that_hold_nothing_are_settled_too():
    model, x = nets.sequential(), nets.images(3)
    found, settled = probe(model).ask(x, kv.Energy("conv_1") - kv.TotalVariation())
    assert isinstance(settled, Settled)
    np.testing.assert_allclose(probe(model).run(x, settled.take(np.arange(3))).scores, found.scores, rtol=1e-6)


def test_the_batch_of_the_door_can_be_given_instead_of_images():
    model, x = nets.sequential(), nets.images(3)
    np.testing.assert_array_equal(probe(model).ask(take(model, x))[0].scores, probe(model).ask(x)[0].scores)


def test_a_target_of_ones_own_needs_no_more_than_a_score():
    class Own(kv.Target):
        def score(self, acts, feed):
            return tf.cast(tf.reduce_sum(acts.inputs[0], axis=(1, 2, 3)), tf.float64)

    model, x = nets.sequential(), nets.images(2)
    picture = kv.integrated_gradients(model, x, Own())
    np.testing.assert_allclose(picture.values, x, rtol=1e-5)
    assert picture.about["target"] == "Own"  # and not where it lies in memory
    assert picture.captions[0].startswith("Own = ")

    @dataclasses.dataclass
    class Soft(kv.Target):
        height: float = 1.0

    with pytest.raises(TypeError, match="`target`: a Soft cannot be hashed. Make it a frozen dataclass"):
        kv.saliency(model, x, Soft())
