"""Coding: fields that plugins' code computes, filled in for all records of an answer at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import orjson
import structlog

from tenure_core.access.identity import Actor
from tenure_core.catalog.computed_fields import BatchFieldInfo
from tenure_core.entities.scalar_types import JSON, ScalarType
from tenure_core.errors import PluginFailedError, TenureError
from tenure_core.plugins.context import Context, use_context
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.plan import Plan
from tenure_core.query.plan.placeholders import Placeholder, find_placeholders, has_placeholders

Contexts = Callable[[str], AbstractAsyncContextManager[Context]]
"""Lends a context of a plugin, by the plugin's name."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FieldFailure:
    """A gap that stays empty.

    Args:
        gap: The gap.
        error: Why.
    """

    gap: Placeholder
    error: TenureError


def snapshot_contexts(database: Database, host: Host, actor: Actor) -> Contexts:
    """Return what lends contexts that read, each from one snapshot of the actor's tenant."""

    @asynccontextmanager
    async def lend(plugin: str) -> AsyncIterator[Context]:
        async with (
            database.snapshot_connection(actor.tenant_id) as connection,
            use_context(connection, host.catalog, host[plugin], actor) as context,
        ):
            yield context

    return lend


def savepoint_contexts(connection: TenantConnection, host: Host, actor: Actor) -> Contexts:
    """Return what lends contexts in a transaction that is there, which stays sound where their code fails."""

    @asynccontextmanager
    async def lend(plugin: str) -> AsyncIterator[Context]:
        async with (
            connection.transaction(),
            use_context(connection, host.catalog, host[plugin], actor) as context,
        ):
            yield context

    return lend


@dataclass(frozen=True, slots=True)
class BatchResolver:
    """Fills the gaps in what one transaction reads.

    Args:
        host: Whose code there is.
        actor: Who asks.
        failures: The gaps that have stayed empty.
    """

    host: Host
    actor: Actor
    failures: list[FieldFailure] = field(default_factory=list)

    async def resolve(self, connection: TenantConnection, plan: Plan, found: object) -> None:
        """Fill the gaps in what has come of a plan.

        Args:
            connection: In the transaction.
            plan: The plan.
            found: What has come of it.
        """
        if has_placeholders(plan):
            contexts = savepoint_contexts(connection, self.host, self.actor)
            self.failures.extend(await resolve_placeholders(find_placeholders(plan, found, ()), contexts))


async def resolve_placeholders(found: Iterable[Placeholder], contexts: Contexts) -> list[FieldFailure]:
    """Fill gaps: each field's code is called once, with what it needs of all records.

    Args:
        found: The gaps.
        contexts: Lends the contexts that the code is given.

    Returns:
        The gaps that stay empty because their code failed.
    """
    by_field: dict[BatchFieldInfo, list[Placeholder]] = {}
    for gap in found:
        by_field.setdefault(gap.field, []).append(gap)
    return [failure for coded, theirs in by_field.items() for failure in await _fill(coded, theirs, contexts)]


async def _fill(
    coded: BatchFieldInfo, found: Sequence[Placeholder], contexts: Contexts
) -> list[FieldFailure]:
    try:
        async with contexts(coded.plugin) as context:
            values = await coded.compute(context, [gap.needs for gap in found])
        if len(values) != len(found):
            raise ValueError(f"it returned {len(values)} values for {len(found)} records")
    except Exception as error:
        failed = _failed(coded, error)
        return [_left_empty(gap, failed) for gap in found]
    return list(_filled(coded, found, values))


def _filled(
    coded: BatchFieldInfo, found: Sequence[Placeholder], values: Sequence[object]
) -> Iterator[FieldFailure]:
    for gap, value in zip(found, values, strict=True):
        try:
            gap.fill(None if value is None else _as_json(coded.scalar_type, value))
        except (ValueError, TypeError) as error:
            yield _left_empty(gap, _failed(coded, error))


def _as_json(kind: ScalarType, value: object) -> object:
    """Return a value of a kind as PostgreSQL would have written it.

    Raises:
        ValueError: It is none of the kind.
    """
    read = kind.parse(value)
    return orjson.loads(orjson.dumps(value if kind == JSON else read))


def _left_empty(gap: Placeholder, error: TenureError) -> FieldFailure:
    gap.fill(None)
    return FieldFailure(gap, error)


def _failed(coded: BatchFieldInfo, error: Exception) -> TenureError:
    if isinstance(error, TenureError):
        return error
    log.error("a plugin failed to compute a field", plugin=coded.plugin, field=coded.name, exc_info=error)
    return PluginFailedError(
        f"{coded.name} could not be computed: the plugin {coded.plugin} failed.",
        "The server's log says why.",
    )
