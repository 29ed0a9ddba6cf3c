"""Migrations: applies, generates, checks and removes the revisions of the core and of plugins."""
