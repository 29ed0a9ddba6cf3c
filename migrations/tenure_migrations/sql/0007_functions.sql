-- Functions under their new names. They do the same as the functions of 0003 and 0005.

-- Fails with the SQLSTATE that the service translates to CURSOR_EXPIRED. Returns json, so that a statement that
-- returns a page of the feed can call it in place of the page.
CREATE FUNCTION tenure_raise_cursor_expired() RETURNS json
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE 'The changes after this cursor have been deleted' USING ERRCODE = 'TN001';
END
$$;

-- The days that have a partition of `change`.
CREATE FUNCTION tenure_change_partition_days() RETURNS SETOF date
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT to_date(relname, '"change_"YYYYMMDD')
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'change'::regclass AND relname ~ '^change_[0-9]{8}$';
END;

-- Creates the partition of one day (UTC), moves the rows of that day out of the default partition, and returns the
-- name of the partition.
CREATE FUNCTION tenure_create_change_partition(day date) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    partition_name text := to_char(day, '"change_"YYYYMMDD');
    lower_bound timestamptz := day::timestamp AT TIME ZONE 'UTC';
    upper_bound timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE change INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition_name);
    EXECUTE format(
        'WITH moved AS (
            DELETE FROM change_default WHERE occurred_at >= %L AND occurred_at < %L RETURNING *
         )
         INSERT INTO %I SELECT * FROM moved',
        lower_bound, upper_bound, partition_name
    );
    EXECUTE format(
        'ALTER TABLE change ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        partition_name, lower_bound, upper_bound
    );
    RETURN partition_name;
END
$$;

-- Functions that the service calls. They run as the owner, because the service owns no tables. The lock timeout
-- limits the time for which concurrent readers and writers wait. If another session holds the advisory lock, the
-- function returns without doing anything.

-- Creates the partitions of today, of the next seven days, and of each day with rows in the default partition.
-- Returns the names of the new partitions.
CREATE FUNCTION tenure_create_change_partitions() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '1s'
AS $$
DECLARE
    missing_days date[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('change partitions', 0)) THEN
        RETURN;
    END IF;
    missing_days := ARRAY(
        (
            SELECT day::date FROM generate_series(current_date, current_date + 7, interval '1 day') AS day
            UNION SELECT occurred_at::date FROM change_default
        )
        EXCEPT SELECT tenure_change_partition_days() ORDER BY 1
    );
    IF missing_days <> '{}' THEN
        LOCK TABLE change_default IN ACCESS EXCLUSIVE MODE;
        RETURN QUERY SELECT tenure_create_change_partition(day) FROM unnest(missing_days) AS day;
    END IF;
END
$$;

-- Drops the oldest partition if it is older than the retention, and raises each tenant's horizon to its newest
-- dropped change. Returns the name of the partition; null if no partition has expired.
CREATE FUNCTION tenure_drop_expired_change_partition(retention_days integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '1s'
AS $$
DECLARE
    oldest date := (SELECT min(day) FROM tenure_change_partition_days() AS day);
    partition_name text := to_char(oldest, '"change_"YYYYMMDD');
BEGIN
    IF retention_days < 1 THEN
        RAISE 'The retention of changes is at least 1 day, not %', retention_days;
    END IF;
    IF oldest IS NULL OR oldest >= current_date - retention_days
        OR NOT pg_try_advisory_xact_lock(hashtextextended('change partitions', 0))
    THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'INSERT INTO change_horizon AS horizon (tenant_id, seq, transaction_id)
         SELECT tenant_id, max(seq), max(transaction_id) FROM %I GROUP BY tenant_id
         ON CONFLICT (tenant_id) DO UPDATE SET
            seq = greatest(horizon.seq, excluded.seq),
            transaction_id = greatest(horizon.transaction_id, excluded.transaction_id)',
        partition_name
    );
    EXECUTE format('DROP TABLE %I', partition_name);
    RETURN partition_name;
END
$$;

-- The cursor at the end of a tenant's change feed: no change that is visible now comes after it.
CREATE FUNCTION tenure_current_cursor(tenant uuid) RETURNS text
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
        tenure_next_transaction_id()
    );
END;

-- The number of visible changes of a tenant after a cursor, at most `max_lag`. These are the changes with a higher
-- `seq` than the cursor, and those with a lower one whose transactions were running when the cursor was issued.
CREATE FUNCTION tenure_cursor_lag(tenant uuid, cursor text, max_lag integer) RETURNS integer
LANGUAGE sql STABLE STRICT
BEGIN ATOMIC
    WITH parsed AS MATERIALIZED (
        SELECT
            split_part(cursor, '.', 1)::bigint AS seq,
            split_part(cursor, '.', 2)::pg_snapshot AS snapshot,
            split_part(cursor, '.', 3)::xid8 AS next_transaction_id,
            coalesce(nullif(split_part(cursor, '.', 4), ''), '0')::bigint AS late_seq
    ),
    running AS (
        SELECT id AS lowest, id AS highest FROM parsed, pg_snapshot_xip(snapshot) AS id
        UNION ALL SELECT pg_snapshot_xmax(snapshot), next_transaction_id FROM parsed
    ),
    new_changes AS (
        SELECT 1 FROM change WHERE tenant_id = tenant AND seq > (SELECT seq FROM parsed) LIMIT max_lag
    ),
    -- `seq + 0` prevents a scan of the index on `seq`: the few transaction ids are more selective.
    late_changes AS (
        SELECT 1
        FROM running JOIN change ON
            tenant_id = tenant AND transaction_id BETWEEN lowest AND highest
            AND seq + 0 > (SELECT late_seq FROM parsed) AND seq + 0 <= (SELECT seq FROM parsed)
        LIMIT max_lag
    )
    SELECT least(count(*), max_lag)::integer
    FROM (SELECT 1 FROM new_changes UNION ALL SELECT 1 FROM late_changes) AS unread;
END;

-- The service sees the rows of one tenant at a time. It calls the next three functions to find and start the
-- background work of all tenants.

-- Creates a change listener for each tenant that has enabled one of the plugins and has none for it yet. Its cursor is
-- the end of the tenant's feed.
CREATE FUNCTION tenure_create_change_listeners(plugins text[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    INSERT INTO change_listener (tenant_id, plugin, cursor)
    SELECT tenant_id, plugin, tenure_current_cursor(tenant_id)
    FROM tenant_plugin
    WHERE enabled AND plugin = ANY(plugins) AND NOT EXISTS (
        SELECT FROM change_listener AS existing
        WHERE existing.tenant_id = tenant_plugin.tenant_id AND existing.plugin = tenant_plugin.plugin
    )
    ON CONFLICT DO NOTHING;
END;

-- The change listeners that are due, of the given tenants or, with null, of all. A listener is due if there are
-- changes after its cursor. It is also due one hour after its cursor was advanced, so that the cursor of an idle
-- listener does not expire.
CREATE FUNCTION tenure_due_change_listeners(plugins text[], tenants uuid[])
RETURNS TABLE (tenant_id uuid, plugin text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- Most commits are of tenants without a listener. Planning the query below, over all partitions of the feed,
    -- costs more than such a commit.
    IF NOT EXISTS (
        SELECT FROM change_listener AS existing
        WHERE existing.plugin = ANY(plugins) AND (tenants IS NULL OR existing.tenant_id = ANY(tenants))
    ) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT listener.tenant_id, listener.plugin
    FROM change_listener AS listener JOIN tenant_plugin AS enablement USING (tenant_id, plugin),
        LATERAL (
            SELECT
                split_part(listener.cursor, '.', 1)::bigint AS seq,
                split_part(listener.cursor, '.', 2)::pg_snapshot AS snapshot,
                split_part(listener.cursor, '.', 3)::xid8 AS next_transaction_id
        ) AS parsed
    WHERE enablement.enabled
        AND listener.plugin = ANY(plugins)
        AND (tenants IS NULL OR listener.tenant_id = ANY(tenants))
        AND listener.paused_at IS NULL
        AND listener.next_attempt_at <= now()
        AND (
            listener.advanced_at < now() - interval '1 hour'
            OR split_part(listener.cursor, '.', 4) <> ''
            OR EXISTS (
                SELECT FROM change WHERE change.tenant_id = listener.tenant_id AND change.seq > parsed.seq
            )
            -- If no transaction was running when the cursor was issued, which is the usual case, no change with a
            -- lower `seq` can follow.
            OR pg_snapshot_xmin(parsed.snapshot) < parsed.next_transaction_id
                AND tenure_cursor_lag(listener.tenant_id, listener.cursor, 1) > 0
        );
END
$$;

-- Enqueues each job for each tenant that has enabled its plugin, unless the job was completed at or after its due time
-- or is already queued or running. Returns the number of enqueued jobs. If another session holds the advisory lock,
-- the function returns 0.
CREATE FUNCTION tenure_defer_jobs(plugins text[], jobs text[], due_times timestamptz[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, procrastinate, pg_temp
AS $$
DECLARE
    deferred bigint[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('plugin jobs', 0)) THEN
        RETURN 0;
    END IF;
    INSERT INTO plugin_job (tenant_id, plugin, job)
    SELECT enablement.tenant_id, scheduled.plugin, scheduled.job
    FROM unnest(plugins, jobs) AS scheduled (plugin, job) JOIN tenant_plugin AS enablement USING (plugin)
    WHERE enablement.enabled
    ON CONFLICT DO NOTHING;
    WITH due AS (
        SELECT
            tenant_id, plugin, job, scheduled.due_at,
            format('%s.%s of %s', plugin, job, tenant_id) AS lock
        FROM unnest(plugins, jobs, due_times) AS scheduled (plugin, job, due_at)
            JOIN plugin_job USING (plugin, job)
            JOIN tenant_plugin AS enablement USING (tenant_id, plugin)
        WHERE enablement.enabled AND plugin_job.completed_at < scheduled.due_at
    )
    SELECT procrastinate_defer_jobs_v1(array_agg(ROW(
        plugin, 'run_job', 0, lock, lock,
        jsonb_build_object('tenant_id', tenant_id, 'plugin', plugin, 'job', job, 'due_at', due_at),
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
    tenure_change_partition_days(), tenure_create_change_partition(date),
    tenure_create_change_partitions(), tenure_drop_expired_change_partition(integer),
    tenure_create_change_listeners(text[]), tenure_due_change_listeners(text[], uuid[]),
    tenure_defer_jobs(text[], text[], timestamptz[])
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    tenure_create_change_partitions(), tenure_drop_expired_change_partition(integer),
    tenure_create_change_listeners(text[]), tenure_due_change_listeners(text[], uuid[]),
    tenure_defer_jobs(text[], text[], timestamptz[])
TO tenure_app;
