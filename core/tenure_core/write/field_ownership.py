"""Owners: which system a field belongs to, and what becomes of a write by another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import sql
from tenure_core.write.results import ErrorCode, UserError
from tenure_core.write.rows.validate import external_text, to_user_error, writable_fields


class OwnerPolicy(StrEnum):
    """What becomes of another system's value: the row is refused, or written without it."""

    REJECT = "REJECT"
    IGNORE = "IGNORE"


@dataclass(frozen=True, slots=True)
class FieldOwner:
    """A field that only one system may write.

    Args:
        entity: The name of the entity.
        field: The field's name in the API.
        system: The origin of the keys that may write it.
        policy: What becomes of another system's value.
    """

    entity: str
    field: str
    system: str
    policy: OwnerPolicy


async def foreign_fields(
    connection: TenantConnection, entity: EntityInfo, actor: Actor
) -> Mapping[str, FieldOwner]:
    """Return the fields of an entity that belong to other systems than the actor's, by their names."""
    owners = await list_owners(connection, actor, [entity.name])
    return {owner.field: owner for owner in owners if owner.system != actor.origin}


def split(
    row: Mapping[str, object], foreign: Mapping[str, FieldOwner]
) -> tuple[Mapping[str, object], list[UserError], list[UserError]]:
    """Return a row without what it may not even try to write, what refuses the row, and what was left out."""
    errors, notes = [], []
    for owner in [foreign[name] for name in row if name in foreign]:
        message = f"{owner.field} belongs to {owner.system}"
        if owner.policy is OwnerPolicy.REJECT:
            errors.append(UserError(ErrorCode.FIELD_OWNED, (owner.field,), f"{message}: leave it out"))
        else:
            notes.append(UserError(ErrorCode.FIELD_IGNORED, (owner.field,), f"{message}: it was left out"))
    left_out = {note.path[0] for note in notes}
    return {name: value for name, value in row.items() if name not in left_out}, errors, notes


async def list_owners(
    connection: TenantConnection, actor: Actor, entities: Iterable[str]
) -> list[FieldOwner]:
    """Return the fields of the given entities that belong to a system, in the order of their names."""
    parameters = {"tenant": actor.tenant_id, "entities": list(entities)}
    cursor = await connection.execute(sql.OWNERS, parameters)
    return [
        FieldOwner(entity, field, system, OwnerPolicy(policy))
        for entity, field, system, policy in await cursor.fetchall()
    ]


async def set_owner(
    connection: TenantConnection, catalog: Catalog, actor: Actor, sent: Mapping[str, object]
) -> tuple[FieldOwner | None, list[UserError]]:
    """Give a field to a system, in place of the one that it belongs to.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: What there is.
        actor: Whose tenant.
        sent: The names of the entity, the field and the system; the policy where it is not REJECT.

    Returns:
        The owner as it is now, or what is wrong.
    """
    errors = _refusals(catalog, sent)
    try:
        system = external_text(sent.get("system"))
    except ValueError as error:
        errors.append(to_user_error(error, ("system",)))
    if errors:
        return None, errors
    policy = OwnerPolicy(str(sent.get("policy") or OwnerPolicy.REJECT))
    owner = FieldOwner(str(sent["entity"]), str(sent["field"]), system, policy)
    parameters = {
        "tenant": actor.tenant_id,
        "entity": owner.entity,
        "field": owner.field,
        "system": owner.system,
        "policy": owner.policy,
    }
    await connection.execute(sql.SET_OWNER, parameters)
    return owner, []


async def remove_owner(
    connection: TenantConnection, catalog: Catalog, actor: Actor, sent: Mapping[str, object]
) -> tuple[FieldOwner | None, list[UserError]]:
    """Let every system write a field again.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: What there is.
        actor: Whose tenant.
        sent: The names of the entity and the field.

    Returns:
        The owner that it had, if any, or what is wrong.
    """
    if errors := _refusals(catalog, sent):
        return None, errors
    parameters = {"tenant": actor.tenant_id, "entity": sent["entity"], "field": sent["field"]}
    cursor = await connection.execute(sql.REMOVE_OWNER, parameters)
    found = await cursor.fetchone()
    if found is None:
        return None, []
    entity, field, system, policy = found
    return FieldOwner(entity, field, system, OwnerPolicy(policy)), []


def _refusals(catalog: Catalog, sent: Mapping[str, object]) -> list[UserError]:
    entity = catalog.entities.get(str(sent.get("entity")))
    if entity is None:
        known = ", ".join(catalog.entities)
        return [UserError(ErrorCode.INVALID, ("entity",), f"there is no such entity; there are: {known}")]
    if sent.get("field") not in {one.name for one in writable_fields(entity)}:
        message = f"{entity.name} has no field of this name that clients write"
        return [UserError(ErrorCode.INVALID, ("field",), message)]
    return []
