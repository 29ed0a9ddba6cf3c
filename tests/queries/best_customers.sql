SELECT coalesce(json_agg("object 4"), '[]'::json) AS value
FROM (
  SELECT activity_1.account_id AS k0, CASE WHEN (min(activity_1.value_currency) = max(activity_1.value_currency)) THEN sum(activity_1.value_minor_units) END AS m0, min(activity_1.value_currency) AS c0
  FROM activity AS activity_1
  WHERE activity_1.tenant_id = %(tenant)s::UUID
    AND activity_1.deleted_at IS NULL
    AND (EXISTS (
      SELECT 1
      FROM account AS account_1
      WHERE account_1.tenant_id = %(tenant)s::UUID
        AND account_1.id = activity_1.account_id
        AND account_1.deleted_at IS NULL))
    AND activity_1.value_currency = %(p0)s::VARCHAR
  GROUP BY activity_1.account_id
  ORDER BY CASE WHEN (min(activity_1.value_currency) = max(activity_1.value_currency)) THEN sum(activity_1.value_minor_units) END DESC NULLS LAST, activity_1.account_id ASC NULLS LAST
  LIMIT 10) AS anon_1
LEFT OUTER JOIN LATERAL (
  SELECT row_to_json("object 2") AS value
  FROM account AS account_2
  LEFT OUTER JOIN LATERAL (
    SELECT json_build_object('nodes', coalesce(json_agg("object 1"), '[]'::json)) AS value
    FROM (
      SELECT activity_2.kind AS kind, activity_2.occurred_at AS occurred_at
      FROM activity AS activity_2
      WHERE activity_2.tenant_id = %(tenant)s::UUID
        AND activity_2.account_id = account_2.id
        AND activity_2.deleted_at IS NULL
      ORDER BY activity_2.occurred_at DESC, activity_2.id DESC
      LIMIT 5) AS anon_4
    JOIN LATERAL (
      SELECT anon_4.kind AS kind, anon_4.occurred_at AS "occurredAt") AS "object 1" ON true
    GROUP BY ()) AS anon_3 ON true
  JOIN LATERAL (
    SELECT account_2.name AS name, anon_3.value AS activities) AS "object 2" ON true
  WHERE account_2.tenant_id = %(tenant)s::UUID
    AND account_2.id = anon_1.k0
    AND account_2.deleted_at IS NULL
  LIMIT 1) AS anon_2 ON true
JOIN LATERAL (
  SELECT anon_2.value AS account) AS "object 2" ON true
JOIN LATERAL (
  SELECT CASE WHEN (anon_1.m0 IS NOT NULL) THEN json_build_object('minorUnits', anon_1.m0) END AS value) AS "object 3" ON true
JOIN LATERAL (
  SELECT row_to_json("object 2") AS key, row_to_json("object 3") AS sum) AS "object 4" ON true
