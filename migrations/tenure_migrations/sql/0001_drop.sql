-- The way back: everything that the first migration made, but for the role, which belongs to the whole cluster.

DROP PROCEDURE tenure_capture(regclass, text);
DROP FUNCTION tenure_capture_delete(), tenure_capture_update(), tenure_capture_insert(), tenure_stamp();
DROP FUNCTION tenure_origin(), tenure_actor();
DROP PROCEDURE tenure_protect(regclass);
DROP FUNCTION tenure_authenticate(bytea);
DROP FUNCTION
    tenure_search_query(text), tenure_search_words(text), tenure_search_pieces(text),
    tenure_search_unspaced(), tenure_search_form(text);
DROP COLLATION tenure_unicode;
DROP FUNCTION tenure_uuid7();

REVOKE SELECT ON alembic_version FROM tenure_app;
REVOKE USAGE ON SCHEMA public FROM tenure_app;
