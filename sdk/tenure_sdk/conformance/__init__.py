"""Conformance checks, which test a plugin on a PostgreSQL database against the guarantees of the platform.

In a test of a plugin, with the fixtures of `tenure_sdk.testing`:

    from tenure_sdk.conformance import check_plugin

    async def test_the_plugin_passes_the_conformance_checks(tenure_server_url):
        report = await check_plugin(tenure_fleet.plugin, tenure_server_url)
        assert report.passed, report

The command line equivalent is `tenure plugin check NAME`.
"""

from tenure_sdk.conformance.report import Finding, Report
from tenure_sdk.conformance.runner import check_plugin

__all__ = ["Finding", "Report", "check_plugin"]
