"""The kit: checks that prove on a real database that a plugin keeps what plugins promise.

In a test of a plugin, with the fixtures of `tenure_sdk.testing`:

    from tenure_sdk.conformance import check_plugin

    async def test_the_plugin_is_sound(tenure_server_url):
        report = await check_plugin(tenure_fleet.plugin, tenure_server_url)
        assert report.sound, report

On the command line it is `tenure plugin check NAME`.
"""

from tenure_sdk.conformance.report import Finding, Report
from tenure_sdk.conformance.runner import check_plugin

__all__ = ["Finding", "Report", "check_plugin"]
