-- Access: authentication by API key, and row-level security.

-- Returns the API key with a hash. The service has no access to the table itself.
CREATE FUNCTION tenure_authenticate(digest bytea)
RETURNS TABLE (tenant_id uuid, key_id uuid, role text, origin text)
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    SELECT api_key.tenant_id, api_key.id, api_key.role, api_key.origin
    FROM api_key
    WHERE api_key.hash = digest AND api_key.revoked_at IS NULL;
END;

REVOKE EXECUTE ON FUNCTION tenure_authenticate(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenure_authenticate(bytea) TO tenure_app;

-- Row-level security without a policy hides every row, so an accidental GRANT does not expose these tables.
ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;

-- Restricts tenure_app to the rows of the tenant to which its connection is bound. The policy does not apply to the
-- owner of the table, because migrations update the rows of all tenants.
CREATE PROCEDURE tenure_protect(protected regclass)
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', protected);
    EXECUTE format(
        'CREATE POLICY tenant ON %s USING (%2$s) WITH CHECK (%2$s)',
        protected,
        'tenant_id = nullif(current_setting(''tenure.tenant_id'', true), '''')::uuid'
    );
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO tenure_app', protected);
END
$$;

REVOKE EXECUTE ON PROCEDURE tenure_protect(regclass) FROM PUBLIC;

-- Updates the statistics of a table. After a large load, PostgreSQL plans with the old row count until then. The
-- service calls this procedure because only the owner of a table may run ANALYZE.
CREATE PROCEDURE tenure_analyze(loaded regclass)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    EXECUTE format('ANALYZE %s', loaded);
END
$$;

REVOKE EXECUTE ON PROCEDURE tenure_analyze(regclass) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE tenure_analyze(regclass) TO tenure_app;
