"""Which statements were submitted, so that one that is sent again is known without reading all others."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
ROWS_AT_ONCE = 1_000


def upgrade() -> None:
    """Makes the table and fills it."""
    statements = op.create_table(
        "mlflow_prod_statements",
        sa.Column("workspace", sa.String(63), primary_key=True),
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("check_name", sa.String(100), primary_key=True),
        sa.Column("statement", sa.String(64), primary_key=True),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("evidence", sa.BigInteger, nullable=False),
    )
    connection = op.get_bind()
    rows = sa.Table("mlflow_prod_evidence", sa.MetaData(), autoload_with=connection).c
    place = (rows.workspace, rows.subject, rows.check_name)
    query = sa.select(*place, rows.statement, rows.made_at, rows.id).where(rows.statement != "")
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    for *about, text, made_at, number in connection.execute(
        query.order_by(rows.id).execution_options(yield_per=ROWS_AT_ONCE)
    ):
        key = (*about, hashlib.sha256(text.encode()).hexdigest())
        # When it was first submitted, and where last.
        found[key] = (min(made_at, found.get(key, (made_at, 0))[0]), number)
    names = ("workspace", "subject", "check_name", "statement", "made_at", "evidence")
    filled = [dict(zip(names, (*key, *values), strict=True)) for key, values in found.items()]
    if filled:
        connection.execute(sa.insert(statements), filled)
