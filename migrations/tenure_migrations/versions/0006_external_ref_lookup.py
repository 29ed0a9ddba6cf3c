"""Change the column order of the index on external references to (record_id, tenant_id, entity).

The previous order had the same prefix as the primary key. During a first load, while the statistics of the
table are outdated, PostgreSQL estimates equal costs for both indexes. The primary key reads all references of
the tenant for each record: 400 ms instead of 5 ms for a thousand records.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME, TABLE = "ix_external_ref_record", "external_ref"


def upgrade() -> None:
    """Create the index with record_id as the first column."""
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["record_id", "tenant_id", "entity"])


def downgrade() -> None:
    """Create the index with tenant_id as the first column."""
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["tenant_id", "entity", "record_id"])
