"""Does a position of a layer see the pixels that its receptive field says it sees, and no others?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vis as kv
from keras_vis.engine.probe import probe
from keras_vis.methods.patches import receptive_field
from tests import nets

L = keras.layers


def field(*layers, shape=(12, 10, 2)):
    """The receptive field of the last of these layers."""
    model = keras.Sequential([keras.Input(shape), *layers])
    return receptive_field(model, layers[-1])


def rows(of):
    """The rows that each position of the first column sees."""
    return [tuple(int(edge) for edge in box[[0, 2]]) for box in of.box(np.arange(of.shape[0]), 0)]


def test_kernels_and_strides_compose():
    # 3 pixels, 2 apart; three of these: 3 + 2 * 2
    found = field(L.Conv2D(3, 3, strides=2), L.Conv2D(3, 3))
    assert (found.size, found.stride, found.offset) == ((7, 7), (2, 2), (0, 0))
    assert (found.shape, found.image) == ((3, 2), (12, 10))
    assert found.box(1, 1) == (2, 2, 9, 9)
    assert not found.whole
    assert found.through == ()


def test_padding_moves_the_field_out_of_the_image_and_boxes_are_cut_off_there():
    found = field(L.Conv2D(3, 3, padding="same"), shape=(5, 6, 1))
    assert found.offset == (-1, -1)
    assert found.box(0, 0) == (0, 0, 2, 2)
    assert found.box(4, 5) == (3, 4, 5, 6)
    assert found.box(2, 3) == (1, 2, 4, 5)


def test_an_even_kernel_is_padded_less_before_than_behind():
    found = field(L.Conv2D(3, (4, 2), padding="same"))
    assert (found.size, found.offset) == ((4, 2), (-1, 0))
    assert found.box(0, 0) == (0, 0, 3, 2)
    assert found.box(11, 9) == (10, 9, 12, 10)


def test_an_even_image_is_padded_behind_alone_where_the_stride_is_two():
    # 7 -> 4 needs (4 - 1) * 2 + 3 - 7 = 2 more, one on each side; 8 -> 4 needs one
    found = field(L.Conv2D(3, 3, strides=2, padding="same"), shape=(7, 8, 1))
    assert found.offset == (-1, 0)
    assert found.box(0, 0) == (0, 0, 2, 3)
    assert found.box(3, 3) == (5, 6, 7, 8)


@pytest.mark.parametrize("layer", [L.Conv2D, L.SeparableConv2D])
def test_dilation_spreads_a_kernel(layer):
    found = field(L.MaxPooling2D(2), layer(3, 3, dilation_rate=2, padding="same"), shape=(16, 14, 2))
    # 2 + 4 * 2 pixels; 2 positions of 2 pixels before the first
    assert (found.size, found.stride, found.offset) == ((10, 10), (2, 2), (-4, -4))
    assert found.box(0, 0) == (0, 0, 6, 6)
    assert found.box(3, 4) == (2, 4, 12, 14)


def test_a_depthwise_kernel_may_be_dilated_otherwise_along_each_side():
    found = field(L.DepthwiseConv2D(3, dilation_rate=(1, 3)), L.Conv2D(1, 1), shape=(9, 11, 2))
    assert (found.size, found.offset, found.shape) == ((3, 7), (0, 0), (7, 5))
    assert found.box(2, 4) == (2, 4, 5, 11)


@pytest.mark.parametrize("pool", [L.MaxPooling2D, L.AveragePooling2D])
def test_pooling_is_a_window_too(pool):
    found = field(L.Conv2D(2, 3), pool(2), pool(3, strides=1, padding="same"), shape=(14, 12, 1))
    # 3 + 1, 2 apart; then + 2 * 2
    assert (found.size, found.stride, found.offset) == ((8, 8), (2, 2), (-2, -2))
    assert rows(found)[:2] == [(0, 6), (0, 8)]


def test_positions_behind_a_transposed_convolution_see_by_turns_one_and_two():
    found = field(L.Conv2DTranspose(1, 3, strides=2, padding="same"), shape=(4, 5, 1))
    # out = 2 in + t, t = 0, 1, 2
    assert rows(found) == [(0, 1), (0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4)]
    assert (found.size, found.stride, found.offset) == ((2, 2), (0.5, 0.5), (-1, -1))


def test_a_transposed_convolution_undoes_the_stride_of_a_pooling():
    found = field(L.MaxPooling2D(2), L.Conv2DTranspose(2, 2, strides=2), L.Conv2D(1, 3), shape=(8, 8, 2))
    # pixels two by two; a window of three meets two pairs
    assert rows(found) == [(0, 4), (0, 4), (2, 6), (2, 6), (4, 8), (4, 8)]
    assert (found.size, found.stride, found.offset) == ((4, 4), (1, 1), (0, 0))


def test_what_a_transposed_convolution_leaves_out_sees_nothing():
    found = field(L.Conv2DTranspose(1, 1, strides=2), shape=(3, 3, 1))
    assert rows(found)[:3] == [(0, 1), (0, 0), (1, 2)]
    assert found.box(0, 1) == (0, 0, 0, 0)
    assert (found.size, found.stride) == ((1, 1), (0.5, 0.5))
    found = field(L.Conv2DTranspose(1, 1, strides=2), L.Lambda(lambda x: x[:, 1::2]), shape=(3, 3, 1))
    assert (found.size, found.whole) == ((0, 1), False)
    assert not found.box(*np.indices(found.shape)).any()


def test_enlarging_repeats_positions_or_sees_the_two_nearest():
    found = field(L.AveragePooling2D(2), L.UpSampling2D(2), shape=(8, 6, 1))
    assert rows(found) == [(0, 2), (0, 2), (2, 4), (2, 4), (4, 6), (4, 6), (6, 8), (6, 8)]
    assert (found.size, found.stride, found.offset) == ((2, 2), (1, 1), (0, 0))
    found = field(L.UpSampling2D(2, interpolation="bilinear"), shape=(6, 6, 1))
    # position p is at p / 2 - 1 / 4
    assert rows(found)[:4] == [(0, 1), (0, 2), (0, 2), (1, 3)]
    assert (found.size, found.stride, found.offset) == ((2, 2), (0.5, 0.5), (-1, -1))


def test_cropping_padding_and_slices_move_the_field():
    found = field(L.ZeroPadding2D(((1, 2), (3, 4))), L.Conv2D(1, 3))
    assert found.offset == (-1, -3)
    assert found.box(0, 0) == (0, 0, 0, 0)  # padding alone
    assert found.box(0, 1) == (0, 0, 2, 1)
    found = field(L.Cropping2D(((2, 1), (0, 3))), L.Lambda(lambda x: x[:, 1::3, 1:]))
    assert (found.size, found.stride, found.offset) == ((1, 1), (3, 1), (3, 1))
    assert found.box(2, 5) == (9, 6, 10, 7)


def test_the_padding_alone_sees_nothing():
    found = field(L.ZeroPadding2D(2), shape=(3, 3, 1))
    assert found.box(1, 3) == (0, 0, 0, 0)
    assert found.box(2, 3) == (0, 1, 1, 2)


def test_pixels_turned_into_channels_and_back_are_themselves_again():
    found = field(L.Lambda(lambda x: tf.nn.space_to_depth(x, 2)))
    assert (found.size, found.stride, found.offset) == ((2, 2), (2, 2), (0, 0))
    found = field(L.Lambda(lambda x: tf.nn.depth_to_space(tf.nn.space_to_depth(x, 2), 2)))
    assert found.box(5, 8) == (5, 8, 6, 9)
    assert (found.size, found.stride) == ((1, 1), (1, 1))


def test_patches_by_reshaping_are_windows():
    # as a vision transformer cuts them: 3 by 2 pixels each
    def cut(x):
        x = keras.ops.reshape(x, (-1, 4, 3, 5, 2, 2))
        return keras.ops.reshape(keras.ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 4, 5, 12))

    found = field(L.Lambda(cut))
    assert (found.size, found.stride, found.offset) == ((3, 2), (3, 2), (0, 0))
    assert found.box(3, 1) == (9, 2, 12, 4)


def test_branches_see_together_what_each_sees():
    x = inputs = keras.Input((12, 10, 2))
    small, large = L.Conv2D(2, 3, padding="same")(x), L.Conv2D(2, (1, 6), padding="same")(x)
    x = L.Add(name="sum")([small, large])
    x = L.Add(name="skip")([x, L.Conv2D(2, 3, padding="same")(x)])
    model = keras.Model(inputs, x)
    found = receptive_field(model, "sum")
    assert (found.size, found.offset) == ((3, 6), (-1, -2))
    found = receptive_field(model, "skip")
    assert (found.size, found.offset) == ((5, 8), (-2, -3))
    assert found.box(6, 5) == (4, 2, 9, 10)


def test_branches_of_different_strides_see_where_both_have_looked():
    # a position sees pixel p, and pixels 2 p and 2 p + 1: there is no one stride
    inputs = keras.Input((8, 8, 1))
    fine, coarse = L.Cropping2D(((0, 4), (0, 4)))(inputs), L.MaxPooling2D(2)(inputs)
    found = receptive_field(keras.Model(inputs, L.Add(name="sum")([fine, coarse])), "sum")
    assert rows(found) == [(0, 2), (1, 4), (2, 6), (3, 8)]
    assert found.size == (5, 5)


def test_channels_laid_side_by_side_are_told_apart_when_they_part_again():
    inputs = keras.Input((12, 10, 2))
    both = L.Concatenate(name="both")([L.Conv2D(2, 1)(inputs), L.Conv2D(2, 5, padding="same")(inputs)])
    first = L.Lambda(lambda x: x[..., :2], name="first")(both)
    apart = L.Conv2D(4, 3, groups=2, padding="same", name="apart")(both)
    half = L.Lambda(lambda x: tf.split(x, 2, axis=-1)[0], name="half")(apart)
    model = keras.Model(inputs, [first, half])
    assert receptive_field(model, "both").size == (5, 5)
    assert receptive_field(model, "both").box(6, 5) == (4, 3, 9, 8)
    assert receptive_field(model, "first").box(6, 5) == (6, 5, 7, 6)
    assert receptive_field(model, "apart").size == (7, 7)
    assert receptive_field(model, "half").box(6, 5) == (5, 4, 8, 7)


def test_every_form_of_a_model_has_the_same_fields(tmp_path):
    for name, model in nets.forms(tmp_path).items():
        size = (12, 10) if name == "subclassed" else None
        found = {layer: receptive_field(model, layer, size=size) for layer in ("conv_1", "conv_2", "pool")}
        assert [one.size for one in found.values()] == [(3, 3), (5, 5), (6, 6)], name
        assert found["pool"].stride == (2, 2), name
        assert found["pool"].box(3, 1) == (6, 2, 12, 8), name


def test_what_stays_where_it_is_changes_nothing():
    still = [
        L.BatchNormalization(),
        L.LayerNormalization(),
        L.RMSNormalization(),
        L.UnitNormalization(),
        L.PReLU(shared_axes=(1, 2)),
        L.Dense(3, activation="softmax"),
        L.Dropout(0.5),
        L.Activation("gelu"),
        L.Lambda(tf.function(lambda x: tf.nn.silu(x))),
        L.Lambda(lambda x: tf.cond(tf.constant(True), lambda: x, lambda: 2 * x)),
        L.Lambda(lambda x: x / tf.cast(tf.size(x), x.dtype)),
        L.Permute((2, 1, 3)),
        L.Permute((2, 1, 3)),
    ]
    found = field(L.Conv2D(3, 3, padding="same"), *still)
    assert (found.size, found.stride, found.offset) == ((3, 3), (1, 1), (-1, -1))
    assert found.box(0, 9) == (0, 8, 2, 10)


def test_rows_and_columns_that_change_places_keep_their_own():
    found = field(L.Conv2D(1, (3, 1)), L.Permute((2, 1, 3)), shape=(6, 5, 1))
    assert found.shape == (5, 4)
    assert found.box(4, 1) == (1, 4, 4, 5)


def squeeze(x, name="squeeze"):
    weights = L.GlobalAveragePooling2D(keepdims=True, name=name)(x)
    return L.Multiply(name=f"{name}_excite")([x, L.Dense(x.shape[-1], activation="sigmoid")(weights)])


def mixing():
    """What mixes all positions, and the name of where it does."""
    return {
        "squeeze": lambda x: squeeze(x),
        "group": lambda x: L.GroupNormalization(1, name="group")(x),
        "flat": lambda x: L.Reshape((4, 5, 1))(L.Dense(20, name="flat")(L.Flatten()(x))),
        "attention": lambda x: L.Reshape((12, 10, 2))(
            (lambda tokens: L.Attention(name="attention")([tokens, tokens]))(L.Reshape((120, 2))(x))
        ),
        "cumulated": lambda x: L.Lambda(lambda z: tf.cumsum(z, axis=1), name="cumulated")(x),
        "transformed": lambda x: L.Lambda(
            lambda z: tf.math.real(tf.signal.fft2d(tf.cast(z, tf.complex64))), name="transformed"
        )(x),
        "decided": lambda x: L.Lambda(
            lambda z: tf.cond(tf.reduce_sum(z) > 0, lambda: z, lambda: 2 * z), name="decided"
        )(x),
        "looped": lambda x: L.Lambda(
            lambda z: tf.while_loop(lambda y: tf.reduce_sum(y) < 0, lambda y: [2 * y], [z])[0], name="looped"
        )(x),
    }


@pytest.mark.parametrize("name", mixing())
def test_where_all_is_mixed_with_all_every_position_sees_the_whole_image_and_the_layer_is_named(name):
    inputs = keras.Input((12, 10, 2))
    x = mixing()[name](L.Conv2D(2, 3, padding="same")(inputs))
    last = L.Conv2D(2, 3, padding="same", name="last")
    found = receptive_field(keras.Model(inputs, last(squeeze(x, "again"))), "last")
    assert found.whole
    assert found.through == (name,)  # that of `again` loses nothing more
    assert (found.size, found.stride, found.offset) == ((12, 10), (0, 0), (0, 0))
    assert found.box(2, 3) == (0, 0, 12, 10)


def test_a_mean_along_one_side_leaves_the_other():
    found = field(L.Lambda(lambda x: x - tf.reduce_mean(x, axis=1, keepdims=True), name="mean"))
    assert found.box(3, 4) == (0, 4, 12, 5)
    assert (found.size, found.stride, found.through, found.whole) == ((12, 1), (0, 1), ("mean",), False)


def test_the_path_named_is_that_of_the_innermost_layer():
    inside = keras.Input((12, 10, 2))
    block = keras.Model(inside, squeeze(inside), name="block")
    inputs = keras.Input((12, 10, 2))
    assert receptive_field(keras.Model(inputs, block(inputs)), "block").through == ("block/squeeze",)


def test_pixels_at_which_nothing_looks_are_in_no_box_and_all_else_may_still_be_seen_by_all():
    # 10 columns, 3 of them every 2: the last is left out
    inputs = keras.Input((11, 10, 2))
    found = receptive_field(keras.Model(inputs, squeeze(L.Conv2D(2, 3, strides=2)(inputs))), "squeeze_excite")
    assert found.whole
    assert found.box(0, 0) == (0, 0, 11, 9)


def test_large_fields_see_the_whole_image_without_having_lost_their_position():
    found = field(*(L.Conv2D(1, 5, padding="same") for _ in range(5)), shape=(6, 5, 1))
    assert (found.size, found.whole, found.through) == ((21, 21), True, ())
    assert found.box(0, 0) == (0, 0, 6, 5)


def test_each_input_has_its_own_field():
    one, two, vector = keras.Input((9, 9, 1), name="one"), keras.Input((18, 18, 1), name="two"), keras.Input((3,))
    x = L.Add(name="sum")([L.Conv2D(2, 3, padding="same", name="conv")(one), L.MaxPooling2D(2)(two)])
    model = keras.Model([one, two, vector], L.Add(name="all")([x, L.Reshape((1, 1, 2))(L.Dense(2)(vector))]))
    found = receptive_field(model, "all", input="one")
    assert (found.image, found.size, found.stride, found.offset) == ((9, 9), (3, 3), (1, 1), (-1, -1))
    found = receptive_field(model, "all", input=1)
    assert (found.image, found.size, found.stride, found.offset) == ((18, 18), (2, 2), (2, 2), (0, 0))
    with pytest.raises(ValueError, match="Choose one with `input=`"):
        receptive_field(model, "all")
    with pytest.raises(ValueError, match="`layer='conv'` does not depend on the images of input 'two'."):
        receptive_field(model, "conv", input="two")
    assert receptive_field(nets.two_by_two(), "conv").size == (3, 3)


def test_a_size_that_is_left_open_is_given():
    model = keras.Sequential([keras.Input((None, None, 3)), L.Conv2D(1, 3, strides=2, padding="same", name="conv")])
    assert receptive_field(model, "conv", size=(7, 8)).offset == (-1, 0)
    assert receptive_field(model, "conv", size=(8, 7)).shape == (4, 4)
    with pytest.raises(
        ValueError, match=r"leaves its size open: \(None, None, 3\). Give it: `size=\(height, width\)`."
    ):
        receptive_field(model, "conv")
    fixed = nets.sequential()
    assert receptive_field(fixed, "conv_1", size=(12, 10)).image == (12, 10)
    with pytest.raises(ValueError, match=r"`size=\(12, 12\)` is not that of the model's input .* of \(12, 10\)."):
        receptive_field(fixed, "conv_1", size=(12, 12))
    for wrong in (12, (12, 0), (12.0, 10.0), "big"):
        with pytest.raises(ValueError, match=r"`size` must be \(height, width\)"):
            receptive_field(fixed, "conv_1", size=wrong)


def test_a_subclassed_model_has_the_size_it_was_built_for_and_takes_others():
    model = nets.subclassed()
    assert receptive_field(model, "conv_2").image == (12, 10)
    with pytest.raises(ValueError, match="does not say what it takes. Call it on a batch of images first"):
        receptive_field(nets.Subclassed(), "conv_2")


def test_layers_without_maps_and_unknown_ones_are_refused():
    model = nets.sequential()
    with pytest.raises(ValueError, match=r"`layer='preds'` gives no maps \(h', w', k\) but \(5,\). These do: conv_1"):
        receptive_field(model, "preds")
    with pytest.raises(ValueError, match="Did you mean 'conv_1'"):
        receptive_field(model, "conf_1")
    with pytest.raises(TypeError, match="`layer` must be a layer's name"):
        receptive_field(model, 3)
    with pytest.raises(TypeError, match="`model` must be a keras.Model"):
        receptive_field("model", "conv_1")


def test_boxes_of_many_positions_are_those_of_each():
    found = field(L.Conv2D(3, 3, strides=2, padding="same"))
    boxes = found.box(*np.indices(found.shape))
    assert boxes.shape == (6, 5, 4)
    for row, column in np.ndindex(found.shape):
        box = found.box(row, column)
        assert box == tuple(boxes[row, column])
        assert all(type(edge) is int for edge in box)
    assert found.box([1, 2], 3).shape == (2, 4)
    boxes[:] = 0
    assert found.box(5, 4) == (10, 8, 12, 10)


def test_wrong_positions_say_what_is_wanted():
    found = field(L.Conv2D(3, 3))
    with pytest.raises(ValueError, match="`row`: 10 is no position of the maps, which have 10: 0 to 9."):
        found.box(10, 0)
    with pytest.raises(ValueError, match="`column`: -1 is no position"):
        found.box(0, [0, -1])
    with pytest.raises(TypeError, match="`row` must be a whole number or an array of them; received 1.5."):
        found.box(1.5, 0)
    with pytest.raises(ValueError, match=r"do not go together: received shapes \(2,\) and \(3,\)."):
        found.box([0, 1], [0, 1, 2])


def test_a_model_is_traced_once_for_all_its_layers_and_left_as_it_was():
    model = nets.sequential()
    before = [dict(vars(layer)) for layer in model.layers]
    receptive_field(model, "conv_1")
    traces = probe(model).traces
    for layer in ("conv_2", "pool"):
        receptive_field(model, layer)
    assert probe(model).traces == traces
    assert [dict(vars(layer)) for layer in model.layers] == before


# Real networks, on images so small that fields do not all see everything.


def application(name, height, width):
    """A network without maximum poolings' ties, dead units or cancelling: kernels positive, biases 0."""
    options = {"include_preprocessing": False} if "V3S" in name else {}
    make = getattr(keras.applications, name)
    model = make(weights=None, include_top=False, input_shape=(height, width, 3), **options)
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if variable.name.endswith("kernel"):
            fan = np.prod(variable.shape[: 2 if variable.name.startswith("depth") else 3])
            variable.assign(rng.uniform(2, 4, variable.shape) / fan)
        else:
            variable.assign(np.full(variable.shape, float(variable.name in ("gamma", "moving_variance"))))
    return model


def maps(model):
    return [layer.name for layer in model.layers[1:] if len(layer.output.shape) == 4]


def edges(model, names, light, dark):
    """The bounding box of the pixels that reach each position, by layer, measured.

    Of every row and of every column an image is made in which it alone is lit; where a position of a layer answers,
    it sees the row.
    """
    height, width, channels = model.input_shape[1:]
    part = keras.Model(model.input, [model.get_layer(name).output for name in names])

    @tf.function(reduce_retracing=True)
    def answers(images):
        found = part(images, training=False)
        hit = [tf.math.is_nan(maps) if np.isnan(light) else maps != 0 for maps in found]
        return [tf.reduce_any(one, axis=-1) for one in hit]

    hits = []
    for axis, size in ((1, height), (2, width)):
        pieces = []
        for start in range(0, size, 16):
            lit = np.eye(size, dtype=bool)[start : start + 16]
            lit = lit.reshape((-1, size, 1, 1) if axis == 1 else (-1, 1, size, 1))
            images = np.where(lit, light, dark) * np.ones((1, height, width, channels))
            pieces.append([maps.numpy() for maps in answers(images.astype("float32"))])
        hits.append([np.concatenate(parts) for parts in zip(*pieces, strict=True)])
    measured = {}
    for name, down, right in zip(names, *hits, strict=True):
        ends = [size - hit[::-1].argmax(axis=0) for hit, size in ((down, height), (right, width))]
        box = np.stack([down.argmax(axis=0), right.argmax(axis=0), *ends], axis=-1)
        measured[name] = np.where((down.any(axis=0) & right.any(axis=0))[..., None], box, 0)
    return measured


NETS = [
    *(("VGG16", 61, 53, 18), ("MobileNet", 97, 83, 85), ("ResNet50", 65, 79, 174)),
    pytest.param("InceptionV3", 75, 89, 310, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "height", "width", "count"), NETS)
def test_every_box_of_every_layer_of_a_real_network_is_what_its_position_answers_to(name, height, width, count):
    model = application(name, height, width)
    names = maps(model)
    assert len(names) == count
    for layer, measured in edges(model, names, 1.0, 0.0).items():
        found = receptive_field(model, layer)
        np.testing.assert_array_equal(found.box(*np.indices(found.shape)), measured, err_msg=layer)


# Of the last maps of each, as in Araujo, Norris & Sim 2019, https://distill.pub/2019/computing-receptive-fields
@pytest.mark.parametrize(
    ("name", "size", "stride"), [("VGG16", 212, 32), ("MobileNet", 315, 32), ("ResNet50", 483, 32)]
)
def test_sizes_are_those_in_the_literature(name, size, stride):
    model = getattr(keras.applications, name)(weights=None, include_top=False)
    found = receptive_field(model, model.layers[-1], size=(224, 224))
    assert (found.size, found.stride, found.shape) == ((size, size), (stride, stride), (7, 7))


def test_boxes_are_the_support_of_the_gradient():
    model = application("MobileNet", 65, 79)
    for layer in model.layers:
        if isinstance(layer, L.ReLU):
            layer.max_value = None
    names = ["conv1", "conv_pw_2", "conv_dw_4_relu", "conv_pw_6_bn"]
    part = keras.Model(model.input, [model.get_layer(name).output for name in names])
    for name, maps in zip(names, part.outputs, strict=True):
        found = receptive_field(model, name)
        height, width = maps.shape[1:3]
        places = np.array([[0, 0], [0, width - 1], [height // 2, width // 2], [height - 1, width // 3]])
        images = tf.random.stateless_uniform((len(places), 65, 79, 3), (0, 1), 0.5)
        with tf.GradientTape() as tape:
            tape.watch(images)
            output = part(images, training=False)[names.index(name)]
            score = tf.reduce_sum(tf.gather_nd(output, np.c_[range(len(places)), places]))
        there = tape.gradient(score, images).numpy().any(axis=-1)
        for box, support in zip(found.box(*places.T), there, strict=True):
            across, down = np.flatnonzero(support.any(axis=0)), np.flatnonzero(support.any(axis=1))
            assert tuple(box) == (down[0], across[0], down[-1] + 1, across[-1] + 1), name


@pytest.mark.parametrize(
    ("name", "through", "first"),
    [
        ("MobileNetV3Small", "expanded_conv_squeeze_excite_avg_pool", "expanded_conv_squeeze_excite_avg_pool"),
        pytest.param("EfficientNetB0", "block1a_se_squeeze", "block1a_se_reshape", marks=pytest.mark.slow),
    ],
)
def test_nets_that_squeeze_and_excite_see_the_whole_image_from_there_on(name, through, first):
    keras.utils.clear_session()
    model = application(name, 67, 59)
    names = maps(model)
    lost = names.index(first)
    # not a number spreads to all that depends on it
    for i, (layer, measured) in enumerate(edges(model, names, np.nan, 1.0).items()):
        found = receptive_field(model, layer)
        np.testing.assert_array_equal(found.box(*np.indices(found.shape)), measured, err_msg=layer)
        assert found.through == ((through,) if i >= lost else ()), layer
        assert found.whole or i < lost


def test_it_is_public():
    assert kv.receptive_field is receptive_field
    assert "ReceptiveField" in kv.__all__


def test_a_dilation_that_tensorflow_does_itself_spreads_a_kernel():
    # Keras makes a dilation of an interleaved batch; this is the convolution's own.
    model = keras.Sequential(
        [
            keras.Input((30, 30, 1)),
            keras.layers.Lambda(
                lambda z: tf.nn.conv2d(z, tf.ones((3, 3, 1, 1)), 1, "SAME", dilations=(2, 3)), name="at"
            ),
        ]
    )
    field = kv.receptive_field(model, "at")
    assert (field.size, field.stride, field.offset) == ((5, 7), (1, 1), (-2, -3))
    assert field.box(10, 10) == (8, 7, 13, 14)


def test_strides_differ_along_the_sides():
    found = field(L.Conv2D(1, 3, strides=(2, 1)), L.Conv2D(1, 3), shape=(15, 12, 1))
    # rows: 3 + 2 * 2 pixels, 2 apart; columns: 3 + 2, 1 apart
    assert (found.size, found.stride, found.offset) == ((7, 5), (2, 1), (0, 0))
    assert found.box(2, 3) == (4, 3, 11, 8)
    found = field(L.MaxPooling2D((1, 2)), L.MaxPooling2D((3, 1)), shape=(12, 12, 1))
    assert (found.size, found.stride) == ((3, 2), (3, 2))


def test_a_transposed_convolution_may_enlarge_one_side_alone():
    found = field(L.Conv2DTranspose(1, (2, 3), strides=(2, 1)), shape=(4, 5, 1))
    assert found.shape == (8, 7)
    # rows: out = 2 in + t, t = 0, 1; columns: out = in + t, t = 0, 1, 2
    assert (found.size, found.stride, found.offset) == ((1, 3), (0.5, 1), (0, -2))
    assert found.box(5, 3) == (2, 1, 3, 4)


def test_a_stride_longer_than_its_kernel_begins_at_the_first_pixel():
    found = field(L.Conv2D(1, 1, strides=2, padding="same"), shape=(8, 6, 1))
    assert (found.size, found.stride, found.offset) == ((1, 1), (2, 2), (0, 0))
    assert found.box(3, 2) == (6, 4, 7, 5)


def test_a_padding_that_is_written_out_is_taken_as_it_is():
    padding = [[0, 0], [1, 2], [3, 0], [0, 0]]
    found = field(L.Lambda(lambda z: tf.nn.conv2d(z, tf.ones((3, 3, 2, 1)), 1, padding)), shape=(9, 9, 2))
    assert found.shape == (10, 10)
    assert found.offset == (-1, -3)
    assert found.box(9, 9) == (8, 6, 9, 9)
