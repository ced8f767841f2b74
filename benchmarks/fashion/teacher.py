"""The teacher: five convolutions, 290,000 parameters, trained on images and their mirror images."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.fashion.data import Fashion, Rows, mirrored

if TYPE_CHECKING:
    import keras

FILE = Path(__file__).with_name("teacher.keras")


def network() -> "keras.Model":
    """Five 3x3 convolutions of 32, 64 and 128 channels, uncompiled; 22 million multiply-adds an image."""
    import keras
    from keras import layers

    pixels = flow = keras.Input((28, 28, 1), name="image")
    for width, convolutions in ((32, 1), (64, 2), (128, 2)):
        for _ in range(convolutions):
            flow = layers.Conv2D(width, 3, padding="same", use_bias=False)(flow)
            flow = layers.BatchNormalization()(flow)
            flow = layers.ReLU()(flow)
        flow = layers.MaxPooling2D()(flow)
        flow = layers.Dropout(0.1)(flow)
    flow = layers.Dropout(0.2)(layers.Flatten()(flow))
    return keras.Model(pixels, layers.Dense(10, activation="softmax")(flow), name="teacher")


def train(rows: Rows, validation: Rows, path: Path = FILE, epochs: int = 8, seed: int = 0) -> "keras.Model":
    """Adam, its rate decaying as a cosine; an epoch takes each image or its mirror image, and is saved."""
    import keras

    keras.utils.set_random_seed(seed)
    made, batch = network(), 128
    rate = keras.optimizers.schedules.CosineDecay(
        2e-4, epochs * (len(rows) // batch), alpha=0.0, warmup_target=2e-3, warmup_steps=500
    )
    made.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng, both = np.random.default_rng(seed), np.stack([rows.images, mirrored(rows.images)])
    each = np.arange(len(rows))
    for epoch in range(epochs):
        seen = both[rng.integers(2, size=len(rows)), each]
        made.fit(seen, rows.classes, batch_size=batch, verbose=0)
        right = made.evaluate(validation.images, validation.classes, batch_size=500, verbose=0)[1]
        print(f"teacher, epoch {epoch + 1} of {epochs}: validation {right:.2%}", file=sys.stderr, flush=True)
        # A copy, as a compiled network is saved with its optimizer's state, twice its weights.
        bare = network()
        bare.set_weights(made.get_weights())
        bare.save(path)
    return made


def trained(rows: Fashion) -> "keras.Model":
    """The teacher as it was trained, uncompiled; trained now where it is not there."""
    import keras

    return (
        keras.models.load_model(FILE, compile=False) if FILE.exists() else train(rows.train, rows.validation)
    )


def scores(network: "keras.Model", images: np.ndarray) -> np.ndarray:
    """Probabilities (n, 10): the mean of what it says of an image and of its mirror image."""
    said = [network.predict(seen, batch_size=500, verbose=0) for seen in (images, mirrored(images))]
    return (said[0] + said[1]) / 2
