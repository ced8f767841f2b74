"""What do all slices cost? `python benchmarks/slices.py [--quick] [--write]`

Counts 1,152 slices (8 columns, each and every pair) of 10 million scored rows in a Parquet file whose texts
are dictionary-coded, with the AUC and all rates and an interval of each; beside DuckDB and polars (rates and
a histogram AUC, no intervals), pandas with scikit-learn's AUC, fairlearn's MetricFrame and aequitas (rates
alone), these on as many rows as they take in a minute. `--quick`: fewer rows of each. `--write` puts the
tables into docs/slices_speed.md.

Every contestant runs in a process of its own, from reading the file to having the figures; its time is
without the import, its memory the most it ever took.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
LEVELS = {"sex": 2, "age": 5, "region": 7, "purpose": 6, "job": 10, "housing": 4, "month": 12, "channel": 5}
COLUMNS = list(LEVELS)
GROUPINGS = [[name] for name in COLUMNS] + [list(pair) for pair in itertools.combinations(COLUMNS, 2)]
ROWS = 1_000_000


def write_rows(path: Path, rows: int) -> None:
    """Scored loans: a label, a score that knows something of it, and eight columns of texts."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng, writer = np.random.default_rng(0), None
    for start in range(0, rows, ROWS):
        n = min(ROWS, rows - start)
        label = (rng.random(n) < 0.3).astype(np.int8)
        score = 1 / (1 + np.exp(-(2 * label - 1.8 + rng.normal(size=n))))
        columns = {
            name: pa.DictionaryArray.from_arrays(
                rng.integers(0, levels, n).astype(np.int32), [f"{name} {level}" for level in range(levels)]
            )
            for name, levels in LEVELS.items()
        }
        table = pa.table({**columns, "label": label, "score": score})
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def ours(path: str) -> int:
    from mlflow_prod.data import Task
    from mlflow_prod.evaluate import count, slices

    return len(slices(count(path, Task("binary", "label", ("0", "1")), "score", COLUMNS, crosses=2))) - 1


def duckdb(path: str) -> int:
    """Rates and an AUC from bins, over a table in memory whose texts are an ENUM."""
    import duckdb as db

    found, connection = 0, db.connect()
    for name, levels in LEVELS.items():
        texts = ", ".join(f"'{name} {level}'" for level in range(levels))
        connection.execute(f"CREATE TYPE {name}_enum AS ENUM ({texts})")
    columns = ", ".join(f"{name}::{name}_enum AS {name}" for name in COLUMNS)
    connection.execute(
        f"CREATE TABLE scored AS SELECT {columns}, label, score >= 0.5 AS chosen, "
        f"CAST(floor(16 * ln(score / (1 - score))) AS SMALLINT) AS bin FROM read_parquet('{path}')"
    )
    for grouping in GROUPINGS:
        names = ", ".join(grouping)
        rows = connection.execute(
            f"""WITH cells AS (
                SELECT {names}, bin, sum(label) AS p, count(*) - sum(label) AS n,
                count(*) FILTER (chosen) AS c, count(*) FILTER (chosen AND label = 1) AS tp
                FROM scored GROUP BY {names}, bin
            ), below AS (
                SELECT *, sum(n) OVER (PARTITION BY {names} ORDER BY bin) - n / 2 AS under FROM cells
            ) SELECT {names}, sum(p * under) / (sum(p) * sum(n)) AS auc, sum(tp) / sum(p) AS tpr,
            (sum(c) - sum(tp)) / sum(n) AS fpr, sum(c) / (sum(p) + sum(n)) AS rate
            FROM below GROUP BY {names}"""
        ).fetchall()
        found += len(rows)
    return found


def polars(path: str) -> int:
    """The same with polars."""
    import polars as pl

    label, score = pl.col("label"), pl.col("score")
    table = pl.read_parquet(path).with_columns(
        ((score / (1 - score)).log() * 16).floor().cast(pl.Int32).alias("bin"), (score >= 0.5).alias("chosen")
    )
    found = 0
    for grouping in GROUPINGS:
        cells = (
            table.lazy()
            .group_by([*grouping, "bin"])
            .agg(
                (label == 1).sum().alias("p"),
                (label == 0).sum().alias("n"),
                ((label == 1) & pl.col("chosen")).sum().alias("tp"),
                ((label == 0) & pl.col("chosen")).sum().alias("fp"),
            )
            .sort("bin")
            .with_columns((pl.col("n").cum_sum().over(grouping) - pl.col("n") / 2).alias("under"))
            .group_by(grouping)
            .agg(
                (pl.col("p") * pl.col("under")).sum() / (pl.col("p").sum() * pl.col("n").sum()),
                (pl.col("tp").sum() / pl.col("p").sum()).alias("tpr"),
                (pl.col("fp").sum() / pl.col("n").sum()).alias("fpr"),
            )
        )
        found += cells.collect().height
    return found


def pandas(path: str) -> int:
    """Rates by group, and scikit-learn's AUC of each group's rows."""
    import pandas as pd
    from sklearn.metrics import roc_auc_score

    table = pd.read_parquet(path)
    table["chosen"] = table["score"] >= 0.5
    found = 0
    for grouping in GROUPINGS:
        groups = table.groupby(grouping, observed=True)
        groups["chosen"].mean()
        table[table["label"] == 1].groupby(grouping, observed=True)["chosen"].mean()
        table[table["label"] == 0].groupby(grouping, observed=True)["chosen"].mean()
        found += len([roc_auc_score(part["label"], part["score"]) for _, part in groups])
    return found


def fairlearn(path: str) -> int:
    """MetricFrame with four rates and the AUC."""
    import pandas as pd
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import accuracy_score, roc_auc_score

    table = pd.read_parquet(path)
    metrics = {
        "accuracy": accuracy_score,
        "rate": selection_rate,
        "tpr": true_positive_rate,
        "fpr": false_positive_rate,
    }
    found = 0
    for grouping in GROUPINGS:
        chosen, groups = table["score"] >= 0.5, table[grouping].astype(str)
        common = {"y_true": table["label"], "sensitive_features": groups}
        MetricFrame(metrics=metrics, y_pred=chosen, **common).by_group  # noqa: B018
        found += len(MetricFrame(metrics=roc_auc_score, y_pred=table["score"], **common).by_group)
    return found


# Each with the rows it is asked for, in full and `--quick`.
CONTESTANTS: dict[str, tuple[Callable[[str], int], int, int]] = {
    "mlflow-prod": (ours, 10_000_000, 2_000_000),
    "DuckDB": (duckdb, 10_000_000, 2_000_000),
    "polars": (polars, 10_000_000, 2_000_000),
    "pandas, scikit-learn": (pandas, 1_000_000, 100_000),
    "fairlearn": (fairlearn, 50_000, 5_000),
}
LIMIT_S, LIMIT_MB, OVER_FAIRLEARN, OVER_DUCKDB = 2.0, 500, 1_000, 5


def main() -> int:
    """Prints the tables and the claims; 0 only when all of them hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows")
    parser.add_argument("--write", action="store_true", help="write docs/slices_speed.md")
    parser.add_argument("--run", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(run(*options.run)))
        return 0
    lines = [
        "| of 8 columns | rows | slices | s | MB | rows a second |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    print("\n".join(lines), flush=True)
    rates, found = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for name, (_, full, quick) in CONTESTANTS.items():
            rows = quick if options.quick else full
            if rows not in files:
                files[rows] = Path(folder, f"{rows}.parquet")
                write_rows(files[rows], rows)
            found[name] = measure(name, files[rows], 3 if rows >= ROWS else 1)
            rates[name] = rows / found[name]["seconds"]
            told = [name, f"{rows:,}", f"{found[name]['slices']:,}", f"{found[name]['seconds']:.2f}"]
            told += [f"{found[name]['megabytes']:,.0f}", f"{rates[name]:,.0f}"]
            lines.append(f"| {' | '.join(told)} |")
            print(lines[-1], flush=True)
        more, linear = growth(folder, options.quick)
    print("\n".join(more))
    mine = found["mlflow-prod"]
    scaled = mine["seconds"] * (10_000_000 / (CONTESTANTS["mlflow-prod"][2 if options.quick else 1]))
    over = {name: rates["mlflow-prod"] / rates[name] for name in rates}
    claims = {
        f"10 million rows take under {LIMIT_S:g} s ({scaled:.2f} s)": scaled < LIMIT_S,
        f"they take under {LIMIT_MB} MB ({mine['megabytes']:.0f} MB)": mine["megabytes"] < LIMIT_MB,
        f"rows a second: at least {OVER_FAIRLEARN:,}x fairlearn's ({over['fairlearn']:,.0f}x)": over[
            "fairlearn"
        ]
        >= OVER_FAIRLEARN,
        f"rows a second: at least {OVER_DUCKDB}x DuckDB's ({over['DuckDB']:.1f}x)": over["DuckDB"]
        >= OVER_DUCKDB,
        f"the cost is linear in rows (exponent {linear:.2f})": linear <= 1.1,
    }
    verdicts = [f"claim: {claim}: {'holds' if holds else 'falls short'}" for claim, holds in claims.items()]
    print("\n".join(verdicts))
    if options.write:
        text = ["# What all slices cost\n", "`python benchmarks/slices.py --write`\n", *lines, "", *more, ""]
        text += [f"- {verdict}" for verdict in verdicts]
        (ROOT / "docs" / "slices_speed.md").write_text("\n".join(text) + "\n")
    return 0 if all(claims.values()) else 1


def growth(folder: str, quick: bool) -> tuple[list[str], float]:
    """Ours from few rows to many, and by which power of the rows the time grows over the last hundredfold."""
    rows = [10_000, 100_000, 1_000_000] + ([] if quick else [10_000_000])
    seconds = []
    for number in rows:
        file = Path(folder, f"{number}.parquet")
        if not file.exists():
            write_rows(file, number)
        seconds.append(measure("mlflow-prod", file, 3)["seconds"])
    told = [f"| {number:,} | {taken:.3f} |" for number, taken in zip(rows, seconds, strict=True)]
    import math

    # A fixed cost, of making a table of a thousand slices, stands at the start.
    return ["", "| mlflow-prod, rows | s |", "| ---: | ---: |", *told], math.log10(seconds[-1] / seconds[-2])


def measure(name: str, file: Path, times: int) -> dict[str, float]:
    """Medians of runs, each in a process of its own."""
    runs = []
    for _ in range(times):
        command = [sys.executable, __file__, "--run", name, str(file)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        runs.append(json.loads(said.splitlines()[-1]))
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def run(name: str, file: str) -> dict[str, float]:
    """One run, after one on a few rows that imports and compiles."""
    contestant = CONTESTANTS[name][0]
    with tempfile.TemporaryDirectory() as folder:
        few = Path(folder, "few.parquet")
        write_rows(few, 2_000)
        contestant(str(few))
    start = time.perf_counter()
    slices = contestant(file)
    seconds = time.perf_counter() - start
    # Not `getrusage`, which remembers what the process was a copy of.
    status = Path("/proc/self/status").read_text()
    most = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return {"seconds": seconds, "slices": slices, "megabytes": int(most.split()[1]) / 1e3}


if __name__ == "__main__":
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    sys.exit(main())
