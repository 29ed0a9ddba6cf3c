"""Plugin roots: answers the root fields that plugins bring, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import cast

import orjson
import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, GraphQLSchema, get_named_type

from tenure_core.access.grants import authorize
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.errors import BadUserInputError, ConflictError, PluginFailedError, TenureError
from tenure_core.plugins.host import Host
from tenure_core.plugins.orm_session import lease_session
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.batch_resolver import savepoint_contexts
from tenure_core.query.plan import plan_references
from tenure_core.query.plan.cost import cost
from tenure_core.query.request import SelectedField
from tenure_core.write.idempotency import IdempotencyRecord
from tenure_core.write.transaction import run_in_transaction
from tenure_schema.mutations.runner import REPLAYED, MutationContext, receipt_of
from tenure_schema.operations.operation_request import OperationRequest
from tenure_schema.operations.root_execution import document_of, resolve_root, subscribe
from tenure_schema.plugins.entity_refs import CostBudget, EntityRefLoader
from tenure_schema.plugins.resolver_contexts import ResolverContext, SubscriptionContext
from tenure_schema.plugins.schema_parts import PluginParts

log = structlog.get_logger()


class RollbackError(Exception):
    """Undoes the transaction of a mutation that has failed, and keeps what there is to say of it."""

    def __init__(self, result: ExecutionResult) -> None:
        super().__init__()
        self.result = result


class PluginRoots:
    """Answers the root fields that plugins bring.

    Args:
        host: The plugins.
        parts: What they add to the schema.
        schema: The schema.
        database: Where the data is.
    """

    def __init__(self, host: Host, parts: PluginParts, schema: GraphQLSchema, database: Database) -> None:
        self._host = host
        self._schema = schema
        self._database = database
        self._plugins = {
            type_: parts.fields(type_.name.lower())
            for type_ in (schema.query_type, schema.mutation_type, schema.subscription_type)
            if type_ is not None
        }

    def owns(self, field: SelectedField, asking: OperationRequest) -> bool:
        """Return whether a root field is a plugin's."""
        return field.name in self._plugins[self._root_type(asking)]

    def plugin_of(self, field: SelectedField, asking: OperationRequest) -> str:
        """Return the plugin that a root field is of."""
        return self._plugins[self._root_type(asking)][field.name]

    def check(self, field: SelectedField, asking: OperationRequest, budget: CostBudget) -> None:
        """Refuse, before anything is done, what may not be asked or would bring too much.

        Raises:
            ForbiddenError: The tenant has not enabled the plugin, or a record may not be read.
            RequestTooLargeError: Already one of each record is too much.
        """
        authorized = authorize(asking.actor, self._host.catalog)
        authorized.grants.require_plugin(self.plugin_of(field, asking), field.name)
        found = 0
        for entity, inner in self._records(self._root_type(asking), field):
            found += cost(plan_references(inner, entity, [], self._host.catalog, authorized).plan)
        CostBudget(budget.most, budget.spent).spend(found)

    async def answer(
        self, field: SelectedField, asking: OperationRequest, budget: CostBudget, event: object = None
    ) -> ExecutionResult:
        """Return what a plugin answers to a question, from one snapshot of the data.

        Args:
            field: The root field.
            asking: The operation.
            budget: How much it may bring.
            event: Of a subscription, what has happened.
        """
        async with self._database.snapshot_connection(asking.actor.tenant_id) as connection:
            return await self._resolved(connection, field, asking, budget, event)

    async def events(
        self, field: SelectedField, asking: OperationRequest
    ) -> AsyncGenerator[object | ExecutionResult]:
        """Yield what a plugin's subscription tells, event by event, and a result at the end if it fails."""
        plugin = self._host[self.plugin_of(field, asking)]
        context = SubscriptionContext(self._database, self._host, plugin, asking.actor)
        document = document_of(asking.operation, asking.nodes[field.key])
        source = await subscribe(self._schema, document, asking.given, context)
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

    async def write(
        self, field: SelectedField, asking: OperationRequest, budget: CostBudget, call: MutationContext
    ) -> ExecutionResult:
        """Return what a plugin's mutation answers, once it is committed.

        Raises:
            TenureError: The database can't.
        """
        try:
            receipt = receipt_of(field, call)
        except ValueError as error:
            raise BadUserInputError(f"{error}.") from None

        async def work(connection: TenantConnection) -> ExecutionResult:
            before = await receipt.claim(connection, call.actor) if receipt else None
            if before is not None:
                return _replayed(before, field)
            result = await self._resolved(connection, field, asking, budget)
            if receipt:
                await _keep(receipt, result, field, connection, call)
            return result

        try:
            return await run_in_transaction(self._database, call.actor, work)
        except RollbackError as undone:
            return undone.result

    async def _resolved(
        self,
        connection: TenantConnection,
        field: SelectedField,
        asking: OperationRequest,
        budget: CostBudget,
        event: object = None,
    ) -> ExecutionResult:
        plugin, actor = self._host[self.plugin_of(field, asking)], asking.actor
        catalog = self._host.catalog
        writes = self._root_type(asking) is self._schema.mutation_type
        contexts = savepoint_contexts(connection, self._host, actor)
        references = EntityRefLoader(
            connection, catalog, authorize(actor, catalog), field, contexts, budget, deleted=writes
        )
        async with lease_session(connection, actor.tenant_id) as lent:
            context = ResolverContext(connection, catalog, plugin, actor, lent, references)
            document = document_of(asking.operation, asking.nodes[field.key])
            found = await resolve_root(self._schema, document, asking.given, root=event, context=context)
            result = _redact_errors(found, plugin.name, field)
            if writes:
                await _settle(context, field, result)
            return result

    def _root_type(self, asking: OperationRequest) -> GraphQLObjectType:
        return cast(GraphQLObjectType, self._schema.get_root_type(asking.operation.node.operation))

    def _records(
        self, parent: GraphQLObjectType, field: SelectedField
    ) -> Iterator[tuple[EntityInfo, SelectedField]]:
        """Yield what is asked of records that the plugin's code may refer to."""
        definition = parent.fields.get(field.name)
        named = get_named_type(definition.type) if definition else None
        if named is None:
            return
        if entity := self._host.catalog.entities.get(named.name):
            yield entity, field
            return
        for inner in field.fields:
            around = self._schema.get_type(inner.on) if inner.on else named
            if isinstance(around, GraphQLObjectType):
                yield from self._records(around, inner)


def _redact_errors(result: ExecutionResult, plugin: str, field: SelectedField) -> ExecutionResult:
    errors = [_told(error, plugin, field) for error in result.errors or ()]
    return ExecutionResult(result.data, errors or None)


def _told(error: GraphQLError, plugin: str, field: SelectedField) -> GraphQLError:
    """Return an error as clients are told of it: what a plugin's code raised for them, or that it failed."""
    original = error.original_error
    if isinstance(original, TenureError) and type(original) is not TenureError:
        return error
    log.error("a plugin failed to answer", plugin=plugin, field=field.name, exc_info=original or error)
    failed = PluginFailedError(
        f"{field.name} could not be answered: the plugin {plugin} failed.", "The server's log says why."
    )
    return GraphQLError(str(failed), error.nodes, path=error.path, original_error=failed)


async def _settle(context: ResolverContext, field: SelectedField, result: ExecutionResult) -> None:
    """Let what a mutation has written stay, or undo it where its resolver has failed or refused.

    Raises:
        ConflictError: It met another write, and may be done again.
    """
    failed = [error for error in result.errors or () if error.path == [field.key]]
    for error in failed:
        if isinstance(error.original_error, ConflictError):
            raise error.original_error
    if failed or context.refused:
        raise RollbackError(result)
    await context.keep_written()


async def _keep(
    receipt: IdempotencyRecord,
    result: ExecutionResult,
    field: SelectedField,
    connection: TenantConnection,
    call: MutationContext,
) -> None:
    payload = (result.data or {}).get(field.key)
    await receipt.store(connection, call.actor, orjson.dumps(payload))


def _replayed(before: bytes, field: SelectedField) -> ExecutionResult:
    payload = orjson.loads(before)
    if isinstance(payload, Mapping):
        payload = {**payload, **{f.key: True for f in field.fields if f.name == REPLAYED}}
    return ExecutionResult({field.key: payload}, None)
