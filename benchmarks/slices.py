"""What do all slices cost? `python benchmarks/slices.py [--quick] [--write]`

Counts 1,152 slices (8 columns, each and every pair) of 10 million scored rows in a Parquet file whose texts
are dictionary-coded, with the AUC and all rates and an interval of each; beside DuckDB and polars (rates and
a histogram AUC, no intervals), pandas with scikit-learn's AUC, fairlearn's MetricFrame and aequitas (rates
alone), these on as many rows as they take in a minute; and ours by Spark on two cores, which must come to the
same counts. `--quick`: once each, fewer rows, and those alone that a claim is about. `--write` puts the
tables into docs/slices_speed.md and draws docs/images/slices_speed.png.

Every contestant runs in a process of its own, from reading the file to having the figures; its time is
without the import, its memory the most it ever took (of Spark, which is several processes, none is told).
aequitas needs an older pandas: an environment of 600 MB is made for it in the cache folder of the user, once.
What cannot be run here is said, with the reason.
"""

import argparse
import itertools
import json
import math
import os
import shutil
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
AEQUITAS = ("aequitas==1.1.0", "pandas==2.3.3", "pyarrow>=20")


class CannotRun(Exception):
    """Something that a contestant needs is not there."""


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
    from mlflow_prod.evaluate import slices

    return len(slices(counted(path))) - 1


def counted(source: object) -> object:
    from mlflow_prod.data import Task
    from mlflow_prod.evaluate import count

    return count(source, Task("binary", "label", ("0", "1")), "score", COLUMNS, crosses=2)


def by_spark(path: str) -> int:
    """Ours, the rows counted by Spark's workers."""
    from mlflow_prod.evaluate import slices

    return len(slices(counted(spark().read.parquet(path)))) - 1


def spark() -> object:
    """A session on two cores."""
    if not shutil.which("java"):
        raise CannotRun("there is no Java")
    try:
        from pyspark.sql import SparkSession
    except ImportError as problem:
        raise CannotRun("pyspark is not installed") from problem
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executorEnv.PYTHONPATH": str(ROOT),
    }
    return SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()


def same_by_spark(path: str) -> int:
    """Slices in which Spark's workers counted other rows than we do here; -1 where they have other slices."""
    here, there = (counted(source).slices for source in (path, spark().read.parquet(path)))
    if here.cuts != there.cuts:
        return -1
    return int((here.rows != there.rows).any(axis=(1, 2)).sum())


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


def aequitas(path: str) -> int:
    """Its crosstab: counts and rates of each group at one threshold."""
    import pandas as pd
    from aequitas.group import Group

    table = pd.read_parquet(path)
    asked = pd.DataFrame({"score": (table["score"] >= 0.5).astype(int), "label_value": table["label"]})
    for grouping in GROUPINGS:
        first, *others = (table[name].astype(str) for name in grouping)
        asked[" x ".join(grouping)] = first.str.cat(others, sep=" x ") if others else first
    return len(Group().get_crosstabs(asked)[0])


def python_of(name: str) -> Path:
    """The Python that a contestant runs in."""
    if name != "aequitas":
        return Path(sys.executable)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "mlflow-prod" / AEQUITAS[0].replace("==", "-")
    python, made = folder / "bin" / "python", folder / "made"
    if not made.exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, capture_output=True)
            subprocess.run(
                [python, "-m", "pip", "install", "--quiet", *AEQUITAS], check=True, capture_output=True
            )
        except (OSError, subprocess.CalledProcessError) as problem:
            # Not the command, which names folders of this machine.
            kind = type(problem).__name__
            raise CannotRun(
                f"no environment could be made for {' and '.join(AEQUITAS[:2])} ({kind})"
            ) from None
        made.touch()
    return python


OURS, SPARK, SAME = "mlflow-prod", "mlflow-prod by Spark", "same by Spark"
# Each with the rows it is asked for, in full and `--quick`; 0: left out, since no claim is about it.
CONTESTANTS: dict[str, tuple[Callable[[str], int], int, int]] = {
    OURS: (ours, 10_000_000, 10_000_000),
    SPARK: (by_spark, 10_000_000, 1_000_000),
    "DuckDB": (duckdb, 10_000_000, 10_000_000),
    "polars": (polars, 10_000_000, 0),
    "pandas, scikit-learn": (pandas, 1_000_000, 0),
    "aequitas": (aequitas, 100_000, 0),
    "fairlearn": (fairlearn, 50_000, 1_000),
}
LIMIT_S, LIMIT_MB, OVER_FAIRLEARN, OVER_DUCKDB = 2.0, 500, 1_000, 5


def main() -> int:
    """Prints the tables and the claims; 0 only where all that could be tried hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows")
    parser.add_argument("--write", action="store_true", help="write docs/slices_speed.md and its picture")
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
    found, missed, points = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (_, full, quick) in CONTESTANTS.items():
            rows = quick if options.quick else full
            if not rows:
                continue
            file = file_of(folder, rows)
            try:
                if name == SPARK:
                    different = measure(SAME, file, 1)["slices"]
                    if options.quick:
                        continue
                found[name] = measure(name, file, 3 if rows >= ROWS and not options.quick else 1)
            except CannotRun as problem:
                missed[name] = str(problem)
                told = [name, f"{rows:,}", "could not run", "", "", ""]
            else:
                points[name] = (rows, found[name]["seconds"])
                memory = "" if name == SPARK else f"{found[name]['megabytes']:,.0f}"
                told = [name, f"{rows:,}", f"{found[name]['slices']:,}", f"{found[name]['seconds']:.2f}"]
                told += [memory, f"{rows / found[name]['seconds']:,.0f}"]
            lines.append(f"| {' | '.join(told)} |")
            print(lines[-1], flush=True)
        grown = growth(folder, options.quick)
    more = ["", "| mlflow-prod, rows | s |", "| ---: | ---: |"]
    more += [f"| {rows:,} | {seconds:.3f} |" for rows, seconds in grown]
    print("\n".join(more))
    rates = {name: rows / seconds for name, (rows, seconds) in points.items()}
    scaled, over = 10_000_000 / rates[OURS], {name: rates[OURS] / rates[name] for name in rates}
    megabytes, linear = found[OURS]["megabytes"], power(grown)
    claims: dict[str, bool | None] = {
        f"10 million rows take under {LIMIT_S:g} s ({scaled:.2f} s)": scaled < LIMIT_S,
        f"they take under {LIMIT_MB} MB ({megabytes:.0f} MB)": megabytes < LIMIT_MB,
        f"rows a second: at least {OVER_FAIRLEARN:,}x fairlearn's ({over['fairlearn']:,.0f}x)": (
            over["fairlearn"] >= OVER_FAIRLEARN
        ),
        f"rows a second: at least {OVER_DUCKDB}x DuckDB's ({over['DuckDB']:.1f}x)": (
            over["DuckDB"] >= OVER_DUCKDB
        ),
        f"the cost is linear in rows (exponent {linear:.2f})": linear <= 1.1,
    }
    if SPARK in missed:
        claims[f"by Spark all counts are equal (not tried: {missed[SPARK]})"] = None
    else:
        claims[f"by Spark all counts are equal ({different:.0f} slices differ)"] = different == 0
    verdict = {True: "holds", False: "falls short", None: "unknown"}
    verdicts = [f"claim: {claim}: {verdict[holds]}" for claim, holds in claims.items()]
    verdicts += [f"not measured: {name}: {reason}" for name, reason in missed.items()]
    print("\n".join(verdicts))
    if options.write:
        text = ["# What all slices cost\n", "`python benchmarks/slices.py --write`\n", *lines, *more, ""]
        text += ["![Seconds by rows](images/slices_speed.png)", ""]
        text += [f"- {one}" for one in verdicts]
        (ROOT / "docs" / "slices_speed.md").write_text("\n".join(text) + "\n")
        draw(grown, points, ROOT / "docs" / "images" / "slices_speed.png")
    return 0 if False not in claims.values() else 1


def file_of(folder: str, rows: int) -> Path:
    """A file of so many rows, written where there is none yet."""
    path = Path(folder, f"{rows}.parquet")
    if not path.exists():
        write_rows(path, rows)
    return path


def growth(folder: str, quick: bool) -> list[tuple[int, float]]:
    """(rows, seconds) of ours, from few rows to many."""
    rows = [100_000, 1_000_000] if quick else [10_000, 100_000, 1_000_000, 10_000_000]
    times = 1 if quick else 3
    return [(number, measure(OURS, file_of(folder, number), times)["seconds"]) for number in rows]


def power(grown: list[tuple[int, float]]) -> float:
    """By which power of the rows the time grows at the end; making the table costs the same at any."""
    (few, before), (many, after) = grown[-2:]
    return math.log(after / before) / math.log(many / few)


def draw(grown: list[tuple[int, float]], points: dict[str, tuple[int, float]], path: Path) -> None:
    """Seconds by rows: ours beside what they would be if linear, the others where they were measured."""
    from mlflow_prod.report import style

    drawn = style.figure(8.2, 4.6)
    axes = drawn.subplots()
    rows, seconds = zip(*grown, strict=True)
    least = [seconds[-1] * number / rows[-1] for number in rows]
    axes.plot(rows, least, color=style.FAINT, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(rows, seconds, color=style.BLUE, marker="o", linewidth=2)
    order = sorted(points, key=lambda name: points[name])
    for at, name in enumerate(order):
        color = style.BLUE if name == OURS else style.ORANGE
        axes.plot(*points[name], color=color, marker="o")
        # To both sides in turn, as several took the same rows about as long.
        across, side = (7, "left") if at % 2 == order.index(OURS) % 2 else (-7, "right")
        axes.annotate(
            name, points[name], (across, 0), textcoords="offset points", ha=side, va="center",
            size=style.SMALL, color=color,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(rows[0] / 2, rows[-1] * 8)
    axes.xaxis.set_major_formatter(lambda number, _: f"{number:,.0f}")
    axes.yaxis.set_major_formatter(lambda taken, _: f"{taken:g}")
    axes.minorticks_off()
    axes.set_xlabel("rows", size=style.SMALL, color=style.FAINT)
    axes.set_ylabel("seconds", size=style.SMALL, color=style.FAINT)
    style.plain(axes, grid="both")
    note = "8 columns, each and every pair: 1,152 slices; dashed: as if in proportion to rows from the start"
    style.headline(drawn, f"All slices of {rows[-1]:,} rows take {seconds[-1]:.2f} s", note)
    drawn.savefig(path)


def measure(name: str, file: Path, times: int) -> dict[str, float]:
    """Medians of runs, each in a process of its own; CannotRun where something that it needs is missing."""
    runs, python = [], python_of(name)
    for _ in range(times):
        command = [python, __file__, "--run", name, str(file)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = json.loads(said.splitlines()[-1])
        if "missing" in found:
            raise CannotRun(found["missing"])
        runs.append(found)
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def run(name: str, file: str) -> dict[str, float | str]:
    """One run, after one on a few rows that imports and compiles."""
    contestant = same_by_spark if name == SAME else CONTESTANTS[name][0]
    try:
        with tempfile.TemporaryDirectory() as folder:
            contestant(str(file_of(folder, 2_000)))
    except CannotRun as problem:
        return {"missing": str(problem)}
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
