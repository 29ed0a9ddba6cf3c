"""The write path: from rows as a client sends them to records in a table."""
