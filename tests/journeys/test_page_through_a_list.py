"""Paging is exact: page by page, either way, every record comes once, in the order of the list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.generated_queries.queries import SCHEMA, Question
from tests.generated_queries.query_values import Values
from tests.generated_queries.responses import Answers
from tests.generated_queries.sample import CATALOG, ROWS, Row

from tenure_core.errors import BadUserInputError


@dataclass(frozen=True)
class Paged:
    """A list to walk.

    Args:
        entity: Whose list.
        name: The field that it is.
        parent: The root field and the id of the record that it hangs on; None at the root.
        order: Its order.
        size: Records on a page.
    """

    entity: str
    name: str
    parent: tuple[str, str] | None
    order: list[Row]
    size: int

    @property
    def text(self) -> str:
        """The question for a page; deleted records are in it, so that there are more."""
        page = f"""page: {self.name}(first: $first, after: $after, last: $last, before: $before,
                orderBy: $order, where: {{deletedAt: {{}}}}) {{
            nodes {{ id }} edges {{ cursor }} totalCount
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        }}"""
        if self.parent is not None:
            root, id_ = self.parent
            page = f'parent: {root}(id: "{id_}") {{ {page} }}'
        declared = "$first: Int, $after: String, $last: Int, $before: String"
        return f"query ({declared}, $order: [{self.entity}Order!]) {{ {page} }}"


@st.composite
def lists(draw: Any) -> Paged:
    """Draw a list of the sample, at the root or inside of a record that lives."""
    values = Values(draw, SCHEMA, ROWS)
    around = CATALOG[values.one_of(CATALOG.entities)]
    size = draw(st.integers(1, 7))
    if not list(around.to_many) or values.chance(2):
        return Paged(around.name, around.plural, None, values.order(around.name), size)
    relation = values.one_of(around.to_many)
    parent = values.one_of([row["id"] for row in ROWS[around.name] if row["deletedAt"] is None])
    order = values.order(relation.target)
    return Paged(relation.target, relation.name, (around.singular, parent), order, size)


async def page(answers: Answers, paged: Paged, **arguments: Any) -> Row:
    """Return one page, after checking that its cursors are those of its edges."""
    question = Question(paged.text, {"order": paged.order, **arguments})
    data = (await answers.short(question))["data"]
    found: Row = (data if paged.parent is None else data["parent"])["page"]
    cursors = [edge["cursor"] for edge in found["edges"]]
    ends = (found["pageInfo"]["startCursor"], found["pageInfo"]["endCursor"])
    assert ends == ((cursors[0], cursors[-1]) if cursors else (None, None))
    return found


def ids(found: Row) -> list[str]:
    return [node["id"] for node in found["nodes"]]


async def forwards(answers: Answers, paged: Paged) -> AsyncIterator[Row]:
    found = await page(answers, paged, first=paged.size)
    yield found
    while found["pageInfo"]["hasNextPage"]:
        found = await page(answers, paged, first=paged.size, after=found["pageInfo"]["endCursor"])
        yield found


async def backwards(answers: Answers, paged: Paged) -> AsyncIterator[Row]:
    found = await page(answers, paged, last=paged.size)
    yield found
    while found["pageInfo"]["hasPreviousPage"]:
        found = await page(answers, paged, last=paged.size, before=found["pageInfo"]["startCursor"])
        yield found


walks = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@walks
@given(paged=lists())
async def test_forwards_every_record_comes_once_in_the_order_of_one_big_page(
    answers: Answers, paged: Paged
) -> None:
    whole = ids(await page(answers, paged, first=100))
    walked: list[str] = []
    async for found in forwards(answers, paged):
        assert found["totalCount"] == len(whole)
        assert found["pageInfo"]["hasPreviousPage"] == bool(walked)
        walked += ids(found)
        assert found["pageInfo"]["hasNextPage"] == (len(walked) < len(whole))
    assert walked == whole
    assert len(set(walked)) == len(walked)


@walks
@given(paged=lists())
async def test_backwards_every_record_comes_once_in_the_order_of_one_big_page(
    answers: Answers, paged: Paged
) -> None:
    whole = ids(await page(answers, paged, last=100))
    assert whole == ids(await page(answers, paged, first=100))
    walked: list[str] = []
    async for found in backwards(answers, paged):
        assert found["totalCount"] == len(whole)
        assert found["pageInfo"]["hasNextPage"] == bool(walked)
        walked = ids(found) + walked
        assert found["pageInfo"]["hasPreviousPage"] == (len(walked) < len(whole))
    assert walked == whole


@walks
@given(paged=lists(), data=st.data())
async def test_between_two_cursors_lies_what_lies_between_their_records(
    answers: Answers, paged: Paged, data: st.DataObject
) -> None:
    found = await page(answers, paged, first=100)
    whole, cursors = ids(found), [edge["cursor"] for edge in found["edges"]]
    if not whole:
        return
    begin = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(0, len(whole) - 1))
    bounds = {"after": cursors[begin], "before": cursors[end]}
    assert ids(await page(answers, paged, first=100, **bounds)) == whole[begin + 1 : end]
    assert ids(await page(answers, paged, last=2, **bounds)) == whole[begin + 1 : end][-2:]


async def test_a_list_is_paged_on_where_a_record_was_deleted_meanwhile(ask: Any) -> None:
    create = "mutation ($name: String!) { made: accountCreate(input: {name: $name}) { account { id } } }"
    listed = (
        "query ($after: String) { accounts(first: 2, after: $after) { nodes { id } pageInfo { endCursor } } }"
    )
    made = [(await ask(create, name=name))["data"]["made"]["account"]["id"] for name in "abcd"]
    first = (await ask(listed))["data"]["accounts"]
    await ask("mutation ($id: ID!) { accountDelete(input: {id: $id}) { userErrors { code } } }", id=made[1])
    second = (await ask(listed, after=first["pageInfo"]["endCursor"]))["data"]["accounts"]
    assert [node["id"] for node in (*first["nodes"], *second["nodes"])] == made


REFUSED = {
    "a negative page": ("first: -1", "0 to 100"),
    "a page that is too large": ("first: 100000", "0 to 100"),
    "a negative page from the end": ("last: -1", "0 to 100"),
    "both directions at once": ("first: 1, last: 1", "first and last"),
    "no cursor": ('after: "x"', "no cursor"),
    "an empty cursor": ('after: ""', "no cursor"),
    "base64 of no json": ('before: "AAAA"', "no cursor"),
    "base64 of another json": ('before: "e30="', "no cursor"),
    "letters that base64 does not have": ('after: "ä"', "no cursor"),
}


@pytest.mark.parametrize(("arguments", "reason"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize(
    "around",
    [
        "{ accounts(%s) { totalCount } }",
        "{ contacts { nodes { account { activities(%s) { totalCount } } } } }",
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    answers: Answers, around: str, arguments: str, reason: str
) -> None:
    with pytest.raises(BadUserInputError, match=reason):
        await answers.short(Question(around % arguments, {}))


@pytest.mark.parametrize(
    "order",
    ["{field: NAME, direction: DESC}", "{field: INDUSTRY}", "{field: NAME}, {field: KIND}", "{field: ID}"],
)
async def test_a_cursor_of_another_order_is_refused(answers: Answers, order: str) -> None:
    listed = "{ accounts(first: 1, orderBy: {field: NAME}) { pageInfo { endCursor } } }"
    cursor = (await answers.short(Question(listed, {})))["data"]["accounts"]["pageInfo"]["endCursor"]
    with pytest.raises(BadUserInputError, match="another order"):
        await answers.short(
            Question(f'{{ accounts(after: "{cursor}", orderBy: [{order}]) {{ totalCount }} }}', {})
        )


async def test_a_cursor_of_another_entity_is_refused(answers: Answers) -> None:
    listed = "{ accounts(first: 1, orderBy: {field: NAME}) { pageInfo { endCursor } } }"
    cursor = (await answers.short(Question(listed, {})))["data"]["accounts"]["pageInfo"]["endCursor"]
    with pytest.raises(BadUserInputError, match="another order"):
        await answers.short(
            Question(f'{{ contacts(after: "{cursor}", orderBy: {{field: LAST_NAME}}) {{ totalCount }} }}', {})
        )
