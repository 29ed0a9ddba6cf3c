"""Rename tables, columns and functions to the standard terms."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    """Rename the tables and columns, and replace the functions that refer to them by name."""
    _run("0007_names")
    _run("0007_not_null_names")
    _run("0007_functions")


def downgrade() -> None:
    """Restore the names of 0006 and its functions."""
    _run("0007_old_names")
    _run("0007_not_null_names")
    _run("0003_partitions")
    _run("0005_functions")


def _run(name: str) -> None:
    script = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})
