"""Raters: are κ and the confusions what others compute, and the differences those that there are?"""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.measure.agreement import Kept, cohen, differing, tally
from tests import nets


@pytest.fixture(scope="module")
def rated():
    model, x = nets.undecided(nets.images(120)), nets.images(120)
    chance = model.predict(x, verbose=0)
    said = chance.argmax(axis=1)
    rng = np.random.default_rng(5)

    def person(errors: float) -> np.ndarray:
        return np.where(rng.random(120) < errors, rng.integers(0, nets.CLASSES, 120), said)

    return model, x, chance, person(0.3), {"Anna": person(0.5), "Ben": person(0.1)}


def test_kappa_of_a_rater_with_itself_is_one(rated):
    model, x, chance, truth, _ = rated
    table = kv.compare_raters(model, x, truth, {"again": chance.argmax(axis=1)})
    pairs = dict(zip(zip(table.column("first"), table.column("second"), strict=True), table.rows, strict=True))
    assert pairs["model", "again"][3:] == (0, 1.0, 1.0, 1.0, 1.0)


def test_kappa_equals_scikit_learns_for_every_pair(rated):
    from sklearn.metrics import cohen_kappa_score

    model, x, chance, truth, people = rated
    everyone = {"model": chance.argmax(axis=1), "truth": truth, **people}
    table = kv.compare_raters(model, x, truth, people)
    assert len(table.rows) == 6
    for first, second, both, differ, agreement, kappa, low, high in table.rows:
        a, b = everyone[first], everyone[second]
        assert both == 120
        assert differ == (a != b).sum()
        np.testing.assert_allclose(agreement, (a == b).mean())
        np.testing.assert_allclose(kappa, cohen_kappa_score(a, b), rtol=1e-12)
        assert low < kappa < high


def test_kappa_of_two_by_two_worked_by_hand():
    # 20 + 15 of 50 agree, p = 0.7; e = 0.5 * 0.6 + 0.5 * 0.4 = 0.5; κ = 0.4
    kappa = cohen(np.array([[20, 5], [10, 15]]))
    np.testing.assert_allclose(kappa[0], 0.4, rtol=1e-12)
    # by chance alone: 30 and 70 % times 40 and 60 %
    np.testing.assert_allclose(cohen(np.array([[12, 18], [28, 42]]))[0], 0, atol=1e-12)
    assert cohen(np.array([[0, 50], [0, 0]]))[0] == 0
    assert cohen(np.array([[50, 0], [0, 0]])) is None
    assert cohen(np.zeros((2, 2), int)) is None


def test_a_kappa_of_chance_is_exactly_zero_and_a_certain_one_has_no_width():
    rng = np.random.default_rng(0)
    for _ in range(50):
        rows, columns = rng.integers(1, 40, (2, 5))
        kappa, low, high = cohen(np.outer(rows, columns))
        assert (kappa, str(kappa)) == (0, "0.0")
        assert low < 0 < high
    for counts in (np.diag([3, 7, 11]), np.diag([1, 10**9])):
        assert cohen(counts) == (1, 1, 1)
    # who always says the opposite: half of each, κ = −1
    assert cohen(np.array([[0, 7], [7, 0]])) == (-1, -1, -1)
    # nobody varies: all of it is chance
    assert cohen(np.array([[0, 49], [0, 0]])) == (0, 0, 0)
    for number in cohen(np.array([[20, 5], [10, 15]])):
        assert type(number) is float


def test_a_kappa_just_below_zero_is_written_without_a_sign(rated):
    model, x, _, truth, _ = rated
    table = kv.compare_raters(model, x, truth)
    # by chance 50,000 of 100,000 agree, and here two fewer do
    ratings = np.zeros((2, 100_000), np.int64)
    ratings[0, :50_000] = ratings[1, 25_001:75_001] = 1
    table = dataclasses.replace(table, ratings=ratings)
    assert cohen(table.confusion().values["counts"])[0] == -4e-5
    assert table.confusion().text["note"].endswith("κ = 0.0000")


def test_the_interval_of_kappa_is_that_of_its_gradient():
    # the delta method: of n draws with shares p, a function of gradient g has the variance (Σ p g² − (Σ p g)²) / n
    counts = np.array([[30, 15, 2], [1, 20, 12], [0, 3, 17]])
    p = counts / counts.sum()

    def of(p: np.ndarray) -> float:
        chance = p.sum(axis=1) @ p.sum(axis=0)
        return (np.trace(p) - chance) / (1 - chance)

    steps = 1e-6 * np.eye(9).reshape(9, 3, 3)
    g = np.array([of(p + step) - of(p - step) for step in steps]) / 2e-6
    spread = (p.ravel() @ g**2 - (p.ravel() @ g) ** 2) / counts.sum()
    low, high = of(p) - 1.959964 * np.sqrt(spread), of(p) + 1.959964 * np.sqrt(spread)
    np.testing.assert_allclose(cohen(counts), (of(p), low, high), rtol=1e-7)


def test_the_interval_of_kappa_is_where_resampled_ones_lie():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 4, 600)
    b = np.where(rng.random(600) < 0.4, rng.choice(4, 600, p=(0.7, 0.1, 0.1, 0.1)), a)
    drawn = [cohen(tally(a[rows], b[rows], 4))[0] for rows in rng.integers(0, 600, (2000, 600))]
    np.testing.assert_allclose(cohen(tally(a, b, 4))[1:], np.percentile(drawn, [2.5, 97.5]), atol=0.006)


def test_the_confusion_counts_who_said_what(rated):
    from sklearn.metrics import confusion_matrix

    model, x, chance, truth, people = rated
    table = kv.compare_raters(model, x, truth, people)
    wanted = confusion_matrix(truth, chance.argmax(axis=1), labels=range(5))
    np.testing.assert_array_equal(table.confusion().values["counts"], wanted)
    wanted = confusion_matrix(people["Anna"], people["Ben"], labels=range(5))
    np.testing.assert_array_equal(table.confusion("Anna", "Ben").values["counts"], wanted)


def test_the_differences_are_those_of_which_the_model_is_surest(rated):
    model, x, chance, truth, people = rated
    said, sure = chance.argmax(axis=1), chance.max(axis=1)
    for batch in (None, 7):
        table = kv.compare_raters(model, x, truth, people, most=9, batch=batch)
        for first, second, a, b in (("model", "truth", said, truth), ("Anna", "truth", people["Anna"], truth)):
            apart = np.flatnonzero(a != b)
            wanted = apart[np.argsort(-sure[apart])][:9]
            picture = table.differences(first, second)
            assert picture.about["places"] == wanted.tolist()
            np.testing.assert_allclose(picture.values[..., 0], x[wanted].mean(axis=-1), rtol=1e-6)
        # no more images are kept than the pairs need
        assert len(table.images) <= 6 * 9


def test_a_caption_says_who_saw_what_and_how_sure_the_model_is(rated):
    model, x, chance, truth, people = rated
    names = ["nought", "one", "two", "three", "four"]
    table = kv.compare_raters(model, x, truth, people, names=names)
    i = table.differences().about["places"][0]
    sure = f"{100 * chance[i].max():.1f} %"
    wanted = f"model {names[chance[i].argmax()]}  {sure}\ntruth {names[truth[i]]}  #{i}"
    assert table.differences().captions[0] == wanted
    assert "Ben" in table.differences("Ben", "model").captions[0]


def test_it_can_be_taken_apart_into_a_table_and_images(rated):
    model, x, _, truth, _ = rated
    table, images = kv.compare_raters(model, x, truth, {})
    assert isinstance(table, kv.Table)
    assert isinstance(images, kv.Images)
    assert len(table.rows) == 1
    np.testing.assert_array_equal(images.values, table.differences().values)


def test_where_nobody_differs_there_are_no_images(rated):
    model, x, chance, _, _ = rated
    table, images = kv.compare_raters(model, x, chance.argmax(axis=1))
    assert images is None
    assert table.column("differ") == [0]
    assert table.draw().shape[2] == 3


def test_what_one_has_not_rated_does_not_count(rated):
    model, x, _, truth, people = rated
    some = people["Anna"].astype(float)
    some[::3] = np.nan
    listed = [None if np.isnan(one) else int(one) for one in some]
    minus = np.where(np.isnan(some), -1, some)
    tables = [kv.compare_raters(model, x, truth, {"Anna": given}) for given in (some, listed, minus)]
    there = ~np.isnan(some)
    for table in tables:
        row = table.rows[2]
        assert row[:4] == ("truth", "Anna", there.sum(), (truth[there] != some[there]).sum())
        assert table.confusion("Anna", "model").values["counts"].sum() == there.sum()
        assert table.rows == tables[0].rows
    nobody = kv.compare_raters(model, x, truth, {"Anna": np.full(120, -1)})
    assert nobody.rows[1][2:] == (0, 0, None, None, None, None)
    assert nobody.differences("model", "Anna") is None
    nobody.draw()


def test_a_net_whose_weights_are_no_numbers_is_no_rater(rated):
    _, x, _, truth, _ = rated
    broken = nets.sequential()
    broken.layers[-1].set_weights([weight * np.nan for weight in broken.layers[-1].get_weights()])
    with pytest.raises(ValueError, match=r"`model`: output 'preds' gives NaN or infinity for image 0 of `images`"):
        kv.compare_raters(broken, x, truth)


def test_what_is_missing_in_a_column_of_whole_numbers_does_not_count(rated):
    class NAType:  # as in pandas: it is neither true nor false, and no number
        def __bool__(self) -> bool:
            raise TypeError("ambiguous")

    model, x, _, truth, people = rated
    column = people["Anna"].astype(object)
    column[::3] = NAType()
    row = kv.compare_raters(model, x, truth, {"Anna": column}).rows[2]
    assert row[2:4] == (80, (truth != people["Anna"])[np.arange(120) % 3 > 0].sum())
    with pytest.raises(ValueError, match=r"`labels`: entry 0 is .*NAType.*Give the class of every image"):
        kv.compare_raters(model, x, column)


def test_datasets_and_lists_give_the_same_table(rated):
    model, x, _, truth, people = rated
    wanted = kv.compare_raters(model, x, truth, people)
    dataset = tf.data.Dataset.from_tensor_slices((x, truth)).batch(11)
    for images, labels in ((dataset, None), ([x[:70], x[70:]], truth)):
        found = kv.compare_raters(model, images, labels, people)
        assert found.rows == wanted.rows
        np.testing.assert_array_equal(found.places, wanted.places)


def test_without_a_probability_the_lead_in_logits_orders(rated):
    model, x, _, truth, _ = rated
    linear = nets.sequential(None)
    linear.set_weights(model.get_weights())
    logits = np.sort(linear.predict(x, verbose=0), axis=1)
    table, images = kv.compare_raters(linear, x, truth)
    lead = (logits[:, -1] - logits[:, -2])[images.about["places"]]
    assert (np.diff(lead) <= 1e-6).all()
    assert "%" not in images.captions[0]
    assert np.isnan(table.confidence).all()


def test_the_numbers_are_kept_in_a_file(rated, tmp_path):
    model, x, chance, truth, people = rated
    table = kv.compare_raters(model, x, truth, people)
    with np.load(table.save(tmp_path / "raters.npz")) as kept:
        np.testing.assert_array_equal(kept["ratings"][1], truth)
        np.testing.assert_allclose(kept["confidence"], chance.max(axis=1), rtol=1e-5)
        np.testing.assert_array_equal(kept["kappa"], table.column("kappa"))
        np.testing.assert_array_equal(kept["images"], table.images)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"labels": np.zeros(119, int)}, ValueError, r"`labels` has 119 entries, but there are 120 images"),
        ({"labels": np.full(120, 7)}, ValueError, r"`labels`: entry 0 is 7, but the model has 5 classes"),
        ({"raters": {"Anna": [0, 1]}}, ValueError, r"`raters\['Anna'\]` has 2 entries, but there are 120 images"),
        ({"raters": {"Anna": np.full(120, 9)}}, ValueError, r"`raters\['Anna'\]`: entry 0 is 9.*or -1 for none"),
        ({"raters": {"Anna": np.full(120, 1.5)}}, ValueError, r"`raters\['Anna'\]` must be whole numbers"),
        ({"raters": {"model": np.zeros(120)}}, ValueError, r"nobody may be called 'model'"),
        ({"raters": {"truth": np.zeros(120)}}, ValueError, r"nobody may be called 'truth'"),
        ({"raters": {3: np.zeros(120)}}, TypeError, r"a name must be a string"),
        ({"raters": [np.zeros(120)]}, TypeError, r"`raters` must be a dict.*received list"),
        ({"most": 0}, ValueError, r"`most` must be a positive"),
        ({"names": ["a"]}, ValueError, r"`names` has 1 names, but the model has 5 classes"),
    ],
)
def test_what_cannot_be_is_named(rated, options, error, words):
    model, x, _, truth, _ = rated
    with pytest.raises(error, match=words):
        kv.compare_raters(model, x, **{"labels": truth, "raters": None, **options})


def test_a_rater_that_is_not_there_is_named(rated):
    model, x, _, truth, people = rated
    table = kv.compare_raters(model, x, truth, people)
    with pytest.raises(ValueError, match=r"no rater 'Ana'. Did you mean 'Anna'\? There are: model, truth, Anna, Ben"):
        table.confusion("Ana")
    with pytest.raises(ValueError, match="no rater 'Bob'"):
        table.differences("model", "Bob")


def test_raters_of_data_of_unknown_length_are_counted(rated):
    model, x, _, truth, people = rated
    batches = [(x[:60], truth[:60]), (x[60:], truth[60:])]
    for length, words in ((100, "at least 120"), (240, "120")):
        with pytest.raises(ValueError, match=rf"`raters\['Anna'\]` has {length} entries, but there are {words} images"):
            kv.compare_raters(model, batches, None, {"Anna": np.resize(people["Anna"], length)})


def test_the_input_that_is_named_is_shown():
    inputs = [keras.Input((6, 6, 1), name=name) for name in "ab"]
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(keras.layers.Concatenate()(inputs))))
    rng = np.random.default_rng(0)
    data = {name: rng.random((30, 6, 6, 1), dtype=np.float32) for name in "ab"}
    truth = (model.predict(data, verbose=0).argmax(axis=1) + 1) % 3
    for name in "ab":
        found = kv.compare_raters(model, data, truth, input=name, most=5)
        assert len(found.places) == 5
        np.testing.assert_array_equal(found.images, data[name][found.places])


def test_an_interval_of_kappa_never_leaves_minus_1_and_1():
    for counts in ([[5, 1], [0, 5]], [[0, 5], [6, 1]], [[1, 9], [9, 1]]):
        kappa, low, high = cohen(np.array(counts))
        assert -1 <= low < kappa < high <= 1


def test_images_that_are_outdone_are_forgotten_and_their_batch_with_them():
    kept = Kept(2, 2)
    for i in range(20):  # each surer than all before
        batch = np.full((1, 2, 2, 1), float(i))
        kept.offer(np.array([[0], [1]]), np.array([i / 20]), np.array([1.0]), batch, i)
        assert not np.shares_memory(kept._images[i], batch)
    assert sorted(kept._images) == kept.places.tolist() == [18, 19]
    assert kept.images(batch)[:, 0, 0, 0].tolist() == [18, 19]


def test_classes_may_stand_in_a_column(rated):
    model, x, _, truth, raters = rated
    wanted = kv.compare_raters(model, x, truth, raters)
    columns = {name: given[:, None] for name, given in raters.items()}
    assert kv.compare_raters(model, x, truth[:, None], columns).rows == wanted.rows


def test_only_where_both_have_rated_they_can_differ():
    assert differing(np.array([-1, 0, 1, -1, 2]), np.array([0, -1, 1, -1, 1])).tolist() == [4]


def test_the_surest_are_those_of_the_highest_probability_and_then_of_the_highest_lead():
    kept = Kept(2, 2)
    sure, lead = np.array([0.9, 0.5, 0.9, 0.8]), np.array([1.0, 9, 2, 8])
    kept.offer(np.array([[0] * 4, [1] * 4]), sure, lead, np.zeros((4, 2, 2, 1)), 10)
    assert kept.places.tolist() == [10, 12]
    kept.offer(np.array([[0], [1]]), np.array([0.9]), np.array([1.5]), np.zeros((1, 2, 2, 1)), 14)
    assert kept.places.tolist() == [12, 14]


def test_where_nothing_is_kept_there_are_images_of_the_same_shape():
    assert Kept(2, 2).images(np.zeros((3, 4, 5, 1))).shape == (0, 4, 5, 1)
