"""Run by Alembic: migrates over the connection it is handed."""

from alembic import context

from mlflow_prod.registry.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
