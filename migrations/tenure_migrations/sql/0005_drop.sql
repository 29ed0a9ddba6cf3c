-- Downgrade: deletes the cursors and the queue.

DROP FUNCTION
    tenure_defer_jobs(text[], text[], timestamptz[]), tenure_due_deliveries(text[], uuid[]),
    tenure_begin_deliveries(text[]);
DROP TABLE plugin_job, plugin_delivery;
DROP FUNCTION tenure_feed_lag(uuid, text, integer), tenure_feed_position(uuid);
DROP SCHEMA procrastinate CASCADE;
