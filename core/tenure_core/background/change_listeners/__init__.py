"""Change listeners: pass committed changes of the feed to the `on_change` hooks of plugins."""
