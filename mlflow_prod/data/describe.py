"""What was loaded, in words."""

import pandas as pd

from mlflow_prod.data.dataset import Dataset


def describe(dataset: Dataset) -> str:
    """Rows, task and classes, and each column with its role and type: several lines to print."""
    task = dataset.task
    parts = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    rows = ", ".join(f"{len(part):,} {name}" for name, part in parts.items())
    lines = [
        f"{dataset.name}: {sum(map(len, parts.values())):,} rows ({rows})",
        f"task: {task.kind} of {task.target!r}",
    ]
    if task.kind == "binary":
        lines[-1] += f", classes {task.classes[0]!r} and {task.classes[1]!r} (positive)"
    elif task.classes:
        shown = ", ".join(map(repr, task.classes[:10]))
        lines[-1] += f", {len(task.classes)} classes: {shown}{', ...' if len(task.classes) > 10 else ''}"
    if dataset.schema is None:
        return "\n".join([*lines, f"images of {'x'.join(map(str, dataset.train.features.shape[1:]))}"])
    width = max(map(len, dataset.schema.columns))
    for name, column in dataset.schema.columns.items():
        line = f"  {name:<{width}}  {column.role:<9}  {column.type:<8}"
        if name in dataset.schema.inputs:
            assert isinstance(dataset.train.features, pd.DataFrame)
            missing = float(dataset.train.features[name].isna().mean())
            line += f"  {missing:.1%} missing" if missing else ""
        if column.note:
            line += f"  left out: {column.note}"
        lines.append(line.rstrip())
    dates = [name for name in dataset.schema.inputs if dataset.schema.columns[name].type == "date"]
    if dates and not dataset.schema.named("time"):
        lines.append(
            f"divided at random; time={dates[0]} would train on the oldest rows and test on the newest"
        )
    return "\n".join(lines)
