-- What goes on behind the requests: changes on their way to plugins, and the jobs of plugins.

-- Where a reader of a tenant's feed stands who knows everything that can be seen.
CREATE FUNCTION tenure_feed_position(tenant uuid) RETURNS text
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT concat_ws(
        '.',
        greatest(
            (SELECT max(seq) FROM change WHERE tenant_id = tenant),
            (SELECT seq FROM change_horizon WHERE tenant_id = tenant),
            0
        ),
        pg_current_snapshot(),
        tenure_next_transaction()
    );
END;

-- How many changes of a tenant lie behind a reader's cursor and can be seen; `most` is counted at most. Those are
-- the changes beyond the cursor's number, and those up to it of the transactions that ran when it was given out.
CREATE FUNCTION tenure_feed_lag(tenant uuid, cursor text, most integer) RETURNS integer
LANGUAGE sql STABLE STRICT
BEGIN ATOMIC
    WITH standing AS MATERIALIZED (
        SELECT
            split_part(cursor, '.', 1)::bigint AS seq,
            split_part(cursor, '.', 2)::pg_snapshot AS seen,
            split_part(cursor, '.', 3)::xid8 AS following,
            coalesce(nullif(split_part(cursor, '.', 4), ''), '0')::bigint AS late
    ),
    ran AS (
        SELECT id AS lowest, id AS highest FROM standing, pg_snapshot_xip(seen) AS id
        UNION ALL SELECT pg_snapshot_xmax(seen), following FROM standing
    ),
    fresh AS (
        SELECT 1 FROM change WHERE tenant_id = tenant AND seq > (SELECT seq FROM standing) LIMIT most
    ),
    -- The sum keeps PostgreSQL from reading all of the feed by its number, where the transactions name a few.
    behind AS (
        SELECT 1
        FROM ran JOIN change ON
            tenant_id = tenant AND transaction_id BETWEEN lowest AND highest
            AND seq + 0 > (SELECT late FROM standing) AND seq + 0 <= (SELECT seq FROM standing)
        LIMIT most
    )
    SELECT least(count(*), most)::integer FROM (SELECT 1 FROM fresh UNION ALL SELECT 1 FROM behind) AS unread;
END;

-- Where a plugin stands in a tenant's feed. Without a cursor it has been away for too long: what comes next is gone,
-- and it goes on from the end of the feed once somebody has it go on.
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

-- Up to when a plugin's job is done for a tenant, and what its last attempts since then failed with.
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

-- The service calls the next three, since it sees one tenant at a time: they tell it where there is work, and begin it.

-- Have the plugins stand at the end of the feed of each tenant that has enabled them, where they do not stand yet.
CREATE FUNCTION tenure_begin_deliveries(plugins text[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    INSERT INTO plugin_delivery (tenant_id, plugin, cursor)
    SELECT tenant_id, plugin, tenure_feed_position(tenant_id)
    FROM tenant_plugin
    WHERE enabled AND plugin = ANY(plugins) AND NOT EXISTS (
        SELECT FROM plugin_delivery AS known
        WHERE known.tenant_id = tenant_plugin.tenant_id AND known.plugin = tenant_plugin.plugin
    )
    ON CONFLICT DO NOTHING;
END;

-- The deliveries that are due, of some tenants or of all: there are changes, or the plugin has heard of none for an
-- hour. Then its cursor is moved up, so that it is not gone once old changes are dropped.
CREATE FUNCTION tenure_due_deliveries(plugins text[], tenants uuid[]) RETURNS TABLE (tenant_id uuid, plugin text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- Most commits are of tenants whose changes no plugin hears of. To plan the rest, over all partitions of the
    -- feed, costs more than such a commit.
    IF NOT EXISTS (
        SELECT FROM plugin_delivery AS known
        WHERE known.plugin = ANY(plugins) AND (tenants IS NULL OR known.tenant_id = ANY(tenants))
    ) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT delivery.tenant_id, delivery.plugin
    FROM plugin_delivery AS delivery JOIN tenant_plugin AS enablement USING (tenant_id, plugin),
        LATERAL (
            SELECT
                split_part(delivery.cursor, '.', 1)::bigint AS seq,
                split_part(delivery.cursor, '.', 2)::pg_snapshot AS seen,
                split_part(delivery.cursor, '.', 3)::xid8 AS following
        ) AS standing
    WHERE enablement.enabled
        AND delivery.plugin = ANY(plugins)
        AND (tenants IS NULL OR delivery.tenant_id = ANY(tenants))
        AND delivery.parked_at IS NULL
        AND delivery.next_attempt_at <= now()
        AND (
            delivery.moved_at < now() - interval '1 hour'
            OR split_part(delivery.cursor, '.', 4) <> ''
            OR EXISTS (
                SELECT FROM change WHERE change.tenant_id = delivery.tenant_id AND change.seq > standing.seq
            )
            -- Where no transaction ran when the cursor was given out, which is soon the rule, none comes late.
            OR pg_snapshot_xmin(seen) < following AND tenure_feed_lag(delivery.tenant_id, delivery.cursor, 1) > 0
        );
END
$$;

-- Put jobs into the queue for each tenant that has their plugin enabled, where they are not done up to the moment that
-- they are due. One that waits in the queue, or runs, is not put there again. Where another session is at it, this
-- leaves it to that one.
CREATE FUNCTION tenure_defer_jobs(plugins text[], jobs text[], moments timestamptz[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, procrastinate, pg_temp
AS $$
DECLARE
    deferred bigint[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('plugin jobs', 0)) THEN
        RETURN 0;
    END IF;
    INSERT INTO plugin_job (tenant_id, plugin, job)
    SELECT enablement.tenant_id, wanted.plugin, wanted.job
    FROM unnest(plugins, jobs) AS wanted (plugin, job) JOIN tenant_plugin AS enablement USING (plugin)
    WHERE enablement.enabled
    ON CONFLICT DO NOTHING;
    WITH due AS (
        SELECT
            tenant_id, plugin, job, wanted.moment,
            format('%s.%s of %s', plugin, job, tenant_id) AS lock
        FROM unnest(plugins, jobs, moments) AS wanted (plugin, job, moment)
            JOIN plugin_job AS known USING (plugin, job)
            JOIN tenant_plugin AS enablement USING (tenant_id, plugin)
        WHERE enablement.enabled AND known.done_at < wanted.moment
    )
    SELECT procrastinate_defer_jobs_v1(array_agg(ROW(
        plugin, 'run_job', 0, lock, lock,
        jsonb_build_object('tenant_id', tenant_id, 'plugin', plugin, 'job', job, 'due_at', moment),
        NULL
    )::procrastinate_job_to_defer_v1))
    INTO deferred
    FROM due
    -- With NOT EXISTS PostgreSQL, which knows nothing of a queue that was empty just now, goes through all of it
    -- for each tenant.
    WHERE lock NOT IN (
        SELECT queued.lock FROM procrastinate_jobs AS queued
        WHERE queue_name = ANY(plugins) AND status IN ('todo', 'doing') AND queued.lock IS NOT NULL
    )
    HAVING count(*) > 0;
    RETURN coalesce(cardinality(deferred), 0);
END
$$;

REVOKE EXECUTE ON FUNCTION
    tenure_begin_deliveries(text[]), tenure_due_deliveries(text[], uuid[]),
    tenure_defer_jobs(text[], text[], timestamptz[])
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    tenure_begin_deliveries(text[]), tenure_due_deliveries(text[], uuid[]),
    tenure_defer_jobs(text[], text[], timestamptz[])
TO tenure_app;

-- The queue holds names and tenants, no data: the service works on it as it is.
GRANT USAGE ON SCHEMA procrastinate TO tenure_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA procrastinate TO tenure_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA procrastinate TO tenure_app;
