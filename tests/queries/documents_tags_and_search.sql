SELECT json_build_object('nodes', coalesce(json_agg("object 1"), '[]'::json)) AS value
FROM (
  SELECT contact_1.title AS title, contact_1.tags AS tags, contact_1.attributes AS attributes
  FROM contact AS contact_1
  WHERE contact_1.tenant_id = %(tenant)s::UUID
    AND contact_1.deleted_at IS NULL
    AND ((contact_1.tags && %(p0)s::TEXT[])
      AND (contact_1.attributes @> %(p1)s::JSONB)
      OR CASE WHEN (jsonb_typeof(contact_1.attributes #> %(p2)s::TEXT[]) = 'number') THEN CAST(contact_1.attributes #> %(p2)s::TEXT[] AS DOUBLE PRECISION) >= %(p3)s END
      OR (contact_1.search @@ tenure_search_query(%(p4)s::VARCHAR)))
  ORDER BY contact_1.id ASC
  LIMIT 20) AS anon_1
JOIN LATERAL (
  SELECT anon_1.title AS title, anon_1.tags AS tags, anon_1.attributes AS attributes) AS "object 1" ON true
GROUP BY ()
