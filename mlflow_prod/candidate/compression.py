"""What making a model smaller cost, logged as metrics, tables, a plot and evidence."""

import hashlib
from weakref import WeakKeyDictionary

import numpy as np

from mlflow_prod import report
from mlflow_prod.candidate.explanation import explained
from mlflow_prod.candidate.load import Model
from mlflow_prod.compress import (
    against,
    compression,
    convert,
    latency,
    operators,
    sizes,
    slice_differences,
    slice_measures,
)
from mlflow_prod.data import Part
from mlflow_prod.errors import DataError, ModelError
from mlflow_prod.evidence import Evidence, Measure
from mlflow_prod.explain import agreement
from mlflow_prod.models import KerasModel
from mlflow_prod.tflite.contents import contents
from mlflow_prod.tracking import ModelReference, Run, record

# Rows that are timed in turn, and rows and orders of columns that both models are explained with.
TIMED = 1024
EXPLAINED = 50
PERMUTATIONS = 2
# The float32 file of a network, and the digest of the weights that it was made of.
_files: WeakKeyDictionary[KerasModel, tuple[str, bytes]] = WeakKeyDictionary()


def log_compression(
    run: Run,
    reference: ModelReference,
    small: Model,
    original: Model,
    part: Part,
    *,
    original_digest: str = "",
    seed: int = 0,
) -> list[Evidence]:
    """Compares a smaller model with its original on held-out rows, and times its file.

    Logged under the checks `compression` and `latency`, with the tables `compression_slices` (where groups of
    30 rows are protected) and `operators`, and the plot `importance_before_and_after` (not of images). Sizes
    and times are those of the `.tflite` files, of a Keras network of its float32 file; where the original has
    none (the run's tag `original_tflite` says why) there are no ratios. Where the two read other columns
    their reasons cannot be compared, which the tag `attribution_agreement` says.

    Parameters
    ----------
    reference : of the smaller model, as logged.
    part : labelled rows that neither model has learnt from.
    original_digest : of the original's files; "": the evidence does not tell which model was meant.
    seed : of the rows that are explained.

    Raises DataError where answers cannot be measured, ModelError where the smaller model has no file, or it
    cannot be timed.
    """
    answers = original.predict(part.features), small.predict(part.features)
    together = compression(small.task, part.target, *answers, part.weight)
    table = slice_differences(small.task, part.target, *answers, part.groups, part.weight)
    together += slice_measures(small.task, table)
    content = file_of(small)
    held, theirs = contents(content), None
    try:
        theirs = contents(file_of(original))
    except ModelError as reason:
        run.set_tag("original_tflite", f"none: {reason}")
    found = {
        "compression": [*together, *sizes(held, theirs), *_log_reasons(run, small, original, part, seed)],
        "latency": latency(content, small.encoder.encode(part.take(np.arange(len(part))[:TIMED]).features)),
    }
    if not table.empty:
        run.log_table(table, "compression_slices")
    run.log_table(operators(held, theirs), "operators")
    evidence = []
    for check, measures in found.items():
        run.log_measures(measures, model_id=reference.model_id)
        beside = against(measures, original_digest) if original_digest else []
        evidence.append(Evidence(check, reference.digest, part.digest, (*measures, *beside), run.id))
        record(run, evidence[-1], model_id=reference.model_id)
    return evidence


def file_of(model: Model) -> bytes:
    """The model as a TFLite file, a Keras network in float32; ModelError where it cannot be converted.

    A network is converted once, and again only when its weights have changed.
    """
    if not isinstance(model, KerasModel):
        return model.content
    state = hashlib.sha256()
    for weights in model.network.get_weights():
        state.update(np.ascontiguousarray(weights).data)
    digest = state.hexdigest()
    if model not in _files or _files[model][0] != digest:
        _files[model] = digest, convert(model.network, "float32")
    return _files[model][1]


def _log_reasons(run: Run, small: Model, original: Model, part: Part, seed: int) -> list[Measure]:
    before, after = (
        explained(model, part, rows=EXPLAINED, permutations=PERMUTATIONS, seed=seed)
        for model in (original, small)
    )
    try:
        measures = agreement(before, after)
    except DataError as reason:
        run.set_tag("attribution_agreement", f"none: {reason}")
        return []
    if before.tiles is None:
        figure = report.before_and_after(before.importance(), after.importance())
        run.log_figure(figure, "importance_before_and_after")
    return measures
