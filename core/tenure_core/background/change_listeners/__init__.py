"""Change listeners: deliver committed changes of the change feed to `on_change` hooks."""
