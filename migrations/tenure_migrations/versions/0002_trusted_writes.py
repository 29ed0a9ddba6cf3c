"""Receipts of writes, and the systems that fields belong to."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    """Make both tables, and what forgets old receipts."""
    _run("trusted_writes")


def downgrade() -> None:
    """Drop them."""
    _run("drop")


def _run(name: str) -> None:
    script = (SQL / f"{revision}_{name}.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})
