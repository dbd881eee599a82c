"""Do the old helpers do what they did, and leave the user's things alone?"""

from __future__ import annotations

import pathlib
import random

import keras
import matplotlib
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


def test_on_an_image_in_grey_the_luminance_is_written_as_on_one_in_colours():
    coloured = np.full((30, 40, 3), 90, np.uint8)
    grey = utils.draw_text(coloured[..., :1], "F", color=(255, 0, 0))
    # 0.299 of 255 is 76, where a letter covers the pixel; of red alone that is channel 0
    assert (grey.shape, int(grey.min()), int(grey.max())) == ((30, 40, 1), 76, 90)
    covered = utils.draw_text(coloured, "F", color=(255, 0, 0))[..., 0] == 255
    assert (grey[covered] == 76).all()
    assert covered.any()
    np.testing.assert_array_equal(utils.draw_text(coloured[..., 0], "F", color=(255, 0, 0)), grey[..., 0])


def test_what_cannot_be_written_or_written_on_is_told():
    image = np.zeros((30, 40, 3), np.uint8)
    with pytest.raises(ValueError, match="`font='FreeSansNot.ttf'` cannot be opened.*leave it out: DejaVu Sans"):
        utils.draw_text(image, "F", (10, 10), "FreeSansNot.ttf", 14)
    with pytest.raises(ValueError, match=r"`img` must be one image.*received \(1, 30, 40, 3\)"):
        utils.draw_text(image[None], "F")


def test_a_font_of_ones_own_writes_other_letters():
    bold = pathlib.Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf")
    image = np.zeros((30, 40, 1), np.uint8)
    ours, own = (utils.draw_text(image, "F", font=font, color=(255, 255, 255)) for font in (None, str(bold)))
    assert int(own.sum()) > 1.2 * int(ours.sum()) > 0


def test_the_old_seed_is_1337_and_seeds_what_keras_seeds():
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global one is seeded
    try:
        drawn = []
        for seed in ((), (1337,), (7,)):
            utils.set_random_seed(*seed)
            drawn.append((random.random(), float(keras.random.uniform(()))))
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
    assert drawn[0] == drawn[1]
    assert all(a != b for a, b in zip(drawn[1], drawn[2], strict=True))


def test_the_shape_of_images_has_the_channels_second():
    assert utils.get_img_shape(np.zeros((2, 28, 30, 3))) == (2, 3, 28, 30)
    assert utils.get_img_shape(nets.sequential().inputs[0]) == (None, 2, 12, 10)
    with pytest.raises(TypeError, match="`img` must be an array or a tensor; received list"):
        utils.get_img_shape([1])
    with pytest.raises(ValueError, match="`img` must be images"):
        utils.get_img_shape(np.zeros((2, 2)))


def test_bgr_is_rgb_read_backwards():
    np.testing.assert_array_equal(utils.bgr2rgb(np.array([[[1, 2, 3]]])), [[[3, 2, 1]]])
