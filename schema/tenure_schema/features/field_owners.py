"""Field owners: the mutations that give fields to systems, and the question which belong to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor, Role
from tenure_core.errors import ForbiddenError
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.request import SelectedField
from tenure_core.write.field_ownership import FieldOwner, list_owners, remove_owner, set_owner
from tenure_core.write.results import UserError
from tenure_schema.mutations.rendering import select_fields, user_errors
from tenure_schema.mutations.runner import MutationContext, MutationResult, input_of, refusal
from tenure_schema.operations.lowering import TYPE_NAME

WRITES = {"Set": set_owner, "Remove": remove_owner}
"""What each verb of a mutation's name does."""

DESCRIPTIONS = {"Set": "Gives a field to a system.", "Remove": "Lets every system write a field again."}
"""What each of them does, for people."""

LIST = "fieldOwners"
"""The root field that lists the owners."""


@dataclass(frozen=True, slots=True)
class OwnerMutation:
    """A change of the system that a field belongs to.

    Args:
        verb: "Set" or "Remove".
    """

    verb: str

    @property
    def name(self) -> str:
        """Its name in the API, such as fieldOwnerSet."""
        return f"fieldOwner{self.verb}"

    @property
    def payload(self) -> str:
        """The name of its payload's type."""
        return f"FieldOwner{self.verb}Payload"

    @property
    def description(self) -> str:
        """What it does, for people."""
        return DESCRIPTIONS[self.verb]

    def check(self, field: SelectedField, call: MutationContext) -> None:
        """Refuse everybody but administrators, and fields of a plugin that the tenant has not enabled."""
        if call.actor.role != Role.ADMIN:
            raise ForbiddenError(
                f"The role {call.actor.role} may not say whom fields belong to.",
                "Use a key with the role admin.",
            )
        if entity := call.catalog.entities.get(str(input_of(field)["entity"])):
            authorize(call.actor, call.catalog).grants.require_write(entity)

    async def write(
        self, connection: TenantConnection, field: SelectedField, call: MutationContext
    ) -> MutationResult:
        """Change the owner."""
        owner, errors = await WRITES[self.verb](connection, call.catalog, call.actor, input_of(field))
        values = {"fieldOwner": _shown(owner) if owner else None, "userErrors": user_errors(errors)}
        return MutationResult(values, not errors)

    def refused(self, errors: list[UserError]) -> dict[str, object]:
        """Return the payload's fields for a call that was refused as a whole."""
        return refusal(errors, fieldOwner=None)


async def resolve_field_owners(field: SelectedField, host: Host, database: Database, actor: Actor) -> object:
    """Return the owners of all fields that have one, of the entities that the actor may read."""
    grants = authorize(actor, host.catalog).grants
    readable = [entity.name for entity in host.catalog.entities.values() if grants.may_read(entity)]
    async with database.tenant_connection(actor.tenant_id) as connection:
        owners = await list_owners(connection, actor, readable)
    return select_fields([_shown(owner) for owner in owners], field.fields)


def _shown(owner: FieldOwner) -> Mapping[str, object]:
    return {
        TYPE_NAME: "FieldOwner",
        "entity": owner.entity,
        "field": owner.field,
        "system": owner.system,
        "policy": owner.policy.value,
    }
