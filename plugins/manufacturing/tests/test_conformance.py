"""A plugin author checks the pack with the conformance checks."""

from __future__ import annotations

from tenure_manufacturing import plugin
from tenure_sdk.conformance import check_plugin

MAX_SECONDS = 180


async def test_the_pack_passes_the_conformance_checks(tenure_server_url: str) -> None:
    report = await check_plugin(plugin, tenure_server_url, [])
    assert report.passed, report
    assert report.seconds < MAX_SECONDS
