"""What hangs on a record, and the order in which it goes."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from tenure_core.catalog.catalog import Catalog
from tenure_core.write.dependents import Dependents, RecordRef, deletion_order, dependent_entities

RECORDS: list[RecordRef] = [(f"E{n % 3}", uuid.UUID(int=n)) for n in range(8)]


def flat(hanging: Dependents) -> list[set[RecordRef]]:
    return [{(name, one) for name, ids in step.items() for one in ids} for step in deletion_order(hanging)]


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1])))
def test_each_record_goes_in_a_later_step_than_those_that_refer_to_it(pairs: set[tuple[int, int]]) -> None:
    hanging: Dependents = {record: set() for record in RECORDS}
    for above, below in pairs:
        hanging[RECORDS[above]].add(RECORDS[below])
    steps = flat(hanging)
    assert sorted(one for step in steps for one in step) == sorted(RECORDS)
    place = {one: index for index, step in enumerate(steps) for one in step}
    assert all(place[below] < place[above] for above, belows in hanging.items() for below in belows)


def test_a_circle_goes_at_once_after_what_hangs_on_it() -> None:
    top, one, other, leaf = RECORDS[:4]
    assert flat({top: {one}, one: {other, leaf}, other: {one}, leaf: set()}) == [{leaf}, {top, one, other}]


def test_what_may_hang_on_an_entity_is_found_through_others(catalog: Catalog) -> None:
    assert [one.name for one in dependent_entities(catalog, catalog["Account"])] == [
        "Account",
        "Contact",
        "Activity",
    ]
    assert [one.name for one in dependent_entities(catalog, catalog["Contact"])] == ["Contact", "Activity"]
