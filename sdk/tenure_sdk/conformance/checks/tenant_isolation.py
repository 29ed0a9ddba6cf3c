"""Crossing: nobody sees or changes what belongs to another tenant, even if row-level security were off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from tenure_core.postgres.owner_connection import connect
from tenure_sdk.conformance.fixtures.environment import Environment, Executed, TenantData, raised
from tenure_sdk.conformance.fixtures.response_paths import Place, difference, place_of
from tenure_sdk.conformance.fixtures.subscription_probe import open_probe
from tenure_sdk.conformance.fixtures.table_contents import Contents, diff_contents
from tenure_sdk.conformance.report import Finding

CHECK = "tenants"

ROWS_OF_STRANGER = 2

MEND = (
    "Name the tenant in each statement (`Car.tenant_id == row.c.tenant_id`), keep nothing between requests."
)

LAST_BELT = "If row-level security were off:"


async def check_isolation(ground: Environment, own: TenantData, other: TenantData) -> AsyncIterator[Finding]:
    """Yield a finding for all that crosses from one tenant to another.

    All of it is tried again without row-level security: statements are to name their tenant themselves.

    Args:
        ground: What to ask and to change.
        own: A tenant with rows, who asks.
        other: Another tenant with rows.
    """
    found = [finding async for finding in _crossings(ground, own, other)]
    async with _unprotected(ground):
        again = [finding async for finding in _crossings(ground, own, other)]
    last = [replace(finding, what=f"{LAST_BELT} {finding.what}") for finding in again]
    named: set[str] = set()
    for finding in [*found, *last]:
        if (name := _named(finding.where)) not in named:
            named.add(name)
            yield finding


def _named(where: str) -> str:
    """Return what is told of once: a field turns up on its own type, and on those that lead to it."""
    return where if "/" in where else where.rpartition(".")[2]


async def _crossings(ground: Environment, own: TenantData, other: TenantData) -> AsyncIterator[Finding]:
    async for finding in _swayed(ground, own, other):
        yield finding
    async for finding in _overheard(ground, own):
        yield finding
    for question in ground.questions:
        if question.variables:
            answer = await _answer(ground, question, own, other)
            if shown := place_of(answer, other.markers):
                yield _found(question, shown, "It shows data of another tenant, asked for by its id.")
    for mutation in [*ground.removals, *ground.mutations]:
        before = await _records_of(ground, other)
        answer = await ground.attempt(mutation, own.tenant, other.records)
        if place_of(answer, [other.mark]):
            yield _found(mutation, (), "It shows data of another tenant, asked for by its id.")
        if changed := list(diff_contents(before, await _records_of(ground, other))):
            yield _found(mutation, (), f"It changes data of another tenant: {changed[0]}.")
    async for finding in _meddling(ground, own):
        yield finding


async def _overheard(ground: Environment, own: TenantData) -> AsyncIterator[Finding]:
    """Yield a finding for each subscription that tells of what happens at another tenant."""
    for subscription in ground.subscriptions:
        async with open_probe(ground, subscription, own.tenant, own) as heard:
            stranger = await ground.tenant_data(ROWS_OF_STRANGER)
            if place_of(await heard.out(), stranger.markers):
                yield _found(subscription, (), "It tells of what happens at another tenant.")


async def _meddling(ground: Environment, own: TenantData) -> AsyncIterator[Finding]:
    """Yield a finding where what the plugin does for another tenant by itself changes a tenant's data."""
    stranger = await ground.tenant_data(ROWS_OF_STRANGER)
    for name, work in ground.background_work(stranger.tenant).items():
        before = await _records_of(ground, own)
        await raised(work)
        if changed := list(diff_contents(before, await _records_of(ground, own))):
            yield Finding(CHECK, name, f"It changes data of another tenant: {changed[0]}.", MEND)


async def _swayed(ground: Environment, own: TenantData, other: TenantData) -> AsyncIterator[Finding]:
    """Yield a finding for each question whose answer another tenant is in, or has a part in.

    It is asked before and after a further tenant has rows and asks, too. An answer that is never twice the
    same, because it tells the time, says nothing.
    """
    before = await _answers(ground, own)
    stranger = await ground.tenant_data(ROWS_OF_STRANGER)
    strange = await _answers(ground, stranger)
    after, again = await _answers(ground, own), await _answers(ground, own)
    asked = zip(ground.questions, before, after, again, strange, strict=True)
    for question, first, second, third, its in asked:
        shown = place_of(second, [*other.markers, *stranger.markers]) or place_of(its, own.markers)
        if shown:
            yield _found(question, shown, "It shows data of another tenant.")
        elif first != second == third:
            what = "Its value is another one since a further tenant has rows."
            yield _found(question, difference(first, second), what)


async def _answers(ground: Environment, own: TenantData) -> list[object]:
    return [await _answer(ground, question, own, own) for question in ground.questions]


async def _answer(ground: Environment, question: Executed, own: TenantData, asked_for: TenantData) -> object:
    """Return what a tenant is shown that asks for records of its own, or of another."""
    return (await ground.attempt(question, own.tenant, asked_for.records)).get("data")


def _found(question: Executed, place: Place, what: str) -> Finding:
    return Finding(CHECK, ".".join(place) or question.where, what, MEND)


async def _records_of(ground: Environment, holding: TenantData) -> Contents:
    prefix = f"{holding.tenant.id}/"
    return {
        table: {key: row for key, row in rows.items() if key.startswith(prefix)}
        for table, rows in (await ground.contents()).items()
    }


@asynccontextmanager
async def _unprotected(ground: Environment) -> AsyncIterator[None]:
    """Switch row-level security off for all that is tenants' own, in this database alone."""
    tables = await ground.contents()
    await asyncio.to_thread(_switch, ground, tables, "DISABLE")
    yield
    await asyncio.to_thread(_switch, ground, tables, "ENABLE")


def _switch(ground: Environment, tables: Iterable[str], switch: str) -> None:
    with connect(ground.tenure.settings.database_url) as connection:
        for table in tables:
            connection.execute(f'ALTER TABLE "{table}" {switch} ROW LEVEL SECURITY'.encode())
