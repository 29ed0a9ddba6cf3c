SELECT coalesce((
    SELECT row_to_json("object 1") AS value
    FROM account AS account_1
    JOIN LATERAL (
      SELECT 'Account' AS __typename, account_1.id AS id, account_1.name AS name) AS "object 1" ON true
    WHERE account_1.tenant_id = %(tenant)s::UUID
      AND account_1.id = %(p0)s::UUID
      AND account_1.deleted_at IS NULL
    LIMIT 1), (
    SELECT row_to_json("object 1") AS value
    FROM contact AS contact_1
    JOIN LATERAL (
      SELECT 'Contact' AS __typename, contact_1.id AS id) AS "object 1" ON true
    WHERE contact_1.tenant_id = %(tenant)s::UUID
      AND contact_1.id = %(p0)s::UUID
      AND contact_1.deleted_at IS NULL
    LIMIT 1), (
    SELECT row_to_json("object 1") AS value
    FROM activity AS activity_1
    JOIN LATERAL (
      SELECT 'Activity' AS __typename, activity_1.id AS id) AS "object 1" ON true
    WHERE activity_1.tenant_id = %(tenant)s::UUID
      AND activity_1.id = %(p0)s::UUID
      AND activity_1.deleted_at IS NULL
    LIMIT 1), null::json) AS value
;
SELECT coalesce(json_agg(coalesce((
        SELECT row_to_json("object 1") AS value
        FROM account AS account_1
        JOIN LATERAL (
          SELECT 'Account' AS __typename) AS "object 1" ON true
        WHERE account_1.tenant_id = %(tenant)s::UUID
          AND account_1.id = anon_1.id
          AND account_1.deleted_at IS NULL
        LIMIT 1), (
        SELECT row_to_json("object 1") AS value
        FROM contact AS contact_1
        JOIN LATERAL (
          SELECT 'Contact' AS __typename, contact_1.last_name AS "lastName") AS "object 1" ON true
        WHERE contact_1.tenant_id = %(tenant)s::UUID
          AND contact_1.id = anon_1.id
          AND contact_1.deleted_at IS NULL
        LIMIT 1), (
        SELECT row_to_json("object 1") AS value
        FROM activity AS activity_1
        JOIN LATERAL (
          SELECT 'Activity' AS __typename, activity_1.subject AS subject) AS "object 1" ON true
        WHERE activity_1.tenant_id = %(tenant)s::UUID
          AND activity_1.id = anon_1.id
          AND activity_1.deleted_at IS NULL
        LIMIT 1), null::json)
    ORDER BY anon_1.position), '[]'::json) AS value
FROM unnest(%(p0)s::UUID[]) WITH ORDINALITY AS anon_1(id, position)
