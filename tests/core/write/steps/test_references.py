"""References of rows to other records: which records they may lead to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.entity_writer import Writer, codes, matched, statuses

from tenure_core.catalog.builder import build_catalog
from tenure_core.catalog.catalog import Catalog, RoleInfo

BY_KEY = {"externalRef": {"system": "erp", "id": "a"}}

GATEWAY = RoleInfo(
    "gateway", "crm", reads=frozenset(), writes=frozenset(["Contact"]), permissions=frozenset()
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return build_catalog(roles=[GATEWAY])


@pytest.fixture
def accounts(database, catalog, actor) -> Writer:
    return Writer(database, catalog, actor)


@pytest.fixture
def gateway(database, catalog, actor) -> Writer:
    """A writer of contacts that cannot read accounts."""
    return Writer(database, catalog, replace(actor, role=GATEWAY.name, plugins=frozenset(["crm"])), "Contact")


async def test_a_role_can_refer_to_records_that_it_cannot_read(accounts: Writer, gateway: Writer) -> None:
    [account] = await accounts.send(matched("erp", "a", {"name": "a"}))
    references = [{"id": str(account.id)}, BY_KEY]
    created = await gateway.create(*({"lastName": "b", "account": reference} for reference in references))
    assert statuses(created) == ["CREATED", "CREATED"]
    assert await gateway.read("account_id") == [(account.id,), (account.id,)]
    await accounts.delete(account.id)
    [rejected] = await gateway.create({"lastName": "b", "account": BY_KEY})
    assert codes(rejected) == [("NOT_FOUND", ("account", "externalRef"))]


async def test_a_reference_to_a_record_whose_restore_is_rejected_is_rejected(accounts: Writer) -> None:
    [account] = await accounts.send(matched("erp", "a", {"name": "a"}))
    await accounts.delete(account.id)
    restored = matched("erp", "a", {"parent": BY_KEY})
    child = matched("erp", "b", {"name": "b", "parent": BY_KEY})
    results = await accounts.send(child, restored)
    assert [codes(result) for result in results] == [
        [("NOT_FOUND", ("parent", "externalRef"))],
        [("INVALID", ("parent",))],
    ]
    assert await accounts.read("name, deleted_at IS NOT NULL") == [("a", True)]
