-- PostgreSQL 18 names NOT NULL constraints after their table and column when the table is created. This gives the
-- constraints of the renamed tables and columns the names that they would have in new tables.
DO $$
DECLARE
    renamed record;
BEGIN
    FOR renamed IN
        SELECT relname, conname, format('%s_%s_not_null', relname, attname) AS new_name
        FROM pg_constraint
            JOIN pg_class ON pg_class.oid = conrelid
            JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'n' AND relnamespace = 'public'::regnamespace
            AND relname IN ('receipt', 'idempotency_record', 'plugin_delivery', 'change_listener', 'plugin_job')
    LOOP
        IF renamed.conname <> renamed.new_name THEN
            EXECUTE format(
                'ALTER TABLE %I RENAME CONSTRAINT %I TO %I', renamed.relname, renamed.conname, renamed.new_name
            );
        END IF;
    END LOOP;
END
$$;
