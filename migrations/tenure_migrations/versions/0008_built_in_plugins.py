"""Enable built-in plugins for every tenant."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the function that the workers call for the built-in plugins."""
    op.execute("""
        CREATE FUNCTION tenure_enable_plugins(plugins text[]) RETURNS void
        LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
        BEGIN ATOMIC
            INSERT INTO tenant_plugin (tenant_id, plugin, enabled)
            SELECT tenant.id, built_in.plugin, true
            FROM tenant CROSS JOIN unnest(plugins) AS built_in (plugin)
            WHERE NOT EXISTS (
                SELECT FROM tenant_plugin AS known
                WHERE known.tenant_id = tenant.id AND known.plugin = built_in.plugin
            )
            ON CONFLICT DO NOTHING;
        END
    """)
    op.execute("REVOKE EXECUTE ON FUNCTION tenure_enable_plugins(text[]) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION tenure_enable_plugins(text[]) TO tenure_app")


def downgrade() -> None:
    """Drop the function."""
    op.execute("DROP FUNCTION tenure_enable_plugins(text[])")
