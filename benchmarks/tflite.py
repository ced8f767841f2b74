"""What does a TFLite model cost beside LiteRT itself? `python benchmarks/tflite.py [--quick] [--write]`

Microseconds a call: LiteRT's interpreter by hand (set_tensor, invoke, get_tensor), `TFLiteFile.predict`,
`TFLiteModel.score`, `mlflow.pyfunc` over the bare file and over raw rows, and Keras's `model.predict`. A
small network of dense layers (17 inputs, 32 and 16 units) as float32 and int8, and a small convolution over
28 x 28 pictures, at batch 1 and 256. Contestants take turns, block by block, so that a busy machine slows
all alike; a time is the median of the blocks, a difference or ratio of the first two the median over turns.
`--quick`: fewer turns. `--write` puts the table into docs/tflite_speed.md.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "MLFLOW_DISABLE_TELEMETRY": "true"}

import keras  # noqa: E402
import mlflow  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from ai_edge_litert.interpreter import Interpreter  # noqa: E402

from mlflow_prod import tflite  # noqa: E402
from mlflow_prod.compress import convert  # noqa: E402
from mlflow_prod.data import Column, Part, Schema, Task  # noqa: E402
from mlflow_prod.encoder import fit  # noqa: E402
from mlflow_prod.tflite import TFLiteFile, TFLiteModel  # noqa: E402

BATCHES = (1, 256)
WIDTH = 17
ORDER = BARE, FILE, SCORE, ARRAYS, ROWS, KERAS = (
    "LiteRT by hand",
    "TFLiteFile.predict",
    "TFLiteModel.score",
    "pyfunc, arrays",
    "pyfunc, raw rows",
    "Keras model.predict",
)
# Microseconds of a block: the clock's own cost is lost in it, and another process seldom comes between.
BLOCK = 300.0
# Contestants whose call is longer than a block take one turn in so many.
SELDOM = 25


def dense() -> keras.Model:
    """The small network of dense layers."""
    layers = [
        keras.layers.Dense(32, "relu"),
        keras.layers.Dense(16, "relu"),
        keras.layers.Dense(1, "sigmoid"),
    ]
    return keras.Sequential([keras.Input((WIDTH,)), *layers])


def convolution() -> keras.Model:
    """The small convolution."""
    layers = [
        keras.layers.Conv2D(8, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(10, "softmax"),
    ]
    return keras.Sequential([keras.Input((28, 28, 1)), *layers])


def by_hand(content: bytes, batch: np.ndarray) -> Callable[[], object]:
    """The least that a call of LiteRT takes."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(source, batch.shape)
    interpreter.allocate_tensors()

    def call() -> object:
        interpreter.set_tensor(source, batch)
        interpreter.invoke()
        return interpreter.get_tensor(target)

    return call


def contestants(
    network: keras.Model, content: bytes, batch: np.ndarray, folder: Path
) -> dict[str, Callable[[], object]]:
    """What to call, by name; all answer the same batch."""
    file = TFLiteFile(content)
    calls = {BARE: by_hand(content, batch), FILE: lambda: file.predict(batch)}
    if batch.ndim == 2:
        frame = pd.DataFrame(batch, columns=[f"x{number}" for number in range(WIDTH)])
        part = Part(frame.astype(float), np.zeros(len(frame), np.int64))
        encoder = fit(part, Schema({name: Column() for name in frame.columns}))
        model = TFLiteModel(content, encoder, Task("binary", "y", ("no", "yes")))
        tflite.save_model(model, folder / "model")
        rows = mlflow.pyfunc.load_model(str(folder / "model"))
        calls |= {SCORE: lambda: model.score(batch), ROWS: lambda: rows.predict(frame)}
    tflite.save_model(content, folder / "file")
    arrays = mlflow.pyfunc.load_model(str(folder / "file"))
    calls |= {
        ARRAYS: lambda: arrays.predict(batch),
        KERAS: lambda: network.predict(batch, verbose=0),
    }
    return calls


def turns(calls: dict[str, Callable[[], object]], number: int) -> dict[str, list[float]]:
    """Microseconds a call of each block, the contestants in turn."""
    sizes, slow = {}, {}
    for name, call in calls.items():
        for _ in range(3):
            call()
        one = min(block(call, 1) for _ in range(10))
        sizes[name], slow[name] = max(1, int(BLOCK / one)), name in (ROWS, KERAS) and one > BLOCK
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(number):
        for name, call in calls.items():
            if not slow[name] or turn % SELDOM == 0:
                taken[name].append(block(call, sizes[name]))
    return taken


def block(call: Callable[[], object], times: int) -> float:
    """Microseconds a call of so many."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) * 1e6 / times


def main() -> int:
    """Prints the table and the claims; 0 only when all of them hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    parser.add_argument("--write", action="store_true", help="write docs/tflite_speed.md")
    options = parser.parse_args()
    number, draw = 200 if options.quick else 1000, np.random.default_rng(0)
    networks = {"dense": dense(), "convolution": convolution()}
    lines = [
        "| file | batch | " + " | ".join(ORDER) + " |",
        "| --- | ---: | " + "---: | " * 5 + "---: |",
    ]
    over, ratio, quicker = [], [], []
    for name, converter in (("dense", "float32"), ("dense", "int8"), ("convolution", "float32")):
        network = networks[name]
        rows = draw.normal(size=(BATCHES[-1], *network.input_shape[1:])).astype(np.float32)
        content = convert(network, converter, rows)
        for size in BATCHES:
            with tempfile.TemporaryDirectory() as folder:
                taken = turns(contestants(network, content, rows[:size], Path(folder)), number)
            cells = [f"{statistics.median(taken[one]):,.1f}" if one in taken else "" for one in ORDER]
            lines.append(f"| {name}, {converter} | {size} | " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
            pairs = list(zip(taken[FILE], taken[BARE], strict=True))
            if size == 1:
                over.append(statistics.median(ours - bare for ours, bare in pairs))
                asked = taken.get(ROWS, taken[ARRAYS])
                quicker.append(statistics.median(taken[KERAS]) / statistics.median(asked))
            else:
                ratio.append(statistics.median(ours / bare for ours, bare in pairs))
    print("\n".join(["", *lines]))
    claims = {
        f"at batch 1 a call takes at most 5 us more than LiteRT by hand ({max(over):.1f})": max(over) <= 5,
        f"at batch 256 at most 1.1 times as long ({max(ratio):.2f})": max(ratio) <= 1.1,
        f"at batch 1 pyfunc is 10 times quicker than Keras's predict ({min(quicker):.0f})": min(quicker)
        >= 10,
    }
    verdicts = [f"claim: {claim}: {'holds' if holds else 'falls short'}" for claim, holds in claims.items()]
    print("\n".join(verdicts))
    if options.write:
        text = ["# What a TFLite model costs\n", "`python benchmarks/tflite.py --write`\n"]
        text += [f"Microseconds a call, median of {number} blocks, one thread.\n", *lines, ""]
        text += [f"- {verdict}" for verdict in verdicts]
        (ROOT / "docs" / "tflite_speed.md").write_text("\n".join(text) + "\n")
    return 0 if all(claims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
