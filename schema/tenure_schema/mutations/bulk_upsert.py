"""The bulk upsert: up to a thousand rows in one call, each with a result of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from tenure_core.access.grants import authorize
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.postgres.database import TenantConnection
from tenure_core.query.request import SelectedField
from tenure_core.write.chunker import MAX_ROWS
from tenure_core.write.chunks import ErrorPolicy, write_chunk
from tenure_core.write.results import ErrorCode, RowResult, UserError
from tenure_core.write.rows.match_key import OnConflict
from tenure_schema.mutations.rendering import check_payload_cost, render_records, user_errors
from tenure_schema.mutations.runner import MutationContext, MutationResult, input_of, refusal
from tenure_schema.operations.lowering import TYPE_NAME


@dataclass(frozen=True, slots=True)
class BulkUpsert:
    """The upsert of many records of one entity.

    Args:
        entity: What it writes.
    """

    entity: EntityInfo

    @property
    def name(self) -> str:
        """Its name in the API, such as accountsBulkUpsert."""
        return f"{self.entity.plural}BulkUpsert"

    @property
    def payload(self) -> str:
        """The name of its payload's type."""
        return f"{self.entity.name}BulkUpsertPayload"

    @property
    def description(self) -> str:
        """What it does, for people."""
        return f"Creates or changes many {self.entity.plural} by keys that their writer knows."

    def check(self, field: SelectedField, call: MutationContext) -> None:
        """Refuse what may not be written, or would bring too much of the records."""
        authorize(call.actor, call.catalog).grants.require_write(self.entity)
        count = len(cast(list[object], input_of(field)["rows"]))
        for asked in _asked(field, self.entity.singular):
            check_payload_cost(asked, self.entity, call.catalog, call.actor, count, call.settings.max_cost)

    async def write(
        self, connection: TenantConnection, field: SelectedField, call: MutationContext
    ) -> MutationResult:
        """Write the rows, and read what is asked of their records."""
        given = input_of(field)
        rows = cast(list[object], given["rows"])
        if errors := count_errors(rows, "rows", MAX_ROWS):
            return MutationResult(self.refused(errors), False)
        policy = ErrorPolicy(str(given.get("errorPolicy") or ErrorPolicy.REJECT_EVERYTHING))
        dry_run = bool(given.get("dryRun"))
        results = await write_chunk(
            connection,
            call.catalog,
            self.entity,
            call.actor,
            rows,
            policy=policy,
            on_conflict=OnConflict(str(given.get("onConflict") or OnConflict.MERGE)),
            dry_run=dry_run,
        )
        values = {
            "results": await self._shown(results, connection, field, call),
            "userErrors": [] if policy is ErrorPolicy.IGNORE_FAILED else _errors_of_the_call(results),
        }
        return MutationResult(values, not dry_run and _is_done(results, policy))

    def refused(self, errors: list[UserError]) -> dict[str, object]:
        """Return the payload's fields for a call that was refused as a whole."""
        return refusal(errors, results=[])

    async def _shown(
        self,
        results: Sequence[RowResult],
        connection: TenantConnection,
        field: SelectedField,
        call: MutationContext,
    ) -> list[Mapping[str, object]]:
        asked = _asked(field, self.entity.singular)
        ids = [result.id for result in results if result.id] if asked else []
        found = await render_records(asked, self.entity, ids, connection, call.coder)
        name = f"{self.entity.name}BulkUpsertResult"
        return [
            {
                TYPE_NAME: name,
                "index": result.index,
                "rowKey": result.key,
                "status": result.status.value,
                self.entity.singular: found.get(result.id) if result.id else None,
                "diff": _diff(result),
                "userErrors": user_errors(result.errors, "rows", str(result.index)),
            }
            for result in results
        ]


def count_errors(given: Sequence[object], name: str, most: int) -> list[UserError]:
    """Return what is wrong with a list of rows or operations as such: it is empty, or too long."""
    if not given:
        return [UserError(ErrorCode.REQUIRED, (name,), "there is nothing to write: send one at least")]
    if len(given) > most:
        message = f"has {len(given)} members; at most {most} are allowed: send several calls"
        return [UserError(ErrorCode.TOO_LONG, (name,), message)]
    return []


def _asked(field: SelectedField, name: str) -> list[SelectedField]:
    results = [f for f in field.fields if f.name == "results"]
    return [inner for f in results for inner in f.fields if inner.name == name]


def _diff(result: RowResult) -> list[Mapping[str, object]] | None:
    if result.diff is None:
        return None
    return [
        {TYPE_NAME: "FieldDiff", "field": one.field, "before": one.before, "after": one.after}
        for one in result.diff
    ]


def _errors_of_the_call(results: Sequence[RowResult]) -> list[dict[str, object]]:
    refused = (result for result in results if result.refused)
    return [error for r in refused for error in user_errors(r.errors, "rows", str(r.index))]


def _is_done(results: Sequence[RowResult], policy: ErrorPolicy) -> bool:
    """Return whether a call did what it was sent for, if only with some of its rows."""
    sound = [not result.refused for result in results]
    return all(sound) if policy is ErrorPolicy.REJECT_EVERYTHING else any(sound)
