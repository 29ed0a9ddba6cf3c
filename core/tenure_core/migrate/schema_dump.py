"""Dumps the schema of a database as lines, so that two schemas can be compared."""

from __future__ import annotations

from tenure_core.postgres.owner_connection import connect

SELECT_OBJECTS = r"""
WITH relation AS (
    SELECT pg_class.*, nspname || '.' || relname AS name
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_toast|^pg_temp'
        AND NOT relispartition
)
SELECT format(
    'relation %s %s %s %s %s', relkind, name, relrowsecurity, relacl,
    CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END
)
FROM relation
UNION ALL
SELECT format(
    'column %s.%s %s %s %s %s %s %s', name, attname, format_type(atttypid, atttypmod),
    attnotnull, attidentity, attgenerated, attcollation::regcollation, pg_get_expr(adbin, adrelid)
)
FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE relkind IN ('r', 'p', 'v', 'm')
UNION ALL
SELECT format('index %s', pg_get_indexdef(indexrelid)) FROM pg_index JOIN relation ON relation.oid = indrelid
UNION ALL
SELECT format('constraint %s.%s %s', name, conname, pg_get_constraintdef(pg_constraint.oid))
FROM pg_constraint JOIN relation ON relation.oid = conrelid
UNION ALL
SELECT format(
    'trigger %s %s', pg_get_triggerdef(pg_trigger.oid), obj_description(pg_trigger.oid, 'pg_trigger')
)
FROM pg_trigger JOIN relation ON relation.oid = tgrelid WHERE NOT tgisinternal
UNION ALL
SELECT format(
    'policy %s.%s %s %s %s %s', name, polname, polcmd, pg_get_expr(polqual, polrelid),
    pg_get_expr(polwithcheck, polrelid), polroles::regrole[]
)
FROM pg_policy JOIN relation ON relation.oid = polrelid
UNION ALL
SELECT format('routine %s %s %s', pg_proc.oid::regprocedure, pg_get_functiondef(pg_proc.oid), proacl)
FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND prokind IN ('f', 'p')
UNION ALL
SELECT format(
    'type %s.%s %s %s', nspname, typname, typtype,
    ARRAY(SELECT enumlabel FROM pg_enum WHERE enumtypid = pg_type.oid ORDER BY enumsortorder)
)
FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace
WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_toast|^pg_temp'
    AND typtype IN ('e', 'd', 'r')
UNION ALL
SELECT format('schema %s %s', nspname, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_'
UNION ALL
SELECT format('extension %s %s', extname, extversion) FROM pg_extension
UNION ALL
SELECT format('event trigger %s', evtname) FROM pg_event_trigger
UNION ALL
SELECT format('default grant %s %s', defaclobjtype, defaclacl) FROM pg_default_acl
ORDER BY 1
"""


def dump_schema(url: str) -> list[str]:
    """Return one line per object of a database, such as a column or trigger. Equal schemas have equal lines.

    Partitions are omitted, because they are created and dropped daily.

    Args:
        url: The URL of the database, as the owner of its tables.

    Raises:
        DatabaseUnavailableError: The database cannot be reached.
    """
    with connect(url) as connection:
        return [line for (line,) in connection.execute(SELECT_OBJECTS)]
