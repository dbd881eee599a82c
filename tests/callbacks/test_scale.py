"""On which scale is each frame drawn?"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import keras_vis as kv
from keras_vis.picture import told_by
from keras_vis.picture.embedding import Embedding
from tests.callbacks import runs
from tests.callbacks.runs import fit, frames, watch

IMAGES = np.repeat(runs.IMAGE, 2, axis=0)
# the first image's map is zero up to the second epoch, the second's in the last
STRENGTHS = np.array([[0, 1], [0, 4], [3, 8], [5, 2], [2, 0]], "float32")


def maps(strengths):
    return kv.HeatMaps(np.ones((2, 4, 8), "float32") * strengths[:, None, None], IMAGES)


def features(strengths):
    return kv.FeatureMaps(np.ones((2, 4, 8, 3), "float32") * strengths[:, None, None, None])


def several(strengths):
    return maps(strengths).beside(maps(strengths / 2), names=["whole", "half"])


def scales(folder):
    return [np.array(told_by(folder / f"epoch-000{epoch}.png")["scale"]) for epoch in frames(folder)]


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("kind", [maps, features, several])
def test_an_image_takes_its_scale_from_the_first_frame_in_which_there_is_something(tmp_path, kind, parts):
    left = [*STRENGTHS]
    if parts == 2:  # a training of two parts, which draws the net between them once more
        left.insert(3, STRENGTHS[2])
    for start, epochs in [(0, 4)] if parts == 1 else [(0, 2), (2, 4)]:
        fit(watch(tmp_path, explain=lambda model: kind(left.pop(0))), start=start, epochs=epochs)
    wanted = [[0, 4], [0, 4], [3, 4], [3, 4], [3, 4]]
    for found, scale in zip(scales(tmp_path / "weights"), wanted, strict=True):
        np.testing.assert_array_equal(found, np.array([scale, np.divide(scale, 2)]) if kind is several else scale)


def test_axes_that_end_at_zero_or_below_stay_as_they_are(tmp_path):
    made = []

    def histograms(model):
        chart = kv.weight_histograms(model)
        edges = chart.values["edges"].copy()
        if len(made) < 2:  # of the first frames the one begins, and the other ends, at zero
            edges[0] -= edges[0, 0]
            edges[1] -= edges[1, -1]
        made.append(dataclasses.replace(chart, values={**chart.values, "edges": edges}))
        return made[-1]

    fit(watch(tmp_path, explain=histograms, save_values=True), epochs=4)
    held = made[1].scales()
    assert held[0, 0] == 0 == held[1, 1] > held[1, 0]
    assert not np.array_equal(made[2].scales(), held)
    for epoch in range(5):
        with np.load(tmp_path / "weights" / f"epoch-000{epoch}.npz") as told:
            np.testing.assert_array_equal(told["limits"], held)


def test_each_embedding_is_turned_onto_that_of_the_first_epoch_not_onto_the_one_before(tmp_path):
    made, random = [], np.random.default_rng(3)

    def codes(model):
        values = {
            "positions": random.normal(size=(9, 2)).astype("float32"),
            "neighbours": np.zeros((9, 1), "int32"),
            "images": np.zeros((1, 4, 4, 1), "float32"),
            "shown": np.zeros(1, "int64"),
        }
        made.append(Embedding("scatter", values, text={"names": [], "way": "chance"}))
        return made[-1]

    fit(watch(tmp_path, explain=codes, save_values=True), epochs=5)
    for epoch, picture in enumerate(made):
        with np.load(tmp_path / "weights" / f"epoch-000{epoch}.npz") as told:
            np.testing.assert_allclose(told["positions"], picture.at(made[1].positions).positions, atol=1e-6)
