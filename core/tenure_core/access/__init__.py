"""Access control: identity, API keys, grants and row visibility."""
