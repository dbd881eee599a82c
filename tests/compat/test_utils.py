"""Do the old helpers do what they did, and leave the user's things alone?"""

from __future__ import annotations

import random

import keras
import numpy as np
import pytest
from PIL import Image

from keras_vis.compat.vis.utils import utils
from tests import nets


@keras.saving.register_keras_serializable("compat_tests")
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


class Unregistered(keras.layers.Layer):
    def call(self, x):
        return 3 * x


@pytest.mark.parametrize("form", ["sequential", "functional", "nested", "subclassed"])
def test_a_changed_activation_takes_effect_in_a_new_model_with_the_same_weights(form):
    model, x = getattr(nets, form)(), nets.images(2)
    chances = np.array(model(x))
    layer = model.preds if form == "subclassed" else model.get_layer("preds")
    layer.activation = keras.activations.linear
    state = random.getstate()
    rebuilt = utils.apply_modifications(model)
    assert random.getstate() == state
    assert type(rebuilt) is type(model)
    assert rebuilt is not model
    assert not {id(weight) for weight in rebuilt.weights} & {id(weight) for weight in model.weights}
    logits = np.array(rebuilt(x))
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(exp / exp.sum(axis=1, keepdims=True), chances, atol=1e-6)
    for new, old in zip(rebuilt.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


def test_rebuilding_leaves_the_given_model_compiled_as_it_was():
    model = nets.sequential()
    model.compile("adam", "sparse_categorical_crossentropy")
    config, weights = model.get_config(), model.get_weights()
    rebuilt = utils.apply_modifications(model)
    assert (model.compiled, rebuilt.compiled) == (True, False)
    assert model.get_config() == config
    assert all(map(np.array_equal, model.get_weights(), weights))


def test_ones_own_layers_are_found_by_registration_or_in_custom_objects():
    x = np.ones((1, 3), np.float32)
    registered = keras.Sequential([keras.Input((3,)), Doubled()])
    np.testing.assert_array_equal(utils.apply_modifications(registered)(x), 2 * x)
    model = keras.Sequential([keras.Input((3,)), Unregistered()])
    with pytest.raises(ValueError, match="cannot be built anew.*`custom_objects`.*nothing in keras_vis needs it"):
        utils.apply_modifications(model)
    found = utils.apply_modifications(model, custom_objects={"Unregistered": Unregistered})
    np.testing.assert_array_equal(found(x), 3 * x)


def test_a_model_that_is_not_built_or_none_is_refused():
    with pytest.raises(ValueError, match="is not built yet"):
        utils.apply_modifications(keras.Sequential([keras.layers.Dense(2)]))
    with pytest.raises(TypeError, match="keras.models.load_model"):
        utils.apply_modifications("model.h5")


def test_an_unknown_layers_nearest_name_is_told():
    with pytest.raises(ValueError, match="Did you mean 'preds'.*conv_1, conv_2"):
        utils.find_layer_idx(nets.sequential(), "pred")


def test_normalize_maps_the_lowest_and_the_highest_to_the_ends():
    np.testing.assert_allclose(utils.normalize(np.array([2, 4, 6])), [0, 0.5, 1])
    np.testing.assert_allclose(utils.normalize(np.array([2.0, 4.0]), -1, 3), [-1, 3])
    np.testing.assert_array_equal(utils.normalize(np.full(3, 5.0)), np.zeros(3))


def test_seven_images_are_stitched_into_three_rows_with_black_between():
    images = [np.full((4, 6, 1), i + 1, np.uint8) for i in range(7)]
    sheet = utils.stitch_images(images, margin=2, cols=3)
    assert sheet.shape == (3 * 4 + 2 * 2, 3 * 6 + 2 * 2, 1)
    assert [sheet[6 * (i // 3), 8 * (i % 3), 0] for i in range(9)] == [1, 2, 3, 4, 5, 6, 7, 0, 0]
    assert not sheet[4:6].any()
    assert int(sheet.sum()) == 24 * sum(range(1, 8))
    assert utils.stitch_images([]) is None
    with pytest.raises(ValueError, match="one shape"):
        utils.stitch_images([np.zeros((2, 2, 3)), np.zeros((3, 2, 3))])


def test_an_image_is_read_as_8_bits_in_colours_or_grey_at_any_size(tmp_path):
    Image.fromarray(np.full((4, 6, 3), (200, 100, 50), np.uint8)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(utils.load_img(tmp_path / "a.png")[0, 0], [200, 100, 50])
    assert utils.load_img(tmp_path / "a.png", target_size=(8, 3)).shape == (8, 3, 3)
    grey = utils.load_img(tmp_path / "a.png", grayscale=True)
    assert (grey.shape, grey.dtype, int(grey[0, 0])) == ((4, 6), np.uint8, 124)  # 0.299 R + 0.587 G + 0.114 B


def test_text_is_written_over_a_copy_at_its_place_in_its_colour():
    image = np.full((40, 60, 3), 255, np.uint8)
    written = utils.draw_text(image, "7", position=(30, 5), font_size=20, color=(255, 0, 0))
    assert (image == 255).all()
    where = np.argwhere((written != 255).any(axis=-1))
    assert where[:, 1].min() >= 30
    assert where[:, 0].min() >= 5
    assert (written[..., 0] == 255).all()
    assert (written[..., 1] == 0).any()
    with pytest.raises(TypeError, match="uint8"):
        utils.draw_text(image / 255, "7")


def test_bgr_is_rgb_read_backwards():
    np.testing.assert_array_equal(utils.bgr2rgb(np.array([[[1, 2, 3]]])), [[[3, 2, 1]]])
