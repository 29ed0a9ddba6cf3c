-- The table of changes: what reads it fast, and what keeps it to the days that are wanted.

-- Until now changes were kept in the form of the tables, and nothing read them: the feed begins here.
TRUNCATE change;

ALTER TABLE change
    DROP CONSTRAINT ck_change_operation,
    ADD CONSTRAINT ck_change_operation
        CHECK (operation IN ('CREATE', 'UPDATE', 'DELETE', 'RESTORE', 'PURGE'));

-- The feed is read in the order of `seq`, by the first index; what a long transaction leaves behind that order
-- is found by its id, through the primary key. The second index is for the history of one record.
CREATE INDEX ix_change_seq ON change (tenant_id, seq);
DROP INDEX ix_change_record;
CREATE INDEX ix_change_record ON change (tenant_id, entity, record_id, seq);

-- How far back a tenant's feed is gone: what was dropped had at most this `seq` and this transaction id.
CREATE TABLE change_horizon (
    tenant_id      uuid   NOT NULL,
    seq            bigint NOT NULL,
    transaction_id xid8   NOT NULL,
    CONSTRAINT pk_change_horizon PRIMARY KEY (tenant_id)
);
CALL tenure_protect('change_horizon');
REVOKE INSERT, UPDATE, DELETE ON change_horizon FROM tenure_app;

-- The one way to say in the middle of a statement that a cursor leads to what is gone.
CREATE FUNCTION tenure_refuse_cursor() RETURNS json
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE 'The changes after this cursor are gone' USING ERRCODE = 'TN001';
END
$$;

-- The id that the next transaction gets. A snapshot ends at the last transaction that has ended, and does not tell
-- of those that have begun since.
CREATE FUNCTION tenure_next_transaction() RETURNS bigint
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT pg_snapshot_xmax(snapshot)::text::bigint + age(pg_snapshot_xmax(snapshot)::xid)
    FROM pg_current_snapshot() AS snapshot;
END;

-- The days that have partitions.
CREATE FUNCTION tenure_change_days() RETURNS SETOF date
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT to_date(relname, '"change_"YYYYMMDD')
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'change'::regclass AND relname ~ '^change_[0-9]{8}$';
END;

-- Make the partition of one day (in UTC), and move into it what the default partition has of that day.
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

-- The service calls the next two, though it owns nothing: it can shorten what is kept down to a day, and forge
-- nothing. Whoever writes or reads at that moment waits for a second at most. Where another session is at it, they
-- leave it to that one.

-- Make the partitions of the days to come, and of the days whose changes strayed into the default partition.
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

-- Drop the oldest partition if it is older than the days to keep, and note for each tenant how far its feed is
-- gone with it. Returns its name; null where there is nothing to drop.
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

SELECT tenure_make_change_partitions();
