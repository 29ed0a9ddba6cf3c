"""The example of an ERP: kept in step both ways, whichever side is killed, and whenever."""

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
from tests.support.server_process import Running, running

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role
from tenure_sdk.client import Tenure

EXAMPLE = Path(__file__).parents[2] / "sdk" / "examples" / "erp"
ACCOUNTS = """
{ accounts(first: 100) { nodes { id name industry tier externalRefs { system externalId } } } }
"""
KILLS = 8

Seen = dict[str, tuple[str, str | None, str | None]]


@pytest.fixture(scope="module")
def erp_module() -> ModuleType:
    specification = importlib.util.spec_from_file_location("erp", EXAMPLE / "erp.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules["erp"] = module
    specification.loader.exec_module(module)
    return module


class Both:
    """An ERP, a Tenure that others write to as well, and the sync between them."""

    def __init__(self, server: Running, database_url: str, erp: Any, file: Path) -> None:
        tenant = f"erp {uuid.uuid4()}"
        self.server = server
        self.erp = erp
        self.key = create_key(database_url, tenant, Role.ADMIN, "sync", "erp").secret
        self.crm = Tenure(server.url, create_key(database_url, tenant, Role.ADMIN, "crm", "crm").secret)
        self.command = [sys.executable, str(EXAMPLE / "sync.py"), str(file), server.url, self.key]

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command)

    def settle(self) -> None:
        subprocess.run([*self.command, "--once"], check=True, timeout=60)

    def write(self, mutation: str, **given: Any) -> Any:
        kind = mutation[0].upper() + mutation[1:]
        document = f"mutation Write($input: {kind}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        return self.crm.query(document, {"input": given})

    def accounts(self) -> list[Any]:
        nodes: list[Any] = self.crm.query(ACCOUNTS)["accounts"]["nodes"]
        return nodes

    def in_tenure(self) -> Seen:
        """What Tenure has, by the ERP's numbers."""
        return {
            ref["externalId"]: (one["name"], one["industry"], one["tier"])
            for one in self.accounts()
            for ref in one["externalRefs"] or [{"externalId": f"unknown {one['id']}"}]
        }

    def in_erp(self) -> Seen:
        """What the ERP has."""
        return {one.number: (one.name, one.industry, one.tier) for one in self.erp.customers("NOT deleted")}


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[Running]:
    with running(database_url) as server:
        yield server


@pytest.fixture
def both(server: Running, database_url: str, erp_module: Any, tmp_path: Path) -> Iterator[Both]:
    both = Both(server, database_url, erp_module.Erp(tmp_path / "erp.db"), tmp_path / "erp.db")
    with both.crm:
        yield both


def test_each_side_gets_what_the_other_has(both: Both) -> None:
    both.erp.save("C-1", "Lamps", "Retail", "gold")
    both.erp.save("C-2", "Chairs")
    both.write("accountCreate", name="From the CRM", industry="Steel")
    both.settle()
    expected = {
        "C-1": ("Lamps", "Retail", "gold"),
        "C-2": ("Chairs", None, None),
        "T-1": ("From the CRM", "Steel", None),
    }
    assert both.in_erp() == both.in_tenure() == expected


def test_changes_and_deletions_go_both_ways(both: Both) -> None:
    for number in ("C-1", "C-2", "C-3", "C-4"):
        both.erp.save(number, "Old", "Retail")
    both.settle()
    by_number = {ref["externalId"]: one["id"] for one in both.accounts() for ref in one["externalRefs"]}
    both.erp.save("C-1", "From the ERP", None)
    both.write("accountUpdate", id=by_number["C-2"], name="From the CRM")
    both.erp.delete("C-3")
    both.write("accountDelete", id=by_number["C-4"])
    both.settle()
    expected = {"C-1": ("From the ERP", None, None), "C-2": ("From the CRM", "Retail", None)}
    assert both.in_erp() == both.in_tenure() == expected


def test_where_both_changed_a_customer_the_erp_wins(both: Both) -> None:
    both.erp.save("C-1", "Old", "Retail")
    both.settle()
    [account] = both.accounts()
    both.write("accountUpdate", id=account["id"], name="From the CRM", tier="gold")
    both.erp.save("C-1", "From the ERP", "Steel")
    both.settle()
    assert both.in_erp() == both.in_tenure() == {"C-1": ("From the ERP", "Steel", None)}


def test_a_purged_account_is_gone_in_the_erp_and_can_come_back(both: Both) -> None:
    both.erp.save("C-1", "Old")
    both.settle()
    [account] = both.accounts()
    both.write("accountDelete", id=account["id"])
    both.write("accountPurge", id=account["id"])
    both.settle()
    assert both.in_erp() == both.in_tenure() == {}
    both.erp.save("C-1", "Again")
    both.settle()
    assert both.in_erp() == both.in_tenure() == {"C-1": ("Again", None, None)}


def test_what_tenure_refuses_is_told_in_the_erp_and_sent_when_it_is_mended(both: Both) -> None:
    both.erp.save("C-1", "x" * 300)
    both.settle()
    [customer] = both.erp.customers()
    assert "at most 200" in customer.refused
    both.erp.save("C-1", "Short")
    both.settle()
    assert both.in_tenure() == {"C-1": ("Short", None, None)}
    assert both.erp.customers()[0].refused is None


def write_somewhere(both: Both, draw: random.Random) -> None:
    """Do one thing that somebody in the ERP or in the CRM might do."""
    name, number = f"Name {draw.random()}", f"C-{draw.randrange(12)}"
    if draw.random() < 0.6:
        both.erp.delete(number) if draw.random() < 0.2 else both.erp.save(
            number, name, draw.choice(["a", "b"])
        )
        return
    accounts = both.accounts()
    if not accounts or draw.random() < 0.2:
        both.write("accountCreate", name=name)
    elif draw.random() < 0.2:
        both.write("accountDelete", id=draw.choice(accounts)["id"])
    else:
        both.write("accountUpdate", id=draw.choice(accounts)["id"], name=name, tier="gold")


def test_both_are_the_same_in_the_end_whatever_is_killed_and_whenever(both: Both) -> None:
    draw = random.Random(7)
    sync = both.start()
    for kill in range(KILLS):
        ends = time.monotonic() + draw.uniform(0.3, 1.2)
        while time.monotonic() < ends:
            write_somewhere(both, draw)
        if kill % 2:
            both.server.end(signal.SIGKILL)
            both.server.start()
        else:
            sync.kill()
            sync.wait()
            sync = both.start()
    sync.kill()
    sync.wait()
    both.settle()
    assert both.in_erp() == both.in_tenure()
    assert len(both.in_erp()) > 10
    assert [one.refused for one in both.erp.customers("refused IS NOT NULL")] == []
