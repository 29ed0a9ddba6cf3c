"""The platform without GraphQL: entities, access, queries, writes, the change feed and the plugin host."""
