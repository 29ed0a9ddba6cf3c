"""The plugin host: hook specifications, registrations, loading, and the context that plugins receive."""
