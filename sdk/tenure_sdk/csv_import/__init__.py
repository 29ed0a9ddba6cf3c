"""CSV import: reads a file, converts its columns as an import map defines, and writes records."""
