"""Create the table of plugins per tenant, and allow API keys with roles of plugins."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    """Create the table, and return the enabled plugins on authentication."""
    _run("plugins")


def downgrade() -> None:
    """Drop the table, and delete API keys whose role is defined by a plugin."""
    _run("drop")


def _run(name: str) -> None:
    script = (SQL / f"{revision}_{name}.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})
