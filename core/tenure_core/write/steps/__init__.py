"""Steps of write operations: each processes the rows of a call and returns those that continue."""
