"""The index that finds a record's external references begins with the record.

It began with tenant and entity, as the primary key does. While a table grows faster than PostgreSQL's
statistics of it, both then look equally good for finding a thousand keys, and the wrong one reads all
references of the tenant for each of them: 400 ms in place of 5.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME, TABLE = "ix_external_ref_record", "external_ref"


def upgrade() -> None:
    """Let the index begin with the record."""
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["record_id", "tenant_id", "entity"])


def downgrade() -> None:
    """Let it begin with the tenant again."""
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["tenant_id", "entity", "record_id"])
