"""Small nets for the tests: one and the same model in every form in which Keras lets one write it."""

from __future__ import annotations

import pathlib

import keras
import numpy as np
import tensorflow as tf

L = keras.layers
SHAPE = (12, 10, 2)
CLASSES = 5


def images(n: int = 6, seed: int = 0, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Images from a generator of their own, values in [-1, 1]."""
    return np.random.default_rng(seed).uniform(-1, 1, (n, *shape)).astype("float32")


def sequential(last: str | None = "softmax", classes: int = CLASSES, activation: str = "relu") -> keras.Sequential:
    """The reference: conv_1, conv_2, pool, flatten, preds; biases that are not zero."""
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            L.Conv2D(4, 3, activation=activation, name="conv_1"),
            L.Conv2D(6, 3, activation=activation, name="conv_2"),
            L.MaxPooling2D(2, name="pool"),
            L.Dropout(0.5, name="dropout"),
            L.Flatten(name="flatten"),
            L.Dense(classes, activation=last, name="preds"),
        ]
    )
    draw_weights(model)
    return model


def draw_weights(model: keras.Model, seed: int = 1, size: float = 0.3) -> None:
    """Give a model weights from a generator of their own."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, size, weight.shape).astype("float32") for weight in model.get_weights()])


def undecided(x: np.ndarray) -> keras.Sequential:
    """The reference, its last biases such that the images differ in the class that is predicted of them."""
    model = sequential()
    logits = np.log(model.predict(x, verbose=0))
    bias = model.get_layer("preds").bias
    bias.assign(bias - (logits - logits.mean(axis=1, keepdims=True)).mean(axis=0))
    assert len(set(model.predict(x, verbose=0).argmax(axis=1))) >= 3
    return model


def added_without_input() -> keras.Sequential:
    model = keras.Sequential()
    model.add(L.Conv2D(4, 3, activation="relu", name="conv_1"))
    model.add(L.Conv2D(6, 3, activation="relu", name="conv_2"))
    model.add(L.MaxPooling2D(2, name="pool"))
    model.add(L.Dropout(0.5, name="dropout"))
    model.add(L.Flatten(name="flatten"))
    model.add(L.Dense(CLASSES, activation="softmax", name="preds"))
    model.build((None, *SHAPE))
    return model


def functional() -> keras.Model:
    x = inputs = keras.Input(SHAPE)
    x = L.Conv2D(4, 3, activation="relu", name="conv_1")(x)
    x = L.Conv2D(6, 3, activation="relu", name="conv_2")(x)
    x = L.MaxPooling2D(2, name="pool")(x)
    x = L.Dropout(0.5)(x)
    x = L.Flatten()(x)
    return keras.Model(inputs, L.Dense(CLASSES, activation="softmax", name="preds")(x))


def nested() -> keras.Model:
    x = inside = keras.Input(SHAPE)
    x = L.Conv2D(4, 3, activation="relu", name="conv_1")(x)
    x = L.Conv2D(6, 3, activation="relu", name="conv_2")(x)
    backbone = keras.Model(inside, x, name="backbone")
    inputs = keras.Input(SHAPE)
    x = L.Flatten()(L.MaxPooling2D(2, name="pool")(backbone(inputs)))
    return keras.Model(inputs, L.Dense(CLASSES, activation="softmax", name="preds")(x))


def activations_as_layers() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(SHAPE),
            L.Conv2D(4, 3, name="linear_1"),
            L.ReLU(name="conv_1"),
            L.Conv2D(6, 3, name="linear_2"),
            L.Activation("relu", name="conv_2"),
            L.MaxPooling2D(2, name="pool"),
            L.Flatten(),
            L.Dense(CLASSES),
            L.Softmax(name="preds"),
        ]
    )


def activations_as_operations() -> keras.Model:
    """`keras.ops.relu` in a Lambda inside a nested model, `tf.nn.relu` and `tf.nn.softmax` in Lambdas."""
    x = inside = keras.Input(SHAPE)
    x = L.Lambda(lambda z: keras.ops.relu(z), name="conv_1")(L.Conv2D(4, 3)(x))
    backbone = keras.Model(inside, x, name="backbone")
    inputs = keras.Input(SHAPE)
    x = L.Conv2D(6, 3)(backbone(inputs))
    x = L.Lambda(lambda z: tf.nn.relu(z), name="conv_2")(x)
    x = L.Flatten()(L.MaxPooling2D(2, name="pool")(x))
    x = L.Lambda(lambda z: tf.nn.softmax(z), name="preds")(L.Dense(CLASSES)(x))
    return keras.Model(inputs, x)


@keras.saving.register_keras_serializable("keras_vis_tests")
class Subclassed(keras.Model):
    """The reference as a subclassed model, without Keras knowing what it takes."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.conv_1 = L.Conv2D(4, 3, activation="relu", name="conv_1")
        self.conv_2 = L.Conv2D(6, 3, activation="relu", name="conv_2")
        self.pool = L.MaxPooling2D(2, name="pool")
        self.flatten = L.Flatten(name="flatten")
        self.preds = L.Dense(CLASSES, activation="softmax", name="preds")

    def call(self, x):
        return self.preds(self.flatten(self.pool(self.conv_2(self.conv_1(x)))))


def subclassed() -> keras.Model:
    model = Subclassed()
    model(np.zeros((1, *SHAPE), "float32"))
    return model


def loaded(folder: pathlib.Path) -> keras.Model:
    path = folder / "model.keras"
    functional().save(path)
    return keras.models.load_model(path)


def forms(folder: pathlib.Path) -> dict[str, keras.Model]:
    """Every form of the reference, with its weights."""
    made = {
        "sequential": sequential(),
        "added without input": added_without_input(),
        "functional": functional(),
        "nested": nested(),
        "activations as layers": activations_as_layers(),
        "activations as operations": activations_as_operations(),
        "subclassed": subclassed(),
        "loaded": loaded(folder),
    }
    for model in made.values():
        model.set_weights(made["sequential"].get_weights())
    return made


def two_by_two() -> keras.Model:
    """Two inputs (an image, a vector) and two outputs (five classes by softmax, one sigmoid)."""
    image, vector = keras.Input(SHAPE, name="image"), keras.Input((3,), name="vector")
    x = L.Conv2D(4, 3, activation="relu", name="conv")(image)
    x = L.Concatenate()([L.Flatten()(x), vector])
    digit = L.Dense(CLASSES, activation="softmax", name="digit")(x)
    parity = L.Dense(1, activation="sigmoid", name="parity")(x)
    model = keras.Model([image, vector], [digit, parity])
    draw_weights(model)
    return model


def gap(last: str | None = "softmax", classes: int = CLASSES) -> keras.Sequential:
    """The reference with a head that a class activation map can read: conv_1, conv_2, an average, preds."""
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            L.Conv2D(4, 3, activation="relu", name="conv_1"),
            L.Conv2D(6, 3, activation="relu", name="conv_2"),
            L.GlobalAveragePooling2D(name="gap"),
            L.Dropout(0.5, name="dropout"),
            L.Dense(classes, activation=last, name="preds"),
        ]
    )
    draw_weights(model)
    return model


def gap_added_without_input() -> keras.Sequential:
    model = keras.Sequential()
    model.add(L.Conv2D(4, 3, activation="relu", name="conv_1"))
    model.add(L.Conv2D(6, 3, activation="relu", name="conv_2"))
    model.add(L.GlobalAveragePooling2D())
    model.add(L.Dense(CLASSES, activation="softmax", name="preds"))
    model.build((None, *SHAPE))
    return model


def gap_nested() -> keras.Model:
    """The average and the dropout are the last of a nested model."""
    x = inside = keras.Input(SHAPE)
    x = L.Conv2D(4, 3, activation="relu", name="conv_1")(x)
    x = L.Conv2D(6, 3, activation="relu", name="conv_2")(x)
    backbone = keras.Model(inside, L.GlobalAveragePooling2D()(L.Dropout(0.5)(x)), name="backbone")
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, L.Dense(CLASSES, activation="softmax", name="preds")(backbone(inputs)))


def gap_by_operations() -> keras.Model:
    """`keras.ops.mean` in a functional model, `tf.nn.softmax` in a Lambda."""
    x = inputs = keras.Input(SHAPE)
    x = L.ReLU(name="conv_1")(L.Conv2D(4, 3)(x))
    x = L.Activation("relu", name="conv_2")(L.Conv2D(6, 3)(x))
    x = L.Dense(CLASSES)(L.Activation("linear")(keras.ops.mean(x, axis=(1, 2))))
    return keras.Model(inputs, L.Lambda(lambda z: tf.nn.softmax(z), name="preds")(x))


def gap_by_convolution() -> keras.Model:
    """As MobileNet has it: an average that keeps its axes, a 1x1 convolution, a reshape, a softmax."""
    x = inputs = keras.Input(SHAPE)
    x = L.Conv2D(4, 3, activation="relu", name="conv_1")(x)
    x = L.Conv2D(6, 3, activation="relu", name="conv_2")(x)
    x = L.Conv2D(CLASSES, 1, name="conv_preds")(L.GlobalAveragePooling2D(keepdims=True)(x))
    return keras.Model(inputs, L.Activation("softmax", name="preds")(L.Reshape((CLASSES,))(x)))


class SubclassedGap(keras.Model):
    """The same as a subclassed model, averaged by `tf.reduce_mean`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_1 = L.Conv2D(4, 3, activation="relu", name="conv_1")
        self.conv_2 = L.Conv2D(6, 3, activation="relu", name="conv_2")
        self.preds = L.Dense(CLASSES, activation="softmax", name="preds")

    def call(self, x):
        return self.preds(tf.reduce_mean(self.conv_2(self.conv_1(x)), axis=[1, 2]))


def gap_subclassed() -> keras.Model:
    model = SubclassedGap()
    model(np.zeros((1, *SHAPE), "float32"))
    return model


def gap_forms(folder: pathlib.Path) -> dict[str, keras.Model]:
    """Every form of the reference with an average, with its weights."""
    path = folder / "gap.keras"
    gap_nested().save(path)
    made = {
        "sequential": gap(),
        "added without input": gap_added_without_input(),
        "nested": gap_nested(),
        "by operations": gap_by_operations(),
        "by a convolution": gap_by_convolution(),
        "subclassed": gap_subclassed(),
        "loaded": keras.models.load_model(path),
    }
    for model in made.values():
        given = zip(made["sequential"].get_weights(), model.get_weights(), strict=True)
        model.set_weights([weight.reshape(own.shape) for weight, own in given])
    return made


def segmentation(head: str | None = "softmax", classes: int = 3) -> keras.Sequential:
    """A map of classes, as large as the image: conv_1, conv_2, preds."""
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            L.Conv2D(4, 3, padding="same", activation="relu", name="conv_1"),
            L.Conv2D(6, 3, padding="same", activation="relu", name="conv_2"),
            L.Conv2D(classes, 1, activation=head, name="preds"),
        ]
    )
    draw_weights(model)
    return model
