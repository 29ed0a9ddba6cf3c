"""Rows: parsing, validation and matching of the rows of a write, without a database."""
