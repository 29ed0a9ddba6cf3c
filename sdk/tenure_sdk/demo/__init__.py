"""Demo data: forty customers with one year of activities. The data depends only on the current day."""
