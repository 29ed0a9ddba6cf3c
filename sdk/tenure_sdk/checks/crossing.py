"""Crossing: nobody sees or changes what belongs to another tenant, even if row-level security were off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import orjson

from tenure_core.owner import connect
from tenure_sdk.checks.contents import Contents, altered
from tenure_sdk.checks.findings import Finding
from tenure_sdk.checks.ground import Ground, Holding
from tenure_sdk.checks.questions import Question

CHECK = "tenants"

ROWS_OF_STRANGER = 2

MEND = (
    "Name the tenant in each statement (`Car.tenant_id == row.c.tenant_id`), keep nothing between requests."
)

LAST_BELT = "Only row-level security keeps it from that:"


async def leaking(ground: Ground, own: Holding, other: Holding) -> AsyncIterator[Finding]:
    """Yield a finding for each question or mutation that crosses from one tenant to another.

    Where there is none, all of it is tried again without row-level security: statements name their tenant.

    Args:
        ground: What to ask and to change.
        own: A tenant with rows, who asks.
        other: Another tenant with rows.
    """
    found = [finding async for finding in _crossings(ground, own, other)]
    if not found:
        with _unprotected(ground):
            again = [finding async for finding in _crossings(ground, own, other)]
        found = [replace(finding, what=f"{LAST_BELT} {finding.what}") for finding in again]
    for finding in found:
        yield finding


async def _crossings(ground: Ground, own: Holding, other: Holding) -> AsyncIterator[Finding]:
    async for finding in _swayed(ground, own, other):
        yield finding
    for question in ground.questions:
        if question.variables and _is_in(other, await _answer(ground, question, own, other)):
            yield _found(question, "It shows data of another tenant, asked for by its id.")
    for mutation in [*ground.removals, *ground.mutations]:
        before = await _records_of(ground, other)
        await ground.attempt(mutation, own.tenant, other.records)
        if changed := list(altered(before, await _records_of(ground, other))):
            yield _found(mutation, f"It changes data of another tenant: {changed[0]}.")


async def _swayed(ground: Ground, own: Holding, other: Holding) -> AsyncIterator[Finding]:
    """Yield a finding for each question whose answer another tenant is in, or has a part in.

    It is asked before and after a further tenant has rows and asks, too. An answer that is never twice the
    same, because it tells the time, says nothing.
    """
    before = await _answers(ground, own)
    stranger = await ground.holding(ROWS_OF_STRANGER)
    await _answers(ground, stranger)
    after, again = await _answers(ground, own), await _answers(ground, own)
    for question, first, second, third in zip(ground.questions, before, after, again, strict=True):
        if any(_is_in(holding, second) for holding in (other, stranger)):
            yield _found(question, "It shows data of another tenant.")
        elif first != second == third:
            yield _found(question, "Its answer is another one since a further tenant has rows.")


def _is_in(holding: Holding, answer: bytes) -> bool:
    """Return whether something of a tenant is in an answer."""
    signs = [holding.mark, *(str(record) for ids in holding.records.values() for record in ids)]
    return any(sign.encode() in answer for sign in signs)


async def _answers(ground: Ground, own: Holding) -> list[bytes]:
    return [await _answer(ground, question, own, own) for question in ground.questions]


async def _answer(ground: Ground, question: Question, own: Holding, asked_for: Holding) -> bytes:
    """Return what a tenant is shown that asks for records of its own, or of another."""
    answer = await ground.attempt(question, own.tenant, asked_for.records)
    return orjson.dumps(answer.get("data"))


def _found(question: Question, what: str) -> Finding:
    return Finding(CHECK, question.where, what, MEND)


async def _records_of(ground: Ground, holding: Holding) -> Contents:
    prefix = f"{holding.tenant.id}/"
    return {
        table: {key: row for key, row in rows.items() if key.startswith(prefix)}
        for table, rows in (await ground.contents()).items()
    }


@contextmanager
def _unprotected(ground: Ground) -> Iterator[None]:
    """Switch row-level security off for all records, in this database alone."""
    tables = [entity.table.name for entity in ground.tenure.catalog.entities.values()]
    for switch in ("DISABLE", "ENABLE"):
        with connect(ground.tenure.settings.database_url) as connection:
            for table in tables:
                connection.execute(f"ALTER TABLE {table} {switch} ROW LEVEL SECURITY".encode())
        if switch == "DISABLE":
            yield
