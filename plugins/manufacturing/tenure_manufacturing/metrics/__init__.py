"""Metrics: fields computed by PostgreSQL and reliability figures."""
