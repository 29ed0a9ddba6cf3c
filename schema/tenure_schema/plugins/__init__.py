"""Schema parts of plugins: their types, root fields, resolvers and HTTP routes."""
