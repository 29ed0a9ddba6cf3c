SELECT coalesce(json_agg("object 3"), '[]'::json) AS value
FROM (
  SELECT date_trunc('month', activity_1.occurred_at, 'UTC') AS k0, account_1.address_country AS k1, count(*) AS m0, CASE WHEN (min(activity_1.value_currency) = max(activity_1.value_currency)) THEN sum(activity_1.value_minor_units) END AS m1, min(activity_1.value_currency) AS c1
  FROM activity AS activity_1
  LEFT OUTER JOIN account AS account_1 ON account_1.tenant_id = %(tenant)s::UUID
    AND account_1.id = activity_1.account_id
    AND account_1.deleted_at IS NULL
  WHERE activity_1.tenant_id = %(tenant)s::UUID
    AND activity_1.deleted_at IS NULL
    AND activity_1.value_currency = %(p0)s::VARCHAR
  GROUP BY date_trunc('month', activity_1.occurred_at, 'UTC'), account_1.address_country
  HAVING CASE WHEN (min(activity_1.value_currency) = max(activity_1.value_currency)) THEN sum(activity_1.value_minor_units) END > %(p1)s
  ORDER BY date_trunc('month', activity_1.occurred_at, 'UTC') DESC NULLS LAST, account_1.address_country ASC NULLS LAST
  LIMIT 100) AS anon_1
JOIN LATERAL (
  SELECT anon_1.k0 AS "occurredAt", anon_1.k1 AS "accountAddressCountry") AS "object 1" ON true
JOIN LATERAL (
  SELECT CASE WHEN (anon_1.m1 IS NOT NULL) THEN json_build_object('minorUnits', anon_1.m1, 'currency', anon_1.c1) END AS value) AS "object 2" ON true
JOIN LATERAL (
  SELECT row_to_json("object 1") AS key, anon_1.m0 AS count, row_to_json("object 2") AS sum) AS "object 3" ON true
