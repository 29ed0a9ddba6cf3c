"""The platform without GraphQL: declarations, the query planner, the write path, the plugin host."""
