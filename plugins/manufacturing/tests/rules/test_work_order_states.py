"""The state machine: every transition is allowed or has an error, and unfinished work can be completed."""

from __future__ import annotations

import pytest

from tenure_manufacturing.entities.work_orders import WorkOrderStatus
from tenure_manufacturing.rules.work_order_states import (
    FINISHED,
    REQUIRED_FIELDS,
    TRANSITIONS,
    UNFINISHED,
    missing_field,
    transition_error,
)

STATUSES = list(WorkOrderStatus)


def test_every_status_has_transitions() -> None:
    assert list(TRANSITIONS) == STATUSES


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_a_transition_is_allowed_or_has_an_error_with_the_alternatives(before: str, after: str) -> None:
    error = transition_error(before, after)
    if before == after or after in TRANSITIONS[before]:
        assert error is None
    else:
        assert error is not None
        assert before in error
        assert all(status in error for status in TRANSITIONS[before])


def test_the_error_names_the_allowed_statuses() -> None:
    assert transition_error("OPEN", "SIGNED_OFF") == (
        "the status OPEN can change to ASSIGNED, IN_PROGRESS or CANCELLED, not to SIGNED_OFF"
    )
    assert transition_error("SIGNED_OFF", "OPEN") == (
        "the status SIGNED_OFF is final: create a new work order"
    )


@pytest.mark.parametrize("status", UNFINISHED)
def test_unfinished_work_can_be_completed(status: str) -> None:
    reachable, frontier = {status}, {status}
    while frontier := {after for before in frontier for after in TRANSITIONS[before]} - reachable:
        reachable |= frontier
    assert set(FINISHED) < reachable


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_needs_its_required_field(status: str) -> None:
    assert missing_field(status, {}) == REQUIRED_FIELDS.get(status)
    assert missing_field(status, dict.fromkeys(REQUIRED_FIELDS.values(), "set")) is None
