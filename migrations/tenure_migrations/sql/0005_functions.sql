-- Functions of the background work: they find due change listeners and jobs over all tenants.

-- The cursor at the end of a tenant's change feed.
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

-- The number of visible changes of a tenant after a cursor, at most `most`. These are the changes with a higher `seq`
-- than the cursor, and those with a lower one whose transactions were running when the cursor was issued.
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
    -- `seq + 0` prevents a scan of the index on `seq`: the few transaction ids are more selective.
    behind AS (
        SELECT 1
        FROM ran JOIN change ON
            tenant_id = tenant AND transaction_id BETWEEN lowest AND highest
            AND seq + 0 > (SELECT late FROM standing) AND seq + 0 <= (SELECT seq FROM standing)
        LIMIT most
    )
    SELECT least(count(*), most)::integer FROM (SELECT 1 FROM fresh UNION ALL SELECT 1 FROM behind) AS unread;
END;

-- The service sees the rows of one tenant at a time. It calls the next three functions to find and start the
-- background work of all tenants.

-- Sets the cursor of each enabled plugin without a cursor to the end of the tenant's feed.
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

-- The plugins with changes after their cursor, of the given tenants or, with null, of all. A plugin is also returned
-- one hour after its cursor was advanced, so that the cursor of an idle plugin does not expire.
CREATE FUNCTION tenure_due_deliveries(plugins text[], tenants uuid[]) RETURNS TABLE (tenant_id uuid, plugin text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- Most commits are of tenants without such a plugin. Planning the query below, over all partitions of the
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
            -- If no transaction was running when the cursor was issued, no change with a lower `seq` can follow.
            OR pg_snapshot_xmin(seen) < following AND tenure_feed_lag(delivery.tenant_id, delivery.cursor, 1) > 0
        );
END
$$;

-- Enqueues each job for each tenant that has enabled its plugin, unless the job was completed at or after its due time
-- or is already queued or running. Returns the number of enqueued jobs. If another session holds the advisory lock,
-- the function returns 0.
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
    -- NOT IN, because NOT EXISTS scans the whole queue for each tenant while PostgreSQL has no statistics of it.
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
