"""Bulk load: `POST /bulk/{entity}` reads NDJSON or CSV of any length."""
