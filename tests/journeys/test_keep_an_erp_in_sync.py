"""The ERP example synchronizes both systems, also if a process is killed at any time."""

from __future__ import annotations

import importlib.util
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.support.server_process import TenureProcess

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role
from tenure_sdk.client import Tenure

EXAMPLE = Path(__file__).parents[2] / "sdk" / "examples" / "erp"
ACCOUNTS = """
{ accounts(first: 100) { nodes { id name industry tier externalRefs { system externalId } } } }
"""
KILLS = 8

Customers = dict[str, tuple[str, str | None, str | None]]


@pytest.fixture(scope="module")
def erp_module() -> ModuleType:
    specification = importlib.util.spec_from_file_location("erp", EXAMPLE / "erp.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules["erp"] = module
    specification.loader.exec_module(module)
    return module


class Systems:
    """An ERP, a server that a CRM also writes to, and the synchronization process between them."""

    def __init__(self, server: TenureProcess, database_url: str, erp: Any, file: Path) -> None:
        tenant = f"erp {uuid.uuid4()}"
        self.server = server
        self.erp = erp
        self.key = create_key(database_url, tenant, Role.ADMIN, "sync", "erp").secret
        self.crm = Tenure(server.url, create_key(database_url, tenant, Role.ADMIN, "crm", "crm").secret)
        self.command = [sys.executable, str(EXAMPLE / "sync.py"), str(file), server.url, self.key]

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command)

    def synchronize(self) -> None:
        subprocess.run([*self.command, "--once"], check=True, timeout=60)

    def mutate(self, mutation: str, **values: Any) -> Any:
        input_type = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation Write($input: {input_type}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        )
        return self.crm.query(document, {"input": values})

    def accounts(self) -> list[Any]:
        nodes: list[Any] = self.crm.query(ACCOUNTS)["accounts"]["nodes"]
        return nodes

    def tenure_customers(self) -> Customers:
        """The accounts of Tenure by customer number."""
        return {
            ref["externalId"]: (account["name"], account["industry"], account["tier"])
            for account in self.accounts()
            for ref in account["externalRefs"] or [{"externalId": f"unknown {account['id']}"}]
        }

    def erp_customers(self) -> Customers:
        """The customers of the ERP by number."""
        customers = self.erp.customers("NOT deleted")
        return {c.number: (c.name, c.industry, c.tier) for c in customers}


@pytest.fixture
def systems(server: TenureProcess, database_url: str, erp_module: Any, tmp_path: Path) -> Iterator[Systems]:
    systems = Systems(server, database_url, erp_module.Erp(tmp_path / "erp.db"), tmp_path / "erp.db")
    with systems.crm:
        yield systems


def test_new_customers_are_copied_in_both_directions(systems: Systems) -> None:
    systems.erp.save("C-1", "Lamps", "Retail", "gold")
    systems.erp.save("C-2", "Chairs")
    systems.mutate("accountCreate", name="From the CRM", industry="Steel")
    systems.synchronize()
    expected = {
        "C-1": ("Lamps", "Retail", "gold"),
        "C-2": ("Chairs", None, None),
        "T-1": ("From the CRM", "Steel", None),
    }
    assert systems.erp_customers() == systems.tenure_customers() == expected


def test_updates_and_deletions_are_copied_in_both_directions(systems: Systems) -> None:
    for number in ("C-1", "C-2", "C-3", "C-4"):
        systems.erp.save(number, "Old", "Retail")
    systems.synchronize()
    ids = {
        ref["externalId"]: account["id"] for account in systems.accounts() for ref in account["externalRefs"]
    }
    systems.erp.save("C-1", "From the ERP", None)
    systems.mutate("accountUpdate", id=ids["C-2"], name="From the CRM")
    systems.erp.delete("C-3")
    systems.mutate("accountDelete", id=ids["C-4"])
    systems.synchronize()
    expected = {"C-1": ("From the ERP", None, None), "C-2": ("From the CRM", "Retail", None)}
    assert systems.erp_customers() == systems.tenure_customers() == expected


def test_the_erp_wins_if_both_systems_changed_a_customer(systems: Systems) -> None:
    systems.erp.save("C-1", "Old", "Retail")
    systems.synchronize()
    [account] = systems.accounts()
    systems.mutate("accountUpdate", id=account["id"], name="From the CRM", tier="gold")
    systems.erp.save("C-1", "From the ERP", "Steel")
    systems.synchronize()
    assert systems.erp_customers() == systems.tenure_customers() == {"C-1": ("From the ERP", "Steel", None)}


def test_a_purged_account_is_deleted_in_the_erp_and_can_be_created_again(systems: Systems) -> None:
    systems.erp.save("C-1", "Old")
    systems.synchronize()
    [account] = systems.accounts()
    systems.mutate("accountDelete", id=account["id"])
    systems.mutate("accountPurge", id=account["id"])
    systems.synchronize()
    assert systems.erp_customers() == systems.tenure_customers() == {}
    systems.erp.save("C-1", "Again")
    systems.synchronize()
    assert systems.erp_customers() == systems.tenure_customers() == {"C-1": ("Again", None, None)}


def test_a_rejected_customer_has_an_error_in_the_erp_until_it_is_corrected(systems: Systems) -> None:
    systems.erp.save("C-1", "x" * 300)
    systems.synchronize()
    [customer] = systems.erp.customers()
    assert "at most 200" in customer.error
    systems.erp.save("C-1", "Short")
    systems.synchronize()
    assert systems.tenure_customers() == {"C-1": ("Short", None, None)}
    assert systems.erp.customers()[0].error is None


def write_randomly(systems: Systems, rng: random.Random) -> None:
    """Make a random change in the ERP or in the CRM."""
    name, number = f"Name {rng.random()}", f"C-{rng.randrange(12)}"
    if rng.random() < 0.6:
        systems.erp.delete(number) if rng.random() < 0.2 else systems.erp.save(
            number, name, rng.choice(["a", "b"])
        )
        return
    accounts = systems.accounts()
    if not accounts or rng.random() < 0.2:
        systems.mutate("accountCreate", name=name)
    elif rng.random() < 0.2:
        systems.mutate("accountDelete", id=rng.choice(accounts)["id"])
    else:
        systems.mutate("accountUpdate", id=rng.choice(accounts)["id"], name=name, tier="gold")


def test_both_systems_are_equal_after_random_writes_and_kills(systems: Systems) -> None:
    rng = random.Random(7)
    sync = systems.start()
    for kill in range(KILLS):
        end = time.monotonic() + rng.uniform(0.3, 1.2)
        while time.monotonic() < end:
            write_randomly(systems, rng)
        if kill % 2:
            systems.server.stop(signal.SIGKILL)
            systems.server.start()
        else:
            sync.kill()
            sync.wait()
            sync = systems.start()
    sync.kill()
    sync.wait()
    systems.synchronize()
    assert systems.erp_customers() == systems.tenure_customers()
    assert len(systems.erp_customers()) > 10
    assert systems.erp.customers("error IS NOT NULL") == []
