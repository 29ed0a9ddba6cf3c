"""Executes the root fields of plugins, each in its own transaction. Used by the executor."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import cast

import orjson
import structlog
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    get_named_type,
)

from tenure_core.access.grants import authorize
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.errors import BadUserInputError, ConflictError, PluginFailedError, TenureError
from tenure_core.plugins.context_providers import savepoint_contexts
from tenure_core.plugins.host import Host
from tenure_core.plugins.orm_session import lease_session
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.plan import plan_records
from tenure_core.query.plan.cost import check_cost, cost
from tenure_core.query.request import SelectedField
from tenure_core.write.transaction import run_in_transaction
from tenure_schema.mutations.mutation import MutationContext
from tenure_schema.mutations.runner import build_idempotency_record, replay_payload
from tenure_schema.operations.operation_request import OperationRequest
from tenure_schema.operations.root_execution import resolve_root, subscribe
from tenure_schema.plugins.entity_refs import CostBudget, EntityRefLoader
from tenure_schema.plugins.resolver_contexts import ResolverContext, SubscriptionContext, restore_savepoint
from tenure_schema.plugins.schema_parts import PluginParts

log = structlog.get_logger()


class FailedMutationError(Exception):
    """Rolls back the transaction of a failed mutation, and carries its result."""

    def __init__(self, result: ExecutionResult) -> None:
        super().__init__()
        self.result = result


class PluginRootFields:
    """Executes the root fields of plugins.

    Args:
        host: The loaded plugins.
        parts: The plugins' parts of the schema.
        database: The database.
    """

    def __init__(self, host: Host, parts: PluginParts, database: Database) -> None:
        self._host = host
        self._database = database
        self._owners = {type_: parts.fields(type_.value) for type_ in OperationType}

    def owns(self, field: SelectedField, operation: OperationRequest) -> bool:
        """Return whether a root field belongs to a plugin."""
        return field.name in self._owners[operation.type]

    def _owner_of(self, field: SelectedField, operation: OperationRequest) -> str:
        return self._owners[operation.type][field.name]

    def check(self, field: SelectedField, operation: OperationRequest, budget: CostBudget) -> None:
        """Check permissions and the minimum cost of a root field before anything is executed.

        Raises:
            ForbiddenError: The tenant has not enabled the plugin, or the actor cannot read a selected entity.
            RequestTooLargeError: One record of each selected entity already exceeds the cost limit.
        """
        catalog = self._host.catalog
        grants = authorize(operation.actor, catalog)
        grants.require_plugin(self._owner_of(field, operation), field.name)
        root_type = cast(GraphQLObjectType, operation.schema.get_root_type(operation.type))
        entity_fields = self._entity_fields(operation.schema, root_type, field)
        plans = (plan_records(inner, entity, [], catalog, grants).plan for entity, inner in entity_fields)
        check_cost(budget.spent + sum(map(cost, plans)), budget.max_cost)

    async def resolve(
        self, field: SelectedField, operation: OperationRequest, budget: CostBudget, event: object = None
    ) -> ExecutionResult:
        """Return the result of a query, or of an event of a subscription, from one snapshot.

        Args:
            field: The root field.
            operation: The operation.
            budget: The cost limit.
            event: The event of a subscription.
        """
        async with self._database.snapshot_connection(operation.actor.tenant_id) as connection:
            return await self._execute(connection, field, operation, budget, event)

    async def stream_events(
        self, field: SelectedField, operation: OperationRequest
    ) -> AsyncGenerator[object | ExecutionResult]:
        """Yield the events of a subscription; if it fails, the last value is an ExecutionResult."""
        plugin = self._host[self._owner_of(field, operation)]
        context = SubscriptionContext(self._database, self._host, plugin, operation.actor)
        source = await subscribe(operation, field, context)
        if isinstance(source, ExecutionResult):
            yield _redact_errors(source, plugin.name, field)
            return
        try:
            async with aclosing(source):
                async for event in source:
                    yield event
        except Exception as error:
            located = GraphQLError(str(error), path=[field.key], original_error=error)
            yield _redact_errors(ExecutionResult(None, [located]), plugin.name, field)

    async def run_mutation(
        self, field: SelectedField, operation: OperationRequest, budget: CostBudget, context: MutationContext
    ) -> ExecutionResult:
        """Execute a mutation and return its result after the commit.

        Raises:
            TenureError: The database is not available, or rejects the write.
        """
        try:
            record = build_idempotency_record(field, context)
        except ValueError as error:
            raise BadUserInputError(f"{error}.") from None

        async def work(connection: TenantConnection) -> ExecutionResult:
            stored = await record.claim(connection, context.actor) if record else None
            if stored is not None:
                return ExecutionResult({field.key: replay_payload(stored, field)}, None)
            result = await self._execute(connection, field, operation, budget)
            if record:
                await record.store(
                    connection, context.actor, orjson.dumps((result.data or {}).get(field.key))
                )
            return result

        try:
            return await run_in_transaction(self._database, context.actor, work)
        except FailedMutationError as error:
            return error.result

    async def _execute(
        self,
        connection: TenantConnection,
        field: SelectedField,
        operation: OperationRequest,
        budget: CostBudget,
        event: object = None,
    ) -> ExecutionResult:
        plugin = self._host[self._owner_of(field, operation)]
        actor, catalog = operation.actor, self._host.catalog
        is_mutation = operation.type is OperationType.MUTATION
        contexts = savepoint_contexts(connection, self._host, actor)
        refs = EntityRefLoader(connection, catalog, actor, field, contexts, budget, deleted=is_mutation)
        async with lease_session(connection, actor, catalog) as lease:
            context = ResolverContext(self._host.write_context(connection, actor), plugin, lease, refs)
            result = await resolve_root(operation, field, root=event, context=context)
            result = _redact_errors(result, plugin.name, field)
            if is_mutation:
                await _complete_mutation(context, field, result)
            return result

    def _entity_fields(
        self, schema: GraphQLSchema, parent: GraphQLObjectType, field: SelectedField
    ) -> Iterator[tuple[EntityInfo, SelectedField]]:
        """Yield the selected fields whose type is an entity, below a plugin's field."""
        definition = parent.fields.get(field.name)
        type_ = get_named_type(definition.type) if definition else None
        if type_ is None:
            return
        if entity := self._host.catalog.entities.get(type_.name):
            yield entity, field
            return
        for inner in field.fields:
            inner_parent = schema.get_type(inner.on) if inner.on else type_
            if isinstance(inner_parent, GraphQLObjectType):
                yield from self._entity_fields(schema, inner_parent, inner)


def _redact_errors(result: ExecutionResult, plugin: str, field: SelectedField) -> ExecutionResult:
    errors = [_redact_error(error, plugin, field) for error in result.errors or ()]
    return ExecutionResult(result.data, errors or None)


def _redact_error(error: GraphQLError, plugin: str, field: SelectedField) -> GraphQLError:
    """Return a TenureError unchanged; log any other error and return an error without its details."""
    original = error.original_error
    if isinstance(original, TenureError) and type(original) is not TenureError:
        return error
    log.error("plugin resolver failed", plugin=plugin, field=field.name, exc_info=original or error)
    failure = PluginFailedError(
        f"{field.name} could not be resolved: the plugin {plugin} failed.",
        "The server's log contains the cause.",
    )
    return GraphQLError(str(failure), error.nodes, path=error.path, original_error=failure)


async def _complete_mutation(context: ResolverContext, field: SelectedField, result: ExecutionResult) -> None:
    """Keep the writes of a mutation, or roll them back if its resolver failed or rejected the input.

    Raises:
        ConflictError: The mutation conflicted with a concurrent write and can be retried.
    """
    failures = [error for error in result.errors or () if error.path == [field.key]]
    for error in failures:
        if isinstance(error.original_error, ConflictError):
            raise error.original_error
    if failures or context.is_rejected:
        raise FailedMutationError(result)
    await restore_savepoint(context)
