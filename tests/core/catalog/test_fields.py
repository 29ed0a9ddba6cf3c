"""A new class of field is one file: this module adds a to-one relation by a constant.

`Account.churnScore` is the score of the account whose `model` is "churn". It is selected, filtered, sorted by
and grouped by like a reference, although no module of the platform knows its class.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import psycopg
import pytest
from sqlalchemy import Column, ColumnElement, FromClause, and_, literal_column
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import Mapped
from sqlalchemy.schema import CreateIndex, CreateTable
from tests.support.actors import create_actor
from tests.support.graphql_requests import execute_request

from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.builder import build_catalog
from tenure_core.catalog.catalog import Catalog
from tenure_core.catalog.change_operation import capture_template
from tenure_core.catalog.computed_fields import AnyColumn
from tenure_core.catalog.fields import Field, ToOneRelation
from tenure_core.entities.declaration import Entity, belongs_to
from tenure_core.entities.model import CORE_ENTITIES, Account
from tenure_core.plugins.host import core_host
from tenure_core.postgres.database import Database
from tenure_core.postgres.statement_log import record_statements
from tenure_core.settings import Settings
from tenure_core.write.rows.validate import writable_fields
from tenure_schema.operations.executor import Executor
from tenure_schema.schema import schema_text


class Score(Entity):
    """A score of an account by a model."""

    account: Mapped[Account] = belongs_to(back="scores")
    model: Mapped[str]
    value: Mapped[float]
    band: Mapped[str]


TABLE = Score.__table__
# The tables of the core are compared with their migrations, which do not contain this table.
Entity.metadata.remove(TABLE)


@dataclass(frozen=True, eq=False, kw_only=True)
class ToOneByConstant(ToOneRelation):
    """A relation to the record that refers to the source record and has a constant in a column.

    Args:
        reference: The column of the target that refers to the source record.
        identity: The column of the source record to which it refers.
        discriminator: The column of the target that contains the constant.
        constant: The constant.
    """

    reference: Column[Any]
    identity: Column[Any]
    discriminator: Column[Any]
    constant: str

    @property
    def source_columns(self) -> tuple[AnyColumn, ...]:
        """The id of the source record."""
        return (self.identity,)

    def join_condition(self, source: FromClause, target: FromClause) -> ColumnElement[bool]:
        """Return the condition that the target refers to the source and contains the constant."""
        constant: ColumnElement[str] = literal_column(f"'{self.constant}'")
        refers = target.c[self.reference.name] == source.c[self.identity.name]
        return and_(refers, target.c[self.discriminator.name] == constant)


CHURN_SCORE = ToOneByConstant(
    name="churnScore",
    description="The churn score of the account; null if it has none.",
    target="Score",
    reference=TABLE.c.account_id,
    identity=Account.__table__.c.id,
    discriminator=TABLE.c.model,
    constant="churn",
)


def with_field(catalog: Catalog, entity: str, field: Field) -> Catalog:
    """Return a catalog with one more field of an entity."""
    info = catalog[entity]
    extended = replace(info, fields=MappingProxyType({**info.fields, field.name: field}))
    return replace(catalog, entities=MappingProxyType({**catalog.entities, entity: extended}))


CATALOG = with_field(build_catalog((*CORE_ENTITIES, Score)), "Account", CHURN_SCORE)


def create_scores(database_url: str) -> None:
    """Create the table of scores, as the migration of a plugin would."""
    dialect = PGDialect_psycopg()
    with psycopg.connect(database_url) as connection:
        connection.execute(str(CreateTable(TABLE).compile(dialect=dialect)))
        for index in TABLE.indexes:
            connection.execute(str(CreateIndex(index).compile(dialect=dialect)))
        connection.execute("CALL tenure_enable_row_security('score')")
        template = json.dumps(capture_template(CATALOG["Score"]))
        connection.execute("CALL tenure_capture('score', 'Score', %s::jsonb)", (template,))


@dataclass(frozen=True)
class Api:
    """Asks the executor over the catalog with the new field."""

    executor: Executor
    actor: Actor

    async def write(self, mutation: str, values: dict[str, Any]) -> str:
        """Create a record, and return its id."""
        entity = mutation.removesuffix("Create")
        type_ = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = (
            f"mutation ($input: {type_}!) {{ {mutation}(input: $input) {{ {entity} {{ id }} "
            "userErrors { message } } }"
        )
        response = await execute_request(self.executor, self.actor, query, input=values)
        identity: str = response["data"][mutation][entity]["id"]
        return identity

    async def data(self, query: str) -> Any:
        """Return the data of a query, which must be one statement."""
        with record_statements() as statements:
            response = await execute_request(self.executor, self.actor, query)
        assert "errors" not in response
        assert len(statements) == 1
        return response["data"]


SCORES = [
    ("Ajax", {"churn": (0.9, "HIGH"), "upsell": (0.1, "LOW")}),
    ("Bolt", {"churn": (0.2, "LOW")}),
    ("Core", {"upsell": (0.8, "HIGH")}),
    ("Dune", {"churn": (0.7, "HIGH")}),
]


@pytest.fixture
async def api(migrated_database_url: str, settings: Settings) -> AsyncIterator[Api]:
    create_scores(migrated_database_url)
    actor = create_actor(migrated_database_url, Role.ADMIN)
    async with Database(migrated_database_url, settings) as database:
        api = Api(Executor(replace(core_host(), catalog=CATALOG), database, settings), actor)
        for name, scores in SCORES:
            account = await api.write("accountCreate", {"name": name})
            for model, (value, band) in scores.items():
                values = {"account": {"id": account}, "model": model, "value": value, "band": band}
                await api.write("scoreCreate", values)
        yield api


async def test_it_is_selected(api: Api) -> None:
    query = "{ accounts(orderBy: [{field: NAME}]) { nodes { name churnScore { value band } } } }"
    assert (await api.data(query))["accounts"]["nodes"] == [
        {"name": "Ajax", "churnScore": {"value": 0.9, "band": "HIGH"}},
        {"name": "Bolt", "churnScore": {"value": 0.2, "band": "LOW"}},
        {"name": "Core", "churnScore": None},
        {"name": "Dune", "churnScore": {"value": 0.7, "band": "HIGH"}},
    ]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("{some: {value: {gte: 0.5}}}", ["Ajax", "Dune"]),
        ('{some: {band: {eq: "LOW"}}}', ["Bolt"]),
        ("{none: {}}", ["Core"]),
    ],
)
async def test_it_is_filtered_by_a_field_of_the_target(api: Api, where: str, names: list[str]) -> None:
    query = (
        f"{{ accounts(where: {{churnScore: {where}}}, orderBy: [{{field: NAME}}]) {{ nodes {{ name }} }} }}"
    )
    nodes = (await api.data(query))["accounts"]["nodes"]
    assert [node["name"] for node in nodes] == names


async def test_it_is_sorted_by_a_field_of_the_target(api: Api) -> None:
    query = (
        "{ accounts(orderBy: [{field: CHURN_SCORE_VALUE, direction: DESC}], first: 3) "
        "{ nodes { name } pageInfo { endCursor hasNextPage } } }"
    )
    page = (await api.data(query))["accounts"]
    assert [node["name"] for node in page["nodes"]] == ["Ajax", "Dune", "Bolt"]
    assert page["pageInfo"]["hasNextPage"]
    following = query.replace("first: 3", f'first: 3, after: "{page["pageInfo"]["endCursor"]}"')
    assert [node["name"] for node in (await api.data(following))["accounts"]["nodes"]] == ["Core"]


async def test_it_is_grouped_by_a_field_of_the_target(api: Api) -> None:
    query = (
        "{ accountsAggregate(groupBy: [{field: CHURN_SCORE_BAND}], orderBy: [{key: CHURN_SCORE_BAND}]) "
        "{ key { churnScoreBand } count } }"
    )
    assert (await api.data(query))["accountsAggregate"] == [
        {"key": {"churnScoreBand": "HIGH"}, "count": 2},
        {"key": {"churnScoreBand": "LOW"}, "count": 1},
        {"key": {"churnScoreBand": None}, "count": 1},
    ]


async def test_it_is_nested_in_other_records(api: Api) -> None:
    query = '{ scores(where: {model: {eq: "upsell"}}) { nodes { account { name churnScore { band } } } } }'
    nodes = (await api.data(query))["scores"]["nodes"]
    assert [node["account"] for node in nodes] == [
        {"name": "Ajax", "churnScore": {"band": "HIGH"}},
        {"name": "Core", "churnScore": None},
    ]


def test_it_is_not_stored_and_not_written() -> None:
    assert CHURN_SCORE.stored_form is None
    assert "churnScore" not in capture_template(CATALOG["Account"])
    assert CHURN_SCORE not in writable_fields(CATALOG["Account"])


def test_its_type_and_description_are_in_the_schema() -> None:
    text = schema_text(CATALOG)
    assert '"""The churn score of the account; null if it has none."""\n  churnScore: Score\n' in text


class UnregisteredField(Field):
    """A class of field that implements nothing."""


def test_a_class_that_implements_nothing_is_not_in_the_schema_and_not_written() -> None:
    field = UnregisteredField(name="unregistered", description="A field.")
    catalog = with_field(build_catalog(), "Account", field)
    assert "unregistered" not in schema_text(catalog)
    assert field not in writable_fields(catalog["Account"])
