"""Examples: rows of a plugin's demo data, for entities whose made-up rows the plugin refuses."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import UUID

from tenure_core.plugins import LoadedPlugin, ask
from tenure_core.registrations import DemoAccount, DemoData

Row = Mapping[str, object]

MOST = 100
"""How many rows of an entity are kept."""

ACCOUNTS = 5


@dataclass(frozen=True)
class Examples:
    """The rows that a plugin's demo data would write.

    Args:
        plugin: The plugin.
    """

    plugin: LoadedPlugin

    def of(self, entity: str) -> Sequence[Row]:
        """Return rows of an entity; none where there is no demo data with some."""
        return self._rows.get(entity, ())

    @cached_property
    def _rows(self) -> Mapping[str, Sequence[Row]]:
        demo: DemoData | None = ask(self.plugin.hooks, "register_demo_data")
        found: dict[str, list[Row]] = {}
        if demo:
            now = datetime.now(UTC).replace(microsecond=0)
            since = now - timedelta(days=365)
            accounts = [
                DemoAccount(id=UUID(int=n), name="A", industry="B", since=since) for n in range(ACCOUNTS)
            ]
            chance = random.Random(self.plugin.name)  # noqa: S311  # examples, no secrets
            for entity, rows in demo.rows(chance, accounts, now):
                known = found.setdefault(entity.__name__, [])
                known += rows[: MOST - len(known)]
        return found
