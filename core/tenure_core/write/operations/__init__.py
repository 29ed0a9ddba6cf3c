"""Write operations: create, update, delete, restore, upsert and batch."""
