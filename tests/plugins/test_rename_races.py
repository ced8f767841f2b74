"""A model that gets another name while a version of it gets a target: never a protected one unjudged.

Each of two calls stops before each of its statements in turn, while the other runs as far as locks let it.
"""

from threading import Event, Thread, current_thread

import pytest
from mlflow.exceptions import MlflowException
from sqlalchemy import event

from mlflow_prod.plugins.strays import strays
from mlflow_prod.registry import faults, parse

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning")
POLICY = """
version: 1
models:
  "{protected}*":
    targets: [Production, champion]
    require:
      - {{check: evaluation, measure: accuracy, at_least: 0.8}}
"""
# Seconds that the other call is given, which may wait for a lock of the one that stopped.
PATIENCE = 0.1
MOST_STATEMENTS = 100


class Call(Thread):
    """A call in a thread of its own; `answer` is MLflow's error, if it made one."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self.call, self.answer, self.surprise = call, None, None

    def run(self):
        try:
            self.call()
        except MlflowException as answer:
            self.answer = answer
        except BaseException as surprise:
            self.surprise = surprise


def interleaved(engine, first, second, at):
    """Runs both, the first stopped before its statement number `at`; whether it came so far."""
    stopped, other = Call(first), Call(second)
    reached, go, counted = Event(), Event(), []

    def stop(*_):
        if current_thread() is stopped:
            counted.append(1)
            if len(counted) == at:
                reached.set()
                assert go.wait(60)

    kinds = ("before_cursor_execute", "commit")
    for kind in kinds:
        event.listen(engine, kind, stop)
    try:
        stopped.start()
        while not reached.wait(0.01) and stopped.is_alive():
            pass
        other.start()
        other.join(PATIENCE)
        go.set()
        for call in (other, stopped):
            call.join(60)
            assert not call.is_alive() and call.surprise is None, call.surprise
    finally:
        for kind in kinds:
            event.remove(engine, kind, stop)
    return reached.is_set()


GIVEN = {
    "alias": lambda client, name: client.set_registered_model_alias(name, "champion", "1"),
    "stage": lambda client, name: client.transition_model_version_stage(name, "1", "Production"),
}


@pytest.mark.parametrize("stops", ["the renaming", "the promotion"])
@pytest.mark.parametrize("give", GIVEN.values(), ids=GIVEN.keys())
@pytest.mark.parametrize("protected", ["credit", "loans"])
def test_a_renaming_beside_a_promotion_leaves_nothing_unjudged(make_registry, protected, give, stops):
    """From a name that nobody protects to one that is protected, and the other way."""
    policy = POLICY.format(protected=protected)
    registry = make_registry(policy)
    client, engine = registry.client, registry.store.engine
    for at in range(1, MOST_STATEMENTS):
        old, new = f"loans{at}", f"credit{at}"
        client.create_registered_model(old)
        registry.register(1, name=old)
        if protected == "loans":
            registry.submit(1, registry.evidence(1, 0.9), name=old)
        calls = [
            lambda old=old, new=new: client.rename_registered_model(old, new),
            lambda old=old: give(client, old),
        ]
        more = interleaved(engine, *(calls if stops == "the renaming" else reversed(calls)), at)
        with engine.connect() as connection:
            assert strays(connection, parse(policy.encode())) == [], at
            assert list(faults(connection)) == []
        if not more:
            return
    raise AssertionError(f"more than {MOST_STATEMENTS} statements")
