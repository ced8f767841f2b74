import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from mlflow_prod.registry import upgrade
from mlflow_prod.registry.ledger import metadata
from mlflow_prod.registry.migrations import HEAD, VERSION_TABLE

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
