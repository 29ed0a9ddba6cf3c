"""The kit: the pack is what the guide asks of every plugin."""

from __future__ import annotations

from tenure_manufacturing import plugin
from tenure_sdk.conformance import check_plugin

PATIENCE_SECONDS = 180
"""How long the author of a pack waits for its check, at most."""


async def test_the_pack_is_sound(tenure_server_url: str) -> None:
    report = await check_plugin(plugin, tenure_server_url, [])
    assert report.sound, report
    assert report.seconds < PATIENCE_SECONDS
