"""The text of a report."""

from __future__ import annotations

from tenure_sdk.conformance import Finding, Report
from tenure_sdk.conformance.report import MAX_FINDINGS_PER_HINT


def missing_description(field: str) -> Finding:
    return Finding("naming", field, "The description is missing.", "Add a description.")


def test_a_report_without_findings_lists_the_checks() -> None:
    report = Report("fleet", {"loading": "alone"}, [])
    assert str(report) == "ok    loading       alone\nThe plugin fleet passed all checks (0 s)."


def test_findings_with_the_same_hint_are_grouped() -> None:
    findings = [missing_description(field) for field in ("plate", "rate", "seats")]
    findings.insert(1, Finding("naming", "getCars", "It begins with a verb.", "Rename it."))
    assert str(Report("fleet", {"naming": "names"}, findings)).splitlines() == [
        "FAIL  naming        names",
        "naming: plate: The description is missing.",
        "naming: rate: The description is missing.",
        "naming: seats: The description is missing.",
        "    Add a description.",
        "naming: getCars: It begins with a verb.",
        "    Rename it.",
        "The plugin fleet has 4 findings (0 s).",
    ]


def test_a_report_contains_only_some_of_many_findings() -> None:
    findings = [missing_description(f"field{number}") for number in range(100)]
    lines = str(Report("fleet", {}, findings)).splitlines()
    assert len(lines) == MAX_FINDINGS_PER_HINT + 3
    assert lines[-3:-1] == [
        f"    and {100 - MAX_FINDINGS_PER_HINT} more findings of this kind",
        "    Add a description.",
    ]
