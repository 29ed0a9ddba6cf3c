-- Downgrade: deletes the API keys whose role is defined by a plugin, because 0003 has no such roles.

DROP PROCEDURE tenure_capture(regclass, text, jsonb);
ALTER PROCEDURE tenure_capture_triggers(regclass, text, jsonb) RENAME TO tenure_capture;

DROP FUNCTION tenure_authenticate(bytea);
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

DELETE FROM api_key WHERE role NOT IN ('admin', 'reader');
ALTER TABLE api_key ADD CONSTRAINT ck_api_key_role CHECK (role IN ('admin', 'reader'));

DROP TABLE tenant_plugin;
