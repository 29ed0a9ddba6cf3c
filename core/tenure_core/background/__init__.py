"""Background work: scheduled jobs and change listeners, of plugins and of the core's built-in plugins."""
