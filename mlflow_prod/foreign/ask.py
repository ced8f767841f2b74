"""Asking a loaded MLflow model about rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.data import Features
from mlflow_prod.data.text import as_text
from mlflow_prod.errors import ModelError
from mlflow_prod.foreign.answers import plain


def ask(
    model: Any, features: Features, columns: Sequence[str] = (), *, classes: bool
) -> tuple[pd.DataFrame | np.ndarray, tuple[str, ...]]:
    """(what the model answers, the classes of its probabilities' columns or () where it does not tell).

    The model runs in this process: only for models that one's own code has loaded; else `ForeignModel`.
    Of a table the model gets the columns that its signature names, brought to its types by MLflow, else those
    it was fitted on, else `columns` (all where none are given). Images are flattened for a scikit-learn model
    that reads so many numbers.

    Parameters
    ----------
    model : what `mlflow.pyfunc.load_model` gives, or anything with its `predict`.
    classes : whether the task has classes. A model that can say their probabilities (`predict_proba`, as
        scikit-learn, XGBoost and LightGBM have it) is asked for these rather than for the likeliest.

    Raises ModelError where the model does not answer; the message is its own.
    """
    from mlflow.pyfunc import PyFuncModel

    inner = _inner(model)
    rows = _rows(model, inner, features, columns)
    names = getattr(inner, "classes_", None) if classes else None
    predict = model.predict
    if names is not None and callable(getattr(inner, "predict_proba", None)):
        predict = inner.predict_proba
        if isinstance(model, PyFuncModel):
            # The signature is enforced for this method, too.
            predict = PyFuncModel(model.metadata, inner, "predict_proba").predict
    else:
        names = None
    try:
        answers = predict(rows)
    except Exception as problem:
        # The code of others may raise anything; all mean the same to the caller.
        raise ModelError(f"the model does not answer: {type(problem).__name__}: {problem}") from problem
    if names is None:
        return plain(answers), ()
    return plain(answers), tuple(as_text(pd.Series(list(names), dtype=object)))


def _inner(model: Any) -> Any:
    try:
        return model.get_raw_model()
    except (AttributeError, NotImplementedError):
        return model


def _rows(model: Any, inner: Any, features: Features, columns: Sequence[str]) -> Features:
    if isinstance(features, np.ndarray):
        width = int(np.prod(features.shape[1:]))
        flat = features.ndim > 2 and getattr(inner, "n_features_in_", None) == width
        return features.reshape(len(features), width) if flat else features
    metadata = getattr(model, "metadata", None)
    signature = None if metadata is None else metadata.get_input_schema()
    if signature is not None and signature.has_input_names():
        return features
    fitted = getattr(inner, "feature_names_in_", None)
    wanted = list(columns or features.columns) if fitted is None else list(fitted)
    lost = [name for name in wanted if name not in features.columns]
    if lost:
        raise ModelError(
            f"the model reads the columns {', '.join(map(repr, lost[:10]))}, which the data lack"
        )
    return features[wanted]
