"""The tables of evidence and decisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGTEXT

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes both tables."""
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    long = sa.Text().with_variant(LONGTEXT, "mysql", "mariadb")
    op.create_table(
        "mlflow_prod_evidence",
        sa.Column("id", key, primary_key=True, autoincrement=True),
        sa.Column("workspace", sa.String(63), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("check_name", sa.String(100), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("record", long, nullable=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("author", sa.String(256), nullable=False),
        sa.Column("submitted_at", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "mlflow_prod_evidence_newest",
        "mlflow_prod_evidence",
        ["workspace", "subject", "check_name", "made_at", "id"],
    )
    op.create_table(
        "mlflow_prod_decisions",
        sa.Column("id", key, primary_key=True, autoincrement=True),
        sa.Column("workspace", sa.String(63), nullable=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(5), nullable=False),
        sa.Column("target", sa.String(256), nullable=False),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("incumbent", sa.String(64), nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("reasons", long, nullable=False),
        sa.Column("notes", long, nullable=False),
        sa.Column("evidence", long, nullable=False),
        sa.Column("author", sa.String(256), nullable=False),
        sa.Column("decided_at", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "mlflow_prod_decisions_last",
        "mlflow_prod_decisions",
        ["workspace", "model", "kind", "target", "allowed", "id"],
    )
