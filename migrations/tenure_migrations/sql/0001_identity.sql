-- Prerequisites: checks of the database, the role of the service, and the function for new ids.

DO $$
BEGIN
    IF current_setting('server_version_num')::integer < 150000 THEN
        RAISE 'Tenure needs PostgreSQL 15 or newer; this is %', current_setting('server_version')
            USING HINT = 'Move the database to a newer server.';
    ELSIF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE 'Tenure needs a database in UTF8; this one is in %', current_setting('server_encoding')
            USING HINT = 'Make one: CREATE DATABASE name ENCODING ''UTF8'' TEMPLATE template0';
    ELSIF current_schema() IS DISTINCT FROM 'public' THEN
        RAISE 'Tenure needs the schema public; new tables would go to %', coalesce(current_schema(), 'none')
            USING HINT = 'Set it with: ALTER ROLE name SET search_path = public';
    END IF;
END
$$;

-- Roles are shared by all databases of a cluster: another migration may have created it, or may create it now.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tenure_app') THEN
        CREATE ROLE tenure_app NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        RAISE DEBUG 'the role tenure_app was made just now';
END
$$;

-- The service logs in as a member of this role. The owner becomes a member, so that it can serve as that login.
DO $$
DECLARE
    may_take_on text := CASE
        WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET'
    END;
BEGIN
    IF NOT pg_has_role(current_user, 'tenure_app', may_take_on) THEN
        GRANT tenure_app TO CURRENT_USER;
    END IF;
EXCEPTION
    WHEN unique_violation THEN
        RAISE DEBUG 'the role tenure_app was granted just now';
END
$$;

-- The service reads the version table to check for pending migrations.
GRANT USAGE ON SCHEMA public TO tenure_app;
GRANT SELECT ON alembic_version TO tenure_app;

-- Returns a UUIDv7 (RFC 9562): 48 bits of Unix time in milliseconds, then the random bits of gen_random_uuid().
-- Bits 52 and 53 change the version from 4 (0100) to 7 (0111); the variant of both versions is the same.
CREATE FUNCTION tenure_uuid7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
BEGIN ATOMIC
    SELECT encode(
        set_bit(set_bit(
            overlay(
                uuid_send(gen_random_uuid())
                PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6
            ),
        52, 1), 53, 1),
        'hex'
    )::uuid;
END;
