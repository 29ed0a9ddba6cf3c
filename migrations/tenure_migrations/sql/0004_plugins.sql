-- Plugins: which of them a tenant has enabled, and how it has set them; what keys and tables say of them.

-- The settings are those that the tenant has set, by their names in the plugin's model; the rest is the model's.
CREATE TABLE tenant_plugin (
    tenant_id  uuid        NOT NULL,
    plugin     text        COLLATE "C" NOT NULL,
    enabled    boolean     NOT NULL DEFAULT false,
    settings   jsonb       NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_tenant_plugin PRIMARY KEY (tenant_id, plugin)
);
CALL tenure_protect('tenant_plugin');

-- Plugins bring roles, too.
ALTER TABLE api_key DROP CONSTRAINT ck_api_key_role;

-- A request asks whose key it carries, and learns at the same time which plugins answer it.
DROP FUNCTION tenure_authenticate(bytea);
CREATE FUNCTION tenure_authenticate(digest bytea)
RETURNS TABLE (tenant_id uuid, key_id uuid, role text, origin text, plugins text[])
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    SELECT
        api_key.tenant_id, api_key.id, api_key.role, api_key.origin,
        ARRAY(
            SELECT plugin FROM tenant_plugin
            WHERE tenant_plugin.tenant_id = api_key.tenant_id AND tenant_plugin.enabled
        )
    FROM api_key
    WHERE api_key.hash = digest AND api_key.revoked_at IS NULL;
END;
REVOKE EXECUTE ON FUNCTION tenure_authenticate(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenure_authenticate(bytea) TO tenure_app;

-- What is kept of a table's records is written beside its triggers, so that a plugin's next revision can tell what
-- it changes, and how to take it back.
ALTER PROCEDURE tenure_capture(regclass, text, jsonb) RENAME TO tenure_capture_triggers;
CREATE PROCEDURE tenure_capture(captured regclass, entity text, template jsonb)
LANGUAGE plpgsql
AS $$
BEGIN
    CALL tenure_capture_triggers(captured, entity, template);
    EXECUTE format(
        'COMMENT ON TRIGGER tenure_3_capture_insert ON %s IS %L',
        captured, jsonb_build_object('entity', entity, 'template', template)
    );
END
$$;
REVOKE EXECUTE ON PROCEDURE tenure_capture(regclass, text, jsonb) FROM PUBLIC;
