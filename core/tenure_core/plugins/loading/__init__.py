"""Plugin loading: discovery, load order, hook validation and name conflicts."""
