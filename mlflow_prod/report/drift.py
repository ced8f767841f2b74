"""How far each column has moved, worst first."""

from collections.abc import Sequence
from typing import Any

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import Measure
from mlflow_prod.report import style

COLUMNS = 30


def drift(measures: Sequence[Measure], threshold: float = 0.1) -> Any:
    """A matplotlib Figure: the PSI of each column as a bar, orange where the column has drifted.

    `measures` as `monitor.compare` returns them; `threshold` is the PSI that is marked. The 30 columns
    with the largest PSI are drawn. Raises InvalidParameter without a PSI.
    """
    by_name = {measure.name: measure for measure in measures}
    columns = [name.removesuffix("/psi") for name in by_name if name.endswith("/psi")]
    if not columns:
        raise InvalidParameter(
            "measures", "what monitor.compare returned, with a psi for each column", list(by_name)
        )
    columns.sort(key=lambda column: -by_name[f"{column}/psi"].value)
    moved = [column for column in columns if (flag := by_name.get(f"{column}/drifted")) and flag.value]
    shown = columns[:COLUMNS]
    values = [by_name[f"{column}/psi"].value for column in shown]
    drawn = style.figure(8.2, 1.9 + 0.30 * len(shown))
    axes = drawn.subplots()
    colors = [style.ORANGE if column in moved else style.BLUE for column in shown]
    axes.barh(range(len(shown)), values, height=0.62, color=colors)
    axes.axvline(threshold, color=style.INK, linewidth=1.1, linestyle=(0, (4, 3)))
    for at, value in enumerate(values):
        axes.annotate(
            f"{value:.3f}", (value, at), (5, 0), textcoords="offset points", va="center", size=style.SMALL,
            color=style.INK, bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    axes.set_yticks(range(len(shown)), [style.shortened(column) for column in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, max(*values, threshold * 1.5) * 1.12)
    axes.set_xlabel(f"population stability index; dashed: {threshold:g}", size=style.SMALL, color=style.FAINT)
    style.plain(axes)
    rows = f"{by_name[f'{columns[0]}/psi'].n or 0:,} rows against the baseline"
    note = rows + ("; orange: past the threshold and more than chance" if moved else "")
    if len(shown) < len(columns):
        note += f"; the {len(shown)} of {len(columns)} columns that moved most"
    title = f"{len(moved)} of {len(columns)} columns have drifted" if moved else "No column has drifted"
    style.headline(drawn, title, note)
    return drawn
