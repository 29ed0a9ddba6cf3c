"""Migrations: applies, generates, checks and reverts the revisions of the core and of plugins."""
