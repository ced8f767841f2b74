"""What `mlflow.models.evaluate(..., evaluators="prod")` calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow import MlflowClient, pyfunc
from mlflow.models import EvaluationArtifact, EvaluationResult
from mlflow.models.evaluation.artifacts import ImageEvaluationArtifact, JsonEvaluationArtifact
from mlflow.models.evaluation.base import ModelEvaluator

from mlflow_prod.candidate import Wanted, log_evidence, log_figures
from mlflow_prod.data import Part, Task, labelled
from mlflow_prod.data.text import as_text
from mlflow_prod.errors import DataError, InvalidParameter, nearest
from mlflow_prod.evidence import Measure
from mlflow_prod.foreign import Answered, ask, read_answers
from mlflow_prod.tracking import ModelReference, Run, resolve
from mlflow_prod.tracking.names import metric_names

TYPES = ("classifier", "regressor")
# Names that the columns get which MLflow hands over without one.
TARGET, WEIGHT = "target", "sample_weights"
FOLDERS = ("tables", "plots", "evidence")


class Table(JsonEvaluationArtifact):
    """A table or a record of the run, loaded when somebody asks for its content."""

    def _save(self, output_artifact_path: str) -> None:
        # MLflow's own saves only what happens to be loaded.
        _ = self.content
        super()._save(output_artifact_path)


class Plot(ImageEvaluationArtifact):
    """A plot of the run, loaded when somebody asks for its content."""

    def _save(self, output_artifact_path: str) -> None:
        _ = self.content
        super()._save(output_artifact_path)


KINDS: dict[str, type[EvaluationArtifact]] = {".json": Table, ".png": Plot}


@dataclass(frozen=True)
class Asked:
    """The evaluator's part of `evaluator_config`, named as MLflow's own evaluators name the same things.

    Parameters
    ----------
    slices : columns of the data whose groups are measured and compared.
    pos_label : of two classes the positive one; None to infer it.
    label_list : all classes, where the data may lack one; () for those that occur.
    sample_weights : a column of the data, or a weight for each row; None for none.
    against : URI of a model to compare with on the same rows; "" for none.
    where, human, eval_config : as the parameters of `-e evaluate`, texts.
    """

    slices: tuple[str, ...] = ()
    pos_label: Any = None
    label_list: tuple[Any, ...] = ()
    sample_weights: Any = None
    against: str = ""
    where: str = ""
    human: str = ""
    eval_config: str = ""

    @classmethod
    def of(cls, config: Mapping[str, Any] | None) -> "Asked":
        """Reads a dict. Keys of other evaluators are left to them, as MLflow hands one dict to all.

        Raises InvalidParameter for a slip of a key, and where `slices` or `label_list` is no list.
        """
        given = dict(config or {})
        known = cls.__dataclass_fields__
        for name in given:
            if name not in known and (near := nearest(str(name), known, 0.75)):
                raise InvalidParameter("evaluator_config", f"spelt {near!r} where that is meant", name)
        given = {name: value for name, value in given.items() if name in known}
        for name in ("slices", "label_list"):
            value = given.setdefault(name, ())
            if isinstance(value, str) or not isinstance(value, list | tuple | np.ndarray):
                raise InvalidParameter(f"evaluator_config[{name!r}]", "a list", value)
            given[name] = tuple(value)
        return cls(**given)


class ProdEvaluator(ModelEvaluator):
    """Quality and fairness by slice, with 95% intervals, as `-e evaluate` logs them.

    `mlflow.models.evaluate(model, data, targets="repaid", model_type="classifier", evaluators="prod",
    evaluator_config={"slices": ["sex"]})`, with a model URI, a pyfunc model, a function, or no model where
    the data hold its predictions. See `Asked` for what the config takes, and `read_answers` for the shapes of
    answers. Evidence is recorded for a logged model that MLflow itself loaded; other answers could be
    anybody's. `extra_metrics` and `custom_artifacts` are left to MLflow's own evaluators: name these too.
    Where a call names no evaluators, MLflow runs all that are installed, this one among them.
    """

    @classmethod
    def can_evaluate(cls, *, model_type: str, evaluator_config: Mapping[str, Any], **_: Any) -> bool:
        """Whether the model is a classifier or a regressor."""
        return model_type in TYPES

    def evaluate(
        self,
        *,
        model_type: str,
        dataset: Any,
        run_id: str,
        evaluator_config: Mapping[str, Any],
        model: Any = None,
        model_id: str | None = None,
        predictions: str | None = None,
        **_: Any,
    ) -> EvaluationResult:
        """Measures, logs to the run, and returns the metrics and artifacts that it logged."""
        asked = Asked.of(evaluator_config)
        task, part = _rows(dataset, asked, regression=model_type == "regressor")
        answered = _answers(task, model, part, dataset, asked, predictions)
        other = None
        if asked.against:
            theirs = _answers(task, pyfunc.load_model(asked.against), part, dataset, asked)
            other = (resolve(asked.against).digest, theirs)
        run = Run(run_id)
        # MLflow itself links the metrics that it gets back to the model.
        wanted = Wanted.read(where=asked.where, human=asked.human, eval_config=asked.eval_config)
        found = log_figures(
            run, answered, part, str(dataset.name), other=other, rival=asked.against, wanted=wanted
        )
        if reference := _loaded(model, model_id):
            log_evidence(run, reference, part, found)
        measures = [measure for check in found.values() for measure in check]
        return EvaluationResult(_metrics(measures), _artifacts(run_id), run_id)


def _loaded(model: Any, model_id: str | None) -> ModelReference | None:
    """The logged model whose files MLflow loaded; None for a function, and for answers without a model."""
    if not model_id or not isinstance(model, pyfunc.PyFuncModel) or model.model_id != model_id:
        return None
    return resolve(f"models:/{model_id}")


def _rows(dataset: Any, asked: Asked, *, regression: bool) -> tuple[Task, Part]:
    """The task, and all rows with their labels, groups and weights."""
    features = dataset.features_data
    if not isinstance(features, pd.DataFrame):
        features = pd.DataFrame(features, columns=list(dataset.feature_names))
    frame = features.set_axis([str(name) for name in features.columns], axis=1)
    target = str(dataset.targets_name or TARGET)
    if target in frame.columns:
        raise DataError(f"a feature is called {target!r}, as the target would be: rename it")
    if dataset.labels_data is None:
        raise DataError("the data have no targets: name their column with targets=")
    weight = asked.sample_weights
    added: dict[str, Any] = {target: np.asarray(dataset.labels_data)}
    if weight is not None and not isinstance(weight, str):
        if WEIGHT in frame.columns:
            raise DataError(f"a feature is called {WEIGHT!r}, as the weights would be: rename it")
        if len(weight) != len(frame):
            raise InvalidParameter(WEIGHT, f"a weight for each of the {len(frame):,} rows", len(weight))
        added[WEIGHT], weight = np.asarray(weight), WEIGHT
    return labelled(
        frame.assign(**added),
        target,
        protected=tuple(map(str, asked.slices)),
        weight=weight or "",
        regression=regression,
        positive="" if asked.pos_label is None else _texts([asked.pos_label])[0],
        classes=_texts(asked.label_list),
    )


def _texts(labels: Sequence[Any]) -> tuple[str, ...]:
    return tuple(as_text(pd.Series(list(labels), dtype=object)))


def _answers(
    task: Task, model: Any, part: Part, dataset: Any, asked: Asked, predictions: str | None = None
) -> Answered:
    if model is None:
        if not dataset.has_predictions:
            raise DataError(
                "without a model the data must hold its answers: name their column with predictions="
            )
        return Answered(task, read_answers(task, dataset.predictions_data, len(part)))
    features = dataset.features_data
    if isinstance(asked.sample_weights, str):
        features = features.drop(columns=asked.sample_weights)
    answers, classes = ask(model, features, classes=task.kind != "regression")
    if predictions is not None and isinstance(answers, pd.DataFrame):
        if predictions not in answers.columns:
            raise DataError(f"the model's table has no column {predictions!r}, as predictions= names it")
        answers = answers[predictions].to_numpy()
    return Answered(task, read_answers(task, answers, len(part), classes))


def _metrics(measures: list[Measure]) -> dict[str, float]:
    titles = [f"versus/{measure.title}" if measure.against else measure.title for measure in measures]
    return {name: measure.value for name, measure in zip(metric_names(titles), measures, strict=True)}


def _artifacts(run_id: str) -> dict[str, EvaluationArtifact]:
    """The run's tables, plots and evidence, by path without suffix."""
    client = MlflowClient()
    root = client.get_run(run_id).info.artifact_uri
    paths = [Path(file.path) for folder in FOLDERS for file in client.list_artifacts(run_id, folder)]
    return {
        str(path.with_suffix("")): KINDS[path.suffix](f"{root}/{path}")
        for path in paths
        if path.suffix in KINDS
    }
