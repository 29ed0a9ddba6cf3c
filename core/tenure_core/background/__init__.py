"""Background work: scheduled jobs and change listeners, for the core and for plugins."""
