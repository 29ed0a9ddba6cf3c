"""Mutations: from an input to a write, and from its result to a payload."""
