"""Findings: what the kit has found wrong, and the report that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_SIMILAR = 8
"""How many findings are told that are mended in the same way; of the others, only that they are there."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a plugin.

    Args:
        check: The check that found it, such as "migrations".
        where: What it is about: a field, a revision, a hook.
        what: What is wrong, as a sentence.
        mend: What to do, as a sentence.
    """

    check: str
    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.check}: {self.where}: {self.what}"


@dataclass(slots=True)
class Report:
    """What the kit has to say of a plugin.

    Args:
        plugin: The plugin's name.
        proved: What was looked at, one line for each check, by its name.
        findings: What is wrong.
        seconds: How long it took.
    """

    plugin: str
    proved: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def __str__(self) -> str:
        return "\n".join([*self._checks(), *self._found(), self._end()])

    def _checks(self) -> list[str]:
        wrong = {finding.check for finding in self.findings}
        return [
            f"{'FAIL' if name in wrong else 'ok  '}  {name:12} {what}" for name, what in self.proved.items()
        ]

    def _found(self) -> Iterator[str]:
        """Yield the findings, those that are mended in the same way together, and then how."""
        alike: dict[tuple[str, str], list[Finding]] = {}
        for finding in self.findings:
            alike.setdefault((finding.check, finding.mend), []).append(finding)
        for (_, mend), group in alike.items():
            yield from map(str, group[:MAX_SIMILAR])
            if len(group) > MAX_SIMILAR:
                yield f"    and {len(group) - MAX_SIMILAR} more of this sort"
            yield f"    {mend}"

    def _end(self) -> str:
        count = len(self.findings)
        found = "is sound" if self.sound else f"has {count} finding{'s' if count > 1 else ''}"
        return f"The plugin {self.plugin} {found} ({self.seconds:.0f} s)."
