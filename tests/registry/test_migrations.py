import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from mlflow_prod.evidence import Evidence, Measure, attest
from mlflow_prod.registry import Ledger, add_evidence, chain, evidence_with, newest_ids, upgrade
from mlflow_prod.registry.migrations import HEAD, VERSION_TABLE
from mlflow_prod.registry.tables import decision_table, evidence_table, metadata

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = "import sys; from sqlalchemy import create_engine; from mlflow_prod.registry import upgrade; "
START += "sys.stdin.readline(); upgrade(create_engine(sys.argv[1]))"


def test_the_migrations_make_the_tables_that_the_code_declares(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD


def test_the_head_that_start_up_looks_for_is_the_last_migration():
    config = Config()
    config.set_main_option("script_location", "mlflow_prod.registry:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_second_upgrade_changes_nothing(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    upgrade(engine)
    before = (tmp_path / "ledger.db").read_bytes()
    upgrade(engine)
    assert (tmp_path / "ledger.db").read_bytes() == before


def test_two_processes_may_start_at_once(tmp_path):
    uri = f"sqlite:///{tmp_path}/ledger.db"
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen([sys.executable, "-c", START, uri], **pipes) for _ in range(3)]
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert [code for _, code in ends] == [0, 0, 0], ends
    assert inspect(create_engine(uri)).has_table("mlflow_prod_decisions")


def test_a_failed_migration_leaves_nothing_behind(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mlflow_prod_decisions (id INTEGER)"))
    with pytest.raises(OperationalError, match="already exists"):
        upgrade(engine)
    assert inspect(engine).get_table_names() == ["mlflow_prod_decisions"]


def test_a_ledger_of_the_first_release_is_chained_as_it_stands(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    record = Evidence("evaluation", "a" * 64, "b" * 64, (Measure("auc", 0.5),), made_at=NOW)
    with engine.connect() as connection:
        _migrate(connection, "0001")
        for at in (1, 3):
            row = "'default', :subject, 'evaluation', :made, :record, 'loans', 1, 'ann', :made"
            connection.execute(
                text(f"INSERT INTO mlflow_prod_evidence VALUES ({at}, {row})"),
                {"subject": "a" * 64, "made": at, "record": json.dumps(record.to_dict())},
            )
        connection.execute(
            text(
                "INSERT INTO mlflow_prod_decisions VALUES (1, 'default', 'loans', 1, 'alias', 'champion', "
                "1, 's', '', 'p', '[]', '[]', '[1]', 'ann', 5)"
            )
        )
        connection.commit()
    upgrade(engine)
    with engine.begin() as connection:
        for table in (evidence_table, decision_table):
            assert list(chain.faults(connection, table)) == []
        assert newest_ids(connection, "default", ["a" * 64], ["evaluation"]) == (2,)
        assert [one.evidence for one in evidence_with(connection, [1, 2])] == [record, record]
        newer = replace(record, data="c" * 64)
        add_evidence(Ledger(connection), "default", "loans", 1, [attest(newer)], {}, "ann", NOW)
        assert list(chain.faults(connection, evidence_table)) == []


def _migrate(connection, revision):
    config = Config()
    config.set_main_option("script_location", "mlflow_prod.registry:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
