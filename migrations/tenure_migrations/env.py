"""Alembic environment. `tenure_core.migrate` passes the connection in the attributes of the configuration."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    version_table=attributes["version_table"],
    on_version_apply=attributes["after_each"],
    transaction_per_migration=True,
)

with context.begin_transaction():
    context.run_migrations()
