"""When does a teacher help? `python benchmarks/distill.py [--quick] [--write]`

Small students of Fashion-MNIST, trained alone and distilled from the teacher in `benchmarks/fashion`, from
the same five seeds: same start, as many steps, the same 1,000 validation images to choose the epoch. Told is
the gain in accuracy on the 10,000 test images, with its paired t interval over the seeds. The teacher learnt
from 55,000 labels; a student that has fewer can learn from its answers to images without a label, too.

`--quick`: one setting. `--write` puts the table into docs/distill_results.md.
"""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

from benchmarks.fashion import teacher  # noqa: E402
from benchmarks.fashion.data import Absent, Rows, fashion  # noqa: E402
from mlflow_prod.distill import Comparison, distill  # noqa: E402
from mlflow_prod.train import fit  # noqa: E402

if TYPE_CHECKING:
    import keras

SEEDS = range(5)
CHECKED, BATCH = 1_000, 64
SAID = """Rates, temperatures and numbers of labels were settled with test figures in view, of an earlier
teacher; each interval is of its own setting, not corrected for there being eight.
"""


@dataclass(frozen=True)
class Trial:
    """A student in a setting.

    Parameters
    ----------
    student : a key of `STUDENTS`.
    labelled : images whose labels are known.
    answered : images that the teacher answers, the labelled ones first; more than labelled: labels are not
        used by the distilled student (alpha 1).
    epochs : over the labelled images, trained alone; distilled as many steps.
    temperature, alpha : of the teacher.
    """

    student: str
    labelled: int
    answered: int
    epochs: int
    temperature: float
    alpha: float

    def __str__(self) -> str:
        told = f"{self.student}, {self.labelled:,} labels"
        return told if self.answered == self.labelled else f"{told}, {self.answered:,} answers"


QUICK = Trial("MLP of 32", 1_000, 5_000, 40, 2, 1)
TRIALS = (
    QUICK,
    Trial("MLP of 32", 1_000, 1_000, 40, 2, 0.9),
    Trial("MLP of 32", 1_000, 1_000, 40, 4, 0.5),
    Trial("linear", 1_000, 1_000, 40, 2, 0.9),
    Trial("CNN of 8 and 16", 1_000, 10_000, 40, 2, 1),
    Trial("CNN of 8 and 16", 1_000, 1_000, 40, 2, 0.9),
    Trial("CNN of 8 and 16", 10_000, 10_000, 12, 2, 0.9),
    Trial("CNN of 8 and 16", 55_000, 55_000, 6, 2, 0.9),
)


def main() -> int:
    """Prints the table and the claim; 0 only where it holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one setting")
    parser.add_argument("--write", action="store_true", help="write docs/distill_results.md")
    options = parser.parse_args()
    try:
        rows = fashion()
    except Absent as absent:
        print(absent, file=sys.stderr)
        return 1
    trials = (QUICK,) if options.quick else TRIALS
    large = teacher.trained(rows)

    def asked(some: Rows) -> Answered:
        return Answered(some, teacher.scores(large, some.images))

    train = asked(rows.train.first(max(trial.answered for trial in trials)))
    check, test = asked(rows.validation.first(CHECKED)), asked(rows.test)
    best = accuracy(test.scores, rows.test)
    lines = [
        f"The teacher, {large.count_params():,} parameters, asked for each image and its mirror image, "
        f"gets {best:.2%} of the test images right:",
        "",
        "| student | parameters | labels | answers | temperature, alpha | alone | distilled | gain, points |",
        "| --- | ---: | ---: | ---: | --- | ---: | ---: | --- |",
    ]
    print("\n".join(lines), flush=True)
    found: dict[Trial, Comparison] = {}
    for trial in trials:
        found[trial] = compared(trial, train, check, test)
        lines.append(line(trial, found[trial]))
        print(lines[-1], flush=True)
    helped = [trial for trial, comparison in found.items() if comparison.helps]
    holds = "holds" if helped else "falls short"
    share = f"{len(helped)} of {len(found)}"
    verdicts = [f"claim: distilled is better beyond its interval in a setting or more ({share}): {holds}"]
    verdicts += [f"no better beyond its interval: {trial}" for trial in trials if trial not in helped]
    print("\n" + "\n".join(verdicts))
    if options.write:
        text = ["# When a teacher helps\n", "`python benchmarks/distill.py --write`\n", SAID, *lines, ""]
        text += [f"- {verdict}" for verdict in verdicts]
        (ROOT / "docs" / "distill_results.md").write_text("\n".join(text) + "\n")
    return 0 if helped else 1


@dataclass(frozen=True)
class Answered:
    """Images with their classes, and the teacher's probabilities (n, 10)."""

    rows: Rows
    scores: np.ndarray

    def first(self, number: int) -> "Answered":
        return Answered(self.rows.first(number), self.scores[:number])


def compared(trial: Trial, train: Answered, check: Answered, test: Answered) -> Comparison:
    """The student alone and distilled, from each seed."""
    alone, distilled = [], []
    for seed in SEEDS:
        network = learnt_alone(trial, train.rows.first(trial.labelled), check.rows, seed)
        alone.append(accuracy(network.predict(test.rows.images, batch_size=2_000, verbose=0), test.rows))
        network = learnt_from(trial, train.first(trial.answered), check, seed)
        distilled.append(accuracy(network.predict(test.rows.images, batch_size=2_000, verbose=0), test.rows))
    return Comparison(
        "accuracy", accuracy(test.scores, test.rows), tuple(SEEDS), tuple(alone), tuple(distilled)
    )


def learnt_alone(trial: Trial, rows: Rows, check: Rows, seed: int) -> "keras.Model":
    network = student(trial.student, seed)
    fit(
        network,
        rows.images,
        rows.classes,
        validation=(check.images, check.classes),
        epochs=trial.epochs,
        patience=trial.epochs,
        batch_size=BATCH,
        seed=seed,
        progress=False,
    )
    return network


def learnt_from(trial: Trial, train: Answered, check: Answered, seed: int) -> "keras.Model":
    network, epochs = student(trial.student, seed), trial.epochs * trial.labelled // trial.answered
    distill(
        train.scores,
        network,
        train.rows.images,
        train.rows.classes,
        temperature=trial.temperature,
        alpha=trial.alpha,
        validation=(check.rows.images, check.rows.classes, check.scores),
        epochs=epochs,
        patience=epochs,
        batch_size=BATCH,
        seed=seed,
        progress=False,
    )
    return network


def accuracy(scores: np.ndarray, rows: Rows) -> float:
    return float((scores.argmax(axis=1) == rows.classes).mean())


def mlp() -> "list[keras.Layer]":
    from keras import layers

    return [layers.Flatten(), layers.Dense(32, activation="relu")]


def linear() -> "list[keras.Layer]":
    from keras import layers

    return [layers.Flatten()]


def cnn() -> "list[keras.Layer]":
    from keras import layers

    convolutions = [layers.Conv2D(width, 3, 2, padding="same", activation="relu") for width in (8, 16)]
    return [*convolutions, layers.Flatten()]


STUDENTS: "dict[str, Callable[[], list[keras.Layer]]]" = {
    "MLP of 32": mlp,
    "linear": linear,
    "CNN of 8 and 16": cnn,
}


def student(name: str, seed: int) -> "keras.Model":
    """A student, compiled; the same seed, the same start."""
    import keras

    keras.utils.set_random_seed(seed)
    last = keras.layers.Dense(10, activation="softmax")
    made = keras.Sequential([keras.Input((28, 28, 1)), *STUDENTS[name](), last])
    made.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    return made


def line(trial: Trial, found: Comparison) -> str:
    """The setting's line of the table."""
    gain, means = found.gain, [np.mean(figures) for figures in (found.alone, found.distilled)]
    cells = (
        trial.student,
        f"{student(trial.student, 0).count_params():,}",
        f"{trial.labelled:,}",
        f"{trial.answered:,}",
        f"{trial.temperature:g}, {trial.alpha:g}",
        *(f"{mean:.2%}" for mean in means),
        f"{100 * gain.value:+.2f} [{100 * gain.low:+.2f}, {100 * gain.high:+.2f}]",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    sys.exit(main())
