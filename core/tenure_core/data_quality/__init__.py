"""Data quality: permanent removal of records."""
