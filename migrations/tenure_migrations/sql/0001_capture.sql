-- Change capture: what every writer did, psql included, kept in the table `change` by triggers.
-- The triggers run as the owner: tenure_app can read the changes of its tenant, and write none itself.

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

-- Identity and history are not the writer's to change: they stay, and the version counts.
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

-- Of an update only the changed fields are kept. The version and the time are the change's own.
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

-- Whoever may execute them could hang them on a temporary table, and have them write down what never happened.
REVOKE EXECUTE ON FUNCTION tenure_capture_insert(), tenure_capture_update(), tenure_capture_delete() FROM PUBLIC;

-- Install the triggers on a table. They fire in the order of their names: an update that changes nothing is
-- dropped before it is stamped. Inserts and deletes are captured per statement. Updates are captured per row,
-- because joining the old rows of a statement to its new ones is many times slower.
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
