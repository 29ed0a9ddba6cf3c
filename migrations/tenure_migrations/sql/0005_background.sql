-- State of the background work: change listeners and jobs of plugins.

-- The cursor of a plugin in a tenant's change feed, its failed attempts and its last error. The cursor is null if it
-- has expired; it is set to the end of the feed when an administrator resumes the plugin.
CREATE TABLE plugin_delivery (
    tenant_id       uuid        NOT NULL,
    plugin          text        COLLATE "C" NOT NULL,
    cursor          text        COLLATE "C",
    moved_at        timestamptz NOT NULL DEFAULT now(),
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    parked_at       timestamptz,
    problem         text,
    CONSTRAINT pk_plugin_delivery PRIMARY KEY (tenant_id, plugin),
    CONSTRAINT fk_plugin_delivery_tenant_id_plugin FOREIGN KEY (tenant_id, plugin)
        REFERENCES tenant_plugin ON DELETE CASCADE,
    CONSTRAINT ck_plugin_delivery_cursor CHECK (cursor IS NOT NULL OR parked_at IS NOT NULL)
);
CALL tenure_protect('plugin_delivery');

-- The last completion of a plugin's job for a tenant, the failed attempts since then, and the last error.
CREATE TABLE plugin_job (
    tenant_id uuid        NOT NULL,
    plugin    text        COLLATE "C" NOT NULL,
    job       text        COLLATE "C" NOT NULL,
    done_at   timestamptz NOT NULL DEFAULT now(),
    attempts  integer     NOT NULL DEFAULT 0,
    problem   text,
    CONSTRAINT pk_plugin_job PRIMARY KEY (tenant_id, plugin, job),
    CONSTRAINT fk_plugin_job_tenant_id_plugin FOREIGN KEY (tenant_id, plugin)
        REFERENCES tenant_plugin ON DELETE CASCADE
);
CALL tenure_protect('plugin_job');

-- The queue contains names and tenant ids, no data of tenants, so the service has access to all of its rows.
GRANT USAGE ON SCHEMA procrastinate TO tenure_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA procrastinate TO tenure_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA procrastinate TO tenure_app;
