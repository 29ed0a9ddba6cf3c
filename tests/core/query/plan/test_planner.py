"""Plans: what a question means, without its values, and never more than the grants allow."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tenure_core.access.grants import EntityGrant, Grants, TenantGrants
from tenure_core.access.identity import Role
from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import BadUserInputError, ForbiddenError
from tenure_core.query.plan import Planned, bind_values, plan
from tenure_core.query.plan.cost import cost
from tenure_core.query.plan.nodes import Connection
from tenure_core.query.plan.predicates import And, IsNull
from tenure_core.query.request import SelectedField, ShapeDependency, Variable

SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def asked(name: str, *fields: SelectedField, **arguments: Any) -> SelectedField:
    return SelectedField(name, name, arguments, fields)


NODES = asked("nodes", asked("id"))


def planned(field: SelectedField, catalog: Catalog, *readable: str) -> Planned:
    """Plan for one who may read the given entities, or all of them."""
    grants = dict.fromkeys(readable or catalog.entities, EntityGrant(read=True))
    return plan(field, catalog, TenantGrants(uuid.uuid4(), Grants(Role.READER, grants)))


def connection(field: SelectedField, catalog: Catalog) -> Connection:
    found = planned(field, catalog).plan
    assert isinstance(found, Connection)
    return found


def test_questions_that_differ_in_values_only_have_equal_plans(catalog: Catalog) -> None:
    one = planned(asked("accounts", NODES, where={"name": {"eq": "a"}}), catalog)
    other = planned(asked("accounts", NODES, where={"name": {"eq": "b"}}), catalog)
    assert one.plan == other.plan
    assert hash(one.plan) == hash(other.plan)
    assert [bind_values(p.binds, {}) for p in (one, other)] == [["a"], ["b"]]


@pytest.mark.parametrize("arguments", [{"first": 5}, {"last": 20}, {"orderBy": [{"field": "NAME"}]}])
def test_what_shapes_an_answer_is_in_the_plan(catalog: Catalog, arguments: dict[str, Any]) -> None:
    plain, shaped = asked("accounts", NODES), asked("accounts", NODES, **arguments)
    assert planned(plain, catalog).plan != planned(shaped, catalog).plan


def test_a_variable_is_read_when_it_is_bound(catalog: Catalog) -> None:
    observed: set[ShapeDependency] = set()
    where = {"employees": {"gt": Variable("n", 1, observed)}}
    found = planned(asked("accounts", NODES, where=where), catalog)
    assert bind_values(found.binds, {"n": 7}) == [7]
    assert not observed
    with pytest.raises(BadUserInputError, match=r"accounts\.where\.employees\.gt: expected a whole number"):
        bind_values(found.binds, {"n": "7"})


def test_an_order_ends_with_the_id_in_the_direction_of_its_last_key(catalog: Catalog) -> None:
    order = [{"field": "NAME"}, {"field": "KIND", "direction": "DESC"}]
    keys = connection(asked("accounts", NODES, orderBy=order), catalog).page.order
    assert [(k.path.enum_name, k.descending) for k in keys] == [("NAME", False), ("KIND", True), ("ID", True)]


def test_nothing_is_ordered_by_after_the_id(catalog: Catalog) -> None:
    order = [{"field": "ID"}, {"field": "NAME"}]
    keys = connection(asked("accounts", NODES, orderBy=order), catalog).page.order
    assert [key.path.enum_name for key in keys] == ["ID"]


def test_a_list_without_an_order_has_its_entitys(catalog: Catalog) -> None:
    keys = connection(asked("activities", NODES), catalog).page.order
    assert [(k.path.enum_name, k.descending) for k in keys] == [("OCCURRED_AT", True), ("ID", True)]


NOW = "2026-01-01T00:00:00Z"


def test_deleted_records_are_left_out_unless_the_filter_speaks_of_them(catalog: Catalog) -> None:
    deleted_at = catalog["Account"].table.c.deleted_at
    assert connection(asked("accounts", NODES), catalog).where == IsNull((deleted_at,), True)
    for where in ({"deletedAt": {"ne": NOW}}, {"or": [{"not": {"deletedAt": {"ne": NOW}}}]}):
        assert IsNull((deleted_at,), True) not in _parts(
            connection(asked("accounts", NODES, where=where), catalog)
        )
    for nothing in ({}, None):
        unsaid = connection(asked("accounts", NODES, where={"deletedAt": nothing}), catalog)
        assert unsaid.where == IsNull((deleted_at,), True)
    of_others = {"contacts": {"some": {"deletedAt": {"ne": NOW}}}}
    assert IsNull((deleted_at,), True) in _parts(
        connection(asked("accounts", NODES, where=of_others), catalog)
    )


def _parts(found: Connection) -> tuple[object, ...]:
    return found.where.parts if isinstance(found.where, And) else (found.where,)


REFUSED: list[tuple[SelectedField, str]] = [
    (asked("accounts", NODES, first=-1), r"accounts\.first is -1"),
    (asked("accounts", NODES, last=101), r"accounts\.last is 101"),
    (asked("accounts", NODES, first=1, last=1), "first and last at once"),
    (asked("accounts", NODES, after="x"), r"accounts\.after is no cursor"),
    (asked("accounts", NODES, where={"name": {"eq": None}}), r"accounts\.where\.name\.eq is null"),
    (
        asked("accounts", NODES, where={"attributes": {"at": None}}),
        r"accounts\.where\.attributes\.at is null",
    ),
    (asked("accounts", NODES, where={"id": {"in": ["1"]}}), r"accounts\.where\.id\.in: '1' is not an id"),
    (asked("account", asked("id"), id="1"), r"account\.id: '1' is not an id"),
    (asked("nodes", ids=[SOME_ID] * 101), "more than 100 ids"),
    (asked("accountsAggregate", asked("count"), first=1001), r"accountsAggregate\.first is 1001"),
    (asked("accountsAggregate", groupBy=[{"field": "NAME"}] * 2), "names a field twice"),
    (asked("accountsAggregate", groupBy=[{"field": "NAME", "bucket": "DAY"}]), "NAME is no time"),
    (asked("accountsAggregate", orderBy=[{}]), "needs a key or a function"),
    (asked("accountsAggregate", orderBy=[{"key": "NAME"}]), "NAME is no key of groupBy"),
    (
        asked("accountsAggregate", orderBy=[{"function": "SUM", "field": "CREATED_AT"}]),
        "can't be computed over",
    ),
]


@pytest.mark.parametrize(("field", "reason"), REFUSED)
def test_what_means_nothing_is_refused_with_its_place(
    catalog: Catalog, field: SelectedField, reason: str
) -> None:
    with pytest.raises(BadUserInputError, match=reason):
        planned(field, catalog)


UNREADABLE: list[SelectedField] = [
    asked("contacts", NODES),
    asked("contact", asked("id"), id=SOME_ID),
    asked("contactsAggregate", asked("count")),
    asked("accounts", asked("nodes", asked("contacts", asked("totalCount")))),
    asked("accounts", asked("nodes", asked("contactsAggregate", asked("count")))),
    asked("accounts", NODES, where={"contacts": {"some": {}}}),
    asked("accounts", NODES, where={"not": {"or": [{"contacts": {"none": {}}}]}}),
]


@pytest.mark.parametrize("field", UNREADABLE)
def test_what_may_not_be_read_is_refused_wherever_it_is_asked_for(
    catalog: Catalog, field: SelectedField
) -> None:
    planned(field, catalog, "Account", "Contact")
    with pytest.raises(ForbiddenError, match="may not read contacts"):
        planned(field, catalog, "Account")


def test_the_cost_multiplies_the_sizes_of_pages_through(catalog: Catalog) -> None:
    inner = asked("contacts", NODES, first=5)
    small = cost(planned(asked("accounts", asked("nodes", inner), first=1), catalog).plan)
    large = cost(planned(asked("accounts", asked("nodes", inner), first=50), catalog).plan)
    assert large - 1 == 50 * (small - 1)
    assert cost(planned(asked("accounts", asked("totalCount"), first=100), catalog).plan) == 1
