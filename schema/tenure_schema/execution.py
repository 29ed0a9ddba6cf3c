"""Execution: joins GraphQL to the pipeline of the core.

A query whose root fields are all planned goes straight to PostgreSQL, whose bytes are the answer. All else
(introspection, mutations, resolvers written by hand) goes the general way through graphql-core, where each
planned root field is still one statement.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from graphql import DocumentNode, OperationType
from strawberry.extensions import SchemaExtension

from tenure_core.access import Authorized, authorize
from tenure_core.catalog import Catalog
from tenure_core.database import Database
from tenure_core.execute import execute
from tenure_core.identity import Actor
from tenure_core.plan import Planned, bound, plan
from tenure_core.plan.cost import cost
from tenure_core.plan.planner import AGGREGATE
from tenure_core.request import Field
from tenure_core.settings import Settings
from tenure_core.sql import compile
from tenure_schema.documents import Document, Documents
from tenure_schema.errors import formatted_result
from tenure_schema.lower import TYPE_NAME, Lowering, Variables, read_variables
from tenure_schema.mutations import mutations_of
from tenure_schema.prepared import Operation, Prepared, check_cost, prepare
from tenure_schema.question import Question
from tenure_schema.schema import build_schema, graphql_schema
from tenure_schema.timing import Timing

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
        self._mutations = {m.name: m for e in catalog.entities.values() for m in mutations_of(e)}
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
            return (
                self._read(plans[key], variables, actor) if key in plans else self._write(fields[key], actor)
            )

        context = Context(operation.document.node, resolve)
        result = await self._schema.execute(
            question.query, dict(question.variables), context, operation_name=question.operation_name
        )
        errors = {"errors": formatted_result(result.errors, request_id)} if result.errors else {}
        return {"data": result.data, **errors}

    def _plans(self, fields: list[Field], authorized: Authorized) -> dict[str, Planned]:
        """Plan all root fields, and mutations' answers: nothing runs of a request that is refused."""
        asked = [field for field in fields if field.name in self._planned and field.name != TYPE_NAME]
        plans = {field.key: plan(field, self._catalog, authorized) for field in asked}
        written = [(self._mutations[f.name], f) for f in fields if f.name in self._mutations]
        answers = [p for mutation, f in written for p in mutation.plans(f, self._catalog, authorized)]
        check_cost(sum(cost(planned.plan) for planned in (*plans.values(), *answers)), self._max_cost)
        return plans

    async def _write(self, field: Field, actor: Actor) -> object:
        return await self._mutations[field.name].run(field, self._catalog, self._database, actor)

    async def _read(self, planned: Planned, variables: Variables, actor: Actor) -> object:
        statement = compile(planned.plan), bound(planned.binds, variables.coerced)
        [found] = await execute(self._database, actor.tenant_id, [statement])
        return orjson.loads(found)


def _operation(document: Document, name: str | None) -> Operation:
    return Operation.of(document, document.operation(name))


def _with_keys(prepared: Prepared, found: list[bytes]) -> dict[str, Any]:
    """Return the answer in the order of its fields; those without a statement ask for the type's name."""
    answers: dict[str, Any] = dict.fromkeys(prepared.keys, "Query")
    keys = (key for key, _, _ in prepared.statements)
    return answers | {key: orjson.Fragment(value) for key, value in zip(keys, found, strict=True)}


def _planned_names(catalog: Catalog) -> frozenset[str]:
    entities = catalog.entities.values()
    lists = [name for e in entities for name in (e.singular, e.plural, f"{e.plural}{AGGREGATE}")]
    return frozenset([TYPE_NAME, "node", "nodes", *lists])
