-- What makes writes safe to repeat, and keeps one system's fields from another's hands.

-- The answer to a write that came with an idempotency key, kept in the transaction of the write itself. It is
-- empty only while that transaction runs. The answer is json, not jsonb: its fields keep their order.
CREATE TABLE receipt (
    tenant_id    uuid        NOT NULL,
    key          text        COLLATE "C" NOT NULL,
    request_hash bytea       NOT NULL,
    payload      json,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_receipt PRIMARY KEY (tenant_id, key)
);
CREATE INDEX ix_receipt_created_at ON receipt (created_at);
CALL tenure_protect('receipt');

-- A field that only one system may write: the origin of its keys is compared with the name here.
CREATE TABLE field_owner (
    tenant_id uuid NOT NULL,
    entity    text COLLATE "C" NOT NULL,
    field     text COLLATE "C" NOT NULL,
    system    text COLLATE "C" NOT NULL,
    policy    text COLLATE "C" NOT NULL,
    CONSTRAINT pk_field_owner PRIMARY KEY (tenant_id, entity, field),
    CONSTRAINT ck_field_owner_policy CHECK (policy IN ('REJECT', 'IGNORE'))
);
CALL tenure_protect('field_owner');

-- Forget the receipts of all tenants that are older than this, and return how many there were.
CREATE FUNCTION tenure_forget_receipts(older_than interval) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH forgotten AS (DELETE FROM receipt WHERE created_at < now() - older_than RETURNING 1)
    SELECT count(*) FROM forgotten;
END;
REVOKE EXECUTE ON FUNCTION tenure_forget_receipts(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenure_forget_receipts(interval) TO tenure_app;
