"""Executes operations.

A query whose root fields are all planned is executed as one statement per root field, and PostgreSQL's JSON
is the response. Other operations (introspection, mutations, fields of plugins) are executed root field by
root field with graphql-core; planned root fields are still one statement each.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import lru_cache, partial
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor, KeyCache
from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import BadUserInputError
from tenure_core.plugins.context_providers import savepoint_contexts, snapshot_contexts
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database
from tenure_core.query.batch_resolver import BatchResolver, FieldFailure, resolve_placeholders
from tenure_core.query.execute import execute
from tenure_core.query.plan import Plan, Planned, bind_values, plan
from tenure_core.query.plan.cost import cost
from tenure_core.query.plan.placeholders import find_placeholders
from tenure_core.query.request import TYPE_NAME, SelectedField
from tenure_core.query.sql import compile
from tenure_core.settings import Settings
from tenure_schema.features import FEATURES, Feature
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.http.timing import Timing, run_with_timeout
from tenure_schema.mutations.mutation import MutationContext
from tenure_schema.mutations.rendering import select_fields
from tenure_schema.mutations.runner import run
from tenure_schema.operations.document_cache import Document, DocumentCache
from tenure_schema.operations.operation_request import OperationRequest
from tenure_schema.operations.plugin_root_fields import PluginRootFields
from tenure_schema.operations.prepared_operations import CachedOperation, Prepared, prepare
from tenure_schema.operations.responses import (
    build_response,
    collect_values,
    find_paths,
    merge_results,
    to_graphql_error,
)
from tenure_schema.operations.root_execution import resolve_root
from tenure_schema.plugins.entity_refs import CostBudget
from tenure_schema.plugins.schema_parts import PluginParts
from tenure_schema.schema import build_schema, graphql_schema, list_mutations

MAX_CACHED_OPERATIONS = 300
"""The maximum number of cached operations."""


class Executor:
    """Executes GraphQL operations.

    Args:
        host: The loaded plugins and their catalog.
        database: The database.
        settings: The limits.
        keys: The cache of API keys, which mutations that change access invalidate.
        features: The parts of the API that are not entities.
    """

    def __init__(
        self,
        host: Host,
        database: Database,
        settings: Settings,
        keys: KeyCache | None = None,
        features: Sequence[Feature] = FEATURES,
    ) -> None:
        self.host = host
        self._keys = keys
        self._catalog = host.catalog
        self._database = database
        self._settings = settings
        parts = PluginParts.of(host)
        self._graphql = graphql_schema(build_schema(self._catalog, parts, features))
        self._plugins = PluginRootFields(host, parts, database)
        self._documents = DocumentCache(self._graphql, settings)
        self._mutations = {mutation.name: mutation for mutation in list_mutations(self._catalog, features)}
        self._resolvers = {name: r for feature in features for name, r in feature.resolvers.items()}
        self._planned = _planned_names(self._catalog)
        self._get_operation = lru_cache(maxsize=MAX_CACHED_OPERATIONS)(
            partial(_find_operation, self._graphql)
        )

    async def execute(
        self, request: GraphQLRequest, actor: Actor, request_id: str, timing: Timing
    ) -> dict[str, Any]:
        """Return the GraphQL response of a query or mutation, for orjson.

        Args:
            request: The request.
            actor: The authenticated actor.
            request_id: The id of the request, for logs and errors.
            timing: Receives the durations of the stages.

        Raises:
            TenureError: The request is rejected as a whole.
        """
        operation = self.prepare_request(request, actor, request_id)
        if operation.type is OperationType.QUERY and operation.cached.roots <= self._planned:
            return await self._execute_planned(operation, timing)
        if operation.type is OperationType.MUTATION:
            timing.start("write")
            return await self._execute_mutations(operation)
        if operation.type is OperationType.SUBSCRIPTION:
            raise BadUserInputError(
                "Subscriptions are not supported over HTTP POST.",
                "Subscribe over a WebSocket with the protocol graphql-transport-ws.",
            )
        timing.start("resolve")
        return await self.execute_with_resolvers(operation)

    def prepare_request(self, request: GraphQLRequest, actor: Actor, request_id: str) -> OperationRequest:
        """Return the operation of a request with its variables.

        Raises:
            TenureError: The document or a variable is invalid.
        """
        cached = self._get_operation(self._documents.get(request.query), request.operation_name)
        variables = cached.variable_reader.read(request.variables)
        return OperationRequest(self._graphql, cached, variables, request, actor, request_id)

    async def events(self, operation: OperationRequest) -> AsyncGenerator[dict[str, Any]]:
        """Yield a GraphQL response for each event of a subscription.

        Raises:
            TenureError: The subscription is rejected, or the fields of an event are not resolved in time.
        """
        field = _find_subscription_field(operation.fields)
        self._plugins.check(field, operation, CostBudget(self._settings.max_cost))
        async with aclosing(self._plugins.stream_events(field, operation)) as events:
            async for event in events:
                result = await self._resolve_event(field, operation, event)
                yield merge_results({field.key: result}, operation.request_id)

    async def _resolve_event(
        self, field: SelectedField, operation: OperationRequest, event: object
    ) -> ExecutionResult:
        if isinstance(event, ExecutionResult):
            return event
        resolution = self._plugins.resolve(field, operation, CostBudget(self._settings.max_cost), event)
        return await run_with_timeout(resolution, self._settings.request_timeout_seconds)

    async def _execute_planned(self, operation: OperationRequest, timing: Timing) -> dict[str, Any]:
        timing.start("plan")
        grants = authorize(operation.actor, self._catalog)
        prepared = prepare(
            operation.cached,
            operation.variables,
            self._graphql,
            self._catalog,
            grants,
            self._settings.max_cost,
        )
        variables = operation.variables.coerced
        statements = [
            (statement, bind_values(binds, variables)) for _, statement, binds in prepared.statements
        ]
        timing.start("run")
        values = await execute(self._database, operation.actor, statements) if statements else []
        if not prepared.batch_plans:
            return {"data": collect_values(prepared, values)}
        timing.start("compute")
        return await self._compute_batch_fields(prepared, values, operation)

    async def _compute_batch_fields(
        self, prepared: Prepared, values: list[bytes], operation: OperationRequest
    ) -> dict[str, Any]:
        """Replace the placeholders of batch fields; only the JSON that contains some is parsed."""
        keys = (key for key, _, _ in prepared.statements)
        by_key = zip(keys, values, strict=True)
        parsed = {key: orjson.loads(value) for key, value in by_key if key in prepared.batch_plans}
        failures = await self._fill_placeholders(parsed, prepared.batch_plans, operation.actor)
        errors = (to_graphql_error(failure, failure.placeholder.path) for failure in failures)
        return build_response(collect_values(prepared, values) | parsed, errors, operation.request_id)

    async def _fill_placeholders(
        self, values: Mapping[str, Any], plans: Mapping[str, Plan], actor: Actor
    ) -> list[FieldFailure]:
        placeholders = (
            placeholder
            for key, planned in plans.items()
            for placeholder in find_placeholders(planned, values[key], (key,))
        )
        return await resolve_placeholders(placeholders, snapshot_contexts(self._database, self.host, actor))

    async def execute_with_resolvers(self, operation: OperationRequest) -> dict[str, Any]:
        """Return the GraphQL response of a query, resolved by graphql-core root field by root field."""
        budget = CostBudget(self._settings.max_cost)
        plans = self._plan_fields(operation, budget)
        values = await self._fetch_values(operation, plans)
        results = {
            field.key: await self._resolve_field(field, operation, values, budget)
            for field in operation.fields
        }
        return merge_results(results, operation.request_id)

    def _plan_fields(self, operation: OperationRequest, budget: CostBudget) -> dict[str, Planned]:
        """Plan and check all root fields before the first one is executed."""
        grants = authorize(operation.actor, self._catalog)
        fields = [f for f in operation.fields if f.name in self._planned and f.name != TYPE_NAME]
        plans = {field.key: plan(field, self._catalog, grants) for field in fields}
        budget.spend(sum(cost(planned.plan) for planned in plans.values()))
        for field in operation.fields:
            if self._plugins.owns(field, operation):
                self._plugins.check(field, operation, budget)
        return plans

    async def _fetch_values(
        self, operation: OperationRequest, plans: Mapping[str, Planned]
    ) -> dict[str, Any]:
        """Return the values of planned root fields and of features; the root value of graphql-core."""
        variables, actor = operation.variables.coerced, operation.actor
        statements = [(compile(p.plan), bind_values(p.binds, variables)) for p in plans.values()]
        rows = await execute(self._database, actor, statements) if statements else []
        values = {key: orjson.loads(row) for key, row in zip(plans, rows, strict=True)}
        for failure in await self._fill_placeholders(values, {k: p.plan for k, p in plans.items()}, actor):
            failure.placeholder.fill(failure.error)
        for field in operation.fields:
            if resolver := self._resolvers.get(field.name):
                value = await resolver(field, self.host, self._database, actor)
                values[field.key] = select_fields(value, field.fields)
        return values

    async def _resolve_field(
        self,
        field: SelectedField,
        operation: OperationRequest,
        values: Mapping[str, Any],
        budget: CostBudget,
    ) -> ExecutionResult:
        if self._plugins.owns(field, operation):
            return await self._plugins.resolve(field, operation, budget)
        return await resolve_root(operation, field, root=values)

    async def _execute_mutations(self, operation: OperationRequest) -> dict[str, Any]:
        """Check the permissions and the cost of all mutations, then run them in order."""
        context = self._create_mutation_context(operation)
        budget = CostBudget(self._settings.max_cost)
        for field in operation.fields:
            self._check_mutation(field, context, operation, budget)
        results = {
            field.key: await self._run_mutation(field, context, operation, budget)
            for field in operation.fields
        }
        if self._keys and any(self._changes_access(field) for field in operation.fields):
            self._keys.invalidate_tenant(operation.actor.tenant_id)
        return merge_results(results, operation.request_id)

    def _create_mutation_context(self, operation: OperationRequest) -> MutationContext:
        actor, key = operation.actor, operation.request.idempotency_key
        resolver = BatchResolver(lambda connection: savepoint_contexts(connection, self.host, actor))
        return MutationContext(
            self._database, self.host, actor, self._settings, key, operation.fields, resolver
        )

    def _changes_access(self, field: SelectedField) -> bool:
        mutation = self._mutations.get(field.name)
        return mutation is not None and mutation.changes_access

    def _check_mutation(
        self, field: SelectedField, context: MutationContext, operation: OperationRequest, budget: CostBudget
    ) -> None:
        if self._plugins.owns(field, operation):
            self._plugins.check(field, operation, budget)
        elif field.name != TYPE_NAME:
            self._mutations[field.name].check(field, context)

    async def _run_mutation(
        self, field: SelectedField, context: MutationContext, operation: OperationRequest, budget: CostBudget
    ) -> ExecutionResult:
        try:
            if self._plugins.owns(field, operation):
                return await self._plugins.run_mutation(field, operation, budget, context)
            if field.name == TYPE_NAME:
                return ExecutionResult({field.key: "Mutation"}, None)
            payload = await run(self._mutations[field.name], field, context)
        except Exception as caught:
            nodes = operation.nodes[field.key]
            error = GraphQLError(str(caught), nodes, path=[field.key], original_error=caught)
            return ExecutionResult({field.key: None}, [error])
        errors = [
            to_graphql_error(failure, (field.key, *path, failure.placeholder.path[-1]))
            for failure in context.batch_resolver.failures
            for path in find_paths(payload, failure.placeholder.record)
        ]
        return ExecutionResult({field.key: payload}, errors)


def _find_subscription_field(fields: tuple[SelectedField, ...]) -> SelectedField:
    if not fields or fields[0].name == TYPE_NAME:
        raise BadUserInputError("The subscription selects no event.", "Select a field of Subscription.")
    return fields[0]


def _find_operation(schema: GraphQLSchema, document: Document, name: str | None) -> CachedOperation:
    return CachedOperation.of(document, document.get_operation(name), schema)


def _planned_names(catalog: Catalog) -> frozenset[str]:
    return frozenset([TYPE_NAME, *(field.name for field in catalog.root_fields if not field.is_mutation)])
