"""Dependents of a record, and the order in which they are deleted."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from tenure_core.catalog.catalog import Catalog
from tenure_core.write.dependents import Dependents, RecordRef, deletion_order, dependent_entities

RECORDS: list[RecordRef] = [(f"E{n % 3}", uuid.UUID(int=n)) for n in range(8)]


def list_groups(dependents: Dependents) -> list[set[RecordRef]]:
    return [
        {(name, record) for name, ids in group.items() for record in ids}
        for group in deletion_order(dependents)
    ]


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1])))
def test_each_record_is_deleted_after_the_records_that_refer_to_it(pairs: set[tuple[int, int]]) -> None:
    dependents: Dependents = {record: set() for record in RECORDS}
    for parent, child in pairs:
        dependents[RECORDS[parent]].add(RECORDS[child])
    groups = list_groups(dependents)
    assert sorted(record for group in groups for record in group) == sorted(RECORDS)
    position = {record: index for index, group in enumerate(groups) for record in group}
    assert all(
        position[child] < position[parent] for parent, children in dependents.items() for child in children
    )


def test_a_cycle_is_the_last_group() -> None:
    top, first, second, leaf = RECORDS[:4]
    assert list_groups({top: {first}, first: {second, leaf}, second: {first}, leaf: set()}) == [
        {leaf},
        {top, first, second},
    ]


def test_dependent_entities_include_indirect_ones(catalog: Catalog) -> None:
    assert [entity.name for entity in dependent_entities(catalog, catalog["Account"])] == [
        "Account",
        "Contact",
        "Activity",
    ]
    assert [entity.name for entity in dependent_entities(catalog, catalog["Contact"])] == [
        "Contact",
        "Activity",
    ]
