"""The teacher: two networks of five convolutions, 290,000 parameters each, seen in a mirror, too."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.fashion.data import Fashion, Rows, mirrored

if TYPE_CHECKING:
    import keras

FILE = Path(__file__).with_name("teacher.keras")
# Epochs of each.
CYCLES = (8, 6)


def network(name: str) -> "keras.Model":
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
    return keras.Model(pixels, layers.Dense(10, activation="softmax")(flow), name=name)


def train(rows: Rows, validation: Rows, path: Path = FILE, seed: int = 0) -> "keras.Model":
    """A network trained in two cycles, each of which ends as one of the two members of the teacher.

    Adam, its rate rising and falling as a cosine in each cycle (G. Huang et al., "Snapshot Ensembles", ICLR
    2017). An epoch takes each image or its mirror image, in the second cycle moved by up to a pixel.
    """
    import keras

    keras.utils.set_random_seed(seed)
    learner, members, batch = network("learner"), [], 128
    both, each = np.stack([rows.images, mirrored(rows.images)]), np.arange(len(rows))
    for cycle, epochs in enumerate(CYCLES):
        rng = np.random.default_rng(seed + cycle)
        rate = keras.optimizers.schedules.CosineDecay(
            2e-4, epochs * (len(rows) // batch), warmup_target=2e-3, warmup_steps=500
        )
        learner.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        for epoch in range(epochs):
            seen = both[rng.integers(2, size=len(rows)), each]
            learner.fit(moved(seen, rng) if cycle else seen, rows.classes, batch_size=batch, verbose=0)
            right = learner.evaluate(validation.images, validation.classes, batch_size=500, verbose=0)[1]
            told = f"teacher, epoch {epoch + 1} of {epochs} in cycle {cycle + 1} of {len(CYCLES)}"
            print(f"{told}: validation {right:.2%}", file=sys.stderr, flush=True)
        # A copy, as a compiled network is saved with its optimizer's state, twice its weights.
        members.append(network(f"member_{cycle}"))
        members[-1].set_weights(learner.get_weights())
    made = together(members)
    made.save(path)
    return made


def together(members: "list[keras.Model]") -> "keras.Model":
    """The mean of the members' probabilities, as one network."""
    import keras

    pixels = keras.Input((28, 28, 1), name="image")
    answers = [member(pixels) for member in members]
    return keras.Model(pixels, keras.layers.Average()(answers), name="teacher")


def moved(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image up to a pixel to any side, where black comes in."""
    padded, taken = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0))), np.empty_like(images)
    down, right = rng.integers(3, size=(2, len(images)))
    for y in range(3):
        for x in range(3):
            rows = (down == y) & (right == x)
            taken[rows] = padded[rows, y : y + 28, x : x + 28]
    return taken


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
