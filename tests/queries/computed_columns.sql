SELECT json_build_object('nodes', coalesce(json_agg("object 2"), '[]'::json), 'pageInfo', json_build_object('endCursor', (array_agg(anon_1.cursor
        ORDER BY anon_1.position DESC) FILTER (
        WHERE anon_1.position <= 3))[1])) AS value
FROM (
  SELECT account_1.name AS name, CAST((
      SELECT count(*) AS count_1
      FROM contact AS person
      WHERE person.tenant_id = account_1.tenant_id
        AND person.account_id = account_1.id
        AND (EXISTS (
          SELECT *
          FROM activity
          WHERE activity.tenant_id = account_1.tenant_id
            AND activity.contact_id = person.id
            AND activity.kind IN ('CALL')))) AS INTEGER) AS talkers, account_1.id AS id, translate(encode(convert_to(CAST(json_build_array('TALKERS ->,NAME +>,ID +>', CAST((
                SELECT count(*) AS count_2
                FROM contact AS person
                WHERE person.tenant_id = account_1.tenant_id
                  AND person.account_id = account_1.id
                  AND (EXISTS (
                    SELECT *
                    FROM activity
                    WHERE activity.tenant_id = account_1.tenant_id
                      AND activity.contact_id = person.id
                      AND activity.kind IN ('CALL')))) AS INTEGER), account_1.name, account_1.id) AS TEXT) COLLATE "C", 'UTF8'), 'base64'), '+/' || chr(10), '-_') AS cursor, row_number() OVER (
    ORDER BY CAST((
        SELECT count(*) AS count_2
        FROM contact AS person
        WHERE person.tenant_id = account_1.tenant_id
          AND person.account_id = account_1.id
          AND (EXISTS (
            SELECT *
            FROM activity
            WHERE activity.tenant_id = account_1.tenant_id
              AND activity.contact_id = person.id
              AND activity.kind IN ('CALL')))) AS INTEGER) DESC NULLS LAST, account_1.name ASC, account_1.id ASC) AS position
  FROM account AS account_1
  WHERE account_1.tenant_id = %(tenant)s::UUID
    AND account_1.deleted_at IS NULL
    AND (EXISTS (
      SELECT 1
      FROM contact AS contact_1
      WHERE contact_1.tenant_id = %(tenant)s::UUID
        AND contact_1.account_id = account_1.id
        AND contact_1.deleted_at IS NULL
        AND starts_with(CAST(left(contact_1.last_name, 1) || ' 100%%' AS TEXT) COLLATE "C", %(p0)s::VARCHAR)))
    AND CAST((
      SELECT count(*) AS count_3
      FROM contact AS person
      WHERE person.tenant_id = account_1.tenant_id
        AND person.account_id = account_1.id
        AND (EXISTS (
          SELECT *
          FROM activity
          WHERE activity.tenant_id = account_1.tenant_id
            AND activity.contact_id = person.id
            AND activity.kind IN ('CALL')))) AS INTEGER) >= %(p1)s::INTEGER
  ORDER BY CAST((
      SELECT count(*) AS count_2
      FROM contact AS person
      WHERE person.tenant_id = account_1.tenant_id
        AND person.account_id = account_1.id
        AND (EXISTS (
          SELECT *
          FROM activity
          WHERE activity.tenant_id = account_1.tenant_id
            AND activity.contact_id = person.id
            AND activity.kind IN ('CALL')))) AS INTEGER) DESC NULLS LAST, account_1.name ASC, account_1.id ASC
  LIMIT 3) AS anon_1
LEFT OUTER JOIN LATERAL (
  SELECT json_build_object('nodes', coalesce(json_agg("object 2"), '[]'::json)) AS value
  FROM (
    SELECT CAST(left(contact_2.last_name, 1) || ' 100%%' AS TEXT) COLLATE "C" AS initial, contact_2.account_id AS account_id
    FROM contact AS contact_2
    LEFT OUTER JOIN account AS account_2 ON account_2.tenant_id = %(tenant)s::UUID
      AND account_2.id = contact_2.account_id
      AND account_2.deleted_at IS NULL
    WHERE contact_2.tenant_id = %(tenant)s::UUID
      AND contact_2.account_id = anon_1.id
      AND contact_2.deleted_at IS NULL
    ORDER BY CASE WHEN (account_2.id IS NOT NULL) THEN CAST((
        SELECT count(*) AS count_4
        FROM contact AS person
        WHERE person.tenant_id = account_2.tenant_id
          AND person.account_id = account_2.id
          AND (EXISTS (
            SELECT *
            FROM activity
            WHERE activity.tenant_id = account_2.tenant_id
              AND activity.contact_id = person.id
              AND activity.kind IN ('CALL')))) AS INTEGER) END ASC NULLS LAST, contact_2.id ASC
    LIMIT 1) AS anon_3
  LEFT OUTER JOIN LATERAL (
    SELECT row_to_json("object 1") AS value
    FROM account AS account_3
    JOIN LATERAL (
      SELECT CAST((
          SELECT count(*) AS count_5
          FROM contact AS person
          WHERE person.tenant_id = account_3.tenant_id
            AND person.account_id = account_3.id
            AND (EXISTS (
              SELECT *
              FROM activity
              WHERE activity.tenant_id = account_3.tenant_id
                AND activity.contact_id = person.id
                AND activity.kind IN ('CALL')))) AS INTEGER) AS talkers, CAST(CAST(timezone('UTC', (
              SELECT max(activity.occurred_at) AS max_1
              FROM activity
              WHERE activity.tenant_id = account_3.tenant_id
                AND activity.account_id = account_3.id)) AS DATE) AS DATE) AS "lastHeard") AS "object 1" ON true
    WHERE account_3.tenant_id = %(tenant)s::UUID
      AND account_3.id = anon_3.account_id
      AND account_3.deleted_at IS NULL
    LIMIT 1) AS anon_4 ON true
  JOIN LATERAL (
    SELECT anon_3.initial AS initial, anon_4.value AS account) AS "object 2" ON true
  GROUP BY ()) AS anon_2 ON true
JOIN LATERAL (
  SELECT anon_1.name AS name, anon_1.talkers AS talkers, anon_2.value AS contacts) AS "object 2" ON true
GROUP BY ()
;
SELECT coalesce(json_agg("object 3"), '[]'::json) AS value
FROM (
  SELECT CAST(date_trunc('month', CAST(CASE WHEN (account_1.id IS NOT NULL) THEN CAST(CAST(timezone('UTC', (
                SELECT max(activity.occurred_at) AS max_1
                FROM activity
                WHERE activity.tenant_id = account_1.tenant_id
                  AND activity.account_id = account_1.id)) AS DATE) AS DATE) END AS TIMESTAMP WITHOUT TIME ZONE)) AS DATE) AS k0, CAST(activity_1.duration_seconds > 60 AS BOOLEAN) AS k1, max(CAST(activity_1.sentiment * 2 AS DOUBLE PRECISION)) AS m0
  FROM activity AS activity_1
  LEFT OUTER JOIN account AS account_1 ON account_1.tenant_id = %(tenant)s::UUID
    AND account_1.id = activity_1.account_id
    AND account_1.deleted_at IS NULL
  WHERE activity_1.tenant_id = %(tenant)s::UUID
    AND activity_1.deleted_at IS NULL
  GROUP BY CAST(date_trunc('month', CAST(CASE WHEN (account_1.id IS NOT NULL) THEN CAST(CAST(timezone('UTC', (
                SELECT max(activity.occurred_at) AS max_1
                FROM activity
                WHERE activity.tenant_id = account_1.tenant_id
                  AND activity.account_id = account_1.id)) AS DATE) AS DATE) END AS TIMESTAMP WITHOUT TIME ZONE)) AS DATE), CAST(activity_1.duration_seconds > 60 AS BOOLEAN)
  HAVING sum(CAST(activity_1.sentiment * 2 AS DOUBLE PRECISION)) >= %(p0)s
  ORDER BY sum(CAST(activity_1.sentiment * 2 AS DOUBLE PRECISION)) ASC NULLS LAST, CAST(date_trunc('month', CAST(CASE WHEN (account_1.id IS NOT NULL) THEN CAST(CAST(timezone('UTC', (
                SELECT max(activity.occurred_at) AS max_1
                FROM activity
                WHERE activity.tenant_id = account_1.tenant_id
                  AND activity.account_id = account_1.id)) AS DATE) AS DATE) END AS TIMESTAMP WITHOUT TIME ZONE)) AS DATE) ASC NULLS LAST, CAST(activity_1.duration_seconds > 60 AS BOOLEAN) ASC NULLS LAST
  LIMIT 2) AS anon_1
JOIN LATERAL (
  SELECT anon_1.k0 AS "accountLastHeard", anon_1.k1 AS long) AS "object 1" ON true
JOIN LATERAL (
  SELECT anon_1.m0 AS mood) AS "object 2" ON true
JOIN LATERAL (
  SELECT row_to_json("object 1") AS key, row_to_json("object 2") AS maximum) AS "object 3" ON true
