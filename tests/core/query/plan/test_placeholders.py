"""Placeholders are found at every position of a response at which a plugin computes a value."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.query.plan.test_planner import build_selection

from tenure_core.access.grants import READ_ONLY, EntityGrant, Grants
from tenure_core.access.identity import Role
from tenure_core.catalog.builder import build_catalog
from tenure_core.entities.computed import BatchField
from tenure_core.entities.model import Account
from tenure_core.entities.scalar_types import INT
from tenure_core.query.plan import Plan, plan
from tenure_core.query.plan.placeholders import TYPE_MARKER, find_placeholders, has_placeholders
from tenure_core.query.request import SelectedField


async def compute_nothing(context: object, rows: Any) -> list[object]:
    return [None for _ in rows]


HEALTH = BatchField(
    entity=Account,
    name="health",
    scalar_type=INT,
    doc="A number.",
    required_columns=("employees",),
    compute=compute_nothing,
)
CATALOG = build_catalog(computed=[("desk", HEALTH)])
VALUES = {"employees": 3}


def plan_field(field: SelectedField) -> Plan:
    grants = dict.fromkeys(CATALOG.entities, EntityGrant(READ_ONLY))
    return plan(field, CATALOG, Grants(Role.READER, grants, plugins=frozenset(["desk"]))).plan


def record() -> dict[str, Any]:
    return {"health": dict(VALUES)}


BY_PARENT = [{"field": "PARENT"}]
HEALTH_OF_ACCOUNT = SelectedField("health", "health", {}, (), "Account")
RESPONSES: list[tuple[SelectedField, Any, list[tuple[str | int, ...]]]] = [
    (
        build_selection("account", build_selection("health"), id="01890a5d-ac96-774b-bcce-b302099a8057"),
        record(),
        [("health",)],
    ),
    (
        build_selection("accounts", build_selection("nodes", build_selection("health"))),
        {"nodes": [record(), record()]},
        [("nodes", 0, "health"), ("nodes", 1, "health")],
    ),
    (
        build_selection(
            "contacts",
            build_selection(
                "edges", build_selection("node", build_selection("account", build_selection("health")))
            ),
        ),
        {"edges": [{"node": {"account": record()}}, {"node": {"account": None}}]},
        [("edges", 0, "node", "account", "health")],
    ),
    (
        build_selection(
            "accountsAggregate",
            build_selection("key", build_selection("parent", build_selection("health"))),
            groupBy=[{"field": "PARENT"}],
        ),
        [{"key": {"parent": record()}}, {"key": {"parent": None}}],
        [(0, "key", "parent", "health")],
    ),
    (
        build_selection("changes", build_selection("edges", build_selection("node", HEALTH_OF_ACCOUNT))),
        {"edges": [{"node": {**record(), TYPE_MARKER: "Account"}}, {"node": {}}]},
        [("edges", 0, "node", "health")],
    ),
]


@pytest.mark.parametrize(("field", "response", "paths"), RESPONSES)
def test_placeholders_have_the_path_and_the_required_values(
    field: SelectedField, response: Any, paths: list[tuple[str | int, ...]]
) -> None:
    plan_ = plan_field(field)
    assert has_placeholders(plan_)
    placeholders = list(find_placeholders(plan_, response, ()))
    assert [placeholder.path for placeholder in placeholders] == paths
    assert all(placeholder.required_values == VALUES for placeholder in placeholders)


def test_the_entity_marker_is_removed_from_the_response() -> None:
    response = {"edges": [{"node": {**record(), TYPE_MARKER: "Account"}}]}
    field = build_selection("changes", build_selection("edges", build_selection("node", HEALTH_OF_ACCOUNT)))
    [placeholder] = find_placeholders(plan_field(field), response, ())
    placeholder.fill(7)
    assert response == {"edges": [{"node": {"health": 7}}]}


def test_a_plan_without_batch_fields_has_no_placeholders() -> None:
    assert not has_placeholders(
        plan_field(build_selection("accounts", build_selection("nodes", build_selection("employees"))))
    )
