"""Outbox: messages to external systems."""
