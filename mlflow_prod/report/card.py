"""The model card: what a person should know before using a model."""

from collections.abc import Iterable, Sequence

from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import Evidence, Measure
from mlflow_prod.evidence.measure import told
from mlflow_prod.report import style

# MLflow keeps descriptions of at most this many characters.
LONGEST = 5_000
SHOWN = ("accuracy", "auc", "true_positive_rate", "false_positive_rate", "r2", "mae", "mean_error")
COLUMNS = 4
TOP = 5

INTENDED = (
    "Rows like those of the data named here, scored for the decision that the target stands for. Not for "
    "other populations, nor for decisions without a person who can be asked for reasons."
)
LIMITS = (
    "Figures describe the rows they were measured on; n and 95% intervals say how surely.",
    "Slices and rates of fewer than 10 rows are left out, so the smallest groups have not been judged.",
    "Explanations say what moved the model, not what causes the target.",
)


def model_card(
    task: Task,
    data: str,
    subject: str,
    evidence: Sequence[Evidence],
    *,
    name: str = "",
    recipe: str = "",
    intended_use: str = INTENDED,
    limits: Iterable[str] = LIMITS,
) -> str:
    """Markdown of at most 5,000 characters, which MLflow takes as a description.

    Data, intended use, figures of all rows and by slice, what moves the model, limits, and the evidence.
    Where the slices do not fit, the last ones are left out and counted. Of evidence for the same check on the
    same data the newest is shown.

    Parameters
    ----------
    data : what the data is called; of a path its last part is shown, the folders are nobody's business.
    subject : the model's digest, 64 hex digits.
    evidence : records about this model.
    name : of the registered model, which heads the card; else the target does.
    recipe : how the model was made, such as `int8`.
    intended_use, limits : words of the person answering for the model.

    Raises InvalidParameter where the words alone are longer than that.
    """
    newest: dict[tuple[str, str], Evidence] = {}
    for record in sorted(evidence, key=lambda record: record.made_at):
        newest[record.check, record.data] = record
    records = list(newest.values())
    measures = _distinct(measure for record in records for measure in record)
    what = f"{task.target} ({task.kind}{': ' + ', '.join(task.classes) if task.classes else ''})"
    head = [
        f"# {_cell(name or task.target)}: model card",
        "",
        f"**Predicts** {_cell(what, 300)}. **Data** {_cell(data.rsplit('/', 1)[-1], 200)}. "
        + (f"**Made by** {_cell(recipe)}. " if recipe else "")
        + f"**Model** sha256 `{subject[:16]}`.",
        "",
        f"## Intended use\n\n{intended_use}\n",
    ]
    found = _overall(measures)
    head += ["## All rows\n", *found, ""] if found else ["Nothing has been measured yet.\n"]
    held_back = [f"- {limit}" for limit in limits]
    tail = [*_important(measures), "## Limits\n", *held_back, "", *_records(records)]
    table = _by_slice(measures)
    room = LONGEST - len("\n".join([*head, *tail])) - 120
    if room < 0:
        raise InvalidParameter("intended_use and limits", f"{-room} characters shorter", intended_use)
    return "\n".join([*head, *_fitted(table, room), *tail]).rstrip() + "\n"


def _distinct(measures: Iterable[Measure]) -> list[Measure]:
    return list({(measure.title, measure.against): measure for measure in measures}.values())


def _overall(measures: Sequence[Measure]) -> list[str]:
    skipped = ("importance/", "recall/")
    rows = [
        f"| {_cell(style.words(m.name), 60)} | {m.figure} | {'' if m.n is None else f'{m.n:,}'} |"
        for m in measures
        if not m.slice
        and not m.against
        and not m.name.startswith(skipped)
        and (m.name.count("/") == 0 or m.name.startswith(("gap/", "difference/")))
    ]
    return ["| measure | value [95% interval] | n |", "| --- | --- | ---: |", *rows[:32]] if rows else []


def _by_slice(measures: Sequence[Measure]) -> list[str]:
    sliced = [measure for measure in measures if measure.slice and not measure.against]
    held = {measure.name for measure in sliced}
    names = [name for name in SHOWN if name in held][:COLUMNS] or sorted(held)[:COLUMNS]
    if not names:
        return []
    by_title = {(measure.slice, measure.name): measure for measure in sliced}
    lines = [
        "## By slice\n",
        "| slice | n | " + " | ".join(_cell(style.words(name), 40) for name in names) + " |",
        "| --- | ---: |" + " --- |" * len(names),
    ]
    for cut in dict.fromkeys(measure.slice for measure in sliced):
        n = max((m.n or 0 for m in sliced if m.slice == cut), default=0)
        figures = [m.figure if (m := by_title.get((cut, name))) else "" for name in names]
        lines.append(f"| {_cell(told(cut), 40)} | {n:,} | " + " | ".join(figures) + " |")
    return [*lines, ""]


def _fitted(lines: list[str], room: int) -> list[str]:
    if len("\n".join(lines)) <= room:
        return lines
    kept, body = lines[:3], lines[3:-1]
    for at, line in enumerate(body):
        if len("\n".join([*kept, line])) > room:
            left = len(body) - at
            return [*kept, "", f"{left} more slices are in the run's table `slices`.\n"] if at else []
        kept.append(line)
    return [*kept, ""]


def _important(measures: Sequence[Measure]) -> list[str]:
    found = [m for m in measures if m.name.startswith("importance/")][:TOP]
    if not found:
        return []
    names = ", ".join(f"{_cell(m.name.removeprefix('importance/'), 40)} ({m.value:.3g})" for m in found)
    return [f"## What moves it\n\nMean |SHAP value|, largest first: {names}.\n"]


def _records(records: Sequence[Evidence]) -> list[str]:
    if not records:
        return []
    lines = [
        f"| {one.check} | {len(one.measures)} | `{one.data[:12]}` | {one.made_at:%Y-%m-%d %H:%M %Z} |"
        for one in records[-12:]
    ]
    return [
        "## Evidence when the card was written\n",
        "| check | measures | data | made at |",
        "| --- | ---: | --- | --- |",
        *lines,
        "",
    ]


def _cell(text: str, length: int = 80) -> str:
    """Names come from data: they may not break a table or open a link or tag."""
    flat = " ".join(style.shortened(text, length).split())
    return "".join(f"\\{sign}" if sign in "|\\`*[]<>#" else sign for sign in flat)
