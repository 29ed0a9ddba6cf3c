"""The catalog: an immutable index of all entities, fields and root fields, built once at startup."""
