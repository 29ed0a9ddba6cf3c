"""The catalog: an immutable index of all entities, fields, relations and root fields, built once at startup."""
