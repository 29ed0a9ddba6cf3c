"""Demo data: a year of equipment operation and maintenance at the demo accounts in manufacturing."""
