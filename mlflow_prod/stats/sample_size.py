"""How many rows a decision takes."""

from collections.abc import Callable

from mlflow_prod.errors import InvalidParameter

# Of a question that takes more rows than anybody will gather one says that it stays open.
MOST_GROWTH = 1e6
# Steps of bisection: the growth is found to a millionth.
STEPS = 45


def growth_to_decide(interval: Callable[[float], tuple[float, float]], margin: float) -> float:
    """How many times as many rows it takes until an interval no longer holds `margin`, >= 1.

    `interval(growth)` gives (low, high) of the figure at its present value on so many times the rows, groups
    in their present proportions; it has to become narrower as these grow. Infinity where a million times as
    many do not decide, as with a value that equals the margin. An estimate: with more rows the value will
    move. Not a plan of how large a gap can be found at all, for which one asks with the gap that matters as
    the value.

    Raises InvalidParameter for an interval whose ends are not in order.

    >>> round(growth_to_decide(lambda growth: (0.2 - 0.4 / growth**0.5, 0.2 + 0.4 / growth**0.5), 0.1), 3)
    16.0
    """

    def decides(growth: float) -> bool:
        low, high = interval(growth)
        if not low <= high:
            raise InvalidParameter("interval", "(low, high) in order, without NaN", (low, high))
        return not low < margin < high

    if decides(1.0):
        return 1.0
    if not decides(MOST_GROWTH):
        return float("inf")
    few, enough = 1.0, MOST_GROWTH
    for _ in range(STEPS):
        between = (few * enough) ** 0.5
        few, enough = (few, between) if decides(between) else (between, enough)
    return enough
