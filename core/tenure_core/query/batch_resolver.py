"""Computes batch fields: replaces the placeholders in a response with the values that plugins compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
import structlog

from tenure_core.catalog.fields import BatchFieldInfo
from tenure_core.entities.scalar_types import JSON, ScalarType
from tenure_core.errors import PluginFailedError, TenureError
from tenure_core.postgres.database import TenantConnection
from tenure_core.query.plan import Plan
from tenure_core.query.plan.placeholders import Placeholder, find_placeholders, has_placeholders

log = structlog.get_logger()


class ContextProvider(Protocol):
    """Opens the contexts in which the code of plugins runs; see `tenure_core.plugins.context_providers`."""

    def __call__(self, plugin: str, /) -> AbstractAsyncContextManager[Any]:
        """Return a context of the plugin with this name."""


@dataclass(frozen=True, slots=True)
class FieldFailure:
    """A placeholder whose value could not be computed, and is null.

    Args:
        placeholder: The placeholder.
        error: The reason.
    """

    placeholder: Placeholder
    error: TenureError


@dataclass(frozen=True, slots=True)
class BatchResolver:
    """Computes the batch fields of everything that one transaction reads.

    Args:
        provide_contexts: Returns the contexts for a transaction.
        failures: The placeholders whose values could not be computed.
    """

    provide_contexts: Callable[[TenantConnection], ContextProvider]
    failures: list[FieldFailure] = field(default_factory=list)

    async def resolve(self, connection: TenantConnection, plan: Plan, response: object) -> None:
        """Fill the placeholders in a response.

        Args:
            connection: The connection of the transaction.
            plan: The plan of the response.
            response: The response; it is changed in place.
        """
        if has_placeholders(plan):
            placeholders = find_placeholders(plan, response, ())
            self.failures.extend(await resolve_placeholders(placeholders, self.provide_contexts(connection)))


async def resolve_placeholders(
    placeholders: Iterable[Placeholder], contexts: ContextProvider
) -> list[FieldFailure]:
    """Fill placeholders. The code of each field is called once, with the required values of all records.

    Args:
        placeholders: The placeholders.
        contexts: Opens the contexts of plugins.

    Returns:
        The placeholders whose values could not be computed.
    """
    by_field: dict[BatchFieldInfo, list[Placeholder]] = {}
    for placeholder in placeholders:
        by_field.setdefault(placeholder.field, []).append(placeholder)
    return [
        failure
        for batch_field, group in by_field.items()
        for failure in await _resolve_field(batch_field, group, contexts)
    ]


async def _resolve_field(
    batch_field: BatchFieldInfo, placeholders: Sequence[Placeholder], contexts: ContextProvider
) -> list[FieldFailure]:
    try:
        async with contexts(batch_field.plugin) as context:
            values = await batch_field.compute(context, [p.required_values for p in placeholders])
        if len(values) != len(placeholders):
            raise ValueError(f"it returned {len(values)} values for {len(placeholders)} records")
    except Exception as error:
        failure = _to_tenure_error(batch_field, error)
        return [_fill_with_null(placeholder, failure) for placeholder in placeholders]
    return list(_fill(batch_field, placeholders, values))


def _fill(
    batch_field: BatchFieldInfo, placeholders: Sequence[Placeholder], values: Sequence[object]
) -> Iterator[FieldFailure]:
    for placeholder, value in zip(placeholders, values, strict=True):
        try:
            placeholder.fill(None if value is None else _to_json(batch_field.scalar_type, value))
        except (ValueError, TypeError) as error:
            yield _fill_with_null(placeholder, _to_tenure_error(batch_field, error))


def _to_json(scalar_type: ScalarType, value: object) -> object:
    """Return a value as PostgreSQL renders it in JSON.

    Raises:
        ValueError: The value is not of the type.
    """
    parsed = scalar_type.parse(value)
    return orjson.loads(orjson.dumps(value if scalar_type == JSON else parsed))


def _fill_with_null(placeholder: Placeholder, error: TenureError) -> FieldFailure:
    placeholder.fill(None)
    return FieldFailure(placeholder, error)


def _to_tenure_error(batch_field: BatchFieldInfo, error: Exception) -> TenureError:
    if isinstance(error, TenureError):
        return error
    plugin = batch_field.plugin
    log.error("plugin failed to compute a field", plugin=plugin, field=batch_field.name, exc_info=error)
    return PluginFailedError(
        f"{batch_field.name} could not be computed: the plugin {plugin} failed.",
        "See the log of the server for the reason.",
    )
