"""Loads: rows of any number, read from a request while they come and answered while they are written."""
