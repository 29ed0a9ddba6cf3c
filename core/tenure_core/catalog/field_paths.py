"""Paths: what lists can be ordered and grouped by: an entity's own fields, and those one reference away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from tenure_core.catalog.catalog import Catalog, EntityInfo, ScalarField, ToOne
from tenure_core.entities.fields import Constraints
from tenure_core.entities.naming import upper_case
from tenure_core.entities.scalar_types import BOOLEAN, ID
from tenure_core.errors import DeclarationError


@dataclass(frozen=True)
class FieldPath:
    """One value that is reached from a record.

    Args:
        names: The names in the API that lead there, such as ("account", "address", "country").
        via: The reference that leads to the record that holds it; None for the record itself.
        field: The field that holds it; for a reference itself, the other record's id.
        target: The name of the other entity that it tells of; "" where it tells of the record alone.
    """

    names: tuple[str, ...]
    reference: ToOne | None
    field: ScalarField
    target: str = ""

    @property
    def enum_name(self) -> str:
        """Its name as an enum value, such as ACCOUNT_ADDRESS_COUNTRY."""
        return "_".join(upper_case(name) for name in self.names)

    @property
    def name(self) -> str:
        """Its name as a field, such as accountAddressCountry."""
        head, *tail = self.names
        return head + "".join(name[0].upper() + name[1:] for name in tail)

    @property
    def nullable(self) -> bool:
        """Whether it may be empty: always, where a reference leads there."""
        return self.reference is not None or self.field.nullable


@lru_cache(maxsize=256)
def sort_paths(entity: EntityInfo, catalog: Catalog) -> Mapping[str, FieldPath]:
    """Return the paths of an entity by their constants, own fields first.

    Raises:
        DeclarationError: Two paths have one constant.
    """
    return _index_by_enum_name(
        entity, catalog, (*_own_paths(entity, (), None), *_referenced_paths(entity, catalog))
    )


@lru_cache(maxsize=256)
def group_paths(entity: EntityInfo, catalog: Catalog) -> Mapping[str, FieldPath]:
    """Return what records can be grouped by: their paths, and the records that they refer to.

    Raises:
        DeclarationError: Two of them have one constant.
    """
    references = (FieldPath((r.name,), None, _reference_id_field(r), r.target) for r in entity.references)
    return _index_by_enum_name(entity, catalog, (*sort_paths(entity, catalog).values(), *references))


def _index_by_enum_name(
    entity: EntityInfo, catalog: Catalog, found: Iterable[FieldPath]
) -> Mapping[str, FieldPath]:
    named: dict[str, FieldPath] = {}
    for path in found:
        other = named.setdefault(path.enum_name, path)
        if other is not path:
            raise DeclarationError(
                f"{path.enum_name} would order and group {entity.plural} in two ways: "
                f"by {_describe_path(entity, other, catalog)} and by {_describe_path(entity, path, catalog)}.",
                "Rename one of the two.",
            )
    return MappingProxyType(named)


def _describe_path(entity: EntityInfo, path: FieldPath, catalog: Catalog) -> str:
    """Return where a path leads, and who brings what is there, for people."""
    holder = catalog[path.reference.target] if path.reference else entity
    owner = path.field.plugin or holder.plugin or "Tenure itself"
    return f"{'.'.join((entity.name, *path.names))} of {owner}"


def _reference_id_field(reference: ToOne) -> ScalarField:
    description = reference.description
    return ScalarField(
        reference.name, reference.column, ID, reference.nullable, False, None, Constraints(), description
    )


def _own_paths(entity: EntityInfo, before: tuple[str, ...], via: ToOne | None) -> Iterator[FieldPath]:
    target = via.target if via else ""
    for field in entity.scalars:
        if _is_sortable(field):
            yield FieldPath((*before, field.name), via, field, target)
    for composite in entity.composites:
        for part in composite.parts.values():
            yield FieldPath((*before, composite.name, part.name), via, part, target)


def _referenced_paths(entity: EntityInfo, catalog: Catalog) -> Iterator[FieldPath]:
    for reference in entity.references:
        yield from _own_paths(catalog[reference.target], (reference.name,), reference)


def _is_sortable(field: ScalarField) -> bool:
    return (
        field.scalar_type.comparable or bool(field.scalar_type.values) or field.scalar_type in (ID, BOOLEAN)
    )
