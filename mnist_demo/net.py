"""Which net does the tutorial look into?"""

from __future__ import annotations

import math

import keras

from mnist_demo.data import Digits

_BATCH = 128  # the tutorial's
_STEPS = 188  # two epochs of 12,000 digits


def tutorial_net() -> keras.Model:
    """The digit recogniser's convolutional net: 1,199,882 parameters, compiled and untrained.

    Labels are whole numbers, so the loss is the *sparse* form of categorical cross-entropy: the same number as the
    tutorial's, without one-hot labels.

    Returns:
        A model from images ``(n, 28, 28, 1)`` in [0, 1] to probabilities ``(n, 10)``.

    Source:
        "Visualizing Convolutional Neural Networks in Python", 2018. Layers are named here, so that pictures can be.
    """
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), name="digit"),
            keras.layers.Conv2D(32, 3, activation="relu", name="conv_1"),
            keras.layers.Conv2D(64, 3, activation="relu", name="conv_2"),
            keras.layers.MaxPooling2D(2, name="pool"),
            keras.layers.Dropout(0.25, name="dropout_1"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(128, activation="relu", name="dense"),
            keras.layers.Dropout(0.5, name="dropout_2"),
            keras.layers.Dense(10, activation="softmax", name="preds"),
        ],
        name="tutorial",
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained_net(digits: Digits, *, images: int = 12_000, epochs: int | None = None, seed: int = 0) -> keras.Model:
    """Train the tutorial's net on a part of the digits: a quarter of a minute, and it is right 96 times of 100.

    For the notebooks. It sets the seed of Keras, NumPy and Python, as `keras.utils.set_random_seed` does.

    Args:
        digits: what to train on; the test digits stay unseen.
        images: how many of them, the first ones.
        epochs: how often to go through these; by default twice through 12,000, and oftener through fewer, so that
            something is learnt of them, too.
        seed: of the first weights, the order of the images and the dropout.

    Returns:
        The trained model.

    Example:
        >>> digits = load_digits()
        >>> model = trained_net(digits)
        >>> kv.filters(model, "conv_1")
    """
    keras.utils.set_random_seed(seed)
    model = tutorial_net()
    few = digits.first(images)
    if epochs is None:
        epochs = math.ceil(_STEPS / math.ceil(len(few.x_train) / _BATCH))
    model.fit(few.x_train, few.y_train, batch_size=_BATCH, epochs=epochs, verbose=0)
    return model
