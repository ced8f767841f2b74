"""The pyfunc side of a bare TFLite file: tables, arrays or lists in, arrays out."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.tflite.contents import Tensor
from mlflow_prod.tflite.file import TFLiteFile
from mlflow_prod.tflite.interface import Interface

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

# Numbers in an example; that of a large picture would be most of the model's folder.
MOST = 10_000


class FileAnswers:
    """What `mlflow.pyfunc` calls for a `TFLiteFile`."""

    def __init__(self, file: TFLiteFile):
        self._file = file

    def predict(self, features: Any, params: dict[str, Any] | None = None) -> Any:
        """What the file answers: an array, or arrays by the names of the outputs where there are several.

        One number a row, shape (n, 1), is given as (n,), as evaluators and Spark take it.

        Parameters
        ----------
        features : an array, arrays by the names of the inputs, or a DataFrame: a column for each input, each
            row of it a number or an array (flattened ones are brought to the input's shape); or, where the
            one input takes rows of numbers, a column for each of these.
        params : `signature`, which one of the file's to run.

        What the file does not take raises MLflow's INVALID_PARAMETER_VALUE, which a server answers with 400.
        """
        from mlflow.exceptions import MlflowException

        signature = str((params or {}).get("signature") or "")
        try:
            interface = self._file.interface(signature)
            answers = self._file.predict(_given(interface, features), signature)
        except (DataError, InvalidParameter) as problem:
            raise MlflowException.invalid_parameter_value(str(problem)) from problem
        named = answers if isinstance(answers, dict) else {"": answers}
        found = {name: _spelt(answer) for name, answer in named.items()}
        if len(found) > 1:
            return found
        (answer,) = found.values()
        return answer[:, 0] if answer.shape[1:] == (1,) else answer

    def get_raw_model(self) -> TFLiteFile:
        """The file itself, for `PyFuncModel.get_raw_model`."""
        return self._file


def signature_of_file(file: TFLiteFile) -> "ModelSignature":
    """What the usual signature takes and gives, as tensors; any number of rows.

    One input or output goes without its name, so that bare arrays are taken. Quantized ones are float32, as
    `predict` takes and gives them. A file with several signatures that take different inputs has none for
    them, since MLflow would refuse what the usual one does not take; `signature` is then a parameter.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, ParamSpec, Schema, TensorSpec

    known = list(file.interfaces.values())
    usual, several = known[0], len(known) > 1
    params = ParamSchema([ParamSpec("signature", "string", usual.key)]) if several else None
    if any((one.inputs, one.outputs) != (usual.inputs, usual.outputs) for one in known):
        return ModelSignature(params=params)
    inputs = Schema(_specs(usual.inputs)) if usual.inputs else None
    outputs = _specs(usual.outputs)
    if len(outputs) == 1 and outputs[0].shape[1:] == (1,):
        outputs = [TensorSpec(outputs[0].type, (-1,))]
    return ModelSignature(inputs, Schema(outputs), params)


def example_of_file(file: TFLiteFile) -> Any:
    """A row of zeros for the usual signature; None where it would be large, or texts are asked for."""
    usual = file.interface()
    if not usual.inputs or any(one.dtype == "string" for one in usual.inputs):
        return None
    made = {one.name: np.zeros(tuple(map(abs, one.shape)), _spoken(one)) for one in usual.inputs}
    if sum(array.size for array in made.values()) > MOST:
        return None
    return made if len(made) > 1 else next(iter(made.values()))


def _specs(tensors: tuple[Tensor, ...]) -> list[Any]:
    from mlflow.types import TensorSpec

    if len(tensors) > 1:
        return [TensorSpec(_spoken(tensor), _shape(tensor), tensor.name) for tensor in tensors]
    return [TensorSpec(_spoken(tensor), _shape(tensor)) for tensor in tensors]


def _shape(tensor: Tensor) -> tuple[int, ...]:
    return (-1, *tensor.shape[1:]) if tensor.shape else ()


def _spoken(tensor: Tensor) -> np.dtype:
    """The type in which a tensor is given and answered."""
    if tensor.dtype == "string":
        return np.dtype(np.str_)
    return np.dtype(np.float32 if tensor.scales else tensor.dtype)


def _spelt(answer: np.ndarray) -> np.ndarray:
    """Texts as such, which LiteRT gives as bytes and JSON has none of."""
    if answer.dtype.kind != "O":
        return answer
    return np.array([one.decode(errors="replace") for one in answer.reshape(-1)]).reshape(answer.shape)


def _given(interface: Interface, features: Any) -> Any:
    if isinstance(features, pd.DataFrame):
        names = [one.name for one in interface.inputs]
        if set(names) <= set(features.columns):
            return {one.name: _column(one, features[one.name]) for one in interface.inputs}
        if len(names) == 1 and len(features.columns) == 1:
            return _column(interface.inputs[0], features.iloc[:, 0])
        if len(names) == 1 and len(interface.inputs[0].shape) == 2:
            return features.to_numpy()
        raise DataError(
            f"the file has the inputs {', '.join(names)}: give a column for each, got "
            f"{', '.join(map(str, features.columns[:10]))}"
        )
    if isinstance(features, Mapping):
        return {name: np.asarray(values) for name, values in features.items()}
    return np.asarray(features)


def _column(tensor: Tensor, values: pd.Series) -> np.ndarray:
    """The rows of a column as one array in the input's shape, where they have so many numbers."""
    rows = values.to_numpy()
    if rows.dtype.kind == "O":
        try:
            rows = np.array(
                [np.asarray(row.tolist() if isinstance(row, np.ndarray) else row) for row in rows]
            )
        except ValueError as problem:
            raise DataError(f"the rows of {tensor.name!r} must be of one shape: {problem}") from problem
    wanted = (len(rows), *tensor.shape[1:])
    fits = -1 not in wanted[1:] and rows.size == np.prod(wanted, dtype=np.int64) and len(rows)
    return rows.reshape(wanted) if fits and rows.shape != wanted else rows
