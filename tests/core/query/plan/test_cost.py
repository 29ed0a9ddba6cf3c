"""The cost of a plan is the maximum number of records and groups that it returns."""

from __future__ import annotations

import pytest
from tests.core.query.plan.test_planner import build_selection, plan_field

from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import RequestTooLargeError
from tenure_core.query.plan.cost import check_cost, cost
from tenure_core.query.request import SelectedField

SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
ID = build_selection("id")
RECORD = build_selection("node", SelectedField("id", "id", {}, (), "Account"))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (build_selection("account", ID, id=SOME_ID), 1),
        (build_selection("account", build_selection("parent", ID), id=SOME_ID), 2),
        (build_selection("accounts", build_selection("totalCount"), first=100), 1),
        (build_selection("accounts", build_selection("nodes", ID), first=10), 11),
        (
            build_selection(
                "accounts",
                build_selection("edges", build_selection("cursor"), build_selection("node", ID)),
                first=10,
            ),
            11,
        ),
        (
            build_selection(
                "accounts",
                build_selection("nodes", build_selection("contacts", build_selection("nodes", ID), first=5)),
                first=10,
            ),
            71,
        ),
        (build_selection("accountsAggregate", build_selection("count")), 1),
        (
            build_selection(
                "accountsAggregate", build_selection("count"), groupBy=[{"field": "KIND"}], first=7
            ),
            7,
        ),
        (
            build_selection(
                "contactsAggregate",
                build_selection("key", build_selection("account", ID)),
                groupBy=[{"field": "ACCOUNT"}],
                first=7,
            ),
            14,
        ),
        (build_selection("nodes", SelectedField("id", "id", {}, (), "Account"), ids=[SOME_ID]), 1),
        (build_selection("changes", build_selection("edges", build_selection("id")), first=10), 11),
        (build_selection("changes", build_selection("edges", RECORD), first=10), 21),
        (build_selection("snapshot", build_selection("url")), 0),
    ],
)
def test_the_sizes_of_nested_lists_are_multiplied(
    catalog: Catalog, field: SelectedField, expected: int
) -> None:
    assert cost(plan_field(field, catalog).plan) == expected


def test_a_cost_over_the_limit_is_rejected() -> None:
    check_cost(10, 10)
    with pytest.raises(RequestTooLargeError, match="may return 11 records; at most 10 are allowed"):
        check_cost(11, 10)
