"""The names that an entity reserves."""

from __future__ import annotations

from collections.abc import Iterator

from tenure_core.catalog.root_fields import aggregate_name, entity_root_fields
from tenure_core.entities.declaration import Entity
from tenure_core.entities.fields import CompositeDeclaration, FieldDeclaration, ReferenceDeclaration
from tenure_core.entities.naming import camel_case
from tenure_core.plugins.registration import ReservedName


def list_entity_names(entity: type[Entity]) -> Iterator[ReservedName]:
    """Yield the names of an entity: its type, table, root fields, mutations, fields and field types."""
    name = entity.__name__
    yield ReservedName("entity", name)
    yield ReservedName("type", name, entity)
    yield ReservedName("table", entity.__tablename__)
    for root_field in entity_root_fields(name, entity.__plural__):
        yield ReservedName("mutation" if root_field.is_mutation else "root field", root_field.name)
    for declaration in entity.__fields__:
        yield ReservedName("field", f"{name}.{camel_case(declaration.name)}")
        yield from _list_field_names(declaration)


def _list_field_names(declaration: FieldDeclaration) -> Iterator[ReservedName]:
    if isinstance(declaration, ReferenceDeclaration):
        back = f"{declaration.target.__name__}.{camel_case(declaration.back)}"
        yield from (ReservedName("field", name) for name in (back, aggregate_name(back)))
    elif isinstance(declaration, CompositeDeclaration):
        yield ReservedName("type", declaration.type.__name__, declaration.type)
        for part in declaration.parts:
            yield from _list_field_names(part)
    elif declaration.scalar_type is not None:
        yield ReservedName("type", declaration.scalar_type.name, declaration.scalar_type)
