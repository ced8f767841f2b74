"""The ledger's tables, brought up to date by Alembic under a version table of their own."""

from sqlalchemy import Engine, inspect, text

VERSION_TABLE = "mlflow_prod_alembic_version"
HEAD = "0005"

__all__ = ["HEAD", "VERSION_TABLE", "upgrade"]


def upgrade(engine: Engine) -> None:
    """Brings the tables up to date; does nothing where they are. Safe when two processes start at once."""
    if inspect(engine).has_table(VERSION_TABLE):
        with engine.connect() as connection:
            if connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")) == HEAD:
                return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "mlflow_prod.registry:migrations")
    config.set_main_option("path_separator", "os")
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # The second process waits here, and then finds nothing left to do.
            connection.execute(text("PRAGMA busy_timeout = 20000"))
            connection.execute(text("BEGIN IMMEDIATE"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
