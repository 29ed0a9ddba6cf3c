"""Paths: what lists can be ordered and grouped by: an entity's own fields, and those one reference away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from tenure_core.catalog.catalog import Catalog, EntityInfo, ScalarField, ToOne
from tenure_core.entities.fields import Rules
from tenure_core.entities.naming import upper_case
from tenure_core.entities.scalar_types import BOOLEAN, ID
from tenure_core.errors import DeclarationError


@dataclass(frozen=True)
class Path:
    """One value that is reached from a record.

    Args:
        names: The names in the API that lead there, such as ("account", "address", "country").
        via: The reference that leads to the record that holds it; None for the record itself.
        field: The field that holds it; for a reference itself, the other record's id.
        target: The name of the other entity that it tells of; "" where it tells of the record alone.
    """

    names: tuple[str, ...]
    via: ToOne | None
    field: ScalarField
    target: str = ""

    @property
    def constant(self) -> str:
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
        return self.via is not None or self.field.nullable


@lru_cache(maxsize=256)
def paths(entity: EntityInfo, catalog: Catalog) -> Mapping[str, Path]:
    """Return the paths of an entity by their constants, own fields first.

    Raises:
        DeclarationError: Two paths have one constant.
    """
    return _by_constant(entity, catalog, (*_own(entity, (), None), *_referred(entity, catalog)))


@lru_cache(maxsize=256)
def group_paths(entity: EntityInfo, catalog: Catalog) -> Mapping[str, Path]:
    """Return what records can be grouped by: their paths, and the records that they refer to.

    Raises:
        DeclarationError: Two of them have one constant.
    """
    references = (Path((r.name,), None, _identity_of(r), r.target) for r in entity.references)
    return _by_constant(entity, catalog, (*paths(entity, catalog).values(), *references))


def _by_constant(entity: EntityInfo, catalog: Catalog, found: Iterable[Path]) -> Mapping[str, Path]:
    named: dict[str, Path] = {}
    for path in found:
        other = named.setdefault(path.constant, path)
        if other is not path:
            raise DeclarationError(
                f"{path.constant} would order and group {entity.plural} in two ways: "
                f"by {_told(entity, other, catalog)} and by {_told(entity, path, catalog)}.",
                "Rename one of the two.",
            )
    return MappingProxyType(named)


def _told(entity: EntityInfo, path: Path, catalog: Catalog) -> str:
    """Return where a path leads, and who brings what is there, for people."""
    holder = catalog[path.via.target] if path.via else entity
    owner = path.field.plugin or holder.plugin or "Tenure itself"
    return f"{'.'.join((entity.name, *path.names))} of {owner}"


def _identity_of(reference: ToOne) -> ScalarField:
    description = reference.description
    return ScalarField(
        reference.name, reference.column, ID, reference.nullable, False, None, Rules(), description
    )


def _own(entity: EntityInfo, before: tuple[str, ...], via: ToOne | None) -> Iterator[Path]:
    target = via.target if via else ""
    for field in entity.scalars:
        if _sortable(field):
            yield Path((*before, field.name), via, field, target)
    for composite in entity.composites:
        for part in composite.parts.values():
            yield Path((*before, composite.name, part.name), via, part, target)


def _referred(entity: EntityInfo, catalog: Catalog) -> Iterator[Path]:
    for reference in entity.references:
        yield from _own(catalog[reference.target], (reference.name,), reference)


def _sortable(field: ScalarField) -> bool:
    return field.kind.comparable or bool(field.kind.values) or field.kind in (ID, BOOLEAN)
