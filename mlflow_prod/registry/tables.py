"""The ledger's tables: evidence and decisions, written once and never changed."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text
from sqlalchemy.dialects.mysql import LONGTEXT

from mlflow_prod.registry.chain import CHAINS, metadata

# SQLite counts only an INTEGER key up by itself.
_Key = BigInteger().with_variant(Integer, "sqlite")
_Long = Text().with_variant(LONGTEXT, "mysql", "mariadb")
CHECK_LENGTH = 100

evidence_table = Table(
    CHAINS[1],
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String(63), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("check_name", String(CHECK_LENGTH), nullable=False),
    Column("made_at", BigInteger, nullable=False),  # ms since 1970, like all times here
    Column("statement", _Long, nullable=False),  # empty: what was submitted before is revoked
    Column("signatures", _Long, nullable=False),
    Column("key_ids", String(519), nullable=False),  # of the known keys that signed, sorted, blanks between
    Column("model", String(256), nullable=False),
    Column("version", Integer, nullable=False),
    Column("author", String(256), nullable=False),
    Column("submitted_at", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Index("mlflow_prod_evidence_newest", "workspace", "subject", "check_name", "key_ids", "made_at", "id"),
)

# The newest of each kind of evidence: derived from the table above, whose index alone would lead through all
# that was ever submitted about some files. `audit` compares the two.
newest_table = Table(
    "mlflow_prod_newest",
    metadata,
    Column("workspace", String(63), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("check_name", String(CHECK_LENGTH), primary_key=True),
    Column("key_ids", String(519), primary_key=True),
    Column("evidence", BigInteger, nullable=False),
)

# Each statement by the sha256 digest of its text: when it counts as made since it was first submitted, and
# where it was submitted last. Derived, too.
statement_table = Table(
    "mlflow_prod_statements",
    metadata,
    Column("workspace", String(63), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("check_name", String(CHECK_LENGTH), primary_key=True),
    Column("statement", String(64), primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("evidence", BigInteger, nullable=False),
)

decision_table = Table(
    CHAINS[0],
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String(63), nullable=False),
    Column("model", String(256), nullable=False),
    Column("version", Integer, nullable=False),
    Column("action", String(12), nullable=False),
    Column("kind", String(5), nullable=False),  # of target: stage, alias, model, check, any
    Column("target", String(256), nullable=False),
    Column("allowed", Boolean, nullable=False),
    Column("subject", String(64), nullable=False),
    Column("incumbent", String(64), nullable=False),
    Column("policy", String(64), nullable=False),
    Column("reasons", _Long, nullable=False),
    Column("notes", _Long, nullable=False),
    Column("evidence", _Long, nullable=False),
    Column("evidence_head", String(64), nullable=False),
    Column("author", String(256), nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Index("mlflow_prod_decisions_last", "workspace", "model", "kind", "target", "allowed", "id"),
)


def ms(time: datetime) -> int:
    """Milliseconds since 1970, as the tables hold times."""
    return round(time.astimezone(UTC).timestamp() * 1_000)
