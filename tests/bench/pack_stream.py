"""The stream of meter readings: what a device gateway sends as NDJSON, beside bare inserts."""

from __future__ import annotations

import statistics
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
import psycopg
from load import Target
from pack_data import ENABLE, PACK
from report import Row, at_least
from streams import posted_lines
from writes import ROWS

from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.access.identity import Role

PLANT = """
    WITH owner AS (
        INSERT INTO account (tenant_id, name) VALUES (%(tenant)s, 'Plant') RETURNING id
    ), machine AS (
        INSERT INTO equipment (tenant_id, account_id, serial_number)
        SELECT %(tenant)s, id, 'M-' || n FROM owner CROSS JOIN generate_series(1, 10) AS n RETURNING id
    )
    INSERT INTO meter (tenant_id, equipment_id, name, kind, unit)
    SELECT %(tenant)s, id, 'Running hours', 'RUNNING_HOURS', 'h' FROM machine RETURNING id
"""

BARE = """
    INSERT INTO meter_reading (tenant_id, id, meter_id, value, taken_at)
    SELECT %(tenant)s, id, meter_id, value, taken_at
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
        id uuid, meter_id uuid, value double precision, taken_at timestamptz
    )
    ON CONFLICT (tenant_id, id) DO UPDATE SET value = excluded.value
"""


START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter read.

    Args:
        number: What the gateway calls it.
        meter: The meter's id.
        value: What it read.
        taken_at: When.
    """

    number: int
    meter: str
    value: float
    taken_at: str


@dataclass(frozen=True, slots=True)
class Plant:
    """Some meters of a tenant of its own, which has the pack enabled.

    Args:
        url: The database, as a superuser.
        tenant: The tenant.
        key: An API key that writes.
        meters: The meters.
    """

    url: str
    tenant: uuid.UUID
    key: str
    meters: list[uuid.UUID]

    @classmethod
    def built(cls, url: str) -> Plant:
        """Return a new one."""
        name = f"bench of readings {uuid.uuid4()}"
        tenant = ensure_tenant(url, name)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(ENABLE, {"tenant": tenant, "plugin": PACK})
            meters = [meter for (meter,) in connection.execute(PLANT, {"tenant": tenant}).fetchall()]
        return cls(url, tenant, create_key(url, name, Role.ADMIN, "bench", "bench").secret, meters)


def stream_of_readings(url: str, port: int, rounds: int, chunks: int) -> Row:
    """Measure a stream of new readings against bare inserts; the pack's own checks and deliveries are in it.

    Args:
        url: The database, as a superuser.
        port: Where Tenure answers.
        rounds: How many times the ways take turns.
        chunks: How many thousands of readings each way writes in a round.
    """
    plant = Plant.built(url)
    _streamed(plant, port, _readings(plant, 0, 2))
    found = []
    for turn in range(1, rounds + 1):
        bare, sent = (_readings(plant, (2 * turn + way) * chunks, chunks) for way in range(2))
        found.append((_inserted(plant, bare), _streamed(plant, port, sent)))
    ratio = statistics.median(bare / streamed for bare, streamed in found)
    bare_seconds, seconds = (statistics.median(seconds) for seconds in zip(*found, strict=True))
    shown = f"bare {chunks * ROWS / bare_seconds:.0f} rows/s, stream {chunks * ROWS / seconds:.0f}"
    return at_least(
        f"NDJSON stream, {chunks * ROWS:,} meter readings: new rows to bare inserts", ratio, 0.6, shown
    )


def _readings(plant: Plant, start: int, chunks: int) -> list[list[Reading]]:
    """Return readings of the meters in turn, each at a minute of its own, by the thousands."""
    return [[_reading(plant, (start + chunk) * ROWS + n) for n in range(ROWS)] for chunk in range(chunks)]


def _reading(plant: Plant, number: int) -> Reading:
    meter = str(plant.meters[number % len(plant.meters)])
    return Reading(number, meter, number / 60, (START + timedelta(minutes=number)).isoformat())


def _inserted(plant: Plant, readings: list[list[Reading]]) -> float:
    """Return how many seconds bare inserts take, a statement for each thousand."""
    documents = [
        orjson.dumps(
            [
                {"id": str(uuid.uuid4()), "meter_id": one.meter, "value": one.value, "taken_at": one.taken_at}
                for one in some
            ]
        ).decode()
        for some in readings
    ]
    with psycopg.connect(plant.url, autocommit=True) as connection:
        connection.execute("SELECT set_config('tenure.tenant_id', %s, false)", (str(plant.tenant),))
        connection.execute("SET ROLE tenure_app")
        started = time.perf_counter()
        for document in documents:
            connection.execute(BARE, {"tenant": plant.tenant, "rows": document})
        return time.perf_counter() - started


def _streamed(plant: Plant, port: int, readings: list[list[Reading]]) -> float:
    """Return how many seconds a stream takes."""
    pieces = [b"".join(_line(one) for one in some) for some in readings]
    target = Target(port, "/bulk/MeterReading", plant.key)
    started = time.perf_counter()
    answer = posted_lines(target, pieces)
    seconds = time.perf_counter() - started
    assert answer.count(b'"status":"CREATED"') == len(readings) * ROWS, answer[-500:]
    return seconds


def _line(one: Reading) -> bytes:
    row = {
        "match": {"externalRef": {"system": "bench", "id": str(one.number)}},
        "meter": {"id": one.meter},
        "value": one.value,
        "takenAt": one.taken_at,
    }
    return orjson.dumps(row) + b"\n"
