"""Where the policy protects nothing, the gated store answers as MLflow's own does, to whatever is asked.

SAME_EXAMPLES=2000 SAME_STEPS=50 looks longer.
"""

import os
import re
import shutil
import time
from contextlib import closing
from sqlite3 import connect

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.entities.model_registry._model_registry_entity import _ModelRegistryEntity
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

from mlflow_prod.plugins.registry_store import build
from tests.databases import sqlite

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning")

TABLES = (
    "registered_models",
    "registered_model_tags",
    "registered_model_aliases",
    "model_versions",
    "model_version_tags",
)
TIMES = {"creation_timestamp", "last_updated_timestamp", "creation_time", "last_updated_time"}


def mostly(sound, odd):
    """One of `sound` four times in five, else one of `odd`."""
    return st.integers(0, 4).flatmap(lambda at: st.sampled_from(sound if at else odd))


# Few, so that calls meet.
MODELS = ["loans", "cars", "greeting"]
KNOWN = st.sampled_from(MODELS)
NAMES = mostly(MODELS, ["Loans", "", " ", "a/b", "a:b", "..", "nobody", "é", "x" * 257, None])
VERSIONS = mostly([1, "1", 2, "2"], ["", "0", "-1", "99", "one", "1.5", " 1", "01", 1.5, None, 2**70])
STAGES = mostly(
    ["None", "Staging", "Production", "Archived", "production", "STAGING", "archived"],
    ["", "Live", "Deleted_Internal", " Production", None],
)
ALIASES = mostly(
    ["champion", "Champion", "beta"],
    ["latest", "Latest", "v1", "V2", "v1a", "", "a b", "é", "1", "a" * 255, "a" * 256, None],
)
KEYS = mostly(
    ["team", "Team", "a.b", IS_PROMPT_TAG_KEY],
    ["", "..", "a//b", "a=b", "é", "k" * 250, "k" * 251, None],
)
VALUES = mostly(["true", "yes", "", "é"], ["v" * 5_000, "v" * 5_001, "v" * 100_000, "v" * 100_001, 7, None])
DESCRIPTIONS = mostly([None, "", "what it is"], ["d" * 5_000, "d" * 5_001])
SOURCES = mostly(
    ["/files/1", "s3://bucket/2", "prompt-template", "models:/loans/1", "models:/cars/2", "runs:/a/model"],
    ["", "models:/nobody/1", "models:/loans/Production", "models:/loans@champion", "models:/", None],
)
RUNS = st.sampled_from([None, "abc", "r" * 33])
PROMPT = [(IS_PROMPT_TAG_KEY, "true")]
TAGS = st.none() | st.just(PROMPT) | st.lists(st.tuples(KEYS, VALUES), max_size=2)
EITHER = [None, "name = 'loans'", "name LIKE 'l%'", "name ILIKE 'L%'", "name IN ('loans', 'cars')"]
EITHER += [
    "tags.team = 'yes'",
    "tags.team != 'yes' AND name = 'cars'",
    f"tags.`{IS_PROMPT_TAG_KEY}` = 'true'",
]
ODD = [
    "nonsense",
    "colour = 'red'",
    "name = loans",
    "name > 'a'",
    "version_number = 1.5",
    "source_path = '/files/1'",
]
MODEL_FILTERS = mostly(EITHER, ODD)
VERSION_FILTERS = mostly([*EITHER, "run_id = 'abc'", "run_id IN ('abc')", "version_number > 1"], ODD)
MODEL_ORDERS = st.lists(mostly(["name", "name DESC", "timestamp"], ["colour", "name SIDEWAYS"]), max_size=2)
VERSION_ORDERS = st.lists(
    mostly(
        ["name DESC", "version_number", "creation_timestamp ASC", "last_updated_timestamp DESC"],
        ["timestamp"],
    ),
    max_size=2,
)
SIZES = mostly([1, 2, 100], [0, -1, 1_001, 200_001])
LATEST = st.none() | st.lists(STAGES, max_size=2)


def plain(answer):
    """An answer as dicts and lists, without what differs by the time of the call."""
    if isinstance(answer, PagedList):
        return [plain(one) for one in answer], answer.token
    if isinstance(answer, list | tuple):
        return [plain(one) for one in answer]
    if isinstance(answer, _ModelRegistryEntity):
        return {key: (value is None) if key in TIMES else plain(value) for key, value in dict(answer).items()}
    return answer


def asked(store, call, arguments):
    """What came of a call: its answer, or all that is known of its error."""
    try:
        return plain(getattr(store, call)(*arguments))
    # Whatever it is, it must be the same.
    except Exception as problem:
        said = re.sub(r"\d{13}", "TIME", re.sub(r"0x[0-9a-f]+", "ADDRESS", str(problem)))
        code = getattr(problem, "error_code", None)
        return type(problem), said, code, type(problem.__cause__)


def rows(path):
    """All that MLflow's tables hold of the registry."""
    with closing(connect(path)) as connection:
        held = {}
        for table in TABLES:
            cursor = connection.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            shown = [at for at, name in enumerate(names) if name not in TIMES]
            held[table] = sorted(repr([row[at] for at in shown]) for row in cursor)
        return held


class Stores:
    """MLflow's own store and the gated one, each with a database that can be emptied."""

    def __init__(self, folder, fresh):
        (folder / "policy.yaml").write_text("version: 1\nmodels: {}\n")
        self.empty = folder / "prepared.db"
        self.paths = [fresh().removeprefix("sqlite:///") for _ in range(2)]
        self.stores = [
            SqlAlchemyStore(f"sqlite:///{self.paths[0]}"),
            build(f"gated:sqlite:///{self.paths[1]}"),
        ]
        assert set(rows(self.paths[0])) == set(TABLES)

    def clear(self):
        for store, path in zip(self.stores, self.paths, strict=True):
            store.engine.dispose()
            shutil.copyfile(self.empty, path)


class Calls(RuleBasedStateMachine):
    """Any calls, in any order."""

    pages = Bundle("pages")

    def __init__(self, both):
        super().__init__()
        both.clear()
        self.both = both

    def same(self, call, *arguments):
        mlflows, gated = (asked(store, call, arguments) for store in self.both.stores)
        assert gated == mlflows, call
        # Ties in time, of which the order of a search may tell, would be others in the other store.
        time.sleep(0.001)
        return mlflows

    def teardown(self):
        mlflows, gated = (rows(path) for path in self.both.paths)
        assert gated == mlflows

    @rule(name=NAMES, tags=TAGS, description=DESCRIPTIONS)
    def create_model(self, name, tags, description):
        made = tags and [RegisteredModelTag(*tag) for tag in tags]
        self.same("create_registered_model", name, made, description)

    @initialize()
    def two_models_and_a_prompt(self):
        for name in ("loans", "cars"):
            self.same("create_registered_model", name)
            self.same("create_model_version", name, "/files/1", "abc")
            self.same("create_model_version", name, "s3://bucket/2")
        self.same("create_registered_model", "greeting", [RegisteredModelTag(*tag) for tag in PROMPT])
        self.same("create_model_version", "greeting", "prompt-template")

    @rule(name=NAMES, new=NAMES)
    def rename_model(self, name, new):
        self.same("rename_registered_model", name, new)

    @rule(name=NAMES, description=DESCRIPTIONS)
    def update_model(self, name, description):
        self.same("update_registered_model", name, description)

    @rule(name=NAMES)
    def delete_model(self, name):
        self.same("delete_registered_model", name)

    @rule(name=NAMES)
    def get_model(self, name):
        self.same("get_registered_model", name)

    @rule(target=pages, filtered=MODEL_FILTERS, size=SIZES, order=MODEL_ORDERS)
    def search_models(self, filtered, size, order):
        return self.first_page("search_registered_models", filtered, size, order)

    @rule(target=pages, filtered=VERSION_FILTERS, size=SIZES, order=VERSION_ORDERS)
    def search_versions(self, filtered, size, order):
        return self.first_page("search_model_versions", filtered, size, order)

    def first_page(self, call, filtered, size, order):
        found = self.same(call, filtered, size, order)
        token = found[1] if isinstance(found[0], list) else None
        return (call, filtered, size, order, token) if token else multiple()

    @rule(page=pages)
    def next_page(self, page):
        self.same(*page)

    @rule(call=st.sampled_from(["search_registered_models", "search_model_versions"]))
    def a_page_that_is_not_there(self, call):
        self.same(call, None, 1, None, "nonsense")

    @rule(name=NAMES, source=SOURCES, run=RUNS, tags=TAGS, link=RUNS, description=DESCRIPTIONS)
    def create_version(self, name, source, run, tags, link, description):
        made = tags and [ModelVersionTag(*tag) for tag in tags]
        self.same("create_model_version", name, source, run, made, link, description)

    @rule(name=NAMES, version=VERSIONS, description=DESCRIPTIONS)
    def update_version(self, name, version, description):
        self.same("update_model_version", name, version, description)

    @rule(name=NAMES, version=VERSIONS)
    def delete_version(self, name, version):
        self.same("delete_model_version", name, version)

    @rule(name=NAMES, version=VERSIONS)
    def get_version(self, name, version):
        self.same("get_model_version", name, version)
        self.same("get_model_version_download_uri", name, version)

    @rule(name=NAMES, stages=LATEST)
    def get_latest(self, name, stages):
        self.same("get_latest_versions", name, stages)

    @rule(name=NAMES, version=VERSIONS, stage=STAGES, archive=st.booleans())
    def transition(self, name, version, stage, archive):
        self.same("transition_model_version_stage", name, version, stage, archive)

    @rule(name=KNOWN, version=st.sampled_from([1, "2"]), archive=st.booleans())
    def into_production(self, name, version, archive):
        self.same("transition_model_version_stage", name, version, "Production", archive)

    @rule(name=NAMES, alias=ALIASES, version=VERSIONS)
    def set_alias(self, name, alias, version):
        self.same("set_registered_model_alias", name, alias, version)

    @rule(name=NAMES, alias=ALIASES)
    def delete_alias(self, name, alias):
        self.same("delete_registered_model_alias", name, alias)

    @rule(name=NAMES, alias=ALIASES)
    def get_by_alias(self, name, alias):
        self.same("get_model_version_by_alias", name, alias)

    @rule(name=NAMES, key=KEYS, value=VALUES)
    def set_model_tag(self, name, key, value):
        self.same("set_registered_model_tag", name, RegisteredModelTag(key, value))

    @rule(name=NAMES, key=KEYS)
    def delete_model_tag(self, name, key):
        self.same("delete_registered_model_tag", name, key)

    @rule(name=NAMES, version=VERSIONS, key=KEYS, value=VALUES)
    def set_version_tag(self, name, version, key, value):
        self.same("set_model_version_tag", name, version, ModelVersionTag(key, value))

    @rule(name=NAMES, version=VERSIONS, key=KEYS)
    def delete_version_tag(self, name, version, key):
        self.same("delete_model_version_tag", name, version, key)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("both")
    with pytest.MonkeyPatch.context() as patch, sqlite(folder) as fresh:
        patch.setenv("MLFLOW_PROD_POLICY", str(folder / "policy.yaml"))
        yield Stores(folder, fresh)


def test_an_empty_policy_leaves_mlflows_store_as_it_is(both):
    run_state_machine_as_test(
        lambda: Calls(both),
        settings=settings(
            max_examples=int(os.environ.get("SAME_EXAMPLES", "40")),
            stateful_step_count=int(os.environ.get("SAME_STEPS", "25")),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
