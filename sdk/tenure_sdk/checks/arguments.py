"""Arguments: values for what questions and mutations must be given, by type and by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    is_required_input_field,
)

from tenure_core.catalog import Catalog

PLAIN = {
    "String": "sample",
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "BigInt": 1,
    "Date": "2024-01-01",
    "DateTime": "2024-01-01T00:00:00Z",
    "JSON": {},
}
"""A value for each scalar of the platform."""


Records = Mapping[str, Sequence[UUID]]
"""The ids of records, by entity."""


class NoValueError(Exception):
    """An argument that no value can be made up for."""


@dataclass(frozen=True)
class Arguments:
    """Makes values up.

    Args:
        catalog: The entities.
        records: The records that there are to ask about.
        about: The entity that an argument named `id` is about; "" for none.
    """

    catalog: Catalog
    records: Records
    about: str = ""

    def value(self, name: str, type_: GraphQLInputType) -> object:
        """Return a value for an argument; an id is one of the entity that the argument's name names.

        Raises:
            NoValueError: There is none.
        """
        match type_:
            case GraphQLNonNull():
                return self.value(name, type_.of_type)
            case GraphQLList():
                return [self.value(name.removesuffix("s"), type_.of_type)]
            case GraphQLEnumType():
                return next(iter(type_.values))
            case GraphQLInputObjectType():
                return replace(self, about=self._entity(name))._fields(type_)
        if type_.name == "ID":
            return self._id(name)
        if type_.name not in PLAIN:
            raise NoValueError(f"no value of the type {type_.name} can be made up for {name}")
        return PLAIN[type_.name]

    def _fields(self, type_: GraphQLInputObjectType) -> dict[str, object]:
        fields = type_.fields
        needed = [name for name, field in fields.items() if is_required_input_field(field)]
        wanted = ["id"] if type_.is_one_of and "id" in fields else needed
        return {name: self.value(name, fields[name].type) for name in wanted}

    def _id(self, name: str) -> str:
        entity = self._entity(name)
        if not self.records.get(entity):
            raise NoValueError(f"{name} does not say what it is the id of")
        return str(self.records[entity][0])

    def _entity(self, name: str) -> str:
        """Return the entity that an argument names, as `car`, `carId`, `cars` do; else what all is about."""
        named = self.catalog.by_singular.get(name.removesuffix("Id")) or self.catalog.by_plural.get(name)
        return named.name if named else self.about
