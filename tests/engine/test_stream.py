"""Does the same data, held in any way, give the same pieces?"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vis.engine.stream import Stream
from tests import nets

X = nets.images(23)
Y = np.arange(23)


class Batches(keras.utils.PyDataset):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.size, self.shuffled = size, 0

    def __len__(self) -> int:
        return -(-len(X) // self.size)

    def __getitem__(self, i: int):
        rows = slice(i * self.size, (i + 1) * self.size)
        return X[rows], Y[rows]

    def on_epoch_end(self) -> None:
        self.shuffled += 1


class Again:
    """An iterable of batches."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __iter__(self):
        return (X[i : i + self.size] for i in range(0, len(X), self.size))


HELD = {
    "array": X,
    "float64": X.astype(np.float64),
    "tensor": tf.constant(X),
    "tf.data": tf.data.Dataset.from_tensor_slices(X).batch(4),
    "tf.data of pairs": tf.data.Dataset.from_tensor_slices((X, Y)).batch(4),
    "tf.data not batched": tf.data.Dataset.from_tensor_slices(X),
    "PyDataset": Batches(4),
    "iterable": Again(9),
    "list of batches": [X[:10], X[10:]],
    "list of images": list(X),
}


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("size", [1, 5, 8, 64])
def test_every_image_comes_once_in_order_in_pieces_of_the_size_asked_for(held, size):
    stream = Stream(nets.sequential(), HELD[held], batch=size, passes=2)
    for _ in range(2):
        pieces = list(stream)
        assert [len(piece) for piece in pieces] == [size] * (23 // size) + [23 % size] * (23 % size > 0)
        np.testing.assert_array_equal(np.concatenate([piece.batch.arrays[0] for piece in pieces]), X)
        assert [piece.rows.start for piece in pieces] == list(range(0, 23, size))
    assert len(stream) == 23


@pytest.mark.parametrize("held", ["tf.data of pairs", "PyDataset"])
def test_what_stands_beside_the_images_stays_beside_them(held):
    pieces = list(Stream(nets.sequential(), HELD[held], batch=7))
    np.testing.assert_array_equal(np.concatenate([piece.beside for piece in pieces]), Y)


def test_going_through_a_py_dataset_does_not_shuffle_it():
    data = Batches(4)
    list(Stream(nets.sequential(), data))
    assert data.shuffled == 0


def test_a_large_array_is_cast_piece_by_piece():
    class Counted(np.ndarray):
        read = 0

        def __getitem__(self, key):
            got = super().__getitem__(key)
            Counted.read = max(Counted.read, getattr(got, "size", 1))
            return got

    array = np.zeros((1000, *nets.SHAPE), np.uint8).view(Counted)
    for _ in Stream(nets.sequential(), array, batch=10):
        pass
    assert Counted.read == 10 * np.prod(nets.SHAPE)


def test_one_image_is_a_data_set_of_one():
    (piece,) = Stream(nets.sequential(), X[0])
    np.testing.assert_array_equal(piece.batch.arrays[0], X[:1])


def test_grey_images_may_lack_their_channel():
    model = keras.Sequential([keras.layers.Input((4, 6, 1)), keras.layers.Flatten()])
    x = np.random.default_rng(0).random((5, 4, 6), np.float32)
    for data, count in ((x, 5), (x[0], 1), (x[0, ..., None], 1), (x[..., None], 5)):
        stream = Stream(model, data)
        (piece,) = stream
        assert piece.batch.arrays[0].shape == (count, 4, 6, 1)
        assert len(stream) == count


@pytest.mark.parametrize("held", ["list", "dict", "tf.data"])
def test_several_inputs_go_side_by_side(held):
    model = two_inputs()
    x, y = np.random.default_rng(0).random((7, 3, 3, 1), np.float32), np.ones((7, 2), np.float32)
    data = {
        "list": [x, y],
        "dict": {"a": x, "b": y},
        "tf.data": tf.data.Dataset.from_tensor_slices(((x, y), Y[:7])).batch(3),
    }[held]
    pieces = list(Stream(model, data, batch=4))
    assert [len(piece) for piece in pieces] == [4, 3]
    np.testing.assert_array_equal(np.concatenate([piece.batch.arrays[0] for piece in pieces]), x)
    np.testing.assert_array_equal(np.concatenate([piece.batch.arrays[1] for piece in pieces]), y)


def test_an_iterator_can_be_gone_through_once():
    stream = Stream(nets.sequential(), iter(Again(9)))
    assert sum(len(piece) for piece in stream) == 23
    with pytest.raises(ValueError, match=r"gave 0 images on a later pass, and 23 on the first"):
        list(stream)


@pytest.mark.parametrize(
    ("data", "passes", "error", "words"),
    [
        (iter([X]), 2, ValueError, r"`data` is gone through 2 times.*list\(data\)"),
        (iter(()), 1, ValueError, "`data` is empty"),
        (X[:0], 1, ValueError, "`data` is empty"),
        (tf.data.Dataset.from_tensor_slices(X).batch(4).repeat(), 1, ValueError, "repeats for ever.*take"),
        ("photos", 1, TypeError, "`data` must be an array"),
        (3, 1, TypeError, "`data` must be an array"),
        (X[..., :1], 1, ValueError, "`data` has shape"),
        ([X[:2], np.full((1, *nets.SHAPE), np.nan)], 1, ValueError, "NaN"),
        ([(X, Y[:3])], 1, ValueError, r"`data` holds 23 images and labels of shape \(3,\)"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value[:9],
)
def test_what_gives_no_images_is_named(data, passes, error, words):
    with pytest.raises(error, match=words):
        list(Stream(nets.sequential(), data, passes=passes))


def test_batch_is_checked():
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="`batch`"):
            Stream(nets.sequential(), X, batch=wrong)


def test_images_of_several_sizes_are_named():
    model = keras.Sequential([keras.layers.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D()])
    with pytest.raises(ValueError, match="several sizes"):
        list(Stream(model, [np.zeros((2, 4, 4, 3)), np.zeros((2, 5, 5, 3))]))


def test_data_that_are_other_on_each_pass_are_refused_where_there_are_several():
    anew = tf.data.Dataset.from_tensor_slices(X).shuffle(23, seed=1).batch(4)
    once = tf.data.Dataset.from_tensor_slices(X).shuffle(23, seed=1, reshuffle_each_iteration=False).batch(4)
    stream = Stream(nets.sequential(), anew, batch=5, passes=2)
    list(stream)
    with pytest.raises(ValueError, match="in another order, on each pass.*reshuffle_each_iteration=False"):
        list(stream)
    stream = Stream(nets.sequential(), once, batch=5, passes=2)
    first = np.concatenate([piece.batch.arrays[0] for piece in stream])
    np.testing.assert_array_equal(np.concatenate([piece.batch.arrays[0] for piece in stream]), first)
    stream = Stream(nets.sequential(), anew, batch=5)  # one pass: nothing is compared
    assert sum(len(piece) for piece in stream) == 23


@pytest.mark.parametrize("beside", [np.eye(23), np.arange(23 * 4).reshape(23, 2, 2), Y])
def test_single_images_bring_one_row_of_what_stands_beside_them(beside):
    for data in (tf.data.Dataset.from_tensor_slices((X, beside)), list(zip(X, beside, strict=True))):
        pieces = list(Stream(nets.sequential(), data, batch=7))
        np.testing.assert_array_equal(np.concatenate([piece.beside for piece in pieces]), beside)
        np.testing.assert_array_equal(np.concatenate([piece.batch.arrays[0] for piece in pieces]), X)


def test_single_images_are_taken_by_a_model_that_does_not_say_what_it_takes():
    model = keras.Sequential([keras.layers.Flatten()])
    pieces = list(Stream(model, tf.data.Dataset.from_tensor_slices(X), batch=7))
    np.testing.assert_array_equal(np.concatenate([piece.batch.arrays[0] for piece in pieces]), X)


def test_empty_batches_are_passed_over():
    (piece,) = Stream(nets.sequential(), [X[:0], X[:7], X[7:7], X[7:]])
    np.testing.assert_array_equal(piece.batch.arrays[0], X)


def two_inputs() -> keras.Model:
    a, b = keras.Input((3, 3, 1), name="a"), keras.Input((2,), name="b")
    return keras.Model([a, b], keras.layers.Concatenate()([keras.layers.Flatten()(a), b]))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_list_of_batches_is_no_list_of_inputs(count):
    x, y = np.random.default_rng(0).random((4, 3, 3, 1), np.float32), np.ones((4, 2), np.float32)
    for item in (((x, y), np.arange(4)), {"a": x, "b": y}):
        pieces = list(Stream(two_inputs(), [item] * count, batch=5))
        assert [len(piece) for piece in pieces] == [5] * (4 * count // 5) + [4 * count % 5] * (4 * count % 5 > 0)
        np.testing.assert_array_equal(pieces[0].batch.arrays[0][:4], x)


def test_one_image_of_each_input_is_a_data_set_of_one():
    x, y = np.random.default_rng(0).random((3, 3, 1), np.float32), np.ones(2, np.float32)
    for data in ([x, y], {"a": x, "b": y}):
        stream = Stream(two_inputs(), data)
        (piece,) = stream
        assert [array.shape for array in piece.batch.arrays] == [(1, 3, 3, 1), (1, 2)]
        assert len(stream) == 1


def test_large_images_are_read_a_few_at_a_time_and_one_is_kept():
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D()])
    array = np.zeros((40, 100, 100, 3), np.uint8)
    stream = Stream(model, array)
    assert [len(piece) for piece in stream] == [16, 16, 8]
    assert next(stream._raw()).batch.arrays[0].nbytes == 16 * 100 * 100 * 3 * 4
    assert stream.first.arrays[0].base is None
    assert len(stream.first) == 1


def test_an_image_is_named_by_its_number_in_the_data():
    wrong = X.copy()
    wrong[17, 3, 3] = np.nan
    for data in (wrong, list(wrong), [wrong[:8], wrong[8:]]):
        with pytest.raises(ValueError, match="first in entry 17"):
            list(Stream(nets.sequential(), data, batch=4))


def test_a_tuple_of_images_and_labels_is_told_how_to_be_given():
    with pytest.raises(ValueError, match=r"`data` is a tuple. If it is \(images, labels\).*\[data\]"):
        Stream(nets.sequential(), (X, Y))
    pieces = list(Stream(nets.sequential(), [(X, Y)]))
    np.testing.assert_array_equal(pieces[0].beside, Y)


def test_labels_of_images_that_come_one_by_one_stay_beside_them():
    single = tf.data.Dataset.from_tensor_slices((X, Y))
    pieces = list(Stream(nets.sequential(), single, batch=7))
    np.testing.assert_array_equal(np.concatenate([piece.beside for piece in pieces]), Y)


def test_a_piece_of_which_only_some_images_have_labels_has_none():
    mixed, whole, rest = Stream(nets.sequential(), [(X[:3], Y[:3]), X[3:8], (X[8:], Y[8:])], batch=8)
    assert mixed.beside is None
    assert [*whole.beside, *rest.beside] == list(range(8, 23))


def test_several_things_beside_the_images_are_not_labels():
    data = tf.data.Dataset.from_tensor_slices((X, (Y, -Y))).batch(2)
    assert {piece.beside for piece in Stream(nets.sequential(), data, batch=5)} == {None}


def test_more_labels_than_images_are_named():
    with pytest.raises(ValueError, match=r"`data` holds 3 images and labels of shape \(23,\)"):
        Stream(nets.sequential(), [(X[:3], Y)])


def test_unless_told_256_small_images_or_16_large_ones_go_at_once():
    assert [len(piece) for piece in Stream(nets.sequential(), nets.images(300))] == [256, 44]
    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.GlobalAveragePooling2D()])
    assert [len(piece) for piece in Stream(model, np.zeros((20, 224, 224, 1), np.uint8))] == [16, 4]


@pytest.mark.parametrize("later", [22, 24])
def test_a_later_pass_gives_as_many_images_as_the_first(later):
    class Other:
        passes = 0

        def __iter__(self):
            self.passes += 1
            # the first look is that at the door
            return iter(list(nets.images(23 if self.passes < 3 else later)))

    stream = Stream(nets.sequential(), Other(), passes=2)
    assert sum(map(len, stream)) == len(stream) == 23
    with pytest.raises(ValueError, match=f"gave {later} images on a later pass, and 23 on the first"):
        list(stream)


def test_inputs_of_different_lengths_are_named_before_anything_runs():
    a, b = keras.Input((3, 3, 1), name="a"), keras.Input((2,), name="b")
    model = keras.Model([a, b], keras.layers.Concatenate()([keras.layers.Flatten()(a), b]))
    with pytest.raises(ValueError, match="every input needs as many entries.* 300.* 299"):
        Stream(model, [np.zeros((300, 3, 3, 1)), np.zeros((299, 2))], batch=10)


def test_the_bar_ends_at_the_number_of_images(monkeypatch):
    from keras_vis.engine import stream as module

    bars = []
    made = module.bar
    monkeypatch.setattr(module, "bar", lambda *args: bars.append(made(*args)) or bars[-1])
    stream = Stream(nets.sequential(), X, batch=5)
    assert sum(len(piece) for piece in stream.walk("looking", True)) == 23
    assert [(bar.n, bar.total, bar.desc) for bar in bars] == [(23, 23, "looking")]
