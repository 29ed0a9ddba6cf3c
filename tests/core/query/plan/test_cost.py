"""The cost of a plan is the maximum number of records and groups that it returns."""

from __future__ import annotations

import pytest
from tests.core.query.plan.test_planner import asked, planned

from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import RequestTooLargeError
from tenure_core.query.plan.cost import check_cost, cost
from tenure_core.query.request import SelectedField

SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
ID = asked("id")
RECORD = asked("node", SelectedField("id", "id", {}, (), "Account"))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (asked("account", ID, id=SOME_ID), 1),
        (asked("account", asked("parent", ID), id=SOME_ID), 2),
        (asked("accounts", asked("totalCount"), first=100), 1),
        (asked("accounts", asked("nodes", ID), first=10), 11),
        (asked("accounts", asked("edges", asked("cursor"), asked("node", ID)), first=10), 11),
        (asked("accounts", asked("nodes", asked("contacts", asked("nodes", ID), first=5)), first=10), 71),
        (asked("accountsAggregate", asked("count")), 1),
        (asked("accountsAggregate", asked("count"), groupBy=[{"field": "KIND"}], first=7), 7),
        (
            asked(
                "contactsAggregate",
                asked("key", asked("account", ID)),
                groupBy=[{"field": "ACCOUNT"}],
                first=7,
            ),
            14,
        ),
        (asked("nodes", SelectedField("id", "id", {}, (), "Account"), ids=[SOME_ID]), 1),
        (asked("changes", asked("edges", asked("id")), first=10), 11),
        (asked("changes", asked("edges", RECORD), first=10), 21),
        (asked("snapshot", asked("url")), 0),
    ],
)
def test_the_sizes_of_nested_lists_are_multiplied(
    catalog: Catalog, field: SelectedField, expected: int
) -> None:
    assert cost(planned(field, catalog).plan) == expected


def test_a_cost_over_the_limit_is_rejected() -> None:
    check_cost(10, 10)
    with pytest.raises(RequestTooLargeError, match="may return 11 records; at most 10 are allowed"):
        check_cost(11, 10)
