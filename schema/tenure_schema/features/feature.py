"""The Feature value, and the base of mutations that features add."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tenure_core.access.identity import Actor, Role
from tenure_core.errors import ForbiddenError
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.request import SelectedField
from tenure_core.write.results import UserError
from tenure_core.write.rows.pending_row import Row
from tenure_schema.mutations.mutation import FieldValues, Mutation, MutationContext, MutationResult, input_of
from tenure_schema.mutations.rendering import render_errors
from tenure_schema.types.builder import GraphQLType, PlannedField, TypedField, TypeRegistry, output_field
from tenure_schema.types.mutation_inputs import define_input
from tenure_schema.types.payloads import define_payload

Resolver = Callable[[SelectedField, Host, Database, Actor], Awaitable[object]]
"""Resolves a root query field to values of its type, by field name and with `__typename`."""

Outcome = tuple[object, list[UserError]]
"""The value of a mutation's payload field, and the user errors."""

Run = Callable[[TenantConnection, MutationContext, Row], Awaitable[Outcome]]
"""Executes a mutation with the arguments of its input."""


def _no_fields(types: TypeRegistry) -> Sequence[PlannedField]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A part of the API that is not an entity. `FEATURES` lists all features.

    Args:
        define_types: Defines the feature's types; see also `FeatureMutation.define_types`.
        query_fields: Returns the root query fields.
        record_fields: Returns the fields that the feature adds to the type of every entity.
        resolvers: The resolvers of the root query fields that the query planner does not plan, by name.
        mutations: The mutations.
    """

    define_types: Callable[[TypeRegistry], None]
    query_fields: Callable[[TypeRegistry], Sequence[PlannedField]] = _no_fields
    record_fields: Callable[[TypeRegistry], Sequence[PlannedField]] = _no_fields
    resolvers: Mapping[str, Resolver] = field(default_factory=dict)
    mutations: Sequence[Mutation] = ()


@dataclass(frozen=True)
class FeatureMutation(Mutation):
    """A mutation whose payload has one field besides `userErrors` and `replayed`.

    Args:
        payload_field: Name of the payload field, such as fieldOwner; null if the call is rejected.
        authorize: Raises ForbiddenError if the actor must not execute the mutation.
        run: Executes the mutation.
    """

    payload_field: str
    authorize: Callable[[MutationContext, Row], None]
    run: Run

    @property
    def rejected_values(self) -> FieldValues:
        """Null."""
        return {self.payload_field: None}

    def check(self, field: SelectedField, context: MutationContext) -> None:
        """Check the permission."""
        self.authorize(context, input_of(field))

    def define_types(
        self, types: TypeRegistry, inputs: Sequence[TypedField], value: GraphQLType, description: str
    ) -> None:
        """Define the types of the input and of the payload.

        Args:
            types: The registry for the types.
            inputs: The fields of the input.
            value: Type of the payload field.
            description: Description of the payload field.
        """
        define_input(types, self.input_type, f"Input of {self.name}.", inputs)
        payload = [output_field(self.payload_field, value | None, description)]
        define_payload(types, self.payload_type, self.name, payload)

    async def write(
        self, connection: TenantConnection, field: SelectedField, context: MutationContext
    ) -> MutationResult:
        """Execute the mutation."""
        value, errors = await self.run(connection, context, input_of(field))
        return MutationResult({self.payload_field: value, "userErrors": render_errors(errors)}, not errors)


def require_admin(actor: Actor, action: str) -> None:
    """Check that the actor is an administrator.

    Args:
        actor: The caller.
        action: What only administrators can do, such as "manage plugins".

    Raises:
        ForbiddenError: The actor has another role.
    """
    if actor.role != Role.ADMIN:
        raise ForbiddenError(f"The role {actor.role} cannot {action}.", "Use a key with the role admin.")
