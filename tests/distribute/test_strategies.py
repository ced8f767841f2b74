import pytest

from mlflow_prod.distribute import STRATEGIES, strategy
from mlflow_prod.errors import InvalidParameter


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_every_strategy_runs_on_this_machine(name):
    assert strategy(name).num_replicas_in_sync >= 1


def test_an_unknown_strategy_is_refused_with_the_nearest_name():
    with pytest.raises(
        InvalidParameter, match=r"strategy must be a known one \(did you mean 'mirrored'\?\), got 'miror'"
    ):
        strategy("miror")
    with pytest.raises(InvalidParameter, match="known: mirrored, one_device"):
        strategy("tpu")
