"""Outlines: all that a database holds beside rows, as sorted lines, so that two of them can be compared."""

from __future__ import annotations

from sqlalchemy import Connection, text

OUTLINE = text("""
WITH space AS (
    SELECT oid, nspname, nspacl FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
),
relation AS (
    SELECT pg_class.oid, relkind, relrowsecurity, relforcerowsecurity, relacl, relowner, relpersistence,
        format('%I.%I', nspname, relname) AS name
    FROM pg_class JOIN space ON space.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND NOT relispartition AND relname <> :ignored
)
SELECT format('schema %s %s', nspname, nspacl) FROM space
UNION ALL
SELECT format('relation %s %s %s', name, relkind, relpersistence) FROM relation
UNION ALL
SELECT format('row-level security of %s: %s %s', name, relrowsecurity, relforcerowsecurity) FROM relation
UNION ALL
SELECT format('grant on %s: %s %s to %s', name, privilege_type, is_grantable, grantee::regrole)
FROM relation, aclexplode(relacl) WHERE grantee <> relowner
UNION ALL
SELECT format(
    'column %s.%I %s%s %s%s%s', name, attname, format_type(atttypid, atttypmod),
    CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END, attgenerated, attidentity,
    ' ' || pg_get_expr(adbin, adrelid)
)
FROM relation JOIN pg_attribute ON attrelid = relation.oid
    LEFT JOIN pg_attrdef ON adrelid = relation.oid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped
UNION ALL
SELECT format('view %s %s', name, pg_get_viewdef(oid)) FROM relation WHERE relkind IN ('v', 'm')
UNION ALL
SELECT format('index on %s: %s', name, pg_get_indexdef(indexrelid))
FROM relation JOIN pg_index ON indrelid = relation.oid
UNION ALL
SELECT format('constraint on %s: %I %s', name, conname, pg_get_constraintdef(pg_constraint.oid))
FROM relation JOIN pg_constraint ON conrelid = relation.oid
WHERE contype <> 'n'
UNION ALL
SELECT format(
    'trigger on %s: %s %s', name, pg_get_triggerdef(pg_trigger.oid),
    obj_description(pg_trigger.oid, 'pg_trigger')
)
FROM relation JOIN pg_trigger ON tgrelid = relation.oid
WHERE NOT tgisinternal
UNION ALL
SELECT format(
    'policy on %s: %I %s %s USING %s CHECK %s', name, polname, polcmd, polroles,
    pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
)
FROM relation JOIN pg_policy ON polrelid = relation.oid
UNION ALL
SELECT format(
    '%s %I.%I(%s) %s %s', CASE prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, nspname, proname,
    pg_get_function_identity_arguments(pg_proc.oid), proacl,
    CASE WHEN prokind IN ('f', 'p') THEN md5(pg_get_functiondef(pg_proc.oid)) END
)
FROM pg_proc JOIN space ON space.oid = pronamespace
UNION ALL
SELECT format('type %I.%I %s %s', nspname, typname, typtype, (
    SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = pg_type.oid
))
FROM pg_type JOIN space ON space.oid = typnamespace
WHERE typtype IN ('e', 'd', 'r')
UNION ALL
SELECT format('extension %s %s', extname, extversion) FROM pg_extension
UNION ALL
SELECT format('default grant %s %s', defaclobjtype, defaclacl) FROM pg_default_acl
UNION ALL
SELECT format('event trigger %s', evtname) FROM pg_event_trigger
""")


def outline(connection: Connection, ignored: str = "") -> frozenset[str]:
    """Return what a database holds beside rows: tables, columns, indexes, triggers, functions, grants, ...

    Partitions are left out: maintenance makes and drops them.

    Args:
        connection: To the database, as the owner of its tables.
        ignored: A table that does not count; "" for none.
    """
    return frozenset(connection.execute(OUTLINE, {"ignored": ignored}).scalars())


def differing(before: frozenset[str], after: frozenset[str]) -> str:
    """Return in words how two outlines differ; "" where they are the same."""
    more, less = sorted(after - before), sorted(before - after)
    told = [f"there is more: {line}" for line in more] + [f"there is no longer: {line}" for line in less]
    shown = "; ".join(" ".join(line.split())[:160] for line in told[:3])
    return f"{shown}; and {len(told) - 3} more" if len(told) > 3 else shown
