"""The whole path, from data to a gated registry: `mlflow run . -P data=loans`."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from mlflow_prod.candidate import read_recipes
from mlflow_prod.data import load_batch
from mlflow_prod.errors import Refused
from mlflow_prod.tracking import Run, hold_gated
from projects.compress import compress
from projects.entry_point import entry_point, launch
from projects.evaluate import evaluate
from projects.monitor import monitor
from projects.promote import holder_of, named, promote
from projects.register import check_name, register
from projects.source import Source
from projects.train import train

# What `loans` meets in production: first more of the same, then an economy that has changed.
LOANS_PRODUCTION = "loans?rows=10000&batch=1"
LOANS_DRIFTED = "loans?rows=10000&batch=2&drift=covariate,prior"


@dataclass(frozen=True)
class Attempt:
    """One promotion that was asked for, and the answer; `reasons` is empty where it was allowed."""

    model: str
    what: str
    reasons: str

    @property
    def outcome(self) -> str:
        """`promoted` or `refused`."""
        return "refused" if self.reasons else "promoted"

    def __str__(self) -> str:
        said = f"{self.outcome:<8} {self.model} ({self.what})"
        return f"{said}\n{self.reasons}" if self.reasons else said


@entry_point
def main(
    run: Run,
    source: Source = Source(data="loans"),
    name: str = "",
    units: str = "128,128",
    epochs: int = 10,
    recipes: str = "int8",
    targets: str = "Production,champion",
    production: str = "",
    drifted: str = "",
) -> list[Attempt]:
    """Train, compress, register, monitor and promote; where the gate refuses, once more with the remedy."""
    name = name or name_of(source.data)
    if name_of(source.data) == "loans":
        production, drifted = production or LOANS_PRODUCTION, drifted or LOANS_DRIFTED
    run.rename(f"main, {name}")
    # What would only fail after minutes of training.
    check_name(name)
    read_recipes(recipes)
    named(targets)
    hold_gated(name)
    dataset = source.load()
    for batch in filter(None, (production, drifted)):
        load_batch(batch, dataset.schema, dataset.task, seed=source.seed)

    def candidate(remedy: Literal["none", "reweighing"]) -> str:
        step(f"train {name}, remedy: {remedy}")
        trained = train(source, units=units, epochs=epochs, remedy=remedy)
        step(f"compress by {recipes}, and measure the compressed file")
        small = compress(trained.uri, recipes=recipes)
        step("register with all its evidence")
        version = register(small.uri, name)
        if incumbent := holder_of(name, named(targets)[0]):
            step(f"compare with {incumbent} on the same rows")
            evaluate(f"models:/{name}/{version}", against=incumbent)
        if production:
            step(f"monitor on {production}")
            monitor(f"models:/{name}/{version}", production, seed=source.seed)
        return version

    def attempt(version: str, what: str) -> bool:
        step(f"promote models:/{name}/{version} to {targets}")
        try:
            promote(name, version, targets)
            reasons = ""
        except Refused as refusal:
            reasons = str(refusal)
            print(f"refused: {reasons}")
        attempts.append(Attempt(f"models:/{name}/{version}", what, reasons))
        return not reasons

    attempts: list[Attempt] = []
    version = candidate("none")
    promoted = attempt(version, "as trained")
    if not promoted and dataset.task.kind != "regression" and dataset.schema and dataset.schema.protected:
        version = candidate("reweighing")
        promoted = attempt(version, "trained with reweighing")
    if promoted and drifted:
        step(f"monitor on {drifted}")
        monitor(f"models:/{name}/{version}", drifted, seed=source.seed)
        attempt(version, "again, after production has drifted")

    rows = [(made.model, made.what, made.outcome, made.reasons) for made in attempts]
    run.log_table(pd.DataFrame(rows, columns=["model", "what", "outcome", "reasons"]), "promotions")
    summary = "\n".join(map(str, attempts))
    run.describe(summary)
    print("\n" + "=" * 78 + "\n" + summary)
    return attempts


def name_of(data: str) -> str:
    """The name under which a model of some data is registered: `loans`, `adult` for `path/adult.data.gz`."""
    return re.split(r"[.?]", Path(data.split(":")[-1]).name)[0] or "model"


def step(title: str) -> None:
    """Says what comes next."""
    print(f"\n--- {title}", flush=True)


if __name__ == "__main__":
    launch(main)
