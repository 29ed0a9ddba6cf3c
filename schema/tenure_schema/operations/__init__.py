"""GraphQL operations: document cache, limits, lowering and execution."""
