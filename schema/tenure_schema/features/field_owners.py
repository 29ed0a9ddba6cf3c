"""Field ownership: restricts writes of a field to one system."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.request import TYPE_NAME, SelectedField
from tenure_core.write.context import WriteContext
from tenure_core.write.field_ownership import FieldOwner, OwnerPolicy, list_owners, remove_owner, set_owner
from tenure_core.write.results import UserError
from tenure_core.write.rows.pending_row import Row
from tenure_schema.features.feature import Feature, FeatureMutation, Outcome, require_admin
from tenure_schema.mutations.mutation import FieldValues, MutationContext
from tenure_schema.types.builder import PlannedField, TypeRegistry, input_field, list_of, output_field

FIELD_OWNERS_FIELD = "fieldOwners"

Write = Callable[[WriteContext, Row], Awaitable[tuple[FieldOwner | None, list[UserError]]]]
"""Sets or removes an owner."""


def _authorize(context: MutationContext, arguments: Row) -> None:
    require_admin(context.actor, "change field owners")
    if entity := context.catalog.entities.get(str(arguments["entity"])):
        context.grants.require_write(entity)


def _mutation(name: str, description: str, write: Write) -> FeatureMutation:
    async def run(connection: TenantConnection, context: MutationContext, arguments: Row) -> Outcome:
        owner, errors = await write(context.write_context(connection), arguments)
        return _render(owner), errors

    return FeatureMutation(name, f"{description} Requires the role admin.", "fieldOwner", _authorize, run)


SET = _mutation(
    "fieldOwnerSet",
    "Sets the owner of a field: only API keys whose origin is this system can write the field.",
    set_owner,
)
REMOVE = _mutation(
    "fieldOwnerRemove", "Removes the owner of a field, so that every system can write it.", remove_owner
)


async def _resolve_owners(field: SelectedField, host: Host, database: Database, actor: Actor) -> object:
    grants = authorize(actor, host.catalog)
    readable = [entity.name for entity in host.catalog.entities.values() if grants.may_read(entity)]
    async with database.tenant_connection(actor.tenant_id) as connection:
        owners = await list_owners(connection, actor, readable)
    return [_render(owner) for owner in owners]


def _render(owner: FieldOwner | None) -> FieldValues | None:
    if owner is None:
        return None
    return {
        TYPE_NAME: "FieldOwner",
        "entity": owner.entity,
        "field": owner.field,
        "system": owner.system,
        "policy": owner.policy.value,
    }


def _define_types(types: TypeRegistry) -> None:
    policies = {
        OwnerPolicy.REJECT: "The row is rejected with FIELD_OWNED.",
        OwnerPolicy.IGNORE: "The row is written without the field, and reported with FIELD_IGNORED.",
    }
    policy = types.enum(
        "FieldOwnerPolicy", "The effect on a write of another system to an owned field.", policies
    )
    owner = types.object(
        "FieldOwner",
        "A field that only one system can write.",
        [
            output_field("entity", str, "Name of the entity, such as Account."),
            output_field("field", str, "Name of the field, such as annualRevenue."),
            output_field("system", str, "Origin of the API keys that can write the field."),
            output_field("policy", policy, "Effect on a write of another system."),
        ],
    )
    key = [
        input_field("entity", str, "Name of the entity, such as Account.", required=True),
        input_field("field", str, "Name of the field, such as annualRevenue.", required=True),
    ]
    ownership = [
        input_field("system", str, "Origin of the API keys that can write the field.", required=True),
        input_field("policy", policy, "Effect on a write of another system; REJECT by default."),
    ]
    new_owner = "The new owner; null if the call was rejected."
    SET.define_types(types, [*key, *ownership], owner, new_owner)
    former_owner = "The former owner; null if the field had none or the call was rejected."
    REMOVE.define_types(types, key, owner, former_owner)


def _query_fields(types: TypeRegistry) -> list[PlannedField]:
    description = "The fields that only one system can write, of all entities that the API key can read."
    return [output_field(FIELD_OWNERS_FIELD, list_of(types["FieldOwner"]), description)]


FIELD_OWNERS = Feature(
    define_types=_define_types,
    query_fields=_query_fields,
    resolvers={FIELD_OWNERS_FIELD: _resolve_owners},
    mutations=(SET, REMOVE),
)
