"""Does the demo's story hold for every seed? `python benchmarks/story.py [--quick] [--write]`

Runs the whole of `main` on `loans` for 20 seeds (`--quick`: one), each in a fresh store, and prints what was
refused, promoted and refused again. `--write` puts the table into docs/story.md.
"""

import argparse
import contextlib
import io
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
GAP = "gap/sex/true_positive_rate"
HEADER = "| seed | gap as trained | gap reweighed | drifted share | int8 smaller by | seconds | story |"


def main() -> int:
    """Prints the table and the claims; 0 only when all of them hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed")
    parser.add_argument("--write", action="store_true", help="write docs/story.md")
    options = parser.parse_args()
    lines = [HEADER, "| ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    print("\n".join(lines), flush=True)
    told, ratios, seconds = [], [], []
    for seed in range(1 if options.quick else 20):
        line, holds, ratio, taken = tell(seed)
        print(line, flush=True)
        lines.append(line)
        told.append(holds)
        ratios.append(ratio)
        seconds.append(taken)
    claims = {
        f"the story holds for {sum(told)} of {len(told)} seeds": all(told),
        f"the int8 file is at least 2.5x smaller (least: {min(ratios):.2f}x)": min(ratios) >= 2.5,
        f"main takes under 2 minutes (most: {max(seconds):.0f} s)": max(seconds) < 120,
    }
    verdicts = [f"claim: {claim}: {'holds' if holds else 'falls short'}" for claim, holds in claims.items()]
    print("\n".join(verdicts))
    if options.write:
        text = "\n".join(
            ["# The demo's story, seed by seed\n", "`python benchmarks/story.py --write`\n", *lines]
        )
        (ROOT / "docs" / "story.md").write_text(
            text + "\n\n" + "\n".join(f"- {one}" for one in verdicts) + "\n"
        )
    return 0 if all(claims.values()) else 1


def tell(seed: int) -> tuple[str, bool, float, float]:
    """The row of one seed, whether the story held, the compression ratio, and seconds."""
    from projects.main import main as whole_path
    from projects.source import Source

    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/mlflow.db"
        os.environ |= {
            "MLFLOW_TRACKING_URI": database,
            "MLFLOW_REGISTRY_URI": f"gated:{database}",
            "MLFLOW_PROD_POLICY": str(ROOT / "policy.yaml"),
        }
        import mlflow

        experiment = mlflow.create_experiment("story", artifact_location=f"{folder}/artifacts")
        mlflow.set_experiment(experiment_id=experiment)
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            attempts = whole_path(Source(data="loans", seed=seed))
        taken = time.perf_counter() - start
        made = _metrics(experiment, "compress")
        drift = _metrics(experiment, "monitor")[-1]["drifted_share"]
    holds = [(attempt.model, attempt.reasons.count("1 reason:")) for attempt in attempts] == [
        ("models:/loans/1", 1),
        ("models:/loans/2", 0),
        ("models:/loans/2", 1),
    ] and ("sex" in attempts[0].reasons and "drifted_share" in attempts[2].reasons)
    gaps = " | ".join(f"{metrics[GAP]:.3f}" for metrics in made)
    ratio = min(metrics["compression_ratio"] for metrics in made)
    verdict = "holds" if holds else "; ".join(str(attempt) for attempt in attempts).replace("\n", " ")
    return f"| {seed} | {gaps} | {drift:.2f} | {ratio:.2f}x | {taken:.0f} | {verdict} |", holds, ratio, taken


def _metrics(experiment: str, entry_point: str) -> list[dict[str, float]]:
    import mlflow

    found = mlflow.search_runs(
        [experiment],
        f"tags.entry_point = '{entry_point}'",
        order_by=["start_time ASC"],
        output_format="list",
    )
    return [run.data.metrics for run in found]


if __name__ == "__main__":
    sys.exit(main())
