"""Writing: from rows as a client sent them to records, in a handful of statements for any number."""
