"""Data sets by name: real ones bundled with scikit-learn, and the synthetic `loans`."""

from collections.abc import Callable

import numpy as np

from mlflow_prod.data.loans import Loans
from mlflow_prod.data.schema import Column
from mlflow_prod.data.source import Images, Table
from mlflow_prod.errors import DataError


def digits() -> Images:
    """1,797 handwritten digits, 8x8 pixels from 0 to 16, 10 classes."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return Images(bunch.images.astype(np.float32)[..., None], bunch.target.astype(str))


def diabetes() -> Table:
    """442 patients in their natural units; target: progression after one year.

    `sex` is coded 1 and 2; the source does not say which is which, so the groups are called by
    their code.
    """
    from sklearn.datasets import load_diabetes

    frame = load_diabetes(as_frame=True, scaled=False).frame.rename(columns={"target": "progression"})
    frame["sex"] = frame["sex"].astype(int).map("code {}".format)
    return Table(frame, columns={"sex": Column("protected", "category")}, target="progression")


def breast_cancer() -> Table:
    """569 tumours, 30 measurements; `malignant` is the positive class."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    frame = bunch.frame.rename(columns={"target": "diagnosis"})
    frame["diagnosis"] = frame["diagnosis"].map(dict(enumerate(bunch.target_names.tolist())))
    return Table(frame, target="diagnosis", positive="malignant")


def loans(options: dict[str, str], seed: int, batch: int) -> Table:
    """See `mlflow_prod.data.loans`; 0.4 of the rows test, so that small gaps between groups can be told."""
    columns = {
        "application_id": Column("id", "text"),
        "sex": Column("protected", "category"),
        "age": Column("protected", "numeric", bands=(25, 35, 45, 55, 65)),
        "repaid": Column("target", "category"),
    }
    frame = Loans.from_options(options, batch).make(seed)
    return Table(frame, columns=columns, target="repaid", positive="yes", test_share=0.4)


REAL: dict[str, Callable[[], Table | Images]] = {
    "digits": digits,
    "diabetes": diabetes,
    "breast_cancer": breast_cancer,
}
BUILTINS = (*REAL, "loans")


def read_builtin(name: str, options: dict[str, str], seed: int, batch: int) -> Table | Images:
    """The data set called `name`; `batch` is the stream that `loans` draws from unless its options say."""
    if name == "loans":
        return loans(options, seed, batch)
    if options:
        raise DataError(f"{name} takes no options, got {next(iter(options))!r}; only loans does")
    return REAL[name]()
