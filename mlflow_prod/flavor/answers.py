"""The pyfunc side of a model: raw rows in, answers in words out."""

from typing import Any

import pandas as pd

from mlflow_prod.data import Features
from mlflow_prod.errors import DataError
from mlflow_prod.flavor.predictor import Predictor


class Answers:
    """What `mlflow.pyfunc` calls, and with it `mlflow models serve` and `mlflow models predict`."""

    def __init__(self, model: Predictor):
        self._model = model

    def predict(self, features: Features, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Raw rows to `Task.decode`'s table, one row each; there are no `params`.

        Rows that the encoder refuses raise MLflow's INVALID_PARAMETER_VALUE, which a server answers with 400.
        """
        from mlflow.exceptions import MlflowException

        try:
            scores = self._model.predict(features)
        except DataError as problem:
            raise MlflowException.invalid_parameter_value(str(problem)) from problem
        return self._model.task.decode(scores)

    def get_raw_model(self) -> Predictor:
        """The model itself, for `PyFuncModel.get_raw_model`."""
        return self._model
