"""PostgreSQL: the connection pool, tenant binding, notifications and the embedded server."""
