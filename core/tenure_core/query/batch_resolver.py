"""Coding: fields that plugins' code computes, filled in for all records of an answer at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import orjson
import structlog

from tenure_core.access.identity import Actor
from tenure_core.catalog.computed_fields import CodedField
from tenure_core.entities.scalar_types import JSON, Kind
from tenure_core.errors import PluginFailedError, TenureError
from tenure_core.plugins.context import Context, context_over
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.plan import Plan
from tenure_core.query.plan.placeholders import Gap, gaps, holds_code

Contexts = Callable[[str], AbstractAsyncContextManager[Context]]
"""Lends a context of a plugin, by the plugin's name."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Failure:
    """A gap that stays empty.

    Args:
        gap: The gap.
        error: Why.
    """

    gap: Gap
    error: TenureError


def reading_contexts(database: Database, host: Host, actor: Actor) -> Contexts:
    """Return what lends contexts that read, each from one snapshot of the actor's tenant."""

    @asynccontextmanager
    async def lend(plugin: str) -> AsyncIterator[Context]:
        async with (
            database.snapshot(actor.tenant_id) as connection,
            context_over(connection, host.catalog, host[plugin], actor) as context,
        ):
            yield context

    return lend


def contexts_within(connection: TenantConnection, host: Host, actor: Actor) -> Contexts:
    """Return what lends contexts in a transaction that is there, which stays sound where their code fails."""

    @asynccontextmanager
    async def lend(plugin: str) -> AsyncIterator[Context]:
        async with (
            connection.transaction(),
            context_over(connection, host.catalog, host[plugin], actor) as context,
        ):
            yield context

    return lend


@dataclass(frozen=True, slots=True)
class Coder:
    """Fills the gaps in what one transaction reads.

    Args:
        host: Whose code there is.
        actor: Who asks.
        failures: The gaps that have stayed empty.
    """

    host: Host
    actor: Actor
    failures: list[Failure] = field(default_factory=list)

    async def fill(self, connection: TenantConnection, plan: Plan, found: object) -> None:
        """Fill the gaps in what has come of a plan.

        Args:
            connection: In the transaction.
            plan: The plan.
            found: What has come of it.
        """
        if holds_code(plan):
            contexts = contexts_within(connection, self.host, self.actor)
            self.failures.extend(await fill(gaps(plan, found, ()), contexts))


async def fill(found: Iterable[Gap], contexts: Contexts) -> list[Failure]:
    """Fill gaps: each field's code is called once, with what it needs of all records.

    Args:
        found: The gaps.
        contexts: Lends the contexts that the code is given.

    Returns:
        The gaps that stay empty because their code failed.
    """
    by_field: dict[CodedField, list[Gap]] = {}
    for gap in found:
        by_field.setdefault(gap.field, []).append(gap)
    return [failure for coded, theirs in by_field.items() for failure in await _fill(coded, theirs, contexts)]


async def _fill(coded: CodedField, found: Sequence[Gap], contexts: Contexts) -> list[Failure]:
    try:
        async with contexts(coded.plugin) as context:
            values = await coded.compute(context, [gap.needs for gap in found])
        if len(values) != len(found):
            raise ValueError(f"it returned {len(values)} values for {len(found)} records")
    except Exception as error:
        failed = _failed(coded, error)
        return [_left_empty(gap, failed) for gap in found]
    return list(_filled(coded, found, values))


def _filled(coded: CodedField, found: Sequence[Gap], values: Sequence[object]) -> Iterator[Failure]:
    for gap, value in zip(found, values, strict=True):
        try:
            gap.fill(None if value is None else _as_json(coded.kind, value))
        except (ValueError, TypeError) as error:
            yield _left_empty(gap, _failed(coded, error))


def _as_json(kind: Kind, value: object) -> object:
    """Return a value of a kind as PostgreSQL would have written it.

    Raises:
        ValueError: It is none of the kind.
    """
    read = kind.parse(value)
    return orjson.loads(orjson.dumps(value if kind == JSON else read))


def _left_empty(gap: Gap, error: TenureError) -> Failure:
    gap.fill(None)
    return Failure(gap, error)


def _failed(coded: CodedField, error: Exception) -> TenureError:
    if isinstance(error, TenureError):
        return error
    log.error("a plugin failed to compute a field", plugin=coded.plugin, field=coded.name, exc_info=error)
    return PluginFailedError(
        f"{coded.name} could not be computed: the plugin {coded.plugin} failed.",
        "The server's log says why.",
    )
