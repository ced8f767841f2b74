"""The index of who was promoted last: by whichever action a version came to a target."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLE, INDEX = "mlflow_prod_decisions", "mlflow_prod_decisions_last"


def upgrade() -> None:
    """Takes the action out of the index, so that the newest of several actions is found without sorting."""
    op.drop_index(INDEX, TABLE)
    op.create_index(INDEX, TABLE, ["workspace", "model", "kind", "target", "allowed", "id"])
