"""Steps of an upsert that need no database."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from tenure_core.write.context import EntityWriteContext
from tenure_core.write.rows.upsert_row import UpsertRow
from tenure_core.write.rows.validate import ParsedFields, Reference
from tenure_core.write.steps.upsert import sort_parents_first

NO_CONTEXT = cast(EntityWriteContext, None)


def new_row(number: int, **references: int) -> UpsertRow:
    """Return a row that creates a record and refers to other new records, by column."""
    values: dict[str, object] = {column: UUID(int=record) for column, record in references.items()}
    links = [Reference((column,), column, "Machine", UUID(int=1)) for column in references]
    return UpsertRow(number, parsed=ParsedFields(values), call_references=tuple(links), id=UUID(int=number))


async def test_new_records_are_sorted_after_those_that_they_refer_to() -> None:
    rows = [new_row(1, parent_id=2, site_id=3), new_row(2, parent_id=3), new_row(3)]
    assert [row.index for row in await sort_parents_first(NO_CONTEXT, rows)] == [3, 2, 1]


async def test_references_through_two_fields_that_form_a_cycle_are_kept_in_order() -> None:
    rows = [new_row(1, parent_id=2), new_row(2, site_id=1)]
    assert await sort_parents_first(NO_CONTEXT, rows) == rows
