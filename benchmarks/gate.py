"""What does the gate cost beside MLflow's own registry? `python benchmarks/gate.py [--quick] [--write]`

Sets an alias back and forth between two versions, through MLflow's own store and through the gate, on SQLite
and PostgreSQL, with 1, 100 and 1,000 rows of evidence about each version and 10,000 decisions in the ledger
(`--quick`: 100 rows, 1,000 decisions). Then the digest of a warm file, the audit of 100,000 rows and
submissions through a server. `--write` puts the tables into docs/gate_speed.md.
"""

import argparse
import contextlib
import logging
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
POLICY = """
version: 1
models:
  "*":
    targets: [champion]
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
      - {check: evaluation, measure: auc, versus: incumbent, worse_by_at_most: 0.5}
"""
MEGABYTES = 256


def main() -> int:
    """Prints the tables and the claims; 0 only when all of them hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of each")
    parser.add_argument("--write", action="store_true", help="write docs/gate_speed.md")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    lines, claims = [], {}
    for told in (aliases, digest, audit, submissions):
        rows, found = told(options.quick)
        print("\n".join(rows), flush=True)
        lines += [*rows, ""]
        claims |= found
    verdicts = [f"claim: {claim}: {'holds' if holds else 'falls short'}" for claim, holds in claims.items()]
    print("\n".join(verdicts))
    if options.write:
        text = ["# What the gate costs\n", "`python benchmarks/gate.py --write`\n", *lines]
        text += [f"- {verdict}" for verdict in verdicts]
        (ROOT / "docs" / "gate_speed.md").write_text("\n".join(text) + "\n")
    return 0 if all(claims.values()) else 1


def aliases(quick: bool) -> tuple[list[str], dict[str, bool]]:
    """The median of setting an alias, plain and gated, and how long the gate holds its lock."""
    from tests.databases import postgresql, sqlite

    counts, decisions, times = ([100], 1_000, 30) if quick else ([1, 100, 1_000], 10_000, 100)
    rows = ["| database | evidence rows | MLflow ms | gated ms | digest ms | ratio less digest | lock ms |"]
    rows.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    ratios, locks = [], []
    for name, server in (("SQLite", sqlite), ("PostgreSQL", postgresql)):
        with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as fresh:
            for count in counts:
                plain, gated, digested, lock = _aliases(fresh(), Path(folder), count, decisions, times)
                ratio = (gated - digested) / plain
                ratios.append(ratio)
                locks.append(lock)
                cells = (f"{1000 * value:.2f}" for value in (plain, gated, digested))
                rows.append(f"| {name} | {count:,} | {' | '.join(cells)} | {ratio:.2f} | {1000 * lock:.2f} |")
    return rows, {
        f"an alias through the gate costs at most 2x MLflow's and the digest ({max(ratios):.2f}x)": max(
            ratios
        )
        <= 2,
        f"the lock is held at most 10 ms at the median ({1000 * max(locks):.1f} ms)": max(locks) <= 0.010,
    }


def _aliases(database: str, folder: Path, count: int, decisions: int, times: int) -> tuple[float, ...]:
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    from mlflow_prod.evidence import digest_of_folder
    from mlflow_prod.plugins.registry_store import build

    policy = folder / "policy.yaml"
    policy.write_text(POLICY)
    os.environ["MLFLOW_PROD_POLICY"] = str(policy)
    gated, plain = build(f"gated:{database}"), SqlAlchemyStore(database)
    gated.create_registered_model("loans")
    models = []
    for version in ("1", "2"):
        models.append(folder / f"{time.time_ns()}")
        models[-1].mkdir()
        (models[-1] / "MLmodel").write_text(f"flavors: {{}}\nnumber: {version}\n")
        gated.create_model_version("loans", str(models[-1]))
    _fill(gated, models, count, decisions)
    held: list[float] = []
    locked = gated._transactions.locked

    @contextlib.contextmanager
    def timed() -> Iterator[Any]:
        with contextlib.ExitStack() as stack:
            transaction = stack.enter_context(locked())
            start = time.perf_counter()
            try:
                yield transaction
            finally:
                stack.close()
                held.append(time.perf_counter() - start)

    gated._transactions.locked = timed
    taken: dict[str, list[float]] = {"plain": [], "gated": [], "digest": []}
    for at in range(times):
        version = str(1 + at % 2)
        calls = {
            "plain": lambda version=version: plain.set_registered_model_alias("loans", "beta", version),
            "gated": lambda version=version: gated.set_registered_model_alias("loans", "champion", version),
            "digest": lambda at=at: digest_of_folder(models[at % 2]),
        }
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - start)
    gated.engine.dispose()
    plain.engine.dispose()
    return *(statistics.median(taken[name]) for name in ("plain", "gated", "digest")), statistics.median(held)


def _fill(store: Any, models: list[Path], count: int, decisions: int) -> None:
    """Evidence about each model, and refusals of another one."""
    from mlflow_prod import registry
    from mlflow_prod.evidence import Evidence, Measure, attest, digest_of_folder

    now = datetime.now(UTC).replace(microsecond=0)
    measures = (Measure("accuracy", 0.9, 0.88, 0.92, 1000), Measure("auc", 0.95, 0.94, 0.96, 1000))
    with store._transactions.locked() as (_, ledger):
        for version, model in enumerate(models, 1):
            subject = digest_of_folder(model)
            for at in range(count):
                made = now - timedelta(seconds=count - at)
                record = Evidence("evaluation", subject, "d" * 64, measures, made_at=made)
                place = ("default", "loans", version)
                registry.add_evidence(ledger, *place, [attest(record)], {}, "ann", now)
        for at in range(decisions):
            refused = registry.refuse(registry.NoPolicy("no", True), "other", "champion", "", f"no {at}", now)
            registry.add_decision(ledger, "default", 1, "alias", refused, [], "ann")


def digest(quick: bool) -> tuple[list[str], dict[str, bool]]:
    """How quickly a warm file is digested."""
    from mlflow_prod.evidence import digest_of_folder

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "weights").write_bytes(os.urandom(MEGABYTES * 10**6))
        digest_of_folder(folder)
        start = time.perf_counter()
        digest_of_folder(folder)
        rate = MEGABYTES / 1000 / (time.perf_counter() - start)
    rows = ["| digest of a warm file | GB/s |", "| --- | ---: |", f"| {MEGABYTES} MB | {rate:.2f} |"]
    return rows, {f"files are digested at 1 GB/s ({rate:.2f})": rate >= 1}


def audit(quick: bool) -> tuple[list[str], dict[str, bool]]:
    """How long the chain of 100,000 rows takes to verify (`--quick`: 10,000, scaled)."""
    from mlflow_prod import registry
    from tests.databases import sqlite

    number = 10_000 if quick else 100_000
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder, sqlite(Path(folder)) as fresh:
        import sqlalchemy

        engine = sqlalchemy.create_engine(fresh())
        with engine.begin() as connection:
            for at in range(number):
                refused = registry.refuse(
                    registry.NoPolicy("no", True), "loans", "champion", "", f"no {at}", now
                )
                registry.add_decision(registry.Ledger(connection), "default", 1, "alias", refused, [], "ann")
        with engine.connect() as connection:
            start = time.perf_counter()
            assert list(registry.faults(connection)) == []
            seconds = (time.perf_counter() - start) * 100_000 / number
    rows = ["| audit verify | s |", "| --- | ---: |", f"| 100,000 rows | {seconds:.2f} |"]
    return rows, {f"100,000 rows are verified in under 5 s ({seconds:.1f} s)": seconds < 5}


def submissions(quick: bool) -> tuple[list[str], dict[str, bool]]:
    """How many submissions of 20 kB a server with MLflow's default workers takes, beside plain tags."""
    import secrets

    from mlflow import MlflowClient

    from mlflow_prod.evidence import Evidence, Measure, attest, digest_of_folder, pack
    from tests.serving import mlflow_server

    seconds = 6 if quick else 60
    os.environ.pop("MLFLOW_PROD_POLICY", None)
    with tempfile.TemporaryDirectory() as folder, mlflow_server(Path(folder), "--workers", "4") as server:
        client = MlflowClient(server, server)
        run = client.create_run("0")
        client.log_text(run.info.run_id, "flavors: {}\n", "model/MLmodel")
        subject = digest_of_folder(client.download_artifacts(run.info.run_id, "model"))
        client.create_registered_model("loans")
        client.create_model_version("loans", f"{run.info.artifact_uri}/model", run.info.run_id)
        slices = tuple(
            Measure("accuracy", at / 1000, slice=(("town", secrets.token_hex(16)),)) for at in range(625)
        )

        def envelope(worker: int) -> str:
            return pack([attest(Evidence(f"check_{worker}", subject, "d" * 64, slices))])

        def tag(worker: int) -> tuple[str, str]:
            return f"note_{worker}", "x" * size

        def evidence(worker: int) -> tuple[str, str]:
            return "mlflow_prod.evidence", envelope(worker)

        size = len(envelope(0))
        # Each worker of the server imports for some seconds at its first request.
        for form in (tag, evidence):
            _rate(server, form, 3)
        plain, rate = (_rate(server, form, seconds) for form in (tag, evidence))
    rows = ["| 2 clients, through a server | kB each | a minute |", "| --- | ---: | ---: |"]
    rows += [f"| MLflow's own tags | {size / 1000:.0f} | {plain:,.0f} |"]
    rows += [f"| evidence | {size / 1000:.0f} | {rate:,.0f} |"]
    return rows, {f"2,000 submissions of 20 kB a minute ({rate:,.0f})": rate >= 2_000 and size >= 20_000}


def _rate(server: str, form: Callable[[int], tuple[str, str]], seconds: float) -> float:
    """How many tags that `form` makes two clients set in a minute."""
    from mlflow import MlflowClient

    start = time.perf_counter()
    sent = [0, 0]

    def send(worker: int) -> None:
        client = MlflowClient(server, server)
        while time.perf_counter() < start + seconds:
            client.set_model_version_tag("loans", "1", *form(worker))
            sent[worker] += 1

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 60 * sum(sent) / (time.perf_counter() - start)


if __name__ == "__main__":
    sys.exit(main())
