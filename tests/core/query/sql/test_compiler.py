"""SQL: one statement for each shape of a plan, without any value, and with the tenant in every scope."""

from __future__ import annotations

import re
import uuid
from typing import Any, get_args

import pytest

from tenure_core.access.grants import EntityGrant, Grants, TenantGrants
from tenure_core.access.identity import Role
from tenure_core.catalog.catalog import Catalog
from tenure_core.query.plan import plan
from tenure_core.query.plan.predicates import TENANT, Predicate
from tenure_core.query.request import SelectedField
from tenure_core.query.sql import Statement, compile
from tenure_core.query.sql.conditions import condition, parameter_name

SECRET = "a value that must not be in the text"


def asked(name: str, *fields: SelectedField, key: str | None = None, **arguments: Any) -> SelectedField:
    return SelectedField(key or name, name, arguments, fields)


def statement(field: SelectedField, catalog: Catalog) -> Statement:
    grants = Grants(Role.READER, dict.fromkeys(catalog.entities, EntityGrant(read=True)))
    return compile(plan(field, catalog, TenantGrants(uuid.uuid4(), grants)).plan)


EVERYTHING = asked(
    "accounts",
    asked("totalCount"),
    asked("pageInfo", asked("hasNextPage"), asked("startCursor")),
    asked("edges", asked("cursor"), asked("node", asked("parent", asked("name")))),
    asked(
        "nodes",
        asked("contacts", asked("nodes", asked("account", asked("id"))), orderBy=[{"field": "ACCOUNT_NAME"}]),
    ),
    asked(
        "nodes",
        asked("activitiesAggregate", asked("count"), groupBy=[{"field": "CONTACT_LAST_NAME"}]),
        key="n",
    ),
    where={
        "name": {"contains": SECRET},
        "contacts": {"some": {"activities": {"every": {"subject": {"eq": SECRET}}}}},
    },
)


def test_the_text_holds_no_value(catalog: Catalog) -> None:
    text = statement(EVERYTHING, catalog).text
    assert SECRET not in text
    assert "%(p0)s" in text


def test_plans_of_one_shape_share_one_statement(catalog: Catalog) -> None:
    def about(name: str) -> SelectedField:
        return asked("accounts", asked("totalCount"), where={"name": {"eq": name}})

    assert statement(about("a"), catalog) is statement(about("b"), catalog)


def test_every_reading_of_a_table_compares_the_tenant(catalog: Catalog) -> None:
    text = statement(EVERYTHING, catalog).text
    readings = re.findall(r"(?:FROM|JOIN|,) (?:account|contact|activity) AS (\w+)", text)
    assert len(readings) > 8
    assert [alias for alias in readings if f"{alias}.tenant_id = %(tenant)s" not in text] == []


def test_the_tenant_is_bound_beside_the_values(catalog: Catalog) -> None:
    tenant = uuid.uuid4()
    values = statement(EVERYTHING, catalog).values(tenant, ["a", "b"])
    assert values == {parameter_name(TENANT): tenant, "p0": "a", "p1": "b"}


def test_a_record_that_is_joined_to_a_list_is_looked_up_by_itself(catalog: Catalog) -> None:
    """Else PostgreSQL may join it by a hash of the list, and the list loses its order."""
    to_one = asked("contacts", asked("nodes", asked("account", asked("name"))))
    by_reference = asked(
        "contactsAggregate", asked("key", asked("account", asked("name"))), groupBy=[{"field": "ACCOUNT"}]
    )
    for field in (to_one, by_reference):
        assert re.search(r"LIMIT 1\) AS", statement(field, catalog).text)


@pytest.mark.parametrize("alias", ["anon_1", "anon_2", "account_1", "object_1", "position"])
def test_no_alias_of_a_client_is_taken_for_a_row(catalog: Catalog, alias: str) -> None:
    field = asked("account", asked("kind", key=alias), id="01890a5d-ac96-774b-bcce-b302099a8057")
    rows = re.findall(r'row_to_json\(("[^"]+"|\w+)\)', statement(field, catalog).text)
    assert rows
    assert all(" " in row for row in rows)


def test_a_record_without_fields_is_an_object(catalog: Catalog) -> None:
    assert "SELECT" in statement(asked("accounts", asked("nodes")), catalog).text


def test_every_sort_of_predicate_has_its_sql() -> None:
    assert set(get_args(Predicate)) <= set(condition.registry)
