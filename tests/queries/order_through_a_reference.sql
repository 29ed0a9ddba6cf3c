SELECT json_build_object('totalCount', (
    SELECT count(*) AS count_1
    FROM activity AS activity_1
    WHERE activity_1.tenant_id = %(tenant)s::UUID
      AND activity_1.deleted_at IS NULL), 'pageInfo', json_build_object('hasNextPage', count(*) > 3, 'hasPreviousPage', EXISTS (
      SELECT 1
      FROM activity AS activity_2
      LEFT OUTER JOIN account AS account_1 ON account_1.tenant_id = %(tenant)s::UUID
        AND account_1.id = activity_2.account_id
        AND account_1.deleted_at IS NULL
      WHERE activity_2.tenant_id = %(tenant)s::UUID
        AND activity_2.deleted_at IS NULL
        AND ((account_1.name IS NOT NULL
            OR account_1.name IS NULL)
          AND (account_1.name IS NOT NULL
            OR account_1.name IS NULL
            AND activity_2.occurred_at > %(p0)s::TIMESTAMP WITH TIME ZONE
            OR account_1.name IS NULL
            AND activity_2.occurred_at = %(p0)s::TIMESTAMP WITH TIME ZONE
            AND activity_2.id > %(p1)s::UUID)) IS NOT true), 'startCursor', (array_agg(anon_1.cursor
        ORDER BY anon_1.position ASC) FILTER (
        WHERE anon_1.position <= 3))[1], 'endCursor', (array_agg(anon_1.cursor
        ORDER BY anon_1.position DESC) FILTER (
        WHERE anon_1.position <= 3))[1]), 'edges', coalesce(json_agg("object 3") FILTER (
      WHERE anon_1.position <= 3), '[]'::json)) AS value
FROM (
  SELECT activity_3.occurred_at AS occurred_at, activity_3.account_id AS account_id, translate(encode(convert_to(CAST(json_build_array('ACCOUNT_NAME -<,OCCURRED_AT +>,ID +>', account_2.name, activity_3.occurred_at, activity_3.id) AS TEXT) COLLATE "C", 'UTF8'), 'base64'), '+/' || chr(10), '-_') AS cursor, row_number() OVER (
    ORDER BY account_2.name DESC NULLS FIRST, activity_3.occurred_at ASC, activity_3.id ASC) AS position
  FROM activity AS activity_3
  LEFT OUTER JOIN account AS account_2 ON account_2.tenant_id = %(tenant)s::UUID
    AND account_2.id = activity_3.account_id
    AND account_2.deleted_at IS NULL
  WHERE activity_3.tenant_id = %(tenant)s::UUID
    AND activity_3.deleted_at IS NULL
    AND (account_2.name IS NOT NULL
      OR account_2.name IS NULL)
    AND (account_2.name IS NOT NULL
      OR account_2.name IS NULL
      AND activity_3.occurred_at > %(p0)s::TIMESTAMP WITH TIME ZONE
      OR account_2.name IS NULL
      AND activity_3.occurred_at = %(p0)s::TIMESTAMP WITH TIME ZONE
      AND activity_3.id > %(p1)s::UUID)
  ORDER BY account_2.name DESC NULLS FIRST, activity_3.occurred_at ASC, activity_3.id ASC
  LIMIT 4) AS anon_1
LEFT OUTER JOIN LATERAL (
  SELECT row_to_json("object 1") AS value
  FROM account AS account_3
  JOIN LATERAL (
    SELECT account_3.name AS name) AS "object 1" ON true
  WHERE account_3.tenant_id = %(tenant)s::UUID
    AND account_3.id = anon_1.account_id
    AND account_3.deleted_at IS NULL
  LIMIT 1) AS anon_2 ON true
JOIN LATERAL (
  SELECT anon_1.occurred_at AS "occurredAt", anon_2.value AS account) AS "object 2" ON true
JOIN LATERAL (
  SELECT anon_1.cursor AS cursor, row_to_json("object 2") AS node) AS "object 3" ON true
GROUP BY ()
