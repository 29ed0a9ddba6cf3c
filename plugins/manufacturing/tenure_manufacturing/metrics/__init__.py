"""Computed fields: reliability metrics, the account summary and other derived values."""
