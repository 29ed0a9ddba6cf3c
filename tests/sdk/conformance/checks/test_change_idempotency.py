"""`on_change` must not write again when the same changes are delivered twice."""

from __future__ import annotations

import pytest
from tests.sdk.conformance.garage_plugin import garage_plugin, write_endlessly

from tenure_sdk.conformance.checks import change_idempotency
from tenure_sdk.conformance.checks.change_idempotency import check_idempotency
from tenure_sdk.conformance.fixtures.environment import Environment, run_environment
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set


async def test_a_listener_that_creates_duplicates_is_reported(environment: Environment) -> None:
    [finding] = [finding async for finding in check_idempotency(environment)]
    assert finding.where == "on_change"
    assert "writes again: rows added to garage_car: 2" in finding.message


async def test_a_listener_that_reacts_to_its_own_writes_without_end_is_reported(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_idempotency, "MAX_BATCHES", 5)
    plugin_set = load_plugin_set(garage_plugin(on_change=write_endlessly), [])
    async with run_environment(server_url, plugin_set.loaded_plugin, (), plugin_set.additions) as environment:
        [finding] = [finding async for finding in check_idempotency(environment)]
    assert "without end" in finding.message
