"""Features that are not entities: one module per feature, with its types, fields and mutations."""
