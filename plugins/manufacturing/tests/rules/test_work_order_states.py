"""States of work orders: each step is allowed or explained, and no work is stuck."""

from __future__ import annotations

import pytest

from tenure_manufacturing.entities.work_orders import WorkOrderStatus
from tenure_manufacturing.rules.work_order_states import (
    DONE,
    NEEDS,
    TRANSITIONS,
    UNFINISHED,
    missing,
    refused_step,
)

STATES = list(WorkOrderStatus)


def test_every_state_is_in_the_table() -> None:
    assert list(TRANSITIONS) == STATES


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_a_step_is_taken_or_explained(before: str, after: str) -> None:
    reason = refused_step(before, after)
    if before == after or after in TRANSITIONS[before]:
        assert reason is None
    else:
        assert reason is not None
        assert before in reason
        assert all(allowed in reason for allowed in TRANSITIONS[before])


def test_a_refusal_names_what_would_be_right() -> None:
    assert refused_step("OPEN", "SIGNED_OFF") == (
        "a work order that is OPEN can become ASSIGNED, IN_PROGRESS or CANCELLED, not SIGNED_OFF"
    )
    assert refused_step("SIGNED_OFF", "OPEN") == "a work order that is SIGNED_OFF stays so: make a new one"


@pytest.mark.parametrize("state", UNFINISHED)
def test_unfinished_work_can_be_completed(state: str) -> None:
    reached, edge = {state}, {state}
    while edge := {after for one in edge for after in TRANSITIONS[one]} - reached:
        reached |= edge
    assert set(DONE) < reached


@pytest.mark.parametrize("state", STATES)
def test_a_state_asks_for_the_field_that_tells_of_it(state: str) -> None:
    assert missing(state, {}) == NEEDS.get(state)
    assert missing(state, dict.fromkeys(NEEDS.values(), "there")) is None
