"""Field ownership: fields that only one external system may write, and their administration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.postgres.database import TenantConnection
from tenure_core.write.context import WriteContext
from tenure_core.write.results import ErrorCode, UserError
from tenure_core.write.rows.validate import (
    ParsedFields,
    external_text,
    to_user_error,
    validate,
    writable_fields,
)

LIST_OWNERS = """
SELECT entity, field, system, policy FROM field_owner
WHERE tenant_id = %(tenant)s AND entity = ANY(%(entities)s::text[]) ORDER BY entity, field
"""

SET_OWNER = """
INSERT INTO field_owner (tenant_id, entity, field, system, policy)
VALUES (%(tenant)s, %(entity)s, %(field)s, %(system)s, %(policy)s)
ON CONFLICT (tenant_id, entity, field) DO UPDATE SET system = excluded.system, policy = excluded.policy
"""

REMOVE_OWNER = """
DELETE FROM field_owner WHERE tenant_id = %(tenant)s AND entity = %(entity)s AND field = %(field)s
RETURNING entity, field, system, policy
"""


class OwnerPolicy(StrEnum):
    """What happens when another system sends a value.

    REJECT rejects the row. IGNORE writes the row without the value.
    """

    REJECT = "REJECT"
    IGNORE = "IGNORE"


@dataclass(frozen=True, slots=True)
class FieldOwner:
    """The owner of a field.

    Args:
        entity: The entity's name.
        field: The field's name in the API.
        system: The only system whose API keys may write the field.
        policy: What happens when another system sends a value.
    """

    entity: str
    field: str
    system: str
    policy: OwnerPolicy


ForeignFields = Mapping[str, FieldOwner]
"""The fields of an entity that a system other than the actor's owns, by field name."""


async def find_foreign_fields(context: WriteContext, entity: EntityInfo) -> ForeignFields:
    """Return the fields of an entity that a system other than the actor's owns."""
    owners = await list_owners(context.connection, context.actor, [entity.name])
    return {owner.field: owner for owner in owners if owner.system != context.actor.origin}


def validate_own_fields(
    entity: EntityInfo, row: Mapping[str, object], foreign: ForeignFields, *, creating: bool = False
) -> tuple[Mapping[str, object], ParsedFields, list[UserError]]:
    """Validate the fields of a row that the actor may write.

    Args:
        entity: The row's entity.
        row: JSON values by field name.
        foreign: The fields that another system owns.
        creating: Whether the row creates a record.

    Returns:
        The row without ignored fields, its parsed values and errors, and a note for each ignored field.
    """
    owners = [foreign[name] for name in row if name in foreign]
    if not owners:
        return row, validate(entity, row, creating), []
    rejected = [owner for owner in owners if owner.policy is OwnerPolicy.REJECT]
    ignored = {owner.field: owner for owner in owners if owner.policy is OwnerPolicy.IGNORE}
    own = {name: value for name, value in row.items() if name not in ignored}
    parsed = validate(entity, own, creating)
    parsed.errors += [_to_error(ErrorCode.FIELD_OWNED, o, "remove it from the row") for o in rejected]
    notes = [_to_error(ErrorCode.FIELD_IGNORED, o, "it was not written") for o in ignored.values()]
    return own, parsed, notes


def _to_error(code: ErrorCode, owner: FieldOwner, consequence: str) -> UserError:
    return UserError(code, (owner.field,), f"is owned by {owner.system}; {consequence}")


async def list_owners(
    connection: TenantConnection, actor: Actor, entities: Iterable[str]
) -> list[FieldOwner]:
    """Return the owned fields of some entities, ordered by entity and field name."""
    parameters = {"tenant": actor.tenant_id, "entities": list(entities)}
    cursor = await connection.execute(LIST_OWNERS, parameters)
    return [_to_owner(*row) for row in await cursor.fetchall()]


async def set_owner(
    context: WriteContext, sent: Mapping[str, object]
) -> tuple[FieldOwner | None, list[UserError]]:
    """Set the owner of a field; a previous owner is replaced.

    Args:
        context: The context of the write.
        sent: `entity`, `field`, `system`, and optionally `policy`, which is REJECT by default.

    Returns:
        The new owner, or the errors of the input.
    """
    errors = _check_field(context.catalog, sent)
    try:
        system = external_text(sent.get("system"))
    except ValueError as error:
        errors.append(to_user_error(error, ("system",)))
    if errors:
        return None, errors
    policy = OwnerPolicy(str(sent.get("policy") or OwnerPolicy.REJECT))
    owner = FieldOwner(str(sent["entity"]), str(sent["field"]), system, policy)
    await context.execute(SET_OWNER, asdict(owner))
    return owner, []


async def remove_owner(
    context: WriteContext, sent: Mapping[str, object]
) -> tuple[FieldOwner | None, list[UserError]]:
    """Remove the owner of a field, so that every system may write it.

    Args:
        context: The context of the write.
        sent: `entity` and `field`.

    Returns:
        The removed owner, or None if the field had none; and the errors of the input.
    """
    if errors := _check_field(context.catalog, sent):
        return None, errors
    cursor = await context.execute(REMOVE_OWNER, {"entity": sent["entity"], "field": sent["field"]})
    row = await cursor.fetchone()
    return (_to_owner(*row) if row else None), []


def _to_owner(entity: str, field: str, system: str, policy: str) -> FieldOwner:
    return FieldOwner(entity, field, system, OwnerPolicy(policy))


def _check_field(catalog: Catalog, sent: Mapping[str, object]) -> list[UserError]:
    entity = catalog.entities.get(str(sent.get("entity")))
    if entity is None:
        message = f"unknown entity; expected one of: {', '.join(catalog.entities)}"
        return [UserError(ErrorCode.INVALID, ("entity",), message)]
    if sent.get("field") not in {field.name for field in writable_fields(entity)}:
        message = f"{entity.name} has no writable field of this name"
        return [UserError(ErrorCode.INVALID, ("field",), message)]
    return []
