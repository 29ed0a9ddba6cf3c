-- The change feed: indexes, and the horizon of the retention.

-- Earlier changes have the format of the tables, and no version of the service reads them.
TRUNCATE change;

ALTER TABLE change
    DROP CONSTRAINT ck_change_operation,
    ADD CONSTRAINT ck_change_operation
        CHECK (operation IN ('CREATE', 'UPDATE', 'DELETE', 'RESTORE', 'PURGE'));

-- The feed is read in the order of `seq`. Changes of long transactions, which commit after higher numbers, are found
-- by transaction id, through the primary key. The second index serves the history of a record.
CREATE INDEX ix_change_seq ON change (tenant_id, seq);
DROP INDEX ix_change_record;
CREATE INDEX ix_change_record ON change (tenant_id, entity, record_id, seq);

-- The highest `seq` and transaction id among a tenant's deleted changes. A cursor before them has expired.
CREATE TABLE change_horizon (
    tenant_id      uuid   NOT NULL,
    seq            bigint NOT NULL,
    transaction_id xid8   NOT NULL,
    CONSTRAINT pk_change_horizon PRIMARY KEY (tenant_id)
);
CALL tenure_protect('change_horizon');
REVOKE INSERT, UPDATE, DELETE ON change_horizon FROM tenure_app;

-- Fails with the SQLSTATE that the service translates to CURSOR_EXPIRED.
CREATE FUNCTION tenure_refuse_cursor() RETURNS json
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE 'The changes after this cursor are gone' USING ERRCODE = 'TN001';
END
$$;

-- The id of the next transaction. The xmax of a snapshot is lower while transactions are running.
CREATE FUNCTION tenure_next_transaction() RETURNS bigint
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT pg_snapshot_xmax(snapshot)::text::bigint + age(pg_snapshot_xmax(snapshot)::xid)
    FROM pg_current_snapshot() AS snapshot;
END;
