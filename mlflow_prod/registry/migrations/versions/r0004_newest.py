"""Which evidence is the newest, so that a promotion need not go through all that was ever submitted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the table and fills it."""
    newest = op.create_table(
        "mlflow_prod_newest",
        sa.Column("workspace", sa.String(63), primary_key=True),
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("check_name", sa.String(100), primary_key=True),
        sa.Column("key_ids", sa.String(519), primary_key=True),
        sa.Column("evidence", sa.BigInteger, nullable=False),
    )
    connection = op.get_bind()
    rows = sa.Table("mlflow_prod_evidence", sa.MetaData(), autoload_with=connection).c
    group = (rows.workspace, rows.subject, rows.check_name, rows.key_ids)
    place = sa.func.row_number().over(partition_by=group, order_by=(rows.made_at.desc(), rows.id.desc()))
    ranked = sa.select(*group, rows.id, place.label("place")).subquery()
    found = sa.select(*(column for column in ranked.c if column.name != "place")).where(ranked.c.place == 1)
    columns = ["workspace", "subject", "check_name", "key_ids", "evidence"]
    connection.execute(sa.insert(newest).from_select(columns, found))
