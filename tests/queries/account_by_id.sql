SELECT row_to_json("object 2") AS value
FROM account AS account_1
LEFT OUTER JOIN LATERAL (
  SELECT row_to_json("object 1") AS value
  FROM account AS account_2
  JOIN LATERAL (
    SELECT account_2.name AS name) AS "object 1" ON true
  WHERE account_2.tenant_id = %(tenant)s::UUID
    AND account_2.id = account_1.parent_id
    AND account_2.deleted_at IS NULL
  LIMIT 1) AS anon_1 ON true
JOIN LATERAL (
  SELECT 'Account' AS __typename, account_1.name AS name, CASE WHEN (account_1.annual_revenue_minor_units IS NOT NULL
      OR account_1.annual_revenue_currency IS NOT NULL) THEN json_build_object('minorUnits', account_1.annual_revenue_minor_units, 'currency', account_1.annual_revenue_currency) END AS "annualRevenue", anon_1.value AS parent) AS "object 2" ON true
WHERE account_1.tenant_id = %(tenant)s::UUID
  AND account_1.id = %(p0)s::UUID
  AND account_1.deleted_at IS NULL
LIMIT 1
