"""Signatures, and the chain: rows written before are chained as they stand, their evidence as statements."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGTEXT

revision = "0002"
down_revision = "0001"

# As mlflow_prod.evidence.attestation and mlflow_prod.registry.chain had it when this was written.
STATEMENT, PREDICATE = "https://in-toto.io/Statement/v1", "urn:mlflow-prod:evidence:1"


def upgrade() -> None:
    """Makes the heads, adds the columns, fills them, and takes room for longer kinds."""
    long = sa.Text().with_variant(LONGTEXT, "mysql", "mariadb")
    heads = op.create_table(
        "mlflow_prod_heads",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    with op.batch_alter_table("mlflow_prod_evidence") as table:
        table.add_column(sa.Column("key_ids", sa.String(519), nullable=False, server_default=""))
        table.add_column(sa.Column("signatures", long, nullable=True))
        table.add_column(sa.Column("digest", sa.String(64), nullable=False, server_default=""))
        table.alter_column("record", new_column_name="statement", existing_type=long, existing_nullable=False)
    with op.batch_alter_table("mlflow_prod_decisions") as table:
        table.add_column(sa.Column("action", sa.String(12), nullable=False, server_default="promotion"))
        table.add_column(sa.Column("evidence_head", sa.String(64), nullable=False, server_default=""))
        table.add_column(sa.Column("digest", sa.String(64), nullable=False, server_default=""))
    op.drop_index("mlflow_prod_evidence_newest", "mlflow_prod_evidence")
    op.create_index(
        "mlflow_prod_evidence_newest",
        "mlflow_prod_evidence",
        ["workspace", "subject", "check_name", "key_ids", "made_at", "id"],
    )
    op.drop_index("mlflow_prod_decisions_last", "mlflow_prod_decisions")
    op.create_index(
        "mlflow_prod_decisions_last",
        "mlflow_prod_decisions",
        ["workspace", "model", "kind", "target", "action", "allowed", "id"],
    )
    connection = op.get_bind()
    reached: dict[str, tuple[int, str]] = {}
    for name in ("mlflow_prod_evidence", "mlflow_prod_decisions"):
        rows = sa.Table(name, sa.MetaData(), autoload_with=connection)
        reached[name] = _chain(connection, rows, reached.get("mlflow_prod_evidence", (0, ""))[1])
    op.bulk_insert(
        heads,
        [{"name": name, "length": length, "digest": digest} for name, (length, digest) in reached.items()],
    )
    with op.batch_alter_table("mlflow_prod_evidence") as table:
        table.alter_column("signatures", existing_type=long, nullable=False)
        table.alter_column("key_ids", existing_type=sa.String(519), server_default=None)
        table.alter_column("digest", existing_type=sa.String(64), server_default=None)
    with op.batch_alter_table("mlflow_prod_decisions") as table:
        table.alter_column("action", existing_type=sa.String(12), server_default=None)
        table.alter_column("evidence_head", existing_type=sa.String(64), server_default=None)
        table.alter_column("digest", existing_type=sa.String(64), server_default=None)


def _chain(connection: sa.Connection, table: sa.Table, evidence_head: str) -> tuple[int, str]:
    digest = ""
    rows = [dict(row._mapping) for row in connection.execute(sa.select(table).order_by(table.c.id))]
    for number, row in enumerate(rows, 1):
        was = row["id"]
        del row["digest"]
        if "statement" in row:
            row |= {"statement": _stated(row["statement"]), "key_ids": "", "signatures": "[]"}
        else:
            row |= {"evidence_head": evidence_head, "allowed": bool(row["allowed"])}
        row["id"] = number
        content = json.dumps([digest, *sorted(row.items())], separators=(",", ":"))
        digest = hashlib.sha256(content.encode()).hexdigest()
        connection.execute(sa.update(table).where(table.c.id == was).values(**row, digest=digest))
    return len(rows), digest


def _stated(record: str) -> str:
    predicate = json.loads(record)
    subject = [{"name": "model", "digest": {"sha256": predicate.pop("subject")}}]
    return json.dumps(
        {"_type": STATEMENT, "subject": subject, "predicateType": PREDICATE, "predicate": predicate},
        separators=(",", ":"),
    )
