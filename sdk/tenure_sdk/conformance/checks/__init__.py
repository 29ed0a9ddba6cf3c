"""Conformance checks: one guarantee per module."""
