"""What a registry holds, and what its ledger says that it must hold."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from mlflow_prod import registry as gate
from mlflow_prod.plugins.intake import MOST_NAMED


def assert_whole(uri):
    """Opens the database afresh: MLflow's tables hold what the ledger's promotions add up to.

    Returns the version that holds champion and the versions in Production.
    """
    with _afresh(uri) as connection:
        assert list(gate.faults(connection)) == []
        aliases, stages = _retold(gate.decisions(connection, "loans"))
        query = "SELECT alias, version FROM registered_model_aliases WHERE name = 'loans'"
        assert dict(connection.exec_driver_sql(query).all()) == aliases
        query = "SELECT version, current_stage FROM model_versions WHERE name = 'loans'"
        found = connection.exec_driver_sql(query).all()
        assert {version: stage for version, stage in found if stage != "None"} == stages
        production = [version for version, stage in stages.items() if stage == "Production"]
        assert len(production) <= 1
        soon = datetime.now(UTC) + timedelta(minutes=1)
        held = {
            target: [one.version for one in gate.who_held(connection, target, soon, "loans")]
            for target in ("champion", "Production")
        }
        assert held == {"champion": list(aliases.values()), "Production": production}
    return aliases.get("champion"), production


def assert_tag_agrees(uri, version):
    """The short tag of a version names the checks whose evidence is in the ledger; returns how many."""
    with _afresh(uri) as connection:
        assert list(gate.faults(connection)) == []
        query = f"SELECT value FROM model_version_tags WHERE name = 'loans' AND version = {version}"
        tag = connection.exec_driver_sql(query).scalar()
        query = f"SELECT check_name FROM mlflow_prod_evidence WHERE version = {version}"
        checks = sorted(connection.exec_driver_sql(query).scalars())
    # Of many checks the tag names the first, and counts all.
    named, _, rest = (tag or " (0").partition(" (")
    told = [name for name in named.split(", ") if name not in ("", "...")]
    assert told == checks[:MOST_NAMED] and rest.split(" ")[0] == str(len(checks))
    return len(checks)


def _afresh(uri):
    engine = sa.create_engine(uri, poolclass=sa.NullPool)
    if engine.dialect.name != "sqlite":
        # A commit that was sent before its client died may land while this looks.
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    return engine.connect()


def _retold(decisions):
    aliases, stages = {}, {}
    for row in decisions:
        if row["action"] != "promotion" or not row["allowed"]:
            continue
        if row["kind"] == "alias":
            losers = {aliases.get(row["target"])}
            aliases[row["target"]] = row["version"]
        else:
            losers = {version for version, stage in stages.items() if stage == "Production"}
        stages |= {loser: "Archived" for loser in losers - {None, row["version"]}}
        if row["kind"] == "stage":
            stages[row["version"]] = "Production"
    return aliases, stages
