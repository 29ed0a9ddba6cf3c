-- Change capture in the format of the API: a captured record is a valid input of an upsert.
--
-- A template defines the captured record. It has the structure of the record, with column names in place of values:
--     {"name": "name", "address": {"city": "address_city", "country": "address_country"}}
-- A nested object is null if all of its columns are null. The trigger functions of each table are generated from its
-- template. They name the columns, so that an update builds JSON only of the changed ones.

-- The columns of a template's field, of one row: `OLD.address_city, OLD.address_country`.
CREATE FUNCTION tenure_capture_columns(place jsonb, source text) RETURNS text
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE jsonb_typeof(place)
        WHEN 'string' THEN format('%s.%I', source, place #>> '{}')
        ELSE (SELECT string_agg(format('%s.%I', source, part.value), ', ') FROM jsonb_each_text(place) AS part)
    END;
END;

-- The expression for the value of a template's field, of one row.
CREATE FUNCTION tenure_capture_value(place jsonb, source text) RETURNS text
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE jsonb_typeof(place)
        WHEN 'string' THEN tenure_capture_columns(place, source)
        ELSE format(
            'CASE WHEN num_nonnulls(%s) > 0 THEN jsonb_build_object(%s) END',
            tenure_capture_columns(place, source),
            (
                SELECT string_agg(format('%L, %s.%I', part.key, source, part.value), ', ')
                FROM jsonb_each_text(place) AS part
            )
        )
    END;
END;

-- The expression for a complete record, of one row. It is a subselect, because a function has at most 100 arguments.
CREATE FUNCTION tenure_capture_record(template jsonb, source text) RETURNS text
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT format(
        '(SELECT to_jsonb(record) FROM (SELECT %s) AS record)',
        string_agg(format('%s AS %I', tenure_capture_value(field.value, source), field.key), ', ')
    )
    FROM jsonb_each(template) AS field;
END;

-- One statement for each field, which adds its old and its new value if they differ.
CREATE FUNCTION tenure_capture_differences(template jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT string_agg(
        format(
            'IF (%s) IS DISTINCT FROM (%s) THEN
                old_fields := old_fields || jsonb_build_object(%3$L, %4$s);
                new_fields := new_fields || jsonb_build_object(%3$L, %5$s);
            END IF;',
            tenure_capture_columns(field.value, 'OLD'),
            tenure_capture_columns(field.value, 'NEW'),
            field.key,
            tenure_capture_value(field.value, 'OLD'),
            tenure_capture_value(field.value, 'NEW')
        ),
        E'\n'
    )
    FROM jsonb_each(template) AS field;
END;

-- The statement that inserts the changes of `source`, a row or a transition table.
CREATE FUNCTION tenure_capture_statement(
    entity text, source text, operation text, before text, after text, version text
) RETURNS text
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT format(
        'INSERT INTO change (tenant_id, entity, record_id, operation, before, after, version, actor, origin)
         SELECT %1$s.tenant_id, %2$L, %1$s.id, %3$L, %4$s, %5$s, %6$s, tenure_actor(), tenure_origin()',
        source, entity, operation, before, after, version
    );
END;

CREATE FUNCTION tenure_capture_name(captured regclass, event text) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT format('tenure_capture_%s_%s', relname, event) FROM pg_class WHERE oid = captured;
END;

-- Creates or replaces the trigger for one event of a table. Its function runs as the owner, because the service may
-- not write changes, and in UTC, so that times do not depend on the writer's session.
CREATE PROCEDURE tenure_capture_event(captured regclass, event text, firing text, body text)
LANGUAGE plpgsql
AS $$
DECLARE
    function_name text := tenure_capture_name(captured, event);
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION %I() RETURNS trigger
         LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = ''UTC''
         AS %L',
        function_name, body
    );
    -- A role that may execute the function could attach it to a temporary table and forge changes.
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %I() FROM PUBLIC', function_name);
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER tenure_3_capture_%s AFTER %s ON %s %s EXECUTE FUNCTION %I()',
        event, event, captured, firing, function_name
    );
END
$$;

-- Creates the triggers of a table, or replaces them if the template changed. They fire in the order of their names,
-- so that an update without an effect is suppressed before the version is incremented. Inserts and deletes are
-- captured per statement, updates per row, because a join of the old and new rows of a statement is many times slower.
--
-- CREATE and RESTORE store the complete record after the change; DELETE, which sets deleted_at, and PURGE, which
-- deletes the row, store the complete record before it; UPDATE stores the changed fields. The versions of a record's
-- changes increase, so a PURGE has the version of the row plus 1. A PURGE also deletes the external references of the
-- record: otherwise their keys could not be used again.
CREATE PROCEDURE tenure_capture(captured regclass, entity text, template jsonb)
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER tenure_1_drop_unchanged BEFORE UPDATE ON %s
         FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
        captured
    );
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER tenure_2_stamp BEFORE UPDATE ON %s
         FOR EACH ROW EXECUTE FUNCTION tenure_stamp()',
        captured
    );
    CALL tenure_capture_event(
        captured, 'insert', 'REFERENCING NEW TABLE AS added FOR EACH STATEMENT',
        format(
            'BEGIN %s FROM added; RETURN NULL; END',
            tenure_capture_statement(
                entity, 'added', 'CREATE',
                'NULL', tenure_capture_record(template, 'added'), 'added.version'
            )
        )
    );
    CALL tenure_capture_event(
        captured, 'delete', 'REFERENCING OLD TABLE AS removed FOR EACH STATEMENT',
        format(
            'BEGIN
                %s FROM removed;
                DELETE FROM external_ref AS ref USING removed
                WHERE ref.tenant_id = removed.tenant_id AND ref.entity = %L AND ref.record_id = removed.id;
                RETURN NULL;
            END',
            tenure_capture_statement(
                entity, 'removed', 'PURGE',
                tenure_capture_record(template, 'removed'), 'NULL', 'removed.version + 1'
            ),
            entity
        )
    );
    CALL tenure_capture_event(
        captured, 'update', 'FOR EACH ROW',
        format(
            'DECLARE
                old_fields jsonb := ''{}'';
                new_fields jsonb := ''{}'';
            BEGIN
                IF OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL THEN
                    %s;
                ELSIF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL THEN
                    %s;
                ELSE
                    %s
                    %s;
                END IF;
                RETURN NULL;
            END',
            tenure_capture_statement(
                entity, 'NEW', 'DELETE', tenure_capture_record(template, 'OLD'), 'NULL', 'NEW.version'
            ),
            tenure_capture_statement(
                entity, 'NEW', 'RESTORE', 'NULL', tenure_capture_record(template, 'NEW'), 'NEW.version'
            ),
            tenure_capture_differences(template),
            tenure_capture_statement(entity, 'NEW', 'UPDATE', 'old_fields', 'new_fields', 'NEW.version')
        )
    );
END
$$;

-- Drops the triggers of a table and their functions.
CREATE PROCEDURE tenure_uncapture(captured regclass)
LANGUAGE plpgsql
AS $$
DECLARE
    event text;
BEGIN
    FOREACH event IN ARRAY '{insert,update,delete}'::text[] LOOP
        EXECUTE format('DROP FUNCTION %I() CASCADE', tenure_capture_name(captured, event));
    END LOOP;
    EXECUTE format('DROP TRIGGER tenure_1_drop_unchanged ON %s', captured);
    EXECUTE format('DROP TRIGGER tenure_2_stamp ON %s', captured);
END
$$;

DO $$
DECLARE
    internal regprocedure;
BEGIN
    FOR internal IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname ~ '^tenure_(un)?capture'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', internal);
    END LOOP;
END
$$;
