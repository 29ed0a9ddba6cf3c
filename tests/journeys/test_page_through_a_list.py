"""The pages of a list, in both directions, contain every record exactly once, in the order of the list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.generated_queries.queries import SCHEMA, Query
from tests.generated_queries.query_runner import QueryRunner
from tests.generated_queries.query_values import Values
from tests.generated_queries.sample import CATALOG, ROWS, Row

from tenure_core.errors import BadUserInputError


@dataclass(frozen=True)
class PagedList:
    """A list to read page by page.

    Args:
        entity: The entity of its records.
        name: The field.
        parent: The root field and the id of the parent record; None for a root field.
        order: The order.
        size: Records per page.
    """

    entity: str
    name: str
    parent: tuple[str, str] | None
    order: list[Row]
    size: int

    @property
    def text(self) -> str:
        """The query for a page, including deleted records."""
        page = f"""page: {self.name}(first: $first, after: $after, last: $last, before: $before,
                orderBy: $order, where: {{deletedAt: {{}}}}) {{
            nodes {{ id }} edges {{ cursor }} totalCount
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        }}"""
        if self.parent is not None:
            root, id_ = self.parent
            page = f'parent: {root}(id: "{id_}") {{ {page} }}'
        variables = "$first: Int, $after: String, $last: Int, $before: String"
        return f"query ({variables}, $order: [{self.entity}Order!]) {{ {page} }}"


@st.composite
def lists(draw: Any) -> PagedList:
    """Draw a list of the sample: a root field, or a field of a record."""
    values = Values(draw, SCHEMA, ROWS)
    entity = CATALOG[values.one_of(CATALOG.entities)]
    size = draw(st.integers(1, 7))
    if not list(entity.to_many) or values.chance(2):
        return PagedList(entity.name, entity.plural, None, values.order(entity.name), size)
    relation = values.one_of(entity.to_many)
    parent = values.one_of([row["id"] for row in ROWS[entity.name] if row["deletedAt"] is None])
    order = values.order(relation.target)
    return PagedList(relation.target, relation.name, (entity.singular, parent), order, size)


async def read_page(sample_tenant: QueryRunner, list_: PagedList, **arguments: Any) -> Row:
    """Return one page; check that its cursors are the cursors of its edges."""
    query = Query(list_.text, {"order": list_.order, **arguments})
    data = (await sample_tenant.execute_planned(query))["data"]
    result: Row = (data if list_.parent is None else data["parent"])["page"]
    cursors = [edge["cursor"] for edge in result["edges"]]
    ends = (result["pageInfo"]["startCursor"], result["pageInfo"]["endCursor"])
    assert ends == ((cursors[0], cursors[-1]) if cursors else (None, None))
    return result


def ids(result: Row) -> list[str]:
    return [node["id"] for node in result["nodes"]]


async def read_forwards(sample_tenant: QueryRunner, list_: PagedList) -> AsyncIterator[Row]:
    result = await read_page(sample_tenant, list_, first=list_.size)
    yield result
    while result["pageInfo"]["hasNextPage"]:
        result = await read_page(
            sample_tenant, list_, first=list_.size, after=result["pageInfo"]["endCursor"]
        )
        yield result


async def read_backwards(sample_tenant: QueryRunner, list_: PagedList) -> AsyncIterator[Row]:
    result = await read_page(sample_tenant, list_, last=list_.size)
    yield result
    while result["pageInfo"]["hasPreviousPage"]:
        result = await read_page(
            sample_tenant, list_, last=list_.size, before=result["pageInfo"]["startCursor"]
        )
        yield result


page_settings = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@page_settings
@given(list_=lists())
async def test_pages_read_forwards_contain_every_record_once_in_order(
    sample_tenant: QueryRunner, list_: PagedList
) -> None:
    all_ids = ids(await read_page(sample_tenant, list_, first=100))
    read_ids: list[str] = []
    async for result in read_forwards(sample_tenant, list_):
        assert result["totalCount"] == len(all_ids)
        assert result["pageInfo"]["hasPreviousPage"] == bool(read_ids)
        read_ids += ids(result)
        assert result["pageInfo"]["hasNextPage"] == (len(read_ids) < len(all_ids))
    assert read_ids == all_ids
    assert len(set(read_ids)) == len(read_ids)


@page_settings
@given(list_=lists())
async def test_pages_read_backwards_contain_every_record_once_in_order(
    sample_tenant: QueryRunner, list_: PagedList
) -> None:
    all_ids = ids(await read_page(sample_tenant, list_, last=100))
    assert all_ids == ids(await read_page(sample_tenant, list_, first=100))
    read_ids: list[str] = []
    async for result in read_backwards(sample_tenant, list_):
        assert result["totalCount"] == len(all_ids)
        assert result["pageInfo"]["hasNextPage"] == bool(read_ids)
        read_ids = ids(result) + read_ids
        assert result["pageInfo"]["hasPreviousPage"] == (len(read_ids) < len(all_ids))
    assert read_ids == all_ids


@page_settings
@given(list_=lists(), data=st.data())
async def test_the_records_between_two_cursors_are_those_between_their_records(
    sample_tenant: QueryRunner, list_: PagedList, data: st.DataObject
) -> None:
    result = await read_page(sample_tenant, list_, first=100)
    all_ids, cursors = ids(result), [edge["cursor"] for edge in result["edges"]]
    if not all_ids:
        return
    start = data.draw(st.integers(0, len(all_ids) - 1))
    end = data.draw(st.integers(0, len(all_ids) - 1))
    bounds = {"after": cursors[start], "before": cursors[end]}
    assert ids(await read_page(sample_tenant, list_, first=100, **bounds)) == all_ids[start + 1 : end]
    assert ids(await read_page(sample_tenant, list_, last=2, **bounds)) == all_ids[start + 1 : end][-2:]


async def test_paging_continues_after_a_record_was_deleted(execute: Any) -> None:
    create = "mutation ($name: String!) { created: accountCreate(input: {name: $name}) { account { id } } }"
    query = (
        "query ($after: String) { accounts(first: 2, after: $after) { nodes { id } pageInfo { endCursor } } }"
    )
    created = [(await execute(create, name=name))["data"]["created"]["account"]["id"] for name in "abcd"]
    first = (await execute(query))["data"]["accounts"]
    await execute(
        "mutation ($id: ID!) { accountDelete(input: {id: $id}) { userErrors { code } } }", id=created[1]
    )
    second = (await execute(query, after=first["pageInfo"]["endCursor"]))["data"]["accounts"]
    assert [node["id"] for node in (*first["nodes"], *second["nodes"])] == created


INVALID_ARGUMENTS = {
    "a negative page": ("first: -1", "0 to 100"),
    "a page that is too large": ("first: 100000", "0 to 100"),
    "a negative page from the end": ("last: -1", "0 to 100"),
    "both directions at once": ("first: 1, last: 1", "first and last"),
    "text that is not a cursor": ('after: "x"', "is not a cursor"),
    "an empty cursor": ('after: ""', "is not a cursor"),
    "base64 that is not JSON": ('before: "AAAA"', "is not a cursor"),
    "base64 of other JSON": ('before: "e30="', "is not a cursor"),
    "characters outside of base64": ('after: "ä"', "is not a cursor"),
}


@pytest.mark.parametrize(("arguments", "reason"), INVALID_ARGUMENTS.values(), ids=INVALID_ARGUMENTS)
@pytest.mark.parametrize(
    "template",
    [
        "{ accounts(%s) { totalCount } }",
        "{ contacts { nodes { account { activities(%s) { totalCount } } } } }",
    ],
)
async def test_invalid_page_arguments_are_rejected(
    sample_tenant: QueryRunner, template: str, arguments: str, reason: str
) -> None:
    with pytest.raises(BadUserInputError, match=reason):
        await sample_tenant.execute_planned(Query(template % arguments, {}))


@pytest.mark.parametrize(
    "order",
    ["{field: NAME, direction: DESC}", "{field: INDUSTRY}", "{field: NAME}, {field: KIND}", "{field: ID}"],
)
async def test_a_cursor_of_another_order_is_rejected(sample_tenant: QueryRunner, order: str) -> None:
    query = "{ accounts(first: 1, orderBy: {field: NAME}) { pageInfo { endCursor } } }"
    cursor = (await sample_tenant.execute_planned(Query(query, {})))["data"]["accounts"]["pageInfo"][
        "endCursor"
    ]
    with pytest.raises(BadUserInputError, match="a different order"):
        await sample_tenant.execute_planned(
            Query(f'{{ accounts(after: "{cursor}", orderBy: [{order}]) {{ totalCount }} }}', {})
        )


async def test_a_cursor_of_another_entity_is_rejected(sample_tenant: QueryRunner) -> None:
    query = "{ accounts(first: 1, orderBy: {field: NAME}) { pageInfo { endCursor } } }"
    cursor = (await sample_tenant.execute_planned(Query(query, {})))["data"]["accounts"]["pageInfo"][
        "endCursor"
    ]
    with pytest.raises(BadUserInputError, match="a different order"):
        await sample_tenant.execute_planned(
            Query(f'{{ contacts(after: "{cursor}", orderBy: {{field: LAST_NAME}}) {{ totalCount }} }}', {})
        )
