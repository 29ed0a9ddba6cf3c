-- Functions that create and drop the partitions of `change`, one for each day.

-- The days that have a partition.
CREATE FUNCTION tenure_change_days() RETURNS SETOF date
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT to_date(relname, '"change_"YYYYMMDD')
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'change'::regclass AND relname ~ '^change_[0-9]{8}$';
END;

-- Creates the partition of one day (UTC), and moves the rows of that day out of the default partition.
CREATE FUNCTION tenure_make_change_partition(day date) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    name text := to_char(day, '"change_"YYYYMMDD');
    low timestamptz := day::timestamp AT TIME ZONE 'UTC';
    high timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE change INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format(
        'WITH strayed AS (
            DELETE FROM change_default WHERE occurred_at >= %L AND occurred_at < %L RETURNING *
         )
         INSERT INTO %I SELECT * FROM strayed',
        low, high, name
    );
    EXECUTE format('ALTER TABLE change ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, low, high);
    RETURN name;
END
$$;

-- The service calls the next two functions. They run as the owner, because the service owns no tables. The lock
-- timeout limits the time for which concurrent readers and writers wait. If another session holds the advisory lock,
-- the function returns without doing anything.

-- Creates the partitions of today, of the next seven days, and of each day with rows in the default partition.
CREATE FUNCTION tenure_make_change_partitions() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '1s'
AS $$
DECLARE
    lacking date[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('change partitions', 0)) THEN
        RETURN;
    END IF;
    lacking := ARRAY(
        (
            SELECT wanted::date FROM generate_series(current_date, current_date + 7, interval '1 day') AS wanted
            UNION SELECT occurred_at::date FROM change_default
        )
        EXCEPT SELECT tenure_change_days() ORDER BY 1
    );
    IF lacking <> '{}' THEN
        LOCK TABLE change_default IN ACCESS EXCLUSIVE MODE;
        RETURN QUERY SELECT tenure_make_change_partition(day) FROM unnest(lacking) AS day;
    END IF;
END
$$;

-- Drops the oldest partition if it is older than the retention, and raises each tenant's horizon to its newest
-- dropped change. Returns the name of the partition; null if no partition has expired.
CREATE FUNCTION tenure_drop_change_partition(kept_days integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '1s'
AS $$
DECLARE
    oldest date := (SELECT min(day) FROM tenure_change_days() AS day);
    name text := to_char(oldest, '"change_"YYYYMMDD');
BEGIN
    IF kept_days < 1 THEN
        RAISE 'Changes are kept for one day at least, not for %', kept_days;
    END IF;
    IF oldest IS NULL OR oldest >= current_date - kept_days
        OR NOT pg_try_advisory_xact_lock(hashtextextended('change partitions', 0))
    THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'INSERT INTO change_horizon AS known (tenant_id, seq, transaction_id)
         SELECT tenant_id, max(seq), max(transaction_id) FROM %I GROUP BY tenant_id
         ON CONFLICT (tenant_id) DO UPDATE SET
            seq = greatest(known.seq, excluded.seq),
            transaction_id = greatest(known.transaction_id, excluded.transaction_id)',
        name
    );
    EXECUTE format('DROP TABLE %I', name);
    RETURN name;
END
$$;

REVOKE EXECUTE ON FUNCTION
    tenure_change_days(), tenure_make_change_partition(date),
    tenure_make_change_partitions(), tenure_drop_change_partition(integer)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenure_make_change_partitions(), tenure_drop_change_partition(integer) TO tenure_app;
