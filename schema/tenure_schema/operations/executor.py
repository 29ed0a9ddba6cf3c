"""Execution: joins GraphQL to the pipeline of the core.

A query whose root fields are all planned goes straight to PostgreSQL, whose bytes are the answer. All else
(introspection, mutations, resolvers of plugins) goes the general way, root field by root field: through
graphql-core, where each planned root field is still one statement.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from functools import lru_cache
from typing import Any

import orjson
from graphql import ExecutionResult, FieldNode, GraphQLError, OperationType

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor, KeyCache
from tenure_core.catalog.catalog import Catalog
from tenure_core.catalog.external_refs import BY_EXTERNAL_REF
from tenure_core.errors import BadUserInputError
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database
from tenure_core.query.batch_resolver import (
    BatchResolver,
    FieldFailure,
    resolve_placeholders,
    snapshot_contexts,
)
from tenure_core.query.execute import execute
from tenure_core.query.plan import Plan, Planned, bind_values, plan
from tenure_core.query.plan.changes import CHANGES, SNAPSHOT
from tenure_core.query.plan.cost import cost
from tenure_core.query.plan.placeholders import ResponsePath, find_placeholders
from tenure_core.query.plan.planner import AGGREGATE
from tenure_core.query.request import SelectedField
from tenure_core.query.sql import compile
from tenure_core.settings import Settings
from tenure_schema.errors import format_result
from tenure_schema.features.field_owners import LIST, resolve_field_owners
from tenure_schema.features.plugin_admin import ENABLEMENT, PLUGINS, resolve_plugins
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.http.timing import Timing, in_time
from tenure_schema.mutations.record import mutations_of
from tenure_schema.mutations.runner import MutationContext, run
from tenure_schema.operations.document_cache import Document, DocumentCache
from tenure_schema.operations.lowering import TYPE_NAME, read_variables
from tenure_schema.operations.operation_request import OperationRequest
from tenure_schema.operations.prepared_operations import CachedOperation, Prepared, prepare
from tenure_schema.operations.root_execution import document_of, resolve_root
from tenure_schema.plugins.entity_refs import CostBudget
from tenure_schema.plugins.root_fields import PluginRoots
from tenure_schema.plugins.schema_parts import PluginParts
from tenure_schema.schema import build_schema, graphql_schema

CACHE_SIZE = 300

Answerer = Callable[[SelectedField, Host, Database, Actor], Awaitable[object]]
"""Answers a root field that is neither planned nor a plugin's."""

ANSWERERS: Mapping[str, Answerer] = {LIST: resolve_field_owners, PLUGINS: resolve_plugins}


class Executor:
    """Answers questions.

    Args:
        host: The plugins, and the catalog of what there is.
        database: Where the data is.
        settings: How much may be asked at once.
        keys: The keys that are remembered: what a tenant enables, they open at once.
    """

    def __init__(
        self, host: Host, database: Database, settings: Settings, keys: KeyCache | None = None
    ) -> None:
        self.host = host
        self._keys = keys
        self._catalog = host.catalog
        self._database = database
        self._settings = settings
        parts = PluginParts.of(host)
        self._graphql = graphql_schema(build_schema(self._catalog, parts))
        self._plugins = PluginRoots(host, parts, self._graphql, database)
        self._documents = DocumentCache(self._graphql, settings)
        self._mutations = {mutation.name: mutation for mutation in mutations_of(self._catalog)}
        self._planned = _planned_names(self._catalog)
        self._operation = lru_cache(maxsize=CACHE_SIZE)(_operation)

    async def execute(
        self, question: GraphQLRequest, actor: Actor, request_id: str, timing: Timing
    ) -> dict[str, Any]:
        """Return the GraphQL response of a question, ready for orjson.

        Raises:
            TenureError: The question can't be answered.
        """
        with timing.stage("read"):
            asking = self.prepare_request(question, actor, request_id)
        operation = asking.operation
        if operation.node.operation is OperationType.QUERY and operation.roots <= self._planned:
            return await self._execute_planned(asking, timing)
        if operation.node.operation is OperationType.MUTATION:
            with timing.stage("write"):
                return await self._write(asking)
        if operation.node.operation is OperationType.SUBSCRIPTION:
            raise BadUserInputError(
                "A subscription has many answers.", "Ask over a WebSocket, with graphql-transport-ws."
            )
        with timing.stage("resolve"):
            return await self._execute_with_resolvers(asking)

    async def execute_with_resolvers(
        self, question: GraphQLRequest, actor: Actor, request_id: str
    ) -> dict[str, Any]:
        """Return the GraphQL response of a question by the general way, also where the short way would do."""
        return await self._execute_with_resolvers(self.prepare_request(question, actor, request_id))

    async def events(self, asking: OperationRequest) -> AsyncGenerator[dict[str, Any]]:
        """Yield the GraphQL responses to a subscription, event by event.

        Raises:
            TenureError: It is refused, or an event takes too long to tell.
        """
        field = _subscribed(asking.fields)
        self._plugins.check(field, asking, CostBudget(self._settings.max_cost))
        async with aclosing(self._plugins.events(field, asking)) as events:
            async for event in events:
                if isinstance(event, ExecutionResult):
                    yield _joined({field.key: event}, asking)
                    continue
                budget = CostBudget(self._settings.max_cost)
                answering = self._plugins.answer(field, asking, budget, event)
                result = await in_time(answering, self._settings.request_timeout_seconds)
                yield _joined({field.key: result}, asking)

    def prepare_request(self, question: GraphQLRequest, actor: Actor, request_id: str) -> OperationRequest:
        """Return the operation that a question means, with its variables.

        Raises:
            TenureError: The document or a variable is wrong.
        """
        operation = self._operation(self._documents.get(question.query), question.operation_name)
        variables = read_variables(self._graphql, operation.node, question.variables)
        return OperationRequest(self._graphql, operation, variables, question, actor, request_id)

    async def _execute_planned(self, asking: OperationRequest, timing: Timing) -> dict[str, Any]:
        with timing.stage("plan"):
            authorized = authorize(asking.actor, self._catalog)
            prepared = prepare(
                asking.operation,
                asking.variables,
                self._graphql,
                self._catalog,
                authorized,
                self._settings.max_cost,
            )
            coerced = asking.variables.coerced
            statements = [(s, bind_values(binds, coerced)) for _, s, binds in prepared.statements]
        with timing.stage("run"):
            found = await execute(self._database, asking.actor.tenant_id, statements) if statements else []
        if not prepared.coded:
            return {"data": _with_keys(prepared, found)}
        with timing.stage("compute"):
            return await self._computed(prepared, found, asking)

    async def _computed(
        self, prepared: Prepared, found: list[bytes], asking: OperationRequest
    ) -> dict[str, Any]:
        """Have plugins' code fill the gaps in an answer: only what has some is read."""
        keys = (key for key, _, _ in prepared.statements)
        by_key = zip(keys, found, strict=True)
        read = {key: orjson.loads(value) for key, value in by_key if key in prepared.coded}
        failures = await self._filled(read, prepared.coded, asking.actor)
        errors = (_failure(failure, failure.gap.place) for failure in failures)
        return _response(_with_keys(prepared, found) | read, errors, asking)

    async def _filled(
        self, answers: Mapping[str, Any], plans: Mapping[str, Plan], actor: Actor
    ) -> list[FieldFailure]:
        found = (
            gap for key, planned in plans.items() for gap in find_placeholders(planned, answers[key], (key,))
        )
        return await resolve_placeholders(found, snapshot_contexts(self._database, self.host, actor))

    async def _execute_with_resolvers(self, asking: OperationRequest) -> dict[str, Any]:
        budget = CostBudget(self._settings.max_cost)
        plans = self._plans(asking, budget)
        known = await self._known(asking, plans)
        results = {f.key: await self._resolved(f, asking, known, budget) for f in asking.fields}
        return _joined(results, asking)

    def _plans(self, asking: OperationRequest, budget: CostBudget) -> dict[str, Planned]:
        """Plan all root fields, so that none runs of a request that is refused."""
        authorized = authorize(asking.actor, self._catalog)
        asked = [f for f in asking.fields if f.name in self._planned and f.name != TYPE_NAME]
        plans = {field.key: plan(field, self._catalog, authorized) for field in asked}
        budget.spend(sum(cost(planned.plan) for planned in plans.values()))
        for field in asking.fields:
            if self._plugins.owns(field, asking):
                self._plugins.check(field, asking, budget)
        return plans

    async def _known(self, asking: OperationRequest, plans: Mapping[str, Planned]) -> dict[str, Any]:
        """Return the values of the root fields that no resolver finds."""
        coerced, actor = asking.variables.coerced, asking.actor
        statements = [(compile(p.plan), bind_values(p.binds, coerced)) for p in plans.values()]
        found = await execute(self._database, actor.tenant_id, statements) if statements else []
        known = {key: orjson.loads(value) for key, value in zip(plans, found, strict=True)}
        for failure in await self._filled(known, {key: p.plan for key, p in plans.items()}, actor):
            failure.gap.fill(failure.error)
        for field in asking.fields:
            if answerer := ANSWERERS.get(field.name):
                known[field.key] = await answerer(field, self.host, self._database, actor)
        return known

    async def _resolved(
        self, field: SelectedField, asking: OperationRequest, known: Mapping[str, Any], budget: CostBudget
    ) -> ExecutionResult:
        if self._plugins.owns(field, asking):
            return await self._plugins.answer(field, asking, budget)
        document = document_of(asking.operation, asking.nodes[field.key])
        return await resolve_root(self._graphql, document, asking.given, root=known)

    async def _write(self, asking: OperationRequest) -> dict[str, Any]:
        """Run mutations in their order, once all of them are found to be allowed and not too dear."""
        coder = BatchResolver(self.host, asking.actor)
        header = asking.question.idempotency_key
        call = MutationContext(self._database, coder, self._settings, header, asking.fields)
        budget = CostBudget(self._settings.max_cost)
        for field in asking.fields:
            self._check(field, call, asking, budget)
        results = {f.key: await self._written(f, call, asking, budget) for f in asking.fields}
        if self._keys and any(field.name in ENABLEMENT for field in asking.fields):
            self._keys.invalidate_tenant(asking.actor.tenant_id)
        return _joined(results, asking)

    def _check(
        self, field: SelectedField, call: MutationContext, asking: OperationRequest, budget: CostBudget
    ) -> None:
        if self._plugins.owns(field, asking):
            self._plugins.check(field, asking, budget)
        elif field.name != TYPE_NAME:
            self._mutations[field.name].check(field, call)

    async def _written(
        self, field: SelectedField, call: MutationContext, asking: OperationRequest, budget: CostBudget
    ) -> ExecutionResult:
        try:
            if self._plugins.owns(field, asking):
                return await self._plugins.write(field, asking, budget, call)
            if field.name == TYPE_NAME:
                return ExecutionResult({field.key: "Mutation"}, None)
            payload = await run(self._mutations[field.name], field, call)
        except Exception as error:
            return ExecutionResult({field.key: None}, [_at(error, field, asking.nodes)])
        errors = [
            _failure(failure, (field.key, *place, failure.gap.place[-1]))
            for failure in call.coder.failures
            for place in _places(payload, failure.gap.record)
        ]
        return ExecutionResult({field.key: payload}, errors)


def _subscribed(fields: tuple[SelectedField, ...]) -> SelectedField:
    if not fields or fields[0].name == TYPE_NAME:
        raise BadUserInputError("The subscription asks for nothing that happens.", "Name one of its fields.")
    return fields[0]


def _at(error: Exception, field: SelectedField, nodes: Mapping[str, list[FieldNode]]) -> GraphQLError:
    return GraphQLError(str(error), nodes[field.key], path=[field.key], original_error=error)


def _failure(failure: FieldFailure, place: ResponsePath) -> GraphQLError:
    return GraphQLError(str(failure.error), path=place, original_error=failure.error)


def _places(value: object, record: object, place: ResponsePath = ()) -> Iterator[ResponsePath]:
    """Yield what leads to a record in an answer, wherever it stands there."""
    if value is record:
        yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from _places(one, record, (*place, name))


def _joined(results: Mapping[str, ExecutionResult], asking: OperationRequest) -> dict[str, Any]:
    """Return the response of root fields that were answered one by one.

    A field that may not be null, and is, leaves nothing of the whole: so the GraphQL specification wants it.
    """
    errors = (error for result in results.values() for error in result.errors or ())
    if any(result.data is None for result in results.values()):
        return _response(None, errors, asking)
    answers = {key: (result.data or {}).get(key) for key, result in results.items()}
    return _response(answers, errors, asking)


def _response(
    data: dict[str, Any] | None, errors: Iterable[GraphQLError], asking: OperationRequest
) -> dict[str, Any]:
    shown = format_result(list(errors), asking.request_id)
    return {"data": data, **({"errors": shown} if shown else {})}


def _operation(document: Document, name: str | None) -> CachedOperation:
    return CachedOperation.of(document, document.operation(name))


def _with_keys(prepared: Prepared, found: list[bytes]) -> dict[str, Any]:
    """Return the answer in the order of its fields; those without a statement ask for the type's name."""
    answers: dict[str, Any] = dict.fromkeys(prepared.keys, "Query")
    keys = (key for key, _, _ in prepared.statements)
    return answers | {key: orjson.Fragment(value) for key, value in zip(keys, found, strict=True)}


def _planned_names(catalog: Catalog) -> frozenset[str]:
    entities = catalog.entities.values()
    lists = [
        name
        for e in entities
        for name in (e.singular, f"{e.singular}{BY_EXTERNAL_REF}", e.plural, f"{e.plural}{AGGREGATE}")
    ]
    return frozenset([TYPE_NAME, "node", "nodes", CHANGES, SNAPSHOT, *lists])
