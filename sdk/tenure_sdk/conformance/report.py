"""Checks, their findings, and the report that `check_plugin` returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_FINDINGS_PER_HINT = 8
"""How many findings with the same hint the text of a report contains. It states the number of the others."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation of a guarantee.

    Args:
        check: The name of the check, such as "migrations".
        where: The element of the plugin: a field, a migration, a hook, a route.
        message: What is wrong, as a sentence.
        hint: How to fix it, as a sentence.
    """

    check: str
    where: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.check}: {self.where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Check:
    """The name of a check, and what it covers. Each module of `checks` defines one.

    Args:
        name: The name in reports.
        scope: What was checked, for a plugin without findings.
    """

    name: str
    scope: str = ""

    def finding(self, where: str, message: str, hint: str) -> Finding:
        """Return a finding of the check."""
        return Finding(self.name, where, message, hint)


@dataclass(slots=True)
class Report:
    """The result of all checks of a plugin.

    Args:
        plugin: The name of the plugin.
        scopes: What each check covered, by the name of the check, in the order of execution.
        findings: The violations.
        seconds: The duration.
    """

    plugin: str
    scopes: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether there are no findings."""
        return not self.findings

    def __str__(self) -> str:
        return "\n".join([*self._render_checks(), *self._render_findings(), self._render_result()])

    def _render_checks(self) -> Iterator[str]:
        failed = {finding.check for finding in self.findings}
        for name, scope in self.scopes.items():
            yield f"{'FAIL' if name in failed else 'ok  '}  {name:13} {scope}"

    def _render_findings(self) -> Iterator[str]:
        """Yield a line per finding. Findings of a check with the same hint are followed by this hint."""
        groups: dict[tuple[str, str], list[Finding]] = {}
        for finding in self.findings:
            groups.setdefault((finding.check, finding.hint), []).append(finding)
        for (_, hint), group in groups.items():
            yield from map(str, group[:MAX_FINDINGS_PER_HINT])
            if len(group) > MAX_FINDINGS_PER_HINT:
                yield f"    and {len(group) - MAX_FINDINGS_PER_HINT} more findings of this kind"
            yield f"    {hint}"

    def _render_result(self) -> str:
        count = len(self.findings)
        result = "passed all checks" if self.passed else f"has {count} finding{'s' if count > 1 else ''}"
        return f"The plugin {self.plugin} {result} ({self.seconds:.0f} s)."
