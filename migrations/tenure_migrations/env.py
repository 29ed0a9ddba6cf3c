"""Alembic's environment: runs revisions on the connection that `tenure_core.migrate.runner` hands over."""

from __future__ import annotations

from alembic import context

given = context.config.attributes
context.configure(
    connection=given["connection"],
    version_table=given["version_table"],
    on_version_apply=given["after_each"],
    transaction_per_migration=True,
)

with context.begin_transaction():
    context.run_migrations()
