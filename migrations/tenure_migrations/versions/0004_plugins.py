"""The plugins that a tenant has enabled, with their settings; roles of plugins for keys."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    """Make the table, and have a key tell what is enabled."""
    _run("plugins")


def downgrade() -> None:
    """Drop it, and the keys whose roles it would not know."""
    _run("drop")


def _run(name: str) -> None:
    script = (SQL / f"{revision}_{name}.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})
