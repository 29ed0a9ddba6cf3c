SELECT json_build_object('nodes', coalesce(json_agg("object 2"), '[]'::json)) AS value
FROM (
  SELECT account_1.name AS name, account_1.id AS id
  FROM account AS account_1
  WHERE account_1.tenant_id = %(tenant)s::UUID
    AND account_1.deleted_at IS NULL
  ORDER BY account_1.id ASC
  LIMIT 3) AS anon_1
LEFT OUTER JOIN LATERAL (
  SELECT json_build_object('totalCount', (
      SELECT count(*) AS count_1
      FROM contact AS contact_1
      WHERE contact_1.tenant_id = %(tenant)s::UUID
        AND contact_1.account_id = anon_1.id
        AND contact_1.deleted_at IS NULL), 'nodes', coalesce(json_agg("object 2"), '[]'::json)) AS value
  FROM (
    SELECT contact_2.last_name AS last_name, contact_2.id AS id
    FROM contact AS contact_2
    WHERE contact_2.tenant_id = %(tenant)s::UUID
      AND contact_2.account_id = anon_1.id
      AND contact_2.deleted_at IS NULL
    ORDER BY contact_2.id ASC
    LIMIT 2) AS anon_3
  LEFT OUTER JOIN LATERAL (
    SELECT json_build_object('nodes', coalesce(json_agg("object 1"), '[]'::json)) AS value
    FROM (
      SELECT activity_1.kind AS kind, activity_1.occurred_at AS occurred_at
      FROM activity AS activity_1
      WHERE activity_1.tenant_id = %(tenant)s::UUID
        AND activity_1.contact_id = anon_3.id
        AND activity_1.deleted_at IS NULL
      ORDER BY activity_1.occurred_at DESC, activity_1.id DESC
      LIMIT 2) AS anon_5
    JOIN LATERAL (
      SELECT anon_5.kind AS kind, anon_5.occurred_at AS "occurredAt") AS "object 1" ON true
    GROUP BY ()) AS anon_4 ON true
  JOIN LATERAL (
    SELECT anon_3.last_name AS "lastName", anon_4.value AS activities) AS "object 2" ON true
  GROUP BY ()) AS anon_2 ON true
JOIN LATERAL (
  SELECT anon_1.name AS name, anon_2.value AS contacts) AS "object 2" ON true
GROUP BY ()
