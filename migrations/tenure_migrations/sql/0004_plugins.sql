-- Plugins per tenant: enablement, settings, roles, and the metadata of captured tables.

-- `settings` contains the values that the tenant has set, by field name of the plugin's settings model. The model
-- provides the defaults of the others.
CREATE TABLE tenant_plugin (
    tenant_id  uuid        NOT NULL,
    plugin     text        COLLATE "C" NOT NULL,
    enabled    boolean     NOT NULL DEFAULT false,
    settings   jsonb       NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_tenant_plugin PRIMARY KEY (tenant_id, plugin)
);
CALL tenure_protect('tenant_plugin');

-- Plugins define further roles.
ALTER TABLE api_key DROP CONSTRAINT ck_api_key_role;

-- Authentication also returns the plugins that the tenant has enabled.
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

-- The entity and the template are stored as a comment on the trigger. The revision generator compares them with the
-- declaration, and writes them into the downgrade.
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
