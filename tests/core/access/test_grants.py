"""Access: an admin reads and writes, a reader reads, and a missing grant means no."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_core.access.grants import EntityGrant, Grants, authorize
from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import ForbiddenError
from tenure_core.plugins.host import load_host
from tenure_core.settings import Settings
from tenure_sdk import Permission, RoleDefinition


def actor(role: Role) -> Actor:
    return Actor(uuid.uuid4(), uuid.uuid4(), role, "test")


@pytest.mark.parametrize("role", Role)
def test_every_role_reads_every_entity(catalog: Catalog, role: Role) -> None:
    grants = authorize(actor(role), catalog).grants
    assert all(grants.may_read(entity) for entity in catalog.entities.values())


def test_only_an_admin_writes(catalog: Catalog) -> None:
    authorize(actor(Role.ADMIN), catalog).grants.require_write(catalog["Account"])
    with pytest.raises(ForbiddenError, match="role reader may not write accounts"):
        authorize(actor(Role.READER), catalog).grants.require_write(catalog["Account"])


def test_an_entity_without_a_grant_is_neither_read_nor_written(catalog: Catalog) -> None:
    grants = Grants(Role.ADMIN, {"Account": EntityGrant(read=True, write=True)})
    grants.require_read(catalog["Account"])
    with pytest.raises(ForbiddenError, match="may not read contacts"):
        grants.require_read(catalog["Contact"])
    with pytest.raises(ForbiddenError, match="may not write contacts"):
        grants.require_write(catalog["Contact"])


def test_one_role_has_one_object_of_grants_in_any_tenant(catalog: Catalog) -> None:
    one, other = authorize(actor(Role.READER), catalog), authorize(actor(Role.READER), catalog)
    assert one.grants is other.grants
    assert one.tenant_id != other.tenant_id


RIGHTS = [
    Permission(name="fleet.sell", doc="Sell cars."),
    RoleDefinition(name="driver", doc="Drives.", reads=(FleetCar,)),
    RoleDefinition(name="dealer", doc="Sells.", writes=(FleetCar,), permissions=("fleet.sell",)),
]


@pytest.fixture(scope="module")
def with_fleet() -> Catalog:
    return load_host(Settings(), [fleet(register_roles=lambda: RIGHTS)]).catalog


def in_fleet(role: str, catalog: Catalog) -> Grants:
    return authorize(replace(actor(Role.READER), role=role, plugins=frozenset(["fleet"])), catalog).grants


def test_a_refusal_names_the_roles_that_would_do(with_fleet: Catalog) -> None:
    car = with_fleet["FleetCar"]
    with pytest.raises(ForbiddenError, match=r"Use a key with the role dealer or admin\.$"):
        in_fleet("driver", with_fleet).require_write(car)
    with pytest.raises(ForbiddenError, match=r"Use a key with the role dealer or admin\.$"):
        in_fleet("driver", with_fleet).require("fleet.sell")
    with pytest.raises(ForbiddenError, match=r"Use a key with the role reader, driver, dealer or admin\.$"):
        in_fleet("nobody", with_fleet).require_read(car)
    with pytest.raises(ForbiddenError, match=r"Use a key with the role admin\.$"):
        in_fleet("driver", with_fleet).require_write(with_fleet["Account"])
