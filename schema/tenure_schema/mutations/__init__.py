"""Mutations: they check and execute writes, and render their payloads."""
