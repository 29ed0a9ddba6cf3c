-- Change capture in the form of the API: what is kept of a record can be sent back through an upsert as it is.
--
-- What to keep is told by a template, which has the form of the answer and columns in the places of values:
--     {"name": "name", "address": {"city": "address_city", "country": "address_country"}}
-- An object inside of it is null where all of its columns are. From the template each table gets functions of its
-- own: they name their columns, so that an insert makes no JSON of search words, and an update none of what stays.

-- The columns of a place in a template, over one row: `OLD.address_city, OLD.address_country`.
CREATE FUNCTION tenure_capture_columns(place jsonb, source text) RETURNS text
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE jsonb_typeof(place)
        WHEN 'string' THEN format('%s.%I', source, place #>> '{}')
        ELSE (SELECT string_agg(format('%s.%I', source, part.value), ', ') FROM jsonb_each_text(place) AS part)
    END;
END;

-- The value of a place in a template, over one row.
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

-- A whole record over one row. A subselect, because a function takes no more than 100 arguments.
CREATE FUNCTION tenure_capture_record(template jsonb, source text) RETURNS text
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT format(
        '(SELECT to_jsonb(record) FROM (SELECT %s) AS record)',
        string_agg(format('%s AS %I', tenure_capture_value(field.value, source), field.key), ', ')
    )
    FROM jsonb_each(template) AS field;
END;

-- A statement for each field, which notes its old and its new value where they differ.
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

-- The statement that keeps the changes of `source`, which is a row or a table of rows.
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

-- Make or replace what captures one event of a table. It runs as the owner: the service reads changes, and writes
-- none itself. Times are kept in UTC, whatever the writer's session has.
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
    -- Whoever may execute it could hang it on a temporary table, and have it write down what never happened.
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %I() FROM PUBLIC', function_name);
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER tenure_3_capture_%s AFTER %s ON %s %s EXECUTE FUNCTION %I()',
        event, event, captured, firing, function_name
    );
END
$$;

-- Install the triggers on a table, or bring them to a new template. They fire in the order of their names: an
-- update that changes nothing is dropped before it is stamped. Inserts and deletes are captured per statement,
-- updates per row, because joining the old rows of a statement to its new ones is many times slower.
--
-- CREATE and RESTORE keep the whole record as it is after; DELETE, which only marks the record, and PURGE, which
-- takes it away, keep it as it was before. An UPDATE keeps what it changed. Each change of a record has a higher
-- version than the one before, so a PURGE counts one further. The keys that other systems have for a record go with
-- it, whoever takes it away: a key that named nothing could never be written again.
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

-- Take the triggers off a table, and their functions away.
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
