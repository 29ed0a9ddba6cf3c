"""The read path: from a request to one SQL statement and its JSON result."""
