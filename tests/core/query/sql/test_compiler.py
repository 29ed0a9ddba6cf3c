"""A statement per plan shape, without values of the request, and with the tenant condition on every table."""

from __future__ import annotations

import re
import uuid
from typing import Any, get_args

import pytest

from tenure_core.access.grants import READ_ONLY, EntityGrant, Grants
from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.catalog import Catalog
from tenure_core.catalog.predicates import ActorParam, Predicate
from tenure_core.query.plan import plan
from tenure_core.query.request import SelectedField
from tenure_core.query.sql import Statement, compile
from tenure_core.query.sql.conditions import bind_param, render_condition

SECRET = "a value that must not be in the text"


def select_field(
    name: str, *fields: SelectedField, key: str | None = None, **arguments: Any
) -> SelectedField:
    return SelectedField(key or name, name, arguments, fields)


def statement(field: SelectedField, catalog: Catalog) -> Statement:
    grants = Grants(Role.READER, dict.fromkeys(catalog.entities, EntityGrant(READ_ONLY)))
    return compile(plan(field, catalog, grants).plan)


EVERYTHING = select_field(
    "accounts",
    select_field("totalCount"),
    select_field("pageInfo", select_field("hasNextPage"), select_field("startCursor")),
    select_field(
        "edges", select_field("cursor"), select_field("node", select_field("parent", select_field("name")))
    ),
    select_field(
        "nodes",
        select_field(
            "contacts",
            select_field("nodes", select_field("account", select_field("id"))),
            orderBy=[{"field": "ACCOUNT_NAME"}],
        ),
    ),
    select_field(
        "nodes",
        select_field("activitiesAggregate", select_field("count"), groupBy=[{"field": "CONTACT_LAST_NAME"}]),
        key="n",
    ),
    where={
        "name": {"contains": SECRET},
        "contacts": {"some": {"activities": {"every": {"subject": {"eq": SECRET}}}}},
    },
)


def test_a_statement_contains_no_value_of_the_request(catalog: Catalog) -> None:
    text = statement(EVERYTHING, catalog).text
    assert SECRET not in text
    assert "%(p0)s" in text


def test_plans_of_one_shape_share_one_statement(catalog: Catalog) -> None:
    def about(name: str) -> SelectedField:
        return select_field("accounts", select_field("totalCount"), where={"name": {"eq": name}})

    assert statement(about("a"), catalog) is statement(about("b"), catalog)


def test_every_use_of_a_table_compares_the_tenant(catalog: Catalog) -> None:
    text = statement(EVERYTHING, catalog).text
    aliases = re.findall(r"(?:FROM|JOIN|,) (?:account|contact|activity) AS (\w+)", text)
    assert len(aliases) > 8
    assert [alias for alias in aliases if f"{alias}.tenant_id = %(tenant)s" not in text] == []


def test_the_parameters_are_the_actor_and_the_values_of_the_request(catalog: Catalog) -> None:
    actor = Actor(uuid.uuid4(), uuid.uuid4(), Role.READER, "erp")
    values = statement(EVERYTHING, catalog).values(actor, ["a", "b"])
    assert values == {
        "tenant": actor.tenant_id,
        "actor_id": actor.key_id,
        "actor_name": str(actor.key_id),
        "actor_role": "reader",
        "actor_origin": "erp",
        "p0": "a",
        "p1": "b",
    }


@pytest.mark.parametrize("param", ActorParam)
def test_every_actor_parameter_has_a_value_of_its_sql_type(param: ActorParam) -> None:
    actor = Actor(uuid.uuid4(), uuid.uuid4(), Role.READER, "erp")
    assert isinstance(actor.parameters[param], bind_param(param).type.python_type)


def test_a_record_that_is_joined_to_a_list_is_limited_to_one(catalog: Catalog) -> None:
    """Without a limit, PostgreSQL may use a hash join, and the list loses its order."""
    to_one = select_field("contacts", select_field("nodes", select_field("account", select_field("name"))))
    by_reference = select_field(
        "contactsAggregate",
        select_field("key", select_field("account", select_field("name"))),
        groupBy=[{"field": "ACCOUNT"}],
    )
    for field in (to_one, by_reference):
        assert re.search(r"LIMIT 1\) AS", statement(field, catalog).text)


@pytest.mark.parametrize("alias", ["anon_1", "anon_2", "account_1", "object_1", "position"])
def test_no_response_key_collides_with_the_alias_of_a_row(catalog: Catalog, alias: str) -> None:
    field = select_field(
        "account", select_field("kind", key=alias), id="01890a5d-ac96-774b-bcce-b302099a8057"
    )
    rows = re.findall(r'row_to_json\(("[^"]+"|\w+)\)', statement(field, catalog).text)
    assert rows
    assert all(" " in row for row in rows)


def test_a_record_without_fields_compiles(catalog: Catalog) -> None:
    assert "SELECT" in statement(select_field("accounts", select_field("nodes")), catalog).text


def test_every_predicate_class_has_sql() -> None:
    assert set(get_args(Predicate)) <= set(render_condition.registry)
