"""Retries of the protocol: which failures are retried, for how long, and with which idempotency key."""

from __future__ import annotations

import pytest
from tests.support.client_fixtures import count_accounts
from tests.support.faulty_proxy import FAULTS, FaultyProxy

from tenure_sdk.client import AsyncTenure, ClientError, RequestRejectedError, UnreachableError

CREATE = "mutation Create($name: String!) { accountCreate(input: {name: $name}) { account { id } replayed } }"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_retried_mutation_is_executed_once(
    proxy: FaultyProxy, tenure: AsyncTenure, api_key: str, fault: object
) -> None:
    async with AsyncTenure(proxy.url, api_key) as proxied:
        proxy.faults = [fault, fault]
        data = await proxied.query(CREATE, {"name": "Once"})
    assert len(proxy.keys) == 3
    assert len(set(proxy.keys)) == 1
    assert data["accountCreate"]["replayed"] is (fault in ("lost", "half"))
    assert await count_accounts(tenure) == 1


async def test_the_retry_timeout_ends_with_an_error_that_names_the_url() -> None:
    async with AsyncTenure("http://127.0.0.1:1", "key", retry_timeout=0.5) as tenure:
        with pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1:1 did not respond: ConnectError"):
            await tenure.query("{ __typename }")


async def test_a_url_without_a_scheme_is_reported_without_a_retry() -> None:
    async with AsyncTenure("tenure.example.com", "key") as tenure:
        with pytest.raises(UnreachableError, match="UnsupportedProtocol") as raised:
            await tenure.query("{ __typename }")
    assert isinstance(raised.value, ClientError)
    assert raised.value.hint == "Check the URL and that the server is running."


async def test_a_rejected_request_is_not_retried(proxy: FaultyProxy, api_key: str) -> None:
    async with AsyncTenure(proxy.url, "unknown") as tenure:
        with pytest.raises(RequestRejectedError) as raised:
            await tenure.query("{ __typename }")
    assert raised.value.codes == {"UNAUTHENTICATED"}
    async with AsyncTenure(f"{proxy.url}/elsewhere", api_key) as tenure:
        with pytest.raises(RequestRejectedError, match="Not Found"):
            await tenure.query("{ __typename }")
    assert len(proxy.keys) == 2
