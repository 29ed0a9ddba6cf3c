-- Change capture: triggers insert each write, including those of psql, into the table `change`. The triggers run as
-- the owner, because tenure_app may read the table and not write it.

CREATE FUNCTION tenure_actor() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(nullif(current_setting('tenure.actor', true), ''), session_user);
END;

CREATE FUNCTION tenure_origin() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(nullif(current_setting('tenure.origin', true), ''), 'sql');
END;

-- Sets the columns that writers may not set: it keeps tenant, id and creation time, and increments the version.
CREATE FUNCTION tenure_stamp() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.tenant_id := OLD.tenant_id;
    NEW.id := OLD.id;
    NEW.created_at := OLD.created_at;
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE FUNCTION tenure_capture_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO change (tenant_id, entity, record_id, operation, after, version, actor, origin)
    SELECT
        tenant_id, TG_ARGV[0], id, 'CREATE',
        to_jsonb(added) - 'search',
        version, tenure_actor(), tenure_origin()
    FROM added;
    RETURN NULL;
END
$$;

-- Captures the changed columns of an update, except version and updated_at, which `change` stores itself.
CREATE FUNCTION tenure_capture_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    old_fields jsonb := to_jsonb(OLD) - '{search,version,updated_at}'::text[];
    new_fields jsonb := to_jsonb(NEW) - '{search,version,updated_at}'::text[];
BEGIN
    INSERT INTO change (tenant_id, entity, record_id, operation, before, after, version, actor, origin)
    SELECT
        NEW.tenant_id, TG_ARGV[0], NEW.id, 'UPDATE',
        coalesce(jsonb_object_agg(name, value), '{}'),
        coalesce(jsonb_object_agg(name, new_fields -> name), '{}'),
        NEW.version, tenure_actor(), tenure_origin()
    FROM jsonb_each(old_fields) AS old_field (name, value)
    WHERE value <> new_fields -> name;
    RETURN NULL;
END
$$;

CREATE FUNCTION tenure_capture_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO change (tenant_id, entity, record_id, operation, before, version, actor, origin)
    SELECT
        tenant_id, TG_ARGV[0], id, 'DELETE',
        to_jsonb(removed) - 'search',
        version, tenure_actor(), tenure_origin()
    FROM removed;
    RETURN NULL;
END
$$;

-- A role that may execute these functions could attach them to a temporary table and forge changes.
REVOKE EXECUTE ON FUNCTION tenure_capture_insert(), tenure_capture_update(), tenure_capture_delete() FROM PUBLIC;

-- Creates the triggers of a table. They fire in the order of their names, so that an update without an effect is
-- suppressed before the version is incremented. Inserts and deletes are captured per statement, updates per row,
-- because a join of the old and new rows of a statement is many times slower.
CREATE PROCEDURE tenure_capture(captured regclass, entity text)
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER tenure_1_drop_unchanged BEFORE UPDATE ON %s
         FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
        captured
    );
    EXECUTE format(
        'CREATE TRIGGER tenure_2_stamp BEFORE UPDATE ON %s
         FOR EACH ROW EXECUTE FUNCTION tenure_stamp()',
        captured
    );
    EXECUTE format(
        'CREATE TRIGGER tenure_3_capture_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS added
         FOR EACH STATEMENT EXECUTE FUNCTION tenure_capture_insert(%L)',
        captured, entity
    );
    EXECUTE format(
        'CREATE TRIGGER tenure_3_capture_update AFTER UPDATE ON %s
         FOR EACH ROW EXECUTE FUNCTION tenure_capture_update(%L)',
        captured, entity
    );
    EXECUTE format(
        'CREATE TRIGGER tenure_3_capture_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS removed
         FOR EACH STATEMENT EXECUTE FUNCTION tenure_capture_delete(%L)',
        captured, entity
    );
END
$$;

REVOKE EXECUTE ON PROCEDURE tenure_capture(regclass, text) FROM PUBLIC;
