-- Idempotent writes and field ownership.

-- The response to a write with an idempotency key, stored in the transaction of the write. `payload` is null only
-- while that transaction runs. It is json, because jsonb does not preserve the order of fields.
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

-- A field that only one system may write. `system` is compared with the origin of the writer's API key.
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

-- Deletes older records of all tenants, and returns their number.
CREATE FUNCTION tenure_forget_receipts(older_than interval) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH forgotten AS (DELETE FROM receipt WHERE created_at < now() - older_than RETURNING 1)
    SELECT count(*) FROM forgotten;
END;
REVOKE EXECUTE ON FUNCTION tenure_forget_receipts(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenure_forget_receipts(interval) TO tenure_app;
