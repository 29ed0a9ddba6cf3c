"""Create the tables of change listeners and jobs, and the job queue of procrastinate."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    """Create procrastinate's tables in the schema `procrastinate`, and ours in `public`."""
    _create_queue()
    _run((SQL / "0005_background.sql").read_text(encoding="utf-8"))
    _run((SQL / "0005_functions.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop the tables, including the queued jobs."""
    _run((SQL / "0005_drop.sql").read_text(encoding="utf-8"))


def _create_queue() -> None:
    """Run procrastinate's script, which creates its objects in the first schema of the search path."""
    op.execute("CREATE SCHEMA procrastinate")
    op.execute("SET LOCAL search_path = procrastinate, pg_temp")
    _run((files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8"))
    op.execute("SET LOCAL search_path = public, pg_temp")


def _run(script: str) -> None:
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})
