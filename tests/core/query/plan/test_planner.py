"""Plans do not contain the values of a request, and contain only what the grants allow."""

from __future__ import annotations

from typing import Any

import pytest

from tenure_core.access.grants import READ_ONLY, EntityGrant, Grants
from tenure_core.access.identity import Role
from tenure_core.catalog.catalog import Catalog
from tenure_core.catalog.predicates import And, IsNull
from tenure_core.errors import BadUserInputError, ForbiddenError
from tenure_core.query.plan import Planned, bind_values, plan
from tenure_core.query.plan.nodes import Connection
from tenure_core.query.request import SelectedField, Variable

SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def build_selection(name: str, *fields: SelectedField, **arguments: Any) -> SelectedField:
    return SelectedField(name, name, arguments, fields)


NODES = build_selection("nodes", build_selection("id"))


def plan_field(field: SelectedField, catalog: Catalog, *readable: str) -> Planned:
    """Plan for a caller who can read the given entities, or all entities."""
    grants = dict.fromkeys(readable or catalog.entities, EntityGrant(READ_ONLY))
    return plan(field, catalog, Grants(Role.READER, grants))


def connection(field: SelectedField, catalog: Catalog) -> Connection:
    result = plan_field(field, catalog).plan
    assert isinstance(result, Connection)
    return result


def test_queries_that_differ_only_in_values_have_equal_plans(catalog: Catalog) -> None:
    first = plan_field(build_selection("accounts", NODES, where={"name": {"eq": "a"}}), catalog)
    second = plan_field(build_selection("accounts", NODES, where={"name": {"eq": "b"}}), catalog)
    assert first.plan == second.plan
    assert hash(first.plan) == hash(second.plan)
    assert [bind_values(p.binds, {}) for p in (first, second)] == [["a"], ["b"]]


@pytest.mark.parametrize("arguments", [{"first": 5}, {"last": 20}, {"orderBy": [{"field": "NAME"}]}])
def test_page_sizes_and_orders_are_part_of_the_plan(catalog: Catalog, arguments: dict[str, Any]) -> None:
    plain, shaped = build_selection("accounts", NODES), build_selection("accounts", NODES, **arguments)
    assert plan_field(plain, catalog).plan != plan_field(shaped, catalog).plan


def test_a_variable_is_read_when_it_is_bound(catalog: Catalog) -> None:
    where = {"employees": {"gt": Variable("n", 1)}}
    result = plan_field(build_selection("accounts", NODES, where=where), catalog)
    assert bind_values(result.binds, {"n": 7}) == [7]
    assert result.dependencies == frozenset()
    with pytest.raises(BadUserInputError, match=r"accounts\.where\.employees\.gt: expected an integer"):
        bind_values(result.binds, {"n": "7"})


def test_an_order_ends_with_the_id_in_the_direction_of_its_last_key(catalog: Catalog) -> None:
    order = [{"field": "NAME"}, {"field": "KIND", "direction": "DESC"}]
    keys = connection(build_selection("accounts", NODES, orderBy=order), catalog).page.order
    assert [(k.path.enum_name, k.descending) for k in keys] == [("NAME", False), ("KIND", True), ("ID", True)]


def test_keys_after_the_id_are_omitted_from_an_order(catalog: Catalog) -> None:
    order = [{"field": "ID"}, {"field": "NAME"}]
    keys = connection(build_selection("accounts", NODES, orderBy=order), catalog).page.order
    assert [key.path.enum_name for key in keys] == ["ID"]


def test_the_default_order_is_that_of_the_entity(catalog: Catalog) -> None:
    keys = connection(build_selection("activities", NODES), catalog).page.order
    assert [(k.path.enum_name, k.descending) for k in keys] == [("OCCURRED_AT", True), ("ID", True)]


NOW = "2026-01-01T00:00:00Z"


def test_deleted_records_are_excluded_unless_the_filter_uses_deleted_at(
    catalog: Catalog,
) -> None:
    deleted_at = catalog["Account"].table.c.deleted_at
    assert connection(build_selection("accounts", NODES), catalog).where == IsNull((deleted_at,), True)
    for where in ({"deletedAt": {"ne": NOW}}, {"or": [{"not": {"deletedAt": {"ne": NOW}}}]}):
        assert IsNull((deleted_at,), True) not in _parts(
            connection(build_selection("accounts", NODES, where=where), catalog)
        )
    for nothing in ({}, None):
        unsaid = connection(build_selection("accounts", NODES, where={"deletedAt": nothing}), catalog)
        assert unsaid.where == IsNull((deleted_at,), True)
    of_others = {"contacts": {"some": {"deletedAt": {"ne": NOW}}}}
    assert IsNull((deleted_at,), True) in _parts(
        connection(build_selection("accounts", NODES, where=of_others), catalog)
    )


def _parts(list_: Connection) -> tuple[object, ...]:
    return list_.where.parts if isinstance(list_.where, And) else (list_.where,)


INVALID: list[tuple[SelectedField, str]] = [
    (build_selection("accounts", NODES, first=-1), r"accounts\.first is -1"),
    (build_selection("accounts", NODES, last=101), r"accounts\.last is 101"),
    (build_selection("accounts", NODES, first=1, last=1), "accounts has both first and last"),
    (build_selection("accounts", NODES, after="x"), r"accounts\.after is not a cursor"),
    (build_selection("accounts", NODES, where={"name": {"eq": None}}), r"accounts\.where\.name\.eq is null"),
    (
        build_selection("accounts", NODES, where={"attributes": {"at": None}}),
        r"accounts\.where\.attributes\.at is null",
    ),
    (
        build_selection("accounts", NODES, where={"id": {"in": ["1"]}}),
        r"accounts\.where\.id\.in: '1' is not an id",
    ),
    (build_selection("account", build_selection("id"), id="1"), r"account\.id: '1' is not an id"),
    (build_selection("nodes", ids=[SOME_ID] * 101), "more than 100 ids"),
    (
        build_selection("accountsAggregate", build_selection("count"), first=1001),
        r"accountsAggregate\.first is 1001",
    ),
    (build_selection("accountsAggregate", groupBy=[{"field": "NAME"}] * 2), "contains a field twice"),
    (
        build_selection("accountsAggregate", groupBy=[{"field": "NAME", "bucket": "DAY"}]),
        "NAME is not a date or time",
    ),
    (build_selection("accountsAggregate", orderBy=[{}]), "needs a key or a function"),
    (build_selection("accountsAggregate", orderBy=[{"key": "NAME"}]), "NAME is not a key of groupBy"),
    (
        build_selection("accountsAggregate", orderBy=[{"function": "SUM", "field": "CREATED_AT"}]),
        "SUM cannot be applied to CREATED_AT",
    ),
]


@pytest.mark.parametrize(("field", "reason"), INVALID)
def test_an_invalid_argument_is_rejected_with_its_path(
    catalog: Catalog, field: SelectedField, reason: str
) -> None:
    with pytest.raises(BadUserInputError, match=reason):
        plan_field(field, catalog)


UNREADABLE: list[SelectedField] = [
    build_selection("contacts", NODES),
    build_selection("contact", build_selection("id"), id=SOME_ID),
    build_selection("contactsAggregate", build_selection("count")),
    build_selection(
        "accounts", build_selection("nodes", build_selection("contacts", build_selection("totalCount")))
    ),
    build_selection(
        "accounts", build_selection("nodes", build_selection("contactsAggregate", build_selection("count")))
    ),
    build_selection("accounts", NODES, where={"contacts": {"some": {}}}),
    build_selection("accounts", NODES, where={"not": {"or": [{"contacts": {"none": {}}}]}}),
]


@pytest.mark.parametrize("field", UNREADABLE)
def test_an_unreadable_entity_is_rejected_at_every_position(catalog: Catalog, field: SelectedField) -> None:
    plan_field(field, catalog, "Account", "Contact")
    with pytest.raises(ForbiddenError, match="may not read contacts"):
        plan_field(field, catalog, "Account")
