"""The change feed: changes and the reader for Python code, the snapshot export and the retention."""
