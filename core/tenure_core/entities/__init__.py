"""Entity declarations: the classes, functions and scalar types that declare tables and API fields."""
