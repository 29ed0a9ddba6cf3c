"""The loaders of resolver contexts batch concurrent calls into one statement."""

from __future__ import annotations

from tests.support.computed_plugin_tenant import PluginTenant

from tenure_core.postgres.statement_log import record_statements

PILES = """query ($ids: [ID!]!) {
  deskPiles(ids: $ids, times: {first: "2026-01-01T00:00:00Z", more: ["2026-02-01T01:00:00+01:00"]}) {
    title since owner people account { name contacts { totalCount } } again: account { id }
  }
}"""


async def test_nested_entity_refs_and_loads_are_batched_into_one_statement(tenant: PluginTenant) -> None:
    ids = [await tenant.create(name=str(number)) for number in range(4)]
    await tenant.contact(ids[1])
    with record_statements() as statements_for_one:
        await tenant.execute(PILES, ids=ids[:1])
    with record_statements() as statements:
        response = await tenant.execute(PILES, ids=ids)
    assert statements
    assert len(statements) == len(statements_for_one)
    piles = response["data"]["deskPiles"]
    assert [pile["owner"] for pile in piles] == ["0", "1", "2", "3"]
    assert [pile["people"] for pile in piles] == [0, 1, 0, 0]
    assert [pile["account"] for pile in piles][:2] == [
        {"name": "0", "contacts": {"totalCount": 0}},
        {"name": "1", "contacts": {"totalCount": 1}},
    ]
    assert [pile["again"]["id"] for pile in piles] == ids
    assert {pile["since"] for pile in piles} == {"2026-02-01T00:00:00+00:00"}
