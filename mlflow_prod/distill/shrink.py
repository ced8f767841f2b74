"""A smaller network of the same depth."""

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.models import widths_of


def shrink(units: str, factor: float) -> str:
    """Hidden widths, such as `128,64`, times `factor`, 0 < factor < 1; at least 1 unit a layer.

    >>> shrink("128,64", 0.25)
    '32,16'
    """
    if not 0 < factor < 1:
        raise InvalidParameter("shrink", "between 0 and 1, such as 0.25", factor)
    return ",".join(str(max(1, round(width * factor))) for width in widths_of(units))
