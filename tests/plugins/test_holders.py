from contextlib import contextmanager

import pytest
from mlflow.entities.model_registry import RegisteredModelTag
from sqlalchemy import event

from mlflow_prod.plugins.holders import held_targets, newest_version, versions_of

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning")
PROMPT = RegisteredModelTag("mlflow.prompt.is_prompt", "true")


@contextmanager
def questions(connection):
    """A list of what the database is asked in the block."""
    asked = []

    def note(connection, cursor, statement, *_):
        asked.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    yield asked
    event.remove(connection, "before_cursor_execute", note)


@pytest.mark.parametrize("tagged", [True, False])
def test_whether_a_model_holds_prompts_is_asked_once(registry, tagged):
    store = registry.store
    store.create_registered_model("greeting", [PROMPT] if tagged else [])
    for number in (1, 2, 3):
        store.create_model_version("greeting", "prompt-template")
        store.set_registered_model_alias("greeting", f"beta{number}", str(number))
    with store.engine.connect() as connection, questions(connection) as asked:
        assert versions_of(store, connection, "greeting") == ([] if tagged else [1, 2, 3])
        assert len(asked) == 2
        assert len(held_targets(store, connection, "greeting")) == (0 if tagged else 3)
        assert len(asked) == 5


def test_a_model_among_prompts_is_told_from_them(registry):
    store = registry.store
    store.create_registered_model("greeting", [PROMPT])
    store.create_model_version("greeting", "prompt-template")
    registry.register(3, name="greeting")
    store.create_model_version("greeting", "prompt-template")
    store.transition_model_version_stage("greeting", "3", "Archived", False)
    with store.engine.connect() as connection:
        assert versions_of(store, connection, "greeting") == [2]
        newest = newest_version(store, connection, "greeting")
        assert (newest.version, newest.location) == (2, str(registry.files(3)))
