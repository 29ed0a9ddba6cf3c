SELECT json_build_object('nodes', coalesce(json_agg("object 1"), '[]'::json)) AS value
FROM (
  SELECT account_1.id AS id
  FROM account AS account_1
  WHERE account_1.tenant_id = %(tenant)s::UUID
    AND account_1.deleted_at IS NULL
    AND (EXISTS (
      SELECT 1
      FROM contact AS contact_1
      WHERE contact_1.tenant_id = %(tenant)s::UUID
        AND contact_1.account_id = account_1.id
        AND contact_1.deleted_at IS NULL
        AND NOT (EXISTS (
          SELECT 1
          FROM activity AS activity_1
          WHERE activity_1.tenant_id = %(tenant)s::UUID
            AND activity_1.contact_id = contact_1.id
            AND activity_1.deleted_at IS NULL
            AND activity_1.kind = %(p0)s::VARCHAR))))
    AND NOT (EXISTS (
      SELECT 1
      FROM activity AS activity_2
      WHERE activity_2.tenant_id = %(tenant)s::UUID
        AND activity_2.account_id = account_1.id
        AND activity_2.deleted_at IS NULL
        AND (activity_2.channel IS DISTINCT FROM %(p1)s::VARCHAR) IS NOT true))
  ORDER BY account_1.id ASC
  LIMIT 20) AS anon_1
JOIN LATERAL (
  SELECT anon_1.id AS id) AS "object 1" ON true
GROUP BY ()
;
SELECT json_build_object('nodes', coalesce(json_agg("object 1"), '[]'::json)) AS value
FROM (
  SELECT activity_1.id AS id
  FROM activity AS activity_1
  WHERE activity_1.tenant_id = %(tenant)s::UUID
    AND activity_1.deleted_at IS NULL
    AND (EXISTS (
      SELECT 1
      FROM contact AS contact_1
      WHERE contact_1.tenant_id = %(tenant)s::UUID
        AND contact_1.id = activity_1.contact_id
        AND contact_1.deleted_at IS NULL)) IS NOT true
    AND (EXISTS (
      SELECT 1
      FROM account AS account_1
      WHERE account_1.tenant_id = %(tenant)s::UUID
        AND account_1.id = activity_1.account_id
        AND account_1.deleted_at IS NULL
        AND NOT (EXISTS (
          SELECT 1
          FROM account AS account_2
          WHERE account_2.tenant_id = %(tenant)s::UUID
            AND account_2.id = account_1.parent_id
            AND account_2.deleted_at IS NULL))))
  ORDER BY activity_1.occurred_at DESC, activity_1.id DESC
  LIMIT 3) AS anon_1
JOIN LATERAL (
  SELECT anon_1.id AS id) AS "object 1" ON true
GROUP BY ()
