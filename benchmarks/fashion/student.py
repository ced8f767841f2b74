"""The student: five convolutions, 76,000 parameters, distilled from the teacher's scores."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.fashion import teacher
from benchmarks.fashion.data import Fashion, mirrored

if TYPE_CHECKING:
    import keras

FILE = Path(__file__).with_name("student.keras")


def network() -> "keras.Model":
    """Five 3x3 convolutions of 16, 32 and 64 channels, uncompiled; 5.5 million multiply-adds an image."""
    import keras
    from keras import layers

    pixels = flow = keras.Input((28, 28, 1), name="image")
    for width, convolutions in ((16, 1), (32, 2), (64, 2)):
        for _ in range(convolutions):
            flow = layers.Conv2D(width, 3, padding="same", use_bias=False)(flow)
            flow = layers.BatchNormalization()(flow)
            flow = layers.ReLU()(flow)
        flow = layers.MaxPooling2D()(flow)
    flow = layers.Dropout(0.1)(layers.Flatten()(flow))
    return keras.Model(pixels, layers.Dense(10, activation="softmax")(flow), name="student")


def train(rows: Fashion, path: Path = FILE, epochs: int = 8, seed: int = 0) -> "keras.Model":
    """Distils on images and mirror images; an epoch sees both. Saved when done.

    Temperature 4, weight of the teacher 0.9; Adam, its rate decaying as a cosine.
    """
    import keras

    from mlflow_prod.distill import distill

    learnt, check = rows.train, rows.validation
    large = teacher.trained(rows)
    scores = teacher.scores(large, learnt.images)
    keras.utils.set_random_seed(seed)
    made, batch = network(), 128
    rate = keras.optimizers.schedules.CosineDecay(
        2e-4, epochs * (2 * len(learnt) // batch), warmup_target=2e-3, warmup_steps=500
    )
    made.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    distill(
        np.concatenate([scores, scores]),
        made,
        np.concatenate([learnt.images, mirrored(learnt.images)]),
        np.concatenate([learnt.classes, learnt.classes]),
        temperature=4.0,
        alpha=0.9,
        validation=(check.images, check.classes, teacher.scores(large, check.images)),
        epochs=epochs,
        patience=epochs,
        batch_size=batch,
        seed=seed,
    )
    # A copy, as a compiled network is saved with its optimizer's state, twice its weights.
    bare = network()
    bare.set_weights(made.get_weights())
    bare.save(path)
    return bare


def trained(rows: Fashion) -> "keras.Model":
    """The student as it was distilled, uncompiled; distilled now where it is not there."""
    import keras

    return keras.models.load_model(FILE, compile=False) if FILE.exists() else train(rows)
