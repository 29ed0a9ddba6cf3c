"""GraphQL types and inputs, generated from the catalog."""
