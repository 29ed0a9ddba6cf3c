-- Downgrade: drops everything except the role, which other databases of the cluster may use.

DROP TABLE change, external_ref, activity, contact, account;
DROP PROCEDURE tenure_capture(regclass, text);
DROP PROCEDURE tenure_analyze(regclass);
DROP PROCEDURE tenure_protect(regclass);
DROP FUNCTION
    tenure_capture_insert(), tenure_capture_update(), tenure_capture_delete(), tenure_stamp(),
    tenure_actor(), tenure_origin();

DROP FUNCTION tenure_authenticate(bytea);
DROP TABLE api_key, tenant;

DROP FUNCTION
    tenure_search_query(text), tenure_search_words(text), tenure_search_pieces(text),
    tenure_search_unspaced(), tenure_search_form(text);
DROP COLLATION tenure_unicode;
DROP FUNCTION tenure_uuid7();

DO $$
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) NOT LEAKPROOF;
    END IF;
END
$$;

REVOKE SELECT ON alembic_version FROM tenure_app;
REVOKE USAGE ON SCHEMA public FROM tenure_app;
