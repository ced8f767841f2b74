import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data.numbers import as_numbers


@pytest.mark.parametrize(
    "values", [[1, 2.5, None], ["1", "2.5", None], [Decimal(1), Decimal("2.5"), None], [1, "2.5", pd.NA]]
)
def test_numbers_come_as_what_they_are(values):
    np.testing.assert_array_equal(as_numbers(pd.Series(values, dtype=object)), [1, 2.5, np.nan])


@pytest.mark.parametrize(
    "values",
    [["1", "a"], [[1], [2]], [1j, 2], pd.to_timedelta([1, 2], unit="D"), pd.to_datetime(["2026-01-01"])],
)
def test_no_unit_is_made_up_and_no_part_is_lost(values):
    with warnings.catch_warnings(action="error"), pytest.raises((TypeError, ValueError)):
        as_numbers(pd.Series(values))
