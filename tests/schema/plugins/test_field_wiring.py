"""Arguments and payloads of plugins' fields are converted between GraphQL and Python."""

from __future__ import annotations

import pytest
from tests.support.computed_plugin_tenant import RENAME, PluginTenant


async def test_an_invalid_time_is_rejected(tenant: PluginTenant) -> None:
    query = '{ deskPiles(ids: [], times: {first: "yesterday"}) { title } }'
    [error] = (await tenant.execute(query))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "'yesterday' is not a date and time" in error["message"]


async def test_a_rejected_input_is_rolled_back_with_user_errors(tenant: PluginTenant) -> None:
    account = await tenant.create(name="a")
    response = await tenant.execute(RENAME, id=account, name="forbidden")
    assert response["data"]["deskRename"]["userErrors"] == [
        {"code": "INVALID", "path": ["input", "name"], "message": "this name is not allowed"}
    ]
    assert response["data"]["deskRename"]["account"] is None
    assert "errors" not in response
    assert await tenant.account_names() == ["a"]


@pytest.mark.parametrize("part", ["broken", "brokenSql"])
async def test_an_error_in_the_payload_does_not_roll_back_the_mutation(
    tenant: PluginTenant, part: str
) -> None:
    account = await tenant.create(name="a")
    response = await tenant.execute(
        f'mutation {{ deskRename(input: {{id: "{account}", name: "b"}}) {{ {part} userErrors {{ code }} }} }}'
    )
    assert response["data"] == {"deskRename": {part: None, "userErrors": []}}
    assert [error["path"] for error in response["errors"]] == [["deskRename", part]]
    assert await tenant.account_names() == ["b"]
