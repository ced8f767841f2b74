"""Evidence in a line."""

from mlflow_prod.evidence import Evidence

# Of each check, the figures that one looks at first; of other checks, the first ones.
FIRST = {
    "evaluation": ("accuracy", "auc", "log_loss", "r2", "mae"),
    "compression": ("agreement", "difference/accuracy", "difference/mae", "compression_ratio", "bytes"),
    "latency": ("p50", "p95"),
    "monitoring": ("drifted_share", "drifted_columns"),
}
MOST = 4


def headline(evidence: Evidence) -> str:
    """The check and up to four figures of all rows; of fairness the gaps, the largest of each column first.

    >>> from mlflow_prod.evidence import Measure
    >>> headline(Evidence("latency", "0" * 64, "1" * 64, (Measure("p50", 0.12, unit="ms"),)))
    'latency: p50 0.12 ms'
    """
    overall = {measure.name: measure for measure in evidence if not measure.slice and not measure.against}
    names = _gaps({name: measure.value for name, measure in overall.items()}) or [
        name for name in FIRST.get(evidence.check, ()) if name in overall
    ]
    shown = [str(overall[name]).removeprefix("importance/") for name in names or overall][:MOST]
    return f"{evidence.check}: {', '.join(shown) or 'nothing of all rows'}"


def _gaps(values: dict[str, float]) -> list[str]:
    largest: dict[str, str] = {}
    for name, value in values.items():
        if name.startswith("gap/"):
            column = name.rpartition("/")[0]
            held = largest.setdefault(column, name)
            largest[column] = name if value > values[held] else held
    first = [*largest.values()]
    return first + [name for name in values if name.startswith("gap/") and name not in first]
