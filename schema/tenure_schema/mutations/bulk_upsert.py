"""The bulk upsert mutation: up to 1,000 rows of one entity, with a result per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.root_fields import RootFieldKind
from tenure_core.postgres.database import TenantConnection
from tenure_core.query.request import TYPE_NAME, SelectedField
from tenure_core.write.chunker import MAX_ROWS
from tenure_core.write.chunks import ErrorPolicy, write_chunk
from tenure_core.write.results import ErrorCode, RowResult, UserError
from tenure_core.write.rows.match_key import OnConflict
from tenure_schema.mutations.mutation import FieldValues, Mutation, MutationContext, MutationResult, input_of
from tenure_schema.mutations.rendering import (
    check_payload_cost,
    find_fields,
    render_errors,
    render_records,
    render_result,
)


@dataclass(frozen=True)
class BulkUpsertMutation(Mutation):
    """Creates or updates many records of one entity.

    Args:
        entity: The entity of the records.
    """

    entity: EntityInfo

    @property
    def _type_prefix(self) -> str:
        return f"{self.entity.name}{RootFieldKind.BULK_UPSERT}"

    @property
    def rejected_values(self) -> FieldValues:
        """No results."""
        return {"results": []}

    def check(self, field: SelectedField, context: MutationContext) -> None:
        """Check write access and the cost of the returned records."""
        context.grants.require_write(self.entity)
        count = len(cast(list[object], input_of(field)["rows"]))
        check_payload_cost(self._record_fields(field), self.entity, count, context)

    async def write(
        self, connection: TenantConnection, field: SelectedField, context: MutationContext
    ) -> MutationResult:
        """Write the rows and read the selected fields of their records."""
        arguments = input_of(field)
        rows = cast(list[object], arguments["rows"])
        if errors := find_size_errors(rows, "rows", MAX_ROWS):
            return MutationResult({**self.rejected_values, "userErrors": render_errors(errors)}, False)
        policy = ErrorPolicy(str(arguments.get("errorPolicy") or ErrorPolicy.REJECT_EVERYTHING))
        dry_run = bool(arguments.get("dryRun"))
        results = await write_chunk(
            context.write_context(connection),
            self.entity,
            rows,
            policy=policy,
            on_conflict=OnConflict(str(arguments.get("onConflict") or OnConflict.MERGE)),
            dry_run=dry_run,
        )
        values = {
            "results": await self._render_results(results, connection, field, context),
            "userErrors": [] if policy is ErrorPolicy.IGNORE_FAILED else _collect_errors(results),
        }
        return MutationResult(values, not dry_run and _is_successful(results, policy))

    def _record_fields(self, field: SelectedField) -> list[SelectedField]:
        return find_fields(field, "results", self.entity.singular)

    async def _render_results(
        self,
        results: Sequence[RowResult],
        connection: TenantConnection,
        field: SelectedField,
        context: MutationContext,
    ) -> list[FieldValues]:
        fields = self._record_fields(field)
        ids = [result.id for result in results if result.id] if fields else []
        records = await render_records(fields, self.entity, ids, connection, context)
        type_name = f"{self.entity.name}BulkUpsertResult"
        return [
            {
                **render_result(type_name, result, "rows", str(result.index)),
                "rowKey": result.key,
                self.entity.singular: records.get(result.id) if result.id else None,
                "diff": _render_diff(result),
            }
            for result in results
        ]


def find_size_errors(items: Sequence[object], name: str, maximum: int) -> list[UserError]:
    """Return the errors of a list of rows or operations that is empty or too long.

    Args:
        items: The list.
        name: Name of the input field with the list.
        maximum: The largest number of members.
    """
    if not items:
        return [UserError(ErrorCode.REQUIRED, (name,), "must have at least one member")]
    if len(items) > maximum:
        message = f"has {len(items)} members; at most {maximum} are allowed: send several calls"
        return [UserError(ErrorCode.TOO_LONG, (name,), message)]
    return []


def _render_diff(result: RowResult) -> list[Mapping[str, object]] | None:
    if result.diff is None:
        return None
    return [
        {TYPE_NAME: "FieldDiff", "field": diff.field, "before": diff.before, "after": diff.after}
        for diff in result.diff
    ]


def _collect_errors(results: Sequence[RowResult]) -> list[dict[str, object]]:
    rejected = (result for result in results if result.is_rejected)
    return [error for r in rejected for error in render_errors(r.errors, "rows", str(r.index))]


def _is_successful(results: Sequence[RowResult], policy: ErrorPolicy) -> bool:
    """Return whether all rows were written, or with a policy that accepts failed rows, any row."""
    accepted = [not result.is_rejected for result in results]
    return all(accepted) if policy is ErrorPolicy.REJECT_EVERYTHING else any(accepted)
