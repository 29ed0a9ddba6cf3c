"""The data of the manufacturing pack: machines of each account, with work orders, meters and readings."""

from __future__ import annotations

import uuid

import psycopg

from tenure_core.migrate import runner
from tenure_core.plugins.host import Host, load_host
from tenure_core.settings import load_settings

PACK = "manufacturing"

ENABLE = "INSERT INTO tenant_plugin (tenant_id, plugin, enabled) VALUES (%(tenant)s, %(plugin)s, true)"

EQUIPMENT = """
    INSERT INTO equipment (tenant_id, account_id, serial_number, model, status, running_hours)
    SELECT
        %(tenant)s, account.id, 'M-' || to_char(row_number() OVER (), 'FM0000000'),
        (ARRAY['MX-200', 'PR-80', 'CL-12'])[mod(n, 3) + 1], 'RUNNING', n * 1000
    FROM account CROSS JOIN generate_series(1, 2) AS n
    WHERE account.tenant_id = %(tenant)s
"""

ORDERS = """
    INSERT INTO work_order (tenant_id, equipment_id, title, kind, status, priority, reported_at, due_at)
    SELECT
        %(tenant)s, equipment.id, 'Work ' || n, 'PREVENTIVE',
        (ARRAY['OPEN', 'ASSIGNED', 'COMPLETED', 'SIGNED_OFF'])[n], 'NORMAL',
        timestamptz '2026-01-01 00:00:00+00' - n * interval '1 day',
        timestamptz '2026-02-01 00:00:00+00' - n * interval '1 day'
    FROM equipment CROSS JOIN generate_series(1, 4) AS n
    WHERE equipment.tenant_id = %(tenant)s
"""

METERS = """
    INSERT INTO meter (tenant_id, equipment_id, name, kind, unit)
    SELECT %(tenant)s, id, 'Running hours', 'RUNNING_HOURS', 'h' FROM equipment WHERE tenant_id = %(tenant)s
"""

READINGS = """
    INSERT INTO meter_reading (tenant_id, meter_id, value, taken_at)
    SELECT
        %(tenant)s, meter.id, 1000 - n * 16, timestamptz '2026-01-01 00:00:00+00' - n * interval '1 day'
    FROM meter CROSS JOIN generate_series(1, 5) AS n
    WHERE meter.tenant_id = %(tenant)s
"""


def load_pack() -> Host:
    """Return a host with only the pack."""
    return load_host(load_settings(plugins_allow=(PACK,)))


def prepare_pack(url: str, tenant_id: uuid.UUID) -> None:
    """Create the tables of the pack and insert the machines of a tenant, unless they exist.

    Args:
        url: URL of the database, with the login of a superuser.
        tenant_id: The tenant, which has accounts.
    """
    runner.upgrade(url, load_pack())
    with psycopg.connect(url) as connection:
        cursor = connection.execute("SELECT FROM equipment WHERE tenant_id = %s LIMIT 1", (tenant_id,))
        if cursor.fetchone() is not None:
            return
        connection.execute("SET LOCAL session_replication_role = replica")
        for statement in (ENABLE, EQUIPMENT, ORDERS, METERS, READINGS):
            connection.execute(statement, {"tenant": tenant_id, "plugin": PACK})
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE equipment, work_order, meter, meter_reading")
