"""One MLflow run: opened or resumed, filled, and closed as finished or failed."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlflow_prod.errors import ProdError
from mlflow_prod.evidence import Measure
from mlflow_prod.tracking.names import metric_names

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from mlflow_prod.data import Dataset, Part, Rows

# The limits of MLflow's batch call, of a tag that people read, and of its column for a data set's digest.
METRICS_A_BATCH = 1000
NOTE_LENGTH = 5000
# What MLflow calls a run that nobody named: `rumbling-stoat-344`.
RANDOM_NAME = re.compile(r"[a-z]+-[a-z]+-\d+")
DIGEST_LENGTH = 36


class Run:
    """What a script may log into its run. Everything goes through MLflow's own API, in batches."""

    def __init__(self, run_id: str, *, may_rename: bool = True):
        from mlflow import MlflowClient

        self.id = run_id
        self._may_rename = may_rename
        self._client = MlflowClient()

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Logs the parameters that are not there yet: `mlflow run` logs its own before the code starts."""
        from mlflow.entities import Param

        there = self._client.get_run(self.id).data.params
        absent = {name: value for name, value in parameters.items() if name not in there}
        self._client.log_batch(self.id, params=[Param(name, _spelt(value)) for name, value in absent.items()])

    def log_measures(
        self,
        measures: Sequence[Measure],
        *,
        model_id: str | None = None,
        part: "Part | Rows | None" = None,
        data_name: str = "data",
    ) -> None:
        """Logs each measure's value as a metric under its title, linked to a logged model and a data set."""
        digest = part.digest[:DIGEST_LENGTH] if part is not None else None
        names = metric_names(measure.title for measure in measures)
        self._log_metrics(
            [(name, measure.value, 0) for name, measure in zip(names, measures, strict=True)],
            model_id=model_id,
            dataset_name=data_name if digest else None,
            dataset_digest=digest,
        )

    def log_curves(self, curves: Mapping[str, Sequence[float]]) -> None:
        """Logs curves, one value an epoch, as metrics whose step is the epoch."""
        self._log_metrics(
            [(f"epoch/{n}", v, step) for n, curve in curves.items() for step, v in enumerate(curve)]
        )

    def log_dataset(self, dataset: "Dataset") -> None:
        """Logs the digest and size of each part of the data as an input of the run."""
        import mlflow

        for context in ("train", "validation", "test"):
            mlflow.log_input(
                _described(f"{dataset.name}/{context}", getattr(dataset, context)), context=context
            )

    def log_batch_of_data(self, name: str, part: "Part | Rows", context: str = "production") -> None:
        """Logs the digest and size of a batch of data as an input of the run."""
        import mlflow

        mlflow.log_input(_described(name, part), context=context)

    def log_figure(self, figure: "Figure", name: str) -> None:
        """Logs a figure as `plots/NAME.png`."""
        self._client.log_figure(self.id, figure, f"plots/{name}.png")

    def log_table(self, table: "pd.DataFrame", name: str) -> None:
        """Logs a table as `tables/NAME.json`, which MLflow's UI shows and compares over runs."""
        self._client.log_table(self.id, table, f"tables/{name}.json")

    def log_text(self, text: str, path: str) -> None:
        """Logs a text at a path among the run's artifacts."""
        self._client.log_text(self.id, text, path)

    def log_bytes(self, content: bytes, path: str) -> None:
        """Logs bytes at a path among the run's artifacts."""
        import tempfile
        from pathlib import Path

        folder, _, name = path.rpartition("/")
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch, name)
            file.write_bytes(content)
            self._client.log_artifact(self.id, str(file), folder or None)

    def rename(self, name: str) -> None:
        """Gives the run a name that tells it from others of its kind, unless its user may have chosen one."""
        if self._may_rename:
            self._client.update_run(self.id, name=name)

    def describe(self, text: str) -> None:
        """Sets the description that the UI shows at the head of the run."""
        self._client.set_tag(self.id, "mlflow.note.content", text[:NOTE_LENGTH])

    def set_tag(self, name: str, value: str) -> None:
        """Sets a tag of the run."""
        self._client.set_tag(self.id, name, value)

    def _log_metrics(self, metrics: Sequence[tuple[str, float, int]], **link: str | None) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        batch = [Metric(name, float(value), now, step, **link) for name, value, step in metrics]
        for start in range(0, len(batch), METRICS_A_BATCH):
            self._client.log_batch(self.id, metrics=batch[start : start + METRICS_A_BATCH])


@contextmanager
def open_run(entry_point: str, parameters: Mapping[str, Any]) -> Iterator[Run]:
    """Opens a run for an entry point: the one `mlflow run` made, a child of the active one, or a new one.

    The run ends FINISHED, or FAILED when the block raises, Ctrl-C included; the message of an error that a
    person can mend is kept in the run's tag `error` and in its description.
    """
    import mlflow
    from mlflow.environment_variables import MLFLOW_RUN_ID

    resumed = MLFLOW_RUN_ID.get() is not None
    with mlflow.start_run(
        nested=mlflow.active_run() is not None, run_name=None if resumed else entry_point
    ) as active:
        drawn = RANDOM_NAME.fullmatch(active.info.run_name or "") is not None
        run = Run(active.info.run_id, may_rename=not resumed or drawn)
        run.rename(entry_point)
        run.set_tag("entry_point", entry_point)
        try:
            run.log_parameters(parameters)
            yield run
        except ProdError as error:
            run.set_tag("error", str(error)[:NOTE_LENGTH])
            run.describe(str(error))
            raise


def _spelt(value: Any) -> str:
    # As `mlflow run` spells the same values, so that runs compare.
    if isinstance(value, bool):
        return str(value).lower()
    return str(float(f"{value:.12g}") if isinstance(value, float) else value)


def _described(name: str, part: "Part | Rows") -> Any:
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    return MetaDataset(
        CodeDatasetSource({"mlflow_prod.rows": str(len(part)), "mlflow_prod.digest": part.digest}),
        name=name,
        digest=part.digest[:DIGEST_LENGTH],
    )
