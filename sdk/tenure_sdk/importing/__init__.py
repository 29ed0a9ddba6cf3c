"""Imports: from a file of lines to records, by a map that says which column becomes what."""
