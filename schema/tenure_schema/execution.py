"""Execution: joins GraphQL to the pipeline of the core.

A query whose root fields are all planned goes straight to PostgreSQL, whose bytes are the answer. All else
(introspection, mutations, resolvers written by hand) goes the general way through graphql-core, where each
planned root field is still one statement.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from graphql import DocumentNode, FieldNode, GraphQLError, OperationType
from strawberry.extensions import SchemaExtension

from tenure_core.access import Authorized, authorize
from tenure_core.catalog import Catalog
from tenure_core.database import Database
from tenure_core.execute import execute
from tenure_core.external import BY_EXTERNAL_REF
from tenure_core.identity import Actor
from tenure_core.plan import Planned, bound, plan
from tenure_core.plan.changes import CHANGES, SNAPSHOT
from tenure_core.plan.cost import cost
from tenure_core.plan.planner import AGGREGATE
from tenure_core.request import Field
from tenure_core.settings import Settings
from tenure_core.sql import compile
from tenure_schema.documents import Document, Documents
from tenure_schema.errors import formatted_result
from tenure_schema.field_owners import LIST, answer_owners
from tenure_schema.lower import TYPE_NAME, Lowering, Variables, read_variables
from tenure_schema.mutations import mutations_of
from tenure_schema.prepared import Operation, Prepared, check_cost, prepare
from tenure_schema.question import Question
from tenure_schema.schema import build_schema, graphql_schema
from tenure_schema.timing import Timing
from tenure_schema.writing import Call, run

OPERATIONS_KEPT = 300


@dataclass(frozen=True, slots=True)
class Context:
    """What the general way's resolvers are given.

    Args:
        document: The document, read and checked already.
        resolve: Answers a root field, by the name that the answer gives it.
    """

    document: DocumentNode
    resolve: Callable[[str], Awaitable[object]]


class _DocumentOfContext(SchemaExtension):
    """Hands the document to Strawberry that was read and checked before."""

    def on_parse(self) -> Iterator[None]:
        """Skip parsing."""
        self.execution_context.graphql_document = self.execution_context.context.document
        yield

    def on_validate(self) -> Iterator[None]:
        """Skip validation."""
        self.execution_context.pre_execution_errors = []
        yield


class Execution:
    """Answers questions.

    Args:
        catalog: What there is.
        database: Where the data is.
        settings: How much may be asked at once.
    """

    def __init__(self, catalog: Catalog, database: Database, settings: Settings) -> None:
        self._catalog = catalog
        self._database = database
        self._max_cost = settings.max_cost
        self._schema = build_schema(catalog)
        self._schema.extensions = (_DocumentOfContext,)
        self._graphql = graphql_schema(self._schema)
        self._documents = Documents(self._graphql, settings)
        self._settings = settings
        self._mutations = {mutation.name: mutation for mutation in mutations_of(catalog)}
        self._planned = _planned_names(catalog)
        self._operation = lru_cache(maxsize=OPERATIONS_KEPT)(_operation)

    async def answer(
        self, question: Question, actor: Actor, request_id: str, timing: Timing
    ) -> dict[str, Any]:
        """Return the GraphQL response of a question, ready for orjson.

        Raises:
            TenureError: The question can't be answered.
        """
        with timing.stage("read"):
            operation = self._operation(self._documents.get(question.query), question.operation_name)
            variables = read_variables(self._graphql, operation.node, question.variables)
        if operation.node.operation is OperationType.QUERY and operation.roots <= self._planned:
            return {"data": await self._answer_planned(operation, variables, actor, timing)}
        if operation.node.operation is OperationType.MUTATION:
            with timing.stage("write"):
                return await self._write(operation, question, variables, actor, request_id)
        with timing.stage("resolve"):
            return await self._answer_generally(operation, question, variables, actor, request_id)

    async def answer_generally(self, question: Question, actor: Actor, request_id: str) -> dict[str, Any]:
        """Return the GraphQL response of a question by the general way, also where the short way would do."""
        operation = self._operation(self._documents.get(question.query), question.operation_name)
        variables = read_variables(self._graphql, operation.node, question.variables)
        return await self._answer_generally(operation, question, variables, actor, request_id)

    async def _answer_planned(
        self, operation: Operation, variables: Variables, actor: Actor, timing: Timing
    ) -> dict[str, Any]:
        with timing.stage("plan"):
            authorized = authorize(actor, self._catalog)
            prepared = prepare(operation, variables, self._graphql, self._catalog, authorized, self._max_cost)
            statements = [(s, bound(binds, variables.coerced)) for _, s, binds in prepared.statements]
        with timing.stage("run"):
            found = await execute(self._database, actor.tenant_id, statements) if statements else []
        return _with_keys(prepared, found)

    async def _answer_generally(
        self, operation: Operation, question: Question, variables: Variables, actor: Actor, request_id: str
    ) -> dict[str, Any]:
        lowering = Lowering(self._graphql, operation.document.fragments, variables.unmarked(), typed=True)
        fields = {field.key: field for field in lowering.roots(operation.node)}
        plans = self._plans(list(fields.values()), authorize(actor, self._catalog))

        def resolve(key: str) -> Awaitable[object]:
            if fields[key].name == LIST:
                return answer_owners(fields[key], self._catalog, self._database, actor)
            return self._read(plans[key], variables, actor)

        context = Context(operation.document.node, resolve)
        result = await self._schema.execute(
            question.query, dict(question.variables), context, operation_name=question.operation_name
        )
        errors = {"errors": formatted_result(result.errors, request_id)} if result.errors else {}
        return {"data": result.data, **errors}

    async def _write(
        self, operation: Operation, question: Question, variables: Variables, actor: Actor, request_id: str
    ) -> dict[str, Any]:
        """Run mutations in their order, once all of them are found to be allowed and not too dear."""
        lowering = Lowering(self._graphql, operation.document.fragments, variables.unmarked())
        fields = lowering.roots(operation.node)
        call = Call(self._catalog, self._database, actor, self._settings, question.idempotency_key, fields)
        nodes = lowering.root_nodes(operation.node)
        answers: dict[str, Any] = {}
        errors: list[GraphQLError] = []
        for field in fields:
            self._check(field, call)
        for field in fields:
            try:
                answers[field.key] = await self._written(field, call)
            except Exception as error:
                answers[field.key] = None
                errors.append(_at(error, field, nodes))
        return {"data": answers, **({"errors": formatted_result(errors, request_id)} if errors else {})}

    def _check(self, field: Field, call: Call) -> None:
        if field.name != TYPE_NAME:
            self._mutations[field.name].check(field, call)

    async def _written(self, field: Field, call: Call) -> object:
        return "Mutation" if field.name == TYPE_NAME else await run(self._mutations[field.name], field, call)

    def _plans(self, fields: list[Field], authorized: Authorized) -> dict[str, Planned]:
        """Plan all root fields, so that none runs of a request that is refused."""
        asked = [field for field in fields if field.name in self._planned and field.name != TYPE_NAME]
        plans = {field.key: plan(field, self._catalog, authorized) for field in asked}
        check_cost(sum(cost(planned.plan) for planned in plans.values()), self._max_cost)
        return plans

    async def _read(self, planned: Planned, variables: Variables, actor: Actor) -> object:
        statement = compile(planned.plan), bound(planned.binds, variables.coerced)
        [found] = await execute(self._database, actor.tenant_id, [statement])
        return orjson.loads(found)


def _at(error: Exception, field: Field, nodes: Mapping[str, list[FieldNode]]) -> GraphQLError:
    return GraphQLError(str(error), nodes[field.key], path=[field.key], original_error=error)


def _operation(document: Document, name: str | None) -> Operation:
    return Operation.of(document, document.operation(name))


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
