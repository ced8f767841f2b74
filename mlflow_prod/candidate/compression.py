"""What making a model smaller cost, logged as metrics and evidence."""

import numpy as np

from mlflow_prod.candidate.load import Model
from mlflow_prod.compress import compression, convert, latency
from mlflow_prod.data import Part
from mlflow_prod.evidence import Evidence
from mlflow_prod.models import KerasModel
from mlflow_prod.tracking import ModelReference, Run, record


def log_compression(
    run: Run, reference: ModelReference, small: Model, original: Model, part: Part
) -> list[Evidence]:
    """Compares a smaller model with its original on held-out rows, and times it on single rows.

    Logged under the checks `compression` and `latency`. Sizes are those of the `.tflite` files, the
    original's in float32.
    """
    found = {
        "compression": compression(
            small.task,
            original.predict(part.features),
            small.predict(part.features),
            original_bytes=len(file_of(original)),
            compressed_bytes=len(file_of(small)),
        ),
        "latency": latency(
            small.score, small.encoder.encode(part.take(np.arange(min(1000, len(part)))).features)
        ),
    }
    evidence = []
    for check, measures in found.items():
        run.log_measures(measures, model_id=reference.model_id)
        evidence.append(Evidence(check, reference.digest, part.digest, tuple(measures), run.id))
        record(run, evidence[-1], model_id=reference.model_id)
    return evidence


def file_of(model: Model) -> bytes:
    """The model as a TFLite file, a Keras network in float32; ModelError where it cannot be converted."""
    return convert(model.network, "float32") if isinstance(model, KerasModel) else model.content
