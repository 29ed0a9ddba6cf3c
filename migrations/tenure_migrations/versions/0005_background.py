"""What plugins do by themselves: deliveries of changes, and jobs in a queue of procrastinate's."""

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
    """Make procrastinate's tables in a schema of their own, and ours."""
    _make_queue()
    _run((SQL / "0005_background.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop them; what waits in the queue is lost."""
    _run((SQL / "0005_drop.sql").read_text(encoding="utf-8"))


def _make_queue() -> None:
    """Run procrastinate's own script: it makes everything in the schema that comes first."""
    op.execute("CREATE SCHEMA procrastinate")
    op.execute("SET LOCAL search_path = procrastinate, pg_temp")
    _run((files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8"))
    op.execute("SET LOCAL search_path = public, pg_temp")


def _run(script: str) -> None:
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})
