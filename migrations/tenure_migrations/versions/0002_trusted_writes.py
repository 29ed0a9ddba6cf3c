"""Create the tables of idempotency records and of field owners."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    """Create both tables, and the function that deletes old records."""
    _run("trusted_writes")


def downgrade() -> None:
    """Drop both tables and the function."""
    _run("drop")


def _run(name: str) -> None:
    script = (SQL / f"{revision}_{name}.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})
