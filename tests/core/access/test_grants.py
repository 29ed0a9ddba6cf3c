"""Grants: an admin reads and writes, a reader reads, and a missing grant denies access."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_core.access.grants import (
    ALL_OPERATIONS,
    READ_ONLY,
    EntityGrant,
    EntityOperation,
    Grants,
    authorize,
    intern_grants,
)
from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.catalog import Catalog
from tenure_core.catalog.predicates import ActorParam, Compare
from tenure_core.errors import ForbiddenError
from tenure_core.plugins.host import load_host
from tenure_core.settings import Settings
from tenure_sdk import Permission, RoleDefinition


def actor(role: Role) -> Actor:
    return Actor(uuid.uuid4(), uuid.uuid4(), role, "test")


@pytest.mark.parametrize("role", Role)
def test_every_role_reads_every_entity(catalog: Catalog, role: Role) -> None:
    grants = authorize(actor(role), catalog)
    assert all(grants.may_read(entity) for entity in catalog.entities.values())


def test_only_an_admin_writes(catalog: Catalog) -> None:
    authorize(actor(Role.ADMIN), catalog).require_write(catalog["Account"])
    with pytest.raises(ForbiddenError, match="role reader may not write accounts"):
        authorize(actor(Role.READER), catalog).require_write(catalog["Account"])


def test_an_entity_without_a_grant_is_neither_read_nor_written(catalog: Catalog) -> None:
    grants = Grants(Role.ADMIN, {"Account": EntityGrant(ALL_OPERATIONS)})
    grants.require_read(catalog["Account"])
    with pytest.raises(ForbiddenError, match="may not read contacts"):
        grants.require_read(catalog["Contact"])
    with pytest.raises(ForbiddenError, match="may not write contacts"):
        grants.require_write(catalog["Contact"])


def test_equal_grants_of_two_tenants_are_one_object(catalog: Catalog) -> None:
    first, second = actor(Role.READER), actor(Role.READER)
    assert first.tenant_id != second.tenant_id
    assert authorize(first, catalog) is authorize(second, catalog)


def test_grants_are_identified_by_their_content(catalog: Catalog) -> None:
    def agent(owner: ActorParam) -> Grants:
        rows = Compare(catalog["Account"].table.c.owner, "eq", owner)
        grants = {"Account": EntityGrant(READ_ONLY, rows), "Contact": EntityGrant(READ_ONLY)}
        return intern_grants("agent", grants, frozenset(), frozenset(), ())

    assert agent(ActorParam.NAME) is agent(ActorParam.NAME)
    assert agent(ActorParam.NAME) is not agent(ActorParam.ORIGIN)


def test_a_write_needs_the_grant_of_each_of_its_operations(catalog: Catalog) -> None:
    create, update = EntityOperation.CREATE, EntityOperation.UPDATE
    grants = Grants("importer", {"Account": EntityGrant(frozenset([create]))})
    grants.require_write(catalog["Account"], create)
    with pytest.raises(ForbiddenError, match="role importer may not write accounts"):
        grants.require_write(catalog["Account"], create, update)


ROLES = [
    Permission(name="fleet.sell", doc="Sell cars."),
    RoleDefinition(name="driver", doc="Drives.", reads=(FleetCar,)),
    RoleDefinition(name="dealer", doc="Sells.", writes=(FleetCar,), permissions=("fleet.sell",)),
]


@pytest.fixture(scope="module")
def with_fleet() -> Catalog:
    return load_host(Settings(), [fleet(register_roles=lambda: ROLES)]).catalog


def in_fleet(role: str, catalog: Catalog) -> Grants:
    return authorize(replace(actor(Role.READER), role=role, plugins=frozenset(["fleet"])), catalog)


def test_a_rejection_names_the_roles_with_the_grant(with_fleet: Catalog) -> None:
    car = with_fleet["FleetCar"]
    with pytest.raises(ForbiddenError, match=r"Use a key with the role dealer or admin\.$"):
        in_fleet("driver", with_fleet).require_write(car)
    with pytest.raises(ForbiddenError, match=r"Use a key with the role dealer or admin\.$"):
        in_fleet("driver", with_fleet).require("fleet.sell")
    with pytest.raises(ForbiddenError, match=r"Use a key with the role reader, driver, dealer or admin\.$"):
        in_fleet("nobody", with_fleet).require_read(car)
    with pytest.raises(ForbiddenError, match=r"Use a key with the role admin\.$"):
        in_fleet("driver", with_fleet).require_write(with_fleet["Account"])
