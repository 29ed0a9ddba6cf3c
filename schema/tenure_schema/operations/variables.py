"""Reads the variables of a request: coerces their values and wraps scalars for the planner."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    GraphQLType,
    ListTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    TypeNode,
    VariableDefinitionNode,
    coerce_input_value,
    is_leaf_type,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.pyutils import Undefined

from tenure_core.errors import BadUserInputError
from tenure_core.query.request import Variable
from tenure_schema.types.mutation_inputs import BULK_INPUT, UPSERT_ROW

MAX_ERRORS = 5
"""The maximum number of reported errors."""


class InvalidVariablesError(BadUserInputError):
    """The variables of a request do not match the definitions of its operation."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))


@dataclass(frozen=True)
class Variables:
    """The variables of one request.

    Args:
        coerced: The coerced values by name, with defaults; without the variables that were not provided.
        sources: The values as received and their definitions, for graphql-core.
        scalars: The names of the scalar variables.
    """

    coerced: dict[str, Any]
    sources: dict[str, VariableValueSource]
    scalars: Collection[str] = ()

    @cached_property
    def tracked_values(self) -> VariableValues:
        """The values for graphql-core; scalars are wrapped as `Variable`, so that the planner binds them."""
        values = {
            name: Variable(name, value) if name in self.scalars and value is not None else value
            for name, value in self.coerced.items()
        }
        return VariableValues(self.sources, values)

    @property
    def constants(self) -> VariableValues:
        """The values without wrappers, for graphql-core, where a value changes the plan."""
        return VariableValues(self.sources, self.coerced)

    def without_tracking(self) -> Variables:
        """Return the variables without wrappers, for an execution whose plan is not cached."""
        return Variables(self.coerced, self.sources)


class VariableReader:
    """Reads the variables of one operation; what follows from the operation alone is computed once.

    Args:
        schema: The schema.
        operation: The operation.
    """

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        signatures = (get_variable_signature(schema, definition) for definition in self._definitions)
        self._signatures = {s.name: s for s in signatures if isinstance(s, GraphQLVariableSignature)}
        self._scalars = {name for name, s in self._signatures.items() if is_scalar(s.type)}
        self._row_lists = {d.variable.name.value for d in self._definitions if _is_row_list(d.type)}
        self._bulk_inputs = {d.variable.name.value for d in self._definitions if _is_bulk_input(d)}

    def read(self, values: Mapping[str, Any]) -> Variables:
        """Return the variables of a request.

        Args:
            values: The values by name, as received.

        Raises:
            InvalidVariablesError: A value is missing or has the wrong type.
        """
        if scalars := self._coerce_scalars(values):
            return scalars
        others, rows = self._split_rows(values)
        variables = get_variable_values(
            self._schema, self._definitions, others, max_errors=MAX_ERRORS, hide_suggestions=True
        )
        if isinstance(variables, list):
            raise InvalidVariablesError(variables)
        _restore_rows(variables.coerced, rows)
        return Variables(variables.coerced, variables.sources, self._scalars)

    def _coerce_scalars(self, values: Mapping[str, Any]) -> Variables | None:
        """Coerce provided scalars, the usual case, with the types that are already resolved.

        Returns:
            The variables; None if one of them is not a valid scalar.
        """
        sources, coerced = {}, {}
        for name, signature in self._signatures.items():
            value = values.get(name, Undefined)
            if value is Undefined or name not in self._scalars:
                return None
            result = coerce_input_value(value, signature.type)
            if result is Undefined:
                return None
            sources[name], coerced[name] = VariableValueSource(signature, value), result
        return Variables(coerced, sources, self._scalars)

    def _split_rows(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, list[Any]]]:
        """Return the variables without the rows of bulk upserts, and the rows by variable.

        Rows are not coerced: an invalid row must be an error of that row, not of the request.
        """
        others, rows = dict(values), {}
        for name in self._row_lists & values.keys():
            if (items := _to_list(values[name])) is not None:
                others[name], rows[name] = [], items
        for name in self._bulk_inputs & values.keys():
            if isinstance(values[name], dict) and (items := _to_list(values[name].get("rows"))) is not None:
                others[name], rows[name] = {**values[name], "rows": []}, items
        return others, rows


def _to_list(value: object) -> list[Any] | None:
    """Return the items of a list value; GraphQL coerces a single object to a list (section 3.11)."""
    if isinstance(value, dict):
        return [value]
    return value if isinstance(value, list) else None


def _restore_rows(coerced: dict[str, Any], rows: Mapping[str, list[Any]]) -> None:
    for name, value in rows.items():
        coerced[name] = {**coerced[name], "rows": value} if isinstance(coerced[name], dict) else value


def is_scalar(type_: GraphQLType | None) -> bool:
    """Return whether a type is a scalar or an enum, but not a list of them."""
    return is_leaf_type(type_.of_type if is_non_null_type(type_) else type_)


def _is_row_list(node: TypeNode) -> bool:
    nullable = node.type if isinstance(node, NonNullTypeNode) else node
    return isinstance(nullable, ListTypeNode) and _find_name(node).endswith(UPSERT_ROW)


def _is_bulk_input(definition: VariableDefinitionNode) -> bool:
    return _find_name(definition.type).endswith(BULK_INPUT)


def _find_name(node: Any) -> str:  # noqa: ANN401  # graphql-core does not type the nested nodes
    while isinstance(node, ListTypeNode | NonNullTypeNode):
        node = node.type
    name: str = node.name.value
    return name
