-- Renames. Rows, privileges and policies stay as they are.

DROP FUNCTION
    tenure_defer_jobs(text[], text[], timestamptz[]), tenure_due_deliveries(text[], uuid[]),
    tenure_begin_deliveries(text[]), tenure_feed_lag(uuid, text, integer), tenure_feed_position(uuid),
    tenure_make_change_partitions(), tenure_drop_change_partition(integer), tenure_make_change_partition(date),
    tenure_change_days(), tenure_refuse_cursor();

ALTER FUNCTION tenure_forget_receipts(interval) RENAME TO tenure_delete_idempotency_records;
ALTER FUNCTION tenure_next_transaction() RENAME TO tenure_next_transaction_id;
ALTER PROCEDURE tenure_protect(regclass) RENAME TO tenure_enable_row_security;

ALTER TABLE receipt RENAME TO idempotency_record;
ALTER TABLE idempotency_record RENAME CONSTRAINT pk_receipt TO pk_idempotency_record;
ALTER INDEX ix_receipt_created_at RENAME TO ix_idempotency_record_created_at;

ALTER TABLE plugin_delivery RENAME TO change_listener;
ALTER TABLE change_listener RENAME COLUMN moved_at TO advanced_at;
ALTER TABLE change_listener RENAME COLUMN parked_at TO paused_at;
ALTER TABLE change_listener RENAME COLUMN problem TO last_error;
ALTER TABLE change_listener RENAME CONSTRAINT pk_plugin_delivery TO pk_change_listener;
ALTER TABLE change_listener RENAME CONSTRAINT ck_plugin_delivery_cursor TO ck_change_listener_cursor;
ALTER TABLE change_listener
    RENAME CONSTRAINT fk_plugin_delivery_tenant_id_plugin TO fk_change_listener_tenant_id_plugin;

ALTER TABLE plugin_job RENAME COLUMN done_at TO completed_at;
ALTER TABLE plugin_job RENAME COLUMN problem TO last_error;
