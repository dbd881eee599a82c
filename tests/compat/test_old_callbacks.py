"""Do tf-explain's callbacks draw while a net trains, and leave its training as it is?"""

from __future__ import annotations

import importlib.util

import keras
import numpy as np
import pytest

import keras_vis as kv
from keras_vis.compat import tf_explain
from keras_vis.compat.tf_explain.callbacks import (
    ActivationsVisualizationCallback,
    GradCAMCallback,
    GradientsInputsCallback,
    IntegratedGradientsCallback,
    OcclusionSensitivityCallback,
    SmoothGradCallback,
    VanillaGradientsCallback,
)
from keras_vis.picture import told_by
from tests import nets

X, Y = nets.images(32), np.arange(32) % 5
WATCHED = (X[:2], None)


def trained(callbacks):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(nets.SHAPE),
            keras.layers.Conv2D(4, 3, activation="relu", name="conv_1"),
            keras.layers.BatchNormalization(name="normed"),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(5, activation="softmax", name="preds"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=callbacks)
    return model


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """All seven in one training, as tf-explain's own documentation gives them; their folder, and the model."""
    logs = tmp_path_factory.mktemp("logs")
    callbacks = [
        GradCAMCallback(WATCHED, layer_name="conv_1", class_index=3, output_dir=logs),
        tf_explain.callbacks.GradCAMCallback(validation_data=WATCHED, class_index=np.int64(3), output_dir=str(logs)),
        ActivationsVisualizationCallback(WATCHED, layers_name=["conv_1"], output_dir=logs),
        SmoothGradCallback(WATCHED, class_index=3, num_samples=4, noise=0.5, output_dir=logs),
        VanillaGradientsCallback(WATCHED, class_index=3, output_dir=logs),
        VanillaGradientsCallback(WATCHED, class_index=1, output_dir=logs),
        GradientsInputsCallback(WATCHED, class_index=3, output_dir=logs),
        IntegratedGradientsCallback(WATCHED, class_index=3, n_steps=7, output_dir=logs),
        OcclusionSensitivityCallback(WATCHED, class_index=3, patch_size=5, output_dir=logs),
    ]
    return logs, trained(callbacks)


def test_each_writes_a_picture_before_training_and_after_each_epoch(run):
    logs, _ = run
    names = {path.parent.name for path in logs.glob("*/epoch-0002.png")}
    assert names == {
        "grad_cam-class_3",
        "grad_cam-class_3-conv_1",
        "activations-conv_1",
        "smoothgrad-class_3",
        "vanilla_gradients-class_3",
        "vanilla_gradients-class_1",
        "gradients_inputs-class_3",
        "integrated_gradients-class_3",
        "occlusion_sensitivity-class_3",
    }
    for name in names:
        assert len(list((logs / name).glob("epoch-000[012].png"))) == 3
    assert (logs / "index.html").is_file()


def test_training_with_them_is_bit_identical_to_training_without(run):
    for with_them, without in zip(run[1].get_weights(), trained([]).get_weights(), strict=True):
        np.testing.assert_array_equal(with_them, without)


@pytest.mark.parametrize(
    ("folder", "facts"),
    [
        ("grad_cam-class_3", {"method": "grad_cam", "layer": "normed"}),
        ("grad_cam-class_3-conv_1", {"method": "grad_cam", "layer": "conv_1"}),
        ("activations-conv_1", {"method": "feature_maps", "layer": "conv_1"}),
        ("smoothgrad-class_3", {"method": "smooth_grad", "samples": 4, "noise": 0.5}),
        ("integrated_gradients-class_3", {"method": "integrated_gradients", "steps": 7}),
        ("occlusion_sensitivity-class_3", {"method": "occlusion", "patch": [5, 5]}),
        ("gradients_inputs-class_3", {"method": "input_x_gradient"}),
        ("vanilla_gradients-class_1", {"method": "saliency", "target": "Logit(1, output='preds')"}),
    ],
)
def test_each_frame_says_what_was_asked(run, folder, facts):
    told = told_by(run[0] / folder / "epoch-0002.png")
    assert {name: told[name] for name in facts} == facts
    if "class_3" in folder:
        assert told["target"] == "Logit(3, output='preds')"


def test_the_last_frame_is_of_the_net_as_it_is_at_the_end(run):
    logs, model = run
    made = kv.saliency(model, X[:2], 3)
    scale = told_by(logs / "vanilla_gradients-class_3" / "epoch-0001.png")["scale"]
    png = (logs / "vanilla_gradients-class_3" / "epoch-0002.png").read_bytes()
    assert made.at(np.array(scale, np.float32))._repr_png_() == png


def test_tensorboard_has_the_pictures_where_it_is_installed(run, tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    (events,) = (run[0] / "keras_vis").glob("events.out.tfevents.*")
    content = events.read_bytes()
    assert content.count(b"\x89PNG\r\n\x1a\n") == 9 * 3  # nine pictures, of three epochs
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "tensorboard" else real(name))
    assert VanillaGradientsCallback(WATCHED, 3, output_dir=tmp_path).tensorboard is None


def test_the_folders_of_old_are_the_default():
    folders = [
        GradCAMCallback(WATCHED, 3).directory,
        VanillaGradientsCallback(WATCHED, 3).directory,
        ActivationsVisualizationCallback(WATCHED, "conv_1").directory,
    ]
    assert [folder.as_posix() for folder in folders] == [
        "logs/grad_cam",
        "logs/vanilla_gradients",
        "logs/activations_visualizations",
    ]


def test_what_cannot_be_is_told_before_the_first_batch(tmp_path):
    with pytest.raises(TypeError, match="`validation_data` must be a pair"):
        GradCAMCallback(X, 3, output_dir=tmp_path)
    with pytest.raises(ValueError, match="`layers_name` must name one layer; received 2"):
        ActivationsVisualizationCallback(WATCHED, ["conv_1", "conv_2"], output_dir=tmp_path)
    for wrong, told in (
        ({"class_index": 7}, "`class_index`: 7"),
        ({"class_index": 1, "layer_name": "c"}, "`layer_name"),
    ):
        with pytest.raises(ValueError, match=told):
            trained([GradCAMCallback(WATCHED, output_dir=tmp_path, **wrong)])
    assert not list(tmp_path.glob("*/*.png"))
