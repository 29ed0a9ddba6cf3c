"""Import of CSV files: reads a file, converts its cells as an import map defines, and upserts the records."""
