"""Migrating: brings databases to the revisions of the core and of plugins, and plugins out of them."""
