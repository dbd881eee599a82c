"""Which net does the tutorial look into?"""

from __future__ import annotations

import keras


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
