"""How small, how good, how quick? `python benchmarks/compress.py [--quick] [--write]`

The ready network of ../shared/data/fashion-cnn (225,034 parameters) by every converter and by recipes that
train it on, against its own float32 TFLite file: accuracy on the 10,000 test images of Fashion-MNIST with the
paired difference, bytes, bytes after gzip, milliseconds of one image in a child process of one thread. Then a
network of 76,000 parameters that was distilled from a teacher (`benchmarks/fashion`). Recipes train on 55,000
images and their mirror images, some 20 minutes in all on two cores; their files stay in build/compress, and
are measured again by the next run until they are removed.

No file is picked by its test figures in a run, but how long the recipes train and which of them is called
the smallest were settled with test figures in view, and the ready network may have learnt from any of the
training images. So its intervals speak of these files on these images, and are not corrected for that.

`--quick`: only the converters that a claim is about; what trains does so on 2,000 images, of which zeros and
clusters are told; the file of the smallest recipe is the one that `--write` of the full form left in
benchmarks/fashion/smallest.tflite. `--write` puts the tables into docs/compression_speed.md.
"""

import argparse
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

from benchmarks.fashion import student, teacher  # noqa: E402
from benchmarks.fashion.data import Absent, Fashion, fashion, mirrored, ready  # noqa: E402
from benchmarks.fashion.measure import hits  # noqa: E402
from mlflow_prod.compress import CONVERTERS, Recipe, Training, compress, convert, latency  # noqa: E402
from mlflow_prod.stats import paired_proportions, wilson  # noqa: E402
from mlflow_prod.tflite import Contents, contents  # noqa: E402

SMALLEST = "prune(0.75)+cluster(16)+int4"
KEPT = ("prune(0.75)+cluster(16)+int8", "prune(0.75)+cluster(16)+qat+int8")
RECIPES = (*CONVERTERS, "prune(0.75)+int8", "cluster(16)+int8", "qat+int8", *KEPT, SMALLEST)
QUICK = ("float32", "int8", "int4", *KEPT)
FILE = ROOT / "benchmarks" / "fashion" / "smallest.tflite"
# Files of the full form, so that times can be taken again without training; remove the folder to train anew.
MADE = ROOT / "build" / "compress"
CALIBRATION, SPARSITY, CLUSTERS = 500, 0.75, 16
RAW, GZIP, PARAMETERS, RIGHT, LOST = 4, 12, 100_000, 0.925, 0.3
SAID = """On the 10,000 test images of Fashion-MNIST, differences with paired 95% intervals. How long recipes
train was settled with test figures in view, for which the intervals are not corrected.
"""
HEAD = [
    "| file | accuracy | difference, points | bytes | smaller | gzip | smaller | ms |",
    "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
]


@dataclass(frozen=True)
class File:
    """A TFLite file as measured.

    Parameters
    ----------
    name : the recipe it was made by.
    right : which of the test images it gets right, bool (n,).
    holds : what is in it.
    milliseconds : the median that one image takes.
    """

    name: str
    right: np.ndarray
    holds: Contents
    milliseconds: float

    def over(self, other: "File") -> tuple[float, float, float]:
        """(difference, low, high) of the accuracies in points, paired by image."""
        gap, low, high = paired_proportions(self.right, other.right)
        return 100 * gap, 100 * low, 100 * high


def main() -> int:
    """Prints the tables and the claims; 0 only where all of them hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="what claims are about, with short training")
    parser.add_argument("--write", action="store_true", help="write docs/compression_speed.md")
    options = parser.parse_args()
    # What TensorFlow says of its own parts while it trains.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        rows, network = fashion(), ready()
    except Absent as absent:
        print(absent, file=sys.stderr)
        return 1
    some, calls = rows.train.images[:CALIBRATION], 200 if options.quick else 2_000

    def measured(name: str, content: bytes) -> File:
        times = latency(content, rows.test.images[:500], calls=calls)
        return File(name, hits(content, rows.test), contents(content), times[0].value)

    lines = said([f"The ready network, {network.count_params():,} parameters:", "", *HEAD])
    learn, found, kept = training(rows, options.quick), {}, {}
    for name in QUICK if options.quick else RECIPES:
        place = MADE / f"{name}.tflite"
        if not place.exists() or options.quick:
            content = compress(network, Recipe.read(name), learn, some).content
        else:
            content = place.read_bytes()
        if not options.quick:
            MADE.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        if name in KEPT:
            kept[name] = contents(content)
        if name == SMALLEST and options.write:
            FILE.write_bytes(content)
        # What was trained in a hurry holds what it should, but is good for nothing else.
        if not (options.quick and name in KEPT):
            found[name] = measured(name, content)
            lines += said([line(found[name], found["float32"])])
    if options.quick:
        found[SMALLEST] = measured(SMALLEST, FILE.read_bytes())
        lines += said([line(found[SMALLEST], found["float32"])])
    lines += said(
        ["", "| recipe | zeros among weights | most values of one scale |", "| --- | ---: | ---: |"]
    )
    lines += said([f"| {name} | {zeros(holds):.1%} | {values(holds)} |" for name, holds in kept.items()])

    large, small = teacher.trained(rows), student.trained(rows)
    files = {
        "teacher": measured("teacher, float32", convert(large, "float32")),
        "floats": measured("student, float32", convert(small, "float32")),
        "integers": measured("student, int8", convert(small, "int8", some)),
    }
    sizes = "The student, {:,} parameters and {:,} multiply-adds, beside its teacher, {:,} and {:,}:".format(
        small.count_params(),
        files["floats"].holds.multiply_adds,
        large.count_params(),
        files["teacher"].holds.multiply_adds,
    )
    lines += said(["", sizes, "", *HEAD, *(line(file, files["teacher"]) for file in files.values()), ""])
    verdicts = said(
        [
            f"claim: {claim}: {'holds' if holds else 'falls short'}"
            for claim, holds in {
                **of_smallest(found[SMALLEST], found["float32"]),
                **of_student(small.count_params(), **files),
                **of_kept(kept),
            }.items()
        ]
    )
    if options.write:
        text = [
            "# What compression keeps, saves and costs\n",
            "`python benchmarks/compress.py --write`\n",
            SAID,
        ]
        text += [*lines, *(f"- {verdict}" for verdict in verdicts)]
        (ROOT / "docs" / "compression_speed.md").write_text("\n".join(text) + "\n")
    return 0 if all(verdict.endswith(": holds") for verdict in verdicts) else 1


def training(rows: Fashion, quick: bool) -> Training:
    """What the steps train on: images and mirror images, two epochs each; quick: 2,000 images, one."""
    taken = rows.train.first(1_000 if quick else len(rows.train))
    check = rows.validation.first(500 if quick else len(rows.validation))
    return Training(
        np.concatenate([taken.images, mirrored(taken.images)]),
        np.concatenate([taken.classes, taken.classes]),
        "multiclass",
        validation=(check.images, check.classes),
        epochs=1 if quick else 2,
        progress=False,
    )


def of_smallest(file: File, whole: File) -> dict[str, bool]:
    """The claims about the smallest file of the ready network, against the float32 one."""
    raw, packed = whole.holds.bytes / file.holds.bytes, whole.holds.gzip / file.holds.gzip
    gap, low, high = file.over(whole)
    return {
        f"{file.name} is at least {RAW}x smaller than float32 ({raw:.1f}x)": raw >= RAW,
        f"both after gzip, at least {GZIP}x smaller ({packed:.1f}x)": packed >= GZIP,
        f"what it loses is within the interval ({gap:+.2f} [{low:+.2f}, {high:+.2f}] points)": high >= 0,
    }


def of_student(parameters: int, teacher: File, floats: File, integers: File) -> dict[str, bool]:
    """The claims about the student, its int8 file and its teacher."""
    right, gap = floats.right.mean(), integers.over(floats)[0]
    ahead, low, high = teacher.over(floats)
    return {
        f"a network of {parameters:,} < {PARAMETERS:,} parameters gets {RIGHT:.1%} right ({right:.2%})": (
            parameters < PARAMETERS and right >= RIGHT
        ),
        f"its teacher is better ({ahead:+.2f} [{low:+.2f}, {high:+.2f}] points)": low > 0,
        f"its int8 file is within {LOST} points of it ({gap:+.2f})": gap >= -LOST,
    }


def of_kept(kept: dict[str, Contents]) -> dict[str, bool]:
    """The claims about what the files of pruned and clustered networks hold."""
    return {
        f"{name} keeps {zeros(holds):.1%} zeros, at most {values(holds)} values": (
            zeros(holds) >= SPARSITY and values(holds) <= CLUSTERS
        )
        for name, holds in kept.items()
    }


def zeros(holds: Contents) -> float:
    """The share of weights that are 0, of all kernels."""
    return sum(one.sparsity * one.weights for one in holds.kernels) / sum(
        one.weights for one in holds.kernels
    )


def values(holds: Contents) -> int:
    """The most different weights that share a scale."""
    return max(kernel.distinct for kernel in holds.kernels)


def line(file: File, other: File) -> str:
    """A file's line of the table, beside the one it is compared with."""
    low, high = (float(end) for end in wilson(int(file.right.sum()), len(file.right)))
    gap, least, most = file.over(other)
    cells = (
        file.name,
        f"{file.right.mean():.2%} [{low:.2%}, {high:.2%}]",
        "" if file is other else f"{gap:+.2f} [{least:+.2f}, {most:+.2f}]",
        f"{file.holds.bytes:,}",
        f"{other.holds.bytes / file.holds.bytes:.1f}x",
        f"{file.holds.gzip:,}",
        f"{other.holds.gzip / file.holds.gzip:.1f}x",
        f"{file.milliseconds:.3f}",
    )
    return f"| {' | '.join(cells)} |"


def said(lines: list[str]) -> list[str]:
    """The same lines, printed: training takes minutes."""
    print("\n".join(lines), flush=True)
    return lines


if __name__ == "__main__":
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    sys.exit(main())
