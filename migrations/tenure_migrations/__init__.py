"""Revisions of the tables of core. `tenure_core.migrate` runs them with Alembic."""
