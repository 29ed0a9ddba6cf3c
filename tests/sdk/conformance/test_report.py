"""Findings: the report is short, however much is wrong, and says how to mend it."""

from __future__ import annotations

from tenure_sdk.conformance import Finding, Report
from tenure_sdk.conformance.report import MAX_SIMILAR


def test_a_sound_plugin_is_told_so_in_a_line() -> None:
    assert (
        str(Report("fleet", {"start": "alone"}, []))
        == "ok    start        alone\nThe plugin fleet is sound (0 s)."
    )


def test_findings_that_are_mended_in_the_same_way_are_told_together() -> None:
    fields = ("plate", "rate", "seats")
    found = [Finding("naming", name, "It has no description.", "Describe it.") for name in fields]
    found.insert(1, Finding("naming", "getCars", "It begins with a verb.", "Rename it."))
    assert str(Report("fleet", {"naming": "names"}, found)).splitlines() == [
        "FAIL  naming       names",
        "naming: plate: It has no description.",
        "naming: rate: It has no description.",
        "naming: seats: It has no description.",
        "    Describe it.",
        "naming: getCars: It begins with a verb.",
        "    Rename it.",
        "The plugin fleet has 4 findings (0 s).",
    ]


def test_of_many_only_some_are_told() -> None:
    found = [Finding("naming", f"field{n}", "It has no description.", "Describe it.") for n in range(100)]
    told = str(Report("fleet", {}, found)).splitlines()
    assert len(told) == MAX_SIMILAR + 3
    assert told[-3:-1] == [f"    and {100 - MAX_SIMILAR} more of this sort", "    Describe it."]
