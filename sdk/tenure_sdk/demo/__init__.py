"""The demo's data: a year in the life of forty customers, the same at every run but for today's date."""
