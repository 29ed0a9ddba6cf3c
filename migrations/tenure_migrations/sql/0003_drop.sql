-- Downgrade: deletes the changes in the format of 0003. The capture of 0001 is created again after this.

DROP FUNCTION
    tenure_make_change_partitions(), tenure_drop_change_partition(integer), tenure_make_change_partition(date),
    tenure_change_days(), tenure_refuse_cursor(), tenure_next_transaction();
DROP TABLE change_horizon;

DO $$
DECLARE
    name regclass;
BEGIN
    FOR name IN
        SELECT inhrelid FROM pg_inherits
        WHERE inhparent = 'change'::regclass AND inhrelid <> 'change_default'::regclass
    LOOP
        EXECUTE format('DROP TABLE %s', name);
    END LOOP;
END
$$;
TRUNCATE change;
DROP INDEX ix_change_seq, ix_change_record;
CREATE INDEX ix_change_record ON change (tenant_id, entity, record_id);
ALTER TABLE change
    DROP CONSTRAINT ck_change_operation,
    ADD CONSTRAINT ck_change_operation CHECK (operation IN ('CREATE', 'UPDATE', 'DELETE'));

CALL tenure_uncapture('account');
CALL tenure_uncapture('contact');
CALL tenure_uncapture('activity');
DROP PROCEDURE tenure_capture(regclass, text, jsonb), tenure_uncapture(regclass);
DROP PROCEDURE tenure_capture_event(regclass, text, text, text);
DROP FUNCTION
    tenure_capture_record(jsonb, text), tenure_capture_differences(jsonb), tenure_capture_value(jsonb, text),
    tenure_capture_columns(jsonb, text), tenure_capture_name(regclass, text),
    tenure_capture_statement(text, text, text, text, text, text);
DROP FUNCTION tenure_stamp(), tenure_actor(), tenure_origin();
