-- Who may see what: keys for the service to ask about, and row-level security for the rest.

-- The service asks here whose key a request carries, one hash at a time; it never reads the table.
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

-- Without a policy row-level security shows nothing: a grant made by mistake would not open these two.
ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;

-- The service sees and writes the rows of the tenant that its connection is bound to, no others.
-- It holds for tenure_app, which owns nothing. The owner is free of it: migrations move everybody's rows.
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

-- After a large load the planner still believes what it knew before, and answers the first questions by plans
-- for a table that was small. The service owns no table, so it may ask for new statistics here.
CREATE PROCEDURE tenure_analyze(loaded regclass)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    EXECUTE format('ANALYZE %s', loaded);
END
$$;

REVOKE EXECUTE ON PROCEDURE tenure_analyze(regclass) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE tenure_analyze(regclass) TO tenure_app;
