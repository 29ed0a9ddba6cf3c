"""`POST /graphql` behaves the same on the direct path and, below a root path, through the router."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

QUERY = {"query": "{ accounts { totalCount } }"}


@pytest.mark.parametrize("root_path", ["", "/tenure"])
async def test_a_request_is_executed_with_and_without_a_root_path(
    app: Starlette, client: httpx.AsyncClient, root_path: str
) -> None:
    transport = httpx.ASGITransport(app, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://tenure.test") as other:
        response = await other.post(f"{root_path}/graphql", json=QUERY, headers=client.headers)
    assert response.json() == {"data": {"accounts": {"totalCount": 0}}}
    assert response.headers["Content-Type"] == "application/json"


async def test_a_response_has_exactly_one_of_each_header(client: httpx.AsyncClient) -> None:
    for body in (QUERY, {"query": "{ unknown }"}):
        response = await client.post("/graphql", json=body)
        names = [name for name, _ in response.headers.multi_items()]
        assert sorted(names) == ["content-length", "content-type", "server-timing", "x-request-id"]


async def test_of_a_repeated_header_the_first_value_counts(client: httpx.AsyncClient) -> None:
    headers = [("Authorization", client.headers["Authorization"]), ("Authorization", "Bearer unknown")]
    for order, status in ((headers, 200), (headers[::-1], 401)):
        request = httpx.Request("POST", "http://tenure.test/graphql", json=QUERY, headers=order)
        assert (await client.send(request)).status_code == status


async def test_a_body_can_arrive_in_pieces(client: httpx.AsyncClient) -> None:
    async def pieces():
        for piece in (b'{"query": "{ __typ', b'ename }"', b"}"):
            yield piece

    response = await client.post(
        "/graphql", content=pieces(), headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert response.json() == {"data": {"__typename": "Query"}}


async def test_a_client_that_disconnects_while_sending_gets_a_client_error(
    app: Starlette, client: httpx.AsyncClient
) -> None:
    messages = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"{", "more_body": True}]
    sent: list[dict] = []

    async def receive() -> dict:
        return messages.pop()

    async def send(message: dict) -> None:
        sent.append(message)

    headers = [
        (b"authorization", client.headers["Authorization"].encode()),
        (b"content-type", b"application/json"),
    ]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert b"closed the connection" in sent[1]["body"]
