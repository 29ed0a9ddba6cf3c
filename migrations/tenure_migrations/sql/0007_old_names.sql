-- Downgrade: the names of 0006. The functions of 0003 and 0005 are created again after this.

DROP FUNCTION
    tenure_defer_jobs(text[], text[], timestamptz[]), tenure_due_change_listeners(text[], uuid[]),
    tenure_create_change_listeners(text[]), tenure_cursor_lag(uuid, text, integer), tenure_current_cursor(uuid),
    tenure_create_change_partitions(), tenure_drop_expired_change_partition(integer),
    tenure_create_change_partition(date), tenure_change_partition_days(), tenure_raise_cursor_expired();

ALTER FUNCTION tenure_delete_idempotency_records(interval) RENAME TO tenure_forget_receipts;
ALTER FUNCTION tenure_next_transaction_id() RENAME TO tenure_next_transaction;
ALTER PROCEDURE tenure_enable_row_security(regclass) RENAME TO tenure_protect;

ALTER TABLE idempotency_record RENAME CONSTRAINT pk_idempotency_record TO pk_receipt;
ALTER INDEX ix_idempotency_record_created_at RENAME TO ix_receipt_created_at;
ALTER TABLE idempotency_record RENAME TO receipt;

ALTER TABLE change_listener RENAME COLUMN advanced_at TO moved_at;
ALTER TABLE change_listener RENAME COLUMN paused_at TO parked_at;
ALTER TABLE change_listener RENAME COLUMN last_error TO problem;
ALTER TABLE change_listener RENAME CONSTRAINT pk_change_listener TO pk_plugin_delivery;
ALTER TABLE change_listener RENAME CONSTRAINT ck_change_listener_cursor TO ck_plugin_delivery_cursor;
ALTER TABLE change_listener
    RENAME CONSTRAINT fk_change_listener_tenant_id_plugin TO fk_plugin_delivery_tenant_id_plugin;
ALTER TABLE change_listener RENAME TO plugin_delivery;

ALTER TABLE plugin_job RENAME COLUMN completed_at TO done_at;
ALTER TABLE plugin_job RENAME COLUMN last_error TO problem;

CREATE FUNCTION tenure_refuse_cursor() RETURNS json
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE 'The changes after this cursor are gone' USING ERRCODE = 'TN001';
END
$$;
