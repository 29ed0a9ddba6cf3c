"""The paths by which lists can be sorted and grouped: to fields of the record and of related records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, singledispatch
from types import MappingProxyType

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.fields import CompositeField, Field, ScalarField, ToOne, ToOneRelation
from tenure_core.entities.naming import upper_case
from tenure_core.entities.scalar_types import ID
from tenure_core.errors import DeclarationError


@dataclass(frozen=True)
class FieldPath:
    """A path from a record to a value.

    Args:
        names: The names in the API on the path, such as ("account", "address", "country").
        field: The field at the end of the path.
        reference: The relation to the record that has the field; None if it is the record itself.
        target: The name of the related entity whose data the value is; "" if it is the record's own.
        is_record: Whether the path ends at the related record, and the value is its id.
    """

    names: tuple[str, ...]
    field: ScalarField
    reference: ToOneRelation | None = None
    target: str = ""
    is_record: bool = False

    @property
    def enum_name(self) -> str:
        """The name of the path as an enum value, such as ACCOUNT_ADDRESS_COUNTRY."""
        return "_".join(upper_case(name) for name in self.names)

    @property
    def name(self) -> str:
        """The name of the path as a field, such as accountAddressCountry."""
        head, *tail = self.names
        return head + "".join(name[0].upper() + name[1:] for name in tail)

    @property
    def nullable(self) -> bool:
        """Whether the value can be null; through a relation it always can."""
        return self.reference is not None or self.field.nullable


@lru_cache(maxsize=256)
def sort_paths(entity: EntityInfo, catalog: Catalog) -> Mapping[str, FieldPath]:
    """Return the paths by which an entity can be sorted, by enum name; those to its own fields come first.

    Raises:
        DeclarationError: Two paths have the same enum name.
    """
    fields = entity.fields.values()
    own = [path for field in fields for path in list_own_paths(field)]
    related = [path for field in fields for path in list_related_paths(field, catalog)]
    return _index_by_enum_name(entity, catalog, (*own, *related))


@lru_cache(maxsize=256)
def group_paths(entity: EntityInfo, catalog: Catalog) -> Mapping[str, FieldPath]:
    """Return the paths by which an entity can be grouped: those for sorting, and to related records.

    Raises:
        DeclarationError: Two paths have the same enum name.
    """
    records = [path for field in entity.fields.values() if (path := find_record_path(field))]
    return _index_by_enum_name(entity, catalog, (*sort_paths(entity, catalog).values(), *records))


@singledispatch
def list_own_paths(field: Field) -> Iterable[FieldPath]:
    """Return the paths from a record to the values of one of its fields."""
    return ()


@list_own_paths.register
def _(field: ScalarField) -> Iterable[FieldPath]:
    if field.scalar_type.sortable:
        yield FieldPath((field.name,), field)


@list_own_paths.register
def _(field: CompositeField) -> Iterable[FieldPath]:
    return (FieldPath((field.name, part.name), part) for part in field.parts.values())


@singledispatch
def list_related_paths(field: Field, catalog: Catalog) -> Iterable[FieldPath]:
    """Return the paths from a record, through one of its fields, to the values of a related record."""
    return ()


@list_related_paths.register
def _(field: ToOneRelation, catalog: Catalog) -> Iterator[FieldPath]:
    for target_field in catalog[field.target].fields.values():
        for path in list_own_paths(target_field):
            yield replace(path, names=(field.name, *path.names), reference=field, target=field.target)


@singledispatch
def find_record_path(field: Field) -> FieldPath | None:
    """Return the path to the id of the record to which a field refers; None if the field stores no id."""
    return None


@find_record_path.register
def _(field: ToOne) -> FieldPath:
    identity = ScalarField(
        name=field.name,
        description=field.description,
        nullable=field.nullable,
        column=field.column,
        scalar_type=ID,
    )
    return FieldPath((field.name,), identity, target=field.target, is_record=True)


def _index_by_enum_name(
    entity: EntityInfo, catalog: Catalog, paths: Iterable[FieldPath]
) -> Mapping[str, FieldPath]:
    by_name: dict[str, FieldPath] = {}
    for path in paths:
        other = by_name.setdefault(path.enum_name, path)
        if other is not path:
            raise DeclarationError(
                f"{path.enum_name} is ambiguous in the order and the groups of {entity.plural}: it is "
                f"{_describe_path(entity, other, catalog)} and {_describe_path(entity, path, catalog)}.",
                "Rename one of the two fields.",
            )
    return MappingProxyType(by_name)


def _describe_path(entity: EntityInfo, path: FieldPath, catalog: Catalog) -> str:
    """Return a path with the owner of the field at its end, for error messages."""
    holder = catalog[path.reference.target] if path.reference else entity
    owner = path.field.plugin or holder.plugin or "Tenure itself"
    return f"{'.'.join((entity.name, *path.names))} of {owner}"
